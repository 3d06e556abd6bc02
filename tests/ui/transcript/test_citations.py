"""Sources: numbered labels where they are cited, and a list of them below the answer."""

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices

from desktop_chat.domain.message import Citation, Message, Part, PartKind, State
from desktop_chat.ui.transcript.find import Query
from desktop_chat.ui.transcript.leaves import Mark
from desktop_chat.ui.transcript.row_extras import FEW, Shape
from tests.ui.transcript.conftest import Chat, answer

URL = "https://example.org/page"


def cited(end: int | None, url: str = URL, title: str = "A page") -> Part:
    return Part(PartKind.CITATION, name=title, data=Citation(url, 0, end))


def sourced(text: str, *parts: Part, state: State = State.COMPLETE) -> Message:
    message = answer("a", text, state)
    message.parts += parts
    return message


def shown(chat: Chat, index: int = 0) -> list[tuple[str, str, str]]:
    """Number, title and host of the sources in the list."""
    items = chat.view.rows.row(index).things.items
    return [(item.aside, item.label, item.detail) for item in items if item.shape is Shape.SOURCE]


def after(text: str, words: str) -> Part:
    return cited(text.index(words) + len(words))


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("One two. Three four.", "two.", "One two.[1] Three four."),
        ("One two. Three four.", "two", "One two[1]. Three four."),
        ("One **two words** three.", "words**", "One two words[1] three."),
        ("See ([host](https://h.example/a?b=c)). More.", "b=c))", "See (host)[1]. More."),
        ("Some *em* and `code here` end.", "code here`", "Some em and code here[1] end."),
        ("# Title here\n\n- one item\n- two items\n", "one item", "Title here\n\n• one item[1]\n• two items"),
        ("Tea time twice, Tea time twice.", "twice.", "Tea time twice, Tea time twice.[1]"),
        ("Das Wasser 😀 steigt. Dann fällt es.", "steigt.", "Das Wasser 😀 steigt.[1] Dann fällt es."),
        ("海が上がる。そして下がる。", "上がる。", "海が上がる。[1]そして下がる。"),
        ("المد يرتفع. ثم ينخفض.", "يرتفع.", "المد يرتفع.[1] ثم ينخفض."),
    ],
)
def test_a_source_is_numbered_where_it_is_cited(chat: Chat, text: str, words: str, expected: str) -> None:
    chat.show(sourced(text, after(text, words)))
    assert chat.text() == expected
    assert shown(chat) == [("1", "A page", "example.org")]


def test_the_second_of_two_equal_passages_is_the_one_that_is_cited(chat: Chat) -> None:
    passage = "The tide comes twice a day, and nobody can hold it."
    text = f"{passage}\n\nOther words here.\n\n{passage}"
    chat.show(sourced(text, cited(len(text))))
    assert chat.text() == f"{text}[1]"


def test_sources_have_one_number_however_often_they_are_cited(chat: Chat) -> None:
    text = "First thing here. Second thing here. Third thing here."
    ends = [text.index(word) + len(word) for word in ("First thing here.", "Second thing here.")]
    parts = [cited(ends[0]), cited(ends[1], "https://www.other.example/x", "Other"), cited(len(text))]
    chat.show(sourced(text, *parts, cited(len(text), "https://www.other.example/x")))
    assert chat.text() == "First thing here.[1] Second thing here.[2] Third thing here.[1][2]"
    assert shown(chat) == [("1", "A page", "example.org"), ("2", "Other", "other.example")]


def test_a_label_is_a_link_and_a_small_raised_mark(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(QUrl(url).toString()) or True)
    text = "The **tide** rises here."
    chat.show(sourced(text, after(text, "rises")))
    inline = chat.view.rows.row(0).body.blocks[0].leaf.inline
    assert (14, 17, URL) in inline.links
    assert (14, 17, Mark.CHIP) in inline.marks
    point = chat.text_point(0, 0, 15)
    chat.qtbot.mouseMove(chat.view.viewport(), point)
    chat.qtbot.mouseClick(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert opened == [URL]


def test_a_click_on_a_source_opens_it(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(QUrl(url).toString()) or True)
    told: list[str] = []
    chat.view.link_hovered.connect(told.append)
    chat.show(sourced("Words.", cited(None), cited(None, "", "notes.pdf")))
    row = chat.view.rows.row(0)
    file, page = (
        next(item.box.center() for item in row.things.items if item.label == label)
        for label in ("notes.pdf", "A page")
    )
    for center in (file, page):
        point = chat.point(0, row.body_left + center.x(), row.things_top + center.y())
        chat.qtbot.mouseMove(chat.view.viewport(), point)
        chat.qtbot.mouseClick(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert opened == [URL]
    assert told[-1] == URL
    assert shown(chat)[1] == ("2", "notes.pdf", "")


def test_many_sources_are_folded(chat: Chat) -> None:
    chat.show(sourced("Words.", *(cited(None, f"{URL}/{n}", f"Page {n}") for n in range(30))))
    assert len(shown(chat)) == FEW
    button = next(button for button in chat.view.rows.row(0).buttons() if "all 30" in button.label)
    chat.click(0, button)
    assert len(shown(chat)) == 30


def test_sources_come_while_the_answer_streams(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "The tide rises here. ")
    chat.messages["a"].put(cited(len("The tide rises here.")))
    chat.view.parts.came("a")
    chat.settle()
    assert chat.text() == "The tide rises here.[1]"
    assert shown(chat) == []
    chat.say("a", "And it falls, and goes on falling.\n\nMore text.")
    # This one is ahead of the text that came.
    ahead = "The tide rises here. And it falls, and goes on falling.\n\nMore text. The last sentence."
    chat.messages["a"].put(cited(len(ahead), f"{URL}/2", "Second"))
    chat.view.parts.came("a")
    chat.say("a", " The last sentence. Gone on.")
    chat.end("a")
    assert chat.text() == (
        "The tide rises here.[1] And it falls, and goes on falling.\n\n"
        "More text. The last sentence.[2] Gone on."
    )
    assert [title for _number, title, _host in shown(chat)] == ["A page", "Second"]


@pytest.mark.parametrize("end", [None, 0, 1, 3, 10**9, 2**40, -5])
def test_places_that_make_no_sense_leave_the_list_alone(chat: Chat, end: int | None) -> None:
    chat.show(
        sourced("!!! ??", cited(end)),
    )
    assert chat.text() == "!!! ??"
    assert len(shown(chat)) == 1


def test_citations_in_code_and_tables_are_only_listed(chat: Chat) -> None:
    text = "Text before.\n\n```python\nvalue = 12345\n```\n\n| a | b |\n|---|---|\n| first cell | two |\n"
    chat.show(sourced(text, after(text, "12345"), after(text, "first cell")))
    assert "[1]" not in chat.text()
    assert len(shown(chat)) == 1


def test_what_a_title_says_is_shown_as_it_is(chat: Chat) -> None:
    title = "<b>Bold</b>\n\u202eevil\x00 & more" + "x" * 1000
    chat.show(
        sourced("Words.", cited(None, "https://user@exa mple/\u202e", title), cited(None, "http://[", "T"))
    )
    (_number, label, host), (_second, _label, other) = shown(chat)
    assert label.startswith("<b>Bold</b> evil & more")
    assert len(label) <= 400
    assert "\u202e" not in host + other


def test_every_source_is_in_the_menu(chat: Chat) -> None:
    chat.show(sourced("Words.", cited(None), cited(None, "", "notes.pdf")))
    menu = chat.view.menu(0)
    (sources,) = [action.menu() for action in menu.actions() if action.text() == "Sources"]
    assert [action.text() for action in sources.actions()] == ["1. A page"]  # type: ignore[attr-defined]
    assert "2 sources" in chat.view.notice(0)


def test_zoom_and_theme_keep_the_labels(chat: Chat) -> None:
    text = "The tide rises here."
    chat.show(sourced(text, after(text, "here.")))
    chat.view.theme.set_zoom(150)
    chat.settle()
    assert chat.text() == "The tide rises here.[1]"
    assert chat.view.viewport().rect().contains(QPoint(1, 1))


def test_labels_are_found_and_copied_where_they_stand_also_out_of_view(chat: Chat) -> None:
    text = "The tide rises here. Then it falls again."
    far = sourced(text, after(text, "here."))
    chat.show(far, *(answer(f"b{n}", "Other words.\n\n" * 20) for n in range(60)))
    assert chat.view.rows.built(0) is None
    finder = chat.view.finder
    finder.find(Query("falls"))
    chat.qtbot.waitUntil(lambda: finder.is_complete and finder.total == 1)
    assert tuple(finder.hit(0))[:5] == (0, 1, 0, 32, 37)
    chat.view.select_all()
    assert chat.view.selected_text().startswith("The tide rises here.[1] Then it falls again.\n\nOther")


def test_a_source_says_where_it_leads_by_its_title(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the link that stands next to it in the text."""
    told: list[tuple[str, str]] = []
    for place in ("pointer", "menu"):
        monkeypatch.setattr(
            f"desktop_chat.ui.transcript.{place}.open_link",
            lambda url, view, text="": told.append((url, text)),
        )
    message = answer("a", "See [example.com](https://example.com)")
    message.parts.append(cited(None, "https://evil.example/", "My bank"))
    chat.show(message)
    row = chat.view.rows.row(0)
    source = next(item for item in row.things.items if item.url)
    center = source.box.center()
    at = chat.point(0, row.body_left + center.x(), row.things_top + center.y())
    chat.qtbot.mouseClick(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    menu = chat.view.menu(0)
    (sources,) = [action.menu() for action in menu.actions() if action.text() == "Sources"]
    sources.actions()[0].trigger()
    assert told == [("https://evil.example/", "My bank")] * 2


def test_menu_says_where_links_really_lead(chat: Chat) -> None:
    chat.show(answer("a", f"[x](https://аpple.com) [y](https://evil.example/{'a' * 100}/end)"))
    menu = chat.view.menu(0)
    (found,) = [action.menu() for action in menu.actions() if action.text() == "Links"]
    first, second = [action.text() for action in found.actions()]
    assert first == "https://xn--pple-43d.com"
    assert second.startswith("https://evil.example/a")
    assert second.endswith("/end")
