"""Where a key is typed or pasted: hidden, cleaned of what comes along with a paste, shown on demand."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from desktop_chat.credentials import check_key, clean_key
from desktop_chat.ui.theme import Theme


def hide_secret(field: QLineEdit) -> None:
    """Have ``field`` show dots, and input methods learn nothing of what is entered."""
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setInputMethodHints(
        Qt.InputMethodHint.ImhSensitiveData
        | Qt.InputMethodHint.ImhNoPredictiveText
        | Qt.InputMethodHint.ImhNoAutoUppercase
    )


class KeyField(QLineEdit):
    """A line edit for one key, with a text button within it that shows or hides the key."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._length = 0
        self.setObjectName("apiKey")
        self.setAccessibleName("API key")
        hide_secret(self)
        self._button = QPushButton("show", self)
        self._button.setAccessibleName("Show key")
        self._button.setProperty("flat", True)
        self._button.setAutoDefault(False)
        self._button.setCursor(Qt.CursorShape.ArrowCursor)
        self._button.clicked.connect(self._toggle)
        self.textEdited.connect(self._edited)
        theme.changed.connect(self._arrange)
        self._arrange()

    def key(self) -> str:
        """What was entered, cleaned; empty for nothing. Raises ``InvalidKey`` where it cannot be a key."""
        key = clean_key(self.text())
        if key:
            check_key(key)
        return key

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _edited(self, text: str) -> None:
        pasted = len(text) - self._length > 1
        if pasted and (cleaned := clean_key(text)) != text:
            self.setText(cleaned)
        self._length = len(self.text())

    def _toggle(self) -> None:
        hidden = self.echoMode() is QLineEdit.EchoMode.Password
        self.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self._button.setText("hide" if hidden else "show")
        self._button.setAccessibleName("Hide key" if hidden else "Show key")
        self._arrange()

    def _arrange(self) -> None:
        px = self._theme.px
        size = self._button.sizeHint()
        self._button.resize(size)
        self._button.move(self.width() - size.width() - px(4), (self.height() - size.height()) // 2)
        self.setTextMargins(0, 0, size.width(), 0)
