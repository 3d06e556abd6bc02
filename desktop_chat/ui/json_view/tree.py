"""JSON as a tree that is walked by keys: names and values, in the colours of code."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from desktop_chat.ui.json_view.model import JsonModel, Look, Place, Role
from desktop_chat.ui.theme import Theme

OPEN_ROWS = 40
"""Rows that are unfolded at first, as far as they go."""
ROW_HEIGHT = 28


class JsonTree(QTreeView):
    """``menu_requested`` carries a menu to be filled for the current row."""

    menu_requested = Signal(QMenu)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("jsonTree")
        self.setAccessibleName("JSON tree")
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # The current row is painted here: the style would leave gaps in it.
        self.setStyleSheet(
            "QTreeView { selection-background-color: transparent; }"
            "QTreeView::item, QTreeView::item:hover, QTreeView::item:selected { background: transparent; }"
        )
        self.setItemDelegate(_Delegate(theme, self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        # Only rows in view are measured, not a thousand.
        header.setResizeContentsPrecision(0)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def json(self) -> JsonModel:
        model = self.model()
        assert isinstance(model, JsonModel)
        return model

    def show_value(self, value: object) -> None:
        """Show ``value`` with its first levels unfolded."""
        before = self.model()
        model = JsonModel(value, self)
        self.setModel(model)
        if before is not None:
            before.deleteLater()
        rows, level = model.rowCount(), [QModelIndex()]
        while level and rows <= OPEN_ROWS:
            below = [model.index(row, 0, index) for index in level for row in range(model.rowCount(index))]
            level = []
            for index in below:
                rows += model.rowCount(index)
                if rows > OPEN_ROWS:
                    break
                if model.hasChildren(index):
                    self.expand(index)
                    level.append(index)
        self.setCurrentIndex(model.index(0, 0))

    def show_place(self, place: Place) -> None:
        """Unfold what holds a value, and make it the current one."""
        index = self.json.index_of(place)
        above = index.parent()
        while above.isValid():
            self.expand(above)
            above = above.parent()
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def drawRow(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The current row all across, with a ring where the keys are here."""
        if index == self.currentIndex():
            colors = self._theme.colors
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colors.accent, 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(colors.accent_soft)
            rect = QRectF(option.rect)
            rect.setLeft(0)
            rect.setWidth(self.viewport().width())
            radius = self._theme.px(6)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
            painter.restore()
        super().drawRow(painter, option, index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Without the key that unfolds everything: that could be millions of rows."""
        if event.text() == "*":
            event.ignore()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.currentIndex().isValid():
            return
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        self.menu_requested.emit(menu)
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        menu.popup(at)

    def _restyle(self) -> None:
        self.setFont(self._theme.code_font(12.5))
        self.setIndentation(self._theme.px(18))
        self.scheduleDelayedItemsLayout()


class _Delegate(QStyledItemDelegate):
    """A name, and its value in the colour of its kind."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        self.initStyleOption(option, index)
        option.text = ""
        widget = option.widget
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        colors = self._theme.colors
        look = {
            Look.TEXT: colors.code_string,
            Look.NUMBER: colors.code_number,
            Look.WORD: colors.code_keyword,
            Look.MEMBERS: colors.dim,
        }[index.data(Role.LOOK)]
        painter.save()
        painter.setFont(option.font)
        metrics = option.fontMetrics
        rect = option.rect.adjusted(self._theme.px(6), 0, 0, 0)
        name, value = index.data(Role.NAME), index.data(Role.VALUE)
        if name:
            rect = self._draw(painter, metrics, rect, name, colors.text)
            rect = self._draw(painter, metrics, rect, ":  " if value else "", colors.dim)
        self._draw(painter, metrics, rect, value, look)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        metrics = option.fontMetrics
        text = f"{index.data(Role.NAME)}:  {index.data(Role.VALUE)}"
        px = self._theme.px
        return QSize(metrics.horizontalAdvance(text) + px(18), max(px(ROW_HEIGHT), metrics.height()))

    @staticmethod
    def _draw(painter: QPainter, metrics: QFontMetrics, rect: QRect, text: str, color: QColor) -> QRect:
        painter.setPen(color)
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        return rect.adjusted(metrics.horizontalAdvance(text), 0, 0, 0)
