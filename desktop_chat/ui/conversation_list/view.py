"""The list in the sidebar: keys, the mouse, what is selected, what is dragged."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QApplication, QListView, QMenu, QWidget

from desktop_chat.domain.listing import Folder, Shelf
from desktop_chat.ui.conversation_list.delegate import ROW_HEIGHT, ConversationDelegate
from desktop_chat.ui.conversation_list.dragging import MIME_TYPE, Dragging
from desktop_chat.ui.conversation_list.model import ConversationModel, Index, ItemRole, Key
from desktop_chat.ui.theme import Theme

Flag = QItemSelectionModel.SelectionFlag
SELECTING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
EMPTY = {
    Shelf.CHATS: "No chats yet.",
    Shelf.ARCHIVE: "Nothing is archived.",
    Shelf.TRASH: "The trash is empty.",
}


class ConversationList(QListView):
    """The list in the sidebar. Enter or a click opens; the arrow keys only move, and open and close folders.

    Ctrl and Shift select several, by click and by key. ``fill_menu`` is given the menu of a row, and what it
    is about.
    """

    opened = Signal(str)
    renamed = Signal(object, str)
    """As :attr:`ConversationDelegate.renamed`."""
    delete_requested = Signal(object)
    """The numbers of conversations, or a :class:`Folder`."""
    back_requested = Signal()
    """The user wants to see all chats again."""
    undo_requested = Signal()
    search_requested = Signal(str)
    """What is typed while the list has the focus."""
    selected = Signal(int)
    """So many conversations are selected together; 0 where it is one or none."""

    def __init__(self, theme: Theme, model: ConversationModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chats")
        self.setAccessibleName("Chats")
        self._theme = theme
        self._model = model
        self.fill_menu: Callable[[QMenu, Sequence[int] | Folder], None] | None = None
        self._delegate = ConversationDelegate(theme, model, self)
        self._delegate.renamed.connect(self.renamed)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.clicked.connect(self._clicked)
        model.about_to_change.connect(self._remember)
        model.rearranged.connect(self._restore)
        self._current: tuple[Key | None, int] = (None, -1)
        self._top: tuple[Key | None, int, int, int] = (None, -1, 0, 0)
        self._chosen: Sequence[int] = ()
        self._waits_for: Key | None = None
        self.dragging: Dragging | None = None
        self._midnight = QTimer(self, singleShot=True)
        self._midnight.timeout.connect(self._day_changed)
        self._wait_for_midnight()
        theme.changed.connect(self._restyle)
        self._restyle()

    # What is open, current, selected

    def set_open(self, conversation_id: str) -> None:
        """Mark the chat that the window shows."""
        self._delegate.open_id = conversation_id
        if len(self.chosen) < 2:
            self._select(self._model.index_of(conversation_id))
        self.viewport().update()

    def edit_row(self, key: Key | None) -> bool:
        """Let the user rename a chat or a folder in its row, as soon as it is there; False where it is not.

        A key is that of the model."""
        index = self._model.find(key)
        if not index.isValid():
            self._waits_for = key
            return False
        self._waits_for = None
        self.setCurrentIndex(index)
        self.edit(index)
        return True

    @property
    def current_id(self) -> str:
        """The id of the chat with the keyboard's focus; empty where there is none."""
        index = self.currentIndex()
        return str(index.data(ItemRole.ID)) if index.isValid() else ""

    @property
    def current_key(self) -> Key | None:
        return self._model.key(self.currentIndex())

    @property
    def chosen(self) -> Sequence[int]:
        """The conversations that are selected, by their numbers; else the current one."""
        found: list[int] = []
        for area in self.selectionModel().selection().toList():
            found.extend(self._model.seqs(area.top(), area.bottom()))
        if len(found) < 2:
            key = self.current_key
            return [key] if isinstance(key, int) else []
        return found

    def choose(self, seqs: Sequence[int]) -> None:
        """Select these conversations together."""
        areas = QItemSelection()
        for first, last in self._model.rows_of(seqs):
            areas.select(self._model.index(first), self._model.index(last))
        self.selectionModel().select(areas, Flag.ClearAndSelect)

    def selectAll(self) -> None:
        """Select all conversations that are listed."""
        areas = QItemSelection()
        for first, last in self._model.spans():
            areas.select(self._model.index(first), self._model.index(last))
        self.selectionModel().select(areas, Flag.ClearAndSelect)

    def clear_choice(self) -> None:
        """Select nothing but the current row."""
        self._select(self.currentIndex(), keeps=False)

    # Keys and the mouse

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and (len(self.chosen) > 1 or not self._model.is_plain)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, plain = event.key(), not event.modifiers() & SELECTING
        run, folder = self._model.run(self.currentIndex()), self._model.folder(self.currentIndex())
        if self.state() == QAbstractItemView.State.EditingState:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Escape and len(self.chosen) > 1:
            self.clear_choice()
        elif key == Qt.Key.Key_Escape and not self._model.is_plain:
            self.back_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo_requested.emit()
        elif run is None or not plain:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._activate(self.currentIndex())
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_requested.emit(folder if folder is not None else self.chosen)
        elif (
            folder is not None
            and key in (Qt.Key.Key_Right, Qt.Key.Key_Left)
            and (run.is_open == (key == Qt.Key.Key_Left))
        ):
            self._model.toggle(folder.id)
        elif key == Qt.Key.Key_Left and run.level:
            outer = folder.parent if folder is not None else run.folder.id if run.folder else None
            self.setCurrentIndex(self._model.find(outer))
        elif key not in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Typing searches all chats. Qt would ask for the title of each row until one fits."""
        if search.strip():
            self.search_requested.emit(search)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self._model.rowCount() > 1:
            self._select(self._model.index(1))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.state() != QAbstractItemView.State.EditingState and (
            event.reason() != Qt.FocusReason.PopupFocusReason
        ):
            self._select(self._model.index_of(self._delegate.open_id))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_keyboard else self.indexAt(event.pos())
        key = self._model.key(index)
        if key is None or self.fill_menu is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        folder = self._model.folder(index)
        chosen = self.chosen
        if folder is not None:
            self.fill_menu(menu, folder)
        elif isinstance(key, int):
            self.fill_menu(menu, chosen if key in chosen else [key])
        where = self.visualRect(index).bottomLeft() if by_keyboard else event.pos()
        menu.popup(self.viewport().mapToGlobal(where))

    # As Qt asks

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        count = len(self.chosen)
        if self._delegate.shows_several != (count > 1):
            self._delegate.shows_several = count > 1
            self.viewport().update()
        self.selected.emit(count if count > 1 else 0)

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """As all rows have one height, none is laid out anew, which would take milliseconds for 100,000."""
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        height = self._theme.px(ROW_HEIGHT)
        top = self.verticalScrollBar().value()
        self._model.want(top // height, (top + self.viewport().height()) // height)
        super().paintEvent(event)
        if self.dragging is not None:
            self.dragging.paint(QPainter(self.viewport()))
        words = self._model.trouble
        if not words and self._model.is_read and self._model.rowCount() == 0:
            words = "No chat has this tag." if self._model.view.tag else EMPTY[self._model.view.shelf]
        if words:
            painter = QPainter(self.viewport())
            painter.setFont(self._theme.font(12.5))
            painter.setPen(self._theme.colors.dim)
            area = (
                self.viewport()
                .rect()
                .adjusted(self._theme.px(10), self._theme.px(12), -self._theme.px(40), 0)
            )
            painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, words)

    def set_dragging(self, dragging: Dragging) -> None:
        """Let chats and folders be dragged."""
        self.dragging = dragging
        self.setDragEnabled(True)
        self.setAcceptDrops(True)

    def startDrag(self, actions: Qt.DropAction) -> None:
        index = self.currentIndex()
        what = self._model.folder(index) or self.chosen
        if self.dragging is not None and what:
            self.dragging.start(what, str(index.data()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._take(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)  # It scrolls at the edges.
        self._take(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        if self.dragging is not None:
            self.dragging.leave()

    def dropEvent(self, event: QDropEvent) -> None:
        self.stopAutoScroll()
        self.setState(QAbstractItemView.State.NoState)
        if self._take(event) and self.dragging is not None:
            self.dragging.drop()

    def _take(self, event: QDropEvent) -> bool:
        """What is not from this list is for whatever lies around it."""
        taken = (
            self.dragging is not None
            and event.mimeData().hasFormat(MIME_TYPE)
            and self.dragging.move(event.position().toPoint())
        )
        if taken:
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
        else:
            event.ignore()
        return taken

    def _clicked(self, index: QModelIndex) -> None:
        if not QApplication.keyboardModifiers() & SELECTING:
            self._activate(index)

    def _activate(self, index: Index) -> None:
        if (folder := self._model.folder(index)) is not None:
            self._model.toggle(folder.id)
        elif conversation_id := index.data(ItemRole.ID):
            self.opened.emit(conversation_id)

    def _select(self, index: QModelIndex, *, keeps: bool = True) -> None:
        """Make a row the current one; what is selected together stays so where ``keeps``."""
        together = keeps and len(self.chosen) > 1
        flag = Flag.NoUpdate if together else Flag.ClearAndSelect
        if index.isValid():
            self.selectionModel().setCurrentIndex(index, flag)
        elif not together:
            self.selectionModel().clear()

    def _remember(self) -> None:
        index, first = self.currentIndex(), self.indexAt(self.viewport().rect().topLeft())
        self._current = (self._model.key(index), index.row())
        scrolled = self.verticalScrollBar().value()
        self._top = (self._model.key(first), first.row(), self._model.rowCount(), scrolled)
        chosen = self.chosen
        self._chosen = chosen if len(chosen) > 1 else ()

    def _restore(self) -> None:
        """Everything stays where it was, wherever its row is now."""
        self.executeDelayedItemsLayout()
        key, row = self._current
        index = self._model.find(key, row)
        scrolls = self.hasAutoScroll()
        self.setAutoScroll(False)
        self.choose(self._chosen)
        self._select(index if index.isValid() else self._model.index_of(self._delegate.open_id))
        self.setAutoScroll(scrolls)
        key, row, rows, scrolled = self._top
        at = self._model.find(key, row).row() if scrolled and key is not None else row
        # What was put first itself is not followed there.
        moved = at - row if at >= 0 and abs(at - row) <= abs(self._model.rowCount() - rows) + 1 else 0
        self.verticalScrollBar().setValue(scrolled + moved * self._theme.px(ROW_HEIGHT))
        if self._waits_for is not None:
            self.edit_row(self._waits_for)

    def _restyle(self) -> None:
        # With a grid, rows are placed without being asked for one by one.
        self.setGridSize(QSize(1, self._theme.px(ROW_HEIGHT)))
        self.scheduleDelayedItemsLayout()

    def _wait_for_midnight(self) -> None:
        now = datetime.now().astimezone()
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=1, microsecond=0)
        self._midnight.start(int((tomorrow - now).total_seconds() * 1000))

    def _day_changed(self) -> None:
        self._model.regroup()
        self._wait_for_midnight()
