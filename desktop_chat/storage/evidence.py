"""What went over the wire, kept: compressed, and each piece of a request once a chat.

A request repeats the whole chat, so it is kept as the numbers of its pieces: what stands around the list of
its messages, then the messages one by one. A chat numbers its pieces in the order in which they came, so that
the numbers of a request are a few runs, however long the chat is and whatever it leaves out.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from desktop_chat.domain.evidence import Content, Evidence, Headers
from desktop_chat.storage.database import Database
from desktop_chat.storage.errors import reading

_LISTS = ("input", "messages")
"""Where the messages are in a body, in the words of both dialects."""

_CONTENT = "\0content"
"""Marks a JSON object that stands for a :class:`Content`; no API has such a name."""

_HASH_BYTES = 16

THINNED_AT_ONCE = 100
"""Attempts in one transaction: other calls wait until it is over."""


class Packed(NamedTuple):
    """Evidence as it is stored; ``pieces`` are those of its request."""

    request: bytes
    pieces: list[bytes]
    response: bytes


def pack(evidence: Evidence) -> Packed:
    """Some 10 ms for each thousand messages of a request."""
    list_name, body, messages = _taken_apart(evidence.body)
    frame = {"list": list_name, "body": body}
    request = {"method": evidence.method, "url": evidence.url, "headers": evidence.request_headers}
    head = {"status": evidence.status, "headers": evidence.response_headers, "is_cut": evidence.is_cut}
    return Packed(
        zlib.compress(_json(request)),
        [_json(frame), *map(_json, messages)],
        zlib.compress(_json(head) + b"\n" + evidence.response),
    )


def keep(db: Database, attempt_seq: int, message_id: str, packed: Packed) -> None:
    """Store what belongs to a row of ``attempt``. Needs a transaction."""
    ((conversation_id,),) = db.execute("SELECT conversation_id FROM message WHERE id = ?", (message_id,))
    db.execute(
        "INSERT INTO sent_chat (conversation_id) VALUES (?) ON CONFLICT DO NOTHING", (conversation_id,)
    )
    ((chat,),) = db.execute("SELECT seq FROM sent_chat WHERE conversation_id = ?", (conversation_id,))
    # All at once: asked for one by one they take five times as long.
    known = dict(db.select("SELECT hash, number FROM sent_piece WHERE chat_seq = ?", (chat,)))
    last = max(known.values(), default=0)
    numbers = []
    for piece in packed.pieces:
        digest = blake2b(piece, digest_size=_HASH_BYTES).digest()
        if (number := known.get(digest)) is None:
            number = known[digest] = last = last + 1
            db.execute(
                "INSERT INTO sent_piece (chat_seq, number, hash, data) VALUES (?, ?, ?, ?)",
                (chat, number, digest, zlib.compress(piece)),
            )
        numbers.append(number)
    db.execute(
        "UPDATE attempt SET request = ?, response = ?, pieces = ? WHERE seq = ?",
        (packed.request, packed.response, json.dumps(list(_runs(numbers))), attempt_seq),
    )


def read(connection: apsw.Connection, path: Path, attempt_seq: int) -> Evidence | None:
    """The evidence of a row of ``attempt``; None where none is kept."""
    with reading(path):
        return _read(connection, attempt_seq)


def _read(connection: apsw.Connection, attempt_seq: int) -> Evidence | None:
    for request, response, written, chat in connection.execute(
        "SELECT request, response, pieces, sent_chat.seq FROM attempt "
        "JOIN message ON message.seq = message_seq JOIN sent_chat USING (conversation_id) "
        "WHERE attempt.seq = ? AND request IS NOT NULL",
        (attempt_seq,),
    ):
        frame, *messages = list(_pieces(connection, chat, json.loads(written)))
        body = frame["body"]
        if frame["list"]:
            body[frame["list"]] = messages
        asked = json.loads(_inflated(request))
        head, _, received = _inflated(response).partition(b"\n")
        told = json.loads(head)
        return Evidence(
            asked["method"],
            asked["url"],
            _headers(asked["headers"]),
            body,
            told["status"],
            _headers(told["headers"]),
            received,
            told["is_cut"],
        )
    return None


def drop(db: Database, before: float) -> bool:
    """Drop the evidence of attempts that began before a time, of some of them: whether there may be more."""
    old = db.execute(
        "SELECT attempt.seq, message.conversation_id FROM attempt "
        "JOIN message ON message.seq = message_seq JOIN ledger ON ledger.seq = ledger_seq "
        "WHERE request IS NOT NULL AND started_at < ? ORDER BY ledger_seq LIMIT ?",
        (before, THINNED_AT_ONCE),
    )
    if old:
        with db.transaction():
            for attempt_seq, _ in old:
                db.execute(
                    "UPDATE attempt SET request = NULL, response = NULL, pieces = NULL WHERE seq = ?",
                    (attempt_seq,),
                )
            for conversation_id in {row[1] for row in old}:
                sweep(db, conversation_id)
    if len(old) == THINNED_AT_ONCE:
        return True
    if old:
        # The log still holds pages with the text.
        db.forget_deleted()
    return False


def sweep(db: Database, conversation_id: str) -> None:
    """Remove the pieces that no attempt of a chat needs any more. Needs a transaction."""
    needed: set[tuple[int, int]] = set()
    for (written,) in db.execute(
        "SELECT DISTINCT pieces FROM attempt JOIN message ON message.seq = message_seq "
        "WHERE conversation_id = ? AND pieces IS NOT NULL",
        (conversation_id,),
    ):
        needed.update(map(tuple, json.loads(written)))
    for (chat,) in db.execute("SELECT seq FROM sent_chat WHERE conversation_id = ?", (conversation_id,)):
        for first, last in _between(needed):
            db.execute(
                "DELETE FROM sent_piece WHERE chat_seq = ? AND number BETWEEN ? AND ?", (chat, first, last)
            )


def _taken_apart(body: Any) -> tuple[str, Any, list[Any]]:
    """The name of the list of messages, "" where there is none; the body without them; the messages."""
    if isinstance(body, dict):
        for name in _LISTS:
            if isinstance(messages := body.get(name), list | tuple):
                return name, {**body, name: None}, list(messages)
    return "", body, []


def _pieces(connection: apsw.Connection, chat: int, runs: list[list[int]]) -> Iterator[Any]:
    for first, last in runs:
        for (data,) in connection.execute(
            "SELECT data FROM sent_piece WHERE chat_seq = ? AND number BETWEEN ? AND ? ORDER BY number",
            (chat, first, last),
        ):
            yield json.loads(_inflated(data), object_hook=_content_from)


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of numbers that follow each other."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield members[0], members[-1]


def _between(runs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The runs of numbers from 1 on that are in none of ``runs``."""
    reached = 0
    edges = [*sorted(runs), (2**62, 2**62)]
    for first, last in edges:
        if first > reached + 1:
            yield reached + 1, first - 1
        reached = max(reached, last)


def _json(value: Any) -> bytes:
    # A lone surrogate that a server sent must come back as what it was.
    return _encode(value).encode("utf-8", "surrogatepass")


def _as_object(value: object) -> dict[str, list[str]]:
    if isinstance(value, Content):
        return {_CONTENT: [value.hash, value.prefix]}
    raise TypeError(f"{type(value).__name__} is no JSON")


_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), default=_as_object
).encode


def _content_from(values: dict[str, Any]) -> Any:
    match values.get(_CONTENT):
        case [str(hash), str(prefix)]:
            return Content(hash, prefix)
    return values


def _headers(pairs: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in pairs)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        raise ValueError(str(error)) from error
