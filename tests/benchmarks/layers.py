"""The program, layer by layer, driven from inside. ``python -m tests.benchmarks.layers WHAT …``.

``api`` reads an answer with ``Api.reply`` alone, ``session`` with a ``ChatSession`` and its database but no
window, ``window`` with the whole program. The other verbs time single things in the whole program.
"""

import asyncio
import contextlib
import logging
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest

from desktop_chat.api import Api
from desktop_chat.application import Application, make_loop
from desktop_chat.attachments import Attachments
from desktop_chat.chats import Chats
from desktop_chat.credentials import Credentials
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import Dialect, Secrets
from desktop_chat.domain.events import Finished
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.listing import View
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.domain.request import Request
from desktop_chat.domain.search import Term
from desktop_chat.domain.search_query import parse
from desktop_chat.paths import Profile
from desktop_chat.session import ChatSession
from desktop_chat.settings import Settings
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from tests.benchmarks.processes import profile, report
from tests.benchmarks.sample import markdown
from tests.end_to_end.driver import Driver, running, server_endpoint

BEAT = 5
"""Milliseconds."""


class Heartbeat:
    """How long the GUI thread was not at hand: the longest time between two beats, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = 0.0
        self._timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=BEAT)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self.longest, self._last = 0.0, time.perf_counter()
        self._timer.start()

    def stop(self) -> float:
        self._beat()
        self._timer.stop()
        return self.longest

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now


class Told(logging.Handler):
    """Calls what belongs to the words with which a line of the program's log begins."""

    def __init__(self, **calls: Callable[[], None]) -> None:
        super().__init__(logging.DEBUG)
        self._calls = calls
        logger = logging.getLogger("desktop_chat.application")
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        for words, call in self._calls.items():
            if record.getMessage().startswith(words.replace("_", " ")):
                call()


@contextlib.asynccontextmanager
async def loaded(url: str, dialect: str, folder: Path | None = None) -> AsyncIterator[Driver]:
    """The whole program, with everything loaded."""
    ready = asyncio.Event()
    Told(ready_to_ask=ready.set)
    with profile() as fresh:
        async with running(folder or fresh, endpoint=server_endpoint(url, Dialect(dialect))) as driver:
            driver.program.prepare_to_ask()
            await ready.wait()
            yield driver


async def ended(session: ChatSession) -> None:
    """Wait for the end of the answer, without using CPU meanwhile."""
    changed = asyncio.Event()
    session.phase_changed.connect(changed.set)
    while session.is_busy or session.last is None:
        await changed.wait()
        changed.clear()
    session.phase_changed.disconnect(changed.set)
    assert session.last.state is State.COMPLETE, session.last.error


async def settled(driver: Driver) -> None:
    """Wait until all that is in view is shown as it will stay."""
    await seldom(lambda: driver.window.chat.transcript.is_settled, 0.02)


async def seldom(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for ``condition``, which tells nobody, by a look now and then: waiting must not cost CPU."""
    met = asyncio.Event()
    timer = QTimer(interval=round(seconds * 1000))
    timer.timeout.connect(lambda: met.set() if condition() else None)
    timer.start()
    if not condition():
        await met.wait()
    timer.stop()


def press(driver: Driver, text: str) -> float:
    """Type ``text``, press Enter, and tell when."""
    driver.type(text)
    at = time.monotonic()
    QTest.keyClick(driver.composer, Qt.Key.Key_Return)
    return at


async def api(url: str, dialect: str, repeats: str) -> None:
    """Report the CPU seconds of each whole answer."""
    reader = Api()
    await reader.load()
    question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, "Go on.")])
    endpoint = server_endpoint(url, Dialect(dialect))
    used = []
    for _ in range(int(repeats)):
        began = time.process_time()
        last: object = None
        async with contextlib.aclosing(
            reader.reply(endpoint, Secrets(), Request("m-1", (question,)), Limits()).events()
        ) as events:
            async for event in events:
                last = event
        used.append(time.process_time() - began)
        assert isinstance(last, Finished)
        assert last.state is State.COMPLETE, last.error
    await reader.close()
    report({"cpu": used})


async def session(url: str, dialect: str, repeats: str) -> None:
    """The same with what saves the answer."""
    failures: list[BaseException] = []
    tasks = Tasks(failures.append)
    used = []
    with profile() as folder:
        settings = Settings(folder / "settings.json")
        endpoint = server_endpoint(url, Dialect(dialect))
        settings.change(endpoints=(endpoint,), default_endpoint=endpoint.id)
        sdk = Api()
        await sdk.load()
        opening = asyncio.ensure_future(Store.open(folder / "chats.db", folder / "backups"))
        tokens = Tokens()
        chats = Chats(
            opening,
            api=sdk,
            credentials=Credentials(),
            settings=settings,
            tasks=tasks,
            tokens=tokens,
            attachments=Attachments(folder / "attachments"),
        )
        await chats.load()
        for _ in range(int(repeats)):
            chat = chats.new()
            began = time.process_time()
            chat.send("Go on.")
            await ended(chat)
            used.append(time.process_time() - began)
        await chats.close()
        await tasks.close()
        await sdk.close()
        await (await opening).close()
        tokens.close()
        settings.close()
    assert failures == []
    report({"cpu": used})


async def window(url: str, dialect: str, repeats: str) -> None:
    """The same with a window, and the resident MB after the first answer."""
    used, weight = [], 0.0
    async with loaded(url, dialect) as driver:
        for _ in range(int(repeats)):
            driver.window.new_chat()
            chat = driver.window.session
            assert chat is not None
            await settled(driver)
            began = time.process_time()
            press(driver, "Go on.")
            await ended(chat)
            await settled(driver)
            used.append(time.process_time() - began)
            weight = weight or psutil.Process().memory_info().rss / 1e6
    report({"cpu": used, "rss": weight})


async def gaps(url: str, dialect: str, repeats: str) -> None:
    """Report the longest gap of the GUI while each answer was written."""
    longest = []
    beat = Heartbeat()
    async with loaded(url, dialect) as driver:
        for _ in range(int(repeats)):
            driver.window.new_chat()
            chat = driver.window.session
            assert chat is not None
            await settled(driver)
            beat.start()
            press(driver, "Go on.")
            await ended(chat)
            await settled(driver)
            longest.append(beat.stop())
    report({"longest": longest})


async def idle_gaps(seconds: str) -> None:
    """Report the longest gap of a loop that has nothing to do."""
    beat = Heartbeat()
    beat.start()
    await asyncio.sleep(float(seconds))
    report({"longest": beat.stop()})


async def loading_gap(url: str, dialect: str) -> None:
    """Report the longest gap from the first paint until everything is loaded."""
    beat = Heartbeat()
    Told(first_paint=beat.start)
    async with loaded(url, dialect):
        report({"longest": beat.stop()})


async def growth(url: str, dialect: str) -> None:
    """Report what had come, in characters, and the CPU seconds until then, after every piece of an answer."""
    marks: list[tuple[int, float]] = [(0, 0.0)]
    async with loaded(url, dialect) as driver:
        chat = driver.window.session
        assert chat is not None

        def came(message_id: str, kind: PartKind, text: str) -> None:
            marks.append((marks[-1][0] + len(text), time.process_time()))

        chat.text_added.connect(came)
        press(driver, "Go on.")
        await ended(chat)
        await settled(driver)
    report({"marks": marks[1:]})


async def enter(url: str, dialect: str) -> None:
    """Report when Enter was pressed on the first message after the start."""
    async with loaded(url, dialect) as driver:
        chat = driver.window.session
        assert chat is not None
        at = press(driver, "Go on.")
        await ended(chat)
        report({"at": at})


async def stop(url: str, dialect: str) -> None:
    """Report when Esc was pressed in the middle of an answer."""
    async with loaded(url, dialect) as driver:
        chat = driver.window.session
        assert chat is not None
        came = asyncio.Event()
        chat.text_added.connect(lambda *_: came.set())
        press(driver, "Go on.")
        await came.wait()
        at = time.monotonic()
        QTest.keyClick(driver.composer, Qt.Key.Key_Escape)
        report({"at": at})


def _long_chat(count: int) -> tuple[Conversation, list[Message]]:
    conversation = Conversation(new_id(), title="Long", created_at=time.time())
    messages: list[Message] = []
    for number in range(count):
        role = Role.ASSISTANT if number % 2 else Role.USER
        parent = messages[-1].id if messages else None
        text = markdown(100)[: 400 if number % 2 else 80]
        messages.append(Message(new_id(), parent, role, [Part(PartKind.TEXT, text)], created_at=time.time()))
    return conversation, messages


async def keys(count: str, times: str) -> None:
    """Report what key presses in a long chat cost, and how long each takes until its tokens are told."""
    conversation, messages = _long_chat(int(count))
    conversation.model = "gpt-5.2"
    with profile() as folder:
        store = await Store.open(folder / "chats.db", folder / "backups")
        await store.begin_turn(conversation, messages)
        await store.close()
        async with loaded("http://127.0.0.1:9/v1", Dialect.RESPONSES.value, folder) as driver:
            window = driver.window
            chat = window.chat
            endpoint = window.session.endpoint if window.session is not None else None
            assert endpoint is not None
            conversation.endpoint_id = endpoint.id
            prices = {conversation.model: {"input": "1.75", "output": "14", "context": "10000000"}}
            driver.program.settings.change(own_prices={endpoint.id: prices})
            window.open_chat(conversation.id)
            await seldom(lambda: _shown(driver) == conversation.id, 0.002)
            session = window.session
            assert session is not None
            session.set_model(endpoint.id, conversation.model)
            await seldom(lambda: chat.transcript.is_settled, 0.02)
            # With the first key the whole chat is counted.
            beat = Heartbeat()
            beat.start()
            began = time.perf_counter()
            QTest.keyClick(driver.composer, Qt.Key.Key_A)
            await seldom(lambda: not session.estimate(0).is_approximate and not session.is_counting, 0.02)
            counted, gap = time.perf_counter() - began, beat.stop()
            await seldom(lambda: chat.transcript.is_settled, 0.02)
            told = asyncio.Event()
            chat.meter.counted.connect(told.set)
            waits, with_it = [], []
            for number in range(int(times)):
                told.clear()
                began = time.perf_counter()
                QTest.keyClick(driver.composer, Qt.Key.Key_A + number % 26)
                with_it.append(time.perf_counter() - began)
                await told.wait()
                waits.append(time.perf_counter() - began)
            label = chat.composer.meter.text()
            assert "$" in label, label
            chat.composer.text_changed.disconnect()
            without = []
            for number in range(int(times)):
                began = time.perf_counter()
                QTest.keyClick(driver.composer, Qt.Key.Key_A + number % 26)
                without.append(time.perf_counter() - began)
                await asyncio.sleep(0.005)
    report({"waits": waits, "with": with_it, "without": without, "counted": counted, "gap": gap})


async def opening(count: str) -> None:
    """Report the cost of showing a stored conversation, and that of reading its rows alone."""
    conversation, messages = _long_chat(int(count))
    with profile() as folder:
        store = await Store.open(folder / "chats.db", folder / "backups")
        await store.begin_turn(conversation, messages)
        rows = []
        for _ in range(3):
            began = time.process_time()
            await store.tree(conversation.id)
            rows.append(time.process_time() - began)
        await store.close()
        beat = Heartbeat()
        async with loaded("http://127.0.0.1:9/v1", Dialect.RESPONSES.value, folder) as driver:
            beat.start()
            began, wall = time.process_time(), time.perf_counter()
            driver.window.open_chat(conversation.id)
            await seldom(lambda: _shown(driver) == conversation.id, 0.002)
            await seldom(lambda: driver.window.chat.transcript.is_settled, 0.002)
            taken, wall = time.process_time() - began, time.perf_counter() - wall
            longest = beat.stop()
            assert len(driver.path) == int(count)
    report({"rows": min(rows), "cpu": taken, "wall": wall, "longest": longest})


async def jumping(folder: str, count: str) -> None:
    """Report the seconds by the clock until a chat of a long history is shown, and until a hit of a search in
    one is; none of the chats was open before."""
    paths = Profile.at(Path(folder))
    store = await Store.open(paths.database, paths.backups)
    seqs = (await store.listing(View())).seqs
    chats = await store.conversations(random.Random(3).sample(list(seqs), min(int(count), len(seqs))))
    found = await store.search(parse("server ", time.time()), limit=4 * int(count))
    await store.close()
    opened = {chat.id for chat in chats}
    hits = {hit.conversation_id: hit for hit in found.hits if hit.message_id}
    terms = (Term("server"),)
    taken: dict[str, list[float]] = {"opening a chat": [], "jumping to a hit": []}
    async with loaded("http://127.0.0.1:9/v1", Dialect.RESPONSES.value, paths.data) as driver:

        async def show(what: str, chat: str, *where: Any) -> None:
            began = time.perf_counter()
            driver.window.open_chat(chat, *where)
            await seldom(lambda: _shown(driver) == chat, 0.001)
            await seldom(lambda: driver.window.chat.transcript.is_settled, 0.001)
            taken[what].append(time.perf_counter() - began)

        for chat in chats:
            await show("opening a chat", chat.id)
        for hit in [hit for chat, hit in hits.items() if chat not in opened][: int(count)]:
            await show("jumping to a hit", hit.conversation_id, hit.message_id, terms)
    report(taken)


def _shown(driver: Driver) -> str:
    shown = driver.window.session
    return shown.conversation.id if shown else ""


VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb
    for verb in (
        *(api, session, window, gaps, idle_gaps, loading_gap, growth),
        *(enter, stop, opening, jumping, keys),
    )
}


def main(what: str, *arguments: str) -> None:
    application = Application()
    with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
        runner.run(VERBS[what](*arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
