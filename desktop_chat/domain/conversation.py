"""The tree of one conversation: parents, versions and the active path."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from desktop_chat.domain.context import ContextSettings
from desktop_chat.domain.message import Message
from desktop_chat.domain.parameters import Parameters


@dataclass(slots=True)
class Conversation:
    """What the list shows of a conversation, and what its requests start from.

    ``title_source`` is ``"first_words"``, ``"model"`` or ``"user"``. ``endpoint_id`` and ``model`` are None
    until the user chose others than the defaults. ``used_at`` is Unix time in seconds of the last turn, for
    display; ``order`` is the sequence that sorts the list, newest highest.

    ``seq`` is its number in the database, 0 before it is stored. ``folder`` is the id of the folder that it
    lies in; ``tags`` are the ids of its tags. ``deleted_at`` is the Unix time at which it went to the trash.
    ``origin`` says where it came from where it was not begun here: ``"import:chatgpt"``, say, or
    ``"fork:"`` and the id of the message that it goes on from.
    """

    id: str
    title: str = ""
    title_source: str = "first_words"
    endpoint_id: str | None = None
    model: str | None = None
    parameters: Parameters = field(default_factory=Parameters)
    active_leaf: str | None = None
    created_at: float = 0.0
    used_at: float = 0.0
    order: int = 0
    pinned: bool = False
    context: ContextSettings = field(default_factory=ContextSettings)
    seq: int = 0
    folder: str | None = None
    archived: bool = False
    unread: bool = False
    deleted_at: float | None = None
    origin: str = ""
    tags: tuple[str, ...] = ()


class Tree:
    """All messages of a conversation, and the path that is shown.

    The order of versions is the order in which they were added. Messages are mutable and shared with the
    caller; the tree itself only knows their places.
    """

    def __init__(self, messages: Iterable[Message] = (), active_leaf: str | None = None) -> None:
        self._messages: dict[str, Message] = {}
        self._children: dict[str | None, list[str]] = {}
        self.active_leaf: str | None = None
        for message in messages:
            self.add(message)
        if active_leaf in self._messages:
            self.active_leaf = active_leaf

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """All messages, in the order in which they were added."""
        return iter(self._messages.values())

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._messages

    def __getitem__(self, message_id: str) -> Message:
        return self._messages[message_id]

    def add(self, message: Message) -> None:
        """Add ``message`` as the newest version below its parent, and make it the active leaf.

        A parent that is unknown (a damaged import, say) makes the message a root, so that it stays visible.
        """
        if message.parent_id is not None and message.parent_id not in self._messages:
            message.parent_id = None
        self._messages[message.id] = message
        self._children.setdefault(message.parent_id, []).append(message.id)
        self.active_leaf = message.id

    def remove(self, message_id: str) -> None:
        """Take back a message without children; its parent becomes the active leaf where it was the leaf."""
        if self._children.get(message_id):
            raise ValueError("only a message without answers can be removed")
        message = self._messages.pop(message_id)
        self._children[message.parent_id].remove(message_id)
        if self.active_leaf == message_id:
            self.active_leaf = message.parent_id

    def adopt(self, other: "Tree") -> bool:
        """Have the messages and places of ``other``, which was read anew, and whether that changed anything.
        A message that is known stays the same object. The active leaf stays, or is the newest below what is
        left of its path."""
        known = self._messages
        places = [(message.id, message.parent_id) for message in other]
        if places == [(message.id, message.parent_id) for message in self]:
            return False
        leaf = self.active_leaf
        while leaf is not None and leaf not in other:
            leaf = known[leaf].parent_id
        is_whole = leaf == self.active_leaf
        self._messages, self._children = {}, {}
        for message in other:
            kept = known.get(message.id, message)
            kept.parent_id = message.parent_id
            self.add(kept)
        if not is_whole and (below := self._children.get(leaf)):
            leaf = self.leaf_below(below[-1])
        self.active_leaf = leaf
        return True

    def path_to(self, message_id: str | None) -> list[Message]:
        """The messages from the root to ``message_id``, that one included."""
        path: list[Message] = []
        seen: set[str] = set()
        while message_id is not None and message_id not in seen:
            seen.add(message_id)
            message = self._messages[message_id]
            path.append(message)
            message_id = message.parent_id
        path.reverse()
        return path

    @property
    def path(self) -> list[Message]:
        """The active path, root first."""
        return self.path_to(self.active_leaf)

    def versions(self, message_id: str) -> list[str]:
        """The ids of all versions of a message, itself included, oldest first."""
        return list(self._children[self._messages[message_id].parent_id])

    def children(self, message_id: str | None) -> list[str]:
        """The ids of the messages that answer or follow a message, oldest first; those at the beginning for
        None."""
        return list(self._children.get(message_id, ()))

    def leaf_below(self, message_id: str) -> str:
        """The newest leaf at or below a message: where switching to that version leads."""
        while children := self._children.get(message_id):
            message_id = children[-1]
        return message_id
