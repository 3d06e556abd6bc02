"""The app lock: a curtain in place of every window, until the passphrase is entered."""

import asyncio
import logging
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop_chat import lock as passphrases
from desktop_chat.lock import Passphrase
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.actions import Actions, commands_of
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.icons import app_icon
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

TITLE = "Desktop Chat"
WIDTH = 320
"""Of what is in the middle of the curtain, in pixels at 100 % zoom."""
_INPUT = {
    *(QEvent.Type.KeyPress, QEvent.Type.InputMethod, QEvent.Type.Wheel, QEvent.Type.MouseMove),
    *(QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TabletMove),
}
_PASSING = {Qt.WindowType.Popup, Qt.WindowType.ToolTip}

log = logging.getLogger(__name__)


class AppLock(QObject):
    """Whether the program is locked, and what locks and unlocks it. Answers that are written go on behind it.

    Every window is hidden, what wants to be shown meanwhile too, and all come back when it is unlocked.
    """

    changed = Signal()
    """A passphrase was set, changed or removed."""
    about_to_lock = Signal()
    waits = Signal(int)
    """Seconds until another attempt is taken, again each second; 0 where one is taken now."""
    quit_requested = Signal()

    def __init__(
        self, window: QMainWindow, theme: Theme, settings: Settings, tasks: Tasks, path: Path
    ) -> None:
        """``path`` is the file of the passphrase; ``window`` the one that the curtain takes the place of."""
        super().__init__(window)
        self._window, self._theme, self._settings, self._tasks = window, theme, settings, tasks
        self._path = path
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self._application = application
        self._kept: Passphrase | None = None
        self._wrong = 0
        self._taken_from = 0.0
        self._curtain: Curtain | None = None
        self._hidden: list[QWidget] = []
        self._coming: list[QWidget] = []
        self._active: QWidget | None = None
        self._idle: Idle | None = None
        self._ticking = QTimer(self)
        self._ticking.setInterval(1000)
        self._ticking.timeout.connect(self._tell_wait)
        try:
            self._kept = passphrases.read(path)
            if self._kept is None and path.exists():
                log.warning("the file of the passphrase cannot be used: the app lock is off")
        except OSError as error:
            log.warning("the file of the passphrase cannot be read: the app lock is off: %s", error)
        settings.changed.connect(self._setting_changed)
        self._watch()

    @property
    def path(self) -> Path:
        return self._path

    @property
    def is_on(self) -> bool:
        """Whether there is a passphrase."""
        return self._kept is not None

    @property
    def curtain(self) -> "Curtain | None":
        """What is seen while the program is locked; None while it is not."""
        return self._curtain

    @property
    def wait(self) -> int:
        """Seconds until another attempt is taken."""
        return max(0, math.ceil(self._taken_from - time.monotonic()))

    async def is_right(self, text: str) -> bool:
        """Whether ``text`` is the passphrase. A wrong one lets the next wait; it is not looked at before."""
        if self._kept is None:
            return True
        if self.wait:
            return False
        right = await asyncio.to_thread(self._kept.matches, text)
        self._wrong = 0 if right else self._wrong + 1
        self._taken_from = time.monotonic() + passphrases.wait_after(self._wrong)
        if not right:
            self._ticking.start()
            self._tell_wait()
        return right

    async def set_passphrase(self, text: str) -> None:
        """Have it from now on. Raises ``OSError`` where it cannot be kept."""
        kept = await asyncio.to_thread(Passphrase.made_of, text)
        await asyncio.to_thread(passphrases.write, self._path, kept)
        self._take(kept)

    async def turn_off(self) -> None:
        """Raises ``OSError`` where the file of the passphrase cannot be removed."""
        await asyncio.to_thread(self._path.unlink, missing_ok=True)
        self._take(None)

    def lock(self) -> None:
        """Lock, where there is a passphrase; also before the window is shown for the first time."""
        if self._kept is None or self._curtain is not None:
            return
        self.about_to_lock.emit()
        self._active = QApplication.activeWindow()
        tops = [top for top in QApplication.topLevelWidgets() if top.isVisible() and top is not self._window]
        self._curtain = Curtain(self, self._window, self._theme, self._tasks)
        self._curtain.show()
        self._curtain.come_forward()
        for top in (self._window, *sorted(tops, key=_depth)):
            self._put_away(top)
        self._watch()
        self._application.installEventFilter(self)

    def unlock(self) -> None:
        """Show again what was shown. It asks for nothing: see :meth:`is_right`."""
        if self._curtain is None:
            return
        self._application.removeEventFilter(self)
        curtain, self._curtain = self._curtain, None
        hidden, self._hidden = self._hidden, []
        if not curtain.isMinimized():
            self._window.restoreGeometry(curtain.saveGeometry())
        for window in filter(isValid, hidden):
            window.show()
        front = self._active if self._active in hidden and isValid(self._active) else self._window
        front.raise_()
        front.activateWindow()
        curtain.hide()
        curtain.deleteLater()
        self._watch()

    def close(self) -> None:
        """The program ends: the curtain goes, and nothing comes back."""
        if self._curtain is not None:
            self._application.removeEventFilter(self)
            self._curtain.hide()
            self._curtain.deleteLater()
            self._curtain = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Windows that are shown or closed behind the curtain."""
        kind = event.type()
        if kind not in (QEvent.Type.Show, QEvent.Type.Close):
            return False
        if isinstance(watched, QWidget) and watched.isWindow() and watched is not self._curtain:
            if kind == QEvent.Type.Close:
                if watched in self._hidden and watched is not self._window:
                    self._hidden.remove(watched)
            elif watched not in self._coming:
                # It is too early to hide it: Qt is about to show it. Where the system knows no opacity, it is
                # gone before it has been painted.
                self._coming.append(watched)
                watched.setWindowOpacity(0)
                QTimer.singleShot(0, self, self._send_back)
        return False

    def _send_back(self) -> None:
        """Hide what came meanwhile."""
        coming, self._coming = self._coming, []
        for window in filter(isValid, coming):
            if self._curtain is not None:
                self._put_away(window)
            window.setWindowOpacity(1)
        for window in filter(isValid, self._hidden):
            _forget(window)  # a child's window brings that of its parent back

    def _put_away(self, window: QWidget) -> None:
        if window.windowType() in _PASSING:
            window.close()
            return
        window.hide()
        if window not in self._hidden:
            self._hidden.append(window)
        _forget(window)

    def _take(self, kept: Passphrase | None) -> None:
        self._kept = kept
        self._watch()
        self.changed.emit()

    def _setting_changed(self, name: str) -> None:
        if name == "lock_minutes":
            self._watch()

    def _watch(self) -> None:
        """Lock when nothing is touched for as long as is set."""
        if self._idle is not None:
            self._idle.deleteLater()
            self._idle = None
        minutes = self._settings.lock_minutes
        if self._kept is not None and self._curtain is None and minutes:
            self._idle = Idle(self, minutes * 60)
            self._idle.reached.connect(self.lock)

    def _tell_wait(self) -> None:
        if not self.wait:
            self._ticking.stop()
        self.waits.emit(self.wait)


class Idle(QObject):
    """Emits ``reached`` when the user touched no window of the program for some seconds.

    By the clock of the day: it goes on while the computer sleeps, and then the first touch afterwards is what
    finds out, and does nothing else.
    """

    reached = Signal()

    def __init__(self, parent: QObject, seconds: float, clock: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        self._seconds, self._clock = seconds, clock
        self._last = clock()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        # Not the application's own events, which are all there are. An input method writes to the object.
        application.focusWindowChanged.connect(self._take)
        application.focusObjectChanged.connect(self._take)
        self._take(application.focusWindow())
        self._take(application.focusObject())
        self._timer.start(math.ceil(seconds * 1000))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _INPUT:
            if self._left() <= 0:
                self._look()
                return True
            self._last = self._clock()
        return False

    def _left(self) -> float:
        return min(self._seconds, self._last + self._seconds - self._clock())

    def _take(self, touched: QObject | None) -> None:
        if touched is not None:
            touched.installEventFilter(self)

    def _look(self) -> None:
        if (left := self._left()) > 0:
            self._timer.start(math.ceil(left * 1000))
        else:
            self._timer.stop()
            self.reached.emit()


class Curtain(QWidget):
    """A window in the place of another: a field for the passphrase, and nothing of what is behind."""

    def __init__(self, owner: AppLock, place: QMainWindow, theme: Theme, tasks: Tasks) -> None:
        super().__init__()
        self._lock, self._tasks = owner, tasks
        self._checking = False
        self.setObjectName("curtain")
        self.setWindowTitle(TITLE)
        self.setWindowIcon(app_icon())
        self.setMinimumSize(place.minimumSize())
        self.restoreGeometry(place.saveGeometry())
        px = theme.px
        image = label()
        image.setPixmap(app_icon().pixmap(px(64), px(64)))
        image.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        title = words(theme, "Desktop Chat is locked", size=20, bold=True)
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.field = QLineEdit()
        self.field.setObjectName("passphrase")
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText("Passphrase")
        self.field.setAccessibleName("Passphrase")
        self.field.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.button = button("Unlock", primary=True)
        self.button.setObjectName("unlock")
        self.note = words(theme, size=12.5, color="error")
        self.note.setObjectName("lockNote")
        # Room for what is told, so that nothing moves when it is.
        self.note.setMinimumHeight(px(40))
        self.note.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        middle = QWidget()
        middle.setFixedWidth(px(WIDTH))
        inner = QVBoxLayout(middle)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(px(14))
        for widget in (image, title):
            inner.addWidget(widget)
        inner.addSpacing(px(6))
        inner.addLayout(row(theme, self.field, self.button))
        inner.addWidget(self.note)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(middle, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        self.actions_ = Actions(self, commands_of(self))
        self.actions_.keep_in(self.field)
        self.field.returnPressed.connect(self._try)
        self.field.textChanged.connect(self._update)
        self.button.clicked.connect(self._try)
        owner.waits.connect(self._show_wait)
        self.field.setFocus()
        self._show_wait(owner.wait)

    def come_forward(self) -> None:
        if self.isMinimized():
            self.showNormal()
        self.raise_()
        self.activateWindow()

    def quit(self) -> None:
        self._lock.quit_requested.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.quit()

    def _try(self) -> None:
        if self.button.isEnabled():
            self._tasks.start(self._unlock(self.field.text()), "unlock")

    async def _unlock(self, text: str) -> None:
        self._checking = True
        self._update()
        try:
            right = await self._lock.is_right(text)
        finally:
            self._checking = False
        if right:
            self._lock.unlock()
            return
        self.field.selectAll()
        self.field.setFocus()
        announce(self.field, self.note.text())

    def _show_wait(self, seconds: int) -> None:
        if seconds:
            self.note.setText(f"Wrong passphrase. Try again in {seconds} s.")
        elif self.note.text():
            self.note.setText("Wrong passphrase.")
        self._update()

    def _update(self) -> None:
        self.button.setEnabled(bool(self.field.text()) and not self._checking and not self._lock.wait)


def _forget(window: QWidget) -> None:
    """Give back what the system has of a hidden window: it is made anew when it is shown.

    Qt tells screen readers of hidden windows, too, as long as the system has them. macOS does not, and there
    the menu bar belongs to what the system has of a window.
    """
    if sys.platform != "darwin" and window.windowHandle() is not None:
        window.destroy()


def _depth(window: QWidget) -> int:
    """How many windows it belongs to: those come before it."""
    parent = window.parentWidget()
    return 0 if parent is None else 1 + _depth(parent.window())
