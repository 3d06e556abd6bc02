"""Who shows which dialog when: welcome, settings, retries, problems, and notices about the disk.

Dialogs that most starts never show are imported when they are.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_chat.api import Api
from desktop_chat.chats import Chats
from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Endpoint, Secrets
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.message import Message
from desktop_chat.domain.model import Model
from desktop_chat.keeping import Keeping
from desktop_chat.session import ChatSession, Phase
from desktop_chat.settings import Settings
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from desktop_chat.ui.holds import Holds
from desktop_chat.ui.links import open_folder, open_link
from desktop_chat.ui.main_window import MainWindow
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.notice_words import Action
from desktop_chat.ui.notices import (
    Notice,
    explain,
    explain_storage,
    wants_dialog,
)
from desktop_chat.ui.problem_dialog import ProblemDialog
from desktop_chat.ui.recovery import SAVING, Recovery
from desktop_chat.ui.retry_dialog import RetryDialogs
from desktop_chat.ui.shutdown_notice import ShutdownNotice
from desktop_chat.ui.stand_in_notice import StandInNotice
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.window import Window

if TYPE_CHECKING:
    from desktop_chat.diagnostics import Document
    from desktop_chat.domain.probe import ProbeResult, ProbeStep
    from desktop_chat.ui.backups import BackupsWindow
    from desktop_chat.ui.lock import AppLock, Curtain
    from desktop_chat.ui.log import LogWindow
    from desktop_chat.ui.message_details import MessageDetails
    from desktop_chat.ui.preferences import SettingsDialog
    from desktop_chat.ui.usage import UsageCard
    from desktop_chat.ui.welcome import Welcome


_REPLACED = (
    "Desktop Chat was updated or removed while it runs. Quit it and start it again when it suits you; "
    "until then some things may not work. Your chats are saved."
)


class Dialogs(QObject):
    """The dialogs over the main window, and what of a chat is told in the window that shows it."""

    def __init__(
        self,
        window: MainWindow,
        *,
        chats: Chats,
        settings: Settings,
        credentials: Credentials,
        api: Api,
        theme: Theme,
        tasks: Tasks,
        tokens: Tokens,
        places: Mapping[str, Path],
        diagnose: "Callable[[list[str]], list[Document]]",
        keeping: Keeping,
        passphrase: Path,
    ) -> None:
        """``places`` are the files and folders of the profile, by what is in them. ``diagnose`` collects what
        helps to find a mistake, with some facts that it is given; it blocks, and may raise ``OSError``.
        ``passphrase`` is the file of the app lock's."""
        super().__init__(window)
        self._window = window
        self._chats = chats
        self._settings = settings
        self._credentials = credentials
        self._api = api
        self._theme = theme
        self._tasks = tasks
        self._tokens = tokens
        self._places = places
        self._diagnose = diagnose
        self._keeping = keeping
        self._passphrase = passphrase
        self._lock: AppLock | None = None
        self._backups: BackupsWindow | None = None
        self._log: LogWindow | None = None
        self._problems: list[ProblemDialog] = []
        self._welcome: Welcome | None = None
        self._preferences: SettingsDialog | None = None
        self._usage: UsageCard | None = None
        self._details: MessageDetails | None = None
        self._retries: dict[Window, RetryDialogs] = {}
        self._holds: list[Holds] = []
        self._problem_of: dict[str, ProblemDialog] = {}
        self._tells_of_disk = False
        self._shown_retry: dict[str, object] = {}
        self._notice = NoticeBar(theme)
        self._notice.pressed.connect(lambda: tasks.start(chats.outbox.flush(), "save again"))
        self._fit(window)
        window.windows.made.connect(self._fit)
        window.chat.insert_notice(self._notice)
        self.recovery = Recovery(window, theme, tasks, self._present)
        keeping.failed.connect(self.recovery.not_backed_up)
        keeping.made.connect(self.recovery.backed_up)
        window.settings_requested.connect(self._settings_requested)
        window.about_requested.connect(self.show_about)
        window.usage_requested.connect(self.show_usage)
        window.log_requested.connect(self.show_log)
        window.lock_requested.connect(self.lock)
        window.backups_requested.connect(self.show_backups)
        window.storage_failed.connect(lambda error: self._present(explain_storage(error)))
        chats.changed.connect(self._chat_changed)
        chats.problem.connect(self._problem)
        chats.refused.connect(self._refused)
        chats.outbox.blocked.connect(self._blocked)
        chats.outbox.recovered.connect(self._saved_again)
        settings.not_saved.connect(self._settings_not_saved)

    def _fit(self, window: Window) -> None:
        """Have a window tell what there is to tell of the chat that it shows."""
        ShutdownNotice(window, self._chats, self._theme)
        StandInNotice(window, self._chats, self._theme)
        holds = Holds(
            window, self._chats, self._theme, self._tasks, lambda session: self._host(session) is window
        )
        holds.budgets_requested.connect(self.show_budgets)
        self._holds.append(holds)
        retries = self._retries[window] = RetryDialogs(self._theme, window)
        retries.retry_now.connect(lambda id: self._with_session(id, ChatSession.retry_now))
        retries.cancelled.connect(lambda id: self._with_session(id, ChatSession.stop))
        window.chat.message_requested.connect(self.show_message)

    def _host(self, session: ChatSession) -> Window:
        """The window to tell something of a chat in: where it was asked, else where it is shown."""
        windows: list[Window] = [self._window, *self._window.windows.shown]
        showing = [window for window in windows if window.session is session]
        asking = (window for window in showing if window.chat.taker(session) is not None)
        active = (window for window in showing if window.isActiveWindow())
        return next(asking, None) or next(active, None) or next(iter(showing), self._window)

    def begin(self, prompt: str) -> None:
        """The chats are read: show the prompt, and the welcome where there is no endpoint yet."""
        if prompt:
            self._window.new_chat(prompt)
        if self._settings.complaints:
            self._notice.show_notice(" ".join(self._settings.complaints))
        if not self._settings.all_endpoints:
            self.show_welcome()

    def lock_at_start(self) -> bool:
        """Lock instead of showing the window, where there is a passphrase; else it costs nothing."""
        if self._passphrase.exists():
            self.app_lock.lock()
        return self.curtain is not None

    def lock(self) -> None:
        """Lock; where there is no passphrase, show where to set one."""
        self.app_lock.lock()
        if not self.app_lock.is_on:
            self._settings_dialog.show_privacy()
            self.show_settings()

    @property
    def app_lock(self) -> "AppLock":
        if self._lock is None:
            from desktop_chat.ui.lock import AppLock

            self._lock = AppLock(self._window, self._theme, self._settings, self._tasks, self._passphrase)
            self._lock.about_to_lock.connect(self._window.save_state)
            self._lock.quit_requested.connect(self._window.quit)
        return self._lock

    @property
    def curtain(self) -> "Curtain | None":
        """What is seen while the program is locked; None while it is not."""
        return None if self._lock is None else self._lock.curtain

    def come_forward(self) -> None:
        """Bring the program to the front, as it is."""
        (self.curtain or self._window).come_forward()

    def hide(self) -> None:
        """The program ends: whatever is seen of it goes."""
        self._window.hide()
        self._window.windows.close()
        if self._lock is not None:
            self._lock.close()

    def show_welcome(self) -> None:
        if self._welcome is not None:
            return
        from desktop_chat.ui.welcome import Welcome

        self._welcome = Welcome(
            self._theme,
            self._window,
            tasks=self._tasks,
            credentials=self._credentials,
            check=self._check,
            open_link=self._open_link,
        )
        self._welcome.finished_with.connect(self._use_endpoint)
        self._welcome.demo_chosen.connect(lambda: self._use_endpoint(DEMO_ENDPOINT, ""))
        self._welcome.finished.connect(self._welcome_closed)
        self._welcome.show()

    def show_settings(self, endpoint_id: str = "", field: str = "") -> None:
        """The settings; with ``endpoint_id`` at that endpoint, the focus in ``field``."""
        if endpoint_id:
            self._settings_dialog.show_endpoint(endpoint_id, field)
        else:
            self._settings_dialog.show()
            self._settings_dialog.raise_()
            self._settings_dialog.activateWindow()

    def show_budgets(self) -> None:
        """The settings, at the page of the budgets."""
        self._settings_dialog.show_budgets()
        self.show_settings()

    @property
    def _settings_dialog(self) -> "SettingsDialog":
        if self._preferences is None:
            from desktop_chat.ui.preferences import SettingsDialog

            self._preferences = SettingsDialog(
                self._theme,
                self._settings,
                tasks=self._tasks,
                credentials=self._credentials,
                probe=self._probe,
                places=self._places,
                tokens=self._tokens,
                fetch_prices=self._api.fetch_prices,
                clear_answers=self._chats.clear_cached_answers,
                clear_evidence=self._chats.clear_evidence,
                keeping=self._keeping,
                wipe=self._chats.wipe,
                app_lock=self.app_lock,
                parent=self._window,
            )
            self._preferences.endpoint_changed.connect(self._endpoint_changed)
            self._preferences.backups_requested.connect(self.show_backups)
        return self._preferences

    def show_usage(self) -> None:
        if self._usage is not None:
            return
        from desktop_chat.ui.usage import UsageCard

        self._usage = UsageCard(self._theme, self._window, self._chats, self._settings, self._tasks)
        self._chats.spending.changed.connect(self._usage.refresh)
        self._usage.finished.connect(self._usage_closed)
        self._usage.show()

    def show_message(self, message: Message) -> None:
        """What is known of an answer, in a window that is one of a kind."""
        if self._details is None:
            from desktop_chat.ui.message_details import MessageDetails

            self._details = MessageDetails(self._theme, self._chats, self._tasks, self._window)
        self._details.show_message(message)
        self._details.show()
        self._details.activateWindow()

    def show_log(self) -> None:
        """The log, in a window that is one of a kind."""
        if self._log is None:
            from desktop_chat.ui.log import LogWindow

            folder = self._places["Logs"]
            self._log = LogWindow(
                self._theme, folder, self._settings, self._tasks, self._diagnostics, self._window
            )
            self._log.closed.connect(self._log_closed)
        self._log.show()
        self._log.activateWindow()

    async def _diagnostics(self) -> "list[Document]":
        from desktop_chat.ui.about import environment

        screen = self._window.screen()
        size, ratio = screen.size(), screen.devicePixelRatio()
        facts = [
            environment(),
            f"Screen {size.width()} x {size.height()} at {ratio:g}, zoom {self._theme.zoom} %",
        ]
        return await asyncio.to_thread(self._diagnose, facts)

    def _log_closed(self) -> None:
        if self._log is not None:
            self._log.deleteLater()
            self._log = None

    def show_about(self) -> None:
        from desktop_chat.ui.about import AboutDialog

        about = AboutDialog(self._theme, self._window)
        about.finished.connect(about.deleteLater)
        about.show()

    def show_backups(self) -> None:
        """The copies of the chats, in a window that is one of a kind."""
        if self._backups is None:
            from desktop_chat.ui.backups import BackupsWindow

            self._backups = BackupsWindow(self._theme, self._keeping, self._tasks, self._window, self._chats)
            self._backups.finished.connect(self._backups_closed)
        self._backups.show()
        self._backups.activateWindow()

    def _backups_closed(self) -> None:
        if self._backups is not None:
            self._backups.deleteLater()
            self._backups = None

    def database_damaged(self, problems: list[str]) -> None:
        """The check at start-up found damage in a database that can still be read."""
        dialog = self._present(
            Notice(
                "The file of your chats is damaged",
                "A check found damage in the file of your chats. Write what can be read into a new file, or "
                "go back to a backup. The damaged file is kept.",
                (Action.SAVE_READABLE, Action.CHOOSE_BACKUP),
                "\n".join(problems),
                problems[0][:200],
            )
        )
        dialog.chosen.connect(self._set_right)

    def _set_right(self, action: Action) -> None:
        if action is Action.CHOOSE_BACKUP:
            self.show_backups()
        elif action is Action.SAVE_READABLE:
            self._tasks.start(self._save_readable(), "save what can be read")

    async def _save_readable(self) -> None:
        async def save() -> None:
            self.recovery.salvaged(*await self._keeping.save_readable())

        try:
            with self.recovery.working(SAVING):
                await self._chats.begin_again(save)
        except StorageError as error:
            await self.recovery.failed(error)

    def not_opened(self, complaint: str) -> None:
        """A file that the user wanted to open was not."""
        self._present(Notice("The file was not opened", complaint, (), complaint))

    def program_replaced(self) -> None:
        """The program was upgraded or removed while it runs."""
        self._notice.show_notice(_REPLACED)

    def mistake(self, log_path: Path | None, *, replaced: bool = False) -> None:
        """A mistake of the program, which goes on; where it was ``replaced`` that is the reason."""
        where = f" The log has the details: {log_path}" if log_path else ""
        if replaced:
            self._present(Notice("Please start Desktop Chat again", f"{_REPLACED}{where}", (), where.strip()))
            return
        self._present(
            Notice(
                "Something in the program went wrong",
                f"The program goes on, and what was shown is saved.{where}",
                (),
                f"A mistake of the program.{where}",
            )
        )

    async def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
        for holds in self._holds:
            holds.close()
        windows = (self._welcome, self._preferences, self._usage, self._details, self._log, self._backups)
        for dialog in (*self._problems, *windows):
            if dialog is not None:
                dialog.close()

    def _endpoint_changed(self, endpoint_id: str) -> None:
        self._tasks.start(self._api.forget(endpoint_id), "forget endpoint")

    async def _check(self, endpoint: Endpoint, key: str | None) -> list[Model]:
        """Try an endpoint that need not be stored; its client is closed again."""
        try:
            return await self._api.models(endpoint, Secrets(key), self._settings.limits(endpoint))
        finally:
            await self._api.forget(endpoint.id)

    def _probe(self, endpoint: Endpoint, secrets: Secrets) -> "AsyncGenerator[ProbeStep | ProbeResult, None]":
        """Try an endpoint that need not be stored, step by step."""
        return self._api.probe(endpoint, secrets, self._settings.limits(endpoint))

    def _use_endpoint(self, endpoint: Endpoint, key: str = "") -> None:
        others = tuple(known for known in self._settings.endpoints if known.id != endpoint.id)
        self._settings.change(endpoints=(*others, endpoint), default_endpoint=endpoint.id)
        if key:
            self._settings.key_stored(endpoint.id)

    def _welcome_closed(self) -> None:
        if self._welcome is not None:
            self._welcome.deleteLater()
            self._welcome = None
        self._window.focus_composer()

    def _usage_closed(self) -> None:
        if self._usage is not None:
            self._usage.deleteLater()
            self._usage = None

    def _settings_requested(self) -> None:
        if self._settings.all_endpoints:
            self.show_settings()
        else:
            self.show_welcome()

    def _chat_changed(self, conversation_id: str) -> None:
        session = self._chats.session(conversation_id)
        retry = session.retry if session is not None and session.phase is Phase.WAITING else None
        if session is not None and session.is_busy:
            self._close_problem(conversation_id)
        if session is None or retry is None or not wants_dialog(retry.delay):
            self._shown_retry.pop(conversation_id, None)
            for retries in self._retries.values():
                retries.close(conversation_id)
        elif self._shown_retry.get(conversation_id) is not retry:
            self._shown_retry[conversation_id] = retry
            host = self._host(session)
            title = session.conversation.title if session is not host.session else ""
            self._retries[host].show(conversation_id, retry, _name(session), session.retry_at, title)

    def _with_session(self, conversation_id: str, act: Callable[[ChatSession], None]) -> None:
        if (session := self._chats.session(conversation_id)) is not None:
            act(session)

    def _problem(self, session: ChatSession, error: ChatError, message_id: str) -> None:
        self._close_problem(session.conversation.id)
        dialog = self._present(explain(error, _name(session)), self._host(session))
        self._problem_of[session.conversation.id] = dialog
        dialog.chosen.connect(lambda action: self._act(action, session, message_id))

    def _act(self, action: Action, session: ChatSession, message_id: str) -> None:
        """Do what a problem's button offers, in the chat that it belongs to."""
        endpoint, conversation_id = session.endpoint, session.conversation.id
        if self._chats.known(conversation_id) is None:
            return  # it was deleted meanwhile
        window = self._host(session)
        window.open_chat(conversation_id)
        match action:
            case Action.TRY_AGAIN | Action.CONTINUE:
                session.try_again(message_id)
            case Action.CHOOSE_MODEL:
                window.choose_model()
            case Action.SHORTEN:
                window.chat.edit_last()
            case _ if endpoint is None:
                self.show_welcome()
            case Action.CHECK_ENDPOINT:
                self.show_settings(endpoint.id, "base_url")
            case Action.ENTER_KEY | Action.SESSION_KEY:
                self.show_settings(endpoint.id, "key")

    def _refused(self, session: ChatSession, error: StorageError) -> None:
        notice = explain_storage(error)
        body = "Your message was not sent, since it could not be saved. It is still in the composer."
        self._present(replace(notice, body=f"{notice.body} {body}"), self._host(session))

    def _blocked(self, error: StorageError) -> None:
        self._tells_of_disk = True
        self._notice.show_notice(explain_storage(error).body, "Try now")

    def _saved_again(self) -> None:
        if self._tells_of_disk:
            self._tells_of_disk = False
            self._notice.clear()

    def _settings_not_saved(self, reason: str) -> None:
        self._notice.show_notice(f"The settings could not be saved ({reason}). They hold until you quit.")

    def _present(self, notice: Notice, window: Window | None = None) -> ProblemDialog:
        dialog = ProblemDialog(self._theme, window or self._window, notice, self._open_link)
        self._problems.append(dialog)
        dialog.finished.connect(lambda: self._forget_problem(dialog))
        dialog.chosen.connect(self._show_backups)
        dialog.present()
        return dialog

    def _show_backups(self, action: Action) -> None:
        if action is Action.SHOW_BACKUPS:
            open_folder(self._places["Backups"], self._window)

    def _close_problem(self, conversation_id: str) -> None:
        """A new turn makes what was told of the last one old."""
        if (dialog := self._problem_of.get(conversation_id)) is not None:
            dialog.reject()

    def _forget_problem(self, dialog: ProblemDialog) -> None:
        self._problems.remove(dialog)
        self._problem_of = {id: other for id, other in self._problem_of.items() if other is not dialog}

    def _open_link(self, url: str) -> None:
        open_link(url, self._window)


def _name(session: ChatSession) -> str:
    return session.endpoint.name if session.endpoint else "The endpoint"
