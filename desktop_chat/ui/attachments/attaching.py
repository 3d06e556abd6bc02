"""Wires the composer to all that attachments come from, and to what shows them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
)
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop_chat.attachments import Attachments
from desktop_chat.domain.message import Part
from desktop_chat.tasks import Tasks
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.attachments.drop_area import DropArea
from desktop_chat.ui.attachments.intake import Intake, Target
from desktop_chat.ui.attachments.sources import (
    Offer,
    Way,
    file_offer,
    has_offers,
    offered_address,
    offers,
)
from desktop_chat.ui.attachments.words import aside_of, attachment_of, name_of
from desktop_chat.ui.composer import Composer
from desktop_chat.ui.theme import Theme

if TYPE_CHECKING:
    from desktop_chat.ui.attachments.screenshot import Screenshot
    from desktop_chat.ui.attachments.viewer import AttachmentWindow

READING_SHOWN = 300
"""Milliseconds of reading after which a chip tells of it."""


class Attaching(QObject):
    """Attachments of the chat in ``host``, on the whole of which files can be dropped.

    ``target`` tells where attachments go now, None where nowhere; ``elsewhere`` has the key and the part of
    one that was read while the user went on to another chat.
    """

    elsewhere = Signal(str, object)

    def __init__(
        self,
        theme: Theme,
        composer: Composer,
        attachments: Attachments,
        tasks: Tasks,
        target: Callable[[], Target | None],
        host: QWidget,
    ) -> None:
        super().__init__(host)
        self._theme, self._composer, self._tasks = theme, composer, tasks
        self._attachments, self._target, self._host = attachments, target, host
        self.intake = Intake(attachments, tasks, self)
        self.intake.attached.connect(self._attached)
        self.intake.refused.connect(self.tell)
        self.intake.noted.connect(self.tell)
        self.intake.changed.connect(self._reading_changed)
        self._reading_soon = QTimer(self, singleShot=True, interval=READING_SHOWN)
        self._reading_soon.timeout.connect(self._show_reading)
        self._windows: list[AttachmentWindow] = []
        self._chips_of: dict[AttachmentWindow, Part] = {}
        """Windows of what is still to be sent, and as what the composer has it."""
        self._screenshot: Screenshot | None = None
        self._folder = ""
        self._area = DropArea(theme, host)
        composer.text_edit.taker = self
        composer.attach.chosen.connect(self._chosen)
        composer.attach.menu().aboutToShow.connect(self._look_at_the_clipboard)
        composer.chips.opened.connect(self._open_chip)
        composer.chips.cancelled.connect(self.intake.cancel)
        composer.text_changed.connect(self._look_at_limits)
        host.setAcceptDrops(True)
        host.installEventFilter(self)

    def wants(self, mime: QMimeData) -> bool:
        """Whether :meth:`take` would attach something, or ask for it."""
        return has_offers(mime) or bool(offered_address(mime))

    def take(self, mime: QMimeData) -> bool:
        """Attach what a clipboard or a drag has; False where there is nothing to be attached."""
        found = offers(mime)
        if found:
            self._take(found)
        elif address := offered_address(mime):
            self.ask_for_address(address)
            return True
        return bool(found)

    def ask_for_files(self) -> None:
        """Let the user choose files."""
        dialog = QFileDialog(self._host.window(), "Attach files", self._folder)
        dialog.setObjectName("attachDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._files_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_for_address(self, address: str = "") -> None:
        """Let the user enter the address of an image."""
        from desktop_chat.ui.attachments.address import AddressCard

        card = AddressCard(self._theme, self._host.window(), address)
        card.chosen.connect(self._add)
        card.show()

    def take_screenshot(self) -> None:
        """Let the user choose a part of the screen, with our windows out of the way."""
        from desktop_chat.ui.attachments.screenshot import Screenshot

        if self._screenshot is None:
            shot = self._screenshot = Screenshot(self._theme, self._tasks, self)
            shot.taken.connect(self._shot_taken)
            shot.failed.connect(self.tell)
            shot.ended.connect(self._shot_ended)
            shot.begin()

    def open(self, part: Part) -> None:
        """Show an attachment that was sent, in a window of its own."""
        self._show_window(part, is_sent=True)

    def tell(self, text: str) -> None:
        """Say why something is no attachment, or what to know of one."""
        self._composer.tell(text)
        announce(self._composer, text)

    def close(self) -> None:
        """Close the windows, and leave what is being read."""
        for window in list(self._windows):
            window.close()
        for pending in list(self.intake.pending):
            self.intake.cancel(pending)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Not only where it enters: a child that wants none of it passes moves and drops on as well.
        if isinstance(event, QDropEvent) and not isinstance(event, QDragEnterEvent | QDragMoveEvent):
            self._area.hide()
            if _takes_copies(event) and self._target() is not None and self.take(event.mimeData()):
                event.accept()
                self._composer.setFocus()
                return True
        elif isinstance(event, QDragEnterEvent | QDragMoveEvent):
            if _takes_copies(event) and self._target() is not None and self.wants(event.mimeData()):
                event.accept()
                self._area.cover()
                return True
        elif event.type() == QEvent.Type.DragLeave:
            self._area.hide()
        return False

    def _take(self, found: Iterable[Offer]) -> None:
        target = self._target()
        if target is not None:
            self._composer.tell("")
            for name, load in found:
                self.intake.take(name, load, target)

    def _chosen(self, way: Way) -> None:
        match way:
            case Way.FILE:
                self.ask_for_files()
            case Way.ADDRESS:
                self.ask_for_address()
            case Way.SCREENSHOT:
                self.take_screenshot()
            case Way.PASTE:
                self._composer.text_edit.paste()
                self._composer.setFocus()

    def _look_at_the_clipboard(self) -> None:
        mime = QGuiApplication.clipboard().mimeData()
        self._composer.attach.ways[Way.PASTE].setEnabled(mime is not None and self.wants(mime))

    def _files_chosen(self, paths: list[str]) -> None:
        self._folder = str(Path(paths[0]).parent)
        self._take(map(file_offer, paths))

    def _shot_taken(self, image: QImage) -> None:
        self._take([("Screenshot.png", lambda: image)])

    def _shot_ended(self) -> None:
        if self._screenshot is not None:
            self._screenshot.deleteLater()
            self._screenshot = None

    def _attached(self, key: str, part: Part) -> None:
        target = self._target()
        if target is not None and target.key == key:
            self._add(part)
        else:
            self.elsewhere.emit(key, part)

    def _add(self, part: Part) -> None:
        self._composer.set_attachments((*self._composer.attachments, part))
        target = self._target()
        model = target.model if target is not None else ""
        announce(self._composer, f"{name_of(part)} attached, {aside_of(part, model)}")

    def _reading_changed(self) -> None:
        if not self.intake.pending:
            self._reading_soon.stop()
            self._show_reading()
        elif not self._reading_soon.isActive():
            # Nothing is sent without what is being read; it is told of only where that takes a while.
            self._show_reading(hidden=True)
            self._reading_soon.start()
        else:
            self.look_anew()

    def look_anew(self) -> None:
        """Another chat or model is shown: tell what is being read for that, and what it would not take."""
        self._look_at_limits()
        self._show_reading(hidden=self._reading_soon.isActive())

    def _show_reading(self, *, hidden: bool = False) -> None:
        target = self._target()
        key = target.key if target is not None else ""
        pending = [one for one in self.intake.pending if one.target.key == key]
        self._composer.show_reading(
            [] if hidden else [(one.name, one) for one in pending], waits=bool(pending)
        )

    def _look_at_limits(self) -> None:
        target, parts = self._target(), self._composer.attachments
        self._composer.doubt(target.objections(parts) if parts and target is not None else "")

    def _open_chip(self, index: int) -> None:
        part = self._composer.attachments[index]
        window = self._show_window(part, is_sent=False)
        if window is not None:
            window.changed.connect(lambda now, window=window: self._replace(window, now))
            self._chips_of[window] = part

    def _replace(self, window: "AttachmentWindow", now: Part) -> None:
        """Something else of an attachment is to be sent, unless it was sent or removed meanwhile."""
        before, parts = self._chips_of[window], self._composer.attachments
        if before in parts:
            self._chips_of[window] = now
            self._composer.set_attachments([now if part == before else part for part in parts])

    def _show_window(self, part: Part, *, is_sent: bool) -> "AttachmentWindow | None":
        """The window of ``part``; None where there was one, which is now in front."""
        for window in self._windows:
            if window.part == part and window.is_sent == is_sent:
                window.raise_()
                window.activateWindow()
                return None
        from desktop_chat.ui.attachments.viewer import AttachmentWindow

        target = self._target()
        model = target.model if target is not None else ""

        async def with_detail(part: Part, detail: str) -> Part:
            return await self.intake.with_detail(part, detail, model)

        made = AttachmentWindow(
            self._theme,
            part,
            self._attachments,
            self._tasks,
            self._host.window(),
            model=model,
            notes=() if is_sent else self.intake.notes.get(attachment_of(part).hash, ()),
            with_detail=None if is_sent else with_detail,
        )
        self._windows.append(made)
        made.finished.connect(lambda: self._forget(made))
        made.show()
        return made

    def _forget(self, window: "AttachmentWindow") -> None:
        self._windows.remove(window)
        self._chips_of.pop(window, None)


def _takes_copies(event: QDropEvent) -> bool:
    """Have what is dropped be a copy: a file that is said to be moved would be deleted where it is from."""
    event.setDropAction(Qt.DropAction.CopyAction)
    return event.dropAction() is Qt.DropAction.CopyAction
