"""Files and images from the composer to the wire, and over a restart."""

import base64
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.ui.attachments.chips import Chip
from desktop_chat.ui.hold_dialog import HoldDialog
from tests.end_to_end.driver import Driver, running, server_endpoint
from tests.server import Server, wire

Play = Callable[[Coroutine[Any, Any, None]], None]


def chips(app: Driver) -> list[Chip]:
    return app.window.chat.composer.chips.chips


async def attach(app: Driver, *paths: Path) -> None:
    """Drop files on the chat, and wait until they are read."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    attaching = app.window.chat.attaching
    assert attaching.take(data)
    await app.until(lambda: not attaching.intake.pending, "the files are read")


def picture(folder: Path) -> Path:
    made = QImage(40, 30, QImage.Format.Format_RGB32)
    made.fill(QColor("#336699"))
    path = folder / "graph.png"
    assert made.save(str(path))
    return path


def contents(body: Any, dialect: Dialect) -> list[Any]:
    """The parts of the newest message of the user."""
    messages = body["input"] if dialect is Dialect.RESPONSES else body["messages"]
    found = [message["content"] for message in messages if message.get("role") == "user"][-1]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("dialect", [Dialect.RESPONSES, Dialect.CHAT_COMPLETIONS])
def test_what_is_seen_is_what_leaves(play: Play, server: Server, tmp_path: Path, dialect: Dialect) -> None:
    (tmp_path / "worker.py").write_text("print('hello')\n")
    profile = tmp_path / "profile"

    async def story() -> None:
        async with running(profile, endpoint=server_endpoint(server.url, dialect)) as app:
            await attach(app, tmp_path / "worker.py", picture(tmp_path))
            await app.ask("What is this?")
            sent = app.path[0].attachments
            chat = app.window.chat.transcript
            await app.until(lambda: chat.rows.row(0).things.items[1].image is not None, "it is shown")
            (request,) = [r for r in server.requests if r.method == "POST"]
            parts = contents(request.json, dialect)
            text = next(part["text"] for part in parts if "text" in part)
            assert text.startswith("What is this?")
            assert "Content of the attached file `worker.py`:\n\n```\nprint('hello')\n```" in text
            (image,) = [part for part in parts if "image_url" in part]
            address = image["image_url"] if dialect is Dialect.RESPONSES else image["image_url"]["url"]
            head, _, encoded = address.partition(",")
            assert head == "data:image/png;base64"
            data = base64.b64decode(encoded, validate=True)
            assert data == await app.program.attachments.read(sent[1].data.hash)
            assert QImage.fromData(data).pixelColor(5, 5).name() == "#336699"

    server.default = wire.answer("A picture.")
    play(story())


def test_attachments_of_a_draft_are_there_after_a_restart(play: Play, server: Server, tmp_path: Path) -> None:
    profile = tmp_path / "profile"

    async def first_run() -> None:
        async with running(profile, endpoint=server_endpoint(server.url)) as app:
            await attach(app, picture(tmp_path))

    async def second_run() -> None:
        async with running(profile) as app:
            await app.until(lambda: len(chips(app)) == 1, "it is there")
            assert chips(app)[0].accessibleName().startswith("graph.png, ")
            QTest.keyClick(chips(app)[0], Qt.Key.Key_Delete)

    async def third_run() -> None:
        async with running(profile) as app:
            assert chips(app) == []

    play(first_run())
    play(second_run())
    play(third_run())


def test_a_file_that_is_not_taken_goes_as_text(play: Play, server: Server, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Remember the milk.")
    endpoint = server_endpoint(server.url)

    async def story() -> None:
        async with running(tmp_path / "profile", endpoint=endpoint) as app:
            await attach(app, tmp_path / "notes.txt")
            chips(app)[0].click()
            window = app.window.chat.attaching._windows[0]
            window.choice.setCurrentIndex(window.choice.findData(False))
            window.choice.activated.emit(0)
            window.close()
            app.send("Look")
            await app.until(lambda: app.window.findChildren(HoldDialog), "it is held")
            (card,) = app.window.findChildren(HoldDialog)
            assert "takes no files" in card.accessibleDescription()
            assert not [request for request in server.requests if request.method == "POST"]
            next(b for b in card.findChildren(QPushButton) if b.text() == "Send as text").click()
            await app.until(lambda: len(app.path) == 2 and not app.window.session.is_busy, "it is answered")
            (request,) = [r for r in server.requests if r.method == "POST"]
            assert "Remember the milk." in request.body.decode()
            assert chips(app) == []

    server.default = wire.answer("Yes.")
    play(story())


def test_what_looks_secret_is_held(play: Play, server: Server, tmp_path: Path) -> None:
    key = "sk-proj-" + "Ab3" * 20
    (tmp_path / "settings.env").write_text(f"OPENAI_API_KEY={key}\n")

    async def story() -> None:
        async with running(tmp_path / "profile", endpoint=server_endpoint(server.url)) as app:
            await attach(app, tmp_path / "settings.env")
            app.send("Why does this fail?")
            await app.until(lambda: app.window.findChildren(HoldDialog), "it is held")
            (card,) = app.window.findChildren(HoldDialog)
            assert card.windowTitle() == "This looks like a secret"
            assert "sk-proj" in card.accessibleDescription()
            assert key not in card.accessibleDescription()
            assert not [b for b in card.findChildren(QPushButton) if b.isDefault()]
            next(b for b in card.findChildren(QPushButton) if b.text() == "Cancel").click()
            assert len(chips(app)) == 1, "nothing is lost"
            assert not [request for request in server.requests if request.method == "POST"]

    play(story())
