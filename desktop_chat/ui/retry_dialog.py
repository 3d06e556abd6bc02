"""The wait before a retry, shown over the chat: why, how long, and a way to end it either way."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QProgressBar, QWidget

from desktop_chat.domain.events import RetryScheduled
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import Badge, DetailsBox, button, row, words
from desktop_chat.ui.notices import explain_retry, retry_countdown
from desktop_chat.ui.theme import Theme

WIDTH = 460
_TICK = 250
_STEPS = 1000


class RetryDialog(Card):
    """Counts down to one retry. It never takes the focus; Escape cancels only while the focus is in it.

    ``retry_now`` and ``cancelled`` say what the user chose; the dialog closes then.
    """

    retry_now = Signal()
    cancelled = Signal()

    def __init__(self, theme: Theme, host: QWidget, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives monotonic seconds, the same clock as the ``retry_at`` of :meth:`show_retry`."""
        super().__init__(theme, host, WIDTH)
        self.setObjectName("retry")
        self.setAccessibleName("Retry")
        self._clock = clock
        self._retry: RetryScheduled | None = None
        self._retry_at = 0.0
        self._details = ""

        self._title = words(theme, size=16, bold=True)
        self._text = words(theme, color="dim")
        self._progress = QProgressBar()
        self._progress.setAccessibleName("Wait")
        self._progress.setRange(0, _STEPS)
        self._progress.setTextVisible(False)
        self._countdown = words(theme, size=12.5, color="dim")
        self._countdown.setObjectName("countdown")
        self._box = DetailsBox(theme)
        copy, cancel = button("Copy details"), button("Cancel")
        now = button("Retry now", primary=True)
        copy.clicked.connect(self._copy)
        cancel.clicked.connect(self.reject)
        now.clicked.connect(self.accept)

        px = theme.px
        head = row(theme, Badge(theme, "triangle-alert"), self._title)
        head.setSpacing(px(10))
        self.body.setSpacing(0)
        self.body.addLayout(head)
        self.body.addSpacing(px(6))
        self.body.addWidget(self._text)
        self.body.addSpacing(px(14))
        self.body.addWidget(self._progress)
        self.body.addSpacing(px(6))
        self.body.addWidget(self._countdown)
        self.body.addSpacing(px(12))
        self.body.addWidget(self._box)
        self.body.addSpacing(px(16))
        self.body.addLayout(row(theme, copy, None, cancel, now))

        self._timer = QTimer(self)
        self._timer.setInterval(_TICK)
        self._timer.timeout.connect(self.tick)
        theme.changed.connect(self._recolor)
        self._recolor()

    def show_retry(
        self, retry: RetryScheduled, endpoint_name: str, retry_at: float, conversation: str = ""
    ) -> None:
        """Show ``retry``, which begins at ``retry_at`` of the clock. ``conversation`` is its title."""
        notice = explain_retry(retry, endpoint_name)
        self._retry, self._retry_at, self._details = retry, retry_at, notice.details
        self.setWindowTitle(f"{notice.title} – {conversation}" if conversation else notice.title)
        self._title.setText(notice.title)
        self._text.setText(notice.body)
        self._box.set_text(notice.summary)
        self.tick()
        self.setAccessibleDescription(f"{notice.title}. {notice.body} {self._countdown.text()}")
        self._timer.start()
        self.show()
        self.announce(f"{notice.title}. {self._countdown.text()}")

    def tick(self) -> None:
        """Bring the countdown up to date."""
        if self._retry is None:
            return
        left = max(0.0, self._retry_at - self._clock())
        share = 1 - left / self._retry.delay if self._retry.delay > 0 else 1.0
        self._progress.setValue(round(min(1.0, max(0.0, share)) * _STEPS))
        text = retry_countdown(self._retry, left)
        if text != self._countdown.text():
            self._countdown.setText(text)
        if left == 0:
            self._timer.stop()

    def accept(self) -> None:
        self._end()
        self.retry_now.emit()

    def reject(self) -> None:
        self._end()
        self.cancelled.emit()

    def dismiss(self) -> None:
        """Close without a word, since the retry began or the turn ended."""
        self._end()

    def _end(self) -> None:
        self._timer.stop()
        self._retry = None
        self.hide()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._details}\n{self._countdown.text()}")

    def _recolor(self) -> None:
        self._progress.setStyleSheet(
            f"QProgressBar::chunk {{ background: {self.theme.colors.warn.name()}; }}"
        )


class RetryDialogs(QObject):
    """The retry dialogs of one window: at most one a conversation, side by side where there are several.

    ``retry_now`` and ``cancelled`` carry the id of the conversation.
    """

    retry_now = Signal(str)
    cancelled = Signal(str)

    def __init__(self, theme: Theme, host: QWidget, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(host)
        self._theme = theme
        self._host = host
        self._clock = clock
        self._dialogs: dict[str, RetryDialog] = {}

    def show(
        self,
        conversation_id: str,
        retry: RetryScheduled,
        endpoint_name: str,
        retry_at: float,
        conversation: str = "",
    ) -> None:
        """Show the wait of a conversation; see :meth:`RetryDialog.show_retry`."""
        dialog = self._dialogs.get(conversation_id)
        if dialog is None:
            dialog = RetryDialog(self._theme, self._host, self._clock)
            dialog.retry_now.connect(lambda: self._ended(conversation_id, self.retry_now.emit))
            dialog.cancelled.connect(lambda: self._ended(conversation_id, self.cancelled.emit))
            self._dialogs[conversation_id] = dialog
        dialog.show_retry(retry, endpoint_name, retry_at, conversation)

    def close(self, conversation_id: str) -> None:
        """Close the dialog of a conversation, if it has one."""
        dialog = self._dialogs.pop(conversation_id, None)
        if dialog is not None:
            dialog.dismiss()
            dialog.deleteLater()

    def dialog(self, conversation_id: str) -> RetryDialog | None:
        return self._dialogs.get(conversation_id)

    def _ended(self, conversation_id: str, tell: Callable[[str], None]) -> None:
        self.close(conversation_id)
        tell(conversation_id)
