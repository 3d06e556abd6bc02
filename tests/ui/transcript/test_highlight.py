"""The colours of code as they come from the helper process, and while they do."""

import subprocess
import sys

import pytest

from desktop_chat.domain.message import State
from desktop_chat.ui.transcript import highlight
from desktop_chat.ui.transcript.highlight import MAX_LINES, HighlightClient, Highlighter, Spans
from desktop_chat.ui.transcript.leaves import LINE_BREAK, cut
from tests.ui.transcript.conftest import Chat, answer

PYTHON = '''@cache
def f(a="x\\n", b=1.5):  # why
    """Two
    lines."""
    return a if b else None'''


class Desk(HighlightClient):
    """Keeps what is asked for, until the test answers."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[list[str], list[str]]] = []

    def ask(self, highlighter: Highlighter, state: list[str], lines: list[str], *, wait: bool) -> None:
        self.asked.append((state, lines))


def code_colours(chat: Chat, index: int = 0) -> list[tuple[str, str]]:
    """(text, colour) of each coloured run of the code blocks of a message."""
    found = []
    for block in chat.view.rows.row(index).body.blocks:
        for text, _left, _top in block.texts():
            for run in text.layout.formats():
                colour = run.format.foreground().color().name()
                found.append((cut(text.inline.text, run.start, run.start + run.length), colour))
    return found


def test_code_in_view_is_coloured(chat: Chat) -> None:
    chat.show(answer("a", f"```python\n{PYTHON}\n```"))
    found = dict(code_colours(chat))
    colors = chat.view.theme.colors
    assert found["def"] == colors.code_keyword.name()
    assert found["1.5"] == colors.code_number.name()
    assert found["# why"] == colors.code_comment.name()
    assert found['    lines."""'] == colors.code_string.name()


@pytest.mark.parametrize("language", ["no such language", "x" * 50, "\x00"])
def test_an_unknown_language_stays_plain(chat: Chat, language: str) -> None:
    chat.show(answer("a", f"```{language}\nif x: return 1\n```"))
    assert code_colours(chat) == []


def test_code_that_streams_in_ends_as_if_it_had_come_at_once(chat: Chat) -> None:
    text = f"```python\n{PYTHON}\n" + "".join(f"value_{i} = {i}  # {i}\n" for i in range(60)) + "```"
    chat.show(answer("a", "", State.STREAMING))
    for start in range(0, len(text), 40):
        chat.say("a", text[start : start + 40])
        if start % 200 == 0:
            chat.settle()
    chat.end("a")
    grown = code_colours(chat)
    chat.show(answer("b", text))
    assert code_colours(chat) == grown
    assert len(grown) > 60


def test_code_that_takes_too_long_stays_plain_and_harms_nothing_else(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(highlight, "SECONDS", 0.001)
        chat.show(answer("a", "```abap\nDATA x.\n```"))
        assert code_colours(chat) == []
    chat.show(answer("b", "```abap\nDATA x.\n```"))
    assert code_colours(chat) != []


def test_colours_that_come_while_text_is_parsed_are_not_forgotten(chat: Chat) -> None:
    chat.show(answer("a", "```python\nx = 1\n```"))
    chat.view.rows.row(0).body.unlit[0] = []
    chat.view.rows.is_complete = False
    chat.view._highlighting.answered.emit()
    chat.settle()


class TestHighlighter:
    def test_only_what_changed_is_asked_for(self) -> None:
        desk = Desk()
        code = Highlighter("python", desk)
        assert code.update([LINE_BREAK.join("abc")]) == ([], False)
        assert desk.asked.pop() == (["root"], ["a", "b", "c"])
        code.take({"done": [[[[0, 1, "red"]], [name]] for name in ("one", "two", "three")], "slow": False})
        spans: Spans = [(0, 1, "red"), (2, 3, "red"), (4, 5, "red")]
        assert code.update([LINE_BREAK.join("abc")]) == (spans, True)
        assert desk.asked == []
        code.update([LINE_BREAK.join(("a", "b", "cd", "e"))])
        assert desk.asked.pop() == (["two"], ["cd", "e"])

    def test_one_request_at_a_time(self) -> None:
        desk = Desk()
        code = Highlighter("python", desk)
        code.update(["a"])
        code.update(["ab"])
        assert len(desk.asked) == 1
        code.take({"done": [[[[0, 1, "red"]], []]], "slow": False})
        assert code.update(["ab"]) == ([(0, 1, "red")], False)
        assert desk.asked[1:] == [(["root"], ["ab"])]

    def test_an_answer_that_comes_at_once_is_shown_at_once(self) -> None:
        class Quick(Desk):
            def ask(
                self, highlighter: Highlighter, state: list[str], lines: list[str], *, wait: bool
            ) -> None:
                super().ask(highlighter, state, lines, wait=wait)
                if wait:
                    highlighter.take({"done": [[[[0, 1, "red"]], []]], "slow": False})

        desk = Quick()
        code = Highlighter("python", desk)
        assert code.update(["a"]) == ([(0, 1, "red")], True)
        assert code.update([LINE_BREAK.join("abc")]) == ([(0, 1, "red"), (2, 3, "red")], False)
        assert [lines for _state, lines in desk.asked] == [["a"], ["b", "c"], ["c"]]

    def test_a_line_keeps_the_colours_of_what_did_not_change(self) -> None:
        code = Highlighter("python", Desk())
        code.update(["return 1"])
        code.take({"done": [[[[0, 6, "red"], [7, 8, "blue"]], []]], "slow": False})
        assert code.update(["return 12"]) == ([(0, 6, "red"), (7, 8, "blue")], False)
        assert code.update(["rest"]) == ([(0, 2, "red")], False)

    def test_the_state_goes_on_in_the_next_part(self) -> None:
        desk = Desk()
        code = Highlighter("python", desk)
        code.update(["a"])
        code.take({"done": [[[], ["root", "string"]]], "slow": False})
        code.update(["a", "b"])
        assert desk.asked[-1] == (["root", "string"], ["b"])
        code.take({"done": [[[[0, 1, "red"]], ["root"]]], "slow": False})
        code.update(["x", "b"])
        assert desk.asked[-1] == (["root"], ["x", "b"])

    def test_what_follows_a_change_is_asked_for_again(self) -> None:
        desk = Desk()
        code = Highlighter("python", desk)
        code.update(["a", "b"])
        code.take({"done": [[[], ["one"]], [[], ["two"]]], "slow": False})
        code.update(["x"])
        code.take({"done": [[[], ["three"]]], "slow": False})
        assert code.update(["x"]) == ([], True)
        assert code.update(["x", "b"]) == ([], False)
        assert desk.asked[-1] == (["three"], ["b"])

    def test_an_answer_to_what_was_replaced_is_not_taken(self) -> None:
        desk = Desk()
        code = Highlighter("python", desk)
        code.update([LINE_BREAK.join("ab")])
        code.take({"done": [[[], ["one"]], [[], ["two"]]], "slow": False})
        code.update([LINE_BREAK.join("abc")])
        code.update([LINE_BREAK.join("xbc")])
        code.take({"done": [[[[0, 1, "red"]], ["three"]]], "slow": False})
        assert code.update([LINE_BREAK.join("xbc")]) == ([], False)
        assert desk.asked[-1] == (["root"], ["x", "b", "c"])

    @pytest.mark.parametrize("answer", [None, {"done": [], "slow": True}])
    def test_what_cannot_be_had_is_not_waited_for(self, answer: dict[str, object] | None) -> None:
        desk = Desk()
        code = Highlighter("python", desk)
        code.update(["a"])
        code.take(answer)
        assert code.update(["ab"]) == ([], True)
        assert len(desk.asked) == 1

    def test_a_request_has_bounds(self) -> None:
        desk = Desk()
        Highlighter("python", desk).update([LINE_BREAK.join("a" * 1000)])
        assert len(desk.asked[0][1]) == MAX_LINES


def test_the_program_itself_never_imports_what_the_helper_uses() -> None:
    code = (
        "import sys, os\n"
        "os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "from PySide6.QtWidgets import QApplication\n"
        "application = QApplication([])\n"
        "from desktop_chat.domain.message import Message, Part, PartKind, Role, State\n"
        "from desktop_chat.ui.theme import Theme\n"
        "from desktop_chat.ui.transcript import Transcript\n"
        "view = Transcript(Theme('light'), lambda error: ('', ''))\n"
        "view.resize(600, 400)\n"
        "view.show()\n"
        "text = '```python\\nx = 1\\n```\\n\\nHere is $x^2$.\\n\\n$$\\\\frac12$$'\n"
        "part = Part(PartKind.TEXT, text)\n"
        "message = Message('a', None, Role.ASSISTANT, [part], State.COMPLETE)\n"
        "view.set_path([message], lambda one: [one])\n"
        "while not view.is_settled:\n"
        "    application.processEvents()\n"
        "assert any(block.texts()[0][0].layout.formats() for block in view.rows.row(0).body.blocks)\n"
        "sys.exit(bool({'pygments', 'ziamath', 'latex2mathml'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
