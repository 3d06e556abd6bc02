"""An attachment in a window of its own: as it is sent, or as it was."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QGuiApplication,
    QImage,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.attachments import Attachments
from desktop_chat.domain.errors import AttachmentMissing
from desktop_chat.domain.message import DETAILS, Attachment, Part, PartKind, file_text
from desktop_chat.tasks import Tasks
from desktop_chat.ui.addresses import shown
from desktop_chat.ui.attachments.pictures import NotAPicture
from desktop_chat.ui.attachments.words import attachment_of, name_of, sent_as, was_sent
from desktop_chat.ui.card_parts import button, recolor, row, words
from desktop_chat.ui.composer import has_long_words
from desktop_chat.ui.file_saver import FileSaver
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.images import FORMATS, decoded

SIZE, SMALLEST = (720, 560), (380, 300)
PIECE = 50_000
"""Characters that are laid out at once: Qt takes seconds for millions of them. More follow as they are
scrolled to."""
MOST_PIXELS = 12_000
"""Of a side of the picture that is shown."""
_DETAILS = {"auto": "Automatic", "low": "Low", "high": "High", "original": "Original"}
_GONE = "It is not on this computer any more, or is not what it was."

ChangeDetail = Callable[[Part, str], Awaitable[Part]]


class AttachmentWindow(QDialog):
    """Shows ``part``. With ``with_detail`` it is still to be sent, and what is sent of it can be chosen:
    ``changed`` has the part as it is then. ``notes`` tell how it was read.
    """

    changed = Signal(object)

    def __init__(
        self,
        theme: Theme,
        part: Part,
        attachments: Attachments,
        tasks: Tasks,
        parent: QWidget,
        *,
        model: str = "",
        notes: Sequence[str] = (),
        with_detail: ChangeDetail | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("attachmentWindow")
        self.setAccessibleName("Attachment")
        self.setWindowTitle(name_of(part))
        self.part = part
        self._theme, self._attachments, self._tasks = theme, attachments, tasks
        self._model, self._with_detail = model, with_detail
        self.is_sent = with_detail is None
        self._data: bytes | None = None
        self._task: asyncio.Task[None] | None = None
        self._saver = FileSaver(self)

        self._about = words(theme, size=12.5, color="dim")
        self._about.setObjectName("sentAs")
        self._notes = words(theme, "\n".join(map(one_line, notes)), size=12.5, color="warn")
        self._notes.setObjectName("readingNotes")
        self._notes.setVisible(bool(notes))
        self.picture = Picture(theme)
        self.picture.setAccessibleName(name_of(part))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("What is sent")
        self.text.setFont(theme.code_font())
        self.text.setUndoRedoEnabled(False)
        self._rest = ""
        """What of the text is not laid out yet."""
        for moved in (self.text.verticalScrollBar().valueChanged, self.text.verticalScrollBar().rangeChanged):
            moved.connect(self._show_more)

        self._choice = QComboBox()
        self._save = button("Save as…")
        self._save.setEnabled(False)
        self._save.clicked.connect(self._save_as)
        self._whole = QPushButton("Actual size")
        self._whole.setCheckable(True)
        self._whole.setAutoDefault(False)
        self._whole.toggled.connect(self.picture.set_whole)
        close = button("Close", primary=True)
        close.clicked.connect(self.close)
        column = QVBoxLayout(self)
        px = theme.px
        column.setContentsMargins(px(16), px(14), px(16), px(14))
        column.setSpacing(px(10))
        column.addWidget(words(theme, name_of(part), size=15, bold=True))
        column.addWidget(self._about)
        column.addWidget(self._notes)
        column.addWidget(self.picture, 1)
        column.addWidget(self.text, 1)
        self._space = words(theme, "How it is read is up to the server.", size=13, color="dim")
        self._space.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._space, 1)
        column.addLayout(row(theme, self._choice, None, self._whole, self._save, close))
        self._fill_choice()
        self._show()
        self._start(self._load())
        data = attachment_of(part)
        is_known = part.kind is PartKind.IMAGE and data.width and data.height
        self.resize(
            fitting_size(QSize(data.width, data.height), theme) if is_known else QSize(*map(px, SIZE))
        )
        # No smaller than what stands in a line: a smallest size of its own goes before that of its layout.
        self.setMinimumSize(QSize(px(SMALLEST[0]), px(SMALLEST[1])).expandedTo(self.minimumSizeHint()))
        close.setFocus()

    @property
    def choice(self) -> QComboBox:
        """How closely the model looks at an image, or what is sent of a file."""
        return self._choice

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._task is not None:
            self._task.cancel()
        super().closeEvent(event)

    def _fill_choice(self) -> None:
        data = attachment_of(self.part)
        if self.part.kind is PartKind.IMAGE:
            self._choice.setAccessibleName("Detail")
            for detail in DETAILS:
                self._choice.addItem(f"Detail: {_DETAILS[detail].lower()}", detail)
            self._choice.setToolTip(
                "How closely the model looks at the image: more detail takes more tokens."
            )
        else:
            self._choice.setAccessibleName("What is sent")
            self._choice.addItem("Send the file", False)
            if self.part.text:
                self._choice.addItem("Send its text", True)
        self._choice.setCurrentIndex(self._choice.findData(self._chosen_of(data)))
        self._choice.setVisible(self._with_detail is not None and self._choice.count() > 1)
        self._choice.activated.connect(self._chosen)

    def _chosen_of(self, data: Attachment) -> str | bool:
        return data.detail if self.part.kind is PartKind.IMAGE else data.as_text

    def _chosen(self) -> None:
        chosen = self._choice.currentData()
        data = attachment_of(self.part)
        if chosen == self._chosen_of(data):
            return
        if isinstance(chosen, bool):
            self._take(replace(self.part, data=replace(data, as_text=chosen)))
        elif self._with_detail is not None:
            self._start(self._change(chosen, self._with_detail))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._tasks.start(work, "attachment")

    async def _change(self, detail: str, with_detail: ChangeDetail) -> None:
        self._choice.setEnabled(False)
        try:
            part = await with_detail(self.part, detail)
        except (AttachmentMissing, NotAPicture, OSError) as error:
            self._tell(str(error) or _GONE)
            self._choice.setCurrentIndex(self._choice.findData(self._chosen_of(attachment_of(self.part))))
        else:
            self._take(part)
            await self._load()
        # Not where this was cancelled: then the window is gone.
        self._choice.setEnabled(True)

    def _take(self, part: Part) -> None:
        self.part = part
        self._show()
        self.changed.emit(part)

    def _show(self) -> None:
        data = attachment_of(self.part)
        is_picture = self.part.kind is PartKind.IMAGE and not data.url
        has_text = bool(data.url) or (self.part.kind is PartKind.FILE and data.as_text)
        recolor(self._about, "dim")
        self._about.setText(was_sent(self.part) if self.is_sent else sent_as(self.part, self._model))
        self.picture.setVisible(is_picture)
        self._whole.setVisible(is_picture)
        self.text.setVisible(has_text)
        self._space.setVisible(not is_picture and not has_text)
        self._save.setVisible(not data.url)
        if has_text:
            self.text.clear()
            self._rest = shown(data.url) if data.url else file_text(self.part)
            self._show_piece()

    def _show_more(self) -> None:
        bar = self.text.verticalScrollBar()
        if self._rest and bar.value() >= bar.maximum() - bar.pageStep():
            self._show_piece()

    def _show_piece(self) -> None:
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        if has_long_words(piece):
            self.text.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(piece)

    async def _load(self) -> None:
        data = attachment_of(self.part)
        if data.url:
            return
        try:
            self._data = await self._attachments.read(data.hash)
        except AttachmentMissing:
            self._tell(_GONE)
            return
        self._save.setEnabled(True)
        kind = FORMATS.get(data.media_type)
        if self.part.kind is PartKind.IMAGE and kind is not None:
            image = await asyncio.to_thread(decoded, self._data, kind, MOST_PIXELS, MOST_PIXELS)
            if image is None:
                self._tell("The image cannot be shown.")
            else:
                self.picture.set_image(image)

    def _tell(self, text: str) -> None:
        recolor(self._about, "error")
        self._about.setText(text)

    def _save_as(self) -> None:
        if self._data is not None:
            self._saver.ask("Save attachment", self.part.name or "attachment", self._data)


class Picture(QScrollArea):
    """An image as large as there is room, or pixel by pixel and scrolled."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("picture")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._inner = _Image(theme)
        self._whole = False
        self.setWidget(self._inner)

    @property
    def image(self) -> QImage | None:
        return self._inner.image

    def set_image(self, image: QImage) -> None:
        self._inner.image = image
        self._fit()

    def set_whole(self, whole: bool) -> None:
        """Show each pixel of the image as one of the screen."""
        self._whole = whole
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        image = self._inner.image
        if image is None:
            return
        size = (image.size().toSizeF() / self.devicePixelRatioF()).toSize().expandedTo(QSize(1, 1))
        room = self.maximumViewportSize()
        if not self._whole and (size.width() > room.width() or size.height() > room.height()):
            size.scale(room, Qt.AspectRatioMode.KeepAspectRatio)
        self._inner.resize(size)
        self._inner.update()


class _Image(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.image: QImage | None = None

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            # What is transparent is told apart from what is white or black.
            painter.fillRect(self.rect(), self._theme.colors.hover)
            painter.drawImage(QRect(0, 0, self.width(), self.height()), self.image)


def fitting_size(image: QSize, theme: Theme) -> QSize:
    """A window that shows an image of that many pixels as a whole, where the screen has room for it."""
    screen = QGuiApplication.primaryScreen()
    room = screen.availableSize() * 0.8
    px = theme.px
    wanted = (image.toSizeF() / screen.devicePixelRatio()).toSize() + QSize(px(32), px(150))
    return wanted.boundedTo(room).expandedTo(QSize(px(SMALLEST[0]), px(SMALLEST[1])))
