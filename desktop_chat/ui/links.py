"""The one way out of the program: every link that is opened passes here.

Of links only web and mail addresses leave; a file, a share or a program's own scheme never does, whatever a
link's text says. A folder of the profile is shown when the user asks for it.
"""

import textwrap
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop_chat.ui.addresses import doubts, host, is_allowed, parsed, shown
from desktop_chat.ui.safe import message_box

_SHOWN_LENGTH = 300
_COLUMNS = 46


def open_link(url: str, parent: QWidget | None, text: str = "") -> None:
    """Open ``url`` in the user's browser or mail program; ``text`` is what the link says.

    A plain https address opens at once. One that can be mistaken for another is shown first, and opens when
    the user says so. Everything else is refused with a notice. Waits for no answer.
    """
    if not is_allowed(url):
        _box("This link was not opened", f"Only web and mail addresses are opened.\n\n{_lines(url)}", parent)
        return
    reasons = doubts(url, text)
    if not reasons:
        _hand_over(url, parent)
        return
    said = "\n\n".join((f"This link leads to\n\n    {host(parsed(url))}", "\n".join(reasons), _lines(url)))
    details = shown(url) if len(shown(url)) > _SHOWN_LENGTH else ""
    buttons = QMessageBox.StandardButton.Open | QMessageBox.StandardButton.Cancel
    box = _box("Open this address?", said, parent, buttons, details)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.button(QMessageBox.StandardButton.Open).clicked.connect(lambda: _hand_over(url, parent))


def open_folder(folder: Path, parent: QWidget | None) -> None:
    """Show a folder of the profile in the user's file manager."""
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        _box("The folder was not opened", f"No file manager could be started.\n\n{folder}", parent)


def _hand_over(url: str, parent: QWidget | None) -> None:
    if not QDesktopServices.openUrl(parsed(url)):
        program = "mail program" if parsed(url).scheme() == "mailto" else "browser"
        _box("This link was not opened", f"No {program} could be started.\n\n{_lines(url)}", parent)


def _box(
    title: str,
    said: str,
    parent: QWidget | None,
    buttons: QMessageBox.StandardButton = QMessageBox.StandardButton.Ok,
    details: str = "",
) -> QMessageBox:
    icon = (
        QMessageBox.Icon.Question if buttons & QMessageBox.StandardButton.Open else QMessageBox.Icon.Warning
    )
    box = message_box(title, said, details=details, icon=icon, buttons=buttons, parent=parent)
    box.finished.connect(box.deleteLater)
    box.open()
    return box


def _lines(url: str) -> str:
    """An address in lines, so that a long one makes no box that is wider than the screen."""
    address = shown(url)
    address = address if len(address) <= _SHOWN_LENGTH else address[:_SHOWN_LENGTH] + "…"
    return "\n".join(textwrap.wrap(address, _COLUMNS, break_on_hyphens=False))
