"""Tool calls, pictures, files, days, times, folds: what a message shows beside its text."""

import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage

from desktop_chat.attachments import Attachments
from desktop_chat.domain.message import (
    Attachment,
    CallStatus,
    Message,
    Part,
    PartKind,
    Role,
    State,
    ToolCall,
    Unknown,
)
from desktop_chat.ui.transcript.find import Query
from desktop_chat.ui.transcript.images import MAX_PIXELS, decoded
from desktop_chat.ui.transcript.row import Action
from desktop_chat.ui.transcript.row_actions import FOLDED, MARKDOWN, Button
from desktop_chat.ui.transcript.row_extras import FEW, MAX_LINES, Item, Shape
from tests.ui.transcript.conftest import Chat, answer, question

NOON = time.mktime((2026, 11, 18, 12, 0, 0, 0, 0, -1))
DAY = 24 * 3600.0


def call(number: int = 0, kind: str = "web_search", **fields: object) -> Part:
    values = {"status": CallStatus.DONE, "arguments": "why tides", "result": "a\nb", **fields}
    name = str(values.pop("name", ""))
    return Part(PartKind.TOOL_CALL, "", 1.25, name, ToolCall(f"c{number}", kind, **values))  # type: ignore[arg-type]


def with_parts(message: Message, *parts: Part) -> Message:
    message.parts += parts
    return message


def steps(chat: Chat, index: int = 0) -> list[Item]:
    return [item for item in chat.view.rows.row(index).steps.items if item.shape is Shape.STEP]


def toggles(chat: Chat, index: int = 0) -> dict[str, Button]:
    buttons = chat.view.rows.row(index).buttons()
    return {button.key: button for button in buttons if button.action is Action.TOGGLE}


# Tools


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (call(), "Searched the web"),
        (call(status=CallStatus.FAILED), "The web search failed"),
        (call(status=CallStatus.RUNNING), "Searching the web (not finished)"),
        (call(kind="code_interpreter"), "Ran code"),
        (call(kind="mcp", name="docs: find"), "Called docs: find"),
        (call(kind="function", name="weather", result=""), "Asked for weather"),
        (call(kind="function", name="{0} <b>\u202e"), "Called {0} <b>"),
        (call(kind="time_travel"), "Used time travel"),
    ],
)
def test_a_tool_call_is_told_in_plain_words(chat: Chat, part: Part, words: str) -> None:
    chat.show(with_parts(answer("a", "Yes."), part))
    (item,) = steps(chat)
    assert item.label == words
    assert words in chat.view.notice(0)


def test_a_step_unfolds_and_shows_what_was_asked_and_answered(chat: Chat) -> None:
    chat.show(with_parts(answer("a", "Yes."), call()))
    assert (steps(chat)[0].detail, steps(chat)[0].aside, steps(chat)[0].texts) == ("why tides", "1.2 s", [])
    height = chat.view.rows.row(0).height
    chat.click(0, toggles(chat)["c0"])
    said = [text.inline.text.replace("\u2028", "\n") for text, _x, _y in steps(chat)[0].texts]
    assert said == ["Input", "why tides", "Result", "a\nb"]
    assert chat.view.rows.row(0).height > height
    chat.click(0, toggles(chat)["c0"])
    assert chat.view.rows.row(0).height == height


def test_a_step_runs_while_the_answer_streams(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    for status, words in ((CallStatus.RUNNING, "Searching the web…"), (CallStatus.DONE, "Searched the web")):
        chat.messages["a"].put(call(status=status))
        chat.view.parts.came("a")
        chat.settle()
        assert [item.label for item in steps(chat)] == [words]
    chat.say("a", "Yes.")
    chat.end("a")
    assert chat.text() == "Yes."


def test_huge_results_are_cut_and_many_steps_folded(chat: Chat) -> None:
    chat.show(with_parts(answer("a", "Yes."), *(call(n, result="line\n" * 60_000) for n in range(40))))
    assert len(steps(chat)) == FEW
    chat.view.parts.toggle(0, "c39")
    result = steps(chat)[-1].texts[-1][0].inline.text
    assert result.count("\u2028") <= MAX_LINES
    assert "more characters" in result
    chat.view.parts.toggle(0, "steps")
    assert len(steps(chat)) == 40


def test_a_step_can_be_copied_whole(chat: Chat) -> None:
    chat.show(with_parts(answer("a", "Yes."), call(result="line\n" * 10_000)))
    (steps_menu,) = [entry.menu() for entry in chat.view.menu(0).actions() if entry.text() == "Copy step"]
    (entry,) = steps_menu.actions()  # type: ignore[attr-defined]
    assert entry.text() == "Searched the web"
    entry.trigger()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("why tides\n\nline\n")
    assert copied.count("line") == 10_000


def test_an_answer_of_tool_calls_alone_says_so(chat: Chat) -> None:
    chat.show(with_parts(answer("a", ""), call(kind="function", name="f", result="")))
    assert chat.view.rows.row(0).notice_text == "The model asked for a tool and waits for its result"


# Pictures and files


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, kind)
    return buffer.data().data()


def image_part(name: str = "hash", media_type: str = "image/png", **fields: int) -> Part:
    return Part(PartKind.IMAGE, name="cat.png", data=Attachment(name, media_type, 10, **fields))


def pictures(chat: Chat, index: int = 0) -> list[Item]:
    return [item for item in chat.view.rows.row(index).things.items if item.shape is Shape.PICTURE]


def test_a_picture_is_loaded_off_the_gui_thread_and_scaled(chat: Chat) -> None:
    threads: list[threading.Thread] = []
    data = picture(2000, 1000)

    def load(_name: str) -> bytes:
        threads.append(threading.current_thread())
        return data

    chat.view.parts.set_loader(load)
    chat.show(with_parts(question("q", "Look"), image_part()))
    chat.qtbot.waitUntil(lambda: pictures(chat)[0].image is not None)
    chat.settle()
    assert threading.main_thread() not in threads
    box = pictures(chat)[0].box
    row = chat.view.rows.row(0)
    assert (round(box.width() / box.height()), box.height() <= 320) == (2, True)
    assert row.things_top + box.bottom() <= row.bubble_bottom
    assert len(threads) == 1


def test_a_missing_picture_is_named(chat: Chat, tmp_path: Path) -> None:
    """The loader is the program's own: what it raises must not get out of its thread."""
    chat.view.parts.set_loader(Attachments(tmp_path).read_now)
    chat.show(with_parts(question("q", "Look"), image_part("0" * 64)))
    chat.qtbot.waitUntil(lambda: pictures(chat)[0].detail == "cannot be shown")
    assert pictures(chat)[0].label == "cat.png"
    assert "cat.png" in chat.view.notice(0)


def test_the_place_of_a_picture_whose_size_is_known_does_not_move(chat: Chat) -> None:
    release = threading.Event()
    data = picture(400, 200)

    def load(_name: str) -> bytes:
        release.wait(10)
        return data

    chat.view.parts.set_loader(load)
    chat.show(with_parts(question("q", "Look"), image_part(width=400, height=200)))
    before = chat.view.rows.row(0).height
    release.set()
    chat.qtbot.waitUntil(lambda: pictures(chat)[0].image is not None)
    assert chat.view.rows.row(0).height == before


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", b"png"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"png"),
        (SVG, b"png"),
        (SVG, b"jpeg"),
        (picture(4, 4, "BMP"), b"png"),
        (picture(4, 4), b"jpeg"),
        (picture(4, 4)[:-20], b"gif"),
    ],
)
def test_what_is_no_picture_of_its_kind_is_not_decoded(data: bytes, kind: bytes) -> None:
    assert decoded(data, kind, 100, 100) is None


def test_a_picture_of_too_many_pixels_is_not_decoded() -> None:
    small = picture(4, 4)
    header = small.index(b"IHDR") + 4
    side = (30_000).to_bytes(4, "big")
    assert MAX_PIXELS < 30_000**2
    assert decoded(small[:header] + side + side + small[header + 8 :], b"png", 100, 100) is None


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "", "image/x-xpixmap"])
def test_other_kinds_of_pictures_are_not_even_loaded(chat: Chat, media_type: str) -> None:
    loaded: list[str] = []

    def load(name: str) -> bytes:
        loaded.append(name)
        return picture(4, 4)

    chat.view.parts.set_loader(load)
    chat.show(with_parts(question("q", "Look"), image_part(media_type=media_type)))
    chat.qtbot.waitUntil(lambda: pictures(chat)[0].detail == "cannot be shown")
    assert loaded == []


def test_a_file_has_its_name_and_size(chat: Chat) -> None:
    file = Part(PartKind.FILE, name="a\nb.pdf", data=Attachment("h", "application/pdf", 1_234_567))
    chat.show(with_parts(question("q", ""), file))
    (item,) = chat.view.rows.row(0).things.items
    assert (item.shape, item.label, item.detail) == (Shape.FILE, "a b.pdf", "1.2 MB")


def test_what_a_newer_version_stored_is_admitted(chat: Chat) -> None:
    lost = Part(PartKind.UNKNOWN, "secret", data=Unknown("hologram"))
    chat.show(with_parts(answer("a", "Yes."), lost))
    (item,) = chat.view.rows.row(0).things.items
    assert "cannot show" in item.label
    assert chat.text() == "Yes."


# Days and times


def at(when: float, message: Message) -> Message:
    message.created_at = when
    return message


def days(chat: Chat) -> list[str]:
    return [chat.view.rows.row(index).day for index in range(len(chat.view.rows.messages))]


@pytest.fixture
def today(chat: Chat) -> Chat:
    chat.view.rows.days.clock = lambda: NOON
    return chat


def test_days_are_named_between_messages(today: Chat) -> None:
    times = [NOON - 400 * DAY, NOON - 2 * DAY, NOON - 2 * DAY + 60, NOON - DAY, NOON, 0.0, NOON + 1]
    today.show(*(at(when, answer(f"a{n}", "Text")) for n, when in enumerate(times)))
    assert days(today) == ["Tuesday 14 October 2025", "Monday 16 November", "", "Yesterday", "Today", "", ""]


def test_a_chat_of_today_names_no_day(today: Chat) -> None:
    today.show(at(NOON - 60, question("q", "Hi")), at(NOON, answer("a", "Yes.")))
    assert days(today) == ["", ""]


def test_days_change_at_midnight(today: Chat) -> None:
    today.show(at(NOON - DAY, question("q", "Hi")), at(NOON, answer("a", "Yes.")))
    assert days(today) == ["Yesterday", "Today"]
    assert today.view.rows.days.seconds_to_midnight() == pytest.approx(12 * 3600)
    today.view.rows.days.clock = lambda: NOON + DAY
    today.view.parts.look_at_the_day()
    assert days(today) == ["Tuesday 17 November", "Yesterday"]
    fresh = at(NOON + DAY, question("q2", "And?"))
    today.messages[fresh.id] = fresh
    today.view.add_message(fresh)
    today.settle()
    assert days(today) == ["Tuesday 17 November", "Yesterday", "Today"]


def test_a_chat_gets_its_first_day_at_midnight_where_it_stands(today: Chat) -> None:
    today.show(*(at(NOON, answer(f"a{n}", "Text\n\n" * 8)) for n in range(40)))
    today.view.verticalScrollBar().setValue(0)
    built = today.view.rows.heights.total
    today.view.rows.days.clock = lambda: NOON + DAY
    today.view.parts.look_at_the_day()
    assert days(today)[0] == "Yesterday"
    assert today.view.rows.heights.total == built + today.view.rows.formats.px(44)


def test_many_days_need_no_rows(today: Chat) -> None:
    messages = [at(NOON - n * DAY, answer(f"a{n}", "Text")) for n in range(3000, 0, -1)]
    today.show(*messages)
    assert sum(today.view.rows.built(index) is not None for index in range(3000)) < 60
    assert len(today.view.rows.days.labels) == 3000


@pytest.mark.parametrize("when", [1e300, float("inf"), float("nan"), -1e10, 1e12])
def test_times_that_cannot_be_are_not_shown(today: Chat, when: float) -> None:
    today.show(at(NOON, answer("a", "Yes.")), at(when, answer("b", "No.")))
    assert days(today) == ["", ""]
    assert today.view.rows.row(1).clock == ""


def test_the_time_is_told(today: Chat) -> None:
    today.show(at(NOON, question("q", "Hi")), at(NOON + 60, answer("a", "Yes.")))
    assert today.view.rows.row(1).meta_words == today.view.rows.row(1).clock != ""
    assert today.view.notice(0).startswith("Wednesday 18 November 2026 ")


# Folds and switches


def test_long_messages_but_the_newest_can_be_folded(chat: Chat) -> None:
    long = "A paragraph of some words.\n\n" * 600
    chat.show(answer("a", long), question("q", "Short"), answer("b", long))
    assert [FOLDED in toggles(chat, index) for index in range(3)] == [True, False, False]
    chat.view.parts.toggle(0, FOLDED)
    chat.view.verticalScrollBar().setValue(0)
    chat.settle()
    row = chat.view.rows.row(0)
    assert row.height < 500
    assert chat.text(0).count("paragraph") == 600
    chat.click(0, toggles(chat)[FOLDED])
    assert chat.view.rows.row(0).height > 4000
    chat.view.parts.toggle(0, FOLDED)
    chat.view.rows.unfold(0)
    assert not chat.view.rows.row(0).is_folded


def test_what_is_found_in_a_folded_message_is_unfolded(chat: Chat) -> None:
    chat.show(answer("a", "A paragraph of some words.\n\n" * 600 + "The needle."), question("q", "Short"))
    chat.view.parts.toggle(0, FOLDED)
    finder = chat.view.finder
    finder.find(Query("needle"))
    finder.next()
    chat.qtbot.waitUntil(lambda: not chat.view.rows.row(0).is_folded)


def test_nothing_below_a_fold_is_hit(chat: Chat) -> None:
    long = "A paragraph with [a link](https://example.org/x).\n\n" * 300
    chat.show(answer("a", long), question("q", "Short"))
    chat.view.parts.toggle(0, FOLDED)
    chat.view.verticalScrollBar().setValue(0)
    chat.settle()
    row = chat.view.rows.row(0)
    end = row.body_top + row.body_height
    for y in range(end, row.height):
        assert row.link_at(150, y) == ""
        assert not row.is_text_at(150, y)
    last = row.spot_at(150, row.height - 1)
    assert row.body.top(last.block) < row.body_height


def test_a_question_is_markdown_on_a_switch(chat: Chat) -> None:
    chat.show(question("q", "Look at **this**"), answer("a", "Yes."))
    assert chat.text() == "Look at **this**"
    entry = next(action for action in chat.view.menu(0).actions() if action.text() == "Show as Markdown")
    entry.trigger()
    assert chat.text() == "Look at this"
    chat.view.theme.set_zoom(120)
    chat.settle()
    assert chat.text() == "Look at this"
    assert MARKDOWN in chat.view.rows.row(0).marks
    chat.view.parts.toggle(0, MARKDOWN)
    assert chat.text() == "Look at **this**"


def test_versions_by_keyboard(chat: Chat) -> None:
    chat.show(
        question("q", "Hi"),
        answer("a2", "Two"),
        versions=lambda one: ["a1", "a2", "a3"] if one == "a2" else [one],
    )
    asked: list[str] = []
    chat.view.version_requested.connect(asked.append)
    chat.view.setFocus()
    chat.view.set_current(1)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
        chat.qtbot.keyClick(chat.view, key, Qt.KeyboardModifier.AltModifier)
    assert asked == ["a1", "a3"]


def test_a_flush_costs_the_same_with_many_parts(chat: Chat) -> None:
    """Steps and sources are arranged when they change, not with each piece of text."""
    chat.show(with_parts(answer("a", "", State.STREAMING), *(call(n) for n in range(50))))
    row = chat.view.rows.row(0)
    before = row.steps
    for _ in range(20):
        chat.say("a", "Some words. ")
        chat.view.refresh()
    assert row.steps is before


def test_roles_other_than_the_users_show_no_bubble_things(chat: Chat) -> None:
    message = Message("s", None, Role.ASSISTANT, [call(), Part(PartKind.TEXT, "Yes.")], model="m")
    chat.show(message)
    assert chat.view.rows.row(0).steps.height > 0


@pytest.mark.parametrize("width", [280, 744])
def test_what_can_be_done_with_a_question_has_room(chat: Chat, width: int) -> None:
    chat.show(question("q", "Why?"), answer("a", "So."))
    chat.view.resize(width, 420)
    chat.view.grab()
    row = chat.view.rows.row(0)
    boxes = [button.box for button in row.buttons()]
    bubble = QRectF(row.bubble_left, row.bubble_top, row.width, row.bubble_bottom - row.bubble_top)
    assert len(boxes) == 2
    for box in boxes:
        assert -row.formats.px(7) <= box.left()
        assert box.right() <= row.width
        # Targets are larger than their words, and may reach into the bubble's empty edge.
        assert not box.adjusted(0, 6, 0, -6).intersects(bubble)
