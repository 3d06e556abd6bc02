"""What may be spent, and whether answers are kept to be given again."""

from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from desktop_chat.domain.endpoint import EndpointKind
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.preferences.amount import AmountField, field_label
from desktop_chat.ui.preferences.clearing import Clear, Clearing
from desktop_chat.ui.preferences.page import LABEL_WIDTH, Page
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

_BUDGETS = (("budget_day", "A day"), ("budget_month", "A month"), ("budget_chat", "A chat"))


class BudgetsPage(Page):
    """``clear_answers`` forgets the answers that are kept to be given again; raises ``StorageError``."""

    title = "Budgets"
    names = ("budget_day", "budget_month", "budget_chat", "endpoint_budgets", "endpoints", "cache_answers")

    def __init__(self, theme: Theme, settings: Settings, tasks: Tasks, clear_answers: Clear) -> None:
        super().__init__(theme, settings)
        self._tasks = tasks
        self._fields: dict[str, AmountField] = {}
        self._of_endpoints: dict[str, AmountField] = {}
        self._shown: list[tuple[str, str]] = []
        self.column.insertWidget(
            1,
            words(
                theme,
                "In US dollars. At 80% you are told; a request that could pass a budget is held back until "
                "you allow it. Titles and summaries count too.",
                size=12.5,
                color="dim",
            ),
        )
        for name, text in _BUDGETS:
            field = AmountField(theme, text)
            field.changed.connect(lambda value, name=name: self.settings.change(**{name: value}))
            self._fields[name] = field
            _add_line(theme, self.form, text, field)
        self._heading = words(theme, "A month, for each endpoint", size=13, bold=True)
        self._of_each = QWidget()
        self._grid = QGridLayout(self._of_each)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.px(16))
        self._grid.setVerticalSpacing(theme.px(10))
        self._grid.setColumnMinimumWidth(0, theme.px(LABEL_WIDTH))
        self._grid.setColumnStretch(1, 1)
        self.column.addWidget(self._heading)
        self.column.addWidget(self._of_each)

        self._cache = QCheckBox("Answer identical requests at temperature 0 from here")
        self._cache.toggled.connect(self.apply)
        self.column.addWidget(words(theme, "Answers that were given before", size=13, bold=True))
        self.column.addWidget(self._cache)
        self.column.addWidget(
            words(
                theme,
                "Nothing is sent then. The answer is marked “cached” and costs nothing.",
                size=12.5,
                color="dim",
            )
        )
        self.column.addWidget(Clearing(theme, tasks, "Clear the answers that are kept", clear_answers))
        self.column.addStretch(1)
        self.load()

    def load(self) -> None:
        for name, field in self._fields.items():
            field.set_value(getattr(self.settings, name))
        self._show_endpoints()
        with QSignalBlocker(self._cache):
            self._cache.setChecked(self.settings.cache_answers)

    def apply(self) -> None:
        self.settings.change(cache_answers=self._cache.isChecked())

    def _show_endpoints(self) -> None:
        paid = [each for each in self.settings.all_endpoints if each.kind is not EndpointKind.DEMO]
        shown = [(each.id, one_line(each.name)) for each in paid]
        if shown != self._shown:
            self._shown = shown
            while (item := self._grid.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.deleteLater()
            self._of_endpoints = {id: self._add_endpoint(id, name) for id, name in shown}
            # Tab goes from the top down, whatever was made last.
            stops = [self._fields["budget_chat"], *self._of_endpoints.values()]
            for above, below in pairwise([*(stop.field for stop in stops), self._cache]):
                self.setTabOrder(above, below)
        for id, field in self._of_endpoints.items():
            field.set_value(self.settings.endpoint_budgets.get(id, ""))
        self._heading.setVisible(bool(paid))
        self._of_each.setVisible(bool(paid))

    def _add_endpoint(self, endpoint_id: str, name: str) -> AmountField:
        field = AmountField(self.theme, f"A month, {name}")
        field.changed.connect(lambda value: self._set_endpoint(endpoint_id, value))
        _add_line(self.theme, self._grid, name, field)
        return field

    def _set_endpoint(self, endpoint_id: str, value: str) -> None:
        others = {id: amount for id, amount in self.settings.endpoint_budgets.items() if id != endpoint_id}
        self.settings.change(endpoint_budgets=others | ({endpoint_id: value} if value else {}))


def _add_line(theme: Theme, grid: QGridLayout, text: str, field: AmountField) -> None:
    line = grid.rowCount()
    grid.addWidget(field_label(theme, text), line, 0, Qt.AlignmentFlag.AlignTop)
    grid.addWidget(field, line, 1)
