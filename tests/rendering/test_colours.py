"""Code -> colours, line by line, as the helper process works them out."""

import pytest

from desktop_chat.rendering.colours import MAX_LINE, SLICE, colour, lex_line, load

PYTHON = '''@cache
def f(a="x\\n", b=1.5):  # why
    """Two
    lines."""
    return a if b else None'''


def coloured(language: str, text: str) -> dict[str, list[str]]:
    lines = text.split("\n")
    answer = colour(language, ["root"], lines)
    assert answer is not None
    found: dict[str, list[str]] = {}
    for line, (spans, _state) in zip(lines, answer["done"], strict=True):
        for start, end, name in spans:
            found.setdefault(name, []).append(line[start:end])
    return found


def test_python() -> None:
    found = coloured("python", PYTHON)
    assert found["code_keyword"] == ["def", "return", "if", "else", "None"]
    assert found["code_function"] == ["@cache", "f"]
    assert found["code_number"] == ["1.5"]
    assert found["code_comment"] == ["# why"]
    assert "".join(found["code_string"]) == '"x\\n""""Two    lines."""'


SAMPLES = {
    "json": '{"a": 1}',
    "javascript": "const a = `x`;",
    "html": '<a href="x">',
    "bash": 'for f in "a"; do',
    "c": "int main(void) { return 0; }",
    "rust": "fn main() {}",
    "sql": "SELECT 1",
    "yaml": "# c",
    "diff": "+added",
    "php": "<?php echo 'x';",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_common_languages_have_colours(language: str) -> None:
    assert coloured(language, SAMPLES[language])


def test_a_line_goes_on_from_the_state_before_it() -> None:
    first = colour("python", ["root"], ['x = """a'])
    assert first is not None
    following = colour("python", first["done"][0][1], ['b"""'])
    assert following is not None
    assert following["done"][0][0] == [(0, 4, "code_string")]


def test_long_lines_stay_plain() -> None:
    assert lex_line(load("python"), "x = 1 " * MAX_LINE, ("root",)) == ([], ("root",))


def test_an_unknown_language_has_no_colours() -> None:
    assert colour("no such language", ["root"], ["x"]) is None


def test_positions_count_as_qt_counts() -> None:
    spans, _state = lex_line(load("python"), 's = "😀" # c', ("root",))
    assert spans == [(4, 8, "code_string"), (9, 12, "code_comment")]


def test_much_is_done_in_slices_of_one_line_at_least() -> None:
    line = "x = f(1, 'a')  # comment " * 40
    answer = colour("python", ["root"], [line] * 5000)
    assert answer is not None
    assert 1 <= len(answer["done"]) < 5000
    assert SLICE < 1


def test_lines_that_are_slow_end_it() -> None:
    answer = colour("make", ["root"], ["e1" * 990, "x = 1"] * 100)
    assert answer is not None
    assert answer["slow"]
    assert len(answer["done"]) < 200
