"""A file of the chats that is damaged, gone, read-only or taken away: through the program's window."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox, QLabel, QMessageBox, QPushButton, QWidget

from desktop_chat.storage import Reason
from desktop_chat.ui.backups import BackupsWindow
from tests.end_to_end.driver import Driver, running
from tests.end_to_end.test_story import Play
from tests.helpers.bench import listed
from tests.helpers.stored import conversations_of
from tests.storage.damage import history
from tests.storage.samples import begun, opened


def told(app: Driver) -> str:
    return app.find(QWidget, "problem").accessibleDescription()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def damaged(folder: Path) -> str:
    """Damage the beginning of the file; the digest of what it is then."""
    database = folder / "chats.db"
    database.write_bytes(bytes(100) + database.read_bytes()[100:])
    return digest(database)


async def some(folder: Path) -> None:
    """A chat, a backup, and another chat."""
    async with opened(folder) as store:
        await begun(store)
        await store.back_up(Reason.REGULAR)
        await begun(store)


def delete(folder: Path) -> None:
    for file in folder.glob("chats.db*"):
        file.unlink()


def kept(folder: Path) -> str:
    (file,) = (folder / "backups").glob("*-damaged.db")
    return digest(file)


@pytest.mark.parametrize(
    ("press", "chats"), [("Use the backup", 1), ("Save what is readable", 2), ("Begin anew", 0)]
)
def test_a_damaged_file_is_kept_and_the_user_chooses(
    play: Play, tmp_path: Path, press: str, chats: int
) -> None:
    async def story() -> None:
        await some(tmp_path)
        before = damaged(tmp_path)
        async with running(tmp_path, opens=False) as app:
            await app.until(lambda: app.is_shown("problem"), "the user is asked")
            assert "newest good backup" in told(app)
            assert digest(tmp_path / "chats.db") == before
            app.press(press)
            await app.until(lambda: app.program.store is not None, "the database is open")
            assert len(await listed(app.program.chats)) == chats
            assert kept(tmp_path) == before

    play(story())


def test_a_file_that_is_gone_is_asked_about(play: Play, tmp_path: Path) -> None:
    async def story() -> None:
        await some(tmp_path)
        (tmp_path / "chats.db").unlink()
        async with running(tmp_path, opens=False) as app:
            await app.until(lambda: app.is_shown("problem"), "the user is asked")
            assert "missing" in told(app)
            assert "Save what is readable" not in [
                each.text() for each in app.window.findChildren(QPushButton)
            ]
            app.press("Other backups…")
            await app.until(lambda: app.is_shown("backups"), "the backups are shown")
            window = app.window.findChild(BackupsWindow)
            await app.until(lambda: window.copies.model().rowCount() == 1, "the backups are listed")
            window.replace.click()
            await app.until(lambda: app.program.store is not None, "the database is open")
            assert len(await listed(app.program.chats)) == 1

    play(story())


def test_a_file_that_is_gone_is_asked_about_where_all_backups_are_elsewhere(
    play: Play, tmp_path: Path
) -> None:
    profile, elsewhere = tmp_path / "profile", tmp_path / "elsewhere"

    async def story() -> None:
        async with running(profile) as app:
            app.program.settings.change(backup_folder=str(elsewhere))
            await app.program._keeping.back_up(Reason.ASKED)
        delete(profile)
        async with running(profile, opens=False) as app:
            await app.until(lambda: app.is_shown("problem"), "the user is asked")
            app.press("Use the backup")
            await app.until(lambda: app.program.store is not None, "the database is open")

    play(story())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody delete an open file")
def test_a_file_that_is_deleted_meanwhile_is_written_again_and_told(play: Play, tmp_path: Path) -> None:
    async def story() -> None:
        await some(tmp_path)
        async with running(tmp_path) as app:
            await app.until(lambda: app.program._opened.is_set(), "the database is open")
            await app.until(lambda: app.program._chats_watcher is not None, "the file is watched")
            delete(tmp_path)
            await app.until(lambda: app.is_shown("problem"), "the user is told")
            assert "deleted while the program runs" in told(app)
        async with opened(tmp_path) as store:
            assert len(await conversations_of(store)) == 2

    play(story())


def test_what_cannot_be_written_is_read(play: Play, ordinary_user: Path) -> None:
    folder = ordinary_user / "profile"

    async def story() -> None:
        await some(folder)
        (folder / "chats.db").chmod(0o400)
        async with running(folder) as app:
            assert len(await listed(app.program.chats)) == 2
            await app.until(
                lambda: any(
                    "read-only" in bar.accessibleDescription()
                    for bar in app.window.findChildren(QWidget, "noticeBar")
                ),
                "the user is told",
            )

    play(story())


class TestBackupsWindow:
    async def shown(self, app: Driver) -> BackupsWindow:
        app.program.dialogs.show_backups()
        window = app.window.findChild(BackupsWindow)
        await app.until(lambda: window.copies.model().rowCount() > 0, "the backups are listed")
        await app.until(lambda: "in this backup" in window.status.text(), "the backup is read")
        return window

    def test_a_chat_is_looked_at_and_comes_back(self, play: Play, tmp_path: Path) -> None:
        async def story() -> None:
            await history(tmp_path, chats=3, turns=2)
            async with running(tmp_path) as app:
                store = app.program.store
                assert store is not None
                await store.organise([(await listed(app.program.chats))[-1].id], archived=True)
                await store.back_up(Reason.ASKED)
                await app.program.chats.wipe()
                assert await listed(app.program.chats) == []
                window = await self.shown(app)
                assert window.listed.model().rowCount() == 3
                window.listed.selectRow(1)
                await app.until(lambda: "1 0 word" in window.text.toPlainText(), "the chat is shown")
                window.bring.click()
                await app.until(lambda: "came back" in window.status.text(), "it is back")
                assert [chat.title for chat in await listed(app.program.chats)] == ["Chat 1"]
                window.close()

        play(story())
        assert not list(tmp_path.glob(".look-*"))

    def test_all_chats_come_back_and_what_was_is_kept(self, play: Play, tmp_path: Path) -> None:
        async def story() -> None:
            await history(tmp_path, chats=3, turns=2)
            async with running(tmp_path) as app:
                store = app.program.store
                assert store is not None
                await store.back_up(Reason.ASKED)
                await app.program.chats.wipe()
                await begun(store)
                window = await self.shown(app)
                window.replace.click()
                window.findChild(QMessageBox, "restoreQuestion").accept()
                await app.until(lambda: "are what they were" in window.status.text(), "all is back")
                assert len(await listed(app.program.chats)) == 3
                copies = await app.program._keeping.list()
                (before,) = (each for each in copies if each.backup.reason is Reason.RESTORE)
                assert before.chats == 1
                window.close()

        play(story())


def test_every_chat_is_deleted_from_the_settings(play: Play, tmp_path: Path) -> None:
    async def story() -> None:
        await history(tmp_path, chats=3, turns=2)
        async with running(tmp_path) as app:
            pages = app.program.dialogs._settings_dialog
            pages.show()
            pages.findChild(QPushButton, "deleteAllChats").click()
            box = pages.findChild(QMessageBox, "wipeQuestion")
            assert not box.findChild(QCheckBox).isChecked()
            box.accept()
            assert app.program.store is not None
            await app.until(lambda: any("are deleted" in each.text() for each in pages.findChildren(QLabel)))
            assert await listed(app.program.chats) == []

    play(story())
    assert b"0 0 word" not in b"".join(file.read_bytes() for file in tmp_path.glob("chats.db*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_nobody_else_can_read_anything(play: Play, tmp_path: Path) -> None:
    folder = tmp_path / "profile"

    async def story() -> None:
        before = os.umask(0)
        try:
            async with running(folder) as app:
                store = app.program.store
                assert store is not None
                await begun(store)
                await app.program._keeping.back_up(Reason.ASKED)
                await app.program.attachments.add(b"a file", "text/plain")
                app.program.settings.change(theme="dark")
        finally:
            os.umask(before)

    play(story())
    open_to_others = [
        str(path.relative_to(tmp_path)) for path in folder.rglob("*") if path.stat().st_mode & 0o077
    ]
    assert open_to_others == []
    assert folder.stat().st_mode & 0o077 == 0
    shutil.rmtree(folder)
