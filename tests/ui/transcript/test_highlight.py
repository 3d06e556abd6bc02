import time

import pytest

from desktop_chat.ui.transcript.highlight import MAX_LINE, Highlighter, lex_line, load
from desktop_chat.ui.transcript.leaves import LINE_BREAK, cut

NEVER = float("inf")
PYTHON = '''@cache
def f(a="x\\n", b=1.5):  # why
    """Two
    lines."""
    return a if b else None'''


def coloured(language: str, text: str) -> dict[str, list[str]]:
    highlighter = Highlighter(load(language))
    assert highlighter.update(0, text.replace("\n", LINE_BREAK), NEVER)
    found: dict[str, list[str]] = {}
    for start, end, colour in highlighter.spans[0]:
        found.setdefault(colour, []).append(cut(text, start, end))
    return found


def test_python() -> None:
    found = coloured("python", PYTHON)
    assert found["code_keyword"] == ["def", "return", "if", "else", "None"]
    assert found["code_function"] == ["@cache", "f"]
    assert found["code_number"] == ["1.5"]
    assert found["code_comment"] == ["# why"]
    assert "".join(found["code_string"]).startswith('"x\\n"""')


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


def test_growing_text_is_coloured_as_if_it_were_whole() -> None:
    lexer = load("python")
    growing, whole = Highlighter(lexer), Highlighter(lexer)
    text = PYTHON.replace("\n", LINE_BREAK)
    for end in range(1, len(text) + 1):
        growing.update(0, text[:end], NEVER)
    whole.update(0, text, NEVER)
    assert growing.spans == whole.spans


def test_state_goes_on_in_the_next_part() -> None:
    highlighter = Highlighter(load("python"))
    highlighter.update(0, 'x = """a', NEVER)
    highlighter.update(1, 'b"""', NEVER)
    assert highlighter.spans[1] == [(0, 4, "code_string")]


def test_without_time_it_goes_on_later() -> None:
    highlighter = Highlighter(load("python"))
    text = LINE_BREAK.join(["x = 1"] * 5)
    assert not highlighter.update(0, text, time.perf_counter() - 1)
    assert highlighter.complete == 0
    assert highlighter.update(0, text, NEVER)
    assert len(highlighter.spans[0]) == 5


def test_long_lines_stay_plain() -> None:
    assert lex_line(load("python"), "x = 1 " * MAX_LINE, ("root",)) == ([], ("root",))


def test_unknown_language() -> None:
    assert load("no such language") is None


def test_positions_count_as_qt_counts() -> None:
    spans, _state = lex_line(load("python"), 's = "😀" # c', ("root",))
    assert spans == [(4, 8, "code_string"), (9, 12, "code_comment")]
