"""JSON as a tree for Qt, whose nodes are made when they are looked at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop_chat.ui.counts import counted
from desktop_chat.ui.json_view.writing import closed, is_array, path_of, scalar

MOST_ROWS = 1000
"""Members that stand below one node: more are put together in ranges, since a tree lays out all rows."""
LONGEST = 300
"""Characters of a text that are shown in a row."""

Index = QModelIndex | QPersistentModelIndex
Place = tuple[int, ...]
"""Where a value is: which member of its parent, from the top down."""


class Look(IntEnum):
    """What a value is, for its colour."""

    TEXT = 1
    NUMBER = 2
    WORD = 3
    """true, false and null."""
    MEMBERS = 4


class Role(IntEnum):
    """What a view asks for beside the text of a row."""

    NAME = Qt.ItemDataRole.UserRole + 1
    VALUE = Qt.ItemDataRole.UserRole + 2
    LOOK = Qt.ItemDataRole.UserRole + 3


@dataclass(slots=True)
class _Node:
    """A value, or (``name`` None) the members ``start`` to ``stop`` of its parent's value."""

    parent: int
    row: int
    name: str | int | None
    value: Any
    start: int
    stop: int
    items: Sequence[tuple[str | int, Any]] | None = None
    children: dict[int, int] = field(default_factory=dict)


class _Numbered(Sequence[tuple[str | int, Any]]):
    """The members of an array with their numbers, without a list of them."""

    def __init__(self, value: Sequence[Any]) -> None:
        self._value = value

    def __len__(self) -> int:
        return len(self._value)

    def __getitem__(self, number: Any) -> Any:
        return number, self._value[number]


class JsonModel(QAbstractItemModel):
    """One column. The top value's members are its rows; a value without members is a row itself."""

    def __init__(self, value: object, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.value = value
        top = value if size_of(value) else [value]
        self._is_wrapped = top is not value
        self._nodes = [_Node(-1, 0, "", top, 0, size_of(top))]

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if column or not 0 <= row < self.rowCount(parent):
            return QModelIndex()
        return self.createIndex(row, 0, self._child(self._number(parent), row))

    def parent(self, index: Index = QModelIndex()) -> Any:  # noqa: B008
        if not index.isValid():
            return QModelIndex()
        above = self._nodes[index.internalId()].parent
        return self.createIndex(self._nodes[above].row, 0, above) if above else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        node = self._nodes[self._number(parent)]
        return -(-(node.stop - node.start) // _step(node))

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        node = self._nodes[self._number(parent)]
        return node.stop > node.start

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node = self._nodes[index.internalId()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                name, value = self._name(node), self._shown(node)
                return f"{name}: {value}" if name and value else name or value
            case Role.NAME:
                return self._name(node)
            case Role.VALUE:
                return self._shown(node)
            case Role.LOOK:
                return _look(node)
        return None

    def value_at(self, index: Index) -> Any:
        """The value of a row; of a range its members."""
        node = self._nodes[self._number(index)]
        if not index.isValid():
            return self.value
        if node.name is not None:
            return node.value
        if isinstance(node.value, Mapping):
            return dict(self._items(node)[node.start : node.stop])
        return node.value[node.start : node.stop]

    def path_at(self, index: Index) -> str:
        """The place of a row as JSONPath; of a range that of the value that has its members."""
        names: list[str | int] = []
        number = self._number(index)
        while number > 0 and not self._is_wrapped:
            name = self._nodes[number].name
            if name is not None:
                names.append(name)
            number = self._nodes[number].parent
        return path_of(names[::-1])

    def index_of(self, place: Place) -> QModelIndex:
        """The row of a value that :func:`values` found."""
        number = 0
        for position in (0,) if self._is_wrapped else place:
            number = self._child(number, position // _step(self._nodes[number]))
            while self._nodes[number].name is None:
                node = self._nodes[number]
                number = self._child(number, (position - node.start) // _step(node))
        return self.createIndex(self._nodes[number].row, 0, number) if number else QModelIndex()

    def _number(self, index: Index) -> int:
        return int(index.internalId()) if index.isValid() else 0

    def _child(self, number: int, row: int) -> int:
        node = self._nodes[number]
        if row not in node.children:
            step = _step(node)
            start = node.start + row * step
            if step > 1:
                made = _Node(number, row, None, node.value, start, min(start + step, node.stop))
            else:
                name, value = self._items(node)[start]
                made = _Node(number, row, name, value, 0, size_of(value))
            node.children[row] = len(self._nodes)
            self._nodes.append(made)
        return node.children[row]

    def _items(self, node: _Node) -> Sequence[tuple[str | int, Any]]:
        """The members of a node's value; of a range those of the whole value."""
        if node.items is None:
            if node.name is None:
                node.items = self._items(self._nodes[node.parent])
            elif isinstance(node.value, Mapping):
                node.items = [(str(name), value) for name, value in node.value.items()]
            else:
                node.items = _Numbered(node.value)
        return node.items

    def _name(self, node: _Node) -> str:
        if node.name is None:
            return f"{node.start:,} … {node.stop - 1:,}"
        if self._is_wrapped and node.parent == 0:
            return ""
        return _short(scalar(node.name)[1:-1]) if isinstance(node.name, str) else str(node.name)

    def _shown(self, node: _Node) -> str:
        if node.name is None:
            return ""
        if size := size_of(node.value):
            return counted(size, "member" if isinstance(node.value, Mapping) else "item")
        if isinstance(node.value, str) and len(node.value) > LONGEST:
            return f"{scalar(node.value[:LONGEST])[:-1]}… {counted(len(node.value), 'character')}"
        return _short(closed(node.value))


def size_of(value: object) -> int:
    """How many members a value has."""
    return len(value) if isinstance(value, Mapping) or is_array(value) else 0


def values(value: object) -> Iterator[tuple[str, str, list[int]]]:
    """Every value below ``value``, in order: its name, its text where it has no members, and its place.

    The place is the same list each time, changed: copy what is kept.
    """
    place = [0]
    stack: list[Iterator[tuple[str, Any]]] = [_members(value) if size_of(value) else iter([("", value)])]
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
            place.pop()
            if place:
                place[-1] += 1
            continue
        name, member = found
        if size_of(member):
            yield name, "", place
            stack.append(_members(member))
            place.append(0)
        else:
            yield name, member if isinstance(member, str) else closed(member), place
            place[-1] += 1


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return ((str(name), member) for name, member in value.items())
    return (("", member) for member in value)


def _step(node: _Node) -> int:
    """How many members stand in each row below a node."""
    step = 1
    while (node.stop - node.start) > step * MOST_ROWS:
        step *= MOST_ROWS
    return step


def _look(node: _Node) -> Look:
    if node.name is None or isinstance(node.value, Mapping) or is_array(node.value):
        return Look.MEMBERS
    if node.value is None or isinstance(node.value, bool):
        return Look.WORD
    return Look.NUMBER if isinstance(node.value, int | float) else Look.TEXT


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
