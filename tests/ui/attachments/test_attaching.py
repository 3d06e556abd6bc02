"""What is attached, from wherever it comes: seen above the text, sent with it, kept until then."""

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QWidget

from desktop_chat.domain.endpoint import DEMO_ENDPOINT
from desktop_chat.domain.message import Attachment, Draft, Part, PartKind, Role
from desktop_chat.ui.attachments.drop_area import DropArea
from desktop_chat.ui.attachments.sources import Way, has_offers, offers
from tests.helpers.bench import listed
from tests.ui.attachments.conftest import attach, chips, composer, encoded, image, mime, parts, read
from tests.ui.shell.conftest import Running, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def data_of(part: Part) -> Attachment:
    assert isinstance(part.data, Attachment)
    return part.data


def told(running: Running, name: str) -> str:
    found = composer(running).findChild(QLabel, name)
    assert isinstance(found, QLabel)
    return found.text() if found.isVisible() else ""


async def test_files_and_images_are_chips_above_the_text(running: Running, tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text("print('hello')\n" * 300)
    image(1024, 1024).save(str(tmp_path / "graph.png"))
    code, picture = await attach(running, tmp_path / "worker.py", tmp_path / "graph.png")
    assert (code.kind, code.name, data_of(code).as_text) == (PartKind.FILE, "worker.py", True)
    assert code.text.splitlines() == ["print('hello')"] * 300
    assert (picture.kind, data_of(picture).width) == (PartKind.IMAGE, 1024)
    names = [chip.accessibleName() for chip in chips(running)]
    assert names == ["worker.py, 1.1k tokens", "graph.png, 765 tokens"]
    assert "Delete removes it" in chips(running)[0].accessibleDescription()
    kept = await running.chats.attachments.read(data_of(code).hash)
    assert kept == (tmp_path / "worker.py").read_bytes()


async def test_a_message_of_attachments_alone_is_sent_with_them(running: Running, tmp_path: Path) -> None:
    image().save(str(tmp_path / "a.png"))
    assert not composer(running).send_button.isEnabled()
    sent = await attach(running, tmp_path / "a.png")
    assert composer(running).send_button.isEnabled()
    composer(running).send_button.click()
    session = running.window.session
    assert session is not None
    await until(lambda: parts(running) == () and not session.is_busy)
    assert session.tree.path[0].parts == list(sent)
    assert chips(running) == []
    assert not composer(running).chips.isVisible()
    assert running.chats.drafts == {}


async def test_attachments_of_a_draft_are_kept_with_it(running: Running, tmp_path: Path) -> None:
    image().save(str(tmp_path / "a.png"))
    kept = await attach(running, tmp_path / "a.png")
    composer(running).flush_draft()
    await running.chats.outbox.settle()
    assert await running.store.drafts() == {"new": Draft("", tuple(kept))}
    await running.chat("Another chat")
    assert parts(running) == ()
    running.window.new_chat()
    assert parts(running) == tuple(kept)
    composer(running).remove_attachment(0)
    composer(running).flush_draft()
    await running.chats.outbox.settle()
    assert await running.store.drafts() == {}


async def test_what_is_read_while_another_chat_is_opened_stays_with_the_first(
    running: Running, tmp_path: Path
) -> None:
    await running.chat("Another chat")
    running.window.new_chat()
    (tmp_path / "a.txt").write_text("a")
    running.window.chat.attaching.take(mime(tmp_path / "a.txt"))
    running.window.open_chat((await listed(running.chats))[0].id)
    await until(lambda: running.chats.draft("new").parts)
    assert running.chats.draft("new").parts[0].name == "a.txt"
    assert parts(running) == ()


async def test_attachments_of_a_message_that_is_edited(running: Running, tmp_path: Path) -> None:
    await running.chat("Chat")
    for name in ("first", "second"):
        image(color="#102030" if name == "first" else "#aabbcc").save(str(tmp_path / f"{name}.png"))
    session = running.window.session
    assert session is not None
    await attach(running, tmp_path / "first.png")
    composer(running).text_edit.setPlainText("Look")
    composer(running).send_button.click()
    await until(lambda: len(session.tree.path) == 4 and not session.is_busy)
    draft = await attach(running, tmp_path / "second.png")
    running.window.chat.edit_last()
    assert [part.name for part in parts(running)] == ["first.png"]
    composer(running).remove_attachment(0)
    QTest.keyClick(composer(running).text_edit, Qt.Key.Key_Escape)
    assert parts(running) == tuple(draft), "the draft comes back with its own"
    running.window.chat.edit_last()
    assert [part.name for part in parts(running)] == ["first.png"], "what was cancelled changed nothing"
    composer(running).remove_attachment(0)
    await attach(running, tmp_path / "second.png")
    composer(running).send_button.click()
    await until(lambda: composer(running).editing is None and not session.is_busy)
    mine = [message for message in session.tree.path if message.role is Role.USER]
    assert [part.name for part in mine[-1].attachments] == ["second.png"]
    assert parts(running) == tuple(draft)


@pytest.mark.parametrize("by_command", [False, True])
async def test_files_are_chosen_in_a_dialog(running: Running, tmp_path: Path, by_command: bool) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    entry = running.window.actions_["attach"] if by_command else composer(running).attach.ways[Way.FILE]
    entry.trigger()
    dialog = running.window.findChild(QFileDialog, "attachDialog")
    assert isinstance(dialog, QFileDialog)
    assert dialog.fileMode() is QFileDialog.FileMode.ExistingFiles
    dialog.filesSelected.emit([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    dialog.close()
    await read(running)
    assert [part.text for part in parts(running)] == ["one", "two"]


async def test_an_image_is_pasted(running: Running) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setImage(image(30, 20))
    menu = composer(running).attach.menu()
    menu.aboutToShow.emit()
    assert composer(running).attach.ways[Way.PASTE].isEnabled()
    composer(running).text_edit.paste()
    clipboard.clear()
    await read(running)
    assert [(part.name, data_of(part).width) for part in parts(running)] == [("Image.png", 30)]
    assert composer(running).text == ""
    menu.aboutToShow.emit()
    assert not composer(running).attach.ways[Way.PASTE].isEnabled()


async def test_the_text_of_a_spreadsheet_is_pasted_and_not_its_picture(running: Running) -> None:
    cells = QMimeData()
    cells.setText("1\t2\n3\t4")
    cells.setData("image/png", encoded(image()))
    composer(running).text_edit.insertFromMimeData(cells)
    await read(running)
    assert composer(running).text == "1\t2\n3\t4"
    assert parts(running) == ()


BOTH = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction


def drop(running: Running, data: QMimeData, over: QWidget, actions: Qt.DropAction = BOTH) -> bool:
    """Drag over a widget and drop there, as the platform tells it; whether it was taken."""
    at = QPointF(over.rect().center())
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at.toPoint(), actions, data, left, none)
    QApplication.sendEvent(over, enter)
    area = running.window.chat.findChild(DropArea)
    assert isinstance(area, DropArea)
    assert area.isVisible() == enter.isAccepted()
    event = QDropEvent(at, actions, data, left, none)
    QApplication.sendEvent(over, event)
    assert not area.isVisible()
    assert not event.isAccepted() or event.dropAction() is Qt.DropAction.CopyAction, "a file would be deleted"
    return event.isAccepted()


async def test_files_are_dropped_on_the_chat(running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    assert drop(running, mime(tmp_path / "a.txt"), running.window.chat)
    await read(running)
    assert [part.name for part in parts(running)] == ["a.txt"]
    assert not drop(running, mime(tmp_path / "a.txt"), running.window.chat, Qt.DropAction.MoveAction)
    words = QMimeData()
    words.setText("just words")
    assert not drop(running, words, running.window.chat)
    over_text = mime(tmp_path / "a.txt")
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), BOTH, over_text, left, none)
    QApplication.sendEvent(composer(running).text_edit.viewport(), enter)
    assert composer(running).text == "", "a file over the text is the chat's, too"


def dragged_from_a_page(address: str, *, data: bytes = b"") -> QMimeData:
    made = QMimeData()
    made.setUrls([QUrl(address)])
    made.setHtml(f'<img src="{address}">')
    made.setText(address)
    if data:
        made.setData("image/png", data)
    return made


async def test_an_image_of_a_page_is_taken_as_it_was_dragged(running: Running) -> None:
    assert drop(
        running, dragged_from_a_page("https://example.com/a.png", data=encoded(image())), running.window.chat
    )
    await read(running)
    (part,) = parts(running)
    assert (data_of(part).width, data_of(part).url) == (60, "")


async def test_an_address_that_is_dragged_is_asked_about_and_never_fetched(running: Running) -> None:
    assert drop(running, dragged_from_a_page("https://example.com/a.png"), running.window.chat)
    card = running.window.findChild(QWidget, "imageAddress")
    assert isinstance(card, QWidget)
    assert card.isVisible()
    assert running.window.chat.attaching.intake.pending == []
    assert parts(running) == ()
    card.close()
    assert not has_offers(dragged_from_a_page("https://example.com/a.png"))
    assert not running.window.chat.attaching.wants(dragged_from_a_page("http://example.com/a.png"))


async def test_a_file_of_another_computer_is_not_asked_for(running: Running) -> None:
    data = QMimeData()
    data.setUrls([QUrl("file://evil.example/share/a.png")])
    assert len(offers(data)) == 1
    running.window.chat.attaching.take(data)
    await read(running)
    assert parts(running) == ()
    assert "on another computer" in told(running, "attachNote")


async def test_what_is_no_file_is_told(running: Running, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    await attach(running, tmp_path / "folder")
    assert told(running, "attachNote") == "“folder” was not attached. It is a folder, not a file."
    (tmp_path / "a.txt").write_text("one")
    await attach(running, tmp_path / "a.txt")
    assert told(running, "attachNote") == "", "the next one takes the note away"


async def test_an_archive_goes_nowhere_where_files_are_not_taken(running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    await attach(running, tmp_path / "a.zip")
    assert parts(running) == ()
    assert "“a.zip” was not attached." in told(running, "attachNote")


async def test_what_the_endpoint_does_not_take_is_told_before_it_is_sent(
    running: Running, tmp_path: Path
) -> None:
    image().save(str(tmp_path / "a.png"))
    await attach(running, tmp_path / "a.png")
    assert told(running, "attachDoubt") == ""
    assert DEMO_ENDPOINT.takes_images
    part = parts(running)[0]
    large = Part(part.kind, name="b.png", data=Attachment("0" * 64, "image/png", 30_000_000, 10, 10))
    composer(running).set_attachments([part, large])
    assert told(running, "attachDoubt") == "b.png is larger than 20 MB."
    composer(running).remove_attachment(1)
    assert told(running, "attachDoubt") == ""


async def test_the_meter_counts_what_is_attached(running: Running, tmp_path: Path) -> None:
    image(1024, 1024).save(str(tmp_path / "a.png"))
    await attach(running, tmp_path / "a.png")
    meter = composer(running).meter
    await until(lambda: "tokens" in meter.text() and int(_number(meter.text())) >= 765)
    composer(running).remove_attachment(0)
    assert meter.text() == "0 tokens"


def _number(text: str) -> str:
    return "".join(c for c in text.partition(" tokens")[0] if c.isdigit()) or "0"


async def test_nothing_is_sent_while_a_file_is_read_and_reading_can_be_stopped(
    running: Running, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("one")
    composer(running).text_edit.setPlainText("Look at this")
    attaching = running.window.chat.attaching
    attaching.take(mime(tmp_path / "a.txt"))
    assert not composer(running).send_button.isEnabled()
    QTest.keyClick(composer(running).text_edit, Qt.Key.Key_Return)
    assert composer(running).text == "Look at this"
    attaching._show_reading()
    (chip,) = chips(running)
    assert chip.accessibleName() == "a.txt, reading…"
    QTest.keyClick(chip, Qt.Key.Key_Delete)
    assert attaching.intake.pending == []
    assert chips(running) == []
    assert composer(running).send_button.isEnabled()
    assert parts(running) == ()


async def test_chips_by_keyboard(running: Running, tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    running.window.activateWindow()
    await until(lambda: QApplication.activeWindow() is running.window)
    await attach(running, *(tmp_path / f"{name}.txt" for name in "abc"))
    text = composer(running).text_edit
    text.setFocus()
    QTest.keyClick(text, Qt.Key.Key_Tab)
    assert chips(running)[0].hasFocus()
    QTest.keyClick(chips(running)[0], Qt.Key.Key_Tab)
    assert composer(running).attach.hasFocus(), "one stop for all of them"
    text.setFocus()
    QTest.keyClick(text, Qt.Key.Key_Backspace)
    assert chips(running)[2].hasFocus(), "Backspace in an empty text goes back to the last"
    QTest.keyClick(chips(running)[2], Qt.Key.Key_Left)
    assert chips(running)[1].hasFocus()
    assert [chip.focusPolicy() for chip in chips(running)].count(Qt.FocusPolicy.TabFocus) == 1
    QTest.keyClick(chips(running)[1], Qt.Key.Key_Delete)
    assert [part.name for part in parts(running)] == ["a.txt", "c.txt"]
    assert chips(running)[1].hasFocus()
    QTest.keyClick(chips(running)[1], Qt.Key.Key_Backspace)
    QTest.keyClick(chips(running)[0], Qt.Key.Key_Backspace)
    assert parts(running) == ()
    assert text.hasFocus()


async def test_a_click_on_the_cross_removes_and_the_menu_too(running: Running, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text(name)
    await attach(running, tmp_path / "a.txt", tmp_path / "b.txt")
    chip = chips(running)[0]
    QTest.mouseClick(
        chip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(chip.width() - 8, 10)
    )
    assert [part.name for part in parts(running)] == ["b.txt"]
    menu = chips(running)[0].menu()
    assert [action.text() for action in menu.actions()] == ["Open", "Remove\tDel"]
    menu.actions()[1].trigger()
    assert parts(running) == ()


async def test_screen_readers_find_the_button_and_the_chips(running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    await attach(running, tmp_path / "a.txt")
    button = QAccessible.queryAccessibleInterface(composer(running).attach)
    assert button.text(QAccessible.Text.Name) == "Attach"
    assert button.role() in (QAccessible.Role.PushButton, QAccessible.Role.ButtonMenu)
    chip = QAccessible.queryAccessibleInterface(chips(running)[0])
    assert chip.role() is QAccessible.Role.PushButton


async def test_many_chips_scroll_in_a_narrow_window(running: Running, tmp_path: Path) -> None:
    paths = [tmp_path / f"a rather long name of a file {number}.txt" for number in range(10)]
    for path in paths:
        path.write_text("x")
    running.window.resize(480, 600)
    await attach(running, *paths)
    area = composer(running).chips
    assert area.height() < 4 * chips(running)[0].height() + 30
    assert area.verticalScrollBar().maximum() > 0
    assert all(chip.geometry().right() <= area.viewport().width() for chip in chips(running))
    area.focus(-1)
    last = chips(running)[-1]
    shown = last.mapTo(area.viewport(), QPoint(0, last.height() - 1)).y()
    assert 0 <= shown <= area.viewport().height()


async def test_leaving_the_drag_takes_the_words_away(running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    data = mime(tmp_path / "a.txt")
    chat = running.window.chat
    event = QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(chat, event)
    area = chat.findChild(DropArea)
    assert isinstance(area, DropArea)
    assert area.isVisible()
    QApplication.sendEvent(chat, QEvent(QEvent.Type.DragLeave))
    assert not area.isVisible()
