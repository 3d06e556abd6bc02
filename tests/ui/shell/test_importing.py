"""Importing in the window: what was found is shown, then added; what was skipped can be copied."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox, QPlainTextEdit, QPushButton

from desktop_chat.domain.listing import View
from desktop_chat.ui.importing.dialog import ImportDialog, Report
from tests.importing.exports import DATA, chatgpt_chat, write_json
from tests.ui.shell.conftest import Running, until


async def dialog_of(running: Running) -> ImportDialog:
    await until(lambda: running.window.findChild(ImportDialog) is not None)
    found = running.window.findChild(ImportDialog)
    assert found is not None
    return found


def said(dialog: ImportDialog | Report) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


async def finish(running: Running, words: str) -> str:
    bar = running.window.importing.bar
    await until(lambda: words in bar.accessibleDescription())
    return bar.accessibleDescription()


def press(dialog: ImportDialog | Report, text: str) -> None:
    next(button for button in dialog.findChildren(QPushButton) if button.text() == text).click()


async def test_what_was_found_is_shown_before_it_is_added(running: Running) -> None:
    running.window.import_chats()
    where = running.window.findChild(QFileDialog)
    assert where is not None
    where.filesSelected.emit([str(DATA / "claude.json"), str(DATA / "chatgpt" / "user.json")])
    where.reject()
    dialog = await dialog_of(running)
    assert "From Claude: “claude.json”" in said(dialog)
    assert "2 chats\nNotes on <i>rye</i>\nAn old message without blocks" in said(dialog)
    assert "user.json: No chats of a program that is known are in it." in said(dialog)
    assert len(await running.chats.listing(View())) == 0
    dialog.import_button.click()
    assert await finish(running, "added.") == "2 chats with 6 messages added. 1 record skipped."
    assert len(await running.chats.listing(View())) == 2
    assert [folder.name for folder in running.chats.folders] == ["Baking"]


async def test_what_was_skipped_can_be_copied(running: Running) -> None:
    running.window.importing.run([DATA / "chatgpt", DATA / "chatbox.json"])
    await finish(running, "skipped")
    running.window.importing.bar.pressed.emit()
    await until(lambda: running.window.findChild(Report) is not None)
    report = running.window.findChild(Report)
    assert report is not None
    text = report.findChild(QPlainTextEdit)
    assert text is not None
    assert "conversations-000.json, record 2: It was left out" in text.toPlainText()
    assert "taken for an answer" in text.toPlainText()
    press(report, "Copy")
    assert QGuiApplication.clipboard().text() == text.toPlainText()
    press(report, "Close")
    assert not report.isVisible()


async def test_files_that_are_dropped_on_the_chats_are_imported(running: Running) -> None:
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(DATA / "librechat.json"))])
    sidebar = running.window.sidebar
    drop = QDropEvent(
        QPointF(QPoint(20, 200)),
        Qt.DropAction.CopyAction,
        files,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    sidebar.dropEvent(drop)
    dialog = await dialog_of(running)
    assert "From LibreChat" in said(dialog)
    press(dialog, "Cancel")
    await until(lambda: running.window.findChild(ImportDialog) is None)
    assert len(await running.chats.listing(View())) == 0


async def test_what_is_no_export_is_said_to_be_none(running: Running, tmp_path: Path) -> None:
    (tmp_path / "letter.json").write_text("Dear reader", "utf-8")
    running.window.importing.take([tmp_path / "letter.json"])
    await until(lambda: running.window.findChild(QMessageBox) is not None)
    box = running.window.findChild(QMessageBox)
    assert box is not None
    assert "letter.json: It cannot be read: it is no JSON." in box.informativeText() + box.text()
    box.reject()


async def test_an_import_can_be_cancelled(running: Running, tmp_path: Path) -> None:
    path = write_json(tmp_path / "conversations.json", [chatgpt_chat(n) for n in range(1_500)])
    importing = running.window.importing
    importing.run([path])
    importing.bar.pressed.emit()
    assert await finish(running, "cancelled") == "Nothing was added. The rest was cancelled."
    assert len(await running.chats.listing(View())) == 0


async def test_what_is_imported_is_found(running: Running) -> None:
    running.window.importing.run([DATA / "claude.json"])
    await finish(running, "added.")
    await running.chats.indexing.settled()
    (conversation,) = [
        found
        for found in await running.chats.page((await running.chats.listing(View())).seqs)
        if found.folder is not None
    ]
    running.window.open_chat(conversation.id)
    await until(lambda: running.shown_id == conversation.id)
    assert running.window.session is not None
    assert [message.text for message in running.window.session.tree.path][-1] == "Thanks"
