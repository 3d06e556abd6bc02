"""What a screen reader is told of an answer while it is written."""

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from desktop_chat.domain.message import State
from desktop_chat.ui.transcript.announcer import MOST, complete
from tests.ui.transcript.conftest import Chat, answer


@pytest.fixture
def said(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The announcements, as Qt hands them on; a second is none here."""
    found: list[str] = []

    def hand_on(event: QEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            assert event.politeness() == QAccessible.AnnouncementPoliteness.Polite
            found.append(event.message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", hand_on)
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    chat.view.announcer._timer.setInterval(0)
    return found


def told(chat: Chat, said: list[str], words: str) -> str:
    chat.qtbot.waitUntil(lambda: words in " ".join(said))
    return " ".join(said)


def test_sentences_are_said_when_they_are_complete(chat: Chat, said: list[str]) -> None:
    chat.view.announce = "sentences"
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "The first sentence. The sec")
    assert told(chat, said, "first") == "The first sentence."
    chat.say("a", "ond one! And")
    assert told(chat, said, "second") == "The first sentence. The second one!"
    chat.say("a", " the rest")
    chat.end("a")
    whole = told(chat, said, "answered")
    assert whole == "The first sentence. The second one! And the rest gpt-5.2 has answered"


def test_code_and_tables_are_named_and_not_read(chat: Chat, said: list[str]) -> None:
    chat.view.announce = "sentences"
    chat.show(answer("a", "", State.STREAMING))
    chat.say(
        "a", "# Head\n\n- one\n- two\n\n```python\nx = 1\ny = 2\n```\n\n| a |\n|---|\n| b |\n\n---\n\nEnd"
    )
    chat.end("a")
    assert told(chat, said, "answered") == (
        "Head • one • two Code block, 2 lines. Table. End gpt-5.2 has answered"
    )


def test_only_the_end_is_said_where_that_is_wanted(chat: Chat, said: list[str]) -> None:
    chat.view.announce = "end"
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "One. Two. Three.")
    chat.end("a")
    assert said == ["gpt-5.2 has answered"]


def test_nothing_is_said_where_that_is_wanted(chat: Chat, said: list[str]) -> None:
    chat.view.announce = "never"
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "One. Two. Three.")
    chat.end("a")
    assert said == []


def test_an_answer_below_the_view_is_said(chat: Chat, said: list[str]) -> None:
    chat.view.announce = "sentences"
    chat.show(*(answer(f"m{i}", "Words.\n\n" * 30) for i in range(9)), answer("a", "", State.STREAMING))
    chat.view.verticalScrollBar().setValue(0)
    chat.say("a", "One. Two. Three. F")
    assert told(chat, said, "Three") == "One. Two. Three."
    chat.end("a")
    assert told(chat, said, "answered").endswith("gpt-5.2 has answered")


def test_a_failure_is_said(chat: Chat, said: list[str]) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "One")
    chat.end("a", State.STOPPED)
    assert told(chat, said, "Stopped") == "One Stopped"


def test_an_answer_that_comes_at_once_is_said_in_pieces(chat: Chat, said: list[str]) -> None:
    chat.view.announce = "sentences"
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "".join(f"This is sentence {number} of many.\n\n" for number in range(100)))
    chat.end("a")
    whole = told(chat, said, "answered")
    assert [f"sentence {number} of" in whole for number in range(100)] == [True] * 100
    assert len(said) > 3
    assert max(map(len, said)) < 2 * MOST


def test_a_chat_that_is_left_is_not_told_on(chat: Chat, said: list[str]) -> None:
    chat.view.announce = "sentences"
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "One. Two. Three.")
    chat.show(answer("b", "Another."))
    assert not chat.view.announcer._timer.isActive()
    assert said == []


def test_long_code_of_several_leaves_is_named_once(chat: Chat) -> None:
    chat.show(answer("a", "```\n" + "line\n" * 100 + "```\n\nEnd."))
    flow = chat.view.rows.row(0).body
    assert complete(flow, (0, 0), ended=True)[0] == "Code block, 100 lines. End."
