"""What is asked and told where the file of the chats is not as it should be."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject

from desktop_chat.keeping import Keeping
from desktop_chat.storage import Backup, Salvaged, StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.main_window import MainWindow
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.notice_words import Action
from desktop_chat.ui.notices import (
    Notice,
    explain_opening,
    explain_put_back,
    explain_put_in_place,
    explain_recovered,
    explain_salvaged,
    explain_storage,
    explain_unread,
    moment,
)
from desktop_chat.ui.problem_dialog import ProblemDialog
from desktop_chat.ui.theme import Theme

SAVING = "What can still be read of your chats is being saved…"


class Recovery(QObject):
    """The dialogs of it over one window. ``present`` shows a notice."""

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        tasks: Tasks,
        present: Callable[[Notice], ProblemDialog],
    ) -> None:
        super().__init__(window)
        self._window, self._theme, self._tasks = window, theme, tasks
        self._present = present
        self._notice = NoticeBar(theme)
        self._working = NoticeBar(theme, icon="")
        window.chat.insert_notice(self._notice)
        window.chat.insert_notice(self._working)

    async def ask(self, error: StorageError, backup: Backup | None = None) -> Action | None:
        """The chats cannot be opened. What the user wants of what is offered; None to end."""
        return await self._answer(explain_opening(error, backup))

    async def ask_again(self, error: StorageError) -> bool:
        """The chats are open, but could not be read after that. Whether to try again, or else to end."""
        return await self._answer(explain_unread(error)) is not None

    async def _answer(self, notice: Notice) -> Action | None:
        answer: asyncio.Future[Action | None] = asyncio.get_running_loop().create_future()
        dialog = self._present(notice)

        def decide(action: Action | None) -> None:
            if action is not Action.SHOW_BACKUPS and not answer.done():
                answer.set_result(action)

        dialog.chosen.connect(decide)
        dialog.rejected.connect(lambda: decide(None))
        return await answer

    async def choose(self, keeping: Keeping) -> Backup | None:
        """Which copy the user wants in place of the chats; None for none."""
        from desktop_chat.ui.backups import BackupsWindow

        answer: asyncio.Future[Backup | None] = asyncio.get_running_loop().create_future()
        window = BackupsWindow(self._theme, keeping, self._tasks, self._window)

        def decide(backup: Backup | None) -> None:
            if not answer.done():
                answer.set_result(backup)

        window.chosen.connect(decide)
        window.finished.connect(lambda: decide(None))
        window.show()
        try:
            return await answer
        finally:
            window.close()
            window.deleteLater()

    async def failed(self, error: StorageError) -> None:
        """What the user chose was not possible, for a reason that is told before all is offered again."""
        notice = explain_storage(error)
        dialog = self._present(Notice("That was not possible", error.message, (), notice.details))
        closed = asyncio.Event()
        dialog.finished.connect(closed.set)
        await closed.wait()

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Say what takes a while."""
        self._working.show_notice(text)
        try:
            yield
        finally:
            self._working.clear()

    def backup_used(self, backup: Backup, kept: Path) -> None:
        """The chats of a newer version were put back to ``backup``, after they were copied to ``kept``."""
        self._present(explain_put_back(backup, kept))

    def put_back(self, at: datetime, kept: Path | None) -> None:
        """The chats are what they were at that time; what was there is ``kept``."""
        self._present(explain_recovered(f"Your chats are what they were on {moment(at)}.", kept))

    def salvaged(self, salvaged: Salvaged, kept: Path | None) -> None:
        """What could be read was saved; the damaged file is ``kept``."""
        self._present(explain_salvaged(salvaged, kept))

    def begun_anew(self, kept: Path | None) -> None:
        """There are no chats; what was there is ``kept``."""
        self._present(explain_recovered("There are no chats now.", kept))

    def put_in_place(self, other: Path | None) -> None:
        """The file was deleted or replaced while the program runs, and written again."""
        self._present(explain_put_in_place(other))

    def read_only(self) -> None:
        """The chats can be read, and nothing can be saved."""
        self._notice.show_notice(
            "The file of your chats is read-only: you can read, search and copy, but nothing new is saved. "
            "Allow writing to the file and its folder, then start the program again."
        )

    def not_backed_up(self, error: StorageError) -> None:
        """The copy that is made by itself was not."""
        self._notice.show_notice(f"No backup could be made ({error.message}). Your chats are saved.")

    def backed_up(self) -> None:
        """A copy was made after all."""
        self._notice.clear()
