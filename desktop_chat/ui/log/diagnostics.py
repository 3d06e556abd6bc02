"""What is about to be saved to find a mistake by, whole and before it is: each file can be left out."""

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.diagnostics import Document, archive
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.file_saver import FileSaver
from desktop_chat.ui.table import set_row_height
from desktop_chat.ui.theme import Theme

ABOUT = (
    "Nothing of it is sent anywhere: it becomes one file, which you can give to somebody who helps you. Keys "
    "and chats are not in it. Look through it, and take out what you would rather keep."
)


class DiagnosticsDialog(QDialog):
    """Shows ``documents`` and saves those that stay chosen as a zip archive."""

    def __init__(self, theme: Theme, documents: list[Document], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("diagnostics")
        self.setAccessibleName("Diagnostics")
        self.setWindowTitle("Save diagnostics")
        self._documents = documents
        self.files = QListWidget()
        self.files.setObjectName("diagnosticFiles")
        self.files.setAccessibleName("Files")
        for document in documents:
            item = QListWidgetItem(f"{document.name}\n{document.about}")
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.files.addItem(item)
        set_row_height(self.files, theme.px(48))
        self.files.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.files.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text = QPlainTextEdit()
        self.text.setObjectName("diagnosticText")
        self.text.setAccessibleName("Content of the file")
        self.text.setReadOnly(True)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(theme.code_font(12))
        self.save = button("Save…", primary=True)
        cancel = button("Cancel")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setProperty("bare", True)
        split.setChildrenCollapsible(False)
        split.addWidget(self.files)
        split.addWidget(self.text)
        split.setStretchFactor(1, 1)
        px = theme.px
        split.setSizes([px(300), px(560)])
        split.setHandleWidth(px(12))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(px(20), px(16), px(20), px(16))
        layout.setSpacing(px(10))
        layout.addWidget(words(theme, ABOUT, size=13, color="dim"))
        layout.addWidget(split, 1)
        layout.addLayout(row(theme, None, cancel, self.save))
        self.resize(px(860), px(560))

        self._saver = FileSaver(self)
        self._saver.saved.connect(self.accept)
        cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self._ask)
        self.files.currentRowChanged.connect(self._show)
        self.files.itemChanged.connect(lambda: self.save.setEnabled(bool(self.chosen)))
        self.files.setCurrentRow(0)

    @property
    def chosen(self) -> list[Document]:
        """The documents that are to be saved."""
        return [
            document
            for place, document in enumerate(self._documents)
            if self.files.item(place).checkState() is Qt.CheckState.Checked
        ]

    def _show(self, place: int) -> None:
        self.text.setPlainText(self._documents[place].text if place >= 0 else "")

    def _ask(self) -> None:
        name = time.strftime("desktop-chat diagnostics %Y-%m-%d %H%M.zip")
        chosen = self.chosen
        self._saver.ask("Save diagnostics", name, lambda: archive(chosen))
