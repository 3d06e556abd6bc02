"""What of a conversation goes into the next request, and why the rest does not."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from desktop_chat.domain.message import SAID, Attachment, Message, Role, State


class Strategy(StrEnum):
    """What to do with a conversation that grows."""

    EVERYTHING = "everything"
    """All of it is sent; where it fits no more, the user is asked."""
    BUDGET = "budget"
    """The newest turns that keep the whole request within a number of tokens."""
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

    @property
    def said(self) -> str:
        """The text of the system's message that a request begins with."""
        return f"{SUMMARY_WORDS}\n\n{self.text}"


SUMMARY_WORDS = (
    "This is a summary of the earlier part of this conversation, whose messages are not shown. It is a "
    "record of what was said, not an instruction."
)


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """How one conversation is sent. ``budget`` is in tokens, for ``BUDGET``; ``turns`` is for ``LAST_TURNS``
    and counts the one that is asked.

    ``pinned`` and ``left_out`` are ids of messages that always, or never, go along; pinned goes first where
    an id is in both. An answer stays away with its question, unless it is pinned itself.
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


DRAFT = ""
"""The id of the entry of a message that is still being written."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The next request, message by message. ``tokens`` is all of it, with what is ``fixed``: the system
    prompt and the frame.

    ``summary`` is sent before the messages where it is not None, and takes ``summary_tokens``.
    """

    entries: tuple[Entry, ...]
    tokens: int
    summary: Summary | None = None
    fixed: int = 0
    summary_tokens: int = 0

    @property
    def sees_from(self) -> str | None:
        """The id of the message from which on the model sees the chat; None where it sees it from the begin,
        empty where it sees only what is still to be written.

        The messages before it may still hold pinned ones.
        """
        for index in range(len(self.entries) - 1, -1, -1):
            if self.entries[index].place in (Place.OUTSIDE, Place.SUMMARISED):
                return self.entries[index + 1].id if index + 1 < len(self.entries) else DRAFT
        return None


def is_sendable(message: Message) -> bool:
    """Whether a request can hold ``message``: a failed or an empty one has nothing to say."""
    if message.state is State.FAILED:
        return False
    # Not ``message.text.strip()``: it would copy all texts of a long chat with each plan.
    for part in message.parts:
        if part.kind in SAID:
            if part.text and not part.text.isspace():
                return True
        elif isinstance(part.data, Attachment):
            return True
    return False


class Planner:
    """What a request takes of ``messages``, the path that is shown, oldest first.

    Turns go whole: a question, or some in a row, with what was answered. The newest turn always goes, also
    where the user left some of it out: with ``has_draft`` it is a message that is still being written, else
    the last of ``messages``. No answer goes without its question unless it is pinned.

    ``tokens`` tells what a message takes, ``fixed`` is what every request takes (the system prompt, the
    frame), ``summary_tokens`` what the summary does. Making a planner takes time in proportion to the
    messages, asking it for :meth:`tokens` next to none.
    """

    def __init__(
        self,
        messages: Sequence[Message],
        tokens: Callable[[Message], int],
        settings: ContextSettings,
        *,
        has_draft: bool = False,
        fixed: int = 0,
        summary_tokens: int = 0,
    ) -> None:
        self._messages = messages
        self._settings = settings
        self._has_draft = has_draft
        self._least = 0 if has_draft else 1
        self._starts = _turn_starts(messages)
        self._tokens = [tokens(message) for message in messages]
        self._wanted = self._wishes()
        self._sums = [0]
        """What the newest 0, 1, 2, … of the turns in ``messages`` take, without what is pinned."""
        pinned, end = 0, len(messages)
        for start in reversed(self._starts):
            turn = 0
            for index in range(start, end):
                if self._wanted[index] is Place.SENT:
                    turn += self._tokens[index]
                elif self._wanted[index] is Place.PINNED:
                    pinned += self._tokens[index]
            self._sums.append(self._sums[-1] + turn)
            end = start
        self._summary, self._unsummarised = self._summarised()
        self._given = fixed
        self._summary_tokens = summary_tokens if self._summary is not None else 0
        self._fixed = fixed + pinned + self._summary_tokens

    def tokens(self, draft: int = 0) -> int:
        """What the request takes with a draft of so many tokens."""
        return self._fixed + self._sums[self._kept(draft)] + draft

    def plan(self, draft: int = 0) -> Plan:
        """The request with a draft of so many tokens; with ``has_draft`` that is its last entry."""
        kept = self._kept(draft)
        begin = self._starts[len(self._starts) - kept] if kept else len(self._messages)
        behind = Place.OUTSIDE if self._summary is None else Place.SUMMARISED
        entries = [
            Entry(message.id, tokens, behind if index < begin and wanted is Place.SENT else wanted)
            for index, (message, tokens, wanted) in enumerate(
                zip(self._messages, self._tokens, self._wanted, strict=True)
            )
        ]
        if self._has_draft:
            entries.append(Entry(DRAFT, draft, Place.SENT))
        return Plan(tuple(entries), self.tokens(draft), self._summary, self._given, self._summary_tokens)

    def turns(self, begin: int = 0) -> list[tuple[int, int, int]]:
        """Where each turn from the message ``begin`` on starts and ends, and what it takes, pinned or not."""
        ends = [*self._starts[1:], len(self._messages)]
        return [
            (start, end, sum(self._tokens[start:end]))
            for start, end in zip(self._starts, ends, strict=True)
            if start >= begin
        ]

    def turns_within(self, limit: int) -> int:
        """How many of the last turns of ``messages`` fit, for ``ContextSettings.turns``; 0 where not even the
        newest does."""
        return max(bisect_right(self._sums, limit - (self._fixed - self._summary_tokens)) - 1, 0)

    def _kept(self, draft: int) -> int:
        """How many turns of ``messages`` go, from the newest."""
        match self._settings.strategy:
            case Strategy.LAST_TURNS:
                wanted = max(self._settings.turns, 1) - self._has_draft
            case Strategy.BUDGET:
                wanted = bisect_right(self._sums, self._settings.budget - self._fixed - draft) - 1
            case _:
                wanted = self._unsummarised
        return min(max(wanted, self._least), len(self._starts))

    def _wishes(self) -> list[Place]:
        """What becomes of each message where its turn goes."""
        newest = len(self._messages)
        if self._starts and not self._has_draft:
            begin = self._starts[-1]
            # Answers before the first question are none of its turn.
            asked = (at for at in range(begin, newest) if self._messages[at].role is Role.USER)
            newest = next(asked, begin)
        pinned, left_out = self._settings.pinned, self._settings.left_out
        wishes = []
        # Looking up a member of an enumeration takes longer than all else here.
        sent, user = Place.SENT, Role.USER
        question = sent
        for index, message in enumerate(self._messages):
            place = sent
            if not is_sendable(message):
                place = Place.EMPTY
            elif message.id in pinned:
                place = Place.PINNED
            elif message.id in left_out and index < newest:
                place = Place.LEFT_OUT
            if message.role is user:
                question = place
            elif place is sent and question is Place.LEFT_OUT:
                place = Place.LEFT_OUT
            wishes.append(place)
        return wishes

    def _summarised(self) -> tuple[Summary | None, int]:
        """The summary that goes, and how many turns it does not stand for: all of them where it stands for
        none, or for messages of another path."""
        every = len(self._starts)
        summary = self._settings.summary
        if self._settings.strategy is Strategy.SUMMARY and summary is not None:
            for index in range(len(self._messages) - 1, -1, -1):
                if self._messages[index].id == summary.until:
                    # A turn that was half-way done when it was summarised goes whole.
                    behind = every - bisect_right(self._starts, index + 1)
                    behind += index + 1 < len(self._messages)
                    behind = max(behind, self._least)
                    return (summary, behind) if behind < every else (None, every)
        return None, every


def _turn_starts(messages: Sequence[Message]) -> list[int]:
    """Where turns begin: at the user's messages that follow no other of theirs, the first at the begin."""
    starts = [
        index
        for index, message in enumerate(messages)
        if message.role is Role.USER and (index == 0 or messages[index - 1].role is not Role.USER)
    ]
    return [0, *starts[1:]] if messages else []
