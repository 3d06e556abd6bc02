"""Makes the pictures of the README and the packages, off screen, from the program itself.

``uv run python packaging/screenshots.py [--font FAMILY] [FOLDER]`` writes main, folders, search, backups,
usage, context, answer, branches, trash, details, parameters, retry, problem, welcome, settings and endpoint,
each in light and dark, at 1280×820. The conversation in them is the design's own example; answer is taller,
and shows the demo model's answer with some of everything; folders has chats put in order, and one deleted.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import apsw
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QFont, QFontDatabase, QImage
from PySide6.QtWidgets import QApplication, QWidget

from desktop_chat.application import Application, Program, make_loop
from desktop_chat.chats import Chats
from desktop_chat.command_line import Options
from desktop_chat.credentials import Credentials
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import (
    DEMO_ENDPOINT,
    OPENAI_BASE_URL,
    Dialect,
    Endpoint,
    EndpointKind,
    KeySource,
)
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.listing import Folder, Tag, View
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.paths import Profile
from desktop_chat.storage import Reason, Store
from desktop_chat.ui.backups import BackupsWindow

DAY = 24 * 3600
TITLES = {
    "Quarterly numbers, chart ideas": 5.0,
    "Rust lifetimes vs. Python refs": 4.0,
    "Recipe scaling for 14 people": 3.0,
    "Explain Kalman filters simply": 1.1,
    "Cover letter, second draft": 1.0,
    "Review: SQL window functions": 0.02,
    "Trip to Lisbon, 4 days": 0.01,
}
QUESTION = (
    "My worker hammers the API after an outage. Show me exponential backoff with full jitter, "
    "and when each error should be retried at all."
)
ANSWER = """\
Retry only what can heal by itself, and spread the retries out so that clients do not return in one wave:

```python
async def with_backoff(call, attempts=5, base=0.5, cap=8.0):
    for n in range(attempts):
        try:
            return await call()
        except TRANSIENT:
            if n == attempts - 1: raise
            await sleep(random.uniform(0, min(cap, base * 2 ** n)))
```

| Status | Retry? | Why |
|---|---|---|
| 429 | yes, honour Retry-After | rate limit passes |
| 500–599 | yes | server fault |
| 400, 401 | no | will fail the same way |

Full jitter keeps the expected load flat because each client picks a random point in the window.
"""
MODEL = "gpt-5.2"
TALL = 1980
"""The height of a window that shows the long answer as a whole."""
# Nothing is asked of it: what is sent goes to the demo model.
ENDPOINT = Endpoint(
    "openai",
    "OpenAI",
    EndpointKind.OPENAI,
    OPENAI_BASE_URL,
    Dialect.RESPONSES,
    KeySource.NONE,
    default_model=MODEL,
)
PRICES = {MODEL: (Decimal("1.75"), Decimal(14)), "gpt-4o-mini": (Decimal("0.15"), Decimal("0.6"))}
"""US dollars a million tokens in and out, so that the example has amounts."""


def _conversation(title: str, parameters: Parameters | None = None) -> Conversation:
    return Conversation(
        new_id(), title, "user", ENDPOINT.id, MODEL, parameters or Parameters(), created_at=time.time()
    )


def _entry(shown: str, started_at: float, draw: random.Random) -> LedgerEntry:
    """A request as there may have been one."""
    model = draw.choice((MODEL, MODEL, "gpt-4o-mini"))
    usage = Usage(draw.randrange(2_000, 16_000), draw.randrange(300, 2_500), draw.randrange(2_000))
    price = PRICES[model]
    failed = draw.random() < 0.03
    return LedgerEntry(
        shown,
        new_id(),
        ENDPOINT.id,
        ENDPOINT.name,
        ENDPOINT.dialect,
        Purpose.CHAT,
        1 + (draw.random() < 0.04),
        started_at,
        Timing(None if failed else draw.lognormvariate(-0.8, 0.5), 4.0),
        Outcome.FAILED if failed else Outcome.OK,
        model=model,
        request_id=f"req_{draw.randrange(16**10):010x}",
        status=503 if failed else 200,
        usage=None if failed else usage,
        cost=Decimal(0) if failed else (usage.input * price[0] + usage.output * price[1]) / 1_000_000,
        error_kind="Overloaded" if failed else None,
    )


async def _fill(profile: Profile) -> str:
    """Write the example history; gives the id of the chat to show."""
    store = await Store.open(profile.database, profile.backups)
    ages: dict[str, float] = {}
    for title, days in TITLES.items():
        conversation = _conversation(title)
        ages[conversation.id] = days
        await store.begin_turn(conversation, [_message(None, Role.USER, title)])
    pinned = _conversation("Release checklist")
    pinned.pinned = True
    await store.begin_turn(pinned, [_message(None, Role.USER, "What is left?")])
    shown = _conversation(
        "Backoff with jitter in asyncio",
        Parameters("You are a careful senior engineer. Answer briefly, with code that runs.", 1.0),
    )
    question = _message(None, Role.USER, QUESTION)
    answer = _message(question.id, Role.ASSISTANT, ANSWER)
    answer.parts.insert(0, Part(PartKind.REASONING, "What heals by itself, and what does not?", 6.0))
    answer.model, answer.finish_reason, answer.request_id = MODEL, "stop", "req_8f2c41d09b"
    answer.usage, answer.timing = Usage(11_204, 312, 8_960, 64), Timing(0.41, 3.8)
    answer.cost = Decimal("0.0082")
    await store.begin_turn(shown, [question, answer])
    draw = random.Random(8)
    for _ in range(320):
        await store.record_attempt(_entry(pinned.id, time.time() - draw.random() * 21 * DAY, draw))
    own = replace(_entry(shown.id, time.time() - 60, draw), model=MODEL, usage=answer.usage, cost=answer.cost)
    await store.record_attempt(own)
    await store.close()
    with apsw.Connection(str(profile.database)) as database:
        for id, days in ages.items():
            database.execute(
                "UPDATE conversation SET used_at = ? WHERE id = ?", (time.time() - days * DAY, id)
            )
    return shown.id


def _order(chats: Chats, ids: dict[str, str]) -> tuple[str, str]:
    """Put some of the chats, by their titles, into folders, give tags, delete one; gives a folder to be open
    and what is changed last."""
    work, home = Folder(new_id(), "Work"), Folder(new_id(), "Home", position=1)
    reports = Folder(new_id(), "Reports", work.id)
    urgent, reading = Tag(new_id(), "Urgent", "red"), Tag(new_id(), "Reading", "blue")
    for folder in (work, home, reports):
        chats.save_folder(folder)
    for tag in (urgent, reading):
        chats.save_tag(tag)
    for title, place in {
        "Quarterly numbers, chart ideas": reports,
        "Review: SQL window functions": work,
        "Trip to Lisbon, 4 days": home,
    }.items():
        chats.move([ids[title]], place.id)
    kalman = [ids["Explain Kalman filters simply"]]
    chats.tag([ids["Review: SQL window functions"]], urgent.id)
    chats.tag(kalman, reading.id)
    chats.tag(kalman, urgent.id)
    chats.mark_unread([ids["Rust lifetimes vs. Python refs"]])
    chats.delete([ids["Cover letter, second draft"]])
    return work.id, ids["Cover letter, second draft"]


def _message(parent_id: str | None, role: Role, text: str) -> Message:
    return Message(new_id(), parent_id, role, [Part(PartKind.TEXT, text)], State.COMPLETE, time.time())


def _attachments(folder: Path) -> list[Path]:
    """A file and an image to attach."""
    code, graph = folder / "worker.py", folder / "graph.png"
    code.write_text(ANSWER.split("```")[1].removeprefix("python\n") * 6)
    image = QImage(800, 600, QImage.Format.Format_RGB32)
    image.fill(QColor("#dde8f5"))
    image.save(str(graph))
    return [code, graph]


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for has no one signal
            await asyncio.sleep(0.01)


async def _take(application: QApplication, theme: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        profile = Profile.at(Path(name))
        profile.create()
        shown = await _fill(profile)
        program = Program(
            Options(profile.data, demo=False, debug=False, screenshot=None, prompt=""),
            profile,
            application,
            credentials=Credentials(),
        )
        window = program.window
        program.settings.change(theme=theme)

        async def save(name: str, ready: Callable[[], object] = lambda: True) -> None:
            await _until(ready)
            # Highlighting and the like come in idle moments.
            await asyncio.sleep(0.5)
            window.grab().save(str(folder / f"{name}-{theme}.png"), "PNG")

        async def save_window(name: str, shown: QWidget, *, keep: bool = False) -> None:
            await asyncio.sleep(0.5)
            shown.grab().save(str(folder / f"{name}-{theme}.png"), "PNG")
            if not keep:
                shown.close()

        def visible(name: str) -> bool:
            return any(widget.isVisible() for widget in window.findChildren(QWidget, name))

        await program.start()
        await save("welcome", lambda: visible("welcome"))
        program.settings.change(endpoints=(ENDPOINT, DEMO_ENDPOINT), default_endpoint=ENDPOINT.id)
        program.settings.change(budget_month="20")
        for dialog in window.findChildren(QWidget, "welcome"):
            dialog.close()
        window.open_chat(shown)
        await _until(lambda: window.session is not None and window.session.conversation.id == shown)
        session = window.session
        assert session is not None
        window.chat.composer.text_edit.setPlainText("And how would you test it without sleeping?")
        dropped = QMimeData()
        dropped.setUrls([QUrl.fromLocalFile(str(path)) for path in _attachments(profile.data)])
        window.chat.attaching.take(dropped)
        await _until(lambda: not window.chat.attaching.intake.pending)
        await _until(lambda: session.estimate(0).cost is not None and not session.is_counting)
        await save("main")
        assert program.store is not None
        await program.store.back_up(Reason.ASKED)
        listed = await program.chats.page((await program.chats.listing(View())).seqs)
        rows = window.sidebar.model
        work, deleted = _order(program.chats, {chat.title: chat.id for chat in listed})
        await _until(lambda: rows.find(work).isValid() and program.chats.known(deleted) is None)
        rows.toggle(work)
        await save("folders")
        await program.store.index_pending(5.0)
        window.search_chats("retry")
        await save("search", lambda: window.palette_.count.text())
        window.palette_.close()
        program.dialogs.show_backups()
        backups = window.findChild(BackupsWindow)
        await _until(lambda: backups.listed.model().rowCount())
        backups.listed.selectRow(1)
        await save_window("backups", backups)
        program.dialogs.show_usage()
        await save("usage", lambda: visible("usage"))
        window.findChild(QWidget, "usage").close()
        window.chat.context_requested.emit()
        await _until(lambda: any(w.objectName() == "contextDialog" for w in QApplication.topLevelWidgets()))
        context = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "contextDialog")
        await save_window("context", context)
        session.set_model(DEMO_ENDPOINT.id, "demo")
        size = window.size()
        window.chat.composer.text_edit.clear()
        window.chat.composer.set_attachments(())
        await session.send("Please show every format")
        await _until(lambda: not session.is_busy)
        window.resize(size.width(), TALL)
        await save("answer", lambda: window.chat.transcript.is_settled)
        window.resize(size)
        session.regenerate(session.tree.path[1].id)
        await _until(lambda: session.is_busy)
        await _until(lambda: not session.is_busy)
        window.open_branches()
        await save_window("branches", window.findChild(QWidget, "branchMap"))
        window.open_trash()
        await save_window("trash", window.trash)
        window.show_answer_details()
        details = window.findChild(QWidget, "messageDetails")
        await _until(lambda: details.is_complete)
        await save_window("details", details)
        window.findChild(QWidget, "moreParameters").click()
        await save_window("parameters", window.findChild(QWidget, "parameters"))
        for name, prompt in (("retry", "Please wait 18 seconds"), ("problem", "Please fail 401")):
            await session.send(prompt)
            await save(name, lambda name=name: visible(name))
            session.stop()
            await _until(lambda: not session.is_busy)
        program.dialogs.show_settings()
        settings = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "settings")
        await save_window("settings", settings, keep=True)
        program.dialogs.show_settings(ENDPOINT.id, "base_url")
        await save_window("endpoint", settings)
        await program.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "screenshots")
    parser.add_argument("--font", default="Inter", help="a family to use where it is installed")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    application = Application()
    if arguments.font in QFontDatabase.families():
        application.setFont(QFont(arguments.font))
    for theme in ("light", "dark"):
        with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
            runner.run(_take(application, theme, arguments.folder))


if __name__ == "__main__":
    main()
