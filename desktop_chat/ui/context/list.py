"""The list of what goes into a request: painted without a widget a row, changed by keys, menu and buttons."""

from PySide6.QtCore import QItemSelectionModel, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop_chat.ui.context.rows import Choice, ContextModel, Index, ItemRole
from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme

ROW_HEIGHT = 48
_KEYS = {Choice.ALWAYS: "P", Choice.NEVER: "X", Choice.STRATEGY: ""}
_CYCLE = {Choice.STRATEGY: Choice.ALWAYS, Choice.ALWAYS: Choice.NEVER, Choice.NEVER: Choice.STRATEGY}
_EMPTY = "This chat has no messages yet. What you write stands here before it is sent."
_LINE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


class ContextDelegate(QStyledItemDelegate):
    """Paints a row: who and how many tokens above, the first words and why it is sent or not below."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colors, px = self._theme.colors, self._theme.px
        row = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = option.state & QStyle.StateFlag.State_Selected
        focused = option.state & QStyle.StateFlag.State_HasFocus
        grey = colors.faint
        if selected or focused or option.state & QStyle.StateFlag.State_MouseOver:
            grey = colors.dim  # what is faint cannot be read on a ground of its own
            painter.setBrush(colors.accent_soft if selected else colors.hover)
            painter.setPen(QPen(colors.accent, 2) if focused else Qt.PenStyle.NoPen)
            inset = 1.0 if focused else 0.0
            radius = px(RADIUS_CONTROL)
            painter.drawRoundedRect(row.adjusted(inset, inset, -inset, -inset), radius, radius)
        content = row.adjusted(px(12), px(5), -px(12), -px(5))
        half = content.height() / 2
        above = QRectF(content.left(), content.top(), content.width(), half)
        below = above.translated(0, half)
        is_sent = index.data(ItemRole.IS_SENT)
        self._pair(
            painter,
            above,
            (index.data(ItemRole.NAME), self._theme.font(12.5, QFont.Weight.DemiBold)),
            (index.data(ItemRole.TOKENS), self._theme.font(12.5)),
            colors.text if is_sent else grey,
            colors.dim if is_sent else grey,
        )
        if index.data(ItemRole.IS_PINNED):
            size = px(13)
            ratio = painter.device().devicePixelRatioF()
            image = pixmap("pin", colors.dim, size, ratio)
            painter.setFont(self._theme.font(12))
            wide = painter.fontMetrics().horizontalAdvance(index.data(ItemRole.REASON))
            left = below.right() - wide - size - px(4)
            painter.drawPixmap(int(left), int(below.center().y() - size / 2), image)
        self._pair(
            painter,
            below,
            (index.data(ItemRole.WORDS), self._theme.font(13)),
            (index.data(ItemRole.REASON), self._theme.font(12)),
            colors.text if is_sent else grey,
            colors.dim if is_sent else grey,
            room=px(17) if index.data(ItemRole.IS_PINNED) else 0,
        )
        painter.restore()

    def _pair(
        self,
        painter: QPainter,
        area: QRectF,
        left: tuple[str, QFont],
        right: tuple[str, QFont],
        left_color: QColor,
        right_color: QColor,
        room: int = 0,
    ) -> None:
        """A text at the left, elided for another at the right, before which ``room`` pixels stay free."""
        painter.setFont(right[1])
        painter.setPen(right_color)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | _LINE, right[0])
        taken = painter.fontMetrics().horizontalAdvance(right[0]) + room
        painter.setFont(left[1])
        painter.setPen(left_color)
        width = int(area.width()) - (taken + self._theme.px(12) if right[0] else 0)
        shown = painter.fontMetrics().elidedText(left[0], Qt.TextElideMode.ElideRight, width)
        painter.drawText(area, _LINE, shown)


class ContextList(QListView):
    """``wanted`` carries rows and the :class:`~desktop_chat.ui.context.rows.Choice` that the user made."""

    wanted = Signal(object, object)
    selected = Signal()

    def __init__(self, theme: Theme, rows: ContextModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("context")
        self.setAccessibleName("Next request")
        self._theme = theme
        self._rows = rows
        self.setModel(rows)
        self.setItemDelegate(ContextDelegate(theme, self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.selectionModel().selectionChanged.connect(lambda: self.selected.emit())
        self._at: str | None = None
        """The message that the keys are at; None at the last row."""
        rows.modelReset.connect(self._go_back)
        rows.modelReset.connect(self.selected)
        self._is_at_end = True
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._grown)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    @property
    def selected_rows(self) -> list[int]:
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    def show_end(self) -> None:
        """Show the newest messages, and stay there as more come, until the user scrolls away."""
        self._is_at_end = True
        self._at = None
        self._go_back()
        self.scrollToBottom()

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            entry = self._rows.entry(current.row())
            is_last = current.row() == self._rows.rowCount() - 1
            self._at = None if is_last or entry is None else entry.id

    def may(self, choice: Choice) -> bool:
        """Whether ``choice`` would change something of what is selected."""
        return any(
            self._rows.can_choose(row) and self._rows.choice(row) is not choice for row in self.selected_rows
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        index = self.currentIndex()
        choice = self._choice_of(Qt.Key(event.key()), index.row()) if plain and index.isValid() else None
        if choice is None:
            super().keyPressEvent(event)
        else:
            self.wanted.emit(self.selected_rows or [index.row()], choice)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_keyboard else self.indexAt(event.pos())
        if not index.isValid():
            return
        rows = self.selected_rows if index.row() in self.selected_rows else [index.row()]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for choice in Choice:
            action = menu.addAction(f"{choice.value}\t{_KEYS[choice]}" if _KEYS[choice] else choice.value)
            action.setCheckable(True)
            action.setChecked(all(self._rows.choice(row) is choice for row in rows))
            action.setEnabled(any(map(self._rows.can_choose, rows)))
            action.triggered.connect(lambda _=False, choice=choice: self.wanted.emit(rows, choice))
        where = self.visualRect(index).bottomLeft() if by_keyboard else event.pos()
        menu.popup(self.viewport().mapToGlobal(where))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._rows.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setFont(self._theme.font(13))
            painter.setPen(self._theme.colors.dim)
            area = (
                self.viewport()
                .rect()
                .adjusted(self._theme.px(12), self._theme.px(12), -self._theme.px(12), 0)
            )
            painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, _EMPTY)

    def _go_back(self) -> None:
        """The rows were made anew: the keys start from where they were, at first from the newest message."""
        count, at, top = self._rows.rowCount(), self._at, self.verticalScrollBar().value()
        found = (
            row
            for row in reversed(range(count if at is not None else 0))
            if (entry := self._rows.entry(row)) is not None and entry.id == at
        )
        row = next(found, count - 1)
        self.setAccessibleDescription("" if count else _EMPTY)
        self.selectionModel().setCurrentIndex(
            self._rows.index(row), QItemSelectionModel.SelectionFlag.NoUpdate
        )
        if not self._is_at_end:
            self.verticalScrollBar().setValue(top)

    def _scrolled(self, value: int) -> None:
        self._is_at_end = value == self.verticalScrollBar().maximum()

    def _grown(self) -> None:
        if self._is_at_end:
            self.scrollToBottom()

    def _choice_of(self, key: Qt.Key, row: int) -> Choice | None:
        """What ``key`` wants of the message of ``row``; P and X pressed again take it back."""
        now = self._rows.choice(row)
        if key == Qt.Key.Key_Space:
            return _CYCLE[now]
        for choice, wanted in ((Choice.ALWAYS, Qt.Key.Key_P), (Choice.NEVER, Qt.Key.Key_X)):
            if key == wanted:
                return Choice.STRATEGY if now is choice else choice
        return None
