"""What of a chat the model sees: the line from which on it does, and marks at what the user chose."""

from dataclasses import dataclass

RULE_HEIGHT = 40
"""What the line takes above a message, in the design's pixels."""
PINNED, NOT_SENT = "always sent", "not sent"


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader is told of the next request. Ids are those of messages.

    ``line`` are the words of the line, empty for none. It stands above the message ``sees_from``; below all
    messages where that is none of them.
    """

    line: str = ""
    sees_from: str = ""
    pinned: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()

    def mark(self, message_id: str) -> str:
        """What is said of a message that the user always, or never, has sent; else ``""``."""
        if message_id in self.left_out:
            return NOT_SENT
        return PINNED if message_id in self.pinned else ""
