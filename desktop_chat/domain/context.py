"""What of a conversation goes into the next request, and why the rest does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from desktop_chat.domain.message import Message, Role, State


class Strategy(StrEnum):
    """What to do with a conversation that grows."""

    EVERYTHING = "everything"
    """All of it is sent; where it fits no more, the user is asked."""
    BUDGET = "budget"
    """The newest turns within a number of tokens."""
    LAST_TURNS = "last_turns"
    SUMMARY = "summary"
    """A summary stands for the older turns."""
    SERVER = "server"
    """All of it is sent, and the server leaves out what does not fit (Responses: ``truncation: auto``)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """``text`` stands for all messages up to the one whose id is ``until``.

    ``model`` wrote it; empty where the user changed it since.
    """

    text: str
    until: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """How one conversation is sent. ``budget`` is in tokens, for ``BUDGET``; ``turns`` is for ``LAST_TURNS``.

    ``pinned`` and ``left_out`` are ids of messages that always, or never, go along.
    """

    strategy: Strategy = Strategy.EVERYTHING
    budget: int = 16_000
    turns: int = 10
    pinned: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    summary: Summary | None = None


class Place(StrEnum):
    """What becomes of a message in the next request."""

    SENT = "sent"
    PINNED = "pinned"
    """Sent because the user wants it."""
    LEFT_OUT = "left_out"
    """Not sent because the user wants that."""
    OUTSIDE = "outside"
    """Not sent because of the strategy."""
    SUMMARISED = "summarised"
    """The summary stands for it."""
    EMPTY = "empty"
    """There is nothing of it to send: an answer that failed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the path. ``tokens`` is what it takes in a request, its share of the frame included."""

    id: str
    tokens: int
    place: Place

    @property
    def is_sent(self) -> bool:
        return self.place in (Place.SENT, Place.PINNED)


@dataclass(frozen=True, slots=True)
class Plan:
    """The next request, message by message. ``tokens`` is all of it.

    ``summary`` is sent before the messages where it is not None. ``fixed`` and ``summary_tokens`` are the
    parts of ``tokens`` that are no message.
    """

    entries: tuple[Entry, ...]
    tokens: int
    summary: Summary | None = None
    fixed: int = 0
    summary_tokens: int = 0

    @property
    def sees_from(self) -> str | None:
        """The id of the message from which on the model sees the chat; None where it sees it from the begin.

        The messages before it may still hold pinned ones.
        """
        lost = [index for index, entry in enumerate(self.entries) if entry.place in _LOST]
        if not lost:
            return None
        after = self.entries[lost[-1] + 1 :]
        return after[0].id if after else None


_LOST = (Place.OUTSIDE, Place.SUMMARISED)


def is_sendable(message: Message) -> bool:
    """Whether a request can hold ``message``: a failed answer has nothing to say."""
    return bool(message.text) and message.state is not State.FAILED


def plan(
    messages: Sequence[Message],
    tokens: Callable[[Message], int],
    settings: ContextSettings,
    *,
    fixed: int = 0,
    summary_tokens: int = 0,
) -> Plan:
    """What of ``messages``, the active path with the user's newest message at its end, the request holds.

    ``tokens`` tells what a message takes. ``fixed`` is what every request takes (the system prompt, the
    frame), ``summary_tokens`` what the summary does. Turns go whole, the newest one always, so that no answer
    is sent without its question.
    """
    turns = _turns(messages)
    kept, summary = _kept(messages, turns, tokens, settings)
    behind = Place.SUMMARISED if summary is not None else Place.OUTSIDE
    newest = messages[-1].id if messages else None
    entries = []
    for index, message in enumerate(messages):
        if not is_sendable(message) and message.id != newest:
            place = Place.EMPTY
        elif message.id in settings.left_out and message.id != newest:
            place = Place.LEFT_OUT
        elif message.id in settings.pinned:
            place = Place.PINNED
        else:
            place = Place.SENT if index >= kept else behind
        entries.append(Entry(message.id, tokens(message), place))
    summed = summary_tokens if summary is not None else 0
    total = fixed + summed + sum(entry.tokens for entry in entries if entry.is_sent)
    return Plan(tuple(entries), total, summary, fixed, summed)


def turns_within(
    messages: Sequence[Message], tokens: Callable[[Message], int], settings: ContextSettings, room: int
) -> int:
    """How many of the last turns take at most ``room`` tokens, with what is pinned; 0 where not one does.

    For ``ContextSettings.turns``. Looks at no more turns than fit.
    """
    newest = messages[-1].id if messages else None
    room -= sum(tokens(message) for message in messages if message.id in settings.pinned)
    turns, end = 0, len(messages)
    for start in reversed(_turns(messages)):
        room -= sum(
            tokens(message)
            for message in messages[start:end]
            if message.id not in settings.pinned
            and (message.id == newest or (is_sendable(message) and message.id not in settings.left_out))
        )
        if room < 0:
            break
        turns, end = turns + 1, start
    return turns


def _turns(messages: Sequence[Message]) -> list[int]:
    """Where turns begin: at the user's messages that follow no other of theirs."""
    return [
        index
        for index, message in enumerate(messages)
        if message.role is Role.USER and (index == 0 or messages[index - 1].role is not Role.USER)
    ]


def _kept(
    messages: Sequence[Message],
    turns: list[int],
    tokens: Callable[[Message], int],
    settings: ContextSettings,
) -> tuple[int, Summary | None]:
    """The index from which on messages are sent, and the summary of those before it."""
    match settings.strategy:
        case Strategy.LAST_TURNS if len(turns) > max(settings.turns, 1):
            return turns[-max(settings.turns, 1)], None
        case Strategy.BUDGET:
            left, kept = settings.budget, len(messages)
            for start in reversed(turns):
                turn = [m for m in messages[start:kept] if is_sendable(m) and m.id not in settings.left_out]
                left -= sum(tokens(message) for message in turn)
                if left < 0 and kept < len(messages):
                    return kept, None
                kept = start
            return 0, None
        case Strategy.SUMMARY if settings.summary is not None:
            until = settings.summary.until
            for index, message in enumerate(messages[:-1]):
                if message.id == until:
                    return index + 1, settings.summary
    return 0, None
