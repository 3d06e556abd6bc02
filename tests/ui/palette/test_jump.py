"""From a hit to its message: in long chats, in other versions, while an answer is written."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.search import Term
from desktop_chat.session import Phase
from desktop_chat.ui.transcript.find import Query
from desktop_chat.ui.transcript.find_words import Words, WordsMatcher
from tests.ui.palette.conftest import add_chat, find, opened
from tests.ui.shell.conftest import Running, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def marked(text: str, *terms: Term) -> list[str]:
    raw = text.encode("utf-16-le")
    spans = WordsMatcher(Words(terms)).spans(text)
    return [raw[2 * start : 2 * end].decode("utf-16-le") for start, end in spans]


def test_words_are_marked_as_the_search_finds_them() -> None:
    assert marked("The Cafés, CAFE and cafeteria", Term("cafe")) == ["CAFE"]
    assert marked("The Cafés, CAFE and cafeteria", Term("cafe", is_prefix=True)) == [
        "Café",
        "CAFE",
        "cafe",
    ]
    assert marked("Retry-After: the header", Term("retry-after"), Term("header")) == ["Retry-After", "header"]
    assert marked("😀 東京タワー 😀 tower", Term("京タ"), Term("tower")) == ["京タ", "tower"]
    assert marked("cafe\u0301!", Term("café")) == ["cafe\u0301"]


def test_messages_that_cannot_have_the_words_are_not_parsed() -> None:
    matcher = WordsMatcher(Words((Term("needle"), Term("straw"))))
    assert matcher.can_be_in("a **Straw**", literal=False)
    assert matcher.can_be_in("ñéédle", literal=True)
    assert not matcher.can_be_in("hay", literal=False)


async def test_a_hit_far_up_in_a_long_chat_is_in_view(running: Running) -> None:
    texts = [f"Paragraph {n}.\n\nAnother one, and more of it." for n in range(400)]
    texts[151] = "Begin.\n\n" + "Line.\n\n" * 80 + "Here is the needle, far down.\n\n" + "Line.\n\n" * 80
    texts[300] = "A second needle."
    chat = await add_chat(running, "Long", texts)
    palette = await find(running.window, "needle far")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    await opened(running.window, chat.id)
    view = running.window.chat.transcript
    await until(lambda: view.selected_text() == "needle")
    finder = view.finder
    assert finder.current is not None
    assert finder.current[0] == 151
    await until(lambda: finder.current and finder.place_in_view(finder.current) is not None)
    place = finder.place_in_view(finder.current)
    assert place is not None
    assert 0 <= place.top() <= place.bottom() <= view.viewport().height()
    await until(lambda: finder.is_settled)
    assert finder.total == 3, "also the other words and messages are marked"
    running.window.find_next()
    assert view.selected_text() == "far"
    running.window.find_next()
    await until(lambda: finder.current is not None and finder.current[0] == 300)


async def test_what_is_typed_into_the_find_bar_afterwards_is_looked_for_as_it_is(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["alpha then beta", "alpha beta"])
    palette = await find(running.window, "beta alpha", count=2)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    await opened(running.window, chat.id)
    finder = running.window.chat.transcript.finder
    bar = running.window.chat.find_bar
    await until(lambda: finder.total == 4)
    QTest.keyClicks(bar.field, "x")
    QTest.keyClick(bar.field, Qt.Key.Key_Backspace)
    assert finder.query == Words((Term("beta"), Term("alpha", is_prefix=True)))
    bar.field.setText("alpha beta")
    assert finder.query == Query("alpha beta")
    await until(lambda: finder.total == 1)


async def test_a_message_of_another_version_is_shown(running: Running) -> None:
    question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, "Which?")])
    answers = [
        Message(new_id(), question.id, Role.ASSISTANT, [Part(PartKind.TEXT, text)], model="demo")
        for text in ("The needle is here.", "Nothing here.")
    ]
    conversation = Conversation(new_id(), "Versions", title_source="user", active_leaf=answers[1].id)
    await running.store.begin_turn(conversation, [question, *answers])
    running.chats.indexing.wake()
    await running.chats.indexing.settled()
    palette = await find(running.window, "needle")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    session = await opened(running.window, conversation.id)
    assert session.tree.path == [question, answers[0]]
    await until(lambda: running.window.chat.transcript.selected_text() == "needle")


async def test_what_is_in_the_reasoning_alone_is_unfolded(running: Running) -> None:
    question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, "Which?")])
    parts = [Part(PartKind.REASONING, "A needle, perhaps."), Part(PartKind.TEXT, "None.")]
    answer = Message(new_id(), question.id, Role.ASSISTANT, parts, model="demo")
    conversation = Conversation(new_id(), "Thoughts", title_source="user", active_leaf=answer.id)
    await running.store.begin_turn(conversation, [question, answer])
    running.window.open_chat(conversation.id, answer.id, (Term("needle"),))
    await opened(running.window, conversation.id)
    await until(lambda: running.window.chat.transcript.selected_text() == "needle")


async def test_while_an_answer_is_written_another_version_waits(running: Running) -> None:
    window = running.window
    chat = await add_chat(running, "Chat", ["A question with a needle", "An answer"])
    window.open_chat(chat.id)
    session = await opened(window, chat.id)
    first = session.tree.path[0].id
    session.edit(first, "a long answer, please")
    await until(lambda: session.phase is Phase.WRITING)
    window.open_chat(session.conversation.id, first, (Term("needle"),))
    assert session.tree.path[0].id != first
    session.stop()
    await until(lambda: not session.is_busy)
    await until(lambda: session.tree.path[0].id == first)
    await until(lambda: window.chat.transcript.selected_text() == "needle")


async def test_a_hit_of_filters_alone_has_a_frame_and_no_marks(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"] * 30)
    window = running.window
    session_id, message_id = chat.id, chat.active_leaf
    assert message_id is not None
    window.open_chat(session_id, message_id)
    await opened(window, session_id)
    view = window.chat.transcript
    assert view.hasFocus()
    assert view.current == 59
    assert not window.chat.find_bar.isVisible()
    first = view.rows.messages[0].id
    window.open_chat(session_id, first)
    assert view.current == 0
    assert view.rows.top < view.viewport().height() // 2


async def test_a_message_that_is_gone_opens_its_chat_as_it_was_left(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    running.window.open_chat(chat.id, "gone", (Term("one"),))
    await opened(running.window, chat.id)
    assert not running.window.chat.find_bar.isVisible()


async def test_hits_one_after_the_other_in_the_same_chat(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["a needle", "no", "a needle as well"] * 20)
    window = running.window
    window.open_chat(chat.id)
    session = await opened(window, chat.id)
    path = session.tree.path
    finder = window.chat.transcript.finder
    for number in (50, 3, 59):
        window.open_chat(chat.id, path[number].id, (Term("needle"),))
        await until(lambda number=number: finder.current is not None and finder.current[0] == number)
    window.open_chat(chat.id, path[1].id, (Term("needle"),))
    await until(lambda: finder.is_settled)
    assert finder.current is None, "this one has none, and stays in view"
    assert window.chat.transcript.current == 1
