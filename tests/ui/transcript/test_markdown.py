import pytest

from desktop_chat.ui.transcript.leaves import (
    MAX_MARKERS,
    TASK,
    TASK_DONE,
    Inline,
    Kind,
    Leaf,
    Mark,
    cut,
    prose_end,
    units,
    visible,
)
from desktop_chat.ui.transcript.markdown import MAX_COLUMNS, parse
from desktop_chat.ui.transcript.syntax import MAX_DISPLAY


def leaves(text: str) -> list[Leaf]:
    return parse(text, {"references": {}})[0]


def inline(text: str) -> Inline:
    (leaf,) = leaves(text)
    return leaf.inline


def test_marks() -> None:
    found = inline("a **b** *c* ~~d~~ `e` ***f***")
    assert found.text == "a b c d e f"
    assert [(found.text[start:end], bits) for start, end, bits in found.marks] == [
        ("b", Mark.BOLD),
        ("c", Mark.ITALIC),
        ("d", Mark.STRIKE),
        ("e", Mark.CODE),
        ("f", Mark.BOLD | Mark.ITALIC),
    ]


def test_positions_are_those_of_qt() -> None:
    found = inline("😀 **b**")
    assert found.marks == ((3, 4, Mark.BOLD),)
    assert units(found.text) == 4
    assert cut(found.text, 3, 4) == "b"


def test_lists_say_number_and_depth() -> None:
    found = leaves("3. a\n4. b\n   - c\n\n     d\n- e")
    assert [(leaf.inline.text, leaf.marker, leaf.containers) for leaf in found] == [
        ("a", "3.", "i"),
        ("b", "4.", "i"),
        ("c", "•", "ii"),
        ("d", "", "ii"),
        ("e", "•", "i"),
    ]


def test_blocks() -> None:
    found = leaves("# h\n\n> q\n\n---\n\n```py x\nc\n```\n\n    d\n")
    assert [(leaf.kind, leaf.heading, leaf.containers, leaf.language) for leaf in found] == [
        (Kind.TEXT, 1, "", ""),
        (Kind.TEXT, 0, "q", ""),
        (Kind.RULE, 0, "", ""),
        (Kind.CODE, 0, "", "py"),
        (Kind.CODE, 0, "", ""),
    ]


def test_table_has_alignment() -> None:
    (leaf,) = leaves("|a|b|c|d|\n|-|:-|:-:|-:|\n|1|2|3|4|")
    assert leaf.columns is not None
    assert leaf.columns.aligns == ("", "left", "center", "right")
    assert [[cell.text for cell in row] for row in leaf.rows] == [list("abcd"), list("1234")]


def test_html_is_literal() -> None:
    assert inline('<b>x</b> <img src="/etc/passwd">').text == '<b>x</b> <img src="/etc/passwd">'
    assert leaves("<table><tr>\n</table>")[0].inline.text == "<table><tr> </table>"


def test_images_are_links() -> None:
    found = inline("![a *cat*](https://example.org/c.png)")
    assert found.text == "[image: a cat · example.org]"
    assert found.links == ((0, 28, "https://example.org/c.png"),)
    assert inline("![](https://example.org/c.png)").text == "[image: example.org]"
    assert inline("![a](c.png)").text == "[image: a]"


@pytest.mark.parametrize(
    "target",
    [
        *(
            "javascript:alert(1)",
            "file:///etc/passwd",
            "/etc/passwd",
            "//host/share/x.png",
            "relative/path.md",
        ),
        *("\\\\\\\\host\\\\share", "smb://host/x", "ms-msdt:/id", "qrc:/x", "data:image/png;base64,AAAA"),
        *("vscode://x", "java%09script:x", "C:/x"),
    ],
)
def test_no_link_leads_elsewhere(target: str) -> None:
    for text in (f"[x]({target})", f"![x]({target})", f"[x]\n\n[x]: {target}"):
        for leaf in leaves(text):
            assert leaf.inline.links == ()
    assert "x" in "".join(leaf.inline.text for leaf in leaves(f"[x]({target})"))


def test_bare_address_is_a_link_without_its_full_stop() -> None:
    found = inline("See https://example.org/a_b?c=d, or (https://example.org).")
    assert [url for _start, _end, url in found.links] == [
        "https://example.org/a_b?c=d",
        "https://example.org",
    ]


def test_code_shows_what_hides() -> None:
    assert visible("a\u202eb\u200bc") == "a⟨U+202E⟩b⟨U+200B⟩c"
    assert leaves("```\n\u2066x\n```")[0].inline.text == "⟨U+2066⟩x"
    assert inline("`\u202ex`").text == "⟨U+202E⟩x"


def test_nothing_is_lost_in_deep_nesting() -> None:
    for text in ("> " * 60 + "deep", "\n".join("  " * depth + f"- x{depth}" for depth in range(60))):
        shown = "".join(leaf.inline.text for leaf in leaves(text))
        assert "deep" in shown or "x59" in shown


def test_too_many_columns_are_literal() -> None:
    count = MAX_COLUMNS + 1
    found = leaves("|" + "a|" * count + "\n|" + "-|" * count + "\n|" + "b|" * count)
    assert {leaf.kind for leaf in found} == {Kind.TEXT}
    assert "".join(leaf.inline.text for leaf in found).count("b") == count


def test_too_much_markup_is_literal() -> None:
    text = "[" * (MAX_MARKERS + 1)
    assert inline(text) == Inline(text)


def test_long_paragraph_breaks_at_a_sentence() -> None:
    text = "Some words here. " * 1000
    end = prose_end(text, 0)
    assert text[end - 2 : end] == ". "
    assert text[end] == "S"
    found = leaves(text)
    assert len(found) > 1
    assert [leaf.part for leaf in found] == list(range(len(found)))
    assert " ".join(leaf.inline.text for leaf in found) == text.strip()


def test_task_lists_have_boxes() -> None:
    found = leaves("- [ ] a\n- [x] b\n  - [X] c\n1. [ ] d\n- [] e\n- [ ]\n\n[ ] f")
    assert [(leaf.marker, leaf.inline.text) for leaf in found] == [
        (TASK, "a"),
        (TASK_DONE, "b"),
        (TASK_DONE, "c"),
        (TASK, "d"),
        ("•", "[] e"),
        ("•", "[ ]"),
        ("", "[ ] f"),
    ]


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("so $a_1 * b_2 * c$ is", ["a_1 * b_2 * c"]),
        ("so \\(a \\le b\\) is", ["a \\le b"]),
        ("$5 and $6", []),
        ("$5, or 6$ at most", []),
        ("US$5 to 6$", []),
        ("from $5-$10 a month, $20/month", []),
        ("$5 million and $x$", ["x"]),
        ("$ a$ and $a $ and $b$1", []),
        ("\\$a$ and `$a$`", []),
        ("$a \\$ b$", ["a \\$ b"]),
        ("**$a$** and [$b$](https://example.org)", ["a", "b"]),
        ("$3x$ and $10^5$", ["3x", "10^5"]),
        ("$$ and \\(\\) and \\[\\]", []),
    ],
)
def test_formulas_within_text(text: str, formulas: list[str]) -> None:
    found = inline(text)
    assert [tex for _start, _end, tex in found.formulas] == formulas
    for start, end, tex in found.formulas:
        assert tex in found.text[start:end]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "$$a$$",
            "\\[a\\]",
            "$$\na\n$$",
            "\\[\na\n\\]",
            "$$ a\n$$",
            "text\n$$\na\n$$\ntext",
            "text \\[a\\] text",
        ),
        *(
            "> $$\n> a\n> $$",
            "- text\n  \\[\n  a\n  \\]",
            "1. $$a$$",
            "text $$a$$",
            "$$a$$\n$$b$$",
            "$$a$$ text",
        ),
    ],
)
def test_displays_stand_alone(text: str) -> None:
    shown = [leaf for leaf in leaves(text) if leaf.kind is Kind.MATH]
    assert [leaf.inline.formulas[0][2] for leaf in shown] == (["a", "b"] if "b" in text else ["a"])
    for leaf in shown:
        assert leaf.inline.formulas[0][:2] == (0, units(leaf.inline.text))
    rest = [leaf.inline.text for leaf in leaves(text) if leaf.kind is Kind.TEXT]
    assert rest == [word for word in text.split() if word == "text"]


def test_a_display_may_hold_what_looks_like_blocks() -> None:
    (leaf,) = leaves("\\[\n\\begin{aligned}\na\n= b\n\n- c\n> 0\n# d\n\\end{aligned}\n\\]")
    assert leaf.kind is Kind.MATH
    assert leaf.inline.formulas[0][2].splitlines()[3:] == ["", "- c", "> 0", "# d", "\\end{aligned}"]
    assert leaf.inline.text.startswith("\\[\u2028\\begin")


def test_a_display_that_is_never_closed_is_text() -> None:
    assert [leaf.kind for leaf in leaves("$$\na\n\n# b")] == [Kind.TEXT, Kind.TEXT]
    assert Kind.MATH not in {leaf.kind for leaf in leaves("$$\n" + "a\n" * MAX_DISPLAY + "$$")}
    assert Kind.MATH not in {leaf.kind for leaf in leaves("- $$\n  a\n\n$$")}


def test_footnotes_stand_where_they_are_defined() -> None:
    found = leaves(
        "It is so[^1], or not[^why].\n\n[^1]: *This*.\n[^why]: That\n    goes on.\n\n    And on.\n\nEnd."
    )
    assert [(leaf.inline.text, leaf.containers, leaf.marker) for leaf in found] == [
        ("It is so1, or notwhy.", "", ""),
        ("This.", "f", "1"),
        ("That goes on.", "f", "why"),
        ("And on.", "f", ""),
        ("End.", "", ""),
    ]
    raised = [(start, end) for start, end, bits in found[0].inline.marks if bits & Mark.RAISED]
    assert raised == [(8, 9), (17, 20)]
    assert all(leaf.inline.links == () for leaf in found)
    assert inline("all but [^abc] and [^a-z]").text == "all but [^abc] and [^a-z]"


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("www.example.org/a_b, and", {"www.example.org/a_b": "http://www.example.org/a_b"}),
        ("(see WWW.EXAMPLE.ORG)", {"WWW.EXAMPLE.ORG": "http://WWW.EXAMPLE.ORG"}),
        ("to a.b+c@example.org.", {"a.b+c@example.org": "mailto:a.b+c@example.org"}),
        ("https://example.org/a_(b)", {"https://example.org/a_(b)": "https://example.org/a_(b)"}),
        ("(https://example.org/a)b)", {"https://example.org/a)b": "https://example.org/a)b"}),
        ("https://example.org/?a&amp;b&lt;", {"https://example.org/?a&b": "https://example.org/?a&b"}),
        ("**https://example.org/a**", {"https://example.org/a": "https://example.org/a"}),
        ("网址https://example.org/a。好", {"https://example.org/a": "https://example.org/a"}),
        ("os.path, a@b, main.rs, www.x, a.b@c-", {}),
        ("`https://example.org`", {}),
    ],
)
def test_bare_addresses_are_links(text: str, links: dict[str, str]) -> None:
    found = inline(text)
    assert {found.text[start:end]: url for start, end, url in found.links} == links
