"""The ledger: attempts entered, read back and added up. Everything here runs in the storage thread."""

import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from desktop_chat.domain.counting import CHARACTERS_PER_TOKEN
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.evidence import Attempt, Evidence
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose, Totals
from desktop_chat.domain.message import STREAMED
from desktop_chat.domain.money import from_picodollars
from desktop_chat.domain.usage import Timing
from desktop_chat.storage import evidence
from desktop_chat.storage.database import Database, Row
from desktop_chat.storage.errors import reading
from desktop_chat.storage.migrations import SUMS
from desktop_chat.storage.rows import cost_value, error_from, error_json, usage_from, usage_values

MOST_TOKENS = 10**9
"""The largest number of tokens that is entered, hundreds of times the largest context of any model."""

LATEST = 253_370_000_000.0
"""The latest time that is entered, in the year 9998: dates have four digits of a year."""

LEARNED_LEAST = 3
"""Requests from which on something is learned: one that was odd should not correct all that follow."""
LEARNED_FROM = 20
"""How many requests tell what the next one will take."""

_LOOKED_AT = 200
"""How many of the newest attempts are searched for those, so that the search ends."""

MONEY = ("cost", "estimated")
"""The sums that are in picodollars."""

_DAYS = 1_000_000
"""Smaller slots are months, or all of the ledger."""

COLUMNS = (
    "conversation_id",
    "message_id",
    "endpoint_id",
    "endpoint_name",
    "dialect",
    "purpose",
    "attempt",
    "started_at",
    "first_token",
    "duration",
    "outcome",
    "model",
    "request_id",
    "status",
    "service_tier",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "cache_write_tokens",
    "exact",
    "expected_input",
    "cost",
    "error_kind",
)

DAY = "CAST(strftime('%Y%m%d', ?, 'unixepoch', 'localtime') AS INTEGER)"
"""The day of a row, from its ``started_at``."""

_INSERT = (
    f"INSERT INTO ledger ({', '.join(COLUMNS)}, day) VALUES ({', '.join('?' * len(COLUMNS))}, "
    f"{DAY}) RETURNING seq"
)

_ENTRY = f"{', '.join(f'ledger.{name}' for name in COLUMNS)}, ifnull(title, '')"
_WITH_CHAT = (
    "LEFT JOIN conversation ON conversation.id = ledger.conversation_id AND conversation.deleted_at IS NULL"
)
ENTRIES = f"SELECT {_ENTRY} FROM ledger {_WITH_CHAT}"
"""What :func:`entry_from` reads; the title is that of the chat as it is now."""

# A page ends with all that began at one time, since the next page begins before that.
_PAGE = f"""
    {ENTRIES} WHERE started_at < ?2 AND started_at >= ifnull(
        (SELECT started_at FROM ledger WHERE started_at >= ?1 AND started_at < ?2
         ORDER BY started_at DESC LIMIT 1 OFFSET ?3), ?1)
    ORDER BY started_at DESC, ledger.seq DESC
"""


def values(entry: LedgerEntry) -> Row:
    """A row of the ledger, without its day."""
    tokens = (_within(count, MOST_TOKENS) for count in usage_values(entry.usage))
    return (
        *(entry.conversation_id, entry.message_id, entry.endpoint_id, entry.endpoint_name, entry.dialect),
        *(entry.purpose.value, entry.attempt, min(max(entry.started_at, 0.0), LATEST)),
        *(entry.timing.first_token, entry.timing.duration, entry.outcome.value),
        *(entry.model, entry.request_id, entry.status, entry.service_tier),
        *(*tokens, entry.is_exact, _within(entry.expected_input, MOST_TOKENS)),
        *(cost_value(entry.cost), entry.error_kind),
    )


def _within(count: int | None, most: int) -> int | None:
    return None if count is None else max(0, min(count, most))


def record_attempt(db: Database, row: Row, error: ChatError | None, wire: Evidence | None) -> None:
    """``row`` is one of :func:`values`."""
    packed = None if wire is None else evidence.pack(wire)
    with db.transaction():
        _enter(db, row, error, packed)


def _enter(db: Database, row: Row, error: ChatError | None, packed: evidence.Packed | None = None) -> None:
    entry = dict(zip(COLUMNS, row, strict=True))
    ((ledger_seq,),) = db.execute(_INSERT, (*row, entry["started_at"]))
    # Without its message (deleted meanwhile, or a title) there is nothing to show the attempt at.
    for (attempt_seq,) in db.execute(
        "INSERT INTO attempt (message_seq, ledger_seq, request_id, error) "
        "SELECT seq, ?, ?, ? FROM message WHERE id = ? RETURNING seq",
        (ledger_seq, entry["request_id"], error_json(error), entry["message_id"]),
    ):
        if packed is not None:
            evidence.keep(db, attempt_seq, entry["message_id"], packed)
    _forget(db, entry["message_id"], entry["purpose"])


def enter_once(db: Database, row: Row) -> bool:
    """Enter one of :func:`values` that was entered elsewhere: False where it is in the ledger already. Needs
    a transaction."""
    entry = dict(zip(COLUMNS, row, strict=True))
    key = (entry["started_at"], entry["message_id"], entry["purpose"], entry["attempt"])
    if db.execute(
        "SELECT 1 FROM ledger WHERE started_at = ? AND message_id = ? AND purpose = ? AND attempt = ?", key
    ):
        return False
    db.execute(_INSERT, (*row, entry["started_at"]))
    return True


_STREAMED = ", ".join(f"'{kind.value}'" for kind in STREAMED)

# What was saved of an answer, in characters, with what a model showed of its reasoning.
_SAID = (
    "SELECT ifnull(sum(length(part.text)), 0) FROM part JOIN message ON message.seq = message_seq "
    f"WHERE message.id = ?1 AND kind IN ({_STREAMED})"
)


def begin_attempt(db: Database, row: Row, output_cost: int) -> None:
    """``row`` is one of :func:`values`, ``output_cost`` picodollars a token."""
    entry = dict(zip(COLUMNS, row, strict=True))
    with db.transaction(durable=False):
        db.execute(
            f"INSERT OR REPLACE INTO attempt_under_way VALUES (?1, ?2, ?3, ?4, ({_SAID}))",
            (entry["message_id"], entry["purpose"], json.dumps(row), output_cost),
        )


def forget_attempt(db: Database, message_id: str, purpose: str) -> None:
    with db.transaction(durable=False):
        _forget(db, message_id, purpose)


def _forget(db: Database, message_id: str, purpose: str) -> None:
    db.execute("DELETE FROM attempt_under_way WHERE message_id = ? AND purpose = ?", (message_id, purpose))


def enter_lost_attempts(db: Database) -> None:
    """Enter what was under way when the program died, by what was saved of the answers."""
    lost = db.execute("SELECT message_id, entry, output_cost, known FROM attempt_under_way")
    if not lost:
        return
    with db.transaction():
        for message_id, written, output_cost, known in lost:
            entry = dict(zip(COLUMNS, json.loads(written), strict=True))
            ((said,),) = db.execute(_SAID, (message_id,))
            # By the rule of thumb: there is no helper to count here.
            output = -(-max(said - known, 0) // CHARACTERS_PER_TOKEN)
            entry["output_tokens"] = output
            if entry["cost"] is not None:
                entry["cost"] += output * output_cost
            _enter(db, tuple(entry.values()), None)
            if entry["purpose"] == Purpose.CHAT.value:
                _add_up(db, message_id)


def _add_up(db: Database, message_id: str) -> None:
    """Set the cost of a message to that of the attempts at it, one of which is an estimate."""
    costs = db.execute(
        "SELECT ledger.cost FROM ledger JOIN attempt ON ledger_seq = ledger.seq "
        "JOIN message ON message.seq = message_seq "
        "WHERE message.id = ? AND purpose = ? AND ledger.input_tokens IS NOT NULL",
        (message_id, Purpose.CHAT.value),
    )
    known = [cost for (cost,) in costs if cost is not None]
    if costs:
        db.execute(
            "UPDATE message SET cost = ?, is_estimated = 1 WHERE id = ?",
            (sum(known) if len(known) == len(costs) else None, message_id),
        )


def entry_from(row: Sequence[Any]) -> LedgerEntry:
    """The entry of a row of ``ENTRIES``."""
    conversation_id, message_id, endpoint_id, endpoint_name, dialect, purpose, attempt, started_at = row[:8]
    first_token, duration, outcome, model, request_id, status, service_tier, *tokens = row[8:20]
    exact, expected_input, cost, error_kind, title = row[20:]
    return LedgerEntry(
        conversation_id,
        message_id,
        endpoint_id,
        endpoint_name,
        dialect,
        Purpose(purpose),
        attempt,
        started_at,
        Timing(first_token, duration),
        Outcome(outcome),
        model,
        request_id,
        status,
        service_tier,
        usage_from(*tokens),
        bool(exact),
        expected_input,
        None if cost is None else from_picodollars(cost),
        error_kind,
        title,
    )


def entries(db: Database, after: int) -> list[tuple[int, LedgerEntry]]:
    """The entries that follow one with the number ``after``, with their numbers."""
    with reading(db.path):
        found = db.execute(
            f"SELECT ledger.seq, {_ENTRY} FROM ledger {_WITH_CHAT} WHERE ledger.seq > ? "
            "ORDER BY ledger.seq LIMIT 1000",
            (after,),
        )
        return [(seq, entry_from(row)) for seq, *row in found]


def page(db: Database, since: float, until: float, limit: int) -> list[LedgerEntry]:
    with reading(db.path):
        return [entry_from(row) for row in db.execute(_PAGE, (since, until, max(limit, 1) - 1))]


def attempts(db: Database, message_id: str) -> list[Attempt]:
    with reading(db.path):
        return [
            Attempt(entry_from(row), error_from(error), seq, bool(has_evidence))
            for seq, error, has_evidence, *row in db.execute(
                f"SELECT attempt.seq, attempt.error, request IS NOT NULL, {_ENTRY} FROM attempt "
                "JOIN message ON message.seq = message_seq JOIN ledger ON ledger.seq = ledger_seq "
                f"{_WITH_CHAT} WHERE message.id = ? ORDER BY attempt.seq",
                (message_id,),
            )
        ]


def spent(db: Database, since: float, until: float, conversation_id: str, endpoint_id: str) -> Decimal:
    if conversation_id and endpoint_id:
        raise ValueError("what a conversation spent is not told apart by endpoint")
    # The sums of all are with the slots themselves.
    table, column = ("slot_chat", "conversation_id") if conversation_id else ("slot_sum", "endpoint_id")
    key = [each for each in (conversation_id or endpoint_id,) if each]
    table, condition = (table, f" AND {column} = ?") if key else ("slot", "")
    with reading(db.path):
        slots = db.execute(
            "SELECT slot, first, last FROM slot WHERE last >= ? AND first < ? ORDER BY slot", (since, until)
        )
        whole, cut = cover(slots, (since, until))
        # Added up here, where integers have no end.
        total = 0
        for slot, _ in whole:
            total += sum(
                row[0]
                for row in db.select(f"SELECT cost FROM {table} WHERE slot = ?{condition}", (slot, *key))
            )
        for day, begin, end, _ in cut:
            total += sum(
                row[0]
                for row in db.select(
                    "SELECT cost FROM ledger WHERE day = ? AND started_at >= ? AND started_at < ? "
                    f"AND cost IS NOT NULL{condition}",
                    (day, begin, end, *key),
                )
            )
    return from_picodollars(total)


def chat_totals(db: Database, conversation_id: str) -> Totals:
    with reading(db.path):
        for row in db.execute(
            f"SELECT {', '.join(SUMS)} FROM slot_chat WHERE slot = 0 AND conversation_id = ?",
            (conversation_id,),
        ):
            return totals_from(row)
    return Totals()


def totals_from(counts: Sequence[int]) -> Totals:
    """The totals of sums in the order of ``SUMS``."""
    values: list[Any] = [
        from_picodollars(count) if name in MONEY else count for name, count in zip(SUMS, counts, strict=True)
    ]
    return Totals(*values)


def typical_output(db: Database, endpoint_id: str, model: str) -> int | None:
    with reading(db.path):
        rows = _newest(db, endpoint_id, model, "output_tokens", f"purpose = '{Purpose.CHAT.value}'")
    counts = sorted(output for (output,) in rows)
    return counts[math.ceil(0.95 * len(counts)) - 1] if counts else None


def learned(db: Database, endpoint_id: str, model: str) -> tuple[int, int] | None:
    with reading(db.path):
        rows = _newest(db, endpoint_id, model, "expected_input, input_tokens", "expected_input IS NOT NULL")
    if len(rows) < LEARNED_LEAST:
        return None
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def _newest(db: Database, endpoint_id: str, model: str, columns: str, condition: str) -> list[Row]:
    return db.execute(
        f"SELECT {columns} FROM (SELECT * FROM ledger WHERE endpoint_id = ? AND model = ? AND exact = 1 "
        f"ORDER BY seq DESC LIMIT {_LOOKED_AT}) WHERE input_tokens IS NOT NULL AND {condition} "
        f"LIMIT {LEARNED_FROM}",
        (endpoint_id, model),
    )


def cover(
    slots: Iterable[Row], boundaries: Sequence[float]
) -> tuple[list[tuple[int, int]], list[tuple[int, float, float, int]]]:
    """What to add up for the periods between ``boundaries``: slots that lie within a period, and that period;
    and for days that do not, the times (the second one is excluded) between which to read their rows.

    ``slots`` are the slot, first and last of each with rows between the boundaries, by their number: first
    all of the ledger, then months, then days.
    """
    whole: dict[int, int] = {}
    cut: list[tuple[int, float, float, int]] = []
    last_period = len(boundaries) - 2
    for slot, first, last in slots:
        if 0 in whole or slot // 100 in whole:
            continue
        begin = max(bisect_right(boundaries, first) - 1, 0)
        end = min(bisect_right(boundaries, last) - 1, last_period)
        if boundaries[begin] <= first and last < boundaries[begin + 1]:
            whole[slot] = begin
        elif slot >= _DAYS:
            behind = math.nextafter(last, math.inf)
            for period in range(begin, end + 1):
                times = max(first, boundaries[period]), min(behind, boundaries[period + 1])
                cut.append((slot, *times, period))
    return list(whole.items()), cut
