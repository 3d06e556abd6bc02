"""What to do with a chat that grows: the choice, and its number."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from desktop_chat.domain.context import ContextSettings, Strategy
from desktop_chat.domain.endpoint import Dialect, Endpoint
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

_NAMES = {
    Strategy.EVERYTHING: "Everything",
    Strategy.BUDGET: "A token budget",
    Strategy.LAST_TURNS: "The last turns",
    Strategy.SUMMARY: "A summary of older turns",
    Strategy.SERVER: "Left to the server",
}
_HINTS = {
    Strategy.EVERYTHING: "All of the chat is sent. Where it fits no more, you are asked.",
    Strategy.BUDGET: "The newest turns that fit are sent, each one whole.",
    Strategy.LAST_TURNS: "A turn is what you wrote and the answers to it.",
    Strategy.SUMMARY: "The summary is sent in the place of the turns that it stands for.",
    Strategy.SERVER: "All is sent. Where it does not fit, the server leaves out the oldest.",
}
_ONLY_RESPONSES = "{endpoint} cannot: only the Responses dialect can."
MOST_TOKENS, MOST_TURNS = 10_000_000, 100_000
STEP = 1_000
"""Tokens of one step of the budget."""


class StrategyFields(QWidget):
    """``changed`` carries the settings with what the user chose."""

    changed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._settings = ContextSettings()
        self._choice = QComboBox()
        self._choice.setObjectName("strategy")
        self._choice.setAccessibleName("What is sent")
        self._choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for strategy, name in _NAMES.items():
            self._choice.addItem(name, strategy)
        self._budget = _number(theme, "Token budget", MOST_TOKENS, " tokens", STEP)
        self._turns = _number(theme, "Number of turns", MOST_TURNS, " turns", 1)
        self._hint = words(theme, size=12.5, color="dim")
        self._hint.setObjectName("strategyHint")
        line = QHBoxLayout()
        line.setSpacing(theme.px(8))
        line.addWidget(self._choice)
        line.addWidget(self._budget)
        line.addWidget(self._turns)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(6))
        column.addLayout(line)
        column.addWidget(self._hint)
        self._choice.activated.connect(self._chosen)
        self._budget.valueChanged.connect(self._chosen)
        self._turns.valueChanged.connect(self._chosen)

    def show_settings(self, settings: ContextSettings, endpoint: Endpoint | None) -> None:
        """Show ``settings``, for requests to ``endpoint``."""
        self._settings = settings
        blocked = [QSignalBlocker(each) for each in (self._choice, self._budget, self._turns)]
        self._choice.setCurrentIndex(self._choice.findData(settings.strategy))
        self._budget.setValue(settings.budget)
        self._turns.setValue(settings.turns)
        self._turns.setSuffix(" turn" if settings.turns == 1 else " turns")
        del blocked
        self._budget.setVisible(settings.strategy is Strategy.BUDGET)
        self._turns.setVisible(settings.strategy is Strategy.LAST_TURNS)
        can_shorten = endpoint is not None and endpoint.dialect is Dialect.RESPONSES
        reason = _ONLY_RESPONSES.format(
            endpoint=one_line(endpoint.name) if endpoint else "Without an endpoint it"
        )
        self._enable(Strategy.SERVER, can_shorten, reason)
        hint = _HINTS[settings.strategy]
        if not can_shorten and settings.strategy is Strategy.SERVER:
            hint = f"{reason} All is sent."
        self._hint.setText(hint)
        # On Linux a combo box is named after its value alone.
        self._choice.setAccessibleDescription(f"What is sent. {hint}")

    def _enable(self, strategy: Strategy, enabled: bool, reason: str) -> None:
        place = self._choice.findData(strategy)
        model = self._choice.model()
        if isinstance(model, QStandardItemModel):
            model.item(place).setEnabled(enabled)
        self._choice.setItemText(
            place, _NAMES[strategy] if enabled else f"{_NAMES[strategy]} (Responses only)"
        )
        self._choice.setItemData(place, "" if enabled else reason, Qt.ItemDataRole.AccessibleDescriptionRole)

    def _chosen(self) -> None:
        self.changed.emit(
            replace(
                self._settings,
                strategy=Strategy(self._choice.currentData()),
                budget=self._budget.value(),
                turns=self._turns.value(),
            )
        )


def _number(theme: Theme, name: str, most: int, unit: str, step: int) -> QSpinBox:
    made = QSpinBox()
    made.setAccessibleName(name)
    made.setRange(1, most)
    made.setSingleStep(step)
    made.setSuffix(unit)
    made.setGroupSeparatorShown(True)
    made.setKeyboardTracking(False)
    # Qt leaves the style sheet's padding out of the place of a spin box's text.
    made.lineEdit().setTextMargins(theme.px(9), 0, 0, 0)
    made.hide()
    return made
