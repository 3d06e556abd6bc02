"""What is on its way into a message: read, drawn anew or read as text, and kept, off the GUI thread."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desktop_chat.attachments import (
    Attachments,
    Extracted,
    FileNotTaken,
    Unreadable,
    media_type_of,
    plain_name,
)
from desktop_chat.domain.attaching import objection
from desktop_chat.domain.counting import read_size
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role
from desktop_chat.domain.model import Ability
from desktop_chat.tasks import Tasks
from desktop_chat.ui.attachments.pictures import NotAPicture, is_picture, prepared
from desktop_chat.ui.attachments.words import attachment_of
from desktop_chat.ui.safe import one_line

MOST_AT_ONCE = 50
"""Files that are taken at once: a folder's worth that was dropped by mistake is not."""
SOURCES = 100_000_000
"""Bytes of images as they came that are remembered, so that another detail can be chosen for them."""
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg"}
_AS_TEXT = ("text/", "application/json", "application/x-ipynb", "application/yaml", "image/svg")
"""Kinds of files that are texts: a model reads these best as they are written."""

Source = bytes | QImage
Load = Callable[[], Source]
"""Gives what is to be attached; blocks, and raises ``FileNotTaken`` or ``NotAPicture``."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where attachments go: ``find_key`` tells the key of the draft or the message they are for, which is
    another once a new chat is stored.

    ``endpoint`` is None where there is none yet, ``abilities`` of the model where they are not known.
    """

    find_key: Callable[[], str]
    model: str
    endpoint: Endpoint | None = None
    abilities: frozenset[Ability] | None = None

    @property
    def key(self) -> str:
        """The key as it is now."""
        return self.find_key()

    @property
    def takes_files(self) -> bool:
        """Whether files may be sent as they are."""
        return self.endpoint is not None and self.endpoint.takes_files

    def objections(self, parts: Sequence[Part]) -> str:
        """Why ``parts`` would hardly be taken, in sentences; empty where nothing speaks against it."""
        if self.endpoint is None or not parts:
            return ""
        message = Message("", None, Role.USER, list(parts))
        found = objection(self.endpoint, self.model, self.abilities, [message])
        return " ".join(map(one_line, found.reasons)) if found is not None else ""


@dataclass(eq=False, slots=True)
class Pending:
    """One that is being read."""

    name: str
    target: Target
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)


class Intake(QObject):
    """Takes one after the other, in the order in which they came.

    ``attached`` has the key of the draft and the part; ``refused`` a sentence, and ``noted`` what is to be
    known of one that goes as text: that this is not all of it, say. ``changed`` says that :attr:`pending`
    did.
    """

    attached = Signal(str, object)
    refused = Signal(str)
    noted = Signal(str)
    changed = Signal()

    def __init__(self, attachments: Attachments, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._attachments, self._tasks = attachments, tasks
        self.pending: list[Pending] = []
        self.notes: dict[str, tuple[str, ...]] = {}
        """What is to be said of how files were read, by hash."""
        self._sources: OrderedDict[str, Source] = OrderedDict()
        self._one_by_one = asyncio.Lock()

    def take(self, name: str, load: Load, target: Target) -> None:
        """Attach what ``load`` gives, which is called on a thread."""
        name = plain_name(name)
        if len(self.pending) >= MOST_AT_ONCE:
            self.refused.emit(f"“{name}” was not attached: {MOST_AT_ONCE} files are taken at once.")
            return
        pending = Pending(name, target)
        self.pending.append(pending)
        pending.task = self._tasks.start(self._take(pending, load), "attach")
        self.changed.emit()

    def cancel(self, pending: Pending) -> None:
        """Leave one out that is being read."""
        if pending.task is not None:
            pending.task.cancel()
        self._end(pending)

    def cancel_for(self, key: str) -> None:
        """Leave out all that is being read for the draft or the message of this key."""
        for pending in [one for one in self.pending if one.target.key == key]:
            self.cancel(pending)

    async def with_detail(self, part: Part, detail: str, model: str) -> Part:
        """``part`` looked at as closely as ``detail`` says, drawn anew for it where more of it is known.

        Raises ``AttachmentMissing``, :class:`NotAPicture` and ``OSError``.
        """
        data = attachment_of(part)
        if data.url:
            return replace(part, data=replace(data, detail=detail))
        source = self._sources.get(data.hash)
        if source is None:
            if read_size(model, data.width, data.height, detail) == (data.width, data.height):
                return replace(part, data=replace(data, detail=detail))
            source = await self._attachments.read(data.hash)
        return replace(part, data=await self._picture(source, model, detail))

    async def _take(self, pending: Pending, load: Load) -> None:
        problem = ""
        try:
            async with self._one_by_one:
                source = await asyncio.to_thread(load)
                part = await self._part(source, pending.name, pending.target)
        except (FileNotTaken, NotAPicture, Unreadable) as error:
            problem = str(error)
        except OSError as error:
            problem = f"It cannot be kept: {error.strerror or error}."
        else:
            self.attached.emit(pending.target.key, part)
            data = attachment_of(part)
            if data.as_text and (notes := self.notes.get(data.hash)):
                self.noted.emit(f"“{pending.name}” was attached as text. {' '.join(notes)}")
        finally:
            self._end(pending)
        if problem:
            self.refused.emit(f"“{pending.name}” was not attached. {problem}")

    async def _part(self, source: Source, name: str, target: Target) -> Part:
        if isinstance(source, QImage) or is_picture(source):
            data = await self._picture(source, target.model, "auto")
            suffix = _SUFFIXES[data.media_type]
            if PurePath(name).suffix.lower() not in (suffix, ".jpeg"):
                name = (PurePath(name).stem or "image") + suffix
            return Part(PartKind.IMAGE, name=name, data=data)
        if not source:
            raise FileNotTaken("It is empty.")
        try:
            found = await self._attachments.extract(source, name)
        except Unreadable as error:
            if not target.takes_files:
                raise
            found = Extracted("", media_type_of(source, name), (str(error),))
        kind = found.media_type
        as_text = bool(found.text) and (not target.takes_files or kind.startswith(_AS_TEXT))
        kept = await self._attachments.add(source, kind)
        self.notes[kept.hash] = found.notes
        return Part(PartKind.FILE, text=found.text, name=name, data=replace(kept, as_text=as_text))

    async def _picture(self, source: Source, model: str, detail: str) -> Attachment:
        picture = await asyncio.to_thread(prepared, source, model, detail)
        size = {"width": picture.width, "height": picture.height}
        kept = await self._attachments.add(picture.data, picture.media_type, **size)
        self._sources[kept.hash] = source
        while len(self._sources) > 1 and sum(map(_length, self._sources.values())) > SOURCES:
            self._sources.popitem(last=False)
        return replace(kept, detail=detail)

    def _end(self, pending: Pending) -> None:
        if pending in self.pending:
            self.pending.remove(pending)
            self.changed.emit()


def _length(source: Source) -> int:
    return source.sizeInBytes() if isinstance(source, QImage) else len(source)
