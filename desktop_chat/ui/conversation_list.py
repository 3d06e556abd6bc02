"""The list of conversations: grouped by date, filtered by title, painted without a widget per row."""

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum

from PySide6.QtCore import (
    QAbstractItemModel,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    QStringListModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop_chat.domain.conversation import Conversation
from desktop_chat.ui.icons import icon
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 34
"""One height for rows and group names, so that 100,000 rows need no measuring."""

UNTITLED = "New chat"


class ItemRole(IntEnum):
    """What a row holds beside its text: the id (empty for the name of a group), and whether it is writing."""

    ID = Qt.ItemDataRole.UserRole
    WRITING = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True, slots=True)
class Group:
    """A name, and the part of the conversations below it: from ``start`` up to, not including, ``end``."""

    name: str
    start: int
    end: int


def groups(conversations: Sequence[Conversation], today: date) -> list[Group]:
    """The groups of ``conversations``: pinned first, then newest first.

    Looks at few of them. Where dates do not fall (a clock was set back), a group may hold a neighbour's.
    """
    made: list[Group] = []
    start = bisect_left(conversations, True, key=lambda c: not c.pinned)
    if start:
        made.append(Group("Pinned", 0, start))
    recent = {
        "Today": today,
        "Yesterday": today - timedelta(days=1),
        "Previous 7 days": today - timedelta(days=7),
        "Previous 30 days": today - timedelta(days=30),
    }
    for name, first_day in recent.items():
        end = _end_of(conversations, start, first_day)
        if end > start:
            made.append(Group(name, start, end))
        start = end
    while start < len(conversations):
        first_day = date.fromtimestamp(conversations[start].used_at).replace(day=1)  # noqa: DTZ012
        month = QLocale().standaloneMonthName(first_day.month)
        name = month if first_day.year == today.year else f"{month} {first_day.year}"
        end = max(start + 1, _end_of(conversations, start, first_day))
        made.append(Group(name, start, end))
        start = end
    return made


def _end_of(conversations: Sequence[Conversation], start: int, first_day: date) -> int:
    """Where, from ``start`` on, the first conversation lies that was last used before ``first_day``."""
    since = datetime(first_day.year, first_day.month, first_day.day).timestamp()  # noqa: DTZ001
    return bisect_left(conversations, True, lo=start, key=lambda c: c.used_at < since)


class ConversationModel(QStringListModel):
    """Conversations and the names of their groups as the rows of a list.

    A view asks for the number of rows once for each of them. The base class answers without Python; its
    strings are empty, since the texts are asked for only where they are seen.
    """

    about_to_change = Signal()

    def __init__(
        self,
        is_writing: Callable[[str], bool],
        clock: Callable[[], float] = time.time,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._is_writing = is_writing
        self._clock = clock
        self._all: Sequence[Conversation] = ()
        self._shown: Sequence[Conversation] = ()
        self._words: list[str] = []
        self._groups: list[Group] = []
        self._group_rows: list[int] = []

    def set_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Show these: pinned ones first, then newest first."""
        self._all = list(conversations)
        self._refresh()

    def set_filter(self, text: str) -> None:
        """Show only titles that hold every word of ``text``, in any case."""
        self._words = text.casefold().split()
        self._refresh()

    def regroup(self) -> None:
        """Group anew: the day changed."""
        self._refresh()

    def update(self, conversation_id: str) -> None:
        """The title or the phase of a conversation changed."""
        index = self.index_of(conversation_id)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def index_of(self, conversation_id: str) -> QModelIndex:
        """The row of a conversation; an invalid index where it is not shown."""
        for number, conversation in enumerate(self._shown):
            if conversation.id == conversation_id:
                group = bisect_left(self._groups, number + 1, key=lambda group: group.start) - 1
                return self.index(number + group + 1)
        return QModelIndex()

    def conversation(self, index: Index) -> Conversation | None:
        """The conversation of a row; None for the name of a group."""
        row = index.row()
        group = bisect_left(self._group_rows, row + 1) - 1
        if group < 0 or row == self._group_rows[group]:
            return None
        return self._shown[row - group - 1]

    def neighbour(self, conversation_id: str, step: int) -> str | None:
        """The id of the conversation ``step`` places further down, going round at the ends."""
        if not self._shown:
            return None
        ids = [conversation.id for conversation in self._shown]
        if conversation_id not in ids:
            return ids[0 if step > 0 else -1]
        return ids[(ids.index(conversation_id) + step) % len(ids)]

    @property
    def is_filtered(self) -> bool:
        return bool(self._words)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        conversation = self.conversation(index)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            if conversation is None:
                return self._groups[bisect_left(self._group_rows, index.row())].name
            return one_line(conversation.title) or UNTITLED
        if role == ItemRole.ID:
            return conversation.id if conversation else ""
        if role == ItemRole.WRITING:
            return conversation is not None and self._is_writing(conversation.id)
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            if conversation is None:
                return "Group"
            return "Writing" if self._is_writing(conversation.id) else ""
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.conversation(index) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def _refresh(self) -> None:
        self.about_to_change.emit()
        if self._words:
            self._shown = [
                c for c in self._all if all(word in (c.title or UNTITLED).casefold() for word in self._words)
            ]
        else:
            self._shown = self._all
        self._groups = groups(self._shown, date.fromtimestamp(self._clock()))  # noqa: DTZ012
        self._group_rows = [group.start + number for number, group in enumerate(self._groups)]
        self.setStringList([""] * (len(self._shown) + len(self._groups)))


class ConversationDelegate(QStyledItemDelegate):
    """Paints a row: the open chat tinted and bold, a dot where an answer is being written."""

    renamed = Signal(str, str)

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self.open_id = ""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colors, px = self._theme.colors, self._theme.px
        row = QRectF(option.rect)
        text = row.adjusted(px(10), 0, -px(10), 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        conversation_id = index.data(ItemRole.ID)
        if not conversation_id:
            painter.setFont(self._theme.font(12, QFont.Weight.DemiBold))
            painter.setPen(colors.faint)
            text.adjust(0, px(8), 0, 0)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, index.data())
            painter.restore()
            return
        is_open = conversation_id == self.open_id
        focused = option.state & QStyle.StateFlag.State_HasFocus
        if is_open or option.state & QStyle.StateFlag.State_MouseOver or focused:
            painter.setBrush(colors.accent_soft if is_open else colors.hover)
            painter.setPen(QPen(colors.accent, 2) if focused else Qt.PenStyle.NoPen)
            inset = 1.0 if focused else 0.0
            shape = row.adjusted(inset, inset, -inset, -inset)
            painter.drawRoundedRect(shape, px(RADIUS_CONTROL), px(RADIUS_CONTROL))
        if index.data(ItemRole.WRITING):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.accent)
            painter.drawEllipse(QPointF(text.right() - px(4), row.center().y()), px(4), px(4))
            text.setRight(text.right() - px(16))
        painter.setFont(self._theme.font(weight=QFont.Weight.DemiBold if is_open else QFont.Weight.Normal))
        painter.setPen(colors.text)
        title = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, title)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("renameChat")
        editor.setAccessibleName("New title")
        editor.setMaxLength(200)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Called again when the chat changes: what the user has typed since stays."""
        if isinstance(editor, QLineEdit) and not editor.isModified():
            editor.setText(index.data())

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit) and (title := editor.text().strip()) and title != index.data():
            self.renamed.emit(index.data(ItemRole.ID), title)


class ConversationList(QListView):
    """The list in the sidebar. Enter or a click opens; the arrow keys only move."""

    opened = Signal(str)
    renamed = Signal(str, str)
    pin_requested = Signal(str, bool)
    delete_requested = Signal(str)

    def __init__(self, theme: Theme, model: ConversationModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chats")
        self.setAccessibleName("Chats")
        self._theme = theme
        self._model = model
        self._delegate = ConversationDelegate(theme, self)
        self._delegate.renamed.connect(self.renamed)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.clicked.connect(self._open)
        model.about_to_change.connect(self._remember)
        model.modelReset.connect(self._restore)
        self._scroll = 0
        self._current = ""
        self._midnight = QTimer(self, singleShot=True)
        self._midnight.timeout.connect(self._day_changed)
        self._wait_for_midnight()
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def set_open(self, conversation_id: str) -> None:
        """Mark the chat that the window shows."""
        self._delegate.open_id = conversation_id
        self._select(conversation_id)
        self.viewport().update()

    def edit_title(self, conversation_id: str) -> None:
        """Let the user rename a chat in its row."""
        index = self._model.index_of(conversation_id)
        if index.isValid():
            self.setCurrentIndex(index)
            self.edit(index)

    @property
    def current_id(self) -> str:
        """The id of the row with the keyboard's focus; empty where there is none."""
        index = self.currentIndex()
        return str(index.data(ItemRole.ID)) if index.isValid() else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.state() == QAbstractItemView.State.EditingState or not self.current_id:
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit(self.current_id)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_requested.emit(self.current_id)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.current_id and self._model.rowCount() > 1:
            self.setCurrentIndex(self._model.index(1))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.state() != QAbstractItemView.State.EditingState and (
            event.reason() != Qt.FocusReason.PopupFocusReason
        ):
            self._select(self._delegate.open_id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_keyboard else self.indexAt(event.pos())
        if (conversation := self._model.conversation(index) if index.isValid() else None) is None:
            return
        chat_id, pinned, color = conversation.id, conversation.pinned, self._theme.colors.text
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("pencil", color), "Rename").triggered.connect(lambda: self.edit_title(chat_id))
        menu.addAction(
            icon("pin-off" if pinned else "pin", color), "Unpin" if pinned else "Pin"
        ).triggered.connect(lambda: self.pin_requested.emit(chat_id, not pinned))
        menu.addSeparator()
        menu.addAction(icon("trash-2", color), "Delete").triggered.connect(
            lambda: self.delete_requested.emit(chat_id)
        )
        where = self.visualRect(index).bottomLeft() if by_keyboard else event.pos()
        menu.popup(self.viewport().mapToGlobal(where))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._model.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setFont(self._theme.font(12.5))
            painter.setPen(self._theme.colors.dim)
            area = self.viewport().rect().adjusted(self._theme.px(10), self._theme.px(12), 0, 0)
            words = "No chat has this in its title." if self._model.is_filtered else "No chats yet."
            painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, words)

    def _open(self, index: QModelIndex) -> None:
        if conversation_id := index.data(ItemRole.ID):
            self.opened.emit(conversation_id)

    def _select(self, conversation_id: str) -> None:
        index = self._model.index_of(conversation_id) if conversation_id else QModelIndex()
        self.setCurrentIndex(index)

    def _remember(self) -> None:
        self._scroll = self.verticalScrollBar().value()
        self._current = self.current_id

    def _restore(self) -> None:
        self.doItemsLayout()
        index = self._model.index_of(self._current) if self._current else QModelIndex()
        if not index.isValid():
            index = self._model.index_of(self._delegate.open_id)
        scroll_mode = self.hasAutoScroll()
        self.setAutoScroll(False)
        self.setCurrentIndex(index)
        self.setAutoScroll(scroll_mode)
        self.verticalScrollBar().setValue(self._scroll)

    def _wait_for_midnight(self) -> None:
        now = datetime.now().astimezone()
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=1, microsecond=0)
        self._midnight.start(int((tomorrow - now).total_seconds() * 1000))

    def _day_changed(self) -> None:
        self._model.regroup()
        self._wait_for_midnight()
