"""The branches of a chat as rows: what stands in each, made when it is seen."""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt

from desktop_chat.domain.branches import Branch
from desktop_chat.domain.conversation import Tree
from desktop_chat.domain.message import Message, Role
from desktop_chat.ui.counts import counted
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.times import moment

Index = QModelIndex | QPersistentModelIndex

FIRST_WORDS = 200
"""Characters of a message that a row may show."""
YOU = "You"
DEEPEST = 12
"""Lanes that are drawn side by side: what is deeper stands in the last one."""


def who(message: Message) -> str:
    """Whom a message is from, as the transcript names them."""
    return YOU if message.role is Role.USER else one_line(message.model or "") or "Answer"


def when(message: Message) -> str:
    """When a message was written, as short as can be; empty where that is not known."""
    if not message.created_at:
        return ""
    now = datetime.now().astimezone()
    return moment(datetime.fromtimestamp(message.created_at, now.tzinfo), now)


class ItemRole(IntEnum):
    """What a row says beside its words, which are those for a screen reader."""

    BRANCH = Qt.ItemDataRole.UserRole
    NAME = Qt.ItemDataRole.UserRole + 1
    PLACE = Qt.ItemDataRole.UserRole + 2
    """Which of how many versions it begins with."""
    WORDS = Qt.ItemDataRole.UserRole + 3
    TIME = Qt.ItemDataRole.UserRole + 4
    LENGTH = Qt.ItemDataRole.UserRole + 5
    LANES = Qt.ItemDataRole.UserRole + 6
    """Of each lane at the left of its own, whether the path that is shown runs there."""


class BranchModel(QStringListModel):
    """The rows of a map. Qt asks for their number once for each of them, which is not left to Python."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._branches: Sequence[Branch] = ()
        self._tree = Tree()
        self._lanes: list[tuple[bool, ...]] = []

    def set_branches(self, branches: Sequence[Branch], tree: Tree) -> None:
        """Show ``branches``, which are those of ``tree``."""
        self._branches, self._tree = branches, tree
        self._lanes.clear()
        beside: list[bool] = []
        for branch in branches:
            beside[branch.depth :] = [branch.is_active]
            self._lanes.append(tuple(beside[: min(branch.depth, DEEPEST)]))
        if self.rowCount() != len(branches):
            self.setStringList([""] * len(branches))
        elif branches:
            self.dataChanged.emit(self.index(0), self.index(len(branches) - 1))

    def branch(self, row: int) -> Branch:
        return self._branches[row]

    @property
    def shown_row(self) -> int:
        """The row with the end of the path that is shown; -1 where there is none."""
        rows = (row for row, branch in enumerate(self._branches) if branch.is_active and not branch.goes_on)
        return next(rows, -1)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self._branches):
            return None
        branch = self._branches[index.row()]
        message = self._tree[branch.first]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                said = [who(message), self._place(branch), counted(branch.length, "message")]
                said += ["shown" if branch.is_active else "not shown"]
                said += [f"level {branch.depth + 1}"] if branch.depth else []
                return ", ".join(filter(None, said))
            case Qt.ItemDataRole.AccessibleDescriptionRole | ItemRole.WORDS:
                return one_line(message.text[:FIRST_WORDS]) or "No text"
            case ItemRole.BRANCH:
                return branch
            case ItemRole.LANES:
                return self._lanes[index.row()]
            case ItemRole.NAME:
                return who(message)
            case ItemRole.PLACE:
                return self._place(branch)
            case ItemRole.TIME:
                return when(message)
            case ItemRole.LENGTH:
                return counted(branch.length, "message")
        return None

    def _place(self, branch: Branch) -> str:
        return f"version {branch.version} of {branch.versions}" if branch.versions > 1 else ""
