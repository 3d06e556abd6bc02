"""Seeing what will be sent, choosing how, and opening what was sent."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton

from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, file_text
from desktop_chat.ui.attachments.viewer import PIECE, AttachmentWindow
from desktop_chat.ui.transcript.row_actions import Action
from tests.ui.attachments.conftest import attach, chips, composer, image, parts
from tests.ui.shell.conftest import Running, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


async def opened(running: Running) -> AttachmentWindow:
    """The window that was opened last."""
    await until(lambda: running.window.findChildren(AttachmentWindow))
    return running.window.findChildren(AttachmentWindow)[-1]


def said(window: AttachmentWindow, name: str = "sentAs") -> str:
    found = window.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    return found.text()


def choose(window: AttachmentWindow, value: object) -> None:
    window.choice.setCurrentIndex(window.choice.findData(value))
    window.choice.activated.emit(window.choice.currentIndex())


def data_of(part: Part) -> Attachment:
    assert isinstance(part.data, Attachment)
    return part.data


async def test_an_image_is_shown_as_it_is_sent(running: Running, tmp_path: Path) -> None:
    image(3000, 1500).save(str(tmp_path / "a.png"))
    await attach(running, tmp_path / "a.png")
    QTest.keyClick(chips(running)[0], Qt.Key.Key_Return)
    window = await opened(running)
    await until(lambda: window.picture.image)
    assert window.picture.image is not None
    assert window.picture.image.size().toTuple() == (2048, 1024)
    assert said(window).startswith("The image as you see it is sent: 2,048 × 1,024 pixels")
    assert "1.1k tokens" in said(window)
    shown = window.picture.widget()
    assert shown.width() <= window.picture.width()
    next(b for b in window.findChildren(QPushButton) if b.text() == "Actual size").click()
    assert shown.width() == round(2048 / window.devicePixelRatioF())
    window.resize(1, 1)
    await until(lambda: window.width() == window.minimumWidth())
    for each in (window.choice, *(b for b in window.findChildren(QPushButton) if b.isVisible())):
        assert each.width() >= each.minimumSizeHint().width(), "cut off"
    window.close()


async def test_the_detail_of_an_image_is_chosen(running: Running, tmp_path: Path) -> None:
    assert running.window.session is not None
    running.window.session.set_model("demo", "gpt-4o")
    image(3000, 1500).save(str(tmp_path / "a.png"))
    before = (await attach(running, tmp_path / "a.png"))[0]
    chips(running)[0].click()
    window = await opened(running)
    assert [window.choice.itemData(i) for i in range(4)] == ["auto", "low", "high", "original"]
    choose(window, "low")
    await until(lambda: data_of(parts(running)[0]).detail == "low")
    assert (data_of(parts(running)[0]).width, data_of(parts(running)[0]).height) == (512, 256)
    assert chips(running)[0].accessibleName() == "a.png, 85 tokens"
    choose(window, "auto")
    await until(lambda: data_of(parts(running)[0]).detail == "auto")
    assert parts(running)[0] == before, "drawn from what it was, not from what was sent of it"
    window.close()


async def test_text_is_shown_as_it_is_sent_and_the_file_can_be_sent_instead(
    running: Running, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("print('hello')")
    await attach(running, tmp_path / "a.py")
    chips(running)[0].click()
    window = await opened(running)
    assert window.text.toPlainText() == file_text(parts(running)[0])
    assert window.text.isReadOnly()
    choose(window, False)
    await until(lambda: not data_of(parts(running)[0]).as_text)
    assert said(window).startswith("The file itself is sent, as it is: 14 bytes")
    assert not window.text.isVisible()
    choose(window, True)
    await until(lambda: data_of(parts(running)[0]).as_text)
    window.close()


@pytest.mark.parametrize("text", ["x" * 400_000, "some words\n" * 36_000], ids=["word", "lines"])
async def test_a_long_text_is_laid_out_as_it_is_scrolled_to(
    running: Running, tmp_path: Path, text: str
) -> None:
    (tmp_path / "a.txt").write_text(text)
    whole = file_text((await attach(running, tmp_path / "a.txt"))[0])
    chips(running)[0].click()
    window = await opened(running)
    bar = window.text.verticalScrollBar()
    seen = [window.text.toPlainText()]
    while len(seen[-1]) < len(whole) and len(seen) < 20:
        assert whole.startswith(seen[-1])
        bar.setValue(bar.maximum())
        seen.append(window.text.toPlainText())
    assert seen[-1] == whole
    assert len(seen[0]) <= 3 * PIECE, "what is not seen is not laid out"
    window.close()


async def test_one_window_for_one_attachment(running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('hello')")
    await attach(running, tmp_path / "a.py")
    chips(running)[0].click()
    window = await opened(running)
    chips(running)[0].click()
    assert len(running.window.findChildren(AttachmentWindow)) == 1
    composer(running).remove_attachment(0)
    choose(window, False)
    assert parts(running) == (), "what was removed does not come back"
    window.close()


async def test_it_is_saved_where_the_user_says(running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('hello')")
    await attach(running, tmp_path / "a.py")
    chips(running)[0].click()
    window = await opened(running)
    save = next(b for b in window.findChildren(QPushButton) if b.text() == "Save as…")
    await until(save.isEnabled)
    save.click()
    dialog = window.findChild(QFileDialog, "saveDialog")
    assert isinstance(dialog, QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "b.py"))
    dialog.close()
    await until((tmp_path / "b.py").exists)
    assert (tmp_path / "b.py").read_text() == "print('hello')"
    window.close()


async def test_what_was_sent_is_opened_from_the_transcript(running: Running, tmp_path: Path) -> None:
    image().save(str(tmp_path / "a.png"))
    (tmp_path / "b.txt").write_text("some text")
    await attach(running, tmp_path / "a.png", tmp_path / "b.txt")
    composer(running).send_button.click()
    session = running.window.session
    assert session is not None
    await until(lambda: len(session.tree) == 2 and not session.is_busy)
    view = running.window.chat.transcript
    row = view.rows.row(0)
    found = [button for button in row.buttons() if button.action is Action.OPEN]
    assert [button.label for button in found] == ["Open a.png", "Open b.txt"]
    await until(lambda: row.things.items[0].image is not None)
    view.trigger(0, Action.OPEN, found[1])
    window = await opened(running)
    assert window.text.toPlainText() == file_text(session.tree.path[0].attachments[1])
    assert not window.choice.isVisible(), "what was sent is not changed any more"
    window.close()
    menu = view.menu(0)
    entries = [action.text() for action in menu.actions()]
    assert "Open attachment" in entries
    menu.deleteLater()


async def test_an_image_at_an_address_is_named_and_not_fetched(running: Running) -> None:
    await running.chat("Chat")
    where = Attachment("", url="https://example.com/cat.png")
    message = Message("m", None, Role.USER, [Part(PartKind.IMAGE, name="cat.png", data=where)])
    view = running.window.chat.transcript
    view.set_path([message], lambda _id: ["m"])
    (item,) = view.rows.row(0).things.items
    assert (item.label, item.detail, item.icon) == ("cat.png", "example.com", "link")
    view.attachment_requested.emit(message.parts[0])
    window = await opened(running)
    assert window.text.toPlainText() == "https://example.com/cat.png"
    assert window.picture.image is None
    window.close()


async def test_what_is_gone_from_the_disk_is_said(running: Running) -> None:
    gone = Part(PartKind.IMAGE, name="a.png", data=Attachment("0" * 64, "image/png", 9, 5, 5))
    running.window.chat.attaching.open(gone)
    window = await opened(running)
    await until(lambda: "not on this computer" in said(window))
    window.close()
