"""One reply: picks the dialect, owns the retries and the watchdogs, yields domain.events."""

import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from desktop_chat.api import chat_completions, rate_limits, responses, wire
from desktop_chat.api.parser import Parser
from desktop_chat.api.quirks import ENCRYPTED_REASONING, Quirks
from desktop_chat.api.retry import Failed, RetryPolicy
from desktop_chat.api.server_errors import reported
from desktop_chat.api.sse import LARGEST_EVENT, ServerEvent, SseDecoder
from desktop_chat.api.transfer import Transfer
from desktop_chat.domain.endpoint import Dialect, Endpoint, Secrets
from desktop_chat.domain.errors import (
    BadRequest,
    ChatError,
    CutOff,
    Garbled,
    KeyProblem,
    KeyRejected,
    NoAnswer,
    NotAStream,
    Stalled,
    TookTooLong,
    TooLarge,
)
from desktop_chat.domain.events import (
    Adjusted,
    AttemptEnded,
    AttemptStarted,
    Choice,
    Delta,
    Finished,
    PartCame,
    ReplyEvent,
    RetryScheduled,
    Started,
    Throttled,
)
from desktop_chat.domain.evidence import Evidence, RateLimits
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import State
from desktop_chat.domain.request import Request
from desktop_chat.domain.usage import Timing

if TYPE_CHECKING:
    from desktop_chat.api.client import Client

AFTER_FINISH = 5.0
"""Seconds to wait for the usage after the finish reason."""
_GRACE = 0.1
"""Seconds that a server has to end a finished response, so that its connection is kept (as in the SDK)."""
_MANY = 100
"""Messages that are made a request of without a thread."""
_OK = 200
"""The status of every answer that begins: any other is an error (``client``)."""
_SHOWN_OF_A_DOCUMENT = 1 << 16
"""Bytes read of a document that cannot be an answer, to show how it starts."""

UNSTREAMED = 600.0
"""Seconds to wait at least for an answer that comes in one piece (the SDK's ``DEFAULT_TIMEOUT``)."""
_INLINE = 1 << 18
"""Bytes of a request and its answer that are worked on without a thread: a millisecond or two."""

_DIALECTS: dict[Dialect, tuple[str, Callable[[Request, Quirks], dict[str, Any]]]] = {
    Dialect.RESPONSES: (responses.PATH, responses.body),
    Dialect.CHAT_COMPLETIONS: (chat_completions.PATH, chat_completions.body),
}


class Reply:
    """An answer being asked for. Its events can be read once."""

    def __init__(
        self,
        connect: Callable[[Secrets], Awaitable["Client"]],
        release: Callable[["Client"], Awaitable[None]],
        endpoint: Endpoint,
        secrets: Secrets,
        request: Request,
        limits: Limits,
        policy: RetryPolicy,
    ) -> None:
        self._connect = connect
        self._release = release
        self._endpoint = endpoint
        self._secrets = secrets
        self._request = request
        self._limits = limits
        self._policy = policy
        self._quirks = Quirks.of(endpoint, request.rejected)
        self._retry_now = asyncio.Event()
        self._client: Client | None = None
        self._attempt: _Attempt | None = None

    @property
    def has_left(self) -> bool:
        """Whether the request of the last attempt went out to a server, so that it may be worked on."""
        return self._attempt is not None and self._attempt.has_left

    def others(self) -> tuple[Choice, ...]:
        """The other answers of the last attempt, as far as they came: for one that is stopped."""
        return self._attempt.others() if self._attempt is not None else ()

    def evidence(self) -> Evidence | None:
        """What went over the wire for the last attempt, as far as it came: for one that is stopped, whose
        :class:`AttemptEnded` nobody reads."""
        return self._attempt.evidence() if self._attempt is not None else None

    def retry_now(self) -> None:
        """End the wait of a :class:`RetryScheduled`; without one it does nothing."""
        self._retry_now.set()

    async def events(self) -> AsyncGenerator[ReplyEvent, None]:
        """What happens, until :class:`Finished`. Raises no ``ChatError``.

        Cancelling the task that reads, or closing the generator, closes the connection at once. One who may
        stop half-way reads it within ``contextlib.aclosing``: Qt's event loop closes no forgotten generator.
        """
        try:
            self._client = await self._connect(self._secrets)
        except Failed as failed:
            yield Finished(State.FAILED, error=failed.error)
            return
        try:
            async with contextlib.aclosing(self._attempts(self._client)) as events:
                async for event in events:
                    yield event
        finally:
            await self._release(self._client)

    async def _renewed(self) -> "Client | None":
        """A client with other secrets, once; None where there are none. Raises ``Failed``, ``KeyProblem``."""
        if self._secrets.renew is None or self._client is None:
            return None
        # Those that are given have no others in turn, whoever made them.
        self._secrets = replace(await self._secrets.renew(), renew=None)
        client = await self._connect(self._secrets)
        self._client, old = client, self._client
        await self._release(old)
        return client

    async def _attempts(self, client: "Client") -> AsyncGenerator[ReplyEvent, None]:
        attempts = max(self._limits.attempts, 1)
        adjusted: list[Adjusted] = []
        for number in range(1, attempts + 1):
            client = self._client or client
            if (throttled := client.limiter.throttled()) is not None:
                yield throttled
            attempt = _Attempt(client, self._request, self._quirks, self._limits, number, adjusted)
            async with client.limiter.slot(), contextlib.aclosing(attempt.run(self._renewed)) as events:
                yield AttemptStarted(number, attempts)
                self._attempt = attempt
                async for event in events:
                    yield event
                yield await attempt.ended()
            if not (attempt.heals and number < attempts) or attempt.error is None:
                yield attempt.finished()
                return
            if suspected := self._quirks.suspect(attempt.error.status, attempt.body):
                adjusted.append(Adjusted(suspected, attempt.error.message))
            delay = self._policy.delay(number - 1, attempt.error.retry_after)
            deadline = asyncio.get_running_loop().time() + delay
            self._retry_now.clear()
            yield RetryScheduled(attempt.error, number + 1, attempts, delay)
            # Not wait_for: that of Python 3.11 loses a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self._retry_now.wait()


class _Attempt:
    """One attempt, from the request leaving to what it ended with.

    ``adjusted`` is what was learned and not told yet: it is told when an answer begins, since only that
    shows that it was the reason.
    """

    def __init__(
        self,
        client: "Client",
        request: Request,
        quirks: Quirks,
        limits: Limits,
        number: int,
        adjusted: list[Adjusted],
    ) -> None:
        self.error: ChatError | None = None
        self.heals = False
        self.body: dict[str, Any] = {}
        self._client = client
        self._request = request
        self._quirks = quirks
        self._limits = limits
        self._number = number
        self._adjusted = adjusted
        self._parser = self._new_parser()
        self._request_id: str | None = None
        self._any_text = False
        self._began = time.monotonic()
        self._ends_by = math.inf
        self._first_event: float | None = None
        self._took = Timing(None, 0.0)
        self._transfer: Transfer | None = None
        self._answered = False
        self._is_turned_away = False
        self._sent = 0
        self._others: tuple[Choice, ...] | None = None
        self._limits_seen: RateLimits | None = None

    def _new_parser(self) -> Parser:
        endpoint, request = self._quirks.endpoint, self._request
        if endpoint.dialect is Dialect.RESPONSES:
            return responses.ResponsesParser(endpoint.origin, request.model)
        asked = self.body.get("n")
        return chat_completions.ChatCompletionsParser(asked if isinstance(asked, int) else 1)

    @property
    def has_left(self) -> bool:
        """Whether the request went out, and was not turned away; what came back says so too."""
        if self._is_turned_away:
            return False
        return self._answered or (self._transfer is not None and self._transfer.record.has_left)

    async def run(
        self, renewed: Callable[[], Awaitable["Client | None"]]
    ) -> AsyncGenerator[Throttled | Adjusted | Started | Delta | PartCame, None]:
        """Send the request and read its answer; again, in its turn, where the server taught us how to write
        it, or where there is another key."""
        self._began = time.monotonic()
        if self._limits.total is not None:
            self._ends_by = asyncio.get_running_loop().time() + self._limits.total
        while True:
            try:
                transfer = self._transfer = await self._send()
            except Failed as failed:
                self.error = failed.error
                return
            grace = 0.0
            try:
                async with contextlib.aclosing(self._read(transfer)) as events:
                    async for event in events:
                        yield event
                grace = _GRACE if self._parser.is_over else 0.0
                failed_with = transfer.failure
            finally:
                await transfer.close(grace)
            if transfer.opened is not None or failed_with is None:
                return
            self._saw(transfer)
            if not (self._learns(failed_with) or await self._renews(failed_with, renewed)):
                self.error, self.heals = self.error or failed_with.error, failed_with.heals
                self._request_id = self.error.request_id
                return
            self._is_turned_away, waits_since = True, asyncio.get_running_loop().time()
            async with contextlib.aclosing(self._client.limiter.again()) as turns:
                async for throttled in turns:
                    yield throttled
            self._is_turned_away = False
            self._ends_by += asyncio.get_running_loop().time() - waits_since

    async def _send(self) -> Transfer:
        """Raises :class:`Failed` where the request cannot be written."""
        endpoint, contents = self._quirks.endpoint, self._request.contents
        path, write = _DIALECTS[endpoint.dialect]

        def written() -> bytes | wire.Pieces:
            self.body = write(self._request, self._quirks)
            return wire.encode(self.body, contents)

        try:
            is_large = contents or len(self._request.messages) > _MANY
            content = await asyncio.to_thread(written) if is_large else written()
        except (ValueError, RecursionError) as error:
            raise Failed(BadRequest(f"The request cannot be sent: {error}")) from None
        self._parser = self._new_parser()
        self._sent = len(content)
        path = self._client.path_for(path, self._request.model)
        streams = self.body.get("stream") is True
        request = self._client.stream(
            path, content, streams=streams, retries_taken=self._number - 1, limits=self._limits
        )
        return Transfer(request, f"POST {path}")

    def _learns(self, failed: Failed) -> bool:
        dialect = self._quirks.endpoint.dialect
        name = self._quirks.learn(failed.error.status, failed.said, self.body, dialect)
        if name not in (None, ENCRYPTED_REASONING):
            self._adjusted.append(Adjusted(str(name), failed.error.message))
        return name is not None

    async def _renews(self, failed: Failed, renewed: Callable[[], Awaitable["Client | None"]]) -> bool:
        if not isinstance(failed.error, KeyRejected):
            return False
        try:
            client = await renewed()
        except (Failed, KeyProblem) as raised:
            self.error = raised.error if isinstance(raised, Failed) else raised
            return False
        self._client = client or self._client
        return client is not None

    def _saw(self, transfer: Transfer) -> None:
        """Tell the endpoint's limits, where the headers of the response did."""
        if (seen := rate_limits.read(transfer.record.headers)) is not None:
            self._limits_seen = seen
            self._client.saw(seen)

    async def _read(self, transfer: Transfer) -> AsyncGenerator[Adjusted | Started | Delta | PartCame, None]:
        loop = asyncio.get_running_loop()
        deadline = min(loop.time() + self._first_patience, self._ends_by)
        parser, decoder, document = self._parser, SseDecoder(), bytearray()
        started = False
        while True:
            alive = await transfer.wait(deadline)
            if transfer.opened is not None and not started:
                started = self._answered = True
                self._request_id = transfer.opened.request_id
                self._saw(transfer)
                for adjusted in self._adjusted:
                    yield adjusted
                yield Started(self._request_id)
            if transfer.opened is None:
                if alive and not transfer.ended:
                    continue
                self._no_answer(transfer)
                return
            data, ended = transfer.take(), transfer.ended
            if transfer.opened.content_type == "text/event-stream":
                events = decoder.feed(data, final=ended)
                if decoder.is_too_large:
                    self._fail(TooLarge(f"One event of the answer is larger than {LARGEST_EVENT >> 20} MB."))
            else:
                document += data
                shown = len(document) >= _SHOWN_OF_A_DOCUMENT and "json" not in transfer.opened.content_type
                if not (ended or shown or not alive):
                    continue
                if alive and transfer.failure is None:
                    self._read_document(bytes(document), transfer.opened.content_type)
                ended, events = True, []
            turn = loop.time()
            for event in events:
                if not self._feed(event):
                    break
                if loop.time() - turn > wire.WORK_BUDGET:
                    for delta in self._deltas():
                        yield delta
                    await asyncio.sleep(0)
                    turn = loop.time()
            alive = alive and loop.time() < self._ends_by
            over = ended or not alive or parser.finished or self.error is not None
            for delta in self._deltas(final=over):
                yield delta
            if over:
                self._close(transfer, stalled=not alive)
                return
            if parser.is_over:
                deadline = min(deadline, loop.time() + AFTER_FINISH)
            elif events:
                deadline = min(loop.time() + self._patience, self._ends_by)

    @property
    def _first_patience(self) -> float:
        """Seconds to the first event: one that comes in one piece comes when all of it is there."""
        whole = self.body.get("stream") is not True
        return max(self._limits.first_event, UNSTREAMED) if whole else self._limits.first_event

    @property
    def _patience(self) -> float:
        """Seconds to the next event: a model that has said "created" may reason long before its text, and a
        tool may work long after it."""
        waits = not self._any_text or self._parser.is_working
        return self._limits.first_event if waits else self._limits.idle

    def _deltas(self, *, final: bool = False) -> Iterable[Delta | PartCame]:
        deltas = self._parser.take(final=final)
        self._any_text = self._any_text or any(isinstance(delta, Delta) for delta in deltas)
        return deltas

    def _feed(self, event: ServerEvent) -> bool:
        """Take in one event; False where nothing after it counts."""
        parser = self._parser
        if event.data.startswith("[DONE]"):
            parser.done()
            return False
        if self._first_event is None:
            self._first_event = time.monotonic()
        try:
            value = json.loads(event.data)
        except (ValueError, RecursionError):
            if event.name == "error":
                value = {"message": event.data}
            else:
                if parser.state is None and not event.cut:
                    start = self._client.redact.plain(event.data[:500], 200)
                    self._fail(Garbled(f"The server sent what cannot be read: {start}"))
                return False
        parser.feed(event.name, value)
        return not parser.finished

    def _read_document(self, document: bytes, content_type: str) -> None:
        """A response that is not a stream: an answer in one piece, an error with status 200, or neither."""
        text = document.decode("utf-8", "replace")
        if "json" in content_type:
            with contextlib.suppress(ValueError, RecursionError):
                self._parser.feed("", json.loads(text))
                self._first_event = time.monotonic()
        if self._parser.state is None and not self._parser.error:
            start = self._client.redact.plain(text[:_SHOWN_OF_A_DOCUMENT])
            kind = self._client.redact.plain(content_type, 100) or "nothing that says its type"
            self._fail(
                NotAStream(f"Not a stream but {kind}: {start}" if start else f"Not a stream but {kind}")
            )

    def _no_answer(self, transfer: Transfer) -> None:
        """The head of the response never came."""
        if transfer.failure is None:
            limit = min(self._first_patience, self._limits.total or math.inf)
            self._fail(NoAnswer(f"No answer began within {limit:g} seconds."))
            self.heals = True

    def _close(self, transfer: Transfer, *, stalled: bool) -> None:
        """The response is over: find what ended it, unless that is known already or all is well."""
        parser = self._parser
        if parser.state is not None or self.error is not None:
            return
        if parser.error:
            came = self._any_text
            self._fail(reported(parser.error, self._client.host, self._client.redact, came=came))
        elif transfer.failure is not None:
            self._fail(transfer.failure.error)
        elif stalled and asyncio.get_running_loop().time() >= self._ends_by:
            self._fail(TookTooLong(f"The answer was not at its end after {self._limits.total:g} seconds."))
        elif stalled:
            self._fail(Stalled(f"Nothing came for {self._patience:g} seconds."))
        else:
            self._fail(CutOff("The answer ended without its end mark."))

    def _fail(self, error: ChatError) -> None:
        error.host = self._client.host
        error.request_id = error.request_id or self._request_id
        self.error = error

    def _timing(self) -> Timing:
        first = None if self._first_event is None else self._first_event - self._began
        return Timing(first, time.monotonic() - self._began)

    def others(self) -> tuple[Choice, ...]:
        """The other answers, but those of which nothing came. Once asked for, there are no more of them."""
        if self._others is None:
            self._others = tuple(choice for choice in self._parser.others if choice.parts)
        return self._others

    def _shown(self, name: str | None) -> str | None:
        """A name that the server gave, which goes to ledger and log."""
        return name and self._client.redact.hide(name)

    def evidence(self) -> Evidence | None:
        """What went over the wire so far."""
        if self._transfer is None:
            return None
        hidden = self._quirks.endpoint.secret_headers
        return self._transfer.record.evidence(self.body, self._client.redact, hidden)

    async def ended(self) -> AttemptEnded:
        """The row for the ledger."""
        parser = self._parser
        large = self._transfer is not None and self._sent + self._transfer.record.size > _INLINE
        evidence = await asyncio.to_thread(self.evidence) if large else self.evidence()
        self._took = self._timing()
        return AttemptEnded(
            self._number,
            self._request_id,
            self._shown(parser.model),
            parser.usage,
            self._took,
            self.error,
            status=_OK if self._answered else self.error.status if self.error else None,
            service_tier=self._shown(parser.service_tier),
            has_left=self.has_left or (self.error is not None and self.error.status is not None),
            evidence=evidence,
            rate_limits=self._limits_seen,
            others=self.others(),
        )

    def finished(self) -> Finished:
        """The end of the reply, where this attempt was the last."""
        parser = self._parser
        state = parser.state
        if self.error is not None or state is None:
            state = State.INTERRUPTED if self._any_text else State.FAILED
        return Finished(
            state,
            self._shown(parser.finish_reason),
            self._request_id,
            self._shown(parser.model),
            parser.usage,
            self._took,
            self.error,
            self.others(),
        )
