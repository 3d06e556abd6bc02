"""The head of the usage window: what it is of, by what it is told apart, and what can be done with it."""

from datetime import date

from PySide6.QtCore import QDate, QLocale, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDateEdit, QGridLayout, QHBoxLayout, QMenu, QSizePolicy, QWidget

from desktop_chat.domain.ledger import Grouping
from desktop_chat.ui.buttons import IconButton, LabelButton
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.choice import Choice
from desktop_chat.ui.safe import ElidedLabel
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.usage.periods import EARLIEST, Range, Span

LATEST = date(2099, 12, 31)
SAID_FOR = 8000
"""Milliseconds."""
CANCEL_AFTER = 2000
"""Milliseconds of waiting until it can be cancelled."""


class Dates(QWidget):
    """Two days. ``changed`` has the span between them."""

    changed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self.first, self.last = self._edit("From"), self._edit("To")
        for text, edit in (("From", self.first), ("to", self.last)):
            caption = words(theme, text, size=13, color="dim")
            caption.setWordWrap(False)
            self._row.addWidget(caption)
            self._row.addWidget(edit)
        self._row.addStretch(1)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def span(self) -> Span:
        """From the earlier of the two to the later."""
        days = sorted((_date(self.first.date()), _date(self.last.date())))
        return Span(*days)

    def set_span(self, span: Span) -> None:
        for edit, day in ((self.first, span.first), (self.last, span.last)):
            edit.blockSignals(True)
            edit.setDate(_qdate(day))
            edit.blockSignals(False)

    def _edit(self, name: str) -> QDateEdit:
        edit = QDateEdit()
        edit.setAccessibleName(name)
        edit.setObjectName(f"usage{name}")
        form = QLocale.system().dateFormat(QLocale.FormatType.ShortFormat)
        edit.setDisplayFormat(form if "yyyy" in form else form.replace("yy", "yyyy"))
        edit.setDateRange(_qdate(EARLIEST), _qdate(LATEST))
        # Not at each digit of a year that is typed.
        edit.setKeyboardTracking(False)
        edit.dateChanged.connect(lambda: self.changed.emit(self.span))
        return edit

    def _restyle(self) -> None:
        self._row.setSpacing(self._theme.px(8))
        for edit in (self.first, self.last):
            edit.lineEdit().setTextMargins(self._theme.px(8), 0, 0, 0)


class Head(QWidget):
    """Title, what goes on, and the choices; below each other where there is no room.

    ``changed`` says that another range, span or grouping was chosen, ``exported`` has ``"csv"`` or
    ``"json"``.
    """

    changed = Signal()
    exported = Signal(str)
    cancel_requested = Signal()
    close_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._is_narrow: bool | None = None
        self.title = words(theme, "Usage and cost", size=16, bold=True)
        self.title.setWordWrap(False)
        self.status = ElidedLabel()
        self.status.setObjectName("usageStatus")
        self.status.setProperty("role", "dim")
        self.status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.cancel_button = LabelButton(theme, "", "Cancel")
        self.cancel_button.setProperty("flat", True)
        self.cancel_button.setObjectName("usageCancel")
        self.cancel_button.clicked.connect(self.cancel_requested)
        self.cancel_button.hide()
        self._may_cancel = QTimer(self, interval=CANCEL_AFTER, singleShot=True)
        self._may_cancel.timeout.connect(self.cancel_button.show)
        self._said = QTimer(self, interval=SAID_FOR, singleShot=True)
        self._said.timeout.connect(lambda: self.say(""))
        self.range = Choice(theme, "Time", ((range.value, range) for range in Range))
        self.range.setObjectName("usageRange")
        self.by = Choice(theme, "Group by", ((by.value.capitalize(), by) for by in Grouping), "By ")
        self.by.setObjectName("usageBy")
        self.export = LabelButton(theme, "chevron-down", "Export", color="dim", trailing=True)
        self.export.setObjectName("usageExport")
        self.export.setProperty("pill", True)
        menu = QMenu(self.export)
        for kind in ("csv", "json"):
            action = menu.addAction(f"{kind.upper()}…")
            action.triggered.connect(lambda _=False, kind=kind: self.exported.emit(kind))
        self.export.setMenu(menu)
        self.close_button = IconButton(theme, "x", "Close")
        self.close_button.setObjectName("usageClose")
        self.close_button.clicked.connect(self.close_requested)
        self.dates = Dates(theme)
        self.dates.hide()
        self.range.chosen.connect(self._range_chosen)
        self.by.chosen.connect(lambda: self.changed.emit())
        self.dates.changed.connect(lambda: self.changed.emit())
        self._choices = QWidget()
        self._row = QHBoxLayout(self._choices)
        self._row.setContentsMargins(0, 0, 0, 0)
        for button in (self.range, self.by, self.export):
            self._row.addWidget(button)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.addWidget(self.title, 0, 0)
        self._grid.addWidget(self.status, 0, 1)
        self._grid.addWidget(self.cancel_button, 0, 2)
        self._grid.addWidget(self.close_button, 0, 4)
        self._grid.addWidget(self.dates, 2, 0, 1, 5)
        self._grid.setColumnStretch(1, 1)
        theme.changed.connect(self._restyle)
        self._restyle()

    def say(self, text: str) -> None:
        """Say for a while what was done."""
        self._show_status(text)
        self._said.start()

    def wait(self, text: str) -> None:
        """Say what is waited for, and let it be cancelled when that takes long."""
        self._show_status(text)
        self._may_cancel.start()

    def _show_status(self, text: str) -> None:
        self._said.stop()
        self._may_cancel.stop()
        self.cancel_button.hide()
        self.status.setText(text)
        self.status.setAccessibleName(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120), super().minimumSizeHint().height())

    def _range_chosen(self, range: Range) -> None:
        self.dates.setVisible(range is Range.CHOSEN)
        if range is Range.CHOSEN:
            self.dates.first.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()

    def _arrange(self) -> None:
        needed = sum(
            widget.sizeHint().width()
            for widget in (self.title, self.range, self.by, self.export, self.close_button)
        )
        is_narrow = self.width() < needed + self._theme.px(8 * 6 + 40)
        if is_narrow is self._is_narrow:
            return
        self._is_narrow = is_narrow
        if is_narrow:
            self._grid.addWidget(self._choices, 1, 0, 1, 5, Qt.AlignmentFlag.AlignLeft)
        else:
            self._grid.addWidget(self._choices, 0, 3)

    def _restyle(self) -> None:
        px = self._theme.px
        self._grid.setHorizontalSpacing(px(10))
        self._grid.setVerticalSpacing(px(8))
        self._row.setSpacing(px(8))
        self._is_narrow = None
        self._arrange()


def _date(day: QDate) -> date:
    return date(day.year(), day.month(), day.day())


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
