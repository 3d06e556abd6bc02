import pytest

from desktop_chat.ui.transcript.leaves import Inline, Kind, Leaf, Mark, cut, prose_end, units, visible
from desktop_chat.ui.transcript.markdown import MAX_COLUMNS, MAX_MARKERS, parse


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
    assert found.text == "[image: a cat]"
    assert found.links == ((0, 14, "https://example.org/c.png"),)


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
