"""Files and images of messages: kept once each by what is in them, and read as text.

The only home of ``pypdf``, ``charset_normalizer`` and ``striprtf``. Importing this package imports none of
them: only the helper does, in a process of its own that can be killed (:mod:`desktop_chat.worker`), since a
file is from anywhere.
"""

import asyncio
import os
import threading
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from desktop_chat.attachments import store
from desktop_chat.attachments.files import FileNotTaken, media_type_of, plain_name, read_file
from desktop_chat.domain.errors import AttachmentMissing
from desktop_chat.domain.message import Attachment
from desktop_chat.worker import Worker, WorkerError

__all__ = [
    "AttachmentMissing",
    "Attachments",
    "Extracted",
    "FileNotTaken",
    "Unreadable",
    "media_type_of",
    "plain_name",
    "read_file",
]

_SECONDS = 40.0
"""Processor time of reading at most. Readers stop by themselves before, with what they have."""
_GRACE = 600.0
"""Seconds for which nothing that was added is removed: it may not stand in a draft yet."""
_BROKEN = "It cannot be read: it is damaged, or takes more time or memory than a file should."


class Unreadable(Exception):
    """Nothing in a file can be sent as text; says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was read of a file, at most ``reading.MAX_TEXT`` characters, its lines ending in
    line feeds alone.

    ``notes`` are sentences on what was left out or guessed, for the user to see beside the text.
    """

    text: str
    media_type: str
    notes: tuple[str, ...] = ()


class Attachments:
    """The files of one profile. Belongs to one event loop, except for what says otherwise.

    A file is named by the SHA-256 of its content in hexadecimal digits, its ``hash``.
    """

    def __init__(self, folder: Path, worker: Worker | None = None, *, grace: float = _GRACE) -> None:
        """``folder`` need not be there; ``grace`` is in seconds (:meth:`remove`)."""
        self._folder = folder
        self._worker = worker or Worker()
        self._grace = grace
        self._added: dict[str, float] = {}
        self._one_at_a_time = threading.Lock()
        """Held while one is written or removed: what is there already is not written again."""

    async def add(self, data: bytes, media_type: str, *, width: int = 0, height: int = 0) -> Attachment:
        """Keep ``data``, once however often it is added. Raises ``OSError`` where it cannot be written."""
        name = await asyncio.to_thread(store.hash_of, data)
        # Before it is written: a sweep at work would find it else.
        self._added[name] = time.monotonic()
        await asyncio.to_thread(self._write, name, data)
        return Attachment(name, media_type, len(data), width, height)

    async def read(self, hash: str) -> bytes:
        """The content. Raises :class:`AttachmentMissing`, also where it is not any more what it was."""
        return await asyncio.to_thread(self.read_now, hash)

    def read_now(self, hash: str) -> bytes:
        """As :meth:`read`, for every thread but that of the windows: blocks while it reads."""
        return store.read(self._folder, hash)

    async def base64(self, hash: str) -> str:
        """The content as base64 (RFC 4648, section 4). Raises :class:`AttachmentMissing`."""
        return await asyncio.to_thread(store.base64_of, self._folder, hash)

    async def hashes(self) -> set[str]:
        """All that is kept."""
        return await asyncio.to_thread(store.hashes, self._folder)

    async def remove(self, hashes: Iterable[str]) -> None:
        """Delete these, and what a crash left half-written.

        What was added within the ``grace`` stays; it goes with a later sweep, as does what
        cannot be deleted.
        """
        await asyncio.to_thread(self._remove, list(hashes))

    async def extract(self, data: bytes, name: str) -> Extracted:
        """The text of a file called ``name``; what kind it is, its content says.

        Takes up to some 40 seconds of a large PDF. Raises :class:`Unreadable`, and ``OSError`` where there
        is no room for a copy that the helper reads.
        """
        copy = self._folder / f".reading-{os.getpid()}-{uuid.uuid4().hex}"
        is_over = threading.Event()
        try:
            await asyncio.to_thread(store.lend, copy, data, is_over)
            found = await self._read(str(copy), name)
        finally:
            is_over.set()
            # Windows lets nobody delete what the helper still has open; the next sweep can.
            with suppress(OSError):
                copy.unlink(missing_ok=True)
        if found["unreadable"]:
            raise Unreadable(found["unreadable"])
        return Extracted(found["text"], found["media_type"], tuple(found["notes"]))

    def _write(self, name: str, data: bytes) -> None:
        with self._one_at_a_time:
            store.write(self._folder, name, data)

    def _remove(self, names: list[str]) -> None:
        for name in names:
            with self._one_at_a_time:
                latest = time.monotonic() - self._grace
                if self._added.get(name, latest) <= latest:
                    store.remove(self._folder, name)
        store.clear_up(self._folder)

    async def _read(self, path: str, name: str) -> dict[str, str]:
        future = self._worker.submit("read", _SECONDS, path=path, name=name)
        try:
            found: dict[str, str] = await asyncio.wrap_future(future)
        except WorkerError as error:
            raise Unreadable(_BROKEN) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # The worker was closed while the file waited.
            raise Unreadable(_BROKEN) from None
        return found

    def close(self) -> None:
        """End the helper at once."""
        self._worker.close()
