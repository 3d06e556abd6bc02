"""How a row of the list of conversations is painted, and how it is renamed."""

from PySide6.QtCore import (
    QAbstractItemModel,
    QObject,
    QPointF,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop_chat.domain.conversation import Conversation
from desktop_chat.ui.conversation_list.model import ConversationModel, Index
from desktop_chat.ui.conversation_list.rows import Kind, Run
from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme

ROW_HEIGHT = 34
"""One height for all rows, so that 100,000 need no measuring."""
INDENT = 22
DEEPEST = 4
"""Levels that are indented; what lies deeper stands there too, or its title would have no room."""
MOST_DOTS = 3
"""Tags of a row that are shown as dots."""


class ConversationDelegate(QStyledItemDelegate):
    """Paints a row: the open chat tinted and bold, a dot where an answer is being written or was not read
    yet, small dots for tags, a bar for what is still being read."""

    renamed = Signal(object, str)
    """A conversation's id or a :class:`Folder`, and its new name."""

    def __init__(self, theme: Theme, model: ConversationModel, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self.open_id = ""
        self.shows_several = False
        """Whether several rows are selected together: then these are tinted, not the open chat."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        run = self._model.run(index)
        if run is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if run.kind is Kind.GROUP:
            self._paint_group(painter, option, run)
        else:
            conversation = self._model.conversation(index) if run.kind is Kind.CHATS else None
            is_open = conversation is not None and conversation.id == self.open_id
            self._paint_ground(painter, option, is_open)
            if run.kind is Kind.FOLDER:
                self._paint_folder(painter, self._text_area(option, run.level), run)
            elif conversation is None:
                self._paint_missing(painter, self._text_area(option, run.level), index.row())
            else:
                self._paint_chat(
                    painter, self._text_area(option, run.level), conversation, is_open, run.level > 0
                )
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        is_folder = self._model.folder(index) is not None
        editor.setObjectName("renameFolder" if is_folder else "renameChat")
        editor.setAccessibleName("New name" if is_folder else "New title")
        editor.setMaxLength(200)
        self._model.hold(True)
        return editor

    def destroyEditor(self, editor: QWidget, index: Index) -> None:
        super().destroyEditor(editor, index)
        # Not now: the view is in the middle of letting go of the row.
        QTimer.singleShot(0, self._model, lambda: self._model.hold(False))

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        run = self._model.run(index)
        level = 0 if run is None else run.level + (run.kind is Kind.FOLDER)
        editor.setGeometry(option.rect.adjusted(self._indent(level), 0, 0, 0))

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Called again when the chat changes: what the user has typed since stays."""
        if isinstance(editor, QLineEdit) and not editor.isModified():
            editor.setText(index.data())

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if not isinstance(editor, QLineEdit) or not (name := editor.text().strip()) or name == index.data():
            return
        if (folder := self._model.folder(index)) is not None:
            self.renamed.emit(folder, name)
        elif (conversation := self._model.conversation(index)) is not None:
            self.renamed.emit(conversation.id, name)

    def _indent(self, level: int) -> int:
        return self._theme.px(INDENT) * min(level, DEEPEST)

    def _text_area(self, option: QStyleOptionViewItem, level: int) -> QRectF:
        margin = self._theme.px(10)
        return QRectF(option.rect).adjusted(margin + self._indent(level), 0, -margin, 0)

    def _paint_group(self, painter: QPainter, option: QStyleOptionViewItem, run: Run) -> None:
        painter.setFont(self._theme.font(12, QFont.Weight.DemiBold))
        painter.setPen(self._theme.colors.faint)
        area = self._text_area(option, 0).adjusted(0, self._theme.px(8), 0, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, run.name)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, is_open: bool) -> None:
        colors, px = self._theme.colors, self._theme.px
        row = QRectF(option.rect)
        framed = bool(option.state & QStyle.StateFlag.State_HasFocus)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        tinted = selected if self.shows_several else is_open
        if tinted or framed or selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(colors.accent_soft if tinted else colors.hover)
            painter.setPen(QPen(colors.accent, 2) if framed else Qt.PenStyle.NoPen)
            inset = 1.0 if framed else 0.0
            shape = row.adjusted(inset, inset, -inset, -inset)
            painter.drawRoundedRect(shape, px(RADIUS_CONTROL), px(RADIUS_CONTROL))

    def _paint_folder(self, painter: QPainter, area: QRectF, run: Run) -> None:
        size = self._theme.px(15)
        self._paint_icon(painter, "folder-open" if run.is_open else "folder", area, size)
        area.setLeft(area.left() + self._theme.px(INDENT))
        self._paint_title(painter, area, run.name, is_bold=False)

    def _paint_chat(
        self, painter: QPainter, area: QRectF, conversation: Conversation, is_open: bool, in_folder: bool
    ) -> None:
        px, colors, model = self._theme.px, self._theme.colors, self._model
        writing = model.is_writing(conversation)
        if writing or conversation.unread:
            radius = px(4) if writing else px(3.5)
            self._paint_dot(painter, QPointF(area.right() - px(4), area.center().y()), radius, colors.accent)
            area.setRight(area.right() - px(16))
        if conversation.pinned and in_folder:
            size = px(12)
            place = QRectF(area.right() - size, area.top(), size, area.height())
            self._paint_icon(painter, "pin", place, size)
            area.setRight(area.right() - size - px(6))
        tags = model.tags_of(conversation)[:MOST_DOTS]
        for tag in reversed(tags):
            at = QPointF(area.right() - px(3.5), area.center().y())
            self._paint_dot(painter, at, px(3.5), self._theme.tag_color(tag.color))
            area.setRight(area.right() - px(10))
        if tags:
            area.setRight(area.right() - px(4))
        self._paint_title(
            painter, area, model.title(conversation), is_bold=is_open or (conversation.unread and not writing)
        )

    def _paint_missing(self, painter: QPainter, area: QRectF, row: int) -> None:
        """A bar where a title will stand, of a length that differs from row to row."""
        height = self._theme.px(8)
        width = area.width() * (0.45 + 0.12 * (row * 7 % 4))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colors.hover)
        bar = QRectF(area.left(), area.center().y() - height / 2, width, height)
        painter.drawRoundedRect(bar, height / 2, height / 2)

    def _paint_title(self, painter: QPainter, area: QRectF, title: str, *, is_bold: bool) -> None:
        weight = QFont.Weight.DemiBold if is_bold else QFont.Weight.Normal
        painter.setFont(self._theme.font(weight=weight))
        painter.setPen(self._theme.colors.text)
        shown = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)

    def _paint_icon(self, painter: QPainter, name: str, area: QRectF, size: int) -> None:
        device = painter.device()
        ratio = device.devicePixelRatioF() if device is not None else 1.0
        image = pixmap(name, self._theme.colors.dim, size, ratio)
        painter.drawPixmap(QPointF(area.left(), round(area.center().y() - size / 2)), image)

    @staticmethod
    def _paint_dot(painter: QPainter, at: QPointF, radius: float, color: QColor) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(at, radius, radius)
