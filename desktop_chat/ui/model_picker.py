"""The model picker: a popup with the models of every endpoint, filtered as you type."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import (
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.model import Model
from desktop_chat.tasks import Tasks
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.model_facts import Facts
from desktop_chat.ui.model_rows import ROW_HEIGHT, PickerDelegate, PickerModel, Row, RowKind
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

Load = Callable[[Endpoint, bool], Awaitable[list[Model]]]
Explain = Callable[[ChatError, str], tuple[str, str]]

WIDTH = 440
FEWEST_ROWS, MOST_ROWS = 4, 14
"""Of the lowest kind."""
FAVOURITE_KEY = "Ctrl+D"


class About(Protocol):
    """What the picker asks of models: see ``ModelFacts``."""

    def of(self, endpoint: Endpoint, model: Model) -> Facts: ...
    async def look_up(self, endpoint: Endpoint, model: str) -> None: ...
    def favourites(self, endpoint: Endpoint) -> list[str]: ...
    def toggle_favourite(self, endpoint: Endpoint, model: str) -> bool: ...


class ModelPicker(QFrame):
    """Choose a model by keyboard or mouse. ``chosen`` carries the endpoint's id and the model's.

    ``load`` gives an endpoint's models, anew where its second argument is True, and raises ``ChatError``;
    ``explain`` turns that into a title and a sentence. Favourites stand first; the star of a row, or
    Ctrl+D, makes one of it or no longer.
    """

    chosen = Signal(str, str)

    def __init__(
        self,
        theme: Theme,
        tasks: Tasks,
        load: Load,
        explain: Explain,
        about: About,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("modelPicker")
        self.setAccessibleName("Choose a model")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._theme = theme
        self._tasks = tasks
        self._load = load
        self._explain = explain
        self._about = about
        self._looked_up: set[tuple[str, str]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._endpoints: tuple[Endpoint, ...] = ()
        self._default: Endpoint | None = None
        self._models: dict[str, list[Model]] = {}
        self._errors: dict[str, ChatError] = {}
        self._loading: set[str] = set()
        self._has_moved = False
        self._height = 0
        self._corner = QPoint()

        self.field = QLineEdit()
        self.field.setObjectName("modelSearch")
        self.field.setAccessibleName("Search models")
        self.field.setPlaceholderText("Search, or type a model's name")
        self.field.textChanged.connect(self._typed)
        self.field.installEventFilter(self)
        self.rows = PickerModel(self)
        self.list = QListView()
        self.list.setObjectName("models")
        self.list.setAccessibleName("Models")
        self.list.setModel(self.rows)
        self._delegate = PickerDelegate(theme, self.list)
        self.list.setItemDelegate(self._delegate)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self.list.entered.connect(self._hovered)
        self.list.viewport().installEventFilter(self)
        self.list.verticalScrollBar().valueChanged.connect(self._look_up_shown)
        self.only_chat = QCheckBox("Only models that chat")
        self.only_chat.setObjectName("onlyModelsThatChat")
        self.only_chat.setChecked(True)
        self.only_chat.toggled.connect(self._refresh)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.field)
        self._column.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.only_chat)
        foot.addStretch(1)
        foot.addWidget(words(theme, f"{FAVOURITE_KEY} favourite", size=12, color="dim"))
        self._column.addLayout(foot)

    def open_at(
        self, corner: QPoint, endpoints: Sequence[Endpoint], endpoint: Endpoint | None, model: str
    ) -> None:
        """Show what ``endpoints`` offer, at ``corner`` (global); ``endpoint`` and ``model`` are in use."""
        self._endpoints = tuple(endpoints)
        self._default = endpoint or next(iter(self._endpoints), None)
        self._delegate.current = (endpoint.id if endpoint else "", model)
        px = self._theme.px
        self._column.setContentsMargins(px(8), px(8), px(8), px(4))
        self._column.setSpacing(px(6))
        self._height = 0
        self._looked_up.clear()
        self.field.clear()
        self._has_moved = False
        for each in self._endpoints:
            self._start_loading(each, anew=each.id in self._errors)
        self._refresh()
        self._corner = corner
        self._fit()
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)
        self._look_up_shown()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            if (step := steps.get(Qt.Key(event.key()))) is not None:
                self._move(step)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.list.currentIndex())
                return True
            if (
                event.key() == Qt.Key.Key_D
                and event.modifiers() == Qt.KeyboardModifier.ControlModifier
                and self.list.currentIndex().isValid()
            ):
                self._toggle_favourite(self.list.currentIndex().row())
                return True
        if event.type() == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            index = self.list.indexAt(event.position().toPoint())
            if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
                area = self.list.visualRect(index)
                if self._delegate.is_star(area, event.position().toPoint().x()):
                    self._toggle_favourite(index.row())
                else:
                    self._choose(index)
                return True
        return False

    def hideEvent(self, event: QHideEvent) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colors.raised)
        painter.setPen(self._theme.colors.line)
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _start_loading(self, endpoint: Endpoint, *, anew: bool) -> None:
        if endpoint.id not in self._loading:
            self._loading.add(endpoint.id)
            self._errors.pop(endpoint.id, None)
            self._tasks.start(self._fetch(endpoint, anew), "models")

    async def _fetch(self, endpoint: Endpoint, anew: bool) -> None:
        try:
            self._models[endpoint.id] = await self._load(endpoint, anew)
        except ChatError as error:
            self._errors[endpoint.id] = error
        finally:
            self._loading.discard(endpoint.id)
        self._refresh()

    def _typed(self) -> None:
        self._has_moved = False
        self._refresh()

    def _refresh(self) -> None:
        typed = one_line(self.field.text())
        kept = self._current_row()
        rows: list[Row] = []
        favourites: list[Row] = []
        known = False
        for endpoint in self._endpoints:
            rows.append(Row(RowKind.ENDPOINT, one_line(endpoint.name), endpoint))
            models = self._fitting(endpoint, typed)
            known = known or any(model == typed for model in models)
            listed = {model.id: model for model in self._models.get(endpoint.id, ())}
            shown = [self._row(endpoint, listed.get(model) or Model(model)) for model in models]
            favourites += [row for row in shown if row.is_favourite]
            rows += [row for row in shown if not row.is_favourite]
            if endpoint.id in self._loading and endpoint.id not in self._models:
                rows.append(Row(RowKind.WORDS, "Loading the models…", endpoint))
            elif (error := self._errors.get(endpoint.id)) is not None:
                title, _body = self._explain(error, endpoint.name)
                rows.append(Row(RowKind.RETRY, f"{one_line(title)} — Retry", endpoint))
            elif not models:
                words = "No model has this in its name." if typed else "This endpoint lists no models."
                rows.append(Row(RowKind.WORDS, words, endpoint))
            elif all(row.is_favourite for row in shown):
                rows.pop()
        if favourites:
            rows = [Row(RowKind.ENDPOINT, "Favourites", favourites[0].endpoint), *favourites, *rows]
        if typed and not known and self._default is not None:
            rows.insert(
                0,
                Row(RowKind.TYPED, f"Use “{typed}” on {one_line(self._default.name)}", self._default, typed),
            )
        self.rows.set_rows(rows)
        self._select(kept)
        self._fit()
        self._look_up_shown()

    def _row(self, endpoint: Endpoint, model: Model) -> Row:
        is_favourite = model.id in self._about.favourites(endpoint)
        note = one_line(endpoint.name) if is_favourite and len(self._endpoints) > 1 else ""
        facts = self._about.of(endpoint, model)
        return Row(RowKind.MODEL, one_line(model.id), endpoint, model.id, facts, is_favourite, note)

    def _fitting(self, endpoint: Endpoint, typed: str) -> list[str]:
        """The ids to show, those that begin with what was typed first, else in the order of the names."""
        ids = {
            model.id
            for model in self._models.get(endpoint.id, ())
            if model.chats or not self.only_chat.isChecked()
        }
        ids.update(filter(None, (endpoint.default_model, *self._about.favourites(endpoint))))
        words = typed.casefold().split()
        fitting = [id for id in ids if all(word in id.casefold() for word in words)]
        return sorted(fitting, key=lambda id: (not id.casefold().startswith(typed.casefold()), id))

    def _current_row(self) -> Row | None:
        index = self.list.currentIndex()
        return self.rows.rows[index.row()] if index.isValid() else None

    def _select(self, kept: Row | None) -> None:
        """Make a row the current one: the user's own, else the model in use, else the best match."""
        rows = self.rows.rows
        choices = [number for number, row in enumerate(rows) if row.can_be_chosen]
        listed = [number for number in choices if rows[number].kind is not RowKind.TYPED]
        wishes = [number for number in choices if self._has_moved and kept and rows[number].key == kept.key]
        if not self.field.text():
            wishes += [n for n in listed if (rows[n].endpoint.id, rows[n].model) == self._delegate.current]
        wishes += [number for number in listed if rows[number].kind is RowKind.MODEL]
        for number in (wishes + choices)[:1]:
            self.list.setCurrentIndex(self.rows.index(number))

    def _move(self, step: int) -> None:
        choices = [n for n, row in enumerate(self.rows.rows) if row.can_be_chosen]
        if choices:
            at = self.list.currentIndex().row()
            place = choices.index(at) if at in choices else -1
            to = (place + step) % len(choices) if abs(step) == 1 else place + step
            self.list.setCurrentIndex(self.rows.index(choices[max(0, min(to, len(choices) - 1))]))
            self._has_moved = True
            self._tell(self.rows.rows[self.list.currentIndex().row()].told)

    def _toggle_favourite(self, number: int) -> None:
        row = self.rows.rows[number]
        if row.kind is RowKind.MODEL:
            is_favourite = self._about.toggle_favourite(row.endpoint, row.model)
            self._has_moved = True
            self._refresh()
            self._tell(f"{row.text} is {'a favourite' if is_favourite else 'no favourite any more'}")

    def _tell(self, text: str) -> None:
        """Have a screen reader say what happens in the list while the focus is in the field."""
        announce(self.field, text, at_once=True)

    def _look_up_shown(self) -> None:
        """Find what the models that are in view cost, one after the other."""
        if self.isVisible() and self._looking is None and self._next_unknown() is not None:
            self._looking = self._tasks.start(self._look_up(), "prices of models")

    async def _look_up(self) -> None:
        while (number := self._next_unknown()) is not None:
            row = self.rows.rows[number]
            self._looked_up.add((row.endpoint.id, row.model))
            await self._about.look_up(row.endpoint, row.model)
            for place, shown in enumerate(self.rows.rows):
                if shown.key == row.key:
                    facts = self._about.of(row.endpoint, self._listed(row))
                    self.rows.replace_row(place, replace(shown, facts=facts))
        self._looking = None

    def _listed(self, row: Row) -> Model:
        """The model of a row as its endpoint lists it."""
        models = self._models.get(row.endpoint.id, ())
        return next((model for model in models if model.id == row.model), Model(row.model))

    def _next_unknown(self) -> int | None:
        """The first row in view that holds a model whose price was not asked for."""
        first = self.list.indexAt(QPoint(1, 1)).row()
        for number, row in enumerate(self.rows.rows[max(0, first) :], max(0, first)):
            if self.list.visualRect(self.rows.index(number)).top() > self.list.viewport().height():
                break
            if row.kind is RowKind.MODEL and (row.endpoint.id, row.model) not in self._looked_up:
                return number
        return None

    def _hovered(self, index: QModelIndex) -> None:
        if self.rows.rows[index.row()].can_be_chosen:
            self.list.setCurrentIndex(index)

    def _choose(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        row = self.rows.rows[index.row()]
        if row.kind is RowKind.RETRY:
            self._start_loading(row.endpoint, anew=True)
            self._refresh()
        elif row.can_be_chosen:
            self.close()
            self.chosen.emit(row.endpoint.id, row.model)

    def _fit(self) -> None:
        """Take the room that the rows need; never less than before, so that nothing jumps while typing."""
        px = self._theme.px
        rows = sum(map(self._delegate.height, self.rows.rows[:MOST_ROWS]))
        least, most = px(ROW_HEIGHT) * FEWEST_ROWS, px(ROW_HEIGHT) * MOST_ROWS
        self._height = max(self._height, min(most, max(least, rows)))
        height = self._height + self.field.sizeHint().height() + px(64)
        screen = self.screen().availableGeometry()
        self.resize(px(WIDTH), min(height, screen.height()))
        x = max(screen.left(), min(self._corner.x(), screen.right() - self.width()))
        y = max(screen.top(), min(self._corner.y(), screen.bottom() - self.height()))
        self.move(x, y)
