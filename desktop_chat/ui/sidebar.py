"""The sidebar: a new chat, the search field, the chats, what was just deleted, the status."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QFont, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from desktop_chat.ui.buttons import IconButton
from desktop_chat.ui.conversation_list import ConversationList, ConversationModel
from desktop_chat.ui.icons import icon, pixmap
from desktop_chat.ui.safe import label, one_line
from desktop_chat.ui.status import StatusLine
from desktop_chat.ui.theme import Theme

UNDO_MILLISECONDS = 10_000


class Sidebar(QFrame):
    """Everything at the left edge of the window."""

    new_chat_requested = Signal()
    settings_requested = Signal()
    undo_requested = Signal(str)

    def __init__(
        self, theme: Theme, is_writing: Callable[[str], bool], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("surface", "side")
        self._theme = theme
        self.model = ConversationModel(is_writing)
        self.list = ConversationList(theme, self.model)
        self.new_chat = NewChatButton(theme)
        self.new_chat.clicked.connect(self.new_chat_requested)
        self.search = SearchField(theme)
        self.search.textChanged.connect(self.model.set_filter)
        self.search.down_pressed.connect(self._enter_list)
        self.search.returnPressed.connect(self._open_first)
        self.undo = UndoBar(theme)
        self.undo.undo_requested.connect(self.undo_requested)
        self.status = StatusLine(theme)
        self.menu_button = IconButton(theme, "menu", "Menu")
        self.menu_button.setObjectName("menu")
        self.menu_button.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        self.settings_button = IconButton(theme, "settings", "Settings")
        self.settings_button.setObjectName("openSettings")
        self.settings_button.clicked.connect(self.settings_requested)

        self._footer = QFrame()
        self._footer_row = QHBoxLayout(self._footer)
        self._footer_row.addWidget(self.status, 1)
        self._footer_row.addWidget(self.menu_button)
        self._footer_row.addWidget(self.settings_button)
        self._search_row = QHBoxLayout()
        self._search_row.addWidget(self.search)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.new_chat)
        self._column.addLayout(self._search_row)
        self._column.addWidget(self.list, 1)
        self._column.addWidget(self.undo)
        self._column.addSpacing(theme.px(6))
        self._column.addWidget(self._footer)
        self.setTabOrder(self.new_chat, self.search)
        self.setTabOrder(self.search, self.list)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_menu(self, menu: QMenu) -> None:
        """Offer the commands behind the menu button."""
        self.menu_button.setMenu(menu)

    def take_status(self) -> StatusLine:
        """The status line, for a place that stays visible while the sidebar is folded."""
        self._footer_row.removeWidget(self.status)
        return self.status

    def give_back_status(self) -> None:
        self._footer_row.insertWidget(0, self.status, 1)
        self.status.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        px = self._theme.px
        painter.fillRect(px(8), self._footer.y(), self.width() - px(16), 1, self._theme.colors.line)

    def _enter_list(self) -> None:
        if self.model.rowCount() > 1:
            self.list.setCurrentIndex(self.model.index(1))
            self.list.setFocus(Qt.FocusReason.TabFocusReason)

    def _open_first(self) -> None:
        if self.search.text().strip() and self.model.rowCount() > 1:
            conversation = self.model.conversation(self.model.index(1))
            if conversation is not None:
                self.list.opened.emit(conversation.id)

    def _restyle(self) -> None:
        px = self._theme.px
        self.setMinimumWidth(px(180))
        self._column.setContentsMargins(px(8), px(12), px(8), px(4))
        self._column.setSpacing(0)
        self._search_row.setContentsMargins(px(4), px(4), px(4), px(8))
        self._footer_row.setContentsMargins(px(10), px(5), px(2), 0)
        self._footer_row.setSpacing(px(2))
        self._footer.setFixedHeight(px(36))


class NewChatButton(QPushButton):
    """Starts a new chat; shows its shortcut."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("newChat")
        self.setAccessibleName("New chat")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hint = ""
        theme.changed.connect(self.updateGeometry)

    def set_hint(self, action: QAction) -> None:
        self.hint = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText).replace("+", " ")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(160), self._theme.px(36))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, px = self._theme.colors, self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = self.rect().toRectF()
        if self.underMouse() or self.isDown() or self.hasFocus():
            painter.setBrush(colors.hover)
            painter.setPen(QPen(colors.accent, 2) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(shape.adjusted(1, 1, -1, -1), px(8), px(8))
        size = px(16)
        image = pixmap("square-pen", colors.text, size, self.devicePixelRatioF())
        painter.drawPixmap(px(10), (self.height() - size) // 2, image)
        painter.setFont(self._theme.font(weight=QFont.Weight.DemiBold))
        painter.setPen(colors.text)
        text = self.rect().adjusted(px(10) + size + px(8), 0, -px(10), 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, "New chat")
        paint_keys(painter, self._theme, self.hint, text)


class SearchField(QLineEdit):
    """Filters the chats by title."""

    down_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("searchChats")
        self.setAccessibleName("Search chats")
        self.setPlaceholderText("Search chats")
        self.hint = ""
        self._clear = QAction(self)
        self._clear.setText("Clear the search")
        self._clear.triggered.connect(self.clear)
        self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self.textChanged.connect(lambda text: self._clear.setVisible(bool(text)))
        self._clear.setVisible(False)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_hint(self, action: QAction) -> None:
        self.hint = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText).replace("+", " ")
        self.update()

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self.text()
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.down_pressed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.text():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            margin = self._theme.px(10)
            paint_keys(painter, self._theme, self.hint, self.rect().adjusted(margin, 0, -margin, 0))

    def _restyle(self) -> None:
        self._clear.setIcon(icon("x", self._theme.colors.dim))


class UndoBar(QFrame):
    """Offers for ten seconds to bring back the chat that was deleted last."""

    undo_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("undoBar")
        self.setProperty("surface", "bar")
        self._theme = theme
        self._deleted = ""
        self._title = ""
        self._words = label()
        self._words.setProperty("role", "dim")
        self._words.installEventFilter(self)
        self._button = QPushButton("Undo")
        self._button.setObjectName("undoDelete")
        self._button.setProperty("flat", True)
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self._undo)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(10), theme.px(4), theme.px(4), theme.px(4))
        row.addWidget(self._words, 1)
        row.addWidget(self._button)
        self._words.setMinimumWidth(0)
        self._timer = QTimer(self, singleShot=True, interval=UNDO_MILLISECONDS)
        self._timer.timeout.connect(self._time_is_up)
        self.hide()

    def offer(self, conversation_id: str, title: str) -> None:
        """The conversation was deleted."""
        self._deleted, self._title = conversation_id, one_line(title)
        self._button.setAccessibleName(f"Undo: bring back {self._title}")
        self.show()
        self._elide()
        self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._words and event.type() == QEvent.Type.Resize:
            self._elide()
        return False

    def _elide(self) -> None:
        metrics = self._words.fontMetrics()
        room = self._words.width() - metrics.horizontalAdvance("Deleted “” ")
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, max(room, metrics.height() * 3))
        self._words.setText(f"Deleted “{title}”")

    def _undo(self) -> None:
        self._timer.stop()
        self.hide()
        self.undo_requested.emit(self._deleted)

    def _time_is_up(self) -> None:
        if self._button.hasFocus() or self.underMouse():
            self._timer.start()
        else:
            self.hide()


def paint_keys(painter: QPainter, theme: Theme, keys: str, area: QRect) -> None:
    """A shortcut in a small frame at the right end of ``area``."""
    painter.setFont(theme.font(12))
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(keys) + theme.px(11), theme.px(19)
    frame = QRect(area.right() - width + 1, area.center().y() - height // 2 + 1, width, height)
    if keys and width < area.width() // 2:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme.colors.line)
        painter.drawRoundedRect(frame.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), theme.px(4), theme.px(4))
        painter.setPen(theme.colors.faint)
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, keys)
