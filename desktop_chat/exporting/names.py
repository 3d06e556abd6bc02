"""Names of files that every system takes, none twice."""

import re
import unicodedata

LONGEST = 80
"""Characters of a name without its ending: with folders above it stays below the 260 of Windows."""
LONGEST_BYTES = 200
"""The same in UTF-8: file systems of Linux take 255."""

_REFUSED = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:[. ].*)?", re.IGNORECASE
)
"""Names of devices on Windows, with any ending
(https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions)."""


def safe(text: str, otherwise: str = "Chat", longest: int = LONGEST) -> str:
    """A name that Windows, macOS and Linux take, as near to ``text`` as can be; without an ending."""
    normal = unicodedata.normalize("NFC", text)
    # Cc control characters, Cf those that turn text around, Cs lone surrogates, Co and Cn nobody's.
    shown = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in _REFUSED.sub(" ", normal)
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
    name = " ".join(shown.split())[:longest].encode()[:LONGEST_BYTES].decode(errors="ignore")
    # A dot at the begin hides the file, and at the end Windows drops it.
    name = name.strip(" .") or otherwise
    # Before it: what counts is what stands before the first dot.
    return f"_{name}" if _RESERVED.fullmatch(name) else name


class Names:
    """Hands out names, each once within its folder, in any case."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def of(self, stem: str, ending: str, folder: str = "") -> str:
        """``folder/stem.ending``, or with a number behind the stem; ``stem`` and ``folder`` are safe."""
        end = f".{ending}" if ending else ""
        within = f"{folder}/" if folder else ""
        name = f"{within}{stem}{end}"
        while (key := unicodedata.normalize("NFC", name).casefold()) in self._taken:
            # Counted, not tried: ten thousand chats may have the same title.
            self._taken[key] += 1
            name = f"{within}{stem} ({self._taken[key]}){end}"
        self._taken[key] = 1
        return name
