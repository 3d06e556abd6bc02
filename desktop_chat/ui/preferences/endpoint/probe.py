"""A test of an endpoint: each step with its time, whether it went well, and what to do if it did not."""

from collections.abc import AsyncGenerator, Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_chat.domain.endpoint import DIALECTS, Endpoint, Secrets
from desktop_chat.domain.probe import ProbeResult, ProbeStep, StepKind
from desktop_chat.ui import icons
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.check_line import MessageLine
from desktop_chat.ui.counts import counted
from desktop_chat.ui.notices import explain
from desktop_chat.ui.safe import label, one_line
from desktop_chat.ui.theme import Theme

Probe = Callable[[Endpoint, Secrets], AsyncGenerator[ProbeStep | ProbeResult, None]]
"""Tries an endpoint that need not be saved. Each call has an endpoint id of its own."""

STEPS = {
    StepKind.DNS: "Address (DNS)",
    StepKind.TCP: "Connection (TCP)",
    StepKind.PROXY: "Proxy",
    StepKind.TLS: "Encryption (TLS)",
    StepKind.AUTH: "Key",
    StepKind.MODELS: "Models",
    StepKind.DIALECT: "Dialect",
    StepKind.TOKEN: "First token",
}
_LOOKS = {True: ("check", "ok"), False: ("circle-alert", "error"), None: ("minus", "dim")}
_OUTCOMES = {True: "works", False: "failed", None: "left out"}


class ProbeList(QWidget):
    """The steps so far, and at the end what was found."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._name = ""
        self._steps: list[StepRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(10))
        self._line = MessageLine(theme, "testOutcome")
        self._column.addWidget(self._line)
        self._column.addStretch(1)

    @property
    def texts(self) -> list[str]:
        """What is shown of each step, as a screen reader tells it."""
        return [step.accessibleName() for step in self._steps]

    @property
    def outcome(self) -> str:
        return self._line.text

    def begin(self, name: str) -> None:
        """A test of the endpoint of that name begins."""
        self._name = name
        for step in self._steps:
            self._column.removeWidget(step)
            step.hide()
            step.deleteLater()
        self._steps.clear()
        self._line.say("Testing…")

    def add(self, step: ProbeStep) -> None:
        shown = StepRow(self._theme, step, self._name)
        self._column.insertWidget(len(self._steps), shown)
        self._steps.append(shown)
        if step.ok is False:
            announce(self, shown.accessibleName())

    def end(self, result: ProbeResult) -> None:
        if result.error is not None:
            self._line.say("It does not work yet. What is above says why.", "error")
        else:
            found = [f"It works and speaks {DIALECTS[result.dialect]}" if result.dialect else "It works"]
            if result.models is not None:
                found.append(f"{counted(len(result.models), 'model')} listed")
            self._line.say(f"{' · '.join(found)}.", "ok")
        announce(self, self._line.text)

    def fail(self, sentence: str) -> None:
        """The test could not begin, or go on."""
        self._line.say(sentence, "error")
        announce(self, sentence)

    def stop(self) -> None:
        """The user ended a test that was under way."""
        self._line.say("The test was stopped.")

    def mark_old(self) -> None:
        """Something was changed after the test."""
        if self._steps:
            self._line.say("This was before the last change.", "warn")


class StepRow(QWidget):
    """One step: its outcome as an icon, its name and its time, and below what was found or what to do."""

    def __init__(self, theme: Theme, step: ProbeStep, endpoint_name: str) -> None:
        super().__init__()
        self._theme = theme
        self._image, self._color = _LOOKS[step.ok]
        self._icon = label()
        took = "" if step.ok is None else _seconds(step.seconds)
        name = words(theme, STEPS[step.kind], size=13.5)
        time = words(theme, took, size=12.5, color="dim")
        time.setAlignment(Qt.AlignmentFlag.AlignRight)
        head = QHBoxLayout()
        head.setSpacing(theme.px(8))
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(name, 1)
        head.addWidget(time)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(2))
        column.addLayout(head)
        said = [one_line(step.detail)] if step.detail else []
        if step.error is not None:
            said.append(explain(step.error, endpoint_name).brief)
        for text, color in zip(said, ("dim", "error") if step.detail else ("error",), strict=False):
            below = words(theme, text, size=12.5, color=color)
            below.setContentsMargins(theme.px(24), 0, 0, 0)
            column.addWidget(below)
        self.setAccessibleName(", ".join(filter(None, [STEPS[step.kind], _OUTCOMES[step.ok], took, *said])))
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        color = getattr(self._theme.colors, self._color)
        self._icon.setPixmap(icons.pixmap(self._image, color, self._theme.px(16), self.devicePixelRatioF()))


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.1f} s"
