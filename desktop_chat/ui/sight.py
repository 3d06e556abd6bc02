"""What of a chat the model sees: the line from which on it does, and marks at what the user chose."""

from dataclasses import dataclass

from desktop_chat.domain.context import Place, Plan, Strategy
from desktop_chat.domain.endpoint import Dialect
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
    """What the user chose never to send; ``unsent`` has the answers to it too."""
    unsent: frozenset[str] = frozenset()

    def mark(self, message_id: str) -> str:
        """What is said of a message that is sent, or not, because of what the user chose; else ``""``."""
        if message_id in self.unsent:
            return NOT_SENT
        return PINNED if message_id in self.pinned else ""


def sight_of(session: ChatSession) -> Sight:
    """What there is to say of the next request of a chat, whatever will be written in it."""
    context, estimate = session.context, session.estimate(0)
    by_server = context.strategy is Strategy.SERVER
    can_leave_out = session.endpoint is not None and session.endpoint.dialect is Dialect.RESPONSES
    too_long = by_server and can_leave_out and estimate.limit is not None and estimate.tokens > estimate.limit
    if not too_long and not context.left_out and (by_server or context.strategy is Strategy.EVERYTHING):
        # All of it goes, and a plan of ten thousand messages takes a while.
        return Sight(pinned=context.pinned)
    plan = session.plan(0)
    line, sees_from = "", plan.sees_from
    if sees_from is not None:
        line = SEES_FROM if plan.summary is None else SUMMARISED
    elif too_long and estimate.limit is not None:
        line, sees_from = SERVER_LEAVES_OUT, _first_that_fits(plan, estimate.limit)
    left_out = context.left_out
    unsent = (entry.id for entry in plan.entries if entry.place is Place.LEFT_OUT) if left_out else ()
    return Sight(line, sees_from or "", context.pinned, left_out, frozenset(unsent))


def _first_that_fits(plan: Plan, limit: int) -> str:
    """About from where on a server reads the chat: it leaves out from the begin of what it is sent."""
    tokens = plan.tokens
    for entry in plan.entries:
        if tokens <= limit:
            return entry.id
        tokens -= entry.tokens if entry.is_sent else 0
    return ""
