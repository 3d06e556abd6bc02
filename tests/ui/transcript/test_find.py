"""Finding in the transcript: what matches, that nothing is missed, and where the reader is taken."""

import random
from collections.abc import Callable, Sequence

import pytest
from pytestqt.qtbot import QtBot

from desktop_chat.domain.message import Message, PartKind, State
from desktop_chat.ui.transcript import Transcript
from desktop_chat.ui.transcript.find import Matcher, Query
from desktop_chat.ui.transcript.leaves import cut, plain
from desktop_chat.ui.transcript.row import Action
from desktop_chat.ui.transcript.stream import MarkdownStream
from tests.ui.transcript.conftest import Chat, answer, question


@pytest.fixture
def find(chat: Chat) -> Callable[..., list[str]]:
    """Looks for a text until all messages were searched, and says what the hits are."""

    def look(text: str, *, case: bool = False, word: bool = False) -> list[str]:
        chat.view.finder.find(Query(text, case, word))
        return found(chat)

    return look


def settle(chat: Chat) -> None:
    chat.qtbot.waitUntil(lambda: chat.view.finder.is_settled)


def found(chat: Chat) -> list[str]:
    settle(chat)
    finder = chat.view.finder
    texts = []
    for index in range(finder.total):
        row, part, block, start, end = finder.hit(index)
        made = chat.view.rows.row(row)
        made.advance(float("inf"))
        flow = made.flow(part)
        assert flow is not None
        texts.append(cut(flow.blocks[block].plain, start, end))
    return texts


def in_view(chat: Chat) -> tuple[int, int]:
    """The top and bottom of the current hit in the view."""
    finder = chat.view.finder
    assert finder.current is not None
    place = finder.place_in_view(finder.current)
    assert place is not None, "the current hit is not in view"
    return place.top(), place.bottom()


Find = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("text", "query", "hits"),
    [
        ("foo **bar** baz", "bar baz", ["bar baz"]),
        ("foo **bar** baz", "FOO BAR", ["foo bar"]),
        ("over\ntwo lines", "over two", ["over two"]),
        ("`code` and *more*", "code and more", ["code and more"]),
        ("see [the page](https://example.org/x)s", "the pages", ["the pages"]),
        ("f&eacute;e &amp; co", "fée & co", ["fée & co"]),
        (r"5 \* 3", "5 * 3", ["5 * 3"]),
        ("a.b a+b", "a.b", ["a.b"]),
        ("Straße, strasse", "STRASSE", ["Straße", "strasse"]),
        ("Straße", "s", ["S", "ß"]),
        ("naïve naive", "naive", ["naive"]),
        ("cafe\u0301 cafe", "cafe", ["cafe"]),
        ("😀 one 😀 two", "two", ["two"]),
        ("日本語のテキスト", "本語", ["本語"]),
        ("| a | b |\n|---|---|\n| cell | other |", "other", ["other"]),
        ("```python\nfoo = 1\nbar = 2\n```", "foo = 1", ["foo = 1"]),
        ("![alt text](https://example.org/a.png)", "image: alt", ["image: alt"]),
        ("one\n\ntwo", "one two", []),
        ("**", "**", ["**"]),
    ],
)
def test_finds_what_is_shown(chat: Chat, find: Find, text: str, query: str, hits: list[str]) -> None:
    chat.show(answer("a", text))
    assert find(query) == hits


def test_case_and_whole_words(chat: Chat, find: Find) -> None:
    chat.show(answer("a", "Cat cat concat cat_x cat."))
    assert find("cat") == ["Cat", "cat", "cat", "cat", "cat"]
    assert find("cat", case=True) == ["cat", "cat", "cat", "cat"]
    assert find("cat", word=True) == ["Cat", "cat", "cat"]
    assert find("cat.", word=True) == ["cat."]


def test_nothing_is_missed_that_parsing_would_find() -> None:
    """The quick look at the source never says no to a message that shows the query."""
    pieces = (
        *(
            "foo",
            "bar",
            "**",
            "*",
            "_",
            "`",
            "~~",
            "[",
            "](u)",
            "](u 't')",
            "][r]",
            "]",
            "![",
            " ",
            "\n",
            "\\",
        ),
        *("&amp;", "&eacute;", "&#102;", "<", ">", "<https://a.b/%66oo>", "ß", "é", "\u200b", "\x85", "😀"),
        *("\n\n", "\n> ", "\n- ", "|", "[^1]", "http://a.b/", "(", ")", "$x$", "\n\n[r]: /url\n\n"),
    )
    dice = random.Random(7)
    looked = 0
    for _ in range(1500):
        source = "".join(dice.choice(pieces) for _ in range(dice.randint(3, 14)))
        stream = MarkdownStream()
        stream.feed(source)
        stream.finish()
        if stream.outdated:
            stream = stream.again()
            stream.feed(source)
            stream.finish()
        for shown in (plain(leaf) for leaf in stream.leaves):
            if len(shown) < 2:
                continue
            start = dice.randrange(len(shown) - 1)
            query = shown[start : start + dice.randint(1, 9)]
            looked += 1
            assert Matcher(Query(query)).can_be_in(source, literal=False), (source, query)
    assert looked > 1000


def test_a_source_without_the_query_is_told_without_parsing() -> None:
    matcher = Matcher(Query("needle"))
    assert not matcher.can_be_in(
        "A [link](https://a.b), `code` (in brackets) & more.\n\n- x < y\n", literal=False
    )
    assert not matcher.can_be_in("Plain text with 100 % nothing.", literal=True)


def test_goes_through_hits_in_reading_order_and_round(chat: Chat, find: Find, qtbot: QtBot) -> None:
    chat.show(question("q", "one word"), answer("a", "no\n\nword word"), question("r", "a word"))
    chat.view.selection.anchor = chat.view.selection.head = (0, 0, 0, 0)
    finder, visited = chat.view.finder, []
    wraps: list[bool] = []
    finder.wrapped.connect(wraps.append)
    find("word")
    for _ in range(5):
        visited.append((finder.number, chat.view.selected_text()))
        finder.next()
        settle(chat)
    assert visited == [(1, "word"), (2, "word"), (3, "word"), (4, "word"), (1, "word")]
    assert wraps == [True]
    finder.previous()
    settle(chat)
    finder.previous()
    settle(chat)
    assert finder.number == 4
    assert wraps == [True, False]


def test_a_hit_far_away_is_shown_with_room_around_it(chat: Chat, find: Find) -> None:
    texts = ["\n\n".join(f"Paragraph {k} of {i}. " * 12 for k in range(9)) for i in range(60)]
    texts[3] = texts[3].replace("Paragraph 6 of 3.", "The needle is here.", 1)
    chat.show(*(answer(f"m{i}", text) for i, text in enumerate(texts)))
    assert find("needle") == ["needle"]
    chat.settle()
    top, bottom = in_view(chat)
    assert 40 < top < bottom < chat.view.viewport().height() - 40
    assert chat.view.selected_text() == "needle"


def test_typing_on_stays_at_the_same_hit(chat: Chat, long_chat: Sequence[Message], find: Find) -> None:
    chat.view.verticalScrollBar().setValue(chat.view.verticalScrollBar().maximum() // 2)
    find("par")
    first = chat.view.finder.current
    assert first is not None
    find("parag")
    assert chat.view.finder.current is not None
    assert chat.view.finder.current[:4] == first[:4]
    find("paragx")
    assert chat.view.finder.current is None
    assert chat.view.selected_text() == ""


def test_text_that_streams_in_is_found(chat: Chat, find: Find) -> None:
    chat.show(question("q", "Say it"), answer("a", "One needle.", State.STREAMING))
    assert len(find("needle")) == 1
    chat.say("a", " And a nee")
    chat.say("a", "dle.")
    chat.qtbot.waitUntil(lambda: chat.view.finder.total == 2)
    late = answer("b", "needle", State.STREAMING)
    chat.messages["b"] = late
    chat.view.add_message(late)
    chat.qtbot.waitUntil(lambda: chat.view.finder.total == 3)


def test_reasoning_counts_while_it_is_shown(chat: Chat, find: Find) -> None:
    chat.show(answer("a", "An answer.", thought="A needle in thought."))
    assert find("needle") == []
    chat.click(0, chat.button(0, Action.FOLD))
    chat.qtbot.waitUntil(lambda: chat.view.finder.total == 1)
    assert found(chat) == ["needle"]


def test_other_messages_are_searched_anew(chat: Chat, find: Find) -> None:
    chat.show(answer("a", "needle needle"))
    assert len(find("needle")) == 2
    chat.show(answer("b", "one needle"))
    assert found(chat) == ["needle"]


def test_hits_are_marked_and_ticked(chat: Chat, long_chat: Sequence[Message], find: Find) -> None:
    find("Answer 21")
    chat.settle()
    chat.qtbot.waitUntil(lambda: bool(ticks(chat.view)))
    image = chat.view.grab().toImage()
    colors = {
        image.pixelColor(x, y).name() for x in range(0, image.width(), 2) for y in range(image.height())
    }
    assert chat.view.theme.colors.hit_current.name() in colors
    assert len(ticks(chat.view)) == 1
    share = ticks(chat.view)[0] / chat.view.verticalScrollBar().height()
    assert 0.45 < share < 0.6
    chat.view.finder.find(None)
    chat.qtbot.waitUntil(lambda: not ticks(chat.view))


def ticks(view: Transcript) -> list[int]:
    bar = view.verticalScrollBar()
    return list(bar.ticks)  # type: ignore[attr-defined]


def test_a_long_message_is_reached(chat: Chat, find: Find) -> None:
    text = "\n\n".join(f"Paragraph {k} with *some* words. " * 5 for k in range(900)) + "\n\nThe needle."
    chat.show(answer("a", text), *(question(f"q{i}", "Filler\n" * 5) for i in range(30)))
    assert find("needle") == ["needle"]
    chat.settle()
    in_view(chat)


def test_what_streams_in_does_not_carry_the_hit_away(chat: Chat, find: Find) -> None:
    chat.show(question("q", "Say it"), answer("a", "A needle.\n\n" + "Text.\n\n" * 20, State.STREAMING))
    find("needle")
    chat.settle()
    before = in_view(chat)
    chat.say("a", "More text.\n\n" * 60, PartKind.TEXT)
    chat.settle()
    assert in_view(chat) == before


def test_a_hit_in_folded_code_is_unfolded(chat: Chat, find: Find) -> None:
    code = "\n".join(f"line_{i} = {i}" for i in range(200)) + "\nneedle = 1"
    chat.show(answer("a", f"```python\n{code}\n```\n\nAfter."))
    chat.view.rows.row(0).body.set_folded(0, True)
    chat.view.refresh()
    assert find("needle") == ["needle"]
    chat.settle()
    in_view(chat)


def test_a_hit_far_to_the_right_in_code_is_shown(chat: Chat, find: Find) -> None:
    chat.show(answer("a", "```python\n" + "x = " + "1 + " * 200 + "needle\n```"))
    find("needle")
    chat.settle()
    finder = chat.view.finder
    assert finder.current is not None
    place = finder.place_in_view(finder.current)
    assert place is not None
    assert (
        chat.view.column_left <= place.left() < place.right() <= chat.view.column_left + chat.view.rows.width
    )
