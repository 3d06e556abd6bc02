"""What goes into the next request, message by message, and how the user changes it."""

import asyncio
import json
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from desktop_chat.domain.context import ContextSettings, Place, Strategy, Summary
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.session import ChatSession
from tests.helpers.stored import conversations_of
from tests.server import Exchange, Server, wire
from tests.ui.context.conftest import Inspected, local
from tests.ui.shell.conftest import until


def session_of(inspected: Inspected) -> ChatSession:
    session = inspected.running.window.session
    assert session is not None
    return session


async def opened(inspected: Inspected, turns: int = 2) -> ChatSession:
    """A stored chat of so many turns, inspected."""
    await inspected.running.chat("A chat")
    session = session_of(inspected)
    leaf = session.tree.active_leaf
    for number in range(2, turns + 1):
        for role in (Role.USER, Role.ASSISTANT):
            message = Message(new_id(), leaf, role, [Part(PartKind.TEXT, f"Turn {number}")])
            session.tree.add(message)
            leaf = message.id
    session.path_changed.emit()
    inspected.show()
    await until(lambda: len(inspected.told()) == 2 * turns)
    return session


def text(inspected: Inspected, name: str) -> str:
    return inspected.dialog.findChild(QLabel, name).text()


def press(inspected: Inspected, name: str) -> None:
    found = [each for each in inspected.dialog.findChildren(QPushButton) if each.text() == name]
    assert found[0].isEnabled(), name
    found[0].click()


def choose(inspected: Inspected, strategy: Strategy) -> None:
    box = inspected.dialog.findChild(QComboBox, "strategy")
    box.setCurrentIndex(box.findData(strategy))
    box.activated.emit(box.currentIndex())


async def test_every_message_is_told_with_its_tokens(inspected: Inspected) -> None:
    session = await opened(inspected)
    plan = session.plan()
    about = "≈ " if session.estimate(0).is_approximate else ""
    names = ["You", "demo", "You", "Answer"]
    assert inspected.told() == [
        f"{name}, {about}{entry.tokens:,} tokens, sent"
        for name, entry in zip(names, plan.entries, strict=True)
    ]
    assert text(inspected, "contextTotal").startswith(f"{about}{plan.tokens:,}")
    assert (
        inspected.dialog.list.model().index(0, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole)
        == "Say hello"
    )


async def test_the_system_prompt_and_the_draft_are_parts_of_it(inspected: Inspected) -> None:
    session = await opened(inspected, 1)
    session.set_parameters(replace(session.conversation.parameters, system_prompt="Be brief"))
    await until(lambda: len(inspected.told()) == 3)
    inspected.dialog.set_draft("And now?")
    await until(lambda: len(inspected.told()) == 4)
    assert inspected.told()[0].startswith("System prompt, ")
    assert inspected.told()[-1].endswith("what you are writing")
    assert sum(int(told.split(", ")[1].split()[-2].replace(",", "")) for told in inspected.told()) == (
        session.plan(await session.count_draft("And now?")).tokens
    )
    inspected.dialog.set_draft("")
    await until(lambda: len(inspected.told()) == 3)


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ([Qt.Key.Key_P], Place.PINNED),
        ([Qt.Key.Key_P, Qt.Key.Key_P], Place.SENT),
        ([Qt.Key.Key_X], Place.LEFT_OUT),
        ([Qt.Key.Key_X, Qt.Key.Key_P], Place.PINNED),
        ([Qt.Key.Key_Space], Place.PINNED),
        ([Qt.Key.Key_Space] * 2, Place.LEFT_OUT),
        ([Qt.Key.Key_Space] * 3, Place.SENT),
    ],
)
async def test_keys_choose_what_becomes_of_a_message(
    inspected: Inspected, keys: list[Qt.Key], place: Place
) -> None:
    session = await opened(inspected)
    inspected.select(1)
    for key in keys:
        QTest.keyClick(inspected.dialog.list, key)
    assert session.plan().entries[1].place is place
    await inspected.running.chats.outbox.settle()
    stored = (await conversations_of(inspected.running.store))[0].context
    assert stored == session.context


async def test_several_are_left_out_at_once(inspected: Inspected) -> None:
    session = await opened(inspected, 3)
    inspected.dialog.list.selectAll()
    press(inspected, "Never send")
    assert [entry.place for entry in session.plan().entries] == [Place.LEFT_OUT] * 6
    assert inspected.reasons() == ["left out by you"] * 6
    press(inspected, "As the strategy says")
    assert session.context == ContextSettings()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
async def test_the_menu_says_what_is_chosen(inspected: Inspected) -> None:
    session = await opened(inspected)
    inspected.select(0)
    QTest.keyClick(inspected.dialog.list, Qt.Key.Key_P)
    point = inspected.dialog.list.rect().center()
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Keyboard, point, inspected.dialog.list.mapToGlobal(point)
    )
    QApplication.sendEvent(inspected.dialog.list.viewport(), event)
    menu = inspected.dialog.list.findChild(QMenu)
    assert [action.text().split("\t")[0] for action in menu.actions() if action.isChecked()] == [
        "Always send"
    ]
    menu.actions()[2].trigger()
    menu.close()
    assert session.context.pinned == frozenset()


async def test_the_last_turns(inspected: Inspected) -> None:
    session = await opened(inspected, 3)
    choose(inspected, Strategy.LAST_TURNS)
    number = next(each for each in inspected.dialog.findChildren(QSpinBox) if each.isVisible())
    number.setValue(1)
    assert session.context == ContextSettings(Strategy.LAST_TURNS, turns=1)
    assert inspected.reasons() == ["outside the last turn"] * 6
    number.setValue(2)
    assert inspected.reasons() == ["outside the last 2 turns"] * 4 + ["", ""]
    assert "4 not sent" in text(inspected, "contextAbout")


async def test_a_budget(inspected: Inspected) -> None:
    session = await opened(inspected, 3)
    choose(inspected, Strategy.BUDGET)
    number = next(each for each in inspected.dialog.findChildren(QSpinBox) if each.isVisible())
    number.setValue(1)
    assert session.context.strategy is Strategy.BUDGET
    assert inspected.reasons()[0] == "outside the 1 token"
    assert not inspected.dialog.findChild(QPlainTextEdit, "summary").isVisible()


async def test_what_has_nothing_to_send_can_be_neither_kept_nor_left_out(inspected: Inspected) -> None:
    running = inspected.running
    question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, "Say hello")])
    failed = Message(new_id(), question.id, Role.ASSISTANT, [], State.FAILED)
    conversation = Conversation(new_id(), "Failed", active_leaf=failed.id)
    await running.store.begin_turn(conversation, [question, failed])
    await running.chats.load()
    running.window.open_chat(conversation.id)
    await until(lambda: running.shown_id == conversation.id)
    session = session_of(inspected)
    inspected.show()
    assert inspected.reasons() == ["", "nothing to send"]
    inspected.select(1)
    QTest.keyClick(inspected.dialog.list, Qt.Key.Key_P)
    assert session.context == ContextSettings()


async def test_the_server_is_only_left_to_it_where_it_can(inspected: Inspected) -> None:
    session = await opened(inspected)
    box = inspected.dialog.findChild(QComboBox, "strategy")
    row = box.findData(Strategy.SERVER)
    assert box.model().flags(box.model().index(row, 0)) & Qt.ItemFlag.ItemIsEnabled
    choose(inspected, Strategy.SERVER)
    endpoint = local("http://localhost:9/v1", Dialect.CHAT_COMPLETIONS)
    inspected.running.settings.change(endpoints=(endpoint,))
    session.set_model("local", "m-1")
    await until(lambda: "Local cannot" in text(inspected, "strategyHint"))
    assert not box.model().flags(box.model().index(row, 0)) & Qt.ItemFlag.ItemIsEnabled
    assert "Responses" in box.itemText(row)


async def test_a_summary_is_written_shown_changed_and_taken_away(inspected: Inspected) -> None:
    session = await opened(inspected, 4)
    choose(inspected, Strategy.SUMMARY)
    assert "There is none yet" in text(inspected, "summaryAbout")
    press(inspected, "Summarise now")
    assert text(inspected, "summaryAbout") == "Summarising…"
    await until(lambda: session.context.summary is not None)
    await until(lambda: "written by demo" in text(inspected, "summaryAbout"))
    assert session.context.summary is not None
    field = inspected.dialog.findChild(QPlainTextEdit, "summary")
    assert field.isVisible()
    assert field.toPlainText() == session.context.summary.text
    assert "in the summary" in inspected.reasons()
    assert any(told.startswith("Summary, ") for told in inspected.told())

    until_id = session.context.summary.until
    field.setPlainText("We spoke of hellos.")
    await until(lambda: session.context.summary == Summary("We spoke of hellos.", until_id))
    await until(lambda: "changed by you" in text(inspected, "summaryAbout"))
    field.setPlainText(" ")
    await until(lambda: session.context.summary is None)
    await until(lambda: "There is none yet" in text(inspected, "summaryAbout"))


async def test_what_was_typed_into_a_summary_is_kept_when_the_window_closes(inspected: Inspected) -> None:
    session = await opened(inspected, 2)
    session.set_context(
        ContextSettings(Strategy.SUMMARY, summary=Summary("Old", session.tree.path[1].id, "demo"))
    )
    await until(lambda: inspected.dialog.findChild(QPlainTextEdit, "summary").isVisible())
    inspected.dialog.findChild(QPlainTextEdit, "summary").setPlainText("New")
    inspected.dialog.close()
    assert session.context.summary == Summary("New", session.tree.path[1].id)


async def test_the_count_of_the_server(inspected: Inspected) -> None:
    async def count(exchange: Exchange) -> None:
        assert exchange.target.endswith("/responses/input_tokens")
        body = json.dumps({"object": "response.input_tokens", "input_tokens": 12_417}).encode()
        await exchange.head(200, {"content-type": "application/json", "content-length": str(len(body))})
        await exchange.send(body)

    session = await opened(inspected)
    async with Server(count) as server:
        inspected.running.settings.change(endpoints=(local(server.url, Dialect.RESPONSES),))
        session.set_model("local", "m-1")
        await asyncio.sleep(0)
        press(inspected, "Count exactly")
        await until(lambda: text(inspected, "contextCounted").startswith("Counted by"))
        assert text(inspected, "contextCounted") == "Counted by the server: 12,417"
        session.set_context(ContextSettings(Strategy.LAST_TURNS, turns=1))
        await until(lambda: not inspected.dialog.findChild(QLabel, "contextCounted").isVisible())


async def test_a_server_that_cannot_count_says_so_plainly(inspected: Inspected) -> None:
    session = await opened(inspected)
    async with Server(wire.answer()) as server:
        inspected.running.settings.change(endpoints=(local(server.url, Dialect.CHAT_COMPLETIONS),))
        session.set_model("local", "m-1")
        press(inspected, "Count exactly")
        await until(lambda: "Local" in text(inspected, "contextCounted"))
        assert text(inspected, "contextCounted") == "Local does not count tokens."


async def test_it_follows_the_chat_that_is_shown(inspected: Inspected) -> None:
    first = await opened(inspected, 2)
    await inspected.running.chat("Another")
    second = session_of(inspected)
    inspected.dialog.follow(second, "")
    assert len(inspected.told()) == 2
    inspected.select(0)
    QTest.keyClick(inspected.dialog.list, Qt.Key.Key_P)
    assert second.context.pinned
    assert not first.context.pinned


async def test_a_long_chat_needs_no_widget_for_each_message(inspected: Inspected) -> None:
    await opened(inspected, 3)
    few = len(inspected.dialog.findChildren(QWidget))
    await opened(inspected, 500)
    assert len(inspected.told()) == 1000
    assert len(inspected.dialog.findChildren(QWidget)) == few
    bar = inspected.dialog.list.verticalScrollBar()
    await until(lambda: bar.maximum() and bar.value() == bar.maximum())
