"""The one way out of the program: every link that is opened passes here.

Only web and mail addresses leave; a file, a share or a program's own scheme never does, whatever a link's
text says.
"""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop_chat.ui.safe import message_box

ALLOWED_SCHEMES = frozenset({"http", "https", "mailto"})
MAX_LENGTH = 8192
"""Characters of the longest address that is opened."""
_SHOWN_LENGTH = 300


def is_allowed(url: str) -> bool:
    """Whether ``url`` is an absolute web or mail address that may be opened on a click."""
    scheme, colon, rest = url.partition(":")
    if not colon or scheme.lower() not in ALLOWED_SCHEMES or len(url) > MAX_LENGTH:
        return False
    if any(c <= " " or c == "\\" or "\x7f" <= c <= "\x9f" for c in url):
        return False
    if scheme.lower() == "mailto":
        return bool(rest)
    return rest.startswith("//") and bool(_parsed(url).host())


def shown_target(url: str) -> str:
    """``url`` as it is really asked for: its host in ASCII (IDNA), nothing decoded that could mislead."""
    target = _parsed(url).toString(QUrl.ComponentFormattingOption.FullyEncoded) or url
    return target if len(target) <= _SHOWN_LENGTH else target[:_SHOWN_LENGTH] + "…"


def open_link(url: str, parent: QWidget | None) -> bool:
    """Open ``url`` in the user's browser or mail program; False where that was refused.

    A plain https address opens at once. One that is easily mistaken for another (no encryption, a user name
    before the host, an international host name) is shown first. Everything else is refused with a notice.
    """
    if not is_allowed(url):
        said = f"Only web and mail addresses are opened.\n\n{shown_target(url)}"
        message_box("This link was not opened", said, parent=parent).exec()
        return False
    parsed = _parsed(url)
    if _needs_a_look(parsed):
        buttons = QMessageBox.StandardButton.Open | QMessageBox.StandardButton.Cancel
        said = f"This link leads to {_host(parsed)}\n\n{shown_target(url)}"
        box = message_box(
            "Open this address?", said, icon=QMessageBox.Icon.Question, buttons=buttons, parent=parent
        )
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        if box.exec() != QMessageBox.StandardButton.Open:
            return False
    return QDesktopServices.openUrl(parsed)


def _parsed(url: str) -> QUrl:
    return QUrl(url, QUrl.ParsingMode.StrictMode)


def _host(url: QUrl) -> str:
    return url.host(QUrl.ComponentFormattingOption.FullyEncoded)


def _needs_a_look(url: QUrl) -> bool:
    if url.scheme() == "mailto":
        return False
    labels = _host(url).split(".")
    international = any(label.startswith("xn--") for label in labels)
    return url.scheme() != "https" or bool(url.userInfo()) or international
