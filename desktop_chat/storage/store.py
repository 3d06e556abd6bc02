"""The store: what the rest of the program asks of the database."""

import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import apsw

from desktop_chat.domain.archive import Added, History, Library
from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.events import Delta, PartCame
from desktop_chat.domain.evidence import Attempt, Evidence
from desktop_chat.domain.ledger import Grouping, LedgerEntry, Purpose, Totals, UsageReport
from desktop_chat.domain.listing import DeletedMessage, Folder, Listing, Place, Shelf, Tag, View
from desktop_chat.domain.message import Draft, Message, Part
from desktop_chat.domain.money import to_picodollars
from desktop_chat.domain.search import Found, Query
from desktop_chat.storage import (
    backups,
    evidence,
    histories,
    ledger,
    listings,
    organising,
    queries,
    recovery,
    reports,
    trash,
)
from desktop_chat.storage.backups import Reason
from desktop_chat.storage.database import Database, StorageThread
from desktop_chat.storage.export import ExportKind, export
from desktop_chat.storage.reader import Reader
from desktop_chat.storage.rows import (
    ACTIVE_LEAF,
    CachedAnswer,
    answer_values,
    conversation_values,
    delta_row,
    message_values,
    part_rows,
    parts_json,
)
from desktop_chat.storage.salvage import Salvaged


class Store:
    """Conversations, drafts and the usage ledger of one profile.

    Every method runs in the storage thread, in the order of the calls, and returns when its transaction is
    committed: it then survives a power cut (``append`` with ``durable=False``, and what can be worked out
    again: the death of the process). Those that say so have a thread of their own, and see what was called
    before.
    What was called runs to its end even if the caller is cancelled. Objects handed over may change right
    after the call. Every method raises a :class:`~desktop_chat.storage.errors.StorageError` for what the
    user can do something about; nothing of the failed call was then stored.
    """

    def __init__(self, thread: StorageThread, backups: Path, *, is_read_only: bool) -> None:
        self._thread = thread
        self._reader = Reader(thread.path, thread.reader)
        self._backups = backups
        self.is_read_only = is_read_only

    @classmethod
    async def open(
        cls,
        path: Path,
        backups: Path,
        *,
        read_only: bool = False,
        put_in_place: Callable[[Path | None], object] | None = None,
    ) -> "Store":
        """Open the database, or create it where neither it nor a backup of it exists.

        Its schema is brought up to date, after a verified copy went to ``backups``. Answers that were being
        written when the program died become ``INTERRUPTED``.

        ``read_only`` writes nothing where the database is; every method that would raises DatabaseReadOnly.
        Where the file is deleted or replaced while it is open, all of it is written again before anything
        else is done, and ``put_in_place`` called: with where the file went that was there instead.
        """
        thread = StorageThread(path, put_in_place)
        await thread.open(backups, queries.prepare, read_only=read_only)
        return cls(thread, backups, is_read_only=read_only)

    async def keep_in_place(self) -> None:
        """See to it that the file is where it belongs, as every method does before anything else."""
        await self._thread.settle()

    async def close(self) -> None:
        """Save what was called, empty the log and close. Every call afterwards raises StoreClosed."""
        await self._reader.close()
        await self._thread.close()

    async def quick_check(self) -> list[str]:
        """What is damaged, in SQLite's words, at most 100 lines; [] where nothing was found.

        Does not hold up the other methods. Reads some 350 MB a second.
        """
        return await self._thread.quick_check()

    async def back_up(self, reason: Reason, folder: Path | None = None) -> tuple[Path, bool]:
        """Copy the database to ``folder``, or beside it, where something changed since the last copy there.

        Returns the newest copy, and whether it was made now. The copy has been verified; those that are not
        needed any more are deleted, never the newest good one. Does not hold up the other methods; takes some
        30 s a gigabyte. Raises DatabaseCorrupt where the database is not sound, and with the path
        of ``folder`` what goes wrong there.
        """
        is_over = threading.Event()
        try:
            return await self._thread.read(
                backups.keep_up,
                self._thread.path,
                folder or self._backups,
                reason,
                lambda: is_over.is_set() or self._thread.is_closing,
            )
        finally:
            is_over.set()

    async def save_readable(self) -> tuple[Salvaged, Path]:
        """Write what can be read of a database that turned out to be damaged in its place. Returns how much
        that is, and the copy that is kept of what it was. Some 7 minutes a gigabyte."""
        return await self._thread.call(recovery.save_readable_now, self._backups)

    async def become(self, path: Path) -> None:
        """Make this what the database ``path`` is, in one transaction; nothing of what it was stays in the
        files. ``path`` must be of this version's schema, and not be open."""
        await self._thread.call(Database.become, path)

    async def listing(self, view: View) -> Listing:
        """The rows of a view. Does not hold up the other methods: 100,000 take some 50 ms."""
        return await self._thread.read(listings.listing, self._thread.path, view)

    async def counts(self) -> dict[Shelf, int]:
        """How many conversations stand on each shelf."""
        return await self._thread.read(listings.counts)

    async def conversations(self, seqs: Sequence[int]) -> list[Conversation]:
        """The conversations of some rows of a listing, in this order, without those that are gone."""
        return await self._thread.call(listings.conversations, list(seqs))

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """A conversation, wherever it stands; None where it is not stored."""
        return await self._thread.call(listings.conversation, conversation_id)

    async def tree(self, conversation_id: str) -> Tree:
        """All messages of a conversation but those in the trash; empty where it is not stored.

        What answers a message in the trash hangs below the nearest that is left.
        """
        return await self._thread.call(queries.tree, conversation_id)

    async def begin_turn(
        self, conversation: Conversation, messages: Sequence[Message], *, draft: str | None = None
    ) -> int:
        """Store the conversation and add ``messages``, parents before children; return its new ``order``.

        The last of ``messages`` becomes the active leaf, and the draft with the key ``draft`` is deleted, all
        in one transaction. Messages that are stored already are left as they are, so that a call can be
        repeated when its outcome is not known. The folder, the origin and whether it is pinned are those of
        a new conversation.
        """
        values = list(conversation_values(conversation))
        if messages:
            values[ACTIVE_LEAF] = messages[-1].id
        made = (conversation.pinned, conversation.created_at, conversation.folder, conversation.origin)
        rows = [(message_values(message), list(part_rows(message.parts))) for message in messages]
        return await self._thread.call(queries.begin_turn, tuple(values), made, rows, draft)

    async def update_conversation(self, conversation: Conversation) -> None:
        """Store what is set in a conversation: its title, what its requests start from and the active leaf.
        Nothing where it is not stored yet; :meth:`organise` stores the rest."""
        await self._thread.call(queries.change_conversation, conversation_values(conversation))

    async def append(self, message_id: str, deltas: Sequence[Delta | PartCame], *, durable: bool) -> None:
        """Add what was streamed to an answer in state ``STREAMING``; costs the same however long it is.

        ``durable`` makes this, and all that was appended before, survive a power cut; without any
        ``deltas`` it does just that. Raises LookupError where no such answer is being written.
        """
        values = [delta_row(delta) for delta in deltas]
        await self._thread.call(queries.append, message_id, values, durable)

    async def reopen(self, message_id: str) -> None:
        """Make a closed answer ``STREAMING`` again: what is appended follows the parts that it has."""
        await self._thread.call(queries.reopen, message_id)

    async def finish(self, message: Message) -> None:
        """Store the answer as it is in memory, in place of what was appended. Raises LookupError if unknown.

        Does not need any ``append`` to have succeeded.
        """
        parts = list(part_rows(message.parts))
        await self._thread.call(queries.finish, message.id, answer_values(message), parts)

    async def remove_message(self, message_id: str) -> None:
        """Remove a message without children; where it was the active leaf, its parent becomes that."""
        await self._thread.call(queries.remove_message, message_id)

    async def delete_conversations(self, ids: Sequence[str]) -> None:
        """Put conversations into the trash. They can be restored for 30 days."""
        await self._thread.call(trash.delete, "conversation", tuple(ids))

    async def restore_conversations(self, ids: Sequence[str]) -> None:
        """Take conversations out of the trash, to their old places."""
        await self._thread.call(trash.restore, "conversation", tuple(ids))

    async def delete_messages(self, ids: Sequence[str]) -> None:
        """Put messages into the trash. They can be restored for 30 days, to their old places."""
        await self._thread.call(trash.delete, "message", tuple(ids))

    async def restore_messages(self, ids: Sequence[str]) -> None:
        """Take messages out of the trash."""
        await self._thread.call(trash.restore, "message", tuple(ids))

    async def deleted_messages(self) -> list[DeletedMessage]:
        """The messages in the trash whose conversations are not, the last that went there first."""
        return await self._thread.call(trash.deleted_messages)

    async def purge(self, ids: Sequence[str]) -> None:
        """Remove the conversations and messages with these ids that are in the trash for good, with all
        answers that are kept to be given again. From the files, too: at once, or where somebody still reads
        what was, a backup say, with a call after that.

        What answers a removed message hangs below the one that it answered from then on.
        """
        await self._purge(math.inf, tuple(ids))

    async def empty_trash(self) -> None:
        """The same for all that is in the trash."""
        await self._purge(math.inf, None)

    async def purge_expired(self) -> None:
        """The same for what went to the trash, and for answers that were given, more than 30 days ago."""
        await self._thread.call(trash.date_anew)
        before = time.time() - trash.KEEP
        await self._thread.call(trash.forget_answers, before)
        await self._purge(before, None)

    async def _purge(self, before: float, ids: Sequence[str] | None) -> None:
        if before == math.inf:
            await self._thread.call(trash.forget_answers, before)
        while await self._thread.call(trash.purge, before, ids):
            pass

    async def wipe(self, *, ledger: bool) -> None:
        """Remove all conversations, drafts, folders and tags, with ``ledger`` that, too, also from the files.

        All of it or nothing. The backups and the files of attachments stay.
        """
        await self._thread.call(trash.wipe, ledger)

    async def folders(self) -> list[Folder]:
        """Parents before what lies in them, by their positions."""
        return await self._thread.call(organising.folders)

    async def save_folder(self, folder: Folder) -> None:
        """Add a folder, or change it; the folders that follow make room. Raises ValueError where its parent
        is unknown or lies in it."""
        await self._thread.call(organising.save_folder, folder)

    async def remove_folder(self, folder_id: str) -> list[str]:
        """Remove a folder: what lies in it lies in its parent from then on. The ids of its conversations."""
        return await self._thread.call(organising.remove_folder, folder_id)

    async def tags(self) -> list[Tag]:
        """All tags by name."""
        return await self._thread.call(organising.tags)

    async def save_tag(self, tag: Tag) -> None:
        """Add a tag, or change it. Raises ValueError where another has its name."""
        await self._thread.call(organising.save_tag, tag)

    async def remove_tag(self, tag_id: str) -> list[str]:
        """Remove a tag. The ids of the conversations that had it."""
        return await self._thread.call(organising.remove_tag, tag_id)

    async def organise(
        self,
        ids: Sequence[str],
        *,
        folder: str | None = None,
        archived: bool | None = None,
        pinned: bool | None = None,
        unread: bool | None = None,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
    ) -> list[Place]:
        """Change where conversations stand, and return where they stood: what :meth:`place` puts back.

        None leaves a value as it is; a ``folder`` of "" takes them out of theirs. Raises LookupError where
        there is no such folder.
        """
        given = {"archived": archived, "pinned": pinned, "unread": unread}
        flags = {name: value for name, value in given.items() if value is not None}
        return await self._thread.call(
            organising.organise, tuple(ids), folder, flags, tuple(add_tags), tuple(remove_tags)
        )

    async def place(self, places: Sequence[Place]) -> None:
        """Put conversations where they stood, as far as those folders and tags are still there."""
        await self._thread.call(organising.place, tuple(places))

    async def add_history(self, histories_: Sequence[History]) -> Added:
        """Store what is not known of histories, all of it or nothing; some 500 messages at once are fast.

        Ids tell what is known, and known messages are left as they are. A conversation that is known goes on
        at its new end where it was shown up to its old one. Messages whose id belongs to another
        conversation are left out. The histories must not change after the call.
        """
        return await self._thread.call(histories.add, histories_)

    async def add_library(self, library: Library) -> None:
        """Store the folders and drafts whose ids and keys, and the tags whose names, are not there."""
        await self._thread.call(histories.add_library, library)

    async def add_ledger(self, entries: Sequence[LedgerEntry]) -> int:
        """Enter what is not in the ledger, by message, purpose, attempt and time; how much that was."""
        return await self._thread.call(histories.add_ledger, tuple(entries))

    async def histories(
        self, seqs: Sequence[int] | None = None, *, batch: int = 50
    ) -> AsyncGenerator[History, None]:
        """Conversations as they are stored, with what is in the trash of them: those of ``seqs``, in this
        order, or all, also those in the trash. Each is of one moment; ``batch`` of them are in memory."""
        if seqs is None:
            seqs = await self._thread.read(histories.numbers)
        for start in range(0, len(seqs), batch):
            chosen = seqs[start : start + batch]
            for history in await self._thread.read(histories.read, self._thread.path, chosen):
                yield history

    async def save_draft(self, key: str, text: str, parts: Sequence[Part] = ()) -> None:
        """Keep an unsent text and its attachments under a conversation's id, ``"new"`` or the id of a message
        that is edited; without either, forget it."""
        await self._thread.call(queries.save_draft, key, text, list(part_rows(parts)))

    async def drafts(self) -> dict[str, Draft]:
        """Every draft by its key."""
        return await self._thread.call(queries.drafts)

    async def unreferenced(self, hashes: Iterable[str]) -> set[str]:
        """Which of these attachments no message, draft or kept answer has; their rows are forgotten.

        A file that was added just now and is in nothing yet is among them.
        """
        return await self._thread.call(queries.unreferenced, set(hashes))

    async def search(self, query: Query, limit: int = 50, offset: int = 0) -> Found:
        """A page of what is found for a query: a few titles, then messages, the best and newest first.

        Waits for no other method, and sees what those that ended before have stored and
        :meth:`index_pending` has indexed. Searches run one after the other; one whose caller is cancelled
        ends at once, so whoever looks for something else cancels the search before.
        """
        return await self._reader.read(_search, self._thread.path, query, limit, offset)

    async def index_pending(self, seconds: float) -> int:
        """Index for about so long what was added or changed; how many messages and titles are left, 10,000
        where they are more.

        In slices of some 50 ms, between which other methods run.
        """
        until = time.monotonic() + seconds
        while (left := await self._thread.call(_index_slice)) and time.monotonic() < until:
            pass
        return left

    async def begin_attempt(self, entry: LedgerEntry, output_cost: Decimal) -> None:
        """Note that an attempt is about to leave, until it is recorded or forgotten.

        Where the program dies before, the next start enters ``entry``, whose usage and cost are those of the
        input that is expected, with what was saved of the answer: approximately counted, each token at
        ``output_cost`` US dollars. It survives the death of the process, not a power cut.
        """
        await self._thread.call(ledger.begin_attempt, ledger.values(entry), to_picodollars(output_cost))

    async def forget_attempt(self, message_id: str, purpose: Purpose) -> None:
        """The attempt that was about to leave never did."""
        await self._thread.call(ledger.forget_attempt, message_id, purpose.value)

    async def record_attempt(
        self, entry: LedgerEntry, error: ChatError | None = None, evidence: Evidence | None = None
    ) -> None:
        """Enter one attempt into the ledger, which outlives conversations; ``entry.chat`` is not stored.

        ``error`` and ``evidence`` are kept with the message, for its details; the body of the evidence must
        not change after the call. Counts of tokens beyond a billion and costs beyond a million dollars, which
        only a broken server reports, are entered as just that.
        """
        await self._thread.call(ledger.record_attempt, ledger.values(entry), error, evidence)

    async def attempts(self, message_id: str) -> list[Attempt]:
        """The attempts at an answer, in the order of their making."""
        return await self._thread.call(ledger.attempts, message_id)

    async def evidence(self, attempt: Attempt) -> Evidence | None:
        """What went over the wire for it; None where that was not kept, or is dropped by now.

        Does not hold up the other methods: a request of ten thousand messages takes some 100 ms.
        """
        return await self._thread.read(evidence.read, self._thread.path, attempt.seq)

    async def drop_evidence(self, before: float) -> None:
        """Drop what is kept of attempts that began before a time, also in the files."""
        while await self._thread.call(evidence.drop, before):
            pass

    async def usage(self, boundaries: Sequence[float], by: Grouping) -> UsageReport:
        """What was used between the first and the last of ``boundaries``, in the periods between them.

        ``boundaries`` are Unix times, two or more, ascending. Any are exact; those at local midnights are
        fast: a million attempts take some 200 ms, which hold up no other method.
        """
        return await self._thread.read(reports.usage, self._thread.path, tuple(boundaries), by)

    async def ledger(
        self, since: float, until: float, *, limit: int = 200, before: float | None = None
    ) -> list[LedgerEntry]:
        """The attempts that began at ``since`` or later and earlier than ``until``, newest first.

        ``limit`` of them, and those that began at the very time of the last. ``before`` is the
        ``started_at`` of the last entry of the page before.
        """
        until = until if before is None else min(until, before)
        return await self._thread.call(ledger.page, since, until, limit)

    async def entries(self, after: int = 0) -> list[tuple[int, LedgerEntry]]:
        """The ledger in the order in which it was entered: some 1,000 entries with their numbers, of those
        with a number above ``after``."""
        return await self._thread.call(ledger.entries, after)

    async def export_ledger(self, path: Path, kind: ExportKind, since: float, until: float) -> int:
        """Write the attempts between two times to the file ``path``, oldest first; returns how many.

        The file is replaced when all is written, or not at all. Does not hold up the other methods. A
        ``StorageError`` has the path ``path`` where it is that file which cannot be written.
        """
        return await self._thread.read(export, self._thread.path, path, kind, since, until)

    async def spent(
        self,
        *,
        since: float = 0,
        until: float = math.inf,
        conversation_id: str = "",
        endpoint_id: str = "",
    ) -> Decimal:
        """US dollars, exact and estimated, of the attempts that began at ``since`` (Unix time) or later, and
        before ``until``: all of them, or those of a conversation or of an endpoint."""
        return await self._thread.call(ledger.spent, since, until, conversation_id, endpoint_id)

    async def chat_totals(self, conversation_id: str) -> Totals:
        """The sums over all attempts of a conversation."""
        return await self._thread.call(ledger.chat_totals, conversation_id)

    async def typical_output(self, endpoint_id: str, model: str) -> int | None:
        """The output tokens that 95 % of the last 20 answers stayed within; None where there were none."""
        return await self._thread.call(ledger.typical_output, endpoint_id, model)

    async def learned(self, endpoint_id: str, model: str) -> tuple[int, int] | None:
        """Input tokens that we expected for the last 20 requests, and what the server counted; None where
        there were fewer than three."""
        return await self._thread.call(ledger.learned, endpoint_id, model)

    async def token_counts(self, conversation_id: str, encoding: str) -> dict[str, int]:
        """The tokens of each message's text, by the message's id, where they are known in ``encoding``."""
        return await self._thread.call(queries.token_counts, conversation_id, encoding)

    async def save_token_counts(self, encoding: str, counts: Mapping[str, int]) -> None:
        """Keep the tokens of messages by their ids, until the message changes.

        Ids that are unknown, or of answers that are being written, are left out. Who counts a text that may
        change meanwhile must see for himself that it is still the same.
        """
        await self._thread.call(queries.save_token_counts, encoding, tuple(counts.items()))

    async def cached_answer(self, key: str) -> CachedAnswer | None:
        """The answer that was given to the request with this key."""
        return await self._thread.call(queries.cached_answer, key)

    async def save_cached_answer(self, key: str, message: Message) -> None:
        """Keep the parts, model and finish reason of an answer: 500 of them, for 30 days."""
        values = (key, parts_json(message.parts), message.model, message.finish_reason)
        await self._thread.call(queries.save_cached_answer, values)

    async def clear_cached_answers(self) -> None:
        """Forget all answers that were kept, also in the files."""
        await self._thread.call(queries.clear_cached_answers)


# What finds words is loaded in the thread that needs it first, and not before the first paint.
def _search(connection: apsw.Connection, path: Path, query: Query, limit: int, offset: int) -> Found:
    from desktop_chat.storage.search import search

    return search(connection, path, query, limit, offset)


def _index_slice(db: Database) -> int:
    from desktop_chat.storage.indexing import index_slice

    return index_slice(db)
