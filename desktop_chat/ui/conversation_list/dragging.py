"""Dragging chats and folders into folders, and files onto the list."""

from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QDrag, QFont, QPainter, QPixmap
from PySide6.QtWidgets import QListView

from desktop_chat.domain.listing import Folder
from desktop_chat.ui.conversation_list.model import ConversationModel
from desktop_chat.ui.conversation_list.ordering import Chosen, Ordering
from desktop_chat.ui.conversation_list.rows import Kind
from desktop_chat.ui.counts import counted
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme

MIME_TYPE = "application/x-desktop-chat-rows"
OPENS_AFTER = 700
"""Milliseconds over a closed folder until it opens."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where what is dragged would go: into ``folder``, None for none; of folders before ``before``, at its
    end where that is None. ``row`` is marked as a whole, or with ``line`` above (-1) or below (1) it."""

    folder: str | None
    row: int
    before: Folder | None = None
    line: int = 0


class Dragging:
    """What is dragged from the list, and where over it that may be dropped."""

    def __init__(self, view: QListView, model: ConversationModel, ordering: Ordering, theme: Theme) -> None:
        self._view = view
        self._model = model
        self._ordering = ordering
        self._theme = theme
        self.what: Chosen | Folder | None = None
        self.target: Target | None = None
        self._opening = QTimer(view, singleShot=True, interval=OPENS_AFTER)
        self._opening.timeout.connect(self._open)

    def start(self, what: Chosen | Folder, title: str) -> None:
        """Drag these until they are dropped; ``title`` is that of a single one."""
        self.what = what
        data = QMimeData()
        data.setData(MIME_TYPE, b"1")
        drag = QDrag(self._view)
        drag.setMimeData(data)
        if not isinstance(what, Folder) and len(what) > 1:
            title = counted(len(what), "chat")
        drag.setPixmap(self._picture(title))
        drag.setHotSpot(QPoint(-self._theme.px(12), -self._theme.px(4)))
        drag.exec(Qt.DropAction.MoveAction)
        self.what = None
        self.leave()

    def move(self, at: QPoint) -> bool:
        """What is dragged is here now; gives whether it can be dropped."""
        before, self.target = self.target, self._target_at(at)
        if before != self.target:
            self._view.viewport().update()
            folder = self._model.folder(self._model.index(self.target.row)) if self.target else None
            if (
                folder is not None
                and self.target
                and not self.target.line
                and folder.id not in self._model.opened
            ):
                self._opening.start()
            else:
                self._opening.stop()
        return self.target is not None

    def drop(self) -> None:
        """It is dropped where it is."""
        what, target = self.what, self.target
        self.leave()
        if what is None or target is None:
            return
        if isinstance(what, Folder):
            self._ordering.put_folder(what, target.folder, target.before)
        else:
            self._ordering.move(what, target.folder)

    def leave(self) -> None:
        """It is over the list no longer."""
        self.target = None
        self._opening.stop()
        self._view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        """Mark where it would go."""
        if (target := self.target) is None:
            return
        px = self._theme.px
        row = self._view.visualRect(self._model.index(target.row))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        accent = QColor(self._theme.colors.accent)
        if target.line:
            y = row.top() if target.line < 0 else row.bottom() + 1
            painter.setBrush(accent)
            painter.drawRoundedRect(QRect(px(8), y - px(1), row.width() - px(16), px(2)), 1, 1)
        elif row.isValid():
            accent.setAlphaF(0.18)
            painter.setBrush(accent)
            painter.drawRoundedRect(row, px(RADIUS_CONTROL), px(RADIUS_CONTROL))

    def _target_at(self, at: QPoint) -> Target | None:
        index = self._view.indexAt(at)
        run = self._model.run(index)
        if self.what is None or not self._model.is_plain:
            return None
        if run is None or run.folder is None:
            # The days, their names and the room below are what is in no folder.
            return None if self._lies_in(None) else Target(None, index.row())
        if run.kind is Kind.CHATS:
            row = self._model.find(run.folder.id).row()
            return None if self._lies_in(run.folder.id) else Target(run.folder.id, row)
        folder = run.folder
        if isinstance(self.what, Folder):
            area = self._view.visualRect(index)
            edge = area.height() // 4
            line = -1 if at.y() < area.top() + edge else 1 if at.y() > area.bottom() - edge else 0
            if line > 0 and run.is_open:
                line = 0
            if self._ordering.holds(self.what, folder.parent if line else folder.id):
                return None
            if line:
                beside = self._ordering.beside(folder)
                after = beside.index(folder) + 1
                before = folder if line < 0 else beside[after] if after < len(beside) else None
                return Target(folder.parent, index.row(), before, line)
        return None if self._lies_in(folder.id) else Target(folder.id, index.row())

    def _lies_in(self, folder_id: str | None) -> bool:
        """Whether what is dragged is there already, all of it, as far as is known."""
        if isinstance(self.what, Folder):
            return self.what.parent == folder_id
        known = [self._model.pages[seq] for seq in self.what or ()]
        return bool(known) and all(chat is not None and chat.folder == folder_id for chat in known)

    def _open(self) -> None:
        if self.target is not None and (folder := self._model.folder(self._model.index(self.target.row))):
            self._model.toggle(folder.id)

    def _picture(self, text: str) -> QPixmap:
        px, colors = self._theme.px, self._theme.colors
        font = self._theme.font(13, QFont.Weight.DemiBold)
        ratio = self._view.devicePixelRatioF()
        drawn = QPixmap(round(px(220) * ratio), round(px(30) * ratio))
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font)
        text = painter.fontMetrics().elidedText(one_line(text), Qt.TextElideMode.ElideRight, px(196))
        width = painter.fontMetrics().horizontalAdvance(text) + px(24)
        painter.setPen(colors.line)
        painter.setBrush(colors.raised)
        frame = QRect(0, 0, width, px(30)).toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, px(RADIUS_CONTROL), px(RADIUS_CONTROL))
        painter.setPen(colors.text)
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
        return drawn


def local_files(data: QMimeData) -> list[str]:
    """The files of this machine that are dragged."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
