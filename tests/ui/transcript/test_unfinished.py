"""Text that streams in is never seen with markup that it will not have once it is whole."""

import pytest

from desktop_chat.ui.transcript.leaves import Leaf, Mark
from desktop_chat.ui.transcript.stream import MarkdownStream

SCENES = [
    "Look **here** and *there*, ***both***, __so__ and _so_ and ~~gone~~.\n\nEnd",
    "A **bold `code` and *nested* text** then.",
    "Call `run(a)` and ``a ` b`` now.",
    "Read [the guide](https://example.org/a_b \"A title\") and [this](<https://example.org> 'x') or [that](https://example.org/(a)).",
    '[a]: https://example.org "T"\n\nSee [the text][a] and [a][] and [a] end.',
    'See ![a *cat*](https://example.org/c.png "t") here ![x][a] no.',
    "[![alt](https://a.org/x.png)](https://b.org) after",
    "Mail <a@example.org> or <https://example.org/x> and www.example.org and https://example.org/a, b@c.org.",
    "Tom &amp; Jerry &lt;b&gt; &#169; &copy; AT&T.",
    "So $a_1 * b_2$ and \\(x \\le y\\), $5 and $6, then $$x = *y*$$ end \\[z_1 * z_2\\] more.",
    "Then:\n\\[\n\\begin{aligned}\na &= b \\\\\n- c\n\\end{aligned}\n\\]\nwhere\n$$\nx\n$$\n",
    "- a\n\n  $$\n  x\n  $$\n\n- b\n",
    "It is so[^1] and so[^note].\n\n[^1]: *This* one.\n[^note]: That.\n    More.\n\nEnd.",
    "- [ ] todo\n- [x] done\n  - [X] sub\n- [link](https://example.org) x\n",
    "1. one\n2. two\n   - three\n\n   para\n10. ten\n",
    "> quote **b**\n> - list\n>\n> ```py\n> x = 1\n> ```\n\nEnd",
    "```python\nx = 1\n```\n\n~~~\ny\n~~~\nAfter",
    "- item\n\n  ```js\n  a()\n  ```\n- two",
    "| a | b |\n|---|:-:|\n| **1** | `2` |\n| [x](https://e.org) | $y$ |\n\nEnd",
    "1. See:\n\n   | a | b |\n   |---|---|\n   | 1 | 2 |\n\n2. Next",
    "> | a | b |\n> |---|---|\n> | 1 | 2 |\n",
    "# Head *one* #\n\n## Two\n\n---\n\n* * *\n\nEnd",
    "Title\n=====\n\nSub\n---\n\ntext",
    "a \\* b \\[c] \\$5 \\`x\\` 2 * 3 * 4 snake_case_name 5*3 **kw",
    "Wow! ![x](https://a.org/b) ok!",
    "See [1] and array[i] and [0, 1) here [x].",
    "这是**重点**，还有`代码`和[链接](https://e.org)。",
    "**Note:** text\n\n* **A**: b\n* *C*: d\n",
    "line one  \nline two\\\nline three",
]


def plain(leaves: list[Leaf]) -> str:
    """What is seen, without spaces: how a word is set off from the next is not decided before that comes."""
    texts = [
        [leaf.marker, leaf.inline.text, *(cell.text for row in leaf.rows for cell in row)] for leaf in leaves
    ]
    return "".join("".join(part for text in texts for part in text).split())


@pytest.mark.parametrize("text", SCENES)
def test_what_is_shown_grows_to_what_it_will_be(text: str) -> None:
    whole = MarkdownStream()
    whole.feed(text)
    whole.finish()
    end = plain(whole.leaves)
    stream, most = MarkdownStream(), 0
    for character in text:
        stream.feed(character)
        shown = plain(stream.leaves)
        assert end.startswith(shown)
        most = max(most, len(shown))
    stream.finish()
    assert stream.leaves == whole.leaves
    assert most >= len(end) - 40


def shown(text: str) -> Leaf:
    stream = MarkdownStream()
    stream.feed(text)
    return stream.leaves[-1]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("so $x", "so"),
        ("so $x + " + "y" * 300, "so $x + " + "y" * 300),
        ("so \\[x + " + "y " * 1400, "so"),
        ("so \\[x + " + "y " * 1600, "so [x + " + ("y " * 1600).strip()),
        ("see [the", "see"),
        ("see [the " + "y" * 120, "see [the " + "y" * 120),
        ("costs $5 or", "costs $5 or"),
        ("a &am", "a"),
        ("a & b", "a & b"),
        ("a <b", "a"),
        ("a < b", "a < b"),
    ],
)
def test_how_much_is_held_back(text: str, seen: str) -> None:
    assert shown(text).inline.text == seen


def test_a_link_looks_like_one_before_its_target_is_known() -> None:
    for target in ("", "ht", "https://example.o", 'https://example.org "T'):
        inline = shown(f"see [the guide]({target}").inline
        assert inline.text == "see the guide"
        assert inline.marks == ((4, 13, Mark.LINK),)
        assert inline.links == ()
    assert shown("see [the guide](src/a").inline.marks == ()


def test_a_language_is_shown_when_its_line_is_whole() -> None:
    assert shown("text\n\n```pyth").inline.text == "text"
    assert shown("text\n\n```python\n").language == "python"
