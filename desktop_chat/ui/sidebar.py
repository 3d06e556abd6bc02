"""The sidebar: new chat, search field, chats, what can be undone, status."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFont,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.chats import Chats
from desktop_chat.domain.listing import Sort
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.attachments.drop_area import DropArea
from desktop_chat.ui.buttons import IconButton
from desktop_chat.ui.conversation_list import ConversationList, ConversationModel
from desktop_chat.ui.conversation_list.dragging import Dragging, local_files
from desktop_chat.ui.conversation_list.head import BulkBar, ListButton, ListMenu, ViewBar
from desktop_chat.ui.conversation_list.ordering import Ordering
from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.safe import ElidedLabel, one_line
from desktop_chat.ui.status import StatusLine
from desktop_chat.ui.theme import Theme
from desktop_chat.undo import Undo

UNDO_MILLISECONDS = 10_000


class Sidebar(QFrame):
    """Everything at the left edge of the window."""

    new_chat_requested = Signal()
    settings_requested = Signal()
    search_requested = Signal(str)
    """The user wants to search all chats, for this to begin with."""
    import_requested = Signal(object)
    """The paths of files that were dropped here."""
    trash_requested = Signal()
    undo_requested = Signal()

    def __init__(
        self, theme: Theme, chats: Chats, settings: Settings, tasks: Tasks, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("surface", "side")
        self.setAcceptDrops(True)
        self._theme = theme
        self._settings = settings
        self.model = ConversationModel(chats, tasks, settings.open_folders)
        self.list = ConversationList(theme, self.model)
        self.ordering = Ordering(chats, self.model, tasks, theme, self.list)
        self.list.fill_menu = self.ordering.fill
        self.list.set_dragging(Dragging(self.list, self.model, self.ordering, theme))
        self.new_chat = NewChatButton(theme)
        self.new_chat.clicked.connect(self.new_chat_requested)
        self.search = SearchField(theme)
        self.menu = ListMenu(chats, self.model, self.ordering, settings, theme, self)
        self.view_bar = ViewBar(theme, self.ordering)
        self.bulk = BulkBar(theme, self.list, self.ordering)
        self.undo = UndoBar(theme)
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
        self._column.addWidget(self.view_bar)
        self._column.addWidget(self.list, 1)
        self._column.addWidget(self.bulk)
        self._column.addWidget(self.undo)
        self._column.addSpacing(theme.px(6))
        self._column.addWidget(self._footer)
        self.list_button = ListButton(theme, self.menu, self.list)
        for before, after in (
            (self.new_chat, self.search),
            (self.search, self.view_bar.back),
            (self.view_bar.back, self.view_bar.edit),
            (self.view_bar.edit, self.list_button),
            (self.list_button, self.list),
        ):
            self.setTabOrder(before, after)
        self._drop_area = DropArea(theme, self, "Drop to import")
        self._wire()
        theme.changed.connect(self._restyle)
        self._restyle()
        self._sort()

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

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.acceptProposedAction()
            self._drop_area.cover()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_area.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_area.hide()
        if files := local_files(event.mimeData()):
            event.acceptProposedAction()
            self.import_requested.emit([Path(file) for file in files])

    def _wire(self) -> None:
        view, model, ordering = self.list, self.model, self.ordering
        self.search.search_requested.connect(self.search_requested)
        self.search.down_pressed.connect(self._enter_list)
        view.search_requested.connect(self.search_requested)
        view.renamed.connect(ordering.rename)
        view.delete_requested.connect(ordering.delete)
        view.undo_requested.connect(self.undo_requested)
        view.back_requested.connect(self.menu.show_all)
        ordering.edit_requested.connect(view.edit_row)
        self.view_bar.back_requested.connect(self.menu.show_all)
        self.view_bar.edit_requested.connect(ordering.edit_tag)
        self.menu.trash_requested.connect(self.trash_requested)
        model.rearranged.connect(lambda: self.view_bar.tell(model.view, model.tag))
        model.toggled.connect(lambda: self._settings.change(open_folders=sorted(model.opened)))
        self._settings.changed.connect(lambda name: self._sort() if name == "list_sort" else None)

    def _enter_list(self) -> None:
        if self.model.rowCount() > 1:
            self.list.setCurrentIndex(self.model.index(1))
            self.list.setFocus(Qt.FocusReason.TabFocusReason)

    def _sort(self) -> None:
        self.model.show(replace(self.model.view, sort=Sort(self._settings.list_sort)))

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
        words = painter.fontMetrics().horizontalAdvance("New chat")
        paint_keys(painter, self._theme, self.hint, text.adjusted(words, 0, 0, 0))


class SearchField(QLineEdit):
    """Where the search of all chats begins: a click opens it, and so does what is typed."""

    search_requested = Signal(str)
    down_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("searchChats")
        self.setAccessibleName("Search chats")
        self.setAccessibleDescription("Opens the search")
        self.setPlaceholderText("Search all chats")
        self.hint = ""
        self.textEdited.connect(self._typed)

    def set_hint(self, action: QAction) -> None:
        self.hint = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText).replace("+", " ")
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.down_pressed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.search_requested.emit("")
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.search_requested.emit("")
        else:
            super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        margin = self._theme.px(10)
        words = self.fontMetrics().horizontalAdvance(self.placeholderText())
        free = self.rect().adjusted(margin + words, 0, -margin, 0)
        paint_keys(painter, self._theme, self.hint, free)

    def _typed(self, text: str) -> None:
        self.clear()
        self.search_requested.emit(text)


class UndoBar(QFrame):
    """Offers for ten seconds to take back what the user did last."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("undoBar")
        self.setProperty("surface", "bar")
        self._undo: Undo | None = None
        self._words = ElidedLabel()
        self._words.setObjectName("undoable")
        self._words.setProperty("role", "dim")
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._button = QPushButton("Undo")
        self._button.setObjectName("undo")
        self._button.setProperty("flat", True)
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self.take_back)
        self._theme = theme
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._words, 1)
        self._row.addWidget(self._button)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._timer = QTimer(self, singleShot=True, interval=UNDO_MILLISECONDS)
        self._timer.timeout.connect(self._time_is_up)
        self.hide()

    @property
    def words(self) -> str:
        """What was done."""
        return self._words.text()

    def offer(self, undo: Undo) -> None:
        """This was done."""
        self._undo = undo
        words = one_line(undo.words)
        self._words.setText(words)
        self._button.setAccessibleName(f"Undo: {words}")
        self.show()
        self._timer.start()
        announce(self, words)

    def take_back(self) -> None:
        """Undo what is offered; nothing where nothing is."""
        undo, self._undo = self._undo, None
        self._timer.stop()
        self.hide()
        if undo is not None:
            undo.undo()

    def _restyle(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(10), px(4), px(4), px(4))

    def _time_is_up(self) -> None:
        if self._button.hasFocus() or self.underMouse():
            self._timer.start()
        else:
            self._undo = None
            self.hide()


def paint_keys(painter: QPainter, theme: Theme, keys: str, area: QRect) -> None:
    """A shortcut in a small frame at the right end of ``area``, where there is room for it."""
    painter.setFont(theme.font(12))
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(keys) + theme.px(11), theme.px(19)
    frame = QRect(area.right() - width + 1, area.center().y() - height // 2 + 1, width, height)
    if keys and width + theme.px(8) < area.width():
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme.colors.line)
        painter.drawRoundedRect(frame.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), theme.px(4), theme.px(4))
        painter.setPen(theme.colors.faint)
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, keys)
