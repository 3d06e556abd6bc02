"""What in a text looks like a secret: keys and tokens by how their makers begin them, and private keys.

The beginnings are those that the makers publish so that leaked keys are found. What an example stands for,
all of one character or called one, is none.
"""

import re

_KINDS: tuple[tuple[str, str], ...] = (
    ("an OpenAI key", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{32,}"),
    ("an Anthropic key", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    ("an OpenRouter key", r"sk-or-[A-Za-z0-9_-]{20,}"),
    ("a Groq key", r"gsk_[A-Za-z0-9]{30,}"),
    ("an xAI key", r"xai-[A-Za-z0-9]{30,}"),
    ("a Hugging Face token", r"hf_[A-Za-z0-9]{30,}"),
    ("a Google key", r"AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,}"),
    ("an AWS access key", r"(?:AKIA|ASIA)[A-Z0-9]{16}"),
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}"),
    ("a GitLab token", r"glpat-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", r"xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{20,}"),
    ("a Stripe key", r"[rs]k_live_[A-Za-z0-9]{16,}"),
    ("a SendGrid key", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("an npm token", r"npm_[A-Za-z0-9]{36}"),
    ("a PyPI token", r"pypi-[A-Za-z0-9_-]{50,}"),
    (
        "a private key",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:\s|\\[rn])*(?:[A-Za-z0-9+/=]{32}|Proc-Type:|Version:|Comment:)",
    ),
    ("a private key", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
)
_PATTERN = re.compile(
    r"(?=[-AGSghnprsx])(?<![A-Za-z0-9_-])(?:" + "|".join(f"({pattern})" for _, pattern in _KINDS) + ")",
    re.ASCII,
)
"""That the first character is looked at before all else makes it twice as fast."""
_EXAMPLE = re.compile(r"example|your[-_]|placeholder|x{4}|\*{3}|\.\.\.|1234567", re.IGNORECASE)
_DISTINCT = 10
"""How many different characters a real key has at least."""
_SHOWN = 12
"""Characters of a secret that are shown, at most: how it begins."""
_SLICE = 1 << 15
"""Characters that are searched at once, so that the window is not held up meanwhile."""
_OVERLAP = 256
MOST = 5
"""Secrets of one text that are told."""


def find(text: str) -> list[tuple[str, str]]:
    """What each secret in ``text`` seems to be, and how it begins: the first :data:`MOST`.

    Takes some 50 ms a million characters, and lets other threads run in between.
    """
    found: dict[str, str] = {}
    for start in range(0, len(text), _SLICE):
        begin = max(start - 1, 0)
        for match in _PATTERN.finditer(text[begin : start + _SLICE + _OVERLAP], start - begin):
            words, _ = _KINDS[(match.lastindex or 1) - 1]
            if words == "a private key" or _is_real(match[0]):
                found.setdefault(f"{match[0][:_SHOWN]}…", words)
            if len(found) == MOST:
                return [(words, shown) for shown, words in found.items()]
    return [(words, shown) for shown, words in found.items()]


def _is_real(key: str) -> bool:
    return len(set(key)) >= _DISTINCT and not _EXAMPLE.search(key)
