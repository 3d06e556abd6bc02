"""A live check of an endpoint and its key, and the line that tells how it went."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.model import Model
from desktop_chat.tasks import Tasks
from desktop_chat.ui import icons
from desktop_chat.ui.card_parts import recolor, words
from desktop_chat.ui.notices import explain
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

Check = Callable[[Endpoint, str | None], Awaitable[Sequence[Model]]]
"""Lists the models of an endpoint; raises ``ChatError``. Each call has an endpoint id of its own."""

_ICONS = {"ok": "check", "error": "circle-alert", "warn": "triangle-alert"}


class MessageLine(QWidget):
    """One line of text with an icon; it may wrap."""

    def __init__(self, theme: Theme, object_name: str = "checkResult") -> None:
        super().__init__()
        self._theme = theme
        self._tone = "dim"
        self._icon = label()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._icon.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._text = words(theme, size=12.5, color="dim")
        self._text.setObjectName(object_name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(6))
        layout.addWidget(self._icon)
        layout.addWidget(self._text, 1)
        theme.changed.connect(self._restyle)
        self.say("")

    @property
    def text(self) -> str:
        return self._text.text()

    def say(self, text: str, tone: str = "dim") -> None:
        """Show ``text`` in ``tone``: ``dim``, ``ok``, ``warn`` or ``error``. Empty hides the line."""
        self._tone = tone
        self._text.setText(text)
        self._restyle()
        self.setVisible(bool(text))

    def _restyle(self) -> None:
        recolor(self._text, self._tone)
        image = _ICONS.get(self._tone)
        self._icon.setVisible(image is not None)
        if image is not None:
            color = getattr(self._theme.colors, self._tone)
            self._icon.setPixmap(icons.pixmap(image, color, self._theme.px(14), self.devicePixelRatioF()))


class CheckLine(MessageLine):
    """At most one check under way, and how it went.

    ``checked`` carries the models, or the error, of a check that was not cancelled.
    """

    checked = Signal(object, object)

    def __init__(self, theme: Theme, tasks: Tasks, check: Check) -> None:
        super().__init__(theme)
        self._tasks = tasks
        self._check = check
        self._task: asyncio.Task[None] | None = None

    @property
    def is_checking(self) -> bool:
        return self._task is not None

    def start(self, endpoint: Endpoint, key: str | None) -> None:
        """Check ``endpoint`` with ``key`` instead of what is being checked now."""
        self.cancel()
        self.say("Checking…")
        self._task = self._tasks.start(self._run(endpoint, key), "check endpoint")

    def cancel(self) -> None:
        """Drop the check that is under way."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, endpoint: Endpoint, key: str | None) -> None:
        try:
            models = await self._check(replace(endpoint, id=new_id()), key or None)
        except ChatError as error:
            self._task = None
            self.say(explain(error, endpoint.name).brief, "error")
            self.checked.emit(None, error)
            return
        self._task = None
        count = len(models)
        found = "no models are listed" if not count else f"{count} model{'s' * (count != 1)} available"
        self.say(f"{'Key works' if key else 'Connected'} · {found}", "ok")
        self.checked.emit(models, None)
