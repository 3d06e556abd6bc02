"""Code blocks: header, sideways scrolling, wrapping, folding, saving; wide tables."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from desktop_chat.domain.message import State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.code_names import proposed_name, shown_language
from desktop_chat.ui.transcript.row import Action, Button
from desktop_chat.ui.transcript.strip import Strip
from tests.ui.transcript.conftest import HEIGHT, Chat, answer, question

LONG = "x = " + " + ".join(f"term_{i}" for i in range(30))
WIDE = f"```python\n{LONG}\nshort = 1\n```\n"
TALL = "```python\n" + "\n".join(f"line_{i} = {i}" for i in range(87)) + "\n```\n"


def strip(chat: Chat, row: int = 0, block: int = 0) -> Strip:
    found = chat.view.rows.row(row).body.blocks[block].strip
    assert found is not None
    return found


def buttons(chat: Chat, row: int = 0, block: int = 0) -> dict[Action, Button]:
    from desktop_chat.ui.transcript.code_header import code_buttons

    return {button.action: button for button in code_buttons(chat.view.rows.row(row), 1, block)}


def turn(chat: Chat, at: QPoint, x: int = 0, y: int = 0, *, shift: bool = False) -> None:
    """A wheel event at a point of the viewport, in steps of a wheel."""
    viewport = chat.view.viewport()
    event = QWheelEvent(
        QPointF(at),
        QPointF(viewport.mapToGlobal(at)),
        QPoint(),
        QPoint(120 * x, 120 * y),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


def entries(menu: QMenu) -> dict[str, object]:
    return {action.text(): action for action in menu.actions() if action.text()}


def bar_at(chat: Chat, row: int = 0, block: int = 0) -> tuple[QPoint, QPoint]:
    """The ends of the bar below a block, in the viewport."""
    found = chat.view.rows.row(row)
    body = found.body
    box = body.blocks[block].bar()
    y = found.body_top + body.top(block) + box.center().y()
    return chat.point(row, box.left() + 2, y), chat.point(row, box.right() - 2, y)


def test_long_lines_scroll_and_all_pieces_together(chat: Chat) -> None:
    chat.show(answer("a", f"```python\n{LONG}\n" + "y = 1\n" * 40 + "```\n"))
    first, second = chat.view.rows.row(0).body.blocks[:2]
    chat.view.scroll_to_start()
    before = [block.texts()[0][1] for block in (first, second)]
    turn(chat, chat.text_point(0, 0, 3), -1)
    assert strip(chat).shift > 0
    assert [block.texts()[0][1] for block in (first, second)] == [x - strip(chat).shift for x in before]


def test_the_height_of_unseen_code_is_exact(chat: Chat) -> None:
    chat.show(answer("a", "Text\n\n" + TALL * 20))
    before = chat.view.rows.heights.total
    for _ in range(60):
        chat.view.scroll_by(-HEIGHT)
    assert chat.view.rows.heights.total == before


def test_the_wheel_scrolls_the_chat_and_shift_the_code(chat: Chat) -> None:
    chat.show(answer("a", "Text\n\n" * 40 + WIDE))
    at = chat.text_point(0, 40, 3)
    top = chat.view.rows.top
    turn(chat, at, y=1)
    assert chat.view.rows.top < top
    assert not strip(chat, block=40).shift
    chat.view.scroll_to_end()
    turn(chat, at, y=-1, shift=True)
    assert strip(chat, block=40).shift
    assert chat.view.rows.top == top


def test_the_bar_is_dragged_and_clicked(chat: Chat, qtbot: QtBot) -> None:
    chat.show(answer("a", WIDE))
    left, right = bar_at(chat)
    viewport = chat.view.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=left)
    qtbot.mouseMove(viewport, right)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=right)
    assert strip(chat).shift == strip(chat).max_offset
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=left)
    assert not strip(chat).shift
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=left)
    assert chat.view.selection.is_empty


def test_a_selection_dragged_over_the_edge_brings_the_text(chat: Chat, qtbot: QtBot) -> None:
    chat.show(answer("a", WIDE))
    viewport = chat.view.viewport()
    start = chat.text_point(0, 0, 1)
    beyond = QPoint(viewport.width() - 5, start.y())
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, beyond)
    qtbot.waitUntil(lambda: strip(chat).shift == strip(chat).max_offset)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=beyond)
    assert chat.view.selected_text() == LONG[1:]


def test_keys_scroll_what_is_in_the_middle_and_the_caret_is_followed(chat: Chat, qtbot: QtBot) -> None:
    chat.show(answer("a", WIDE))
    qtbot.keyClick(chat.view, Qt.Key.Key_Right)
    assert strip(chat).shift
    qtbot.keyClick(chat.view, Qt.Key.Key_Left)
    assert not strip(chat).shift
    chat.view.selection.set((0, 1, 0, len(LONG)), (0, 1, 0, len(LONG)))
    assert strip(chat).shift == strip(chat).max_offset
    chat.view.selection.set((0, 1, 0, 0), (0, 1, 0, 0))
    assert not strip(chat).shift


def test_clicks_in_scrolled_code_find_their_character(chat: Chat, qtbot: QtBot) -> None:
    chat.show(answer("a", WIDE))
    strip(chat).scroll_to(strip(chat).max_offset)
    chat.view.refresh()
    qtbot.mouseDClick(
        chat.view.viewport(), Qt.MouseButton.LeftButton, pos=chat.text_point(0, 0, len(LONG) - 2)
    )
    assert chat.view.selected_text() == "term_29"


def test_wrapping_is_for_a_block_and_by_default(chat: Chat, theme: Theme) -> None:
    chat.show(answer("a", WIDE + "\n" + WIDE))
    height = chat.view.rows.row(0).body.height
    chat.click(0, buttons(chat)[Action.WRAP_CODE])
    assert strip(chat).is_wrapped
    assert not strip(chat, block=1).is_wrapped
    assert chat.view.rows.row(0).body.height > height
    theme.set_wrap_code(True)
    chat.settle()
    assert strip(chat, block=1).is_wrapped
    chat.click(0, buttons(chat)[Action.WRAP_CODE])
    assert not strip(chat).is_wrapped
    theme.set_zoom(150)
    chat.settle()
    assert not strip(chat).is_wrapped


def test_a_line_of_many_screens_wraps(chat: Chat) -> None:
    chat.show(answer("a", "```\n" + "word " * 300 + "\n```\n"))
    assert strip(chat).is_wrapped
    chat.show(answer("b", "```\n" + "word " * 3000 + "\nend\n```\n"))
    assert strip(chat).is_wrapped
    assert Action.WRAP_CODE not in buttons(chat)
    assert chat.view.rows.row(0).body.code(0) == "word " * 3000 + "\nend"


def test_a_line_that_grows_too_long_wraps_while_it_streams(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "```\n" + "first " * 40 + "\n" + "second\n" * 30)
    chat.settle()
    assert not strip(chat).is_wrapped
    for _ in range(40):
        chat.say("a", "word " * 20)
        chat.settle()
    assert strip(chat).is_wrapped
    chat.view.scroll_to_start()
    chat.settle()
    assert chat.view.rows.row(0).body.blocks[0].texts()[0][0].layout.lineCount() > 24


def test_fold_and_unfold(chat: Chat) -> None:
    chat.show(answer("a", TALL + "\nEnd"), question("q", "Go on"))
    chat.view.scroll_to_start()
    row = chat.view.rows.row(0)
    header = chat.point(0, 0, buttons(chat)[Action.FOLD_CODE].box.top())
    chat.click(0, buttons(chat)[Action.FOLD_CODE])
    assert row.body.heights[1] == 0
    assert chat.point(0, 0, buttons(chat)[Action.FOLD_CODE].box.top()).y() > header.y()
    assert buttons(chat)[Action.FOLD_CODE].label == "Show all 87 lines"
    assert row.body.code(0).endswith("line_86 = 86")
    assert "line_86" in chat.text()
    chat.click(0, buttons(chat)[Action.FOLD_CODE])
    assert row.body.heights[1] > 0
    assert buttons(chat)[Action.FOLD_CODE].label == "Fold"


def test_the_newest_message_and_short_code_do_not_fold(chat: Chat) -> None:
    chat.show(answer("a", WIDE), answer("b", TALL))
    assert Action.FOLD_CODE not in buttons(chat, 0)
    assert Action.FOLD_CODE not in buttons(chat, 1)


def test_folds_outlive_the_look_and_the_row(chat: Chat, theme: Theme) -> None:
    chat.show(*[answer(f"m{i}", TALL) for i in range(60)])
    chat.view.scroll_to_start()
    chat.view.code.trigger(Action.FOLD_CODE, 0, 1, 0)
    theme.set_zoom(120)
    chat.settle()
    assert strip(chat).folded
    before = chat.view.rows.row(0)
    for index in range(1, 60):
        chat.view.set_current(index)
    assert chat.view.rows.row(0) is not before
    chat.view.set_current(0)
    chat.settle()
    assert strip(chat).folded
    assert chat.view.rows.row(0).body.unfold(2)
    assert not strip(chat).folded


def test_folding_from_below_keeps_the_block_in_sight(chat: Chat) -> None:
    chat.show(answer("a", TALL + "\n\nMore text." * 80), question("q", "Go on"))
    chat.view.scroll_to_start()
    chat.view.scroll_by(HEIGHT)
    chat.view.code.trigger(Action.FOLD_CODE, 0, 1, 0)
    row = chat.view.rows.row(0)
    header = dict(chat.view.rows.visible)[0] + row.body_top + row.body.top(0)
    assert 0 <= header < HEIGHT / 2


def test_copied_is_said_for_a_moment(chat: Chat, qtbot: QtBot) -> None:
    chat.show(answer("a", WIDE))
    chat.click(0, buttons(chat)[Action.COPY_CODE])
    assert QGuiApplication.clipboard().text() == f"{LONG}\nshort = 1"
    assert buttons(chat)[Action.COPY_CODE].label == "Copied"
    qtbot.waitUntil(lambda: buttons(chat)[Action.COPY_CODE].label == "Copy")


def test_the_menu_has_it_all(chat: Chat) -> None:
    chat.show(answer("a", WIDE + "\n" + TALL), question("q", "Go on"))
    chat.settle()
    here = entries(chat.view.menu(0, code=(1, 2)))
    assert list(here)[:4] == ["Copy code", "Save code as…", "Wrap lines of code", "Fold code"]
    submenu = entries(chat.view.menu(0))["Code blocks"].menu()  # type: ignore[attr-defined]
    blocks = entries(submenu)
    assert [label[:12] for label in blocks] == ["Python – x =", "Python – lin"]
    second = entries(list(blocks.values())[1].menu())  # type: ignore[attr-defined]
    assert list(second) == ["Copy", "Save as…", "Wrap lines", "Fold"]
    second["Fold"].trigger()  # type: ignore[attr-defined]
    assert strip(chat, block=1).folded


def choose(chat: Chat, path: Path) -> None:
    """Save the first code block, and choose ``path`` in the dialog."""
    chat.click(0, buttons(chat)[Action.SAVE_CODE])
    (dialog,) = [found for found in chat.view.findChildren(QFileDialog, "saveDialog") if found.isVisible()]
    dialog.fileSelected.emit(str(path))
    dialog.done(QDialog.DialogCode.Accepted)


def test_save(chat: Chat, qtbot: QtBot, tmp_path: Path) -> None:
    chat.show(answer("a", "```python title=\"app.py\"\nprint('ä')\n```\n"))
    chat.click(0, buttons(chat)[Action.SAVE_CODE])
    dialog = chat.view.findChild(QFileDialog, "saveDialog")
    assert dialog is not None
    assert [Path(name).name for name in dialog.selectedFiles()] == ["app.py"]
    dialog.reject()
    choose(chat, tmp_path / "new.py")
    qtbot.waitUntil((tmp_path / "new.py").exists)
    assert (tmp_path / "new.py").read_bytes() == "print('ä')".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["new.py"]


def test_what_could_not_be_saved_is_said(chat: Chat, qtbot: QtBot, tmp_path: Path) -> None:
    chat.show(answer("a", WIDE))
    choose(chat, tmp_path / "gone" / "new.py")
    qtbot.waitUntil(lambda: chat.view.findChild(QMessageBox, "saveProblem") is not None)
    box = chat.view.findChild(QMessageBox, "saveProblem")
    assert box is not None
    assert "new.py" in box.text()
    box.accept()


@pytest.mark.parametrize(
    ("info", "code", "name"),
    [
        ("python", "x = 1", "code.py"),
        ("js app.js", "x", "app.js"),
        ('python title="src/x y.py"', "x", "x y.py"),
        ("python {filename='a.py'}", "x", "a.py"),
        ("ts", "// src/app.ts\nx", "app.ts"),
        ("py", "# file: tool.py\nx", "tool.py"),
        ("html", "<!-- index.html -->\nx", "index.html"),
        ("c", "/* main.c */\nx", "main.c"),
        ("python", "# Just a remark.\nx", "code.py"),
        ("python", "#!/usr/bin/env python3.11\nx", "code.py"),
        ("", "x", "code.txt"),
        ("sh title=../../.bashrc", "x", "bashrc"),
        ('sh title="C:\\\\Windows\\\\nul.sh"', "x", "_nul.sh"),
        ('sh title="a\u202ehs.exe"', "x", "ahs.exe"),
        ('sh title="..."', "x", "code.sh"),
        ("py title=" + "a" * 300 + ".py", "x", "a" * 88 + ".py"),
        ('python title="-rf.py"', "", "rf.py"),
        ("python -rf.py", "", "rf.py"),
        ("sh", "# ~/.profile.sh\nx", "profile.sh"),
    ],
)
def test_proposed_names(info: str, code: str, name: str) -> None:
    language = info.split()[0] if info else ""
    assert proposed_name(info, language, code) == name


def test_languages_have_names() -> None:
    assert [shown_language(name) for name in ("py", "CPP", "c#", "objective-c", "brainfuck")] == [
        "Python",
        "C++",
        "C#",
        "Objective-C",
        "brainfuck",
    ]


def test_words_in_tables_are_whole_and_wide_tables_scroll(chat: Chat, qtbot: QtBot) -> None:
    words = ["internationalization", "Environment", "Documentation", "Configuration", "Responsibilities"]
    table = "|" + "|".join(words) + "|\n" + "|---" * 5 + "|\n" + "|x" * 5 + "|\n"
    chat.show(answer("a", table))
    cells = [text for text, _x, _y in chat.view.rows.row(0).body.blocks[0].texts()]
    assert [text.layout.lineCount() for text in cells] == [1] * 10
    assert strip(chat).scrolls
    turn(chat, chat.text_point(0, 0, 2), -2)
    assert strip(chat).shift
    _left, right = bar_at(chat)
    qtbot.mousePress(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=right)
    assert strip(chat).shift == strip(chat).max_offset
    qtbot.mouseRelease(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=right)


def test_columns_give_way_before_a_table_scrolls(chat: Chat) -> None:
    chat.show(answer("a", "| internationalization | b |\n|---|---|\n| x | " + "some words " * 40 + "|\n"))
    assert not strip(chat).scrolls
    first = chat.view.rows.row(0).body.blocks[0].texts()[0][0]
    assert first.layout.lineCount() == 1


def test_a_cell_without_end_is_shown_as_far_as_it_goes(chat: Chat) -> None:
    rows = "| 1 | 2 |\n" * 50 + "| 3 | " + "word " * 1800 + "last |\n"
    chat.show(answer("a", "| a | b |\n|---|---|\n" + rows))
    blocks = chat.view.rows.row(0).body.blocks
    assert any(text.inline.text.endswith("…") for block in blocks for text, _x, _y in block.texts())
    assert "word last" in chat.text()


def test_a_caret_opens_what_is_folded(chat: Chat) -> None:
    chat.show(answer("a", TALL), question("q", "Go on"))
    chat.view.code.trigger(Action.FOLD_CODE, 0, 1, 0)
    chat.view.selection.set((0, 1, 0, 5), (0, 1, 0, 5))
    assert strip(chat).folded
    chat.view.selection.set((0, 1, 2, 0), (0, 1, 2, 0))
    assert not strip(chat).folded


def test_room_for_the_bar_of_a_wide_table_comes_and_goes_with_it(chat: Chat) -> None:
    row = "|" + "some words|" * 4 + "\n"
    chat.show(answer("a", row + "|" + "-|" * 4 + "\n" + row * 200))
    body = chat.view.rows.row(0).body
    chat.view.scroll_to_start()
    chat.settle()
    for width in (200, 744):
        chat.view.resize(width, 300)
        chat.settle()
        assert [body.heights[i] for i in range(len(body.blocks))] == [
            body._slot(i) for i in range(len(body.blocks))
        ]
        scrolls = body.blocks[0].strip.scrolls
        assert scrolls == (width == 200)
