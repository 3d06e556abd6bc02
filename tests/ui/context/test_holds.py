"""Requests that are held back: the card over the chat, and what each of its ways does, from end to end."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from desktop_chat.domain.context import Strategy
from desktop_chat.domain.endpoint import (
    DEMO_ENDPOINT,
    OPENAI_BASE_URL,
    Dialect,
    Endpoint,
    EndpointKind,
    KeySource,
)
from desktop_chat.domain.message import Role
from desktop_chat.domain.request import Parameters
from desktop_chat.session import ChatSession, Phase
from desktop_chat.ui.hold_dialog import HoldDialog
from desktop_chat.ui.holds import Holds
from desktop_chat.ui.notice_bar import NoticeBar
from tests.helpers.bench import until_listed
from tests.server import Server, faults, wire
from tests.ui.context.conftest import local
from tests.ui.shell.conftest import Running, record, until
from tests.ui.shell.test_meter import open_turns

LONG = "word " * 60

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture
def holds(running: Running) -> Iterator[Holds]:
    made = Holds(running.window, running.chats, running.theme, running.tasks)
    yield made
    made.close()


def set_prices(running: Running, **values: str) -> None:
    running.settings.change(own_prices={"demo": {"demo": {"input": "1", "output": "1", **values}}})


def session_of(running: Running) -> ChatSession:
    assert running.window.session is not None
    return running.window.session


def card(running: Running) -> HoldDialog | None:
    shown = (each for each in running.window.findChildren(HoldDialog) if each.isVisible())
    return next(shown, None)


def write(running: Running, text: str) -> None:
    running.window.chat.composer.text_edit.setPlainText(text)


def send(running: Running) -> None:
    running.window.chat.send(running.window.chat.composer.text)


async def held(running: Running) -> HoldDialog:
    await until(lambda: card(running))
    found = card(running)
    assert found is not None
    return found


def press(card: HoldDialog, text: str) -> None:
    found = [each for each in card.findChildren(QPushButton) if each.text() == text]
    assert found, [each.text() for each in card.findChildren(QPushButton)]
    found[0].click()


def offers(card: HoldDialog) -> list[str]:
    return [each.text() for each in card.findChildren(QPushButton)]


async def answered(running: Running, questions: int) -> None:
    session = session_of(running)
    await until(
        lambda: (
            not session.is_busy
            and sum(message.role is Role.USER for message in session.tree.path) == questions
        )
    )


async def test_what_is_too_long_stays_in_the_composer(running: Running, holds: Holds) -> None:
    set_prices(running, context="30")
    await running.chat("Chat")
    write(running, LONG)
    send(running)
    shown = await held(running)
    assert shown.windowTitle() == "This is longer than demo can read"
    assert "The last message alone is too long" in shown.accessibleDescription()
    assert "Send the last" not in "".join(offers(shown))
    press(shown, "Cancel")
    assert running.window.chat.composer.text == LONG
    assert len(session_of(running).tree.path) == 2
    assert card(running) is None


async def test_it_is_reached_and_closed_by_the_keyboard(running: Running, holds: Holds) -> None:
    set_prices(running, context="30")
    await running.chat("Chat")
    running.window.activateWindow()
    composer = running.window.chat.composer
    await until(lambda: QApplication.activeWindow() is running.window)
    write(running, LONG)
    send(running)
    shown = await held(running)
    assert composer.text_edit.hasFocus()
    composer.send_button.setFocus()
    QTest.keyClick(composer.send_button, Qt.Key.Key_Tab)
    assert shown.isAncestorOf(QApplication.focusWidget())
    composer.text_edit.setFocus()
    QTest.keyClick(composer.text_edit, Qt.Key.Key_Escape)
    assert card(running) is None
    assert composer.text == LONG
    assert composer.text_edit.hasFocus()


async def test_it_is_sent_anyway_once(running: Running, holds: Holds) -> None:
    set_prices(running, context="30")
    await running.chat("Chat")
    write(running, LONG)
    send(running)
    press(await held(running), "Send anyway")
    await answered(running, 2)
    assert running.window.chat.composer.text == ""
    assert session_of(running).tree.path[2].text == LONG
    assert running.chats.drafts == {}
    write(running, "And now?")
    send(running)
    await held(running)


async def test_the_turns_that_fit_are_sent(running: Running, holds: Holds) -> None:
    await open_turns(running, 12)
    set_prices(running, context="150")
    write(running, "And now?")
    send(running)
    shown = await held(running)
    wanted = next(text for text in offers(shown) if text.startswith("Send the last "))
    press(shown, wanted)
    await answered(running, 13)
    session = session_of(running)
    assert session.context.strategy is Strategy.LAST_TURNS
    assert wanted == f"Send the last {session.context.turns} turns"
    assert 1 < session.context.turns < 12
    assert running.window.chat.composer.text == ""
    assert card(running) is None


async def open_at(running: Running, server: Server, turns: int) -> ChatSession:
    """A chat of so many turns, with a model of ``server`` that reads 1,000 tokens."""
    await open_turns(running, turns)
    prices = {"input": "1", "output": "1", "context": "1000"}
    running.settings.change(
        endpoints=(local(server.url, Dialect.RESPONSES),), own_prices={"local": {"m-1": prices}}
    )
    session = session_of(running)
    session.set_model("local", "m-1")
    return session


async def test_older_turns_are_summed_up_and_the_request_goes(running: Running, holds: Holds) -> None:
    async with Server(wire.answer("They spoke of questions.")) as server:
        session = await open_at(running, server, 40)
        write(running, "And now?")
        send(running)
        shown = await held(running)
        press(shown, "Summarise older turns")
        assert shown.findChild(QLabel, "holdProgress").text() == "Summarising…"
        await answered(running, 41)
    assert session.context.strategy is Strategy.SUMMARY
    assert session.context.summary is not None
    assert session.context.summary.text == "They spoke of questions."
    assert running.window.chat.composer.text == ""
    assert card(running) is None


async def test_a_summary_that_is_not_wanted_any_more_is_not_written(running: Running, holds: Holds) -> None:
    async with Server(faults.no_answer) as server:
        session = await open_at(running, server, 40)
        write(running, "And now?")
        send(running)
        shown = await held(running)
        press(shown, "Summarise older turns")
        await until(lambda: server.requests)
        press(shown, "Cancel")
        assert card(running) is None
        await until(lambda: not session.is_busy)
    assert session.context.summary is None
    assert running.window.chat.composer.text == "And now?"


async def test_a_summary_that_fails_leaves_the_other_ways(running: Running, holds: Holds) -> None:
    async with Server(faults.status(401)) as server:
        await open_at(running, server, 40)
        write(running, "And now?")
        send(running)
        shown = await held(running)
        press(shown, "Summarise older turns")
        told = shown.findChild(QLabel, "holdProgress")
        await until(lambda: told.text() == "No summary was written, so nothing has changed.")
    assert shown.isVisible()
    assert all(each.isEnabled() for each in shown.findChildren(QPushButton))
    assert running.window.chat.composer.text == "And now?"


async def test_a_larger_model_can_be_chosen(running: Running, holds: Holds) -> None:
    set_prices(running, context="30")
    await running.chat("Chat")
    write(running, LONG)
    send(running)
    shown = await held(running)
    press(shown, "Choose a larger model")
    picker = running.window.chat.picker
    assert picker.isVisible()
    assert shown.isVisible()
    picker.close()
    session_of(running).set_model(DEMO_ENDPOINT.id, "demo-large")
    assert card(running) is None
    assert running.window.chat.composer.text == LONG
    send(running)
    await answered(running, 2)
    assert running.window.chat.composer.text == ""


async def test_what_was_asked_of_a_message_is_asked_again(running: Running, holds: Holds) -> None:
    await running.chat("Chat")
    session = session_of(running)
    set_prices(running, context="5")
    write(running, "A draft")
    session.regenerate(session.tree.path[1].id)
    press(await held(running), "Send anyway")
    await until(lambda: not session.is_busy and len(session.tree.versions(session.tree.path[1].id)) == 2)
    assert running.window.chat.composer.text == "A draft"


async def test_a_budget_holds_back_what_could_pass_it(running: Running, holds: Holds) -> None:
    set_prices(running)
    running.settings.change(budget_day="0.0001")
    await running.chat("Chat")
    write(running, "And now?")
    send(running)
    shown = await held(running)
    assert shown.windowTitle() == "This request could pass your budget for today"
    press(shown, "Allow once")
    await answered(running, 2)
    assert running.window.chat.composer.text == ""
    write(running, "Again")
    send(running)
    asked = record(holds.budgets_requested)
    press(await held(running), "Change budget…")
    assert asked == [()]
    assert card(running) is None
    assert running.window.chat.composer.text == "Again"


async def test_what_was_held_goes_with_its_chat(running: Running, holds: Holds) -> None:
    """A chat that is brought back has another session: nothing may be sent by the old one."""
    set_prices(running)
    await running.chats.load()
    write(running, "Hello")
    send(running)
    await answered(running, 1)
    running.settings.change(budget_day="0")
    write(running, "Again")
    send(running)
    await held(running)
    deleted = session_of(running).conversation.id
    running.chats.delete([deleted])
    assert card(running) is None
    running.chats.restore([deleted])
    await until_listed(running.chats, deleted)
    assert card(running) is None


async def test_what_was_sent_twice_is_held_once_and_leaves_the_composer(
    running: Running, holds: Holds
) -> None:
    set_prices(running)
    running.settings.change(budget_day="0")
    write(running, "Hello")
    send(running)
    send(running)
    press(await held(running), "Allow once")
    await answered(running, 1)
    assert running.window.chat.composer.text == ""


async def test_a_request_is_held_over_its_own_chat(running: Running, holds: Holds) -> None:
    """Over another one its buttons would send, or choose a model, for what is not seen."""
    set_prices(running)
    await running.chats.load()
    write(running, "Hello")
    send(running)
    await answered(running, 1)
    first = session_of(running)
    running.settings.change(budget_day="0")
    write(running, "Again")
    send(running)
    shown = await held(running)
    running.window.new_chat()
    await until(lambda: session_of(running) is not first)
    assert card(running) is None
    running.window.open_chat(first.conversation.id)
    assert await held(running) is shown
    press(shown, "Allow once")
    await answered(running, 2)


async def test_a_chat_that_is_not_stored_yet_keeps_its_card(running: Running, holds: Holds) -> None:
    set_prices(running)
    running.settings.change(budget_day="0")
    write(running, "Hello")
    send(running)
    shown = await held(running)
    await running.chats.load()
    assert card(running) is shown


async def test_shortening_does_not_waive_a_budget(running: Running, holds: Holds) -> None:
    await open_turns(running, 12)
    set_prices(running, context="150")
    running.settings.change(budget_day="0.000001")
    write(running, "And now?")
    send(running)
    shown = await held(running)
    press(shown, next(text for text in offers(shown) if text.startswith("Send the last ")))
    await until(lambda: card(running) not in (None, shown))
    assert "Allow once" in offers(await held(running))
    press(await held(running), "Allow once")
    await answered(running, 13)
    assert running.window.chat.composer.text == ""


async def test_a_budget_that_is_nearly_used_up_is_told(running: Running, holds: Holds) -> None:
    set_prices(running)
    await running.chat("Chat")
    session = session_of(running)
    session.set_parameters(Parameters(max_output_tokens=1))
    write(running, "First")
    send(running)
    await answered(running, 2)
    await until(lambda: session.totals.cost)
    spent = session.totals.cost
    running.settings.change(budget_month=str((spent * 2).quantize(Decimal("0.000001"))))
    bar = next(each for each in running.window.findChildren(NoticeBar) if each.objectName() == "budgetNotice")
    assert not bar.isVisible()
    write(running, "Second")
    send(running)
    await until(lambda: card(running) or len(session.tree.path) > 4)
    if (shown := card(running)) is not None:
        press(shown, "Allow once")
    await answered(running, 3)
    await until(bar.isVisible)
    assert "of this month's budget is used: $" in bar.accessibleDescription()
    next(each for each in bar.findChildren(QPushButton) if each.text() == "Budgets…")


async def test_without_a_network_a_message_waits_where_it_was_asked(running: Running, holds: Holds) -> None:
    far = Endpoint("far", "Far", EndpointKind.OPENAI, OPENAI_BASE_URL, Dialect.RESPONSES, KeySource.NONE)
    running.settings.change(endpoints=(far,))
    session_of(running).set_model("far", "gpt-5.2")
    running.chats.connectivity.set_online(False)
    status = running.window.findChild(QLabel, "status")
    assert status is not None
    assert status.text() == "Offline"
    write(running, "Hello")
    send(running)
    shown = await held(running)
    assert offers(shown) == ["Send when online", "Try now", "Cancel"]
    assert (shown.windowTitle(), running.window.chat.composer.text) == ("You are offline", "Hello")
    press(shown, "Send when online")
    await until(lambda: session_of(running).phase is Phase.OFFLINE)
    assert (running.window.chat.composer.text, status.text()) == ("", "Offline")
    running.window.stop()
    await until(lambda: not session_of(running).is_busy)
    assert [message.text for message in session_of(running).tree.path] == ["Hello", ""]
