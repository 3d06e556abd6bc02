"""The details panel: what the chat sends with each request, and what it has used."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QSpacerItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.domain.context import ContextSettings, Strategy
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.holds import Budget, Scope
from desktop_chat.domain.ledger import Totals
from desktop_chat.domain.message import Message
from desktop_chat.domain.parameters import BY_NAME
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.ui.buttons import EffortButton, LabelButton
from desktop_chat.ui.counts import short_count
from desktop_chat.ui.gauge import Bar
from desktop_chat.ui.money import cost_words, in_dollars, round_dollars, total_in_dollars
from desktop_chat.ui.parameters.slider import NumberSlider
from desktop_chat.ui.parameters.target import Target
from desktop_chat.ui.parameters.words import beyond_the_panel, warnings
from desktop_chat.ui.rate_gauge import RateGauge
from desktop_chat.ui.safe import label, one_line, tool_tip
from desktop_chat.ui.theme import Theme

if TYPE_CHECKING:
    from desktop_chat.ui.parameters.dialog import ParametersDialog

PROMPT_DELAY = 500
"""Milliseconds without a key after which the system prompt is handed on."""

_TIPS = {"max_output_tokens": "0 leaves it to the model"}
NONE = "—"
BUDGETS = {
    Scope.MONTH: "Budget this month",
    Scope.DAY: "Budget today",
    Scope.ENDPOINT: "Budget of the endpoint",
    Scope.CHAT: "Budget of the chat",
}
"""What budgets are called; the first that is set is shown."""


class DetailsPanel(QScrollArea):
    """Parameters that can be changed, and numbers that cannot."""

    parameters_changed = Signal(object)
    parameter_retried = Signal(str)
    """The name of a parameter that the model rejected, and that is to be tried again."""
    context_requested = Signal()
    usage_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        # What is in it can be reached by Tab and scrolls into view; a stop of its own would show nothing.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._theme = theme
        self._parameters = Parameters()
        self._target = Target()
        self._all: ParametersDialog | None = None

        self.prompt = QPlainTextEdit()
        self.prompt.setObjectName("systemPrompt")
        self.prompt.setAccessibleName("System prompt")
        self.prompt.setProperty("role", "detail")
        self.prompt.setPlaceholderText("How the model should answer")
        self.prompt.setTabChangesFocus(True)
        self.prompt.installEventFilter(self)
        self._prompt_timer = QTimer(self, singleShot=True, interval=PROMPT_DELAY)
        self._prompt_timer.timeout.connect(self.flush)
        self.prompt.textChanged.connect(self._prompt_timer.start)

        self.temperature = NumberSlider(theme, BY_NAME["temperature"])
        self.temperature.changed.connect(lambda value: self.change(temperature=value))

        self.max_tokens, limit = QSpinBox(), BY_NAME["max_output_tokens"]
        self.max_tokens.setObjectName("maxOutputTokens")
        self.max_tokens.setAccessibleName("Max output tokens")
        self.max_tokens.setProperty("flat", True)
        self.max_tokens.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.max_tokens.setRange(0, round(limit.maximum or 0))
        self.max_tokens.setSingleStep(round(limit.step))
        self.max_tokens.setGroupSeparatorShown(True)
        self.max_tokens.setSpecialValueText("model limit")
        self.max_tokens.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.max_tokens.setKeyboardTracking(False)
        self.max_tokens.setToolTip(tool_tip(_TIPS["max_output_tokens"]))
        self.max_tokens.valueChanged.connect(lambda value: self.change(max_output_tokens=value or None))

        self.reasoning = EffortButton(theme, "chevron-down", trailing=True)
        self.reasoning.setObjectName("reasoningEffort")
        self.reasoning.setAccessibleName("Reasoning effort")
        self.reasoning.chosen.connect(lambda effort: self.change(reasoning_effort=effort))
        self.more = LabelButton(theme, "", "")
        self.more.setObjectName("moreParameters")
        self.more.setProperty("flat", True)
        self.more.clicked.connect(self.show_all)
        self._warning = label(wrap=True)
        self._warning.setObjectName("parametersWarning")
        self._warning.setProperty("role", "warn")
        for wheel_scrolls_past in (self.max_tokens, self.temperature.slider):
            wheel_scrolls_past.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            wheel_scrolls_past.installEventFilter(self)

        self._input = _value("inputCached")
        self._output = _value("output")
        self._cost = _value("cost")
        self.context = LabelButton(theme, "", "")
        self.context.setObjectName("contextStrategy")
        self.context.setProperty("flat", True)
        self.context.setToolTip("What of the chat is sent with the next request")
        self.context.clicked.connect(self.context_requested)
        self.usage = LabelButton(theme, "", "Usage…")
        self.usage.setObjectName("showUsage")
        self.usage.setProperty("flat", True)
        self.usage.setToolTip("What all chats have used and cost")
        self.usage.clicked.connect(self.usage_requested)
        self._budget, self._bar = _value("budget"), Bar(theme)
        self._first_token = _value("firstToken")
        self._speed = _value("speed")
        self.request_id = CopyButton(theme)

        # Screen readers are told of a frame as a panel, and of a scroll area as of mere filling.
        content = QFrame()
        content.setObjectName("details")
        content.setAccessibleName("Details")
        content.setProperty("surface", "side")
        self._column = QVBoxLayout(content)
        self._spaces: list[tuple[QSpacerItem, QSpacerItem]] = []
        self._ends: list[QSpacerItem] = []
        self._heading("System prompt", self.prompt)
        self._prompt_row = QHBoxLayout()
        self._prompt_row.addWidget(self.prompt)
        self._column.addLayout(self._prompt_row)
        self._heading("Parameters")
        self._column.addWidget(self.temperature)
        self._row("Max output tokens", self.max_tokens)
        self._row("Reasoning effort", self.reasoning)
        self._row("More parameters", self.more)
        self._warning_row = QHBoxLayout()
        self._warning_row.addWidget(self._warning)
        self._column.addLayout(self._warning_row)
        self._heading("This chat")
        self._row("Input / cached", self._input)
        self._row("Output", self._output)
        self._row("Cost", self._cost)
        self._row("Context", self.context)
        self._budget_row = QWidget()
        self._budget_column = QVBoxLayout(self._budget_row)
        self._budget_name = self._row(BUDGETS[Scope.MONTH], self._budget, self._budget_column)
        self._bar_row = QHBoxLayout()
        self._bar_row.addWidget(self._bar)
        self._budget_column.addLayout(self._bar_row)
        self._column.addWidget(self._budget_row)
        self._row("All chats", self.usage)
        self._heading("Last request")
        self._row("First token", self._first_token)
        self._row("Speed", self._speed)
        self._row("Request id", self.request_id)
        self.rates = RateGauge(theme)
        self._column.addWidget(self.rates)
        self._column.addStretch(1)
        self.setWidget(content)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._show_more()
        self.set_totals(Totals())
        self.set_context(ContextSettings())
        self.set_budgets(())

    def set_parameters(self, parameters: Parameters) -> None:
        """Show these. What the user is typing in the system prompt is not replaced by the same text."""
        self._prompt_timer.stop()
        self._parameters = parameters
        widgets: tuple[QObject, ...] = (self.prompt, self.max_tokens)
        for widget in widgets:
            widget.blockSignals(True)
        if self.prompt.toPlainText() != parameters.system_prompt:
            self.prompt.setPlainText(parameters.system_prompt)
        self.temperature.set_value(parameters.temperature)
        self.max_tokens.setValue(parameters.max_output_tokens or 0)
        self.reasoning.set_effort(parameters.reasoning_effort)
        for widget in widgets:
            widget.blockSignals(False)
        self._show_more()

    def set_target(self, model: str, dialect: Dialect, rejected: frozenset[str]) -> None:
        """Show the parameters as ``model`` takes them, whose endpoint speaks ``dialect``; ``rejected`` are
        the names of what it said that it does not take."""
        target = Target(model, dialect, rejected)
        if target == self._target:
            return
        self._target = target
        for name, control in (("max_output_tokens", self.max_tokens), ("reasoning_effort", self.reasoning)):
            why = self._why_not(name)
            control.setEnabled(not why)
            control.setToolTip(tool_tip(why or _TIPS.get(name, "")))
        self.temperature.set_rejected(self._why_not("temperature"))
        self._show_more()

    def show_all(self) -> None:
        """Open the window with every parameter."""
        if self._all is None:
            from desktop_chat.ui.parameters.dialog import ParametersDialog

            self._all = ParametersDialog(self._theme, self.window())
            self._all.changed.connect(self._set)
            self._all.retried.connect(self.parameter_retried)
        self._all.show_parameters(self._parameters, self._target)
        self._all.show()
        self._all.raise_()
        self._all.activateWindow()

    def set_totals(self, totals: Totals) -> None:
        """Show what all requests of the chat used and cost."""
        used = bool(totals.requests)
        self._input.setText(f"{totals.input:,} / {totals.cached:,}" if used else NONE)
        self._output.setText(f"{totals.output:,}" if used else NONE)
        self._cost.setText(total_in_dollars(totals) if used else NONE)
        self._cost.setToolTip(tool_tip(cost_words(totals)) if used else "")

    def set_context(self, context: ContextSettings) -> None:
        """Show how much of the chat is sent."""
        turns = context.turns
        words = {
            Strategy.EVERYTHING: "everything",
            Strategy.BUDGET: f"{short_count(context.budget)} tokens",
            Strategy.LAST_TURNS: f"last {turns:,} turns" if turns > 1 else "last turn",
            Strategy.SUMMARY: "with a summary",
            Strategy.SERVER: "left to the server",
        }[context.strategy]
        self.context.set_text(f"{words}…")
        self.context.setAccessibleName(f"Context: {words}")

    def set_budgets(self, budgets: Sequence[Budget]) -> None:
        """Show one of these: that of the month, else of the day, the endpoint or the chat."""
        found = {budget.scope: budget for budget in budgets}
        shown = next((found[scope] for scope in BUDGETS if scope in found), None)
        self._budget_row.setVisible(shown is not None)
        if shown is not None:
            self._budget_name.setText(BUDGETS[shown.scope])
            self._budget.setText(f"{in_dollars(shown.spent)} of {round_dollars(shown.amount)}")
            self._budget.setToolTip(tool_tip(f"{shown.share:.0%} is spent"))
            self._bar.set_share(shown.share)

    def set_last(self, last: Message | None) -> None:
        """Show the request that wrote ``last``."""
        timing = last.timing if last else None
        first = timing.first_token if timing else None
        self._first_token.setText(f"{first:.2f} s" if first is not None else NONE)
        speed = tokens_per_second(last.usage, timing) if last else None
        self._speed.setText(f"{speed:.0f} tok/s" if speed is not None else NONE)
        self.request_id.set_value(last.request_id or "" if last else "")

    def flush(self) -> None:
        """Hand on the system prompt now, before the chat changes or the window closes."""
        self._prompt_timer.stop()
        self.change(system_prompt=self.prompt.toPlainText())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.prompt:
            if event.type() == QEvent.Type.FocusOut:
                self.flush()
        elif event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def change(self, **values: Any) -> None:
        """Set parameters by name, as if the user had done so here."""
        parameters = replace(self._parameters, **values)
        if parameters != self._parameters:
            self._parameters = parameters
            self._show_more()
            self.parameters_changed.emit(parameters)

    def _set(self, name: str, value: object) -> None:
        """What was changed in the window of all is shown here too; None is the default."""
        unset = getattr(Parameters(), name)
        self.flush()
        self.change(**{name: unset if value is None else value})
        self.set_parameters(self._parameters)

    def _why_not(self, name: str) -> str:
        if name not in self._target.rejected:
            return ""
        model = one_line(self._target.model)
        return f"{model} said that it does not take this. Try it again under “More parameters”"

    def _show_more(self) -> None:
        """Say what is set that is not shown here, and what does not go together."""
        found = beyond_the_panel(self._parameters)
        text = f"{len(found)} more set…" if found else "all default…"
        self.more.set_text(text)
        self.more.setAccessibleName(f"More parameters: {text}")
        self.more.setToolTip(tool_tip("\n".join(found) or "Every parameter of a request"))
        told = "\n".join(warnings(self._parameters))
        self._warning.setText(told)
        self._warning.setVisible(bool(told))
        if self._all is not None:
            self._all.show_parameters(self._parameters, self._target)

    def _heading(self, text: str, buddy: QWidget | None = None) -> None:
        made = label(text)
        made.setProperty("role", "caption")
        if buddy is not None:
            made.setBuddy(buddy)
        above, below = QSpacerItem(0, 0), QSpacerItem(0, 0)
        self._spaces.append((above, below))
        self._column.addItem(above)
        self._column.addWidget(made)
        self._column.addItem(below)

    def _row(self, text: str, value: QWidget, column: QVBoxLayout | None = None) -> QLabel:
        """A name and its value; a value that can be pressed has its frame in the margin."""
        row = QHBoxLayout()
        name = _name(text)
        row.addWidget(name)
        row.addStretch(1)
        row.addWidget(value)
        if value.focusPolicy() == Qt.FocusPolicy.NoFocus:
            end = QSpacerItem(0, 0)
            self._ends.append(end)
            row.addItem(end)
        # A screen reader tells the name with the value.
        name.setBuddy(value)
        (column or self._column).addLayout(row)
        return name

    def _restyle(self) -> None:
        px = self._theme.px
        self.setMinimumWidth(px(220))
        self._column.setContentsMargins(px(16), px(14), px(8), px(14))
        self._column.setSpacing(0)
        self._prompt_row.setContentsMargins(0, 0, px(8), 0)
        self._warning_row.setContentsMargins(0, 0, px(8), 0)
        self.temperature.column.setContentsMargins(0, 0, px(8), 0)
        self._budget_column.setContentsMargins(0, 0, 0, px(6))
        self._budget_column.setSpacing(0)
        self._bar_row.setContentsMargins(0, 0, px(8), 0)
        for number, (above, below) in enumerate(self._spaces):
            above.changeSize(0, px(14) if number else 0)
            below.changeSize(0, px(6))
        for end in self._ends:
            end.changeSize(px(8), 0)
        self._column.invalidate()
        self.prompt.setFixedHeight(px(80))


class CopyButton(LabelButton):
    """Shows a value in its middle cut short, and copies all of it on a click."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "copy", NONE, color="dim", size=13, trailing=True, parent=parent)
        self.setObjectName("requestId")
        self.setProperty("flat", True)
        self._value = ""
        self.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._value))
        self.set_value("")

    def set_value(self, value: str) -> None:
        self._value = one_line(value)
        self.setEnabled(bool(self._value))
        self.set_image("copy" if self._value else "", "dim")
        self.setAccessibleName(f"Request id {self._value}" if self._value else "Request id")
        self.setAccessibleDescription("Copies it" if self._value else "")
        self.setToolTip(tool_tip(f"{self._value} (click to copy)") if self._value else "")
        metrics = QFontMetrics(self._theme.font(12.5))
        room = metrics.averageCharWidth() * 14
        self.set_text(metrics.elidedText(self._value, Qt.TextElideMode.ElideRight, room) or NONE)


def tokens_per_second(usage: Usage | None, timing: Timing | None) -> float | None:
    """Output tokens per second from the first one on; None where that cannot be said."""
    if usage is None or timing is None or timing.first_token is None:
        return None
    seconds = timing.duration - timing.first_token
    return usage.output / seconds if seconds > 0 and usage.output else None


def _name(text: str) -> QLabel:
    made = label(text)
    made.setProperty("role", "detail")
    return made


def _value(name: str) -> QLabel:
    made = label(NONE)
    made.setObjectName(name)
    made.setProperty("role", "dim")
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return made
