"""The map of a chat: every branch of it, painted like the history of a program's source."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QObject, QPointF, QRectF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.domain.branches import Branch, branches
from desktop_chat.session import ChatSession
from desktop_chat.ui.card_parts import button, words
from desktop_chat.ui.safe import one_line, tool_tip
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme
from desktop_chat.ui.versions.rows import DEEPEST, BranchModel, Index, ItemRole

SIZE, SMALLEST = (560, 520), (380, 300)
ROW_HEIGHT = 48
LANE = 18
DOT = 4.5
HOW_TO_SELECT = "Select two branches, with Ctrl or Shift."
_LINE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


class BranchDelegate(QStyledItemDelegate):
    """Paints a row: its lane at the left, who and when above, the first words and how many below."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colors, px, font = self._theme.colors, self._theme.px, self._theme.font
        branch: Branch = index.data(ItemRole.BRANCH)
        row = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = option.state & QStyle.StateFlag.State_Selected
        focused = option.state & QStyle.StateFlag.State_HasFocus
        if selected or focused or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(colors.accent_soft if selected else colors.hover)
            painter.setPen(QPen(colors.accent, 2) if focused else Qt.PenStyle.NoPen)
            inset = 1.0 if focused else 0.0
            radius = px(RADIUS_CONTROL)
            painter.drawRoundedRect(row.adjusted(inset, inset, -inset, -inset), radius, radius)
        depth = min(branch.depth, DEEPEST)
        self._paint_lanes(painter, row, branch, depth, index.data(ItemRole.LANES))
        content = row.adjusted(px(20 + LANE * depth + 14), px(5), -px(12), -px(5))
        half = content.height() / 2
        above = QRectF(content.left(), content.top(), content.width(), half)
        below = above.translated(0, half)
        strong = QFont.Weight.DemiBold if branch.is_active else QFont.Weight.Normal
        quiet = colors.dim if selected or focused else colors.faint
        for area, right in ((above, ItemRole.TIME), (below, ItemRole.LENGTH)):
            painter.setFont(font(12))
            painter.setPen(quiet)
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | _LINE, index.data(right))
            area.setRight(area.right() - painter.fontMetrics().horizontalAdvance(index.data(right)) - px(12))
        name = index.data(ItemRole.NAME)
        painter.setFont(font(12.5, QFont.Weight.DemiBold))
        painter.setPen(colors.text)
        elided = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(above.width()))
        painter.drawText(above, _LINE, elided)
        above.setLeft(above.left() + painter.fontMetrics().horizontalAdvance(elided) + px(8))
        painter.setFont(font(12))
        painter.setPen(quiet)
        if painter.fontMetrics().horizontalAdvance(index.data(ItemRole.PLACE)) <= above.width():
            painter.drawText(above, _LINE, index.data(ItemRole.PLACE))
        painter.setFont(font(13, strong))
        painter.setPen(colors.text if branch.is_active else colors.dim)
        said = index.data(ItemRole.WORDS)
        painter.drawText(
            below,
            _LINE,
            painter.fontMetrics().elidedText(said, Qt.TextElideMode.ElideRight, int(below.width())),
        )
        painter.restore()

    def _paint_lanes(
        self, painter: QPainter, row: QRectF, branch: Branch, depth: int, beside: Sequence[bool]
    ) -> None:
        colors, px = self._theme.colors, self._theme.px

        def lane(number: int) -> float:
            return row.left() + px(20) + number * px(LANE)

        x, y = lane(depth), row.top() + px(16)
        shown, other = QPen(colors.accent, 2), QPen(colors.faint, 1.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # A side branch stands before what goes on in the line that it leaves: all lanes beside it go on.
        for number in range(depth):
            painter.setPen(shown if beside[number] else other)
            painter.drawLine(QPointF(lane(number), row.top()), QPointF(lane(number), row.bottom()))
        if branch.is_side:
            painter.setPen(other)
            path = QPainterPath(QPointF(lane(depth - 1), row.top()))
            path.cubicTo(QPointF(lane(depth - 1), y), QPointF(lane(depth - 1), y), QPointF(x, y))
            painter.drawPath(path)
        elif not branch.begins:
            painter.setPen(shown if branch.is_active else other)
            painter.drawLine(QPointF(x, row.top()), QPointF(x, y))
        painter.setPen(shown if branch.is_active else other)
        if branch.goes_on:
            painter.drawLine(QPointF(x, y), QPointF(x, row.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.accent if branch.is_active else colors.faint)
        painter.drawEllipse(QPointF(x, y), px(DOT), px(DOT))


class BranchList(QListView):
    """Enter or a double click shows a branch; two that are selected can be compared."""

    opened = Signal(int)

    def __init__(self, theme: Theme, rows: BranchModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("branches")
        self.setAccessibleName("Branches")
        self.setModel(rows)
        self.setItemDelegate(BranchDelegate(theme, self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)


class BranchMap(QDialog):
    """A window of its own, not modal: it follows the chat that is shown.

    ``compared`` carries two ids of messages.
    """

    compared = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("branchMap")
        self.setAccessibleName("Branches")
        self.setWindowTitle("Branches")
        self._theme = theme
        self._session: ChatSession | None = None
        self._connections: list[SignalInstance] = []
        self.rows = BranchModel(self)
        self.about = words(theme, size=12.5, color="dim")
        self.about.setObjectName("branchesAbout")
        self.list = BranchList(theme, self.rows)
        self.list.opened.connect(self._open)
        self.list.selectionModel().selectionChanged.connect(self._selection_changed)
        self.show_button = button("Show in chat", primary=True)
        self.show_button.clicked.connect(self._open_selected)
        self.compare_button = button("Compare")
        self.compare_button.clicked.connect(self._compare)
        close = button("Close")
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        for each in (self.show_button, self.compare_button):
            each.setAutoDefault(False)
            foot.addWidget(each)
        foot.addStretch(1)
        foot.addWidget(close)
        close.setAutoDefault(False)
        self._foot = foot
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.about)
        self._column.addWidget(self.list, 1)
        self._column.addLayout(foot)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(SIZE[0]), self._theme.px(SIZE[1]))

    def set_session(self, session: ChatSession | None) -> None:
        """Show the branches of another chat, the one on the screen selected."""
        for signal in self._connections:
            signal.disconnect(self._refresh)
        self._connections.clear()
        self._session = session
        if session is not None:
            self._connections = [
                session.path_changed,
                session.message_added,
                session.message_changed,
                session.conversation_changed,
            ]
            for signal in self._connections:
                signal.connect(self._refresh)
        self._refresh()
        self._select(self.rows.shown_row)

    def _refresh(self) -> None:
        session = self._session
        found = branches(session.tree) if session is not None else []
        before = self.list.currentIndex().row()
        count = self.rows.rowCount()
        if session is not None:
            self.rows.set_branches(found, session.tree)
        title = one_line(session.conversation.title) if session is not None else ""
        self.setWindowTitle(f"Branches — {title}" if title else "Branches")
        if len(found) < 2:
            self.about.setText("This chat has one path. Another begins when you edit or regenerate.")
        else:
            self.about.setText(f"{len(found):,} branches. Enter shows one in the chat.")
        if count != len(found):
            self._select(min(before, len(found) - 1) if before >= 0 else self.rows.shown_row)
        self._selection_changed()

    def _select(self, row: int) -> None:
        if row >= 0:
            index = self.rows.index(row)
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.list.selectionModel().setCurrentIndex(index, flag)
            self.list.scrollTo(index)

    def _selected(self) -> list[int]:
        return sorted(index.row() for index in self.list.selectionModel().selectedIndexes())

    def _selection_changed(self) -> None:
        rows = self._selected()
        self.show_button.setEnabled(len(rows) == 1)
        self.compare_button.setEnabled(len(rows) == 2)
        self.compare_button.setToolTip("" if len(rows) == 2 else tool_tip(HOW_TO_SELECT))

    def _open_selected(self) -> None:
        self._open(self._selected()[0])

    def _open(self, row: int) -> None:
        if self._session is not None and not self._session.is_busy:
            self._session.show_version(self.rows.branch(row).last)

    def _compare(self) -> None:
        one, other = self._selected()
        self.compared.emit(self.rows.branch(one).first, self.rows.branch(other).first)

    def _restyle(self) -> None:
        px = self._theme.px
        self.setMinimumSize(px(SMALLEST[0]), px(SMALLEST[1]))
        self._column.setContentsMargins(px(12), px(16), px(12), px(16))
        self._column.setSpacing(px(10))
        self._foot.setSpacing(px(8))
