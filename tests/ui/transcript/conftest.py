from collections.abc import Callable, Iterator, Sequence

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import Transcript
from desktop_chat.ui.transcript.row import Action, Button

WIDTH, HEIGHT = 744, 600


def question(message_id: str, text: str) -> Message:
    return Message(message_id, None, Role.USER, [Part(PartKind.TEXT, text)])


def answer(message_id: str, text: str, state: State = State.COMPLETE, *, thought: str = "") -> Message:
    parts = [Part(PartKind.REASONING, thought, 6.0)] if thought else []
    if text:
        parts.append(Part(PartKind.TEXT, text))
    return Message(message_id, None, Role.ASSISTANT, parts, state, model="gpt-5.2")


class Chat:
    """A transcript on the screen, and what a test does with it."""

    def __init__(self, view: Transcript, qtbot: QtBot) -> None:
        self.view, self.qtbot = view, qtbot
        self.messages: dict[str, Message] = {}

    def show(self, *messages: Message, versions: Callable[[str], list[str]] = lambda one: [one]) -> None:
        self.messages = {message.id: message for message in messages}
        self.view.set_path(messages, versions)
        self.settle()

    def say(self, message_id: str, text: str, kind: PartKind = PartKind.TEXT) -> None:
        """Stream text into a message, as a session does."""
        self.messages[message_id].append(kind, text)
        self.view.append_text(message_id, kind, text)

    def end(self, message_id: str, state: State = State.COMPLETE) -> None:
        self.messages[message_id].state = state
        self.view.update_message(message_id)
        self.settle()

    def settle(self) -> None:
        """Wait until all that is in view is parsed, laid out and coloured."""
        self.qtbot.waitUntil(lambda: self.view.is_settled)

    def text(self, index: int = 0) -> str:
        return self.view.rendered_text(index)

    def kinds(self, index: int = 0) -> list[str]:
        return [block.leaf.kind.value for block in self.view.rows.row(index).body.blocks]

    def button(self, index: int, action: Action) -> Button:
        return next(button for button in self.view.rows.row(index).buttons() if button.action is action)

    def actions(self, index: int) -> list[Action]:
        return [button.action for button in self.view.rows.row(index).buttons()]

    def point(self, index: int, x: float, y: float) -> QPoint:
        """A point of a row, in the viewport."""
        top = dict(self.view.rows.visible)[index]
        return QPoint(int(self.view.column_left + x), int(top + y))

    def click(self, index: int, button: Button) -> None:
        center = self.point(index, button.box.center().x(), button.box.center().y())
        self.qtbot.mouseMove(self.view.viewport(), center)
        self.qtbot.mouseClick(self.view.viewport(), Qt.MouseButton.LeftButton, pos=center)
        self.settle()

    def text_point(self, index: int, block: int, position: int) -> QPoint:
        """Where a text position of a body block is, in the viewport."""
        row = self.view.rows.row(index)
        laid_out = row.body.blocks[block]
        text, left, top = laid_out.texts()[0]
        line = text.layout.lineForTextPosition(position)
        x = line.cursorToX(position)
        x = x[0] if isinstance(x, tuple) else x
        _part, _flow, flow_x, flow_y = list(row.flows())[-1]
        y = flow_y + row.body.top(block) + top + line.y() + line.height() / 2
        return self.point(index, flow_x + left + x, y)


def explain(error: ChatError) -> tuple[str, str]:
    return f"Title of {type(error).__name__}", f"Body: {error.message}"


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme("light")


@pytest.fixture
def chat(qtbot: QtBot, theme: Theme) -> Iterator[Chat]:
    view = Transcript(theme, explain)
    qtbot.addWidget(view)
    view.resize(WIDTH, HEIGHT)
    view.show()
    qtbot.waitExposed(view)
    yield Chat(view, qtbot)
    # Qt's own clipboard, which there is without a desktop, keeps what Python made past Python's end.
    QGuiApplication.clipboard().clear()


@pytest.fixture
def long_chat(chat: Chat) -> Sequence[Message]:
    messages = [
        question(f"m{i}", f"Question {i}\nwith a second line")
        if i % 2 == 0
        else answer(
            f"m{i}", f"Answer {i}.\n\n" + "\n\n".join(f"Paragraph {k} of {i}. " * 8 for k in range(6))
        )
        for i in range(40)
    ]
    chat.show(*messages)
    return messages
