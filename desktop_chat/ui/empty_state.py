"""What stands in the place of a transcript that has no messages yet."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme


class EmptyState(QWidget):
    """Says what to do next: ask, or first connect a model."""

    connect_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._title = label()
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._words = label(wrap=True)
        self._words.setProperty("role", "dim")
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._connect = QPushButton("Connect a model")
        self._connect.setObjectName("connectModel")
        self._connect.setProperty("primary", True)
        self._connect.clicked.connect(self.connect_requested)
        column = QVBoxLayout(self)
        column.addStretch(5)
        column.addWidget(self._title)
        column.addSpacing(theme.px(6))
        column.addWidget(self._words)
        column.addSpacing(theme.px(16))
        column.addWidget(self._connect, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(6)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_next_step(self, *, connected: bool, send_with_enter: bool) -> None:
        """``connected``: whether there is an endpoint to ask."""
        self._connect.setVisible(not connected)
        if connected:
            self._title.setText("Ask anything")
            send, line = ("Enter", "Shift+Enter") if send_with_enter else ("Ctrl+Enter", "Enter")
            self._words.setText(f"{send} sends, {line} starts a new line.")
        else:
            self._title.setText("No model is connected yet")
            self._words.setText("Add an endpoint with its key, or try the demo model.")

    def _restyle(self) -> None:
        self._title.setFont(self._theme.font(20, QFont.Weight.DemiBold))
        self._words.setFont(self._theme.font(13))
