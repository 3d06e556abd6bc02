"""Where prices are from, newer ones on request, and the user's own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from desktop_chat.api import PRICES_URL
from desktop_chat.domain.errors import ChatError
from desktop_chat.settings import OWN_PRICE, Settings
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import PricesInfo, Tokens, TokensUnavailable
from desktop_chat.ui.card_parts import button, recolor, row, words
from desktop_chat.ui.notices import explain
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.preferences.price_editor import PriceEditor
from desktop_chat.ui.safe import one_line, tool_tip
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.times import written

_HOST = PRICES_URL.split("/")[2]
_COLUMNS = ("Endpoint", "Model", "Input", "Output", "Cached", "Window")
_NAMES = (0, 1)
"""The columns that take the room that is left, and are cut where it is short."""
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_UNAVAILABLE = "The prices cannot be read just now."


class PricesPage(Page):
    """``fetch`` gets the published prices from the one host that is named beside its button."""

    title = "Prices"
    names = ("own_prices", "endpoints")

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        tasks: Tasks,
        tokens: Tokens,
        fetch: Callable[[], Awaitable[bytes]],
        host: QWidget,
    ) -> None:
        """``host`` is the window that the editor is shown in."""
        super().__init__(theme, settings)
        self._tasks = tasks
        self._tokens = tokens
        self._fetch = fetch
        self._host = host
        self._editor: PriceEditor | None = None
        self._task: asyncio.Task[None] | None = None
        self._source = words(theme, "…")
        self._source.setObjectName("priceSource")
        self._look = button("Look for newer prices")
        self._look.clicked.connect(self._look_pressed)
        self._result = words(theme, size=12.5, color="dim")
        self._result.setObjectName("priceResult")
        self._result.hide()
        self.column.addWidget(self._source)
        self.column.addLayout(row(theme, self._look, None))
        self.column.addWidget(self._result)
        self.column.addWidget(
            words(
                theme,
                f"One file is fetched from {_HOST}; nothing of you or your chats is sent. It is never looked "
                "for by itself.",
                size=12.5,
                color="dim",
            )
        )
        self.column.addWidget(words(theme, "Your own prices", size=13, bold=True))
        self._table = QTableWidget(0, len(_COLUMNS))
        self._table.setObjectName("ownPrices")
        self._table.setAccessibleName("Your own prices")
        self._table.verticalHeader().hide()
        self._table.setShowGrid(False)
        self._table.setWordWrap(False)
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._table.setTabKeyNavigation(False)
        header = self._table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column, text in enumerate(_COLUMNS):
            head = QTableWidgetItem(text)
            head.setTextAlignment(_LEFT if column in _NAMES else _RIGHT)
            self._table.setHorizontalHeaderItem(column, head)
        for column in _NAMES:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self._table.itemSelectionChanged.connect(self._selected)
        self._table.itemActivated.connect(lambda _item: self._change())
        about = "In $ a million tokens. They go before those above."
        self.column.addWidget(words(theme, about, size=12.5, color="dim"))
        self._add, self._edit, self._remove = button("Add…"), button("Change…"), button("Remove")
        self._add.clicked.connect(lambda: self._open_editor())
        self._edit.clicked.connect(self._change)
        self._remove.clicked.connect(self._remove_selected)
        self.column.addWidget(self._table, 1)
        self.column.addLayout(row(theme, self._add, self._edit, None, self._remove))
        # Takes the room that the table leaves while it is hidden.
        self.column.addStretch()
        theme.changed.connect(self._restyle)
        self.load()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._task is None:
            self._task = self._tasks.start(self._show_source(), "prices")

    def load(self) -> None:
        endpoints = {endpoint.id: endpoint.name for endpoint in self.settings.all_endpoints}
        selected = self._current()
        rows = [
            (id, model, values)
            for id, models in self.settings.own_prices.items()
            for model, values in models.items()
        ]
        self._table.setRowCount(len(rows))
        for line, (id, model, values) in enumerate(rows):
            texts = [one_line(endpoints.get(id, "removed")), one_line(model)]
            texts += [_shown(name, values.get(name, "")) for name in OWN_PRICE]
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setData(Qt.ItemDataRole.UserRole, (id, model))
                if column in _NAMES:
                    item.setToolTip(tool_tip(text))
                else:
                    item.setTextAlignment(_RIGHT)
                self._table.setItem(line, column, item)
            if (id, model) == selected:
                self._table.selectRow(line)
        self._table.setVisible(bool(rows))
        self._edit.setVisible(bool(rows))
        self._remove.setVisible(bool(rows))
        self._restyle()
        self._selected()

    def apply(self) -> None:
        """What is changed is set by the editor."""

    def leave(self) -> None:
        """The settings are closed: edit and fetch nothing any more."""
        if self._editor is not None:
            self._editor.reject()
        if self._task is not None:
            self._task.cancel()

    async def _show_source(self) -> None:
        try:
            self._show_info(await self._tokens.info())
        except TokensUnavailable:
            self._source.setText(_UNAVAILABLE)
        finally:
            self._task = None

    def _show_info(self, info: PricesInfo) -> None:
        text = f"{one_line(info.source)}, as of {_day(info.as_of)}: {info.models:,} models."
        self._source.setText(f"{text} {info.problem}".strip())

    def _look_pressed(self) -> None:
        if self._task is not None:
            self._task.cancel()
            return
        self._look.setText("Cancel")
        self._tell(f"Fetching from {_HOST}…")
        self._task = self._tasks.start(self._look_for_newer(), "newer prices")

    async def _look_for_newer(self) -> None:
        try:
            info = await self._tokens.refresh(await self._fetch())
        except asyncio.CancelledError:
            self._tell("")
            raise
        except ChatError as error:
            self._tell(explain(error, _HOST).brief, "error")
        except ValueError as error:
            self._tell(f"What came cannot be used, the prices stay as they are. {error}", "error")
        except OSError as error:
            self._tell(f"The prices could not be saved ({error.strerror}). They stay as they are.", "error")
        except TokensUnavailable:
            self._tell(_UNAVAILABLE, "error")
        else:
            self._show_info(info)
            self._tell(f"The prices of {_day(info.as_of)} are used from now on.", "ok")
        finally:
            self._task = None
            self._look.setText("Look for newer prices")

    def _tell(self, text: str, tone: str = "dim") -> None:
        recolor(self._result, tone)
        self._result.setText(text)
        self._result.setVisible(bool(text))

    def _current(self) -> tuple[str, str] | None:
        items = self._table.selectedItems()
        if not items:
            return None
        endpoint_id, model = items[0].data(Qt.ItemDataRole.UserRole)
        return endpoint_id, model

    def _selected(self) -> None:
        chosen = self._current() is not None
        self._edit.setEnabled(chosen)
        self._remove.setEnabled(chosen)

    def _change(self) -> None:
        if (chosen := self._current()) is not None:
            self._open_editor(*chosen)

    def _open_editor(self, endpoint_id: str = "", model: str = "") -> None:
        values = self.settings.own_prices.get(endpoint_id, {}).get(model)
        endpoints = self.settings.all_endpoints
        editor = PriceEditor(
            self.theme, self._host, endpoints, endpoint_id=endpoint_id, model=model, values=values
        )
        editor.saved.connect(lambda *new: self._replace((endpoint_id, model), new))
        editor.finished.connect(self._editor_closed)
        self._editor = editor
        editor.show()

    def _editor_closed(self) -> None:
        self._editor = None

    def _remove_selected(self) -> None:
        if (chosen := self._current()) is not None:
            self._replace(chosen, None)

    def _replace(self, old: tuple[str, str], new: tuple[str, str, dict[str, str]] | None) -> None:
        """Set ``new`` in the place of what is set for the endpoint and the model of ``old``."""
        prices = {id: dict(models) for id, models in self.settings.own_prices.items()}
        prices.get(old[0], {}).pop(old[1], None)
        if new is not None:
            prices.setdefault(new[0], {})[new[1]] = new[2]
        self.settings.change(own_prices={id: models for id, models in prices.items() if models})

    def _restyle(self) -> None:
        self._table.setFont(self.theme.font(13))
        self._table.verticalHeader().setDefaultSectionSize(self.theme.px(34))


def _shown(name: str, value: str) -> str:
    if not value:
        return "–"
    return f"{int(value):,}" if name == "context" else f"${value}"


def _day(text: str) -> str:
    """An ISO date in words; what is none as it is."""
    try:
        return written(date.fromisoformat(text[:10]))
    except ValueError:
        return one_line(text) or "an unknown day"
