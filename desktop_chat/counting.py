"""How many tokens the next request of a chat takes.

The texts, with those of files that go as text, are counted by the helper process and kept in the database,
message by message. Until one is counted it is taken for 4 characters a token. What the texts come to in a
request, with frames and images, is worked out by the published formulas, and then corrected by what was
learned of the model at its endpoint: the ratio of the input tokens that it reported for its last requests to
those that were expected, between a half and two. So servers that count otherwise, or that add a template of
their own, are met after a few turns.

An estimate is approximate ("≈") where the encoding is not known to be the model's, where a text that is sent
is not counted yet (or cannot be, since the helper fails), where a correction is applied, and where the server
itself leaves out what does not fit. Nothing here ever holds up a request: a chat that cannot be counted stays
approximate.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from PySide6.QtCore import QObject, Signal

from desktop_chat.bookkeeping import Forecast
from desktop_chat.domain import counting
from desktop_chat.domain.context import Plan, Planner, Strategy
from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.domain.prices import cost
from desktop_chat.domain.usage import Usage
from desktop_chat.services import Services
from desktop_chat.storage import StorageError
from desktop_chat.tokens import TokensUnavailable

BATCH = 256
"""Messages that are counted at once: then they are saved, and the plan is made anew."""
BOUNDS = (0.5, 2.0)
"""What a correction is at least and at most: more than that is a mistake, not a template."""
_DRAFTS = 1_000_000
"""Characters of the drafts whose counts are remembered beside those of messages, prompts and summaries: with
each key that is pressed there is one more, of what may be a whole book that was pasted."""
_LEAST = _DRAFTS // 50
"""What a draft counts for at least, in characters."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request would take. ``tokens`` is its whole input, ``limit`` how many fit (None: not known).

    ``cost`` is the price of that input in US dollars, nothing of it cached, and without the answer; None
    where the price is not known. ``is_approximate`` says that ``tokens`` is no exact count.
    """

    tokens: int
    limit: int | None
    cost: Decimal | None
    is_approximate: bool


@dataclass(frozen=True, slots=True)
class Target:
    """Where the requests of a chat go; ``endpoint`` is None where there is none."""

    endpoint: Endpoint | None
    model: str


class Counts(QObject):
    """The counts of one chat, for the encoding of its model."""

    changed = Signal()

    def __init__(self, conversation: Conversation, tree: Tree, services: Services) -> None:
        super().__init__()
        self._conversation = conversation
        self._tree = tree
        self._services = services
        self._encoding = ""
        self._counted: dict[str, int] = {}
        """The tokens of the text of each message by its id, without its frame."""
        self._texts: dict[str, int] = {}
        self._extra = ""
        self._factor = 1.0
        self._learned_for: Target | None = None
        self._planner: Planner | None = None
        self._is_rough = True
        self._knew_price = False
        self._is_rough_draft = False
        self._newest_draft = ""
        self._drafting = asyncio.Lock()
        self.is_counting = False
        """Whether the helper is at it."""
        self._is_closed = False
        self._is_settled = False
        """Whether all was counted since the last change from outside."""
        self._working: asyncio.Task[None] | None = None
        self._again = False

    def _target(self) -> Target:
        services, conversation = self._services, self._conversation
        return Target(services.endpoint(conversation), services.model(conversation))

    # What the next request takes

    def plan(self, draft_tokens: int | None) -> Plan:
        """See ``ChatSession.plan``."""
        plan = self._current().plan(draft_tokens or 0)
        return plan if draft_tokens is not None else replace(plan, entries=plan.entries[:-1])

    def estimate(self, draft_tokens: int) -> Estimate:
        """See ``ChatSession.estimate``."""
        planner, target = self._current(), self._target()
        tokens = planner.tokens(draft_tokens)
        if target.endpoint is None:
            return Estimate(tokens, None, None, True)
        spending = self._services.spending
        sheet = spending.sheet(target.endpoint, target.model)
        if sheet is None and self._knew_price:
            self.wake()  # other prices are used since, and nobody asked for this one yet
        self._knew_price = sheet is not None
        return Estimate(
            tokens,
            spending.window(target.endpoint, target.model),
            None if sheet is None else cost(sheet, Usage(input=tokens)),
            self._is_rough or bool(draft_tokens and self._is_rough_draft),
        )

    def planner(self, path: Sequence[Message], extra: str = "", *, has_draft: bool = False) -> Planner:
        """What a request takes of ``path``. ``extra`` is a prompt of ours that follows it, if any."""
        self._extra = extra or self._extra
        factor, context = self._factor, self._conversation.context
        summary, taken = context.summary, self._taken()
        return Planner(
            path,
            taken if factor == 1 else lambda message: round(taken(message) * factor),
            context,
            has_draft=has_draft,
            fixed=self._corrected(self._fixed(extra), factor),
            summary_tokens=self._corrected(self._framed(summary.said), factor) if summary else 0,
        )

    def forecast(
        self, path: Sequence[Message], plan: Plan, extra: str = "", *, may_learn: bool = True
    ) -> Forecast:
        """What the request of ``plan`` takes, by what is counted now."""
        pairs = zip(path, plan.entries, strict=True)
        sent = [message for message, entry in pairs if entry.is_sent]
        tokens = sum(map(self._taken(), sent)) + self._fixed(extra)
        tokens += self._framed(plan.summary.said) if plan.summary else 0
        texts = [*self._prompts(), *filter(None, [extra])]
        is_counted = all(map(self._is_counted, sent)) and all(text in self._texts for text in texts)
        # A guess is no mistake to learn from.
        may_learn = may_learn and not any(map(counting.has_guess, sent))
        corrected = self._corrected(tokens, self._factor)
        return Forecast(tokens if may_learn and is_counted else None, corrected)

    def is_rough(self, path: Sequence[Message]) -> bool:
        """Whether the count of a request with ``path`` is approximate."""
        return (
            not counting.encoding_of(self._target().model)[1]
            or self._factor != 1
            or self._conversation.context.strategy is Strategy.SERVER
            or not all(map(self._is_counted, path))
            or any(map(counting.has_guess, path))
            or any(text not in self._texts for text in self._prompts())
        )

    def invalidate(self) -> None:
        """The path, its messages, the model or the settings changed."""
        self._is_settled = False
        self._plan_anew()

    def forget(self, message_id: str) -> None:
        """An answer is over: its text changed, and there is something new to learn from."""
        self._counted.pop(message_id, None)
        self._learned_for = None
        self.invalidate()

    # Counting

    async def draft(self, text: str, attachments: Sequence[Part] = ()) -> int:
        """See ``ChatSession.count_draft``. What was overtaken by a newer draft is not counted any more."""
        if not text and not attachments:
            return 0
        message = Message("", None, Role.USER, [Part(PartKind.TEXT, text), *attachments])
        text, has_guess = message.sent_text, counting.has_guess(message)
        self._newest_draft = text
        if not self._encoding:
            await self.load()
        if not self._is_settled:
            self.wake()
        async with self._drafting:
            tokens = counting.approximate(text)
            if text == self._newest_draft:
                found = await self._count([text])
                self._is_rough_draft = has_guess or found is None
                if found is not None:
                    self._remember([text], found)
                    (tokens,) = found
        taken = counting.message_tokens(self._target().model, message, tokens)
        return self._corrected(taken, self._factor)

    def wake(self) -> None:
        """Have the helper count what is not counted, and look up the model's price and window. Returns at
        once; ``changed`` tells of every step. Does nothing once the chat is closed."""
        self._again = True
        if not self.is_counting and not self._is_closed:
            self.is_counting = True
            self._working = self._services.tasks.start(self._work(), "counting")

    async def load(self) -> None:
        """Read what the database knows, which needs no helper."""
        encoding, _ = counting.encoding_of(self._target().model)
        try:
            store = await self._services.store()
            if encoding != self._encoding:
                self._encoding, self._counted, self._texts = encoding, {}, {}
                stored = await store.token_counts(self._conversation.id, encoding)
                if encoding == self._encoding:
                    self._counted = stored | self._counted
            await self.learn()
        except StorageError:
            return
        self._plan_anew()

    async def learn(self) -> None:
        """Take in what the last requests to the model really took. Raises ``StorageError``."""
        target = self._target()
        learned = None
        if target.endpoint is not None:
            store = await self._services.store()
            learned = await store.learned(target.endpoint.id, target.model)
        expected, reported = learned or (0, 0)
        factor = min(max(reported / expected, BOUNDS[0]), BOUNDS[1]) if expected else 1.0
        # Less than one in a thousand is rounding, and would mark every count as approximate.
        self._factor = factor if abs(factor - 1) > 0.001 else 1.0
        self._learned_for = target

    async def settle(self, path: Sequence[Message]) -> None:
        """Wait until all is counted that can be, the newest of ``path`` too, which may not be saved yet."""
        self.wake()
        missing = [message.sent_text for message in path[-2:] if not self._is_counted(message)]
        found = await self._count(missing) if missing else []
        if missing and found is not None:
            self._remember(missing, found)
        if self._working is not None:
            await asyncio.wait([self._working])

    def close(self) -> None:
        """Count no more."""
        self._is_closed = True
        if self._working is not None:
            self._working.cancel()

    async def _work(self) -> None:
        try:
            await self._count_all()
        finally:
            self.is_counting = False
            self.changed.emit()

    async def _count_all(self) -> None:
        while self._again:
            self._again, self._is_settled = False, True
            target = self._target()
            if target.endpoint is None:
                return
            if counting.encoding_of(target.model)[0] != self._encoding or target != self._learned_for:
                await self.load()
            if self._services.spending.sheet(target.endpoint, target.model) is None:
                await self._services.spending.find_sheet(target.endpoint, target.model)
                self._plan_anew()
            if not await self._count_texts() or not await self._count_messages():
                self._is_settled = False
                return

    async def _count_texts(self) -> bool:
        texts = [*self._prompts(), *filter(None, [self._extra])]
        missing = [text for text in texts if text not in self._texts]
        found = await self._count(missing) if missing else []
        if missing and found is not None:
            self._remember(missing, found)
            self._plan_anew()
        return found is not None

    async def _count_messages(self) -> bool:
        """Count what is not counted of the path, the newest first; False where the helper fails."""
        missing = (
            message
            for message in reversed(self._tree.path)
            if message.id not in self._counted and message.state is not State.STREAMING
        )
        while batch := list(islice(missing, BATCH)):
            encoding = self._encoding
            texts = [message.sent_text for message in batch]
            found = await self._count(texts)
            if found is None:
                return False
            if encoding != self._encoding:
                self._again = True
                return True
            # What was written on meanwhile is counted the next time.
            counts = {
                message.id: count
                for message, text, count in zip(batch, texts, found, strict=True)
                if message.sent_text == text
            }
            self._counted |= counts
            self._save(encoding, counts)
            self._plan_anew()
        return True

    def _save(self, encoding: str, counts: dict[str, int]) -> None:
        async def save() -> None:
            await (await self._services.store()).save_token_counts(encoding, counts)

        self._services.outbox.post(save)

    async def _count(self, texts: list[str]) -> list[int] | None:
        """The tokens of texts; None where the helper fails."""
        try:
            return await self._services.tokens.count(self._encoding, texts)
        except TokensUnavailable:
            return None

    def _remember(self, texts: list[str], counts: list[int]) -> None:
        """Keep counts beside those of messages; where they are too many the oldest drafts go."""
        self._texts |= dict(zip(texts, counts, strict=True))
        kept = {*self._prompts(), self._extra, *texts}
        left = _DRAFTS
        for text in [text for text in reversed(self._texts) if text not in kept]:
            left -= max(len(text), _LEAST)
            if left < 0:
                del self._texts[text]

    def _plan_anew(self) -> None:
        self._planner = None
        self.changed.emit()

    def _current(self) -> Planner:
        if self._planner is None:
            path = self._tree.path
            self._planner = self.planner(path, has_draft=True)
            self._is_rough = self.is_rough(path)
        return self._planner

    def _prompts(self) -> list[str]:
        """The texts that are sent beside the messages."""
        summary = self._conversation.context.summary
        texts = [self._conversation.parameters.system_prompt, summary.said if summary else ""]
        return [text for text in texts if text]

    def _is_counted(self, message: Message) -> bool:
        return message.id in self._counted or not (text := message.sent_text) or text in self._texts

    def _text_tokens(self, text: str) -> int:
        known = self._texts.get(text)
        return counting.approximate(text) if known is None else known

    def _taken(self) -> Callable[[Message], int]:
        """What tells the tokens of a message in a request, uncorrected."""
        model, counted, frame = self._target().model, self._counted, self._frame(0)

        def taken(message: Message) -> int:
            tokens = counted.get(message.id)
            if tokens is None:
                tokens = self._text_tokens(message.sent_text)
            # Most messages are one text: the rules for images need not be asked ten thousand times.
            if len(message.parts) == 1 and message.parts[0].data is None:
                return tokens + frame
            return counting.message_tokens(model, message, tokens)

        return taken

    def _fixed(self, extra: str) -> int:
        prompt = self._conversation.parameters.system_prompt
        return counting.request_tokens(self._framed(extra), self._text_tokens(prompt))

    def _framed(self, text: str) -> int:
        """What a text takes as a message; nothing where it is empty."""
        return self._frame(self._text_tokens(text)) if text else 0

    def _frame(self, tokens: int) -> int:
        message = Message("", None, Role.USER, [Part(PartKind.TEXT)])
        return counting.message_tokens(self._target().model, message, tokens)

    @staticmethod
    def _corrected(tokens: int, factor: float) -> int:
        return tokens if factor == 1 else round(tokens * factor)
