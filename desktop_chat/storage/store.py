"""The store: what the rest of the program asks of the database."""

import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.events import Delta, PartCame
from desktop_chat.domain.evidence import Attempt, Evidence
from desktop_chat.domain.ledger import Grouping, LedgerEntry, Purpose, Totals, UsageReport
from desktop_chat.domain.message import Draft, Message, Part
from desktop_chat.domain.money import to_picodollars
from desktop_chat.storage import backups, evidence, ledger, queries, reports
from desktop_chat.storage.backups import Reason
from desktop_chat.storage.database import Row, StorageThread
from desktop_chat.storage.export import ExportKind, export
from desktop_chat.storage.rows import (
    CachedAnswer,
    answer_values,
    context_json,
    delta_row,
    parameters_json,
    part_rows,
    parts_json,
)


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

    def __init__(self, thread: StorageThread, backups: Path) -> None:
        self._thread = thread
        self._backups = backups

    @classmethod
    async def open(cls, path: Path, backups: Path) -> "Store":
        """Open the database, or create it where neither it nor a backup of it exists.

        Its schema is brought up to date, after a verified copy went to ``backups``. Answers that were being
        written when the program died become ``INTERRUPTED``. Conversations deleted more than 30 days ago go
        for good.
        """
        thread = StorageThread(path)
        await thread.open(backups, queries.prepare)
        return cls(thread, backups)

    async def close(self) -> None:
        """Save what was called, empty the log and close. Every call afterwards raises StoreClosed."""
        await self._thread.close()

    async def quick_check(self) -> list[str]:
        """What is damaged, in SQLite's words, at most 100 lines; [] where nothing was found.

        Does not hold up the other methods. Reads some 350 MB a second.
        """
        return await self._thread.quick_check()

    async def back_up(self, reason: Reason, folder: Path | None = None) -> tuple[Path, bool]:
        """Copy the database to ``folder``, or beside it, where something changed since the last copy there.

        Returns the newest copy, and whether it was made now. The copy has been verified; those that are not
        needed any more are deleted, never the newest good one. Does not hold up the other methods: some 6 s a
        gigabyte. Raises DatabaseCorrupt where the database is not sound, and with the path of ``folder`` what
        goes wrong there.
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

    async def conversations(self) -> list[Conversation]:
        """All that are not deleted: the pinned first, then by ``order``, highest first."""
        return await self._thread.call(queries.conversations)

    async def tree(self, conversation_id: str) -> Tree:
        """All messages of a conversation; empty where it is not stored."""
        return await self._thread.call(queries.tree, conversation_id)

    async def begin_turn(
        self, conversation: Conversation, messages: Sequence[Message], *, draft: str | None = None
    ) -> int:
        """Store the conversation and add ``messages``, parents before children; return its new ``order``.

        The last of ``messages`` becomes the active leaf, and the draft with the key ``draft`` is deleted, all
        in one transaction. Messages that are stored already are left as they are, so that a call can be
        repeated when its outcome is not known.
        """
        *shown, active_leaf, pinned, context, conversation_id = _conversation_values(conversation)
        if messages:
            active_leaf = messages[-1].id
        values = (*shown, active_leaf, pinned, context, conversation_id, conversation.created_at)
        rows = [(_message_values(message), list(part_rows(message.parts))) for message in messages]
        return await self._thread.call(queries.begin_turn, values, rows, draft)

    async def update_conversation(self, conversation: Conversation) -> None:
        """Store everything of a conversation but its times and order; nothing where it is not stored yet."""
        await self._thread.call(queries.change_conversation, _conversation_values(conversation))

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

    async def delete_conversation(self, conversation_id: str) -> None:
        """Take a conversation out of the list. It can be restored for 30 days."""
        await self._thread.call(queries.mark_deleted, conversation_id, time.time())

    async def restore_conversation(self, conversation_id: str) -> None:
        """Put a deleted conversation back into the list, at its old place."""
        await self._thread.call(queries.mark_deleted, conversation_id, None)

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


def _conversation_values(conversation: Conversation) -> Row:
    return (
        conversation.title,
        conversation.title_source,
        conversation.endpoint_id,
        conversation.model,
        parameters_json(conversation.parameters),
        conversation.active_leaf,
        conversation.pinned,
        context_json(conversation.context),
        conversation.id,
    )


def _message_values(message: Message) -> Row:
    head = (message.id, message.parent_id, message.role.value, message.created_at)
    return (*head, *answer_values(message))
