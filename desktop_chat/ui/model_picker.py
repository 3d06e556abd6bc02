"""The model picker: a popup with the models of every endpoint, filtered as you type."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.model import Model
from desktop_chat.tasks import Tasks
from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme

Index = QModelIndex | QPersistentModelIndex
Load = Callable[[Endpoint, bool], Awaitable[list[Model]]]
Explain = Callable[[ChatError, str], tuple[str, str]]

WIDTH, ROW_HEIGHT = 360, 32
FEWEST_ROWS, MOST_ROWS = 4, 12


class RowKind(Enum):
    """What a row of the picker is."""

    ENDPOINT = "endpoint"
    MODEL = "model"
    TYPED = "typed"
    WORDS = "words"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Row:
    kind: RowKind
    text: str
    endpoint: Endpoint
    model: str = ""

    @property
    def can_be_chosen(self) -> bool:
        return self.kind in (RowKind.MODEL, RowKind.TYPED, RowKind.RETRY)


class PickerModel(QAbstractListModel):
    """The rows that fit the filter."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def set_rows(self, rows: list[Row]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows[index.row()].text
        return self.rows[index.row()] if role == Qt.ItemDataRole.UserRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.rows[index.row()].can_be_chosen:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags


class PickerDelegate(QStyledItemDelegate):
    """Paints a row: names of endpoints small, the model in use with a tick."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self.current = ("", "")

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colors, px = self._theme.colors, self._theme.px
        row: Row = index.data(Qt.ItemDataRole.UserRole)
        area = QRectF(option.rect)
        text = area.adjusted(px(10), 0, -px(10), 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.accent_soft)
            painter.drawRoundedRect(area, px(RADIUS_CONTROL), px(RADIUS_CONTROL))
        if row.kind is RowKind.ENDPOINT:
            painter.setFont(self._theme.font(12, QFont.Weight.DemiBold))
            painter.setPen(colors.faint)
        elif row.kind is RowKind.WORDS:
            painter.setFont(self._theme.font(13))
            painter.setPen(colors.dim)
        else:
            painter.setFont(self._theme.font(13))
            painter.setPen(colors.text)
        if row.kind is RowKind.MODEL and (row.endpoint.id, row.model) == self.current:
            size = px(16)
            tick = pixmap("check", colors.accent, size, painter.device().devicePixelRatioF())
            painter.drawPixmap(int(text.right()) - size, int(area.center().y() - size / 2), tick)
            text.setRight(text.right() - size - px(6))
        shown = painter.fontMetrics().elidedText(row.text, Qt.TextElideMode.ElideMiddle, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
        painter.restore()


class ModelPicker(QFrame):
    """Choose a model by keyboard or mouse. ``chosen`` carries the endpoint's id and the model's.

    ``load`` gives an endpoint's models, anew where its second argument is True, and raises ``ChatError``;
    ``explain`` turns that into a title and a sentence.
    """

    chosen = Signal(str, str)

    def __init__(
        self, theme: Theme, tasks: Tasks, load: Load, explain: Explain, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("modelPicker")
        self.setAccessibleName("Choose a model")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._theme = theme
        self._tasks = tasks
        self._load = load
        self._explain = explain
        self._endpoints: tuple[Endpoint, ...] = ()
        self._default: Endpoint | None = None
        self._models: dict[str, list[Model]] = {}
        self._errors: dict[str, ChatError] = {}
        self._loading: set[str] = set()
        self._has_moved = False
        self._most_rows = FEWEST_ROWS
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
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self.list.entered.connect(self._hovered)
        self.list.clicked.connect(self._choose)
        self.only_chat = QCheckBox("Only models that chat")
        self.only_chat.setObjectName("onlyModelsThatChat")
        self.only_chat.setChecked(True)
        self.only_chat.toggled.connect(self._refresh)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.field)
        self._column.addWidget(self.list, 1)
        self._column.addWidget(self.only_chat)

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
        self._most_rows = FEWEST_ROWS
        self.field.clear()
        self._has_moved = False
        for each in self._endpoints:
            self._start_loading(each, anew=each.id in self._errors)
        self._refresh()
        self._corner = corner
        self._fit()
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            if (step := steps.get(Qt.Key(event.key()))) is not None:
                self._move(step)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.list.currentIndex())
                return True
        return False

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
        known = False
        for endpoint in self._endpoints:
            rows.append(Row(RowKind.ENDPOINT, one_line(endpoint.name), endpoint))
            models = self._fitting(endpoint, typed)
            known = known or any(model == typed for model in models)
            rows += [Row(RowKind.MODEL, one_line(model), endpoint, model) for model in models]
            if endpoint.id in self._loading and endpoint.id not in self._models:
                rows.append(Row(RowKind.WORDS, "Loading the models…", endpoint))
            elif (error := self._errors.get(endpoint.id)) is not None:
                title, _body = self._explain(error, endpoint.name)
                rows.append(Row(RowKind.RETRY, f"{one_line(title)} — Retry", endpoint))
            elif not models:
                words = "No model has this in its name." if typed else "This endpoint lists no models."
                rows.append(Row(RowKind.WORDS, words, endpoint))
        if typed and not known and self._default is not None:
            rows.insert(
                0,
                Row(RowKind.TYPED, f"Use “{typed}” on {one_line(self._default.name)}", self._default, typed),
            )
        self.rows.set_rows(rows)
        self._select(kept)
        self._fit()

    def _fitting(self, endpoint: Endpoint, typed: str) -> list[str]:
        """The ids to show, those that begin with what was typed first, else in the order of the names."""
        ids = {
            model.id
            for model in self._models.get(endpoint.id, ())
            if model.chats or not self.only_chat.isChecked()
        }
        if endpoint.default_model:
            ids.add(endpoint.default_model)
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
        wishes = [number for number in choices if self._has_moved and rows[number] == kept]
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
        self._most_rows = min(MOST_ROWS, max(self._most_rows, len(self.rows.rows)))
        height = px(ROW_HEIGHT) * self._most_rows + self.field.sizeHint().height() + px(64)
        screen = self.screen().availableGeometry()
        self.resize(px(WIDTH), min(height, screen.height()))
        x = max(screen.left(), min(self._corner.x(), screen.right() - self.width()))
        y = max(screen.top(), min(self._corner.y(), screen.bottom() - self.height()))
        self.move(x, y)
