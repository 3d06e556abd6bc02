"""What stands in a list item, a quote or a footnote may be of any length: it looks as if read at once."""

import random

import pytest

from desktop_chat.ui.transcript.leaves import Kind, Leaf, plain
from desktop_chat.ui.transcript.stream import MarkdownStream, pieces
from tests.ui.transcript.test_stream import streamed, whole


def indented(text: str, by: str) -> str:
    return "".join(
        by + line if line.strip() else by.rstrip(" ") + line for line in text.splitlines(keepends=True)
    )


CODE = "".join(f"    if x == {i}:\n\n        print('{i}')\n\n" for i in range(100))
ROWS = "| a | b |\n|---|:-:|\n" + "".join(f"| row {i} | `{i}` |\n" for i in range(150))
SENTENCES = "A sentence with *some* words, and `code` in it. "
LINES = "".join(f"Line {i} says\nsome more.\n" for i in range(500))
PARAGRAPHS = "".join(f"Paragraph {i}. {SENTENCES * 4}\n\n" for i in range(60))
MIXED = "".join(
    f"Part {i}. {SENTENCES * 3}\n\n```py\nx = {i}\n\ny = 1\n```\n\n- one\n- two\n\n" for i in range(40)
)
BODIES = {
    "code": f"```python\n{CODE}```\n",
    "tildes": f"~~~~\n~~~\n```\n{CODE}~~~~\n",
    "indented fence": f"  ```python\n{indented(CODE, '  ')}  ```\n",
    "indented code": indented(CODE, "    "),
    "a long line": f"```\n{'0123456789 ' * 3000}\n{'``` ' * 2000}\nz\n```\n",
    "rows": ROWS,
    "sentences": SENTENCES * 400 + "\n",
    "lines": LINES,
    "paragraphs": PARAGRAPHS,
    "mixed": MIXED,
    "formulas": "$$\na\n\n= b\n$$\n\n" * 300,
    "items in items": "".join(f"- 1. {SENTENCES}\n\n" for i in range(150)),
    "numbers": "".join(f"1. item\n   {SENTENCES}\n\n" for i in range(150)),
}
WITHIN = {
    "nothing": "{0}\nAfter.\n",
    "an item": "1. First.\n\n{3}\n   After.\n\n1. Second.\n",
    "an item at once": "- Before.\n{2}\n  After.\n- Second.\n",
    "a wide item": "-    Before.\n\n{5}\n     After.\n- Second.\n",
    "an item of two digits": "9. a\n9. b\n\n{3}\n   After.\n9. c\n",
    "nested items": "3. a\n   - b\n   - c\n     7) d\n     7) e\n\n{8}\n        After.\n\n     7) f\n3. h\n",
    "a quote": "> Before.\n>\n{>}>\n> After.\n\nThen.\n",
    "an item in a quote": "> 1. Before.\n>\n{>3}>\n>    After.\n> 1. Second.\n",
    "a quote in an item": "- a\n\n{2>}\n  After.\n- b\n",
    "a footnote": "[^1]: Before.\n\n{4}\n    After.\n\n[^2]: b\n",
    "an item in a footnote": "[^1]: - Before.\n\n{6}\n      After.\n\nThen.\n",
    "tabs": "-\tBefore.\n\n{t}\n\tAfter.\n-\tSecond.\n",
}
LEADS = {
    "{0}": "", "{3}": "   ", "{2}": "  ", "{5}": "     ", "{8}": "        ", "{>}": "> ", "{>3}": ">    ",
    "{2>}": "  > ", "{4}": "    ", "{6}": "      ", "{t}": "\t",
}  # fmt: skip


def text_of(where: str, what: str) -> str:
    text = WITHIN[where]
    for place, lead in LEADS.items():
        if place in text:
            return text.replace(place, indented(BODIES[what], lead))
    raise AssertionError(where)


def at_once(text: str) -> list[Leaf]:
    stream = MarkdownStream()
    for piece in pieces(text):
        stream.feed(piece)
    stream.finish()
    return stream.leaves


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("where", WITHIN)
def test_it_looks_as_if_read_at_once(where: str, what: str) -> None:
    text = text_of(where, what)
    expected = whole(text)
    assert at_once(text) == expected
    assert streamed(text, random.Random(1), most=900) == expected


def test_code_in_a_list_item_is_one_block_of_any_length() -> None:
    code = "\n".join(f"x = {i}  # a line of code" for i in range(400))
    block = indented(f"```python\n{code}\n```", "   ")
    text = f"1. Here is the file:\n\n{block}\n\n   Run it.\n1. Next.\n"
    first, *parts, after, following = streamed(text, random.Random(2), most=60)
    assert (first.marker, plain(first)) == ("1.", "Here is the file:")
    assert [leaf.part for leaf in parts] == list(range(len(parts)))
    assert all(leaf.kind is Kind.CODE and leaf.containers == "i" and not leaf.marker for leaf in parts)
    assert "".join(leaf.glue + plain(leaf) for leaf in parts) == code
    assert (after.containers, after.marker, plain(after)) == ("i", "", "Run it.")
    assert (following.marker, plain(following)) == ("2.", "Next.")


def test_long_code_in_a_list_item_is_not_read_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, longest = MarkdownStream(), 0
    for piece in pieces(text_of("an item", "code") * 5):
        stream.feed(piece)
        longest = max(longest, stream.open_length)
    assert longest < 10_000


def test_a_list_of_sentences_is_cut_at_its_items() -> None:
    text = "".join(f"{i}. {SENTENCES * 3}\n" for i in range(1, 61))
    assert at_once(text) == whole(text)
    assert [leaf.marker for leaf in at_once(text)] == [f"{i}." for i in range(1, 61)]
