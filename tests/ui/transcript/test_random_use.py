"""Whatever is done in whatever order: nothing raises, is lost, or stands in another place than it should.

``DESKTOP_CHAT_SEEDS=100-200`` tries those seeds.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_chat.domain.errors import ConnectionLost
from desktop_chat.domain.message import Message, PartKind, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import Position
from desktop_chat.ui.transcript.excerpt import END
from desktop_chat.ui.transcript.find import Query
from desktop_chat.ui.transcript.leaves import units
from desktop_chat.ui.transcript.printing import PrintJob
from desktop_chat.ui.transcript.row import Action
from tests.benchmarks.sample import markdown
from tests.ui.transcript.conftest import Chat, answer, question
from tests.ui.transcript.hostile import TEXTS
from tests.ui.transcript.test_printing import writer
from tests.ui.transcript.test_repaints import TEXTS as USUAL
from tests.ui.transcript.test_repaints import on_screen, painted_anew

STEPS = 100
KEYS = [
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End,
    Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_N, Qt.Key.Key_P, Qt.Key.Key_Space, Qt.Key.Key_F7,
    Qt.Key.Key_Escape,
]  # fmt: skip
MODIFIERS = [
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
]


def seeds() -> list[int]:
    first, _dash, last = os.environ.get("DESKTOP_CHAT_SEEDS", "1-3").partition("-")
    return list(range(int(first), int(last or first) + 1))


class Use:
    """Somebody who uses the transcript, at random."""

    def __init__(self, chat: Chat, app: QApplication, seed: int, path: Path) -> None:
        self.chat, self.view, self.app, self.path = chat, chat.view, app, path
        self.random, self.seed = random.Random(seed), seed
        self.count = 0
        self.done: list[str] = []
        self.kept: Position | None = None
        self.actions: dict[Callable[[], None], int] = {
            self.say: 12,
            self.end: 3,
            self.ask: 3,
            self.open: 1,
            self.branch: 1,
            self.wheel: 8,
            self.jump: 3,
            self.key: 10,
            self.click: 5,
            self.drag: 3,
            self.find: 2,
            self.find_next: 3,
            self.resize: 2,
            self.zoom: 2,
            self.mode: 1,
            self.fold: 2,
            self.press: 5,
            self.copy: 1,
            self.keep: 1,
            self.come_back: 1,
            self.listen: 2,
            self.turns: 4,
            self.print: 1,
        }

    @property
    def messages(self) -> list[Message]:
        return self.view.rows.messages

    def text(self) -> str:
        """About 2,000 characters of anything."""
        kind = self.random.random()
        if kind < 0.3:
            text = self.random.choice(list(TEXTS.values()))(self.random.choice((20, 300, 2_000)))
        elif kind < 0.6:
            text = self.random.choice(list(USUAL.values()))[: self.random.choice((300, 3_000))]
        else:
            whole = markdown(1_500)
            start = self.random.randrange(len(whole))
            text = whole[start : start + self.random.choice((10, 200, 2_000))]
        return text + self.random.choice(("", "\n", "\n\n", "\n```\n"))

    def message(self, state: State = State.COMPLETE) -> Message:
        self.count += 1
        if self.random.random() < 0.3 and state is State.COMPLETE:
            return question(f"m{self.count}", self.text())
        thought = self.text() if self.random.random() < 0.3 else ""
        return answer(
            f"m{self.count}", self.text() if state is State.COMPLETE else "", state, thought=thought
        )

    def index(self) -> int:
        return self.random.randrange(len(self.messages))

    # What is done

    def streaming(self) -> Message | None:
        last = self.messages[-1] if self.messages else None
        return last if last is not None and last.state is State.STREAMING else None

    def say(self) -> None:
        message, kind = self.streaming(), self.random.choice((PartKind.TEXT,) * 4 + (PartKind.REASONING,))
        if message is None:
            self.ask()
            return
        above = self.line_above()
        text = self.text()
        size = self.random.choice((3, 40, 5_000))
        for at in range(0, min(len(text), 20 * size), size):
            message.append(kind, text[at : at + size])
            self.view.append_text(message.id, kind, text[at : at + size])
            if self.random.random() < 0.3:
                self.app.processEvents()
        self.stays(above)

    def ask(self) -> None:
        if self.streaming() is not None:
            return
        above = self.line_above()
        self.view.add_message(question(f"q{self.count}", self.text()))
        self.view.add_message(self.message(State.STREAMING))
        self.stays(above)

    def end(self) -> None:
        message = self.streaming()
        if message is None:
            return
        message.state = self.random.choice((State.COMPLETE, State.STOPPED, State.FAILED))
        if message.state is State.FAILED:
            message.error = ConnectionLost("no way")
        self.view.update_message(message.id)

    def open(self) -> None:
        made = [self.message() for _ in range(self.random.choice((0, 1, 3, 30)))]
        self.view.set_path(made, lambda one: [one])

    def branch(self) -> None:
        """Another version of a message, and what follows it."""
        if not self.messages or self.streaming():
            return
        at = self.index()
        old, new = self.messages[at], self.message()
        self.view.set_path(
            [*self.messages[:at], new], lambda one: [old.id, new.id] if one == new.id else [one]
        )

    def wheel(self) -> None:
        place = QPointF(self.random.randrange(20, 400), self.random.randrange(10, 250))
        turn = QPoint(
            self.random.choice((0, 0, 40, -40)),
            self.random.choice((-1500, -360, -120, -7, 7, 120, 360, 1500)),
        )
        modifier = self.random.choice((Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier))
        event = QWheelEvent(
            place, self.view.viewport().mapToGlobal(place), turn, turn, Qt.MouseButton.NoButton, modifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.view.viewport(), event)

    def jump(self) -> None:
        bar = self.view.verticalScrollBar()
        bar.setValue(round(bar.maximum() * self.random.choice((0, 1, self.random.random()))))

    def key(self) -> None:
        key, modifier = self.random.choice(KEYS), self.random.choice(MODIFIERS)
        if modifier == Qt.KeyboardModifier.AltModifier and key == Qt.Key.Key_F7:
            return
        for _ in range(self.random.choice((1, 1, 5))):
            QTest.keyClick(self.view, key, modifier)

    def point(self) -> QPoint:
        size = self.view.viewport().size()
        return QPoint(self.random.randrange(size.width()), self.random.randrange(size.height()))

    def click(self) -> None:
        place = self.point()
        if self.view.rows.visible and self.is_safe(place):
            modifier = self.random.choice(MODIFIERS[:2])
            click = self.random.choice((QTest.mouseClick, QTest.mouseClick, QTest.mouseDClick))
            click(self.view.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    def is_safe(self, place: QPoint) -> bool:
        """Not at a link or a button, which would open a dialog, a menu or a program."""
        at = self.view.row_at(place.y())
        if at is None:
            return False
        row, x, y = self.view.rows.row(at[0]), place.x() - self.view.column_left, place.y() - at[1]
        return not row.link_at(x, y) and not any(button.box.contains(x, y) for button in row.buttons())

    def drag(self) -> None:
        start, end, button = self.point(), self.point(), Qt.MouseButton.LeftButton
        if not self.view.rows.visible or not self.is_safe(start):
            return
        QTest.mousePress(self.view.viewport(), button, pos=start)
        QTest.mouseMove(self.view.viewport(), end)
        self.app.processEvents()
        if self.random.random() < 0.3:
            self.say()
        QTest.mouseRelease(self.view.viewport(), button, pos=end)

    def find(self) -> None:
        query = self.random.choice(("a", "the", "words", "x", "*", "\n", "سطر", "zzz", ""))
        case, word = self.random.random() < 0.3, self.random.random() < 0.3
        self.view.finder.find(Query(query, case, word) if query else None)

    def find_next(self) -> None:
        self.random.choice((self.view.finder.next, self.view.finder.previous))()

    def resize(self) -> None:
        self.view.resize(self.random.choice((180, 420, 744, 1000)), self.random.choice((120, 400, 600)))

    def zoom(self) -> None:
        self.view.theme.set_zoom(self.random.choice((50, 80, 100, 150, 300)))

    def mode(self) -> None:
        self.view.theme.set_mode(self.random.choice(("light", "dark")))

    def fold(self) -> None:
        """Something that the menu of a message folds, unfolds or switches."""
        if self.messages:
            index = self.index()
            entries = self.view.parts.entries(index)
            if entries:
                self.view.parts.toggle(index, self.random.choice(entries)[1])

    def press(self) -> None:
        """A button that opens no dialog."""
        for index, _y in self.view.rows.visible:
            buttons = [
                one for one in self.view.rows.row(index).buttons() if one.action is not Action.SAVE_CODE
            ]
            if buttons and self.random.random() < 0.6:
                button = self.random.choice(buttons)
                self.view.trigger(index, button.action, button)
                return

    def copy(self) -> None:
        if self.random.random() < 0.5:
            self.view.select_all()
        self.view.copy_selection()
        self.chat.qtbot.waitUntil(lambda: not self.view.copier.is_busy)
        self.view.selected_text()

    def keep(self) -> None:
        self.kept = self.view.position()

    def come_back(self) -> None:
        if self.kept is not None:
            self.view.restore(self.kept)

    def listen(self) -> None:
        """What a screen reader asks."""
        interface = QAccessible.queryAccessibleInterface(self.view)
        assert interface is not None
        count = interface.childCount()
        assert count == len(self.messages)
        if not count:
            return
        item = interface.child(self.index())
        for what in (QAccessible.Text.Name, QAccessible.Text.Value, QAccessible.Text.Description):
            item.text(what)
        assert item.parent() is not None
        item.rect()
        for number in range(min(30, item.childCount())):
            part = item.child(number)
            part.text(QAccessible.Text.Name)
            part.rect()
            part.state()
        text = item.textInterface()
        if text is not None:
            length = text.characterCount()
            at = self.random.randint(0, length)
            text.text(0, min(length, 200))
            text.characterRect(at)
            text.offsetAtPoint(QPoint(100, 100))
            text.looks(at)
            text.setCursorPosition(at)
            text.cursorPosition()
            if length:
                text.setSelection(0, 0, at)
                text.scrollToSubstring(0, at)

    def turns(self) -> None:
        for _ in range(self.random.randrange(1, 20)):
            self.app.processEvents()

    def print(self) -> None:
        if len(self.messages) > 8:
            return
        device = writer(self.path)
        job = PrintJob(self.messages, "Title", self.view.theme, self.view.rows.explain, device)
        with self.chat.qtbot.waitSignal(job.finished):
            job.start()

    # What must hold

    def line_above(self) -> tuple[object, int] | None:
        """A line that is read, above the last message, and where it is."""
        rows = self.view.rows
        if rows.sticks or not rows.messages:
            return None
        self.chat.settle()
        self.chat.qtbot.waitUntil(lambda: self.view.finder.is_settled)
        for y in range(0, rows.view_height, 10):
            place = self.view.place_at(QPointF(self.view.column_left + 40, y))
            last = len(rows.messages) - 1
            if place is None or place[0] == last or rows._anchor.row == last:
                return None
            rect = self.view.place_rect(place)
            if rect.isValid() and rect.top() >= 0:
                return place, rect.top()
        return None

    def stays(self, above: tuple[object, int] | None) -> None:
        self.chat.settle()
        if above is not None and not self.view.rows.sticks:
            place, y = above
            assert self.view.place_rect(place).top() == y, "the line that is read moved"  # type: ignore[arg-type]

    def check(self) -> None:
        self.chat.settle()
        view, rows = self.view, self.view.rows
        heights = [rows.heights[index] for index in range(len(rows.messages))]
        assert sum(heights) == rows.heights.total
        assert 0 <= rows.top <= rows.max_top
        if rows.messages:
            assert rows.visible
        bottom = None
        for index, y in rows.visible:
            row = rows.row(index)
            assert row.height == rows.heights[index]
            assert bottom is None or y == bottom
            bottom = y + row.height
            for _part, flow, _x, _top in row.flows():
                assert len(flow.heights) == len(flow.blocks)
                wrong = [i for i in range(len(flow.blocks)) if flow.heights[i] != flow._slot(i)]
                assert not wrong, [(i, flow.blocks[i].leaf.kind, flow.blocks[i].leaf.part) for i in wrong]
                assert sum(flow.heights[i] for i in range(len(flow.blocks))) == flow.heights.total
        if rows.visible:
            assert rows.visible[0][1] <= 0
            assert bottom is not None
            assert bottom >= rows.view_height or rows.max_top == 0
        for end in view.selection.ends() or ():
            assert end[0] < len(rows.messages)
            flow = rows.row(end[0]).flow(end[1])
            if flow is not None and flow.is_complete and end[2] < END:
                assert end[2] < max(1, len(flow.blocks))
                assert not flow.blocks or end[3] <= units(flow.blocks[end[2]].plain)

    def look(self) -> None:
        self.chat.settle()
        self.chat.qtbot.waitUntil(lambda: self.view.finder.is_settled)
        self.view.caret.pointer_took_over()
        self.app.processEvents()
        self.app.processEvents()
        if not self.view.caret.browsing:
            # The scroll bar is drawn by the style, which fades it.
            text = self.view.viewport().geometry()
            seen, wanted = on_screen(self.chat).copy(text), painted_anew(self.chat).copy(text)
            if seen != wanted and (folder := os.environ.get("DESKTOP_CHAT_SHOTS")):
                seen.save(f"{folder}/{self.seed}-seen.png")
                wanted.save(f"{folder}/{self.seed}-wanted.png")
            assert seen == wanted


@pytest.mark.parametrize("seed", seeds())
def test_random_use(
    chat: Chat, qapp: QApplication, qtbot: QtBot, tmp_path: Path, theme: Theme, seed: int
) -> None:
    use = Use(chat, qapp, seed, tmp_path / "a.pdf")
    use.open()
    actions, weights = list(use.actions), list(use.actions.values())
    for number in range(STEPS):
        (action,) = use.random.choices(actions, weights)
        use.done.append(action.__name__)
        try:
            action()
            use.check()
            if number % 10 == 0:
                use.look()
        except BaseException:
            print(f"seed {seed}, after", " ".join(use.done[-30:]))
            raise
