"""A window with JSON in it."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.json_view.view import JsonView
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

SIZE = (680, 560)


class JsonWindow(QDialog):
    """Not modal; ``note`` says in a sentence what is to be known of the value."""

    def __init__(self, theme: Theme, title: str, note: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jsonWindow")
        self.setAccessibleName(one_line(title))
        self.setWindowTitle(one_line(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._theme = theme
        self.note = words(theme, note, size=12.5, color="dim")
        self.note.setVisible(bool(note))
        self.view = JsonView(theme)
        close = button("Close")
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        px = theme.px
        column.setContentsMargins(px(20), px(16), px(20), px(16))
        column.setSpacing(px(12))
        column.addWidget(self.note)
        column.addWidget(self.view, 1)
        column.addLayout(row(theme, None, close))
        self.resize(self.sizeHint().boundedTo(self.screen().availableSize()))
        self.view.tree.setFocus()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(SIZE[0]), self._theme.px(SIZE[1]))


def show_json(parent: QWidget, theme: Theme, title: str, value: object, note: str = "") -> JsonWindow:
    """Show ``value`` in a window of its own over ``parent``."""
    window = JsonWindow(theme, title, note, parent)
    window.view.set_value(value)
    window.show()
    return window
