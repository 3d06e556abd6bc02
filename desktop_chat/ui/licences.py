"""The licences of the program and of all that it is made of."""

import re
from collections.abc import Iterator
from math import ceil

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_chat import paths
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.theme import Theme

NOTICE = (
    "Desktop Chat is under the MIT licence; its icons are by Lucide, ISC licence. Qt and PySide6 are used "
    "under the GNU Lesser General Public License, version 3: they are libraries of their own, which you may "
    "replace. "
)
BUNDLED = "The text of that licence, of all others, and the offer of the source are below."
NOT_BUNDLED = "The packages that were installed for it, each with the text of its licence in its folder, are:"
COLUMNS = 100
"""How long the lines of the bundle's file are; only what is quoted there may be longer."""
HEIGHT = 560


class LicencesDialog(QDialog):
    """A small window of its own, not modal."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("licences")
        self.setAccessibleName("Licences")
        self.setWindowTitle("Licences")
        px = theme.px
        file = paths.licences()
        bundled = file.read_text("utf-8") if file is not None else ""
        text = QPlainTextEdit()
        text.setObjectName("licenceTexts")
        text.setAccessibleName("Licence texts")
        text.setReadOnly(True)
        text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        text.setFont(theme.code_font())
        text.setPlainText(bundled or "\n".join(_installed()))
        close = button("Close", primary=True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(px(24), px(20), px(24), px(20))
        layout.setSpacing(px(12))
        layout.addWidget(words(theme, NOTICE + (BUNDLED if bundled else NOT_BUNDLED), size=12.5, color="dim"))
        layout.addWidget(text, 1)
        layout.addLayout(row(theme, None, close))
        edge = px(24) + px(8) + ceil(text.document().documentMargin())
        beside = 2 * edge + text.verticalScrollBar().sizeHint().width()
        text.ensurePolished()
        # One column more: whole pixels of edges and of a style sheet may cost a part of one.
        columns = ceil(QFontMetricsF(text.font()).horizontalAdvance("0" * (COLUMNS + 1)))
        # Of a small screen it leaves the window manager some room for its frame.
        room = self.screen().availableSize() - QSize(px(16), px(48))
        self.resize(QSize(columns + beside, px(HEIGHT)).boundedTo(room))


def _installed() -> Iterator[str]:
    """Every package that the program needs, with its version and licence, a line each."""
    from importlib import metadata

    for name in sorted(_needed("desktop-chat", set()), key=str.lower):
        about = metadata.metadata(name)
        classifiers = about.get_all("Classifier", [])
        named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
        told = [*about.get_all("License-Expression", []), *named, *about.get_all("License", [])]
        licence = next((line for line in told if line), "see the package").partition("\n")[0]
        yield f"{about['Name']} {about['Version']}: {licence.splitlines()[0]}"


def _needed(name: str, seen: set[str]) -> set[str]:
    """``name`` and what it requires, of what is installed; added to ``seen``."""
    from importlib import metadata

    name = re.sub(r"[-_.]+", "-", name).lower()
    if name not in seen:
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            return seen
        seen.add(name)
        for requirement in required:
            if "extra ==" not in requirement and (found := re.match(r"[\w.-]+", requirement)):
                _needed(found[0], seen)
    return seen
