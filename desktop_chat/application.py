"""The running program: the Qt application, its loop, and every object handed to the ones that need it."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import qasync
from PySide6.QtCore import QEvent, QFileSystemWatcher, QObject, Qt, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from desktop_chat import __version__, frozen, logs
from desktop_chat.api import Api
from desktop_chat.attachments import Attachments
from desktop_chat.chats import DAY, Chats
from desktop_chat.command_line import Options
from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Endpoint
from desktop_chat.domain.errors import KeyringUnavailable
from desktop_chat.instance import Claim, Instance
from desktop_chat.keeping import Keeping
from desktop_chat.network import Network
from desktop_chat.opened_file import NotOpened, composed
from desktop_chat.opening import Opening
from desktop_chat.paths import APP_ID, Profile
from desktop_chat.settings import Settings
from desktop_chat.storage import StorageError, Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from desktop_chat.ui.dialogs import Dialogs
from desktop_chat.ui.main_window import MainWindow
from desktop_chat.ui.style import Style
from desktop_chat.ui.theme import Theme

if TYPE_CHECKING:
    from desktop_chat.diagnostics import Document

log = logging.getLogger(__name__)

HELPER = "helper"
"""What the names of the threads begin with that do nothing which must be finished."""

SELDOM = (2_000, 20, 20)
"""When the collector of garbage looks at new, at older and at all objects: it holds the program up meanwhile,
0.2 s for a long chat. All are looked at when the user turns to another program, too."""
CLOSE_SECONDS = 1.5
"""What has not closed by then is left behind: a quit ends within two seconds, on a slow machine too."""


class Application(QApplication):
    """Turns every way of quitting into one signal.

    Qt's own quit would stop the loop under the feet of what is still being saved. ``file_opened`` says that
    macOS handed over a file, which is in ``files`` until somebody takes it: it may come before the window.
    """

    quit_requested = Signal()
    file_opened = Signal()

    def __init__(self) -> None:
        super().__init__(["desktop-chat"])
        self.files: list[Path] = []
        self.setApplicationName("desktop-chat")
        self.setApplicationVersion(__version__)
        self.setDesktopFileName(APP_ID)
        if sys.platform == "win32":
            import ctypes

            # Else the task bar takes all that Python runs for one program, and a pinned icon for another.
            ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(APP_ID)
        self.setQuitOnLastWindowClosed(False)
        self.lastWindowClosed.connect(self.quit_requested)
        self.commitDataRequest.connect(lambda manager: self.quit_requested.emit())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit:
            event.ignore()
            self.quit_requested.emit()
            return True
        if isinstance(event, QFileOpenEvent) and event.file():
            self.files.append(Path(event.file()))
            self.file_opened.emit()
            return True
        return super().event(event)


class _Helpers(ThreadPoolExecutor):
    """Threads for what blocks. The end does not wait for them."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


class _FirstPaint(QObject):
    """Tells when a window has painted itself for the first time."""

    done = Signal()

    def __init__(self, window: QObject) -> None:
        super().__init__(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.UpdateRequest:
            watched.removeEventFilter(self)
            self.done.emit()
        return False


def run(
    options: Options, profile: Profile, environment_endpoint: Endpoint | None, environment_key: str
) -> int:
    """Steps 2 to 8 of the start-up told in :mod:`desktop_chat.app`. Returns the exit code."""
    application = Application()
    if options.screenshot is not None:
        # A caret that blinks is in a picture or not, by the moment.
        application.setCursorFlashTime(0)
    credentials = Credentials(environment_key)
    instance = Instance(profile)
    complaint = ""
    if options.file is not None:
        try:
            options = options._replace(prompt=composed(options.prompt, options.file))
        except NotOpened as error:
            complaint = str(error)
            print(f"desktop-chat: {complaint}", file=sys.stderr)
    try:
        match instance.claim(options.prompt, new_chat=options.new_chat, complaint=complaint):
            case Claim.HANDED_OVER:
                return 0
            case Claim.NO_ANSWER:
                print("desktop-chat: it already runs on this profile and does not answer", file=sys.stderr)
                return 1
        log_path = logs.set_up(profile.logs, debug=options.debug, keys=lambda: credentials.known_keys)
    except OSError as error:
        instance.release()
        print(f"desktop-chat: the profile cannot be used: {error}", file=sys.stderr)
        return 1
    try:
        with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
            return runner.run(
                _live(
                    options,
                    profile,
                    application,
                    instance,
                    credentials,
                    environment_endpoint,
                    log_path,
                    complaint,
                )
            )
    finally:
        instance.release()


async def _live(
    options: Options,
    profile: Profile,
    application: Application,
    instance: Instance,
    credentials: Credentials,
    environment_endpoint: Endpoint | None,
    log_path: Path,
    complaint: str,
) -> int:
    program = Program(
        options,
        profile,
        application,
        credentials=credentials,
        environment_endpoint=environment_endpoint,
        log_path=log_path,
        complaint=complaint,
    )
    application.file_opened.connect(lambda: program.open_files(application.files))
    program.open_files(application.files)
    application.quit_requested.connect(program.quitting.set)
    gc.set_threshold(*SELDOM)
    application.applicationStateChanged.connect(_collect_unseen)
    _report_everything_to(program.report)
    return await program.run(instance)


def make_loop(application: QApplication) -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(application)
    loop.set_default_executor(_Helpers(3, HELPER))
    return loop


class Program:
    """One run of the program on a profile it has claimed.

    ``run`` is the whole life; tests call ``start`` and ``close`` inside a loop of their own.
    """

    def __init__(
        self,
        options: Options,
        profile: Profile,
        application: QApplication,
        *,
        credentials: Credentials,
        environment_endpoint: Endpoint | None = None,
        log_path: Path | None = None,
        complaint: str = "",
    ) -> None:
        """``complaint`` says why a file of the command line was not opened."""
        self.options = options
        self.profile = profile
        self.credentials = credentials
        self.exit_code = 0
        self.quitting = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._painted = asyncio.Event()
        self._application = application
        self._log_path = log_path
        self._complaint = complaint
        self._told_of_mistake = False
        self._preparing: asyncio.Task[None] | None = None
        self._network: Network | None = None
        self._chats_watcher: QFileSystemWatcher | None = None
        self._is_closing = False
        self.tasks = Tasks(self.report)
        temporary = tuple(filter(None, [environment_endpoint]))
        self.settings = Settings(profile.settings, (DEMO_ENDPOINT,) if options.demo else temporary)
        self.settings.changed.connect(self._setting_changed)
        if log_path is not None:
            self._setting_changed("log_level")
        self.api = Api()
        self.tokens = Tokens(prices=profile.prices)
        self.attachments = Attachments(profile.attachments)
        self.store: Store | None = None
        self.theme = Theme()
        self.theme.take(self.settings)
        self._style = Style(application, self.theme)
        self._opened = asyncio.Event()
        keeping = Keeping(self._opened_store, self.settings, profile.database, profile.backups)
        self._keeping = keeping
        self._opening = Opening(profile, keeping, lambda other: self.dialogs.recovery.put_in_place(other))
        self.chats = Chats(
            self._open_store(),
            api=self.api,
            credentials=credentials,
            settings=self.settings,
            tasks=self.tasks,
            tokens=self.tokens,
            attachments=self.attachments,
        )
        self.window = MainWindow(self.chats, self.settings, self.theme, self.tasks)
        self.dialogs = Dialogs(
            self.window,
            chats=self.chats,
            settings=self.settings,
            credentials=credentials,
            api=self.api,
            theme=self.theme,
            tasks=self.tasks,
            tokens=self.tokens,
            places={
                "Chats": profile.database,
                "Backups": profile.backups,
                "Settings": profile.settings,
                "Logs": profile.logs,
            },
            diagnose=self._diagnose,
            keeping=keeping,
            passphrase=profile.passphrase,
        )

    def _diagnose(self, facts: list[str]) -> list["Document"]:
        from desktop_chat import diagnostics

        return diagnostics.collect(self.profile, facts, self.credentials.known_keys)

    def _setting_changed(self, name: str) -> None:
        if name == "log_level" and not self.options.debug:
            logs.set_level(self.settings.log_level)

    async def run(self, instance: Instance) -> int:
        """Show the window and live until a quit is asked for. Returns the exit code."""
        instance.raised.connect(self.window.raise_with_prompt)
        instance.raised.connect(lambda prompt: self.dialogs.come_forward())
        instance.new_chat_wanted.connect(self.window.new_chat)
        instance.complained.connect(self.dialogs.not_opened)
        with _quit_on_signals(self.quitting):
            living = asyncio.ensure_future(self._live_on())
            quitting = self.tasks.start(self.quitting.wait(), "quitting")
            await asyncio.wait((living, quitting), return_when=asyncio.FIRST_COMPLETED)
            living.cancel()
            instance.stop_listening()
            if self.options.screenshot is None:
                self.window.save_state()
            await self.close()
            with contextlib.suppress(asyncio.CancelledError):
                await living
        return self.exit_code

    async def _live_on(self) -> None:
        """Live until a quit, or until the screenshot is taken."""
        await self.start()
        if self.options.screenshot is not None:
            await self._take_screenshot(self.options.screenshot)
        else:
            await self.quitting.wait()

    async def start(self) -> None:
        """Paint the window, then load what is needed behind it."""
        self.window.close_requested.connect(self.quitting.set)
        if self.dialogs.lock_at_start():
            self._painted.set()
        else:
            first_paint = _FirstPaint(self.window)
            first_paint.done.connect(self._painted.set)
            self.window.show()
        await self._painted.wait()
        self._watch_program()
        log.debug("first paint after %.3f s of CPU", time.process_time())
        while True:
            try:
                await self.chats.load()
                break
            except StorageError as error:
                if self._is_closing:
                    return
                # Where the store could not even be opened, the user has been asked already.
                if self.store is None or not await self.dialogs.recovery.ask_again(error):
                    self.exit_code = 1
                    self.quitting.set()
                    return
        self.dialogs.begin(self.options.prompt)
        if self._complaint:
            self.dialogs.not_opened(self._complaint)
        self.window.chat.composer.text_edit.textChanged.connect(self._text_changed)
        self._text_changed()
        self.tasks.start(self._load_behind_the_window(), "loading")

    async def close(self) -> None:
        """Save everything and let go of everything. What hangs is left behind."""
        self.dialogs.hide()
        self._is_closing = True
        self._told_of_mistake = True
        deadline = asyncio.get_running_loop().time() + CLOSE_SECONDS
        for step in (
            self.chats.close,
            self.dialogs.close,
            self.tasks.close,
            self._close_store,
            # Last: it waits for the SDK where that is being loaded, which takes longer than there may be.
            self.api.close,
        ):
            try:
                async with asyncio.timeout_at(deadline):
                    await step()
            except TimeoutError:
                log.error("%s did not end in time", step.__qualname__)
        self.attachments.close()
        self.tokens.close()
        self.settings.close()
        self.window.deleteLater()

    def open_files(self, files: list[Path]) -> None:
        """Put the text of each file into a new chat, and take it off the list."""
        while files:
            self.tasks.start(self._open_file(files.pop(0)), "open a file")

    async def _open_file(self, path: Path) -> None:
        try:
            text = await asyncio.to_thread(composed, "", path)
        except NotOpened as error:
            self.dialogs.not_opened(str(error))
        else:
            self.window.raise_with_prompt(text)

    def _watch_program(self) -> None:
        """Tell when an upgrade or a removal takes the frozen program from under this run."""
        if not getattr(sys, "frozen", False):
            return
        watcher = QFileSystemWatcher([sys.executable], self.window)
        watcher.fileChanged.connect(self._program_changed)

    def _program_changed(self) -> None:
        if frozen.is_replaced():
            log.info("the program was upgraded or removed")
            self.dialogs.program_replaced()

    def report(self, error: BaseException) -> None:
        """Log a mistake of the program with its traceback, and tell of it once. For any thread."""
        log.critical("an uncaught exception", exc_info=error)
        self._loop.call_soon_threadsafe(self._tell_of_mistake)

    def _tell_of_mistake(self) -> None:
        if not self._told_of_mistake:
            self._told_of_mistake = True
            self.dialogs.mistake(self._log_path, replaced=frozen.is_replaced())

    async def _open_store(self) -> Store:
        """Open the database. Where that fails, ask until it succeeds or the user gives up."""
        while self.store is None:
            try:
                self.store = await self._opening.open()
            except StorageError as error:
                log.error("the database cannot be opened: %s", error)
                await self._painted.wait()
                if self.options.screenshot is not None:
                    # Off screen nobody can answer.
                    print(f"desktop-chat: {error}", file=sys.stderr)
                    raise
                await self._opening.ask(error, self.dialogs.recovery)
        self._opened.set()
        return self.store

    async def _opened_store(self) -> Store:
        await self._opened.wait()
        assert self.store is not None
        return self.store

    def _watch_chats(self) -> None:
        """Have the file of the chats written again as soon as the system says that it is gone."""
        self._chats_watcher = QFileSystemWatcher([str(self.profile.data)], self.window)
        self._chats_watcher.directoryChanged.connect(self._look_after_chats)

    def _look_after_chats(self) -> None:
        if self.store is not None and not self._is_closing:
            self.chats.outbox.post(self.store.keep_in_place)

    async def _close_store(self) -> None:
        if self.store is not None:
            await self.store.close()

    async def _load_behind_the_window(self) -> None:
        """What reading needs, the network, the check of the database, and what waits for a quiet moment."""
        await asyncio.to_thread(_load_transcript)
        self._network = Network(self.chats.connectivity)
        await self.chats.ask_waiting()
        # What is imported stays: the collector need not look at it again and again, 90 ms each time.
        gc.freeze()
        assert self.store is not None
        if self.store.is_read_only:
            self.chats.outbox.stop()
            self.dialogs.recovery.read_only()
            return
        self._watch_chats()
        self.tasks.start(self._keeping.keep(), "backups")
        if problems := await self.store.quick_check():
            log.error("the database is damaged: %s", "; ".join(problems[:5]))
            self.dialogs.database_damaged(problems)
        else:
            # Of a damaged database nobody knows what is not needed.
            await self._tidy()
            self.tasks.start(self._tidy_daily(), "tidy")
        self.chats.indexing.wake()
        log.debug("ready to read after %.3f s of CPU", time.process_time())

    async def _tidy(self) -> None:
        try:
            await self.chats.tidy(await self._keeping.attachments())
        except StorageError as error:
            log.warning("what is not needed any more was kept: %s", error)

    async def _tidy_daily(self) -> None:
        """What is in the trash for 30 days goes, however long the program runs."""
        while True:
            await asyncio.sleep(DAY)
            await self._tidy()

    def _text_changed(self) -> None:
        if self.window.chat.composer.text:
            self.prepare_to_ask()

    def prepare_to_ask(self) -> None:
        """Load the SDK and the keyring, once, now that the user begins to write.

        It takes a second of CPU and some 40 MB, which nobody pays who only reads; a message takes longer to
        write than that. What asks without being written (regenerate, say) loads it by itself.
        """
        if self._preparing is None:
            self._preparing = self.tasks.start(self._load_to_ask(), "loading the SDK")

    async def _load_to_ask(self) -> None:
        """One after the other: each import holds the interpreter, and the window should stay smooth."""
        await self.api.load()
        try:
            await self.credentials.load()
        except KeyringUnavailable as error:
            log.info("keyring: %s", error)
        gc.freeze()
        log.debug("ready to ask after %.3f s of CPU", time.process_time())

    async def _take_screenshot(self, path: Path) -> None:
        await self.window.settled(send_prompt=self.options.demo)
        if not (self.dialogs.curtain or self.window).grab().save(str(path), "PNG"):
            print(f"desktop-chat: {path} cannot be written", file=sys.stderr)
            self.exit_code = 1


def _collect_unseen(state: Qt.ApplicationState) -> None:
    if state is Qt.ApplicationState.ApplicationInactive:
        gc.collect()


def _load_transcript() -> None:
    from desktop_chat.ui.transcript import preload

    preload()


@contextlib.contextmanager
def _quit_on_signals(quitting: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set ``quitting``.

    Python runs a signal's handler between two byte codes, and Qt's loop runs none while it waits: the
    descriptor that Python writes to on a signal wakes it.
    """
    receiver, sender = socket.socketpair()
    receiver.setblocking(False)
    sender.setblocking(False)
    loop = asyncio.get_running_loop()
    previous = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    handlers = {
        number: signal.signal(number, lambda number, frame: quitting.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    loop.add_reader(receiver.fileno(), lambda: receiver.recv(4096))
    try:
        yield
    finally:
        loop.remove_reader(receiver.fileno())
        signal.set_wakeup_fd(previous)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        receiver.close()
        sender.close()


def _report_everything_to(report: Callable[[BaseException], None]) -> None:
    """Send every exception that nothing caught to ``report``: of slots, threads, tasks and destructors."""

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        report(error)

    def in_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        report(error if error is not None else RuntimeError(str(context.get("message"))))

    sys.excepthook = uncaught
    threading.excepthook = lambda arguments: report(arguments.exc_value or RuntimeError("a thread failed"))
    sys.unraisablehook = lambda arguments: report(arguments.exc_value or RuntimeError("a destructor failed"))
    asyncio.get_running_loop().set_exception_handler(in_loop)
