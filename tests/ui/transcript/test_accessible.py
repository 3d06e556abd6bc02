"""The transcript for screen readers: within the process, and over a real accessibility bus."""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtGui import QAccessible

from desktop_chat.domain.message import State
from tests.ui.transcript.conftest import Chat, answer, question

LAUNCHERS = [Path("/usr/libexec/at-spi-bus-launcher"), Path("/usr/lib/at-spi2-core/at-spi-bus-launcher")]
PYTHON = "/usr/bin/python3"


def test_list_with_an_item_a_message(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "So **it** is."))
    interface = QAccessible.queryAccessibleInterface(chat.view)
    assert interface is not None
    assert interface.role() == QAccessible.Role.List
    assert interface.text(QAccessible.Text.Name) == "Transcript"
    assert interface.childCount() == 2
    items = [interface.child(0), interface.child(1)]
    assert [item.role() for item in items] == [QAccessible.Role.ListItem] * 2
    assert [item.text(QAccessible.Text.Name) for item in items] == ["You", "gpt-5.2"]
    assert [item.text(QAccessible.Text.Value) for item in items] == ["Why?", "So it is."]
    assert interface.indexOfChild(items[1]) == 1
    assert interface.child(2) is None
    assert items[1].rect().isValid()


def test_item_of_a_message_that_is_gone_is_invalid(chat: Chat) -> None:
    chat.show(question("q", "Why?"))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0)
    assert item.isValid()
    chat.show(question("other", "Hm?"))
    assert not item.isValid()
    assert item.text(QAccessible.Text.Name) == ""


def test_cast_answers_with_addresses(chat: Chat) -> None:
    """A Python object or None here is a crash as soon as a screen reader asks."""
    chat.show(question("q", "Why?"))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0)
    assert isinstance(item.interface_cast(QAccessible.InterfaceType.TextInterface), shiboken6.VoidPtr)
    nothing = item.interface_cast(QAccessible.InterfaceType.TableInterface)
    assert isinstance(nothing, shiboken6.VoidPtr)
    assert int(nothing) == 0


def test_failure_is_described(chat: Chat) -> None:
    chat.show(answer("a", "Half", State.STOPPED))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0)
    assert item.text(QAccessible.Text.Description) == "Stopped"


PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import Transcript
app = QApplication(["transcript-test"])
view = Transcript(Theme("light"), lambda error: ("", ""))
view.resize(700, 500)
view.show()
def message(i, state=State.COMPLETE):
    role = Role.ASSISTANT if i % 2 else Role.USER
    return Message(f"m{i}", None, role, [Part(PartKind.TEXT, f"Text **{i}** here")], state, model="gpt-5.2")
view.set_path([message(i) for i in range(30)], lambda one: [one])
last = message(31, State.STREAMING)
view.add_message(last)
def more():
    last.append(PartKind.TEXT, " and more")
    view.append_text("m31", PartKind.TEXT, " and more")
timer = QTimer(interval=5)
timer.timeout.connect(more)
timer.start()
app.exec()
"""

READER = """
import json, sys, time
import gi
gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib

def find(node):
    if node.get_role_name() in ("list", "list box") and node.get_name() == "Transcript":
        return node
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        found = child and find(child)
        if found:
            return found

def read(found):
    items = []
    for i in range(found.get_child_count()):
        item = found.get_child_at_index(i)
        text = item.get_text_iface()
        extents = item.get_component_iface()
        items.append([item.get_role_name(), item.get_name(), Atspi.Text.get_text(text, 0, 11),
                      Atspi.Text.get_character_count(text), bool(extents)])
    return items

end = time.monotonic() + 60
found, items = None, []
while (not items or items[-1][3] <= len("Text 31 here")) and time.monotonic() < end:
    try:
        found = found or find(Atspi.get_desktop(0))
        items = read(found) if found else []
    except GLib.Error:
        items = []  # a call timed out: the machine is busy
    if not items:
        time.sleep(0.2)
print(json.dumps(items))
"""

SESSION = """
{launcher} --launch-immediately &
bus=$!
{python} -X faulthandler program.py &
app=$!
{reader} reader.py
status=$?
kill -0 $app || status=97
kill $app $bus
exit $status
"""


@functools.cache
def missing() -> str:
    """What this machine lacks for a real accessibility bus."""
    if not sys.platform.startswith("linux"):
        return "AT-SPI is Linux's"
    absent = [name for name in ("Xvfb", "xvfb-run", "dbus-run-session") if shutil.which(name) is None]
    if not any(launcher.exists() for launcher in LAUNCHERS):
        absent.append("at-spi-bus-launcher")
    asks = 'import gi; gi.require_version("Atspi", "2.0"); from gi.repository import Atspi'
    if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", asks], capture_output=True).returncode:
        absent.append("gi.Atspi")
    return ", ".join(absent)


@pytest.mark.skipif(bool(missing()), reason=f"NO SCREEN READER CHECK, since this machine lacks: {missing()}")
def test_over_a_real_bus(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "reader.py").write_text(READER)
    launcher = next(launcher for launcher in LAUNCHERS if launcher.exists())
    script = SESSION.format(launcher=launcher, python=sys.executable, reader=PYTHON)
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "xcb",
        "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
    }
    done = subprocess.run(
        ["xvfb-run", "-a", "dbus-run-session", "--", "bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr

    items = json.loads(done.stdout.strip().splitlines()[-1])
    assert len(items) == 31
    assert items[0] == ["list item", "You", "Text **0** ", 15, True]
    assert items[29][1:3] == ["gpt-5.2", "Text 29 her"]
    assert items[30][3] > len("Text 31 here")
