"""Chats as files: Markdown, pages, PDF, text, for fine-tuning, and in a format of our own that loses nothing.

All of it blocks and belongs into a thread. It reads chats as they are written, so that memory does not grow
with their number, and leaves nothing behind where it fails or is cancelled.
"""

import base64
import errno
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from desktop_chat.domain.archive import History, Library
from desktop_chat.domain.errors import AttachmentMissing
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.message import Attachment, Part, PartKind, Unknown
from desktop_chat.exporting import messages, own
from desktop_chat.exporting.chat import Chat, attachment_name
from desktop_chat.exporting.markdown import markdown
from desktop_chat.exporting.names import Names, safe
from desktop_chat.exporting.page import RASTER, page
from desktop_chat.exporting.plan import (
    ENDINGS,
    WITH_ATTACHMENTS,
    WITH_REASONING,
    WITH_VERSIONS,
    Cancelled,
    ExportFailed,
    Format,
    Packing,
    Plan,
    Read,
    Report,
    Scope,
    View,
    packing_of,
)
from desktop_chat.exporting.targets import Target, target
from desktop_chat.exporting.text import text

__all__ = [
    "ENDINGS",
    "WITH_ATTACHMENTS",
    "WITH_REASONING",
    "WITH_VERSIONS",
    "Cancelled",
    "ExportFailed",
    "Format",
    "Packing",
    "Plan",
    "Report",
    "Scope",
    "View",
    "export",
    "packing_of",
    "safe",
]

BESIDE = "attachments"
"""The folder of attachments."""
_PIECE = 1 << 16
"""Characters that are written at once."""
_FOLDERS, _FOLDER_NAME = 5, 40
"""How many folders deep files lie at most, and characters of a folder's name: a path of Windows has 260."""
_SUFFIX = 10
"""Characters of the ending of an attachment: of a name that is a sentence it may be most."""


def export(
    histories: Iterable[History],
    plan: Plan,
    *,
    read: Read,
    view: View,
    library: Library | None = None,
    ledger: Iterable[LedgerEntry] = (),
    progress: Callable[[int], None] = lambda chats: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Report:
    """Write ``histories`` as ``plan`` says; ``library`` and ``ledger`` go into our own format alone.

    ``progress`` is called with the number of chats that are written. What is in the trash is in our own
    format alone. Raises :class:`ExportFailed` and :class:`Cancelled`; then nothing was written.
    """
    writing = _Writing(plan, read, view, progress, is_cancelled)
    try:
        with target(plan.path, plan.packing) as made:
            writing.write(made, histories, library or Library(), ledger)
    except OSError as error:
        raise ExportFailed(_reason(error, plan.path)) from error
    return Report(made.path, writing.chats, tuple(writing.notes()))


def _reason(error: OSError, path: Path) -> str:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return f"There is no room left on the disk of {path.parent}."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"You are not allowed to write to {path.parent}."
    if error.errno == errno.ENOENT:
        return f"The folder {path.parent} is not there."
    if error.errno == errno.EFBIG:
        return f"The disk of {path.parent} takes no file of this size. A folder may fit."
    return f"{path.name} could not be written: {error.strerror or error}."


class _Writing:
    def __init__(
        self,
        plan: Plan,
        read: Read,
        view: View,
        progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._plan, self._read, self._view = plan, read, view
        self._progress, self._is_cancelled = progress, is_cancelled
        self._names = Names()
        self._beside: dict[str, str] = {}
        self._missing: set[str] = set()
        self._unanswered = 0
        self.chats = 0

    def notes(self) -> Iterator[str]:
        """What is not in the files, in plain words."""
        if count := len(self._missing):
            files = "1 attachment is" if count == 1 else f"{count:,} attachments are"
            yield f"{files} not on the disk any more."
        if count := self._unanswered:
            chats = "1 chat has" if count == 1 else f"{count:,} chats have"
            yield f"{chats} no whole answer and could not be used."

    def write(
        self, made: Target, histories: Iterable[History], library: Library, ledger: Iterable[LedgerEntry]
    ) -> None:
        match self._plan.format:
            case Format.JSON:
                self._write_own(made, histories, library, ledger)
            case Format.MESSAGES:
                with made.file("messages.jsonl") as file:
                    self._pour(file, self._lines(self._shown(histories)))
            case _:
                for history in self._shown(histories):
                    self._write_chat(made, history)
                    self._count()

    def _shown(self, histories: Iterable[History]) -> Iterator[History]:
        return (history for history in histories if history.conversation.deleted_at is None)

    def _count(self) -> None:
        self.chats += 1
        self._progress(self.chats)

    def _check(self) -> None:
        if self._is_cancelled():
            raise Cancelled

    def _pour(self, file: IO[bytes], pieces: Iterable[str]) -> None:
        kept: list[str] = []
        size = 0
        for piece in pieces:
            kept.append(piece)
            size += len(piece)
            if size >= _PIECE:
                self._check()
                file.write("".join(kept).encode("utf-8", "replace"))
                kept, size = [], 0
        self._check()
        file.write("".join(kept).encode("utf-8", "replace"))

    # Our own format

    def _write_own(
        self, made: Target, histories: Iterable[History], library: Library, ledger: Iterable[LedgerEntry]
    ) -> None:
        wanted: dict[str, None] = {}
        with made.file("chats.json") as file:
            self._pour(file, own.document(self._counted(histories, wanted), library, ledger))
        if self._plan.packing is Packing.FILE or not self._plan.attachments:
            return
        for draft in library.drafts.values():
            wanted.update(dict.fromkeys(_hashes(draft.parts)))
        for hash in wanted:
            self._check()
            if (data := self._content(hash)) is not None:
                with made.file(f"{BESIDE}/{hash}") as file:
                    file.write(data)

    def _counted(self, histories: Iterable[History], wanted: dict[str, None]) -> Iterator[History]:
        for history in histories:
            self._check()
            for message in history.messages:
                wanted.update(dict.fromkeys(_hashes(message.parts)))
            for draft in history.drafts.values():
                wanted.update(dict.fromkeys(_hashes(draft.parts)))
            yield history
            self._count()

    # Fine-tuning

    def _lines(self, histories: Iterable[History]) -> Iterator[str]:
        for history in histories:
            self._check()
            images = {}
            if self._plan.attachments:
                path = history.tree().path
                pictures = [part for message in path for part in message.attachments if _is_raster(part)]
                images = {
                    part.data.hash: url
                    for part in pictures
                    if isinstance(part.data, Attachment) and (url := self._data_url(part.data))
                }
            if line := messages.line(Chat(history, self._plan), images):
                yield line
                self._count()
            else:
                self._unanswered += 1

    # A file a chat

    def _write_chat(self, made: Target, history: History) -> None:
        self._check()
        chat = Chat(history, self._plan)
        ending = ENDINGS[self._plan.format]
        folders = [_folder_name(name, ending) for name in history.folder[:_FOLDERS]]
        folder = "/".join(folders)
        stem = safe(chat.title)
        if self._plan.attachments and self._plan.packing is not Packing.FILE:
            above = "../" * len(folders)
            for message in history.messages:
                for part in message.attachments:
                    if (place := self._put_beside(made, part)) is not None:
                        chat.links[_hash(part)] = above + place
        name = self._names.of(stem, ending, folder)
        match self._plan.format:
            case Format.MARKDOWN:
                pieces = markdown(chat)
            case Format.TEXT:
                pieces = text(chat, self._view)
            case Format.HTML:
                pieces = page(chat, self._view, self._data_url)
            case _:
                self._draw(made, history, name)
                return
        with made.file(name) as file:
            self._pour(file, pieces)

    def _put_beside(self, made: Target, part: Part) -> str | None:
        """The path of an attachment, which is written where it is not there yet; None without one."""
        hash = _hash(part)
        if not hash or (self._plan.format is Format.HTML and _is_raster(part)):
            return None
        if hash not in self._beside:
            self._check()
            if (data := self._content(hash)) is None:
                return None
            name = PurePosixPath(attachment_name(part))
            place = self._names.of(safe(name.stem, "file"), safe(name.suffix[1:], "", _SUFFIX), BESIDE)
            with made.file(place) as file:
                file.write(data)
            self._beside[hash] = place
        return self._beside[hash]

    def _draw(self, made: Target, history: History, name: str) -> None:
        with tempfile.TemporaryDirectory(dir=self._plan.path.parent, prefix=".desktop-chat-") as folder:
            drawn = Path(folder) / "chat.pdf"
            self._view.draw(history, drawn)
            self._check()
            with drawn.open("rb") as source, made.file(name) as file:
                shutil.copyfileobj(source, file)

    def _data_url(self, data: Attachment) -> str | None:
        if data.media_type not in RASTER or (content := self._content(data.hash)) is None:
            return None
        return f"data:{data.media_type};base64,{base64.b64encode(content).decode('ascii')}"

    def _content(self, hash: str) -> bytes | None:
        try:
            return self._read(hash)
        except AttachmentMissing:
            self._missing.add(hash)
            return None


def _folder_name(name: str, ending: str) -> str:
    """The name of a folder, which that of no chat's file beside it is."""
    made = safe(name, "Folder", _FOLDER_NAME)
    return f"{made}_" if made.casefold().endswith(f".{ending}") else made


def _hash(part: Part) -> str:
    match part.data:
        case Attachment(hash=hash):
            return hash
        case Unknown(attachment=hash):
            return hash or ""
    return ""


def _hashes(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if hash := _hash(part):
            yield hash


def _is_raster(part: Part) -> bool:
    return (
        part.kind is PartKind.IMAGE and isinstance(part.data, Attachment) and part.data.media_type in RASTER
    )
