"""What a model could send to hurt: nothing is opened, nothing raises, nothing is lost."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6 import QtGui
from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot

from desktop_chat.domain.message import Citation, Part, PartKind, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import blocks, flow, row, view
from desktop_chat.ui.transcript.link_places import addresses
from desktop_chat.ui.transcript.printing import PrintJob
from desktop_chat.ui.transcript.row import Action
from tests.ui.transcript.conftest import Chat, answer, explain, question

TARGETS = [
    "/canary/a.png", "file:///canary/b.png", "//canary/share/c.png", "\\\\canary\\share\\d.png",
    "%5C%5Ccanary%5Cshare%5Ce.png", "file://canary/share/f.png", "qrc:/canary.png",
    "data:image/svg+xml,<svg/>",
    "http://canary.invalid/g.png", "canary.svg",
]  # fmt: skip
CORPUS = [
    text
    for target in TARGETS
    for text in (
        f"![x]({target})",
        f"![x][r]\n\n[r]: {target}",
        f'<img src="{target}">',
        f'<link rel="stylesheet" href="{target}">',
        f'<p style="background-image:url({target})">x</p>',
        f"<style>@import '{target}';</style>",
        f"| ![x]({target}) | <img src='{target}'> |\n|---|---|\n| ![]({target}) | x |",
        f"```html\n<img src='{target}'>\n```",
        f"[x]({target})",
        f"<{target}>",
        f"[![x]({target})]({target})",
        f"<svg><image href='{target}'/><use xlink:href='{target}'/></svg>",
        f"<iframe src='{target}'></iframe><object data='{target}'></object>",
        f"```svg\n<svg><image href='{target}'/></svg>\n```",
        f"$\\includegraphics{{{target}}} \\input{{{target}}}$",
    )
]

PATHOLOGICAL = {
    "brackets": "[" * 50_000,
    "emphasis": "*a _a " * 10_000,
    "nested emphasis": "*a **a " * 5_000,
    "cdata": "<![CDATA[" * 10_000,
    "stars": "*_" * 20_000,
    "half links": '[]( "' * 10_000,
    "quotes": "> " * 20_000,
    "one line": "x" * 1_000_000,
    "bullets": "- x\n" * 10_000,
    "columns": "|" + "a|" * 1000 + "\n|" + "-|" * 1000 + "\n" + ("|" + "b|" * 1000 + "\n") * 5,
    "emoji": "😀" * 100_000,
    "right to left": "אבג " * 25_000,
    "overrides": "\u202e\u202d" * 50_000,
    "nested lists": "".join("  " * depth + "- x\n" for depth in range(200)),
    "nested tables": "<table><tr><td>" * 3000,
    "definitions": "[a]: b\n" * 20_000,
    "entities": "&amp;" * 50_000,
    "backslashes": "\\" * 100_000,
    "line feeds": "\n" * 100_000,
    "surrogates": "\ud800" * 1000,
    "nul": "\0" * 1000,
    "marks": "e" + "\u0301" * 50_000,
    "code line": "```python\n" + "x" * 300_000 + "\n```",
    "python": "```python\n" + "\n " * 10_000,
    "javascript": "```javascript\n" + '"\\\\' * 10_000,
    "rows": "|a|b|\n|-|-|\n" + "|c|d|\n" * 10_000,
    "fences": "```\n" * 20_000,
    "lazy": "- a\n" + "b\n" * 5_000,
    "backticks": "".join("`" * i + " " for i in range(300)),
    "language": "```" + "x" * 5000 + "\ny\n```",
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological_text_is_shown(name: str, chat: Chat) -> None:
    text = PATHOLOGICAL[name]
    chat.show(question("q", text[:50_000]), answer("a", text))
    chat.view.verticalScrollBar().setValue(0)
    chat.settle()
    chat.view.grab()


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological_text_streams(name: str, chat: Chat) -> None:
    text = PATHOLOGICAL[name]
    chat.show(answer("a", "", State.STREAMING))
    for at in range(0, len(text), len(text) // 5 + 1):
        chat.say("a", text[at : at + len(text) // 5 + 1])
    chat.end("a")
    chat.view.grab()


def test_nothing_of_rich_text_is_used() -> None:
    """Qt's rich text loads what it names; the transcript is built on layouts that cannot."""
    for module in (blocks, flow, row, view):
        for name in ("QTextDocument", "QTextBrowser", "QTextEdit", "QLabel", "QImage", "QPixmap", "QMovie"):
            assert not hasattr(module, name)


def test_hostile_text_loads_nothing(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def load(*arguments: object) -> bool:
        asked.append(arguments)
        return False

    monkeypatch.setattr(QtGui.QImage, "load", load)
    monkeypatch.setattr(QtGui.QPixmap, "load", load)
    monkeypatch.setattr(QtGui.QTextDocument, "loadResource", load)
    monkeypatch.setattr(QtGui.QDesktopServices, "openUrl", load)
    chat.show(question("q", "\n".join(CORPUS)), *(answer(f"a{i}", text) for i, text in enumerate(CORPUS)))
    chat.view.grab()
    for index in range(len(CORPUS)):
        chat.view.set_current(index)
        chat.view.rendered_text(index)
    assert asked == []
    links = [url for i in range(1, len(CORPUS) + 1) for url in addresses(chat.view.rows.row(i).body)]
    assert {QUrl(url).scheme() for url in links} <= {"http"}


SHOW = """
import sys
from PySide6.QtWidgets import QApplication
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import Transcript
app = QApplication([])
view = Transcript(Theme("light"), lambda error: ("", ""))
view.resize(700, 700)
view.show()
for number, text in enumerate(sys.stdin.read().split("\\x1e")):
    message = Message(str(number), None, Role.ASSISTANT, [Part(PartKind.TEXT, text)], model=text)
    view.set_path([message], lambda one: [one])
    view.grab()
    message = Message(f"s{number}", None, Role.ASSISTANT, [], State.STREAMING, model=text)
    view.add_message(message)
    for at in range(0, len(text), 9):
        message.append(PartKind.TEXT, text[at : at + 9])
        view.append_text(message.id, PartKind.TEXT, text[at : at + 9])
        view.refresh()
    message.state = State.COMPLETE
    view.update_message(message.id)
    view.grab()
    view.link_hovered.emit(text)
    app.processEvents()
print("shown", number + 1)
"""


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed: no system call is watched"
)
def test_hostile_text_opens_no_file(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-e", "trace=openat,open,connect,stat,newfstatat", "-o", str(trace)]
    done = subprocess.run(
        [*command, sys.executable, "-c", SHOW],
        input="\x1e".join(CORPUS),
        capture_output=True,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        timeout=100,
    )
    assert f"shown {len(CORPUS)}" in done.stdout, done.stderr
    seen = trace.read_text("utf-8", "replace")
    assert "QtGui" in seen
    assert [line for line in seen.splitlines() if "canary" in line.lower()] == []


ADDRESSES = [
    "https://canary.invalid\u2215good.example/", "https://ⓒanary.invalid/", "https://ca\u200bnary.invalid/",
    "https://can\u00adary.invalid", "https://canary.invalid/\u202egpj.exe", 'https://canary.invalid/"onclick=x',
    "javascript:canary", "data:text/html,canary", "file:///canary", "//canary.invalid", "https:canary",
    "https://good.example\\@canary.invalid", "mailto:a@b.c?attach=/canary", "ms-msdt:/id", "HTTPS://A.INVALID",
]  # fmt: skip


def test_addresses_that_are_copied_say_where_they_lead(chat: Chat) -> None:
    message = answer("a", "\n\n".join(f"[t]({url}) <{url}> {url}" for url in ADDRESSES))
    for url in ADDRESSES:
        message.parts.append(Part(PartKind.CITATION, "", None, url, Citation(url, 0, 3)))
    chat.show(message)
    chat.view.trigger(0, Action.COPY)
    chat.qtbot.waitUntil(lambda: not chat.view.copier.is_busy)
    copied = QtGui.QGuiApplication.clipboard().mimeData().data("text/html").toStdString()
    targets = re.findall(r'href="([^"]*)"', copied)
    assert len(targets) > 10
    assert [url for url in targets if not re.fullmatch(r"https://[!-~]+", url)] == []
    assert not re.search(r"<(?!/?(?:html|head|meta|body|p|a|sup|br)\b)", copied)


def test_a_pdf_has_nothing_to_click_or_run(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "chat.pdf"
    messages = [answer(f"m{number}", text) for number, text in enumerate([*CORPUS[:30], *ADDRESSES])]
    device = QtGui.QPdfWriter(str(path))
    job = PrintJob(messages, "[x](https://canary.invalid)", Theme("light"), explain, device)
    with qtbot.waitSignal(job.finished, timeout=60_000):
        job.start()
    data = path.read_bytes()
    names = (b"/URI", b"/JS", b"/JavaScript", b"/Launch", b"/OpenAction", b"/EmbeddedFile", b"/Link")
    assert [name for name in names if name in data] == []
