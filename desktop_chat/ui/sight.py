"""What of a chat the model sees: the line from which on it does, and marks at what the user chose."""

from dataclasses import dataclass

from desktop_chat.domain.context import Place, Strategy
from desktop_chat.session import ChatSession

SEES_FROM = "The model sees the chat from here"
SUMMARISED = "A summary stands for what is above"
SERVER_LEAVES_OUT = "The server leaves out what does not fit"
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


def sight_of(session: ChatSession) -> Sight:
    """What there is to say of the next request of a chat, whatever will be written in it."""
    context = session.context
    line = sees_from = ""
    if context.strategy is Strategy.SERVER:
        line, sees_from = _left_to_the_server(session)
    elif context.strategy is not Strategy.EVERYTHING:
        plan = session.plan(0)
        places = {entry.place for entry in plan.entries}
        if Place.SUMMARISED in places:
            line = SUMMARISED
        elif Place.OUTSIDE in places:
            line = SEES_FROM
        sees_from = plan.sees_from or ""
    return Sight(line, sees_from, context.pinned, context.left_out)


def _left_to_the_server(session: ChatSession) -> tuple[str, str]:
    """The line where the request is too long, and about where: servers leave out from the begin of a chat."""
    estimate = session.estimate(0)
    if estimate.limit is None or estimate.tokens <= estimate.limit:
        return "", ""
    left = estimate.tokens
    for entry in session.plan(0).entries:
        if left <= estimate.limit:
            return SERVER_LEAVES_OUT, entry.id
        left -= entry.tokens if entry.is_sent else 0
    return SERVER_LEAVES_OUT, ""
