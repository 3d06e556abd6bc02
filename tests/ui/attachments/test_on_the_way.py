"""What is still being read while the user goes on: it ends up where it was meant to go, or nowhere."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from desktop_chat.session import ChatSession
from tests.ui.attachments.conftest import attach, composer, image, mime, parts, read
from tests.ui.shell.conftest import Running, until


@pytest.fixture
def late(tmp_path: Path) -> Path:
    """A file that is read while something else happens."""
    path = tmp_path / "late.txt"
    path.write_text("late")
    return path


async def edited(running: Running, tmp_path: Path) -> ChatSession:
    """A chat whose last message, with an image, is being edited."""
    await running.chat("Chat")
    image().save(str(tmp_path / "first.png"))
    session = running.window.session
    assert session is not None
    await attach(running, tmp_path / "first.png")
    composer(running).text_edit.setPlainText("Look")
    composer(running).send_button.click()
    await until(lambda: len(session.tree.path) == 4 and not session.is_busy and not parts(running))
    running.window.chat.edit_last()
    return session


async def test_what_is_dropped_while_a_chat_is_stored_stays_in_it(running: Running, late: Path) -> None:
    session = running.window.session
    assert session is not None
    composer(running).text_edit.setPlainText("Hello")
    composer(running).send_button.click()
    assert not session.is_stored
    running.window.chat.attaching.take(mime(late))
    await until(lambda: session.is_stored)
    await read(running)
    assert [part.name for part in parts(running)] == ["late.txt"]
    assert running.chats.draft("new").parts == ()


async def test_what_is_attached_once_more_while_it_is_sent_stays(running: Running, tmp_path: Path) -> None:
    session = running.window.session
    assert session is not None
    image().save(str(tmp_path / "a.png"))
    sent = await attach(running, tmp_path / "a.png")
    composer(running).send_button.click()
    composer(running).set_attachments([*sent, *sent])
    await until(lambda: session.is_stored and not session.is_busy)
    assert parts(running) == tuple(sent)
    assert session.tree.path[0].attachments == list(sent)


async def test_what_is_read_for_an_edit_goes_with_it(running: Running, tmp_path: Path, late: Path) -> None:
    await edited(running, tmp_path)
    running.window.chat.attaching.take(mime(late))
    QTest.keyClick(composer(running).text_edit, Qt.Key.Key_Escape)
    assert running.window.chat.attaching.intake.pending == []
    await attach(running, tmp_path / "first.png")
    assert [part.name for part in parts(running)] == ["first.png"]
    composer(running).flush_draft()
    assert list(running.chats.drafts) == [running.shown_id], "no edit was begun anew"


async def test_an_edit_that_is_left_while_a_file_is_read_keeps_all_it_had(
    running: Running, tmp_path: Path, late: Path
) -> None:
    session = await edited(running, tmp_path)
    running.window.chat.attaching.take(mime(late))
    message = composer(running).editing
    assert message is not None
    running.window.new_chat()
    await until(lambda: len(running.chats.draft(message).parts) == 2)
    assert parts(running) == ()
    running.window.open_chat(session.conversation.id)
    await until(lambda: composer(running).editing == message)
    assert composer(running).text == "Look"
    assert [part.name for part in parts(running)] == ["first.png", "late.txt"]


async def test_of_several_that_are_refused_each_is_told_up_to_three(running: Running, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(5)]
    for path in paths:
        path.touch()
    running.window.chat.attaching.take(mime(*paths[:2]))
    await read(running)
    note = composer(running).findChild(QLabel, "attachNote")
    assert isinstance(note, QLabel)
    told = [f"“{path.name}” was not attached. It is empty." for path in paths]
    assert note.text().splitlines() == told[:2]
    running.window.chat.attaching.take(mime(*paths))
    await read(running)
    assert note.text().splitlines() == [*told[:3], "And 2 more."]


async def test_a_text_that_is_cut_is_told_of_when_it_is_attached(running: Running, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("word " * 500_000)
    (part,) = await attach(running, tmp_path / "log.txt")
    assert len(part.text) < 2_100_000
    note = composer(running).findChild(QLabel, "attachNote")
    assert isinstance(note, QLabel)
    assert note.text() == "“log.txt” was attached as text. Only the first 2,000,000 characters were read."
