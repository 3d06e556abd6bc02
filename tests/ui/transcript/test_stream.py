import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop_chat.ui.transcript.leaves import Kind, Leaf, segments
from desktop_chat.ui.transcript.markdown import parse
from desktop_chat.ui.transcript.stream import MAX_MARKDOWN, MAX_OPEN, MarkdownStream

PIECES = [
    *(
        "- a",
        "\n",
        "\n\n",
        "1. ",
        "2) x",
        "  - n",
        "> q",
        ">",
        "# h",
        "| a | b |\n|---|:-:|\n",
        "| 1 | 2 |\n",
    ),
    *(
        "|--",
        "```py\n",
        "```\n",
        "~~~\n",
        "x = 1\n",
        "    code",
        "\t",
        "***",
        "---",
        "===",
        "foo bar",
        "**b**",
    ),
    *("*e", "_i_ ", "`c`", "[l](http://x.y)", "[foo]", "[foo]: /u\n", "![i](x)", "<b>", "\\", "&amp;", "😀"),
    *(
        "- [ ] t\n",
        "[x] ",
        "$a$",
        "$",
        "$$",
        "\n$$\n",
        "\\[",
        "\\]",
        "\\(",
        "x\\)",
        "[^1]",
        "\n[^1]: ",
        "www.a.b",
        "a@b.c",
    ),
    *("\r\n", "-", "+ p", "* s", "10. t", " ", "   ", "a | b\n--|--\n", "'title", "http://a.b/c."),
]
markdown = st.lists(st.sampled_from(PIECES), min_size=1, max_size=25).map("".join)


def whole(text: str) -> list[Leaf]:
    """The leaves of a text in one go, without the stream."""
    return parse(text.replace("\r\n", "\n").replace("\r", "\n"), {"references": {}})[0]


def streamed(text: str, cuts: random.Random, open_limit: int = MAX_OPEN, most: int = 12) -> list[Leaf]:
    stream, at = MarkdownStream(open_limit=open_limit), 0
    while at < len(text):
        size = cuts.randint(1, most)
        frozen = stream.leaves[: stream.frozen]
        first = stream.feed(text[at : at + size])
        assert first >= len(frozen)
        assert stream.leaves[: len(frozen)] == frozen
        at += size
    stream.finish()
    if stream.outdated:
        stream = stream.again()
        stream.feed(text)
        stream.finish()
    return stream.leaves


@given(markdown, st.randoms(use_true_random=False))
@example("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 70 + "\nafter", random.Random(1))
@example("- a\n" * 60 + "\n1. x\n" + "1. y\n" * 40, random.Random(2))
@example("A sentence of words. " * 900 + "\n\nThe end.", random.Random(3))
@example("```py\n" + "x = 1\n" * 120 + "```\nafter", random.Random(4))
@example("```\n" + "y" * 9000 + "\n\n```", random.Random(5))
@example("1. a\n\n   - b\n     ```py\n" + "     x = 1\n" * 150 + "     ```\n     c\n1. d", random.Random(7))
@example("> | a | b |\n> |---|---|\n" + "> | 1 | 2 |\n" * 130 + ">\n> c\n\nd", random.Random(8))
@example("See [it][late].\n\nMore.\n\n[late]: https://example.org\n", random.Random(6))
def test_streamed_is_what_parsing_at_once_gives(text: str, cuts: random.Random) -> None:
    assert streamed(text, cuts) == whole(text)


@given(markdown, st.randoms(use_true_random=False), st.integers(20, 90))
def test_what_is_cut_for_its_length_is_cut_at_the_same_places(
    text: str, cuts: random.Random, limit: int
) -> None:
    assert streamed(text, cuts, limit) == streamed(text, cuts, limit, most=200)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("word " * 20_000, 10_000),
        ("- item\n" * 5000, 200),
        ("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 3000, 800),
        ("```py\n" + "x = 1\n" * 5000, 200),
        ("Some words.\n\n" * 3000, 200),
        ("[a]: https://example.org\n" * 3000, 200),
    ],
    ids=["paragraph", "list", "table", "code", "paragraphs", "definitions"],
)
def test_open_tail_stays_short(text: str, most: int) -> None:
    stream = MarkdownStream()
    for at in range(0, len(text), 50):
        stream.feed(text[at : at + 50])
        assert stream.open_length <= most


def shown(text: str) -> list[Leaf]:
    stream = MarkdownStream()
    stream.feed(text)
    return stream.leaves


@pytest.mark.parametrize(
    ("text", "kind", "plain"),
    [
        ("Look **here", Kind.TEXT, "Look here"),
        ("Look *here", Kind.TEXT, "Look here"),
        ("Call `run(", Kind.TEXT, "Call run("),
        ("Read [the guide](https://exam", Kind.TEXT, "Read the guide"),
        ("```python\nx =", Kind.CODE, "x ="),
        ("2 * 3 * 4", Kind.TEXT, "2 * 3 * 4"),
    ],
)
def test_open_markup_looks_as_it_will(text: str, kind: Kind, plain: str) -> None:
    (leaf,) = shown(text)
    assert (leaf.kind, leaf.inline.text) == (kind, plain)


def test_paragraph_does_not_flicker_into_a_heading() -> None:
    for text in ("Words\n-", "Words\n--", "Words\n="):
        assert [leaf.heading for leaf in shown(text)] == [0]


def test_table_head_is_a_table_at_once() -> None:
    for text in ("| a | b", "| a | b |\n", "| a | b |\n|--", "| a | b |\n|---|---|\n| 1"):
        assert [leaf.kind for leaf in shown(text)] == [Kind.TABLE]


def test_half_a_closing_fence_is_not_shown() -> None:
    (leaf,) = shown("```\na\n``")
    assert leaf.inline.text == "a"


def test_text_past_the_limit_is_literal_and_complete() -> None:
    text = "**b**\n\n" * (MAX_MARKDOWN // 7 + 200)
    stream = MarkdownStream()
    for at in range(0, len(text), 70_001):
        stream.feed(text[at : at + 70_001])
    stream.finish()
    assert "".join(leaf.inline.text for leaf in stream.leaves).count("b") == text.count("b")
    assert "**b**" in stream.leaves[-1].inline.text


def test_without_markdown_all_is_literal() -> None:
    stream = MarkdownStream(limit=0)
    stream.feed("# not **bold**\n\n- a")
    stream.finish()
    assert [leaf.inline.text for leaf in stream.leaves] == ["# not **bold**\u2028\u2028- a"]


@given(st.text(alphabet="ab \n", max_size=400), st.integers(1, 40))
def test_segments_join_to_the_text(text: str, factor: int) -> None:
    text *= factor
    pieces = list(segments(text))
    assert "".join(glue + segment for glue, segment in pieces) == text
    for end in range(0, len(text), 97):
        done = list(segments(text[:end]))[:-1]
        assert pieces[: len(done)] == done
