"""Chats in our own format, :mod:`desktop_chat.domain.interchange`: one file, written as they are read."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from desktop_chat import __version__
from desktop_chat.domain.archive import History, Library
from desktop_chat.domain.interchange import (
    FORMAT,
    VERSION,
    dumped,
    entry_to_json,
    history_to_json,
    library_to_json,
)
from desktop_chat.domain.ledger import LedgerEntry

LONGEST = 8_000_000
"""Characters of the messages of one record."""


def document(histories: Iterable[History], library: Library, ledger: Iterable[LedgerEntry]) -> Iterator[str]:
    """The file, piece by piece; a line for each chat and each entry."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "program": f"desktop-chat {__version__}",
        "exported_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **library_to_json(library),
    }
    yield dumped(head).removesuffix("}") + ',"chats":['
    yield from _lines(record for history in histories for record in _records(history))
    yield '],"ledger":['
    yield from _lines(dumped(entry_to_json(entry)) for entry in ledger)
    yield "]}\n"


def _records(history: History) -> Iterator[str]:
    """A chat as one member of ``chats``; a very long one as several, so that readers need to hold no more."""
    told = history_to_json(history)
    messages = [dumped(message) for message in told.pop("messages")]
    start = 0
    while start < len(messages) or start == 0:
        end, size = start + 1, len(messages[start]) if messages else 0
        while end < len(messages) and size + len(messages[end]) <= LONGEST:
            size += len(messages[end])
            end += 1
        yield f'{dumped(told).removesuffix("}")},"messages":[{",".join(messages[start:end])}]}}'
        start = end
        told.pop("drafts", None)
        told["continues"] = True


def _lines(values: Iterable[str]) -> Iterator[str]:
    before = "\n"
    for value in values:
        yield before + value
        before = ",\n"
    yield "\n"
