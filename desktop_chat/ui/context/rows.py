"""The next request as rows: what stands in each, without a widget or a text made before it is seen."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, IntEnum

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt

from desktop_chat.domain.context import DRAFT, ContextSettings, Entry, Place, Plan, Strategy
from desktop_chat.domain.message import Message, Role
from desktop_chat.ui.counts import counted
from desktop_chat.ui.safe import one_line

Index = QModelIndex | QPersistentModelIndex

FIRST_WORDS = 200
"""Characters of a message that a row may show."""
SYSTEM_PROMPT, SUMMARY, YOU = "System prompt", "Summary", "You"


class ItemRole(IntEnum):
    """What a row says beside its words, which are those for a screen reader."""

    NAME = Qt.ItemDataRole.UserRole
    TOKENS = Qt.ItemDataRole.UserRole + 1
    REASON = Qt.ItemDataRole.UserRole + 2
    """Why it is sent or not; empty where it is sent as all else."""
    WORDS = Qt.ItemDataRole.UserRole + 3
    IS_SENT = Qt.ItemDataRole.UserRole + 4
    IS_PINNED = Qt.ItemDataRole.UserRole + 5


class Choice(Enum):
    """What the user wants of a message; the value is the text of its button."""

    ALWAYS = "Always send"
    NEVER = "Never send"
    STRATEGY = "As the strategy says"


class ContextModel(QStringListModel):
    """The rows of one plan: the system prompt, the summary, then every message of the path.

    Qt asks for the number of rows once for each of them, which is not left to Python.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._plan = Plan((), 0)
        self._messages: Sequence[Message] = ()
        self._settings = ContextSettings()
        self._is_approximate = False
        self._draft = ""
        self._heads: list[tuple[str, str, int]] = []

    def set_plan(
        self,
        plan: Plan,
        messages: Sequence[Message],
        settings: ContextSettings,
        *,
        prompt: str,
        draft: str,
        is_approximate: bool,
    ) -> None:
        """Show ``plan``, whose entries are those of ``messages``, then perhaps of ``draft``.

        Where the rows stay the same, the selection and the scroll bar do too.
        """
        heads = [(SYSTEM_PROMPT, prompt, plan.fixed)] if prompt else []
        if plan.summary is not None:
            heads.append((SUMMARY, plan.summary.text, plan.summary_tokens))
        are_same = [name for name, _, _ in heads] == [name for name, _, _ in self._heads]
        self._plan, self._messages, self._settings = plan, messages, settings
        self._is_approximate, self._draft, self._heads = is_approximate, draft, heads
        count = len(heads) + len(plan.entries)
        if not are_same or count != self.rowCount():
            self.setStringList([""] * count)
        elif count:
            self.dataChanged.emit(self.index(0), self.index(count - 1))

    def entry(self, row: int) -> Entry | None:
        """What stands in ``row``; None for the system prompt and the summary."""
        place = row - len(self._heads)
        return self._plan.entries[place] if 0 <= place < len(self._plan.entries) else None

    def can_choose(self, row: int) -> bool:
        """Whether the user can say of ``row`` what becomes of it."""
        entry = self.entry(row)
        return entry is not None and entry.id != DRAFT and entry.place is not Place.EMPTY

    def choice(self, row: int) -> Choice:
        """What the user wants of the message of ``row``."""
        entry = self.entry(row)
        if entry is not None and entry.id in self._settings.pinned:
            return Choice.ALWAYS
        if entry is not None and entry.id in self._settings.left_out:
            return Choice.NEVER
        return Choice.STRATEGY

    def chosen(self, rows: Sequence[int], choice: Choice) -> ContextSettings:
        """The settings with ``choice`` made for the messages of ``rows``."""
        ids = {entry.id for row in rows if self.can_choose(row) and (entry := self.entry(row)) is not None}
        pinned, left_out = self._settings.pinned - ids, self._settings.left_out - ids
        if choice is Choice.ALWAYS:
            pinned |= ids
        elif choice is Choice.NEVER:
            left_out |= ids
        return replace(self._settings, pinned=pinned, left_out=left_out)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = index.row()
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                unit = "token" if self._tokens(row) == "1" else "tokens"
                return f"{self._name(row)}, {self._tokens(row)} {unit}, {self._reason(row) or 'sent'}"
            case Qt.ItemDataRole.AccessibleDescriptionRole | ItemRole.WORDS:
                return self._words(row)
            case ItemRole.NAME:
                return self._name(row)
            case ItemRole.TOKENS:
                return self._tokens(row)
            case ItemRole.REASON:
                return self._reason(row)
            case ItemRole.IS_SENT:
                entry = self.entry(row)
                return entry is None or entry.is_sent
            case ItemRole.IS_PINNED:
                entry = self.entry(row)
                return entry is not None and entry.place is Place.PINNED
        return None

    def _message(self, row: int) -> Message | None:
        place = row - len(self._heads)
        return self._messages[place] if 0 <= place < len(self._messages) else None

    def _name(self, row: int) -> str:
        if row < len(self._heads):
            return self._heads[row][0]
        message = self._message(row)
        if message is None or message.role is Role.USER:
            return YOU
        return one_line(message.model or "") or "Answer"

    def _words(self, row: int) -> str:
        if row < len(self._heads):
            text = self._heads[row][1]
        else:
            message = self._message(row)
            text = self._draft if message is None else message.text
        return one_line(text[:FIRST_WORDS])

    def _tokens(self, row: int) -> str:
        entry = self.entry(row)
        tokens = self._heads[row][2] if entry is None else entry.tokens
        return f"≈ {tokens:,}" if self._is_approximate else f"{tokens:,}"

    def _reason(self, row: int) -> str:
        entry = self.entry(row)
        if entry is None:
            return ""
        if entry.id == DRAFT:
            return "what you are writing"
        match entry.place:
            case Place.SENT:
                return ""
            case Place.PINNED:
                return "always sent"
            case Place.LEFT_OUT:
                return "left out by you"
            case Place.SUMMARISED:
                return "in the summary"
            case Place.EMPTY:
                return "nothing to send"
        return _outside(self._settings)


def _outside(settings: ContextSettings) -> str:
    """What a strategy leaves messages out for."""
    if settings.strategy is Strategy.LAST_TURNS:
        return (
            "outside the last turn" if settings.turns == 1 else f"outside the last {settings.turns:,} turns"
        )
    return f"outside the {counted(settings.budget, 'token')}"
