"""Imports: histories read from a file in a thread, and kept in batches while the program goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path

from desktop_chat.attachments import Attachments, media_type_of
from desktop_chat.domain.archive import Entries, File, History, Library, Progress, Skipped
from desktop_chat.domain.message import Attachment, Draft, Message, Part, PartKind
from desktop_chat.domain.titles import UNTITLED
from desktop_chat.importing import Item, Preview, preview, read
from desktop_chat.storage import Store
from desktop_chat.storage.backups import Reason
from desktop_chat.storage.foreign import foreign_rows

MESSAGES = 500
"""Of one transaction."""
CHARACTERS = 4_000_000
"""Of the texts of one transaction: two of them are in memory, one being read and one being kept."""
LISTED = 5_000
"""Records that were skipped and are listed; all are counted."""

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(slots=True)
class Outcome:
    """What became of an import. ``entries`` are those of the ledger. ``skipped`` are records that were not
    taken, ``notes`` what of others was left out, each at most ``LISTED`` of ``progress.skipped`` and
    ``noted``. ``is_cancelled`` says that it was stopped; what was added stays."""

    progress: Progress = field(default_factory=Progress)
    programs: tuple[str, ...] = ()
    entries: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[Skipped] = field(default_factory=list)
    noted: int = 0
    is_cancelled: bool = False

    @property
    def has_read(self) -> bool:
        """Whether anything could be read at all."""
        return bool(self.progress.chats or self.progress.known or self.progress.messages or self.entries)

    def and_then(self, other: "Outcome") -> "Outcome":
        """This, and after it another."""
        first, second = self.progress, other.progress
        return Outcome(
            Progress(
                first.done + second.done,
                first.total + second.total,
                first.chats + second.chats,
                first.messages + second.messages,
                first.known + second.known,
                first.skipped + second.skipped,
            ),
            tuple(dict.fromkeys((*self.programs, *other.programs))),
            self.entries + other.entries,
            [*self.skipped, *other.skipped][:LISTED],
            [*self.notes, *other.notes][:LISTED],
            self.noted + other.noted,
            other.is_cancelled,
        )

    def words(self) -> str:
        """How it ended, in a line or two."""
        done = self.progress
        if done.chats:
            said = [f"{_counted(done.chats, 'chat')} with {_counted(done.messages, 'message')} added."]
        elif done.messages:
            said = [f"{_counted(done.messages, 'message')} added to chats that were here already."]
        elif self.entries:
            said = [f"{self.entries:,} of the requests in the usage added."]
        elif self.has_read:
            said = ["Nothing was added: all of it was here already."]
        elif self.is_cancelled:
            said = ["Nothing was added."]
        else:
            said = ["Nothing could be read."]
        if self.is_cancelled:
            said.append("The rest was cancelled.")
        if done.skipped:
            said.append(f"{_counted(done.skipped, 'record')} skipped.")
        return " ".join(said)

    def report(self) -> str:
        """What was skipped and left out, a line each, for the user to keep."""
        lines = [f"{skip.where}: {skip.why}" for skip in (*self.skipped, *self.notes)]
        more = self.progress.skipped + self.noted - len(lines)
        return "\n".join([*lines, *([f"… and {more:,} more"] if more else [])])


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one}{'' if count == 1 else 's'}"


@dataclass(slots=True)
class _Batch:
    histories: list[History] = field(default_factory=list)
    libraries: list[Library] = field(default_factory=list)
    entries: list[Entries] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    is_last: bool = False


class _Stopped(Exception):
    """The user wants no more of it, or the program ends."""


class Imports:
    """Adds histories to one profile. ``store`` gives its database, once it is open."""

    def __init__(
        self,
        store: Callable[[], Awaitable[Store]],
        attachments: Attachments,
        added: Callable[[], Awaitable[None]],
    ) -> None:
        """``added`` is awaited after each import, for what shows the chats."""
        self._store, self._attachments, self._added = store, attachments, added

    async def look(self, path: Path) -> Preview:
        """What is in a file. Raises :class:`~desktop_chat.importing.Unreadable`."""
        return await asyncio.to_thread(preview, path, foreign_rows)

    async def run(
        self,
        path: Path,
        progress: Callable[[Progress], None],
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Add what is in a file and not known; the database is copied before. ``progress`` is told after each
        batch. Where ``is_cancelled``, which is called in a thread, too, what was added stays. Raises
        ``StorageError``, and ``OSError`` where attachments cannot be written."""
        store = await self._store()
        await store.back_up(Reason.IMPORT)
        running = _Running(store, self._attachments, path, progress, is_cancelled)
        try:
            return await running.run()
        finally:
            await self._added()


class _Running:
    def __init__(
        self,
        store: Store,
        attachments: Attachments,
        path: Path,
        progress: Callable[[Progress], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._store, self._attachments, self._tell = store, attachments, progress
        self._is_cancelled, self._has_ended = is_cancelled, False
        self._outcome = Outcome()
        self._loop = asyncio.get_running_loop()
        self._done = self._total = 0
        self._programs: dict[str, None] = {}
        self._kept: dict[str, Attachment | None] = {}
        """What became of files, by their keys: None of those that could not be read."""
        self._items: Generator[Item, None, None] = read(
            path, foreign_rows, self._told, lambda program: self._programs.setdefault(program)
        )

    async def run(self) -> Outcome:
        coming = asyncio.ensure_future(asyncio.to_thread(self._next))
        try:
            while True:
                batch = await asyncio.shield(coming)
                if not batch.is_last:
                    coming = asyncio.ensure_future(asyncio.to_thread(self._next))
                await self._keep(batch)
                self._tell(self._outcome.progress)
                if batch.is_last:
                    break
                if self._is_cancelled():
                    self._outcome.is_cancelled = True
                    break
        finally:
            # The thread still uses what is closed then.
            self._has_ended = True
            await asyncio.wait([coming])
            self._items.close()
        self._outcome.programs = tuple(self._programs)
        return self._outcome

    def _told(self, done: int, total: int) -> None:
        """What is read may be long without anything to keep in it."""
        self._done, self._total = done, total
        if self._has_ended or self._is_cancelled():
            raise _Stopped

    def _next(self) -> _Batch:
        """Read until a batch is full. Runs in a thread."""
        batch = _Batch()
        messages = characters = 0
        try:
            for item in self._items:
                match item:
                    case History():
                        self._keep_files(item)
                        batch.histories.append(item)
                        messages += len(item.messages)
                        characters += sum(len(part.text) for each in item.messages for part in each.parts)
                    case Library():
                        for file in item.files:
                            self._kept[file.key] = self._kept_file(file, "")
                        batch.libraries.append(item)
                    case Entries():
                        batch.entries.append(item)
                        messages += len(item.entries)
                    case Skipped():
                        batch.skipped.append(item)
                        messages += 1
                if messages >= MESSAGES or characters >= CHARACTERS:
                    return batch
        except _Stopped:
            self._outcome.is_cancelled = True
        batch.is_last = True
        return batch

    async def _keep(self, batch: _Batch) -> None:
        for library in batch.libraries:
            await self._store.add_library(library)
        now = self._outcome.progress
        chats = messages = known = 0
        if batch.histories:
            added = await self._store.add_history(batch.histories)
            chats, messages, known = added.chats, added.messages, added.known
        if batch.entries:
            entries = [entry for each in batch.entries for entry in each.entries]
            self._outcome.entries += await self._store.add_ledger(entries)
        self._note(batch)
        self._outcome.progress = Progress(
            self._done,
            self._total,
            now.chats + chats,
            now.messages + messages,
            now.known + known,
            now.skipped + len(batch.skipped),
        )

    def _note(self, batch: _Batch) -> None:
        outcome = self._outcome
        outcome.skipped += batch.skipped[: LISTED - len(outcome.skipped)]
        for history in batch.histories:
            if history.notes:
                outcome.noted += 1
                if len(outcome.notes) < LISTED:
                    what = ", ".join(history.notes)
                    outcome.notes.append(Skipped(history.conversation.title or UNTITLED, what))

    def _keep_files(self, history: History) -> None:
        """Keep the files of a history, and call them in its parts by what they are kept as. Runs in the
        thread that reads: files can be read no longer than the export is."""
        failed: list[str] = []
        names = {
            part.data.hash: part.name
            for message in history.messages
            for part in message.parts
            if isinstance(part.data, Attachment)
        }
        for file in history.files:
            if file.key not in self._kept:
                self._kept[file.key] = self._kept_file(file, names.get(file.key, ""))
            if self._kept[file.key] is None:
                failed.append(names.get(file.key, "") or "a file")
        if not history.files:
            return
        for message in history.messages:
            self._rename(message)
        history.drafts = {key: self._draft(draft) for key, draft in history.drafts.items()}
        if failed:
            history.notes = (*history.notes, f"files that cannot be read: {', '.join(failed)}")

    def _kept_file(self, file: File, name: str) -> Attachment | None:
        try:
            data = file.read()
        except (OSError, ValueError):
            return None
        adding = self._attachments.add(data, media_type_of(data, name))
        return asyncio.run_coroutine_threadsafe(adding, self._loop).result()

    def _rename(self, message: Message) -> None:
        if any(isinstance(part.data, Attachment) for part in message.parts):
            message.parts = [self._renamed(part) for part in message.parts]

    def _renamed(self, part: Part) -> Part:
        data = part.data
        if not isinstance(data, Attachment) or data.hash not in self._kept:
            return part
        kept = self._kept[data.hash]
        if kept is None:
            return Part(PartKind.TEXT, f"[{part.name or 'file'}: not in the export]\n\n")
        if kept.hash == data.hash:
            return part
        kind = part.kind
        if not data.as_text:
            kind = PartKind.IMAGE if kept.media_type in _IMAGES else PartKind.FILE
        return replace(
            part,
            kind=kind,
            data=replace(data, hash=kept.hash, media_type=kept.media_type, size=kept.size),
        )

    def _draft(self, draft: Draft) -> Draft:
        return replace(draft, parts=tuple(self._renamed(part) for part in draft.parts))
