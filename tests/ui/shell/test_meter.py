"""What the next request takes and what the chat has cost, as the window tells it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from desktop_chat.domain.context import ContextSettings, Place, Strategy, Summary
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Dialect, EndpointKind
from desktop_chat.domain.evidence import Allowance, RateLimits
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.session import ChatSession
from desktop_chat.ui.gauge import Bar
from desktop_chat.ui.money import in_dollars
from desktop_chat.ui.sight import SEES_FROM, SERVER_LEAVES_OUT, SUMMARISED
from desktop_chat.ui.transcript.row import Action
from tests.ui.shell.conftest import Running, record, until

PRICES = {"input": "2", "output": "8", "context": "4000"}
"""Dollars a million tokens, and tokens."""


def set_prices(running: Running, model: str = DEMO_ENDPOINT.default_model, **values: str) -> None:
    prices = {DEMO_ENDPOINT.id: {model: {**PRICES, **values}}}
    running.settings.change(own_prices=prices)


def meter(running: Running) -> QLabel:
    found = running.window.findChild(QLabel, "draftTokens")
    assert found is not None
    return found


def session_of(running: Running) -> ChatSession:
    assert running.window.session is not None
    return running.window.session


def type_(running: Running, text: str) -> None:
    running.window.chat.composer.text_edit.setFocus()
    QTest.keyClicks(running.window.chat.composer.text_edit, text)


def tokens(running: Running) -> int:
    return int("".join(filter(str.isdigit, meter(running).text().partition(" tokens")[0])))


async def open_turns(running: Running, turns: int, context: ContextSettings | None = None) -> list[str]:
    """A stored chat of so many questions and answers, open in the window. Returns the ids of its messages."""
    messages: list[Message] = []
    for number in range(turns):
        parent = messages[-1].id if messages else None
        question = Message(new_id(), parent, Role.USER, [Part(PartKind.TEXT, f"Question {number}")])
        text = f"Answer {number}. " + "Some more words of it. " * 4
        answer = Message(new_id(), question.id, Role.ASSISTANT, [Part(PartKind.TEXT, text)], model="demo")
        messages += question, answer
    conversation = Conversation(new_id(), "Turns", title_source="user", used_at=time.time())
    conversation.context = context or ContextSettings()
    conversation.active_leaf = messages[-1].id
    await running.store.begin_turn(conversation, messages)
    await running.chats.load()
    running.window.open_chat(conversation.id)
    await until(lambda: running.shown_id == conversation.id)
    return [message.id for message in messages]


def lines(running: Running) -> dict[str, str]:
    """The lines in the transcript, by the message that each is in."""
    rows = running.window.chat.transcript.rows
    shown = [rows.row(index) for index in range(len(rows.messages))]
    return {row.message.id: row.rule for row in shown if row.rule}


async def test_an_empty_composer_sends_nothing(running: Running) -> None:
    set_prices(running)
    await running.chat("Chat")
    assert meter(running).text() == "0 tokens"
    type_(running, "  ")
    assert meter(running).text() == "0 tokens"


async def test_tokens_and_price_follow_the_keys(running: Running) -> None:
    set_prices(running)
    await running.chat("Chat")
    session = session_of(running)
    type_(running, "Say it again")
    assert tokens(running) > 0, "at once, before anything is counted"
    counted = await session.count_draft("Say it again")
    await until(lambda: tokens(running) == session.estimate(counted).tokens)
    price = session.estimate(counted).cost
    assert price is not None
    assert price == Decimal(2) * session.estimate(counted).tokens / 1_000_000
    assert meter(running).text().endswith(f" tokens · {in_dollars(price, is_approximate=True)}")
    before = tokens(running)
    type_(running, ", and say it slowly this time, please")
    assert tokens(running) > before
    longer = await session.count_draft(running.window.chat.composer.text)
    await until(lambda: tokens(running) == session.estimate(longer).tokens)
    assert meter(running).accessibleDescription() == meter(running).text()
    assert meter(running).accessibleName() == "What would be sent"


async def test_what_is_typed_while_a_text_is_counted_is_counted_next(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.chat("Chat")
    session = session_of(running)
    asked: list[str] = []
    go_on = asyncio.Event()
    count = session.count_draft

    async def slowly(text: str, attachments: Sequence[Part]) -> int:
        asked.append(text)
        await go_on.wait()
        return await count(text, attachments)

    monkeypatch.setattr(session, "count_draft", slowly)
    for key in "abcd":
        type_(running, key)
        await asyncio.sleep(0)
        await until(lambda: asked)
    go_on.set()
    await until(lambda: asked == ["a", "abcd"])
    wanted = session.estimate(await count("abcd")).tokens
    await until(lambda: tokens(running) == wanted)


async def test_an_unknown_price_is_told_as_such(running: Running) -> None:
    await running.chat("Chat")
    session = session_of(running)
    endpoint = replace(
        DEMO_ENDPOINT, id="own", kind=EndpointKind.COMPATIBLE, base_url="http://127.0.0.1:9/v1", name="Own"
    )
    running.settings.change(endpoints=(endpoint,))
    session.set_model("own", "a-model-that-nobody-knows")
    type_(running, "Hello")
    await until(lambda: meter(running).text().endswith(" tokens"))
    assert "not known" in meter(running).toolTip()
    assert "Settings" in meter(running).toolTip()
    assert "$" not in meter(running).text()
    assert meter(running).text().startswith("≈ "), "nor is its encoding"


async def test_more_than_the_window_holds_is_a_warning(running: Running) -> None:
    set_prices(running, context="60")
    await running.chat("Chat")
    type_(running, "Hello")
    assert meter(running).property("role") == "dim"
    running.window.chat.composer.text_edit.replace_all("word " * 80)
    await until(lambda: meter(running).property("role") == "warn")
    assert "60 tokens at most" in meter(running).toolTip()
    running.window.chat.composer.text_edit.replace_all("Hello")
    await until(lambda: meter(running).property("role") == "dim")


async def test_an_edit_sends_nothing_of_what_it_replaces(running: Running) -> None:
    ids = await open_turns(running, 20)
    session = session_of(running)
    type_(running, "Question 0")
    whole = await session.count_draft("Question 0")
    await until(lambda: tokens(running) == session.estimate(whole).tokens)
    running.window.chat.composer.start_edit(ids[0], "Question 0")
    entries = session.plan(0).entries
    behind = sum(entry.tokens for entry in entries if entry.is_sent)
    await until(lambda: tokens(running) == session.estimate(whole).tokens - behind)
    running.window.chat.composer.cancel_edit()
    await until(lambda: tokens(running) == session.estimate(whole).tokens)


async def test_the_header_follows_the_plan(running: Running) -> None:
    set_prices(running)
    await open_turns(running, 30)
    session = session_of(running)
    button = running.window.chat.header.context
    await until(lambda: button.text().endswith(" / 4k"))
    share = button.share
    assert share is not None
    assert share == pytest.approx(session.estimate(0).tokens / 4000)
    session.set_context(ContextSettings(Strategy.LAST_TURNS, turns=2))
    await until(lambda: button.share is not None and button.share < share / 4)
    assert running.window.chat.details.context.text() == "last 2 turns…"


async def test_a_new_chat_has_no_context_and_no_cost(running: Running) -> None:
    header = running.window.chat.header
    assert not header.context.isVisible()
    cost = running.window.findChild(QLabel, "chatCost")
    assert cost is not None
    assert not cost.isVisible()


async def test_the_ledger_tells_what_the_chat_cost(running: Running) -> None:
    set_prices(running)
    type_(running, "Say hello")
    session = session_of(running)
    await running.window.settled(send_prompt=True)
    await until(lambda: session.totals.requests)
    details = running.window.chat.details
    used, output, cost = (details.findChild(QLabel, name) for name in ("inputCached", "output", "cost"))
    assert used is not None
    assert output is not None
    assert cost is not None
    await until(lambda: output.text() == f"{session.totals.output:,}")
    assert used.text() == f"{session.totals.input:,} / {session.totals.cached:,}"
    assert cost.text().lstrip("≈< ").startswith("$0.0")
    chat_cost = running.window.findChild(QLabel, "chatCost")
    assert chat_cost is not None
    assert chat_cost.text() == cost.text()
    assert chat_cost.isVisible()
    running.window.new_chat()
    assert not chat_cost.isVisible()


async def test_a_budget_is_shown_as_it_is_spent(running: Running) -> None:
    id = await running.chat("Chat")
    label, bar = running.window.findChild(QLabel, "budget"), running.window.chat.details.findChild(Bar)
    assert label is not None
    assert bar is not None
    assert not label.isVisible()
    running.settings.change(budget_month="20")
    await until(lambda: label.text() == "$0.00 of $20")
    assert label.isVisible()
    entry = LedgerEntry(
        conversation_id=id,
        message_id="",
        endpoint_id=DEMO_ENDPOINT.id,
        endpoint_name="Demo",
        dialect="responses",
        purpose=Purpose.CHAT,
        attempt=1,
        started_at=time.time(),
        timing=Timing(0.1, 1.0),
        outcome=Outcome.OK,
        usage=Usage(10, 10),
        cost=Decimal("4.12"),
    )
    await running.store.record_attempt(entry)
    running.chats.spending.changed.emit()
    await until(lambda: label.text() == "$4.12 of $20")
    assert bar.share == pytest.approx(0.206)
    running.settings.change(budget_month="")
    await until(lambda: not label.isVisible())


@pytest.mark.parametrize(
    ("context", "line", "message"),
    [
        (ContextSettings(Strategy.LAST_TURNS, turns=2), SEES_FROM, -2),
        (ContextSettings(Strategy.BUDGET, budget=100), SEES_FROM, None),
        (ContextSettings(Strategy.EVERYTHING), None, None),
    ],
)
async def test_a_line_says_from_where_on_the_model_sees_the_chat(
    running: Running, context: ContextSettings, line: str | None, message: int | None
) -> None:
    ids = await open_turns(running, 6, context)
    shown = lines(running)
    assert list(shown.values()) == ([line] if line else [])
    if message is not None:
        assert list(shown) == [ids[message]]
    lost = [entry for entry in session_of(running).plan(0).entries if entry.place is Place.OUTSIDE]
    assert bool(lost) == bool(line)


async def test_the_line_moves_with_the_chat_and_its_settings(running: Running) -> None:
    ids = await open_turns(running, 6, ContextSettings(Strategy.LAST_TURNS, turns=3))
    session = session_of(running)
    assert lines(running) == {ids[8]: SEES_FROM}
    type_(running, "One more")
    await running.window.settled(send_prompt=True)
    await until(lambda: lines(running) == {ids[10]: SEES_FROM})
    session.set_context(replace(session.context, turns=1))
    last = session.tree.path[-1].id
    await until(lambda: list(lines(running)) == [last])
    row = running.window.chat.transcript.rows.row(len(session.tree.path) - 1)
    assert row.rule_top > row.body_top, "below all: the model sees what is written next"
    session.set_context(ContextSettings())
    await until(lambda: lines(running) == {})


async def test_a_summary_stands_for_what_is_above_its_line(running: Running) -> None:
    ids = await open_turns(running, 4)
    session = session_of(running)
    session.set_context(ContextSettings(Strategy.SUMMARY, summary=Summary("They said hello.", ids[3])))
    await until(lambda: lines(running) == {ids[4]: SUMMARISED})
    requested = record(running.window.chat.context_requested)
    transcript = running.window.chat.transcript
    row = transcript.rows.row(4)
    transcript.trigger(4, Action.CONTEXT, next(b for b in row.buttons() if b.action is Action.CONTEXT))
    assert requested == [()]


async def test_what_a_server_leaves_out_is_told(running: Running) -> None:
    set_prices(running, context="200")
    ids = await open_turns(running, 12, ContextSettings(Strategy.SERVER))
    await until(lambda: list(lines(running).values()) == [SERVER_LEAVES_OUT])
    (first,) = lines(running)
    plan = session_of(running).plan(0)
    before = plan.entries[: ids.index(first)]
    left = plan.tokens - sum(entry.tokens for entry in before)
    assert left <= 200 < left + before[-1].tokens, "all that fits, and no more"
    other = replace(DEMO_ENDPOINT, id="other", dialect=Dialect.CHAT_COMPLETIONS)
    prices = {"other": {DEMO_ENDPOINT.default_model: {**PRICES, "context": "200"}}}
    running.settings.change(endpoints=(other,), own_prices=prices)
    session_of(running).set_model("other", DEMO_ENDPOINT.default_model)
    await until(lambda: lines(running) == {})
    set_prices(running, context="200")
    session_of(running).set_model(DEMO_ENDPOINT.id, DEMO_ENDPOINT.default_model)
    await until(lambda: list(lines(running).values()) == [SERVER_LEAVES_OUT])
    set_prices(running, context="100000")
    await until(lambda: lines(running) == {})


async def test_another_chat_has_another_line(running: Running) -> None:
    ids = await open_turns(running, 6, ContextSettings(Strategy.LAST_TURNS, turns=2))
    assert lines(running) == {ids[-2]: SEES_FROM}
    other = await running.chat("Other")
    assert lines(running) == {}
    assert running.shown_id == other


async def test_the_menu_of_a_message_chooses_what_is_sent(running: Running) -> None:
    ids = await open_turns(running, 3)
    session = session_of(running)
    transcript = running.window.chat.transcript

    def choose(index: int, label: str) -> None:
        next(entry for entry in transcript.menu(index).actions() if entry.text() == label).trigger()

    choose(0, "Never send")
    assert session.context.left_out == {ids[0]}
    await until(lambda: transcript.rows.row(0).mark == "not sent")
    marks = [transcript.rows.row(index).mark for index in range(4)]
    assert marks == ["not sent", "not sent", "", ""], "no answer goes without its question"
    entries = {entry.text(): entry for entry in transcript.menu(1).actions()}
    assert not entries["Never send"].isChecked(), "it was not this one that was chosen"
    choose(0, "Always send")
    assert (session.context.left_out, session.context.pinned) == (frozenset(), {ids[0]})
    await until(lambda: transcript.rows.row(0).mark == "always sent")
    choose(0, "Always send")
    assert session.context == ContextSettings()
    await until(lambda: transcript.rows.row(0).mark == "")


@pytest.mark.parametrize("width", [420, 480, 560, 640, 760, 900, 1280])
@pytest.mark.parametrize("zoom", [100, 150])
async def test_nothing_is_clipped(running: Running, width: int, zoom: int) -> None:
    set_prices(running)
    await open_turns(running, 6)
    running.settings.change(zoom=zoom)
    running.window.resize(width, 700)
    type_(running, "What would it cost to say all of this again?")
    await until(lambda: running.window.width() >= width)
    await running.window.settled(send_prompt=False)
    composer, header = running.window.chat.composer, running.window.chat.header
    for widgets in (
        (composer.reasoning, meter(running), running.window.sidebar.status, composer.send_button),
        (header.title, header.model_button, header.context, header.findChild(QLabel, "chatCost")),
    ):
        _apart([widget for widget in widgets if widget is not None and widget.isVisible()])
    if meter(running).isVisible():
        assert meter(running).width() >= meter(running).sizeHint().width()
        assert composer.reasoning.width() >= composer.reasoning.sizeHint().width()
    if header.context.isVisible():
        assert header.context.width() >= header.context.sizeHint().width()


def _apart(widgets: Sequence[Any]) -> None:
    """Nothing reaches into what stands beside it, or out of what it is in."""
    boxes = []
    for widget in widgets:
        window: QWidget = widget.window()
        left = widget.mapTo(window, QPoint(0, 0)).x()
        boxes.append((left, left + widget.width()))
        assert left + widget.width() <= window.width()
    boxes.sort()
    assert all(one[1] <= other[0] for one, other in pairwise(boxes))


async def test_the_price_goes_before_the_tokens_do(running: Running) -> None:
    set_prices(running)
    await open_turns(running, 6)
    type_(running, "What would it cost?")
    assert "$" in meter(running).text()
    seen = []
    for width in range(1280, 419, -20):
        running.window.resize(width, 700)
        await until(lambda width=width: running.window.width() == width)  # type: ignore[misc]
        await running.window.settled(send_prompt=False)
        seen.append("$" if "$" in meter(running).text() else "tokens" if meter(running).isVisible() else "")
    assert not meter(running).isVisible(), "at 420 pixels"
    assert "tokens" in seen
    assert meter(running).accessibleDescription().count("$") == 1


async def test_the_number_is_no_name_that_changes(running: Running) -> None:
    """A screen reader is told of every new name; what would be sent is there for who looks for it."""
    await running.chat("Chat")
    label = QAccessible.queryAccessibleInterface(meter(running))
    composer = running.window.chat.composer.text_edit
    type_(running, "Hello there")
    assert label.text(QAccessible.Text.Name) == "What would be sent"
    assert label.text(QAccessible.Text.Description) == meter(running).text()
    assert not composer.accessibleDescription()


async def test_keys_reach_what_is_sent(running: Running) -> None:
    await running.chat("Chat")
    requested = record(running.window.chat.context_requested)
    await until(lambda: running.window.chat.header.context.isVisible())
    for widget in (running.window.chat.header.context, running.window.chat.details.context):
        widget.setFocus()
        QTest.keyClick(widget, Qt.Key.Key_Space)
    assert requested == [(), ()]
    usage = record(running.window.chat.usage_requested)
    QTest.mouseClick(running.window.chat.details.usage, Qt.MouseButton.LeftButton)
    assert usage == [()]


async def test_what_the_server_still_allows_is_shown(running: Running) -> None:
    await running.chat("A")
    rates = running.window.chat.details.rates
    assert not rates.isVisible()
    limits = RateLimits(Allowance(60, 12), Allowance(), time.time())
    running.chats._api.rate_limits[DEMO_ENDPOINT.id] = limits
    running.chats.rates_changed.emit(DEMO_ENDPOINT.id)
    assert rates.requests.value.text() == "12 / 60"
