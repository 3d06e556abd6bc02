"""What this program is, and what it runs on."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop_chat import __version__
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.icons import app_icon
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

SLOGAN = "A desktop chat client for the OpenAI API and every server that speaks it."
LICENCES = "MIT licence. Icons by Lucide, ISC licence. Qt is used under the LGPL, version 3."
_LIBRARIES = {
    "PySide6-Essentials": "PySide6",
    "openai": "openai",
    "apsw": "SQLite (apsw)",
    "tiktoken": "tiktoken",
    "genai-prices": "genai-prices",
}


def environment() -> str:
    """The versions that matter for a report, one a line."""
    lines = [
        f"Desktop Chat {__version__}",
        f"Python {platform.python_version()} on {platform.system()} {platform.release()}",
        f"Qt {qVersion()}, {QGuiApplication.platformName()}",
    ]
    for package, name in _LIBRARIES.items():
        try:
            lines.append(f"{name} {version(package)}")
        except PackageNotFoundError:
            continue
    if getattr(sys, "frozen", False):
        lines.append("bundled")
    return "\n".join(lines)


class AboutDialog(QDialog):
    """A small window of its own, not modal."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about")
        self.setAccessibleName("About")
        self.setWindowTitle("About Desktop Chat")
        px = theme.px
        facts = environment()

        image = label()
        image.setPixmap(app_icon().pixmap(px(64), px(64)))
        image.setAlignment(Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(px(6))
        texts.addWidget(words(theme, "Desktop Chat", size=20, bold=True))
        texts.addWidget(words(theme, SLOGAN))
        texts.addWidget(words(theme, facts, size=12.5, color="dim"))
        texts.addWidget(words(theme, LICENCES, size=12.5, color="dim"))
        copy, licences, close = button("Copy details"), button("Licences"), button("Close", primary=True)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(facts))
        licences.clicked.connect(lambda: self._show_licences(theme))
        close.clicked.connect(self.accept)

        top = QHBoxLayout()
        top.setSpacing(px(16))
        top.addWidget(image)
        top.addLayout(texts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(px(24), px(20), px(24), px(20))
        layout.setSpacing(px(16))
        layout.addLayout(top)
        layout.addLayout(row(theme, copy, licences, None, close))
        self.setMinimumWidth(px(460))

    def _show_licences(self, theme: Theme) -> None:
        from desktop_chat.ui.licences import LicencesDialog

        # A child of the window, so that it stays when this dialog is closed.
        dialog = LicencesDialog(theme, self.parentWidget())
        dialog.finished.connect(dialog.deleteLater)
        dialog.show()
