"""What the user knows of the prices of one model."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.preferences.amount import AmountField, clean_window, field_label
from desktop_chat.ui.safe import label, one_line
from desktop_chat.ui.theme import Theme

WIDTH = 460
_FIELDS = (
    ("input", "Input"),
    ("output", "Output"),
    ("cached", "Cached input"),
    ("context", "Context window"),
)
_EMPTY = {"input": "", "output": "", "cached": "as input", "context": "as known"}


class PriceEditor(Card):
    """Edits what is set for a model, or a new one. ``saved`` carries the endpoint's id, the model and the
    values as ``Settings.own_prices`` has them.
    """

    saved = Signal(str, str, object)

    def __init__(
        self,
        theme: Theme,
        host: QWidget,
        endpoints: Sequence[Endpoint],
        *,
        endpoint_id: str = "",
        model: str = "",
        values: dict[str, str] | None = None,
    ) -> None:
        super().__init__(theme, host, WIDTH, modal=True)
        title = "Change prices" if model else "Add prices"
        self.setObjectName("price")
        self.setAccessibleName("Prices of a model")
        self.setWindowTitle(title)
        self._endpoint = QComboBox()
        self._endpoint.setAccessibleName("Endpoint")
        for endpoint in endpoints:
            self._endpoint.addItem(one_line(endpoint.name), endpoint.id)
        self._endpoint.setCurrentIndex(max(0, self._endpoint.findData(endpoint_id)))
        self._model = QLineEdit(model)
        self._model.setAccessibleName("Model")
        self._model.setPlaceholderText("its name, as the endpoint lists it")
        self._fields: dict[str, AmountField] = {}
        self._problem = words(theme, size=12.5, color="error")
        self._problem.setObjectName("priceProblem")
        self._problem.hide()

        px = theme.px
        grid = QGridLayout()
        grid.setHorizontalSpacing(px(16))
        grid.setVerticalSpacing(px(10))
        grid.setColumnStretch(2, 1)
        for line, (text, field) in enumerate((("Endpoint", self._endpoint), ("Model", self._model))):
            caption = label(text)
            caption.setBuddy(field)
            grid.addWidget(caption, line, 0)
            grid.addWidget(field, line, 1, 1, 2)
        for line, (name, text) in enumerate(_FIELDS, 2):
            is_window = name == "context"
            made = AmountField(
                theme, text, placeholder=_EMPTY[name], **({"clean": clean_window} if is_window else {})
            )
            made.set_value((values or {}).get(name, ""))
            self._fields[name] = made
            grid.addWidget(field_label(theme, text), line, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(made, line, 1)
            unit = "tokens" if is_window else "$ a million tokens"
            grid.addWidget(
                field_label(theme, unit, size=12.5, color="dim"), line, 2, Qt.AlignmentFlag.AlignTop
            )
        cancel, save = button("Cancel"), button("Save", primary=True)
        cancel.clicked.connect(self.reject)
        save.clicked.connect(self._save)
        self.body.setSpacing(px(10))
        self.body.addWidget(words(theme, title, size=16, bold=True))
        self.body.addLayout(grid)
        self.body.addWidget(self._problem)
        self.body.addSpacing(px(4))
        self.body.addLayout(row(theme, None, cancel, save))
        self.starts_at = self._fields["input"].field if model else self._model
        self.finished.connect(self.deleteLater)

    def _save(self) -> None:
        wrong = [field for field in self._fields.values() if not field.check()]
        values = {name: field.value for name, field in self._fields.items() if field.value}
        if wrong:
            self._tell("")
            wrong[0].field.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not (model := self._model.text().strip()):
            self._tell("Enter the name of the model.")
            self._model.setFocus(Qt.FocusReason.OtherFocusReason)
        elif ("input" in values) != ("output" in values) or ("cached" in values and "input" not in values):
            self._tell("Enter the prices of input and output, or neither.")
            missing = "output" if "input" in values else "input"
            self._fields[missing].field.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not values:
            self._tell("Enter prices, the context window, or both.")
            self._fields["input"].field.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.saved.emit(str(self._endpoint.currentData()), model, values)
            self.accept()

    def _tell(self, text: str) -> None:
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        if text:
            self.announce(text)
