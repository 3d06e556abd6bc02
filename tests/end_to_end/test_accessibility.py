"""The window on a real desktop: as a screen reader finds it, and as a keyboard drives it."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from desktop_chat.domain.message import State
from tests.end_to_end import desktop
from tests.end_to_end.desktop import ScreenReader
from tests.end_to_end.process import Start, stored

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="AT-SPI and X11")

PROMPT = "A list: 日本語 🦊"
TYPED = "A list, please"
"""Only what the keymap has: for another character xdotool binds a key anew, and a program that looks into the
keymap later, on a busy machine, takes that key for the next character."""
ANSWER = "demo"

ALWAYS_SHOWN = {
    "Chats": "list",
    "New chat": "push button",
    "Search chats": "text",
    "Message": "text",
    "Send": "push button",
    "Model": "push button",
    "Details": "panel",
    "Status": "label",
}
"""Names and roles that the outside relies on."""


@pytest.fixture
def read_aloud() -> Iterator[tuple[ScreenReader, dict[str, str]]]:
    """A screen reader, and the environment of a program that it can read."""
    if lacking := desktop.missing_for_screen_readers():
        pytest.skip(f"NOT TESTED with a screen reader: this machine lacks {lacking}")
    with desktop.x_server() as display, desktop.buses() as buses:
        env = display | buses
        reader = ScreenReader(env)
        yield reader, env
        assert reader.close() == ""


def test_a_conversation_by_its_names(
    start: Start, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]
) -> None:
    reader, env = read_aloud
    run = start("--demo", "--profile", tmp_path, steps="watch,ready", env=env)
    run.said("ready")
    message = reader.find("Message", "text")
    shown = {object.name: object.role for object in reader.tree()}
    assert {name: shown.get(name) for name in ALWAYS_SHOWN} == ALWAYS_SHOWN
    assert reader.find("Status").description == "Ready"
    assert not [object for object in reader.tree() if "<" in object.description]

    reader.write(message, PROMPT)
    reader.press(reader.find("Send", "push button"))
    run.said("sent")
    assert reader.all("Stop", "push button")
    assert not reader.all("Send")
    run.said("ended")
    transcript = reader.find("Transcript", "list")
    question, answer = reader.below(transcript, "list item")
    assert (question.name, question.text) == ("You", PROMPT)
    assert answer.name == ANSWER
    assert answer.text
    assert reader.find("Message").text == ""
    (chat,) = [item for item in reader.below(reader.find("Chats"), "list item") if "selected" in item.states]
    assert chat.name in (PROMPT, "A list 日本語")

    reader.press(reader.find("Settings", "push button"))
    assert reader.below(reader.find("Settings", "dialog"))
    code, seconds = run.end(signal.SIGTERM)
    assert code == 0
    assert seconds < 5
    assert stored(tmp_path)[-1].state is State.COMPLETE


def test_a_conversation_by_the_keyboard(start: Start, tmp_path: Path) -> None:
    if lacking := desktop.missing("Xvfb", "openbox", "xdotool"):
        pytest.skip(f"NOT TESTED with a window manager: this machine lacks {lacking}")
    picture = tmp_path / "screen.png"
    with desktop.x_server() as env, desktop.window_manager(env):
        run = start("--demo", "--profile", tmp_path, steps="watch,ready", env=env)
        run.said("ready")
        keyboard = desktop.Keyboard(env)
        keyboard.activate(run.pid)
        keyboard.type(TYPED)
        keyboard.press("shift+Return")
        keyboard.type("second line")
        keyboard.press("Return")
        run.said("ended")
        desktop.photograph(env, picture)
        assert run.end(signal.SIGTERM)[0] == 0
    question, answer = stored(tmp_path)
    assert question.text == f"{TYPED}\nsecond line"
    assert answer.state is State.COMPLETE
    image = QImage(str(picture))
    assert image.size().toTuple() == desktop.SCREEN
    # The window is there, with much more on it than an empty screen has.
    assert len({image.pixel(x, y) for x in range(0, 1400, 7) for y in range(0, 900, 7)}) > 20
