"""The window of the details of an answer, and the ways to it."""

import json
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.evidence import Content
from desktop_chat.domain.message import Message
from desktop_chat.ui.dialogs import Dialogs
from desktop_chat.ui.json_view import JsonWindow
from desktop_chat.ui.message_details import MessageDetails
from desktop_chat.ui.message_details.facts import FROM_HERE, NOT_KEPT
from desktop_chat.ui.transcript.row import Action
from tests.ui.message_details.conftest import ANSWER, BODY, EVIDENCE, Kept, attempt, copied, shown, told
from tests.ui.shell.conftest import Running, until


def copying(window: MessageDetails) -> dict[str, QAction]:
    return {action.text(): action for action in window.copy.menu().actions() if action.text()}


async def json_shown(window: MessageDetails) -> JsonWindow:
    await until(lambda: window.findChildren(JsonWindow))
    (opened,) = window.findChildren(JsonWindow)
    return opened


async def test_the_last_attempt_is_shown_first_and_others_can_be_chosen(
    window: MessageDetails, kept: Kept
) -> None:
    await kept.refused_and_answered()
    await shown(window)
    assert window.heading.text() == "m-1"
    assert (told(window)["Result"], told(window)["Model answered"]) == ("Complete", "m-1-2026")
    assert told(window)["X-RateLimit-Remaining-Tokens"] == "998"
    assert told(window)["Events"] == "2"
    assert window.said.isHidden()
    assert window.choice is not None
    assert window.choice.accessibleDescription() == "Attempt 2 of 2: answered"
    window.choice.choose(0)
    await until(lambda: window.is_complete)
    assert told(window)["Result"] == "The server is overloaded (503)"
    assert window.said.accessibleName() == "Come back later"
    assert window.show_response.isEnabled()
    await shown(window, replace(ANSWER, id="m1"))
    assert window.choice is None


async def test_what_was_sent_and_received_is_shown_as_json(window: MessageDetails, kept: Kept) -> None:
    await kept.refused_and_answered()
    await shown(window)
    window.show_request.click()
    opened = await json_shown(window)
    opened.view.copy_all()
    sent = json.loads(await copied('"method"'))
    assert sent["body"] == BODY
    assert sent["headers"]["Authorization"] == "Bearer [redacted]"
    opened.close()
    await until(lambda: not window.findChildren(JsonWindow))
    window.show_response.click()
    opened = await json_shown(window)
    opened.view.copy_all()
    got = json.loads(await copied('"events"'))
    assert got["events"] == [{"type": "response.created", "response": {"model": "m-1-2026"}}, "[DONE]"]
    assert "too long" not in opened.note.text()
    opened.close()


async def test_what_was_cut_says_so(window: MessageDetails, kept: Kept) -> None:
    await kept.store.record_attempt(attempt(), None, replace(EVIDENCE, is_cut=True))
    await shown(window)
    window.show_response.click()
    opened = await json_shown(window)
    assert "too long to be kept whole" in opened.note.text()
    opened.close()


async def test_it_is_copied_as_curl_python_and_json(window: MessageDetails, kept: Kept) -> None:
    photo = await kept.files.add(b"a photo", "image/png")
    body = {
        **BODY,
        "input": [{"image_url": Content(photo.hash, "data:image/png;base64,")}, Content("0" * 64)],
    }
    await kept.store.record_attempt(attempt(), None, replace(EVIDENCE, body=body))
    await shown(window)
    ways = copying(window)
    ways["Request as curl"].trigger()
    line = await copied("curl ")
    assert "$OPENAI_API_KEY" in line
    assert "data:image/png;base64,YSBwaG90bw==" in line
    ways["Request as Python"].trigger()
    assert "from openai import OpenAI" in await copied("import")
    ways["Request as JSON"].trigger()
    sent = json.loads(await copied('{\n  "model"'))
    assert sent["input"][0] == {"image_url": "data:image/png;base64,YSBwaG90bw=="}
    assert window.told.text() == "Request as JSON: copied."
    ways["Response as JSON"].trigger()
    assert json.loads(await copied("response.created"))[0]["type"] == "response.created"
    ways["Response as it came"].trigger()
    assert (await copied("data: ")).encode() == EVIDENCE.response
    ways["All details"].trigger()
    details = await copied("Request id: r1")
    assert "Tokens and cost\nInput: 1,200\n" in details
    QApplication.clipboard().clear()


async def test_one_value_is_copied_from_the_table(window: MessageDetails, kept: Kept) -> None:
    await kept.refused_and_answered()
    await shown(window)
    table = window.table
    row = next(row for row, fact in enumerate(table.facts.rows) if fact[0] == "Request id")
    assert table.model().index(row, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "Request id: r1"
    table.setCurrentIndex(table.facts.index(row, 1))
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert await copied("r1") == "r1"
    QApplication.clipboard().clear()


async def test_without_evidence_there_is_nothing_to_show_but_the_facts(
    window: MessageDetails, kept: Kept
) -> None:
    await kept.store.record_attempt(attempt())
    await shown(window)
    assert window.note.text() == NOT_KEPT
    assert told(window)["Request id"] == "r1"
    assert not window.show_request.isEnabled()
    assert not window.show_response.isEnabled()
    enabled = [name for name, action in copying(window).items() if action.isEnabled()]
    assert enabled == ["All details"]
    await shown(window, replace(ANSWER, id="other", is_cached=True))
    assert window.note.text() == FROM_HERE


async def test_evidence_that_was_dropped_meanwhile_is_not_missed(window: MessageDetails, kept: Kept) -> None:
    await kept.refused_and_answered()
    await shown(window)
    assert window.choice is not None
    await kept.store.drop_evidence(1e10)
    window.choice.choose(0)
    await until(lambda: window.is_complete)
    assert window.note.text() == NOT_KEPT
    assert not window.show_request.isEnabled()


async def test_damage_is_told(window: MessageDetails, kept: Kept) -> None:
    await kept.store.record_attempt(attempt(), None, EVIDENCE)
    await kept.store._thread.call(lambda db: db.execute("UPDATE attempt SET pieces = '[['"))
    await shown(window)
    assert window.told.text().startswith("What was sent could not be read.")
    assert told(window)["Request id"] == "r1"


async def begun(running: Running) -> Message:
    """The answer of a chat that the window shows."""
    await running.chat("Tides")
    last = running.window.session and running.window.session.last
    assert last is not None
    last.usage, last.timing, last.created_at = ANSWER.usage, ANSWER.timing, 5.0
    view = running.window.chat.transcript
    view.update_message(last.id)
    await until(lambda: view.is_settled)
    return last


async def details_of(running: Running, message: Message) -> MessageDetails:
    await until(lambda: running.window.findChildren(MessageDetails))
    (details,) = running.window.findChildren(MessageDetails)
    await until(lambda: details.isVisible() and details.is_complete)
    assert details.message is message
    details.close()
    return details


async def test_a_click_below_an_answer_opens_its_details(running: Running, dialogs: Dialogs) -> None:
    answer = await begun(running)
    view = running.window.chat.transcript
    button = next(each for each in view.rows.row(1).buttons() if each.action is Action.DETAILS)
    assert button.label.startswith("240 tokens · 2.5 s")
    top = dict(view.rows.visible)[1]
    center = button.box.center().toPoint() + QPoint(view.column_left, top)
    QTest.mouseMove(view.viewport(), center)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=center)
    await details_of(running, answer)


async def test_the_menu_the_keyboard_and_a_command_open_them(running: Running, dialogs: Dialogs) -> None:
    answer = await begun(running)
    view = running.window.chat.transcript
    entries = {action.text().split("\t")[0]: action for action in view.menu(1).actions()}
    entries["Details…"].trigger()
    details = await details_of(running, answer)
    view.setFocus()
    view.set_current(1)
    QTest.keyClick(view, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    assert await details_of(running, answer) is details
    running.window.show_answer_details()
    await details_of(running, answer)
    view.set_current(0)
    QTest.keyClick(view, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    assert not details.isVisible()
    assert "Details…" not in [action.text().split("\t")[0] for action in view.menu(0).actions()]


async def test_another_chat_leaves_the_window_as_it_is(running: Running, dialogs: Dialogs) -> None:
    answer = await begun(running)
    running.window.show_answer_details()
    await until(lambda: running.window.findChildren(MessageDetails))
    (details,) = running.window.findChildren(MessageDetails)
    await until(lambda: details.is_complete)
    await running.store.begin_turn(Conversation("other"), [])
    running.window.new_chat()
    assert details.isVisible()
    assert details.message is answer
    details.close()
