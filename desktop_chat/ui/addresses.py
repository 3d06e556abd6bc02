"""What an address of the web really says: where it leads, and what about it could mislead.

Nothing here opens anything; ``ui/links.py`` does.
"""

import re
import unicodedata

from PySide6.QtCore import QUrl, QUrlQuery

ALLOWED_SCHEMES = frozenset({"http", "https", "mailto"})
MAX_LENGTH = 8192
"""Characters of the longest address that is opened."""
LONG_QUERY = 200
"""Characters of a query above which it may carry away what was said in the chat."""

_ENCODED = QUrl.ComponentFormattingOption.FullyEncoded
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z", re.IGNORECASE)
_NAME = re.compile(r"(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+|\d+)\.?", re.IGNORECASE)
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//([^\s/?#]+)|\b(www\.[^\s/?#]+)", re.IGNORECASE)
_WHOLE = re.compile(r"(?:mailto:)?([^\s/?#]+)(?:[/?#]\S*)?", re.IGNORECASE)
_DOMAIN = re.compile(
    "app|bank|biz|blog|cloud|com|dev|edu|example|gov|info|int|live|mil|net|news|online|org|page|shop|site|"
    "store|tech|xyz|xn--.*"
)
"""Top-level domains of more than two letters that make a bare name one of a host: ``os.path`` is none."""
_FILE_ENDING = re.compile("cc|cs|db|go|js|kt|md|pl|ps|py|rb|rs|sh|ts|vb")
"""What ends the name of a file more often than that of a host."""


def is_allowed(url: str) -> bool:
    """Whether ``url`` is an absolute web or mail address that may be opened on a click."""
    scheme, colon, rest = url.partition(":")
    if not colon or scheme.lower() not in ALLOWED_SCHEMES or len(url) > MAX_LENGTH:
        return False
    if any(c <= " " or c == "\\" or "\x7f" <= c <= "\x9f" for c in url):
        return False
    target = parsed(url)
    if scheme.lower() == "mailto":
        # Some mail programs take files along that an address names.
        names = [name.lower() for name, _value in QUrlQuery(target).queryItems()]
        return bool(target.path()) and not any(name.startswith("attach") for name in names)
    return rest.startswith("//") and bool(host(target))


def parsed(url: str) -> QUrl:
    return QUrl(url, QUrl.ParsingMode.StrictMode)


def host(target: QUrl) -> str:
    """The host, or that of a mail address, in ASCII (IDNA) and lower case."""
    if target.scheme() == "mailto":
        return _ascii(target.path().rpartition("@")[2])
    return target.host(_ENCODED)


def shown(url: str) -> str:
    """``url`` as it is really asked for: its host in ASCII (IDNA), nothing decoded that could mislead.

    What is no address is shown as it stands, with a marker for each character that cannot be seen.
    """
    return parsed(url).toString(_ENCODED) or "".join(
        c if c.isprintable() else f"⟨U+{ord(c):04X}⟩" for c in url
    )


def doubts(url: str, text: str = "") -> list[str]:
    """What about an allowed address could mislead who clicks on ``text``, a sentence each."""
    target = parsed(url)
    there = host(target)
    found = []
    if any(not _belongs(there, named) for named in _hosts_named(text)):
        found.append("The text of the link names another address.")
    if target.userInfo():
        found.append("What stands before the @ is no part of the host.")
    if _is_number(there):
        found.append("It leads to a number instead of a name.")
    if not _authority(url).isascii() or "xn--" in there:
        found.append("The name has letters that can pass for others.")
    if target.scheme() == "http":
        found.append("The connection is not encrypted.")
    length = len(target.query(_ENCODED))
    if length > LONG_QUERY:
        found.append(f"It carries {length:,} characters of data.")
    return found


def elided(address: str, room: int) -> str:
    """``address`` in at most about ``room`` characters, with its middle left out, but never of its host.

    Of a host that has no room itself the end stays, which says whose it is.
    """
    if len(address) <= room:
        return address
    name = host(parsed(address))
    end = address.find(name) + len(name)
    if not name or end <= 0:
        return address[: max(1, room - 1)] + "…"
    if end + 2 > room:
        return "…" + name[-max(1, room - 2) :] + ("…" if end < len(address) else "")
    head = end + (room - end - 1) // 2
    return address[:head] + "…" + address[len(address) - (room - head - 1) :]


def _authority(url: str) -> str:
    if url.lower().startswith("mailto:"):
        return url.partition("?")[0]
    return re.split(r"[/?#]", url.partition("//")[2], maxsplit=1)[0]


def _ascii(name: str) -> str:
    return QUrl.toAce(name).toStdString() or name.lower()


def _is_number(name: str) -> bool:
    """Whether a host is an IP address: browsers read one whose last label is a number as one."""
    return ":" in name or bool(_NUMBER.match(name.rstrip(".").rpartition(".")[2]))


def _hosts_named(text: str) -> set[str]:
    """The hosts that a reader of ``text`` takes it to lead to."""
    text = "".join(c for c in text if unicodedata.category(c) != "Cf").strip()
    authorities = [match[1] or match[2] for match in _URL.finditer(text)]
    if not authorities and (whole := _WHOLE.fullmatch(text)):
        authorities = [whole[1]] if _ends_as_host(whole[1]) else []
    names = [re.sub(r":\d*\Z", "", name) for authority in authorities for name in authority.split("@")]
    return {_ascii(name.rstrip(".,;:!)")) for name in names if _NAME.match(name)}


def _ends_as_host(name: str) -> bool:
    name = re.sub(r":\d*\Z", "", name).rstrip(".")
    ending = _ascii(name.rpartition(".")[2])
    if _DOMAIN.fullmatch(ending) or (ending.isdigit() and name.count(".") == 3):
        return True
    return len(ending) == 2 and ending.isalpha() and not _FILE_ENDING.fullmatch(ending)


def _belongs(there: str, named: str) -> bool:
    """Whether a host is the one that was named, or one below it."""
    there, named = there.rstrip(".").removeprefix("www."), named.removeprefix("www.")
    return there == named or (there.endswith("." + named) and not _is_number(named))
