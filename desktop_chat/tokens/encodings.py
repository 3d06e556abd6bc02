"""Counting tokens, in the helper: tiktoken with the tables that the program brings; none is fetched."""

import binascii
import functools
import gzip
from collections.abc import Sequence

from tiktoken import Encoding

from desktop_chat.domain.counting import approximate
from desktop_chat.paths import resources

_PATTERNS = {
    "cl100k_base": (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"
        r"|\s*[\r\n]|\s+(?!\S)|\s"
    ),
    "o200k_base": (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}
"""How texts are split before they are encoded: ``pat_str`` of ``tiktoken_ext.openai_public``."""


def count(encoding: str, texts: Sequence[str]) -> list[int]:
    """The tokens of each text. Names of special tokens are text like any other.

    A text that tiktoken cannot take is counted approximately. Raises ``KeyError`` for an unknown encoding.
    """
    encode = _encoding(encoding).encode_ordinary
    counts = []
    for text in texts:
        try:
            counts.append(len(encode(text)))
        # It panics where its splitting runs out of stack, such as on a million spaces before a word, and
        # pyo3 derives that from BaseException.
        except BaseException:  # noqa: BLE001
            counts.append(approximate(text))
    return counts


@functools.cache
def _encoding(name: str) -> Encoding:
    """The encoding from its table: 0.3 to 0.5 s of processor time, and 35 to 80 MB."""
    pattern = _PATTERNS[name]
    table = gzip.decompress((resources() / "tokens" / f"{name}.tiktoken.gz").read_bytes())
    # Tokens in base64 and their ranks, in turn.
    words = table.split()
    ranks = dict(zip(map(binascii.a2b_base64, words[::2]), map(int, words[1::2]), strict=True))
    return Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
