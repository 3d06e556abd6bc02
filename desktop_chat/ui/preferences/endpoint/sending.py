"""What goes with each request of an endpoint, and how long and how often it is tried."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QPlainTextEdit, QSpinBox

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.limits import Limits
from desktop_chat.settings import FIELDS
from desktop_chat.ui.endpoint_values import check_body, check_headers, check_query
from desktop_chat.ui.form import Form
from desktop_chat.ui.preferences.endpoint.pairs import PairsField
from desktop_chat.ui.theme import Theme

MOST_A_MINUTE = 10_000
MOST_PARALLEL = 100
LONGEST_TOTAL = 86_400


class RequestsSection(Form):
    title = "Requests"
    edited = Signal()

    def __init__(self, theme: Theme, limits: Limits) -> None:
        """``limits`` are those of the settings, which hold where the endpoint has none of its own."""
        super().__init__(theme)
        self.headers = PairsField(theme, "header")
        self.query = PairsField(theme, "parameter")
        self.body = QPlainTextEdit()
        self.body.setTabChangesFocus(True)
        self.body.setPlaceholderText('{"user": "me"}')
        self.body.setFixedHeight(theme.px(84))
        self.body.setFont(theme.code_font(12.5))
        self.add(
            "headers",
            "Headers",
            self.headers,
            "Sent with each request. Secret ones are entered under Key.",
            read=lambda: check_headers(self.headers.pairs()),
            tall=True,
        )
        self.add(
            "query",
            "Query",
            self.query,
            "Added to the address of each request.",
            read=lambda: check_query(self.query.pairs()),
            tall=True,
        )
        self.add(
            "extra_body",
            "Extra body",
            self.body,
            "A JSON object that is laid over the body of each request.",
            read=lambda: check_body(self.body.toPlainText()),
            tall=True,
        )
        self._numbers: dict[str, QSpinBox | QDoubleSpinBox] = {}
        self._number(
            "attempts", "Attempts", f"as in the settings ({limits.attempts})", FIELDS["attempts"].maximum
        )
        for name, text, usual in (
            ("connect_timeout", "Connect within", limits.connect),
            ("first_event_timeout", "First word within", limits.first_event),
            ("idle_timeout", "Longest pause", limits.idle),
        ):
            self._seconds(name, text, f"as in the settings ({usual:g} s)", FIELDS[name].maximum)
        self._seconds("total_timeout", "In all", "no limit", LONGEST_TOTAL)
        self._number("requests_per_minute", "Requests a minute", "no limit", MOST_A_MINUTE)
        self._number("parallel_requests", "At the same time", "no limit", MOST_PARALLEL)
        for pairs, name in ((self.headers, "headers"), (self.query, "query")):
            pairs.edited.connect(lambda name=name: self._changed(name))
        self.body.textChanged.connect(lambda: self._changed("extra_body"))

    def fill(self, endpoint: Endpoint) -> None:
        self.headers.set_pairs(endpoint.headers)
        self.query.set_pairs(endpoint.query)
        self.body.setPlainText(endpoint.extra_body)
        for name, field in self._numbers.items():
            field.setValue(getattr(endpoint, name) or 0)

    def _number(self, name: str, text: str, unset: str, most: float | None) -> None:
        field = QSpinBox()
        field.setRange(0, int(most or 0))
        counts = name in ("requests_per_minute", "parallel_requests")
        self._add_number(name, text, unset, field)
        self.set_read(name, field.value if counts else lambda: field.value() or None)

    def _seconds(self, name: str, text: str, unset: str, most: float | None) -> None:
        field = QDoubleSpinBox()
        field.setDecimals(0)
        field.setRange(0, most or 0)
        field.setSuffix(" s")
        self._add_number(name, text, unset, field)
        self.set_read(name, lambda: field.value() or None)

    def _add_number(self, name: str, text: str, unset: str, field: QSpinBox | QDoubleSpinBox) -> None:
        field.setSpecialValueText(unset)
        field.setKeyboardTracking(False)
        field.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
        field.setMinimumWidth(self.theme.px(250))
        field.valueChanged.connect(lambda: self.edited.emit())
        self._numbers[name] = field
        self.add(name, text, field)

    def _changed(self, name: str) -> None:
        self.correct(name)
        self.edited.emit()
