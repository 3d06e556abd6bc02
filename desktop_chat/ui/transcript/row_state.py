"""What is said about a message beside its text: how it ended, when it was, what it took."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QFont

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.message import CallStatus, Message, PartKind, Role, State, ToolCall
from desktop_chat.ui.money import in_dollars
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.leaves import Inline, clean
from desktop_chat.ui.transcript.row_actions import Action
from desktop_chat.ui.transcript.text import Text, make_text

Explain = Callable[[ChatError], tuple[str, str]]
"""What an error is called, and what can be done about it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """How a message ended, where that needs saying. ``action`` is what can be done about it."""

    texts: list[Text]
    height: int
    is_error: bool = False
    action: Action | None = None

    @property
    def words(self) -> str:
        return "\n".join(text.inline.text for text in self.texts)


def make_notice(
    message: Message, formats: Formats, width: int, explain: Explain, *, is_last: bool
) -> Notice | None:
    """The notice of a message at a width; None where it ended well or has not ended."""
    title, body = _words(message, explain)
    if not title:
        return None
    room = width - formats.px(28) - formats.px(96)
    title_font = QFont(formats.thought_font)
    title_font.setWeight(QFont.Weight.DemiBold)
    lines = ((title, title_font, formats.text_pitch), (body, formats.thought_font, formats.table_pitch))
    texts = [
        make_text(Inline(clean(text)), font, room, pitch, formats) for text, font, pitch in lines if text
    ]
    goes_on = bool(message.text) and message.state not in (State.FAILED, State.COMPLETE)
    action = Action.CONTINUE if goes_on else Action.TRY_AGAIN
    return Notice(
        texts,
        sum(text.height for text in texts) + formats.px(16),
        message.state is State.FAILED,
        action if is_last else None,
    )


def _words(message: Message, explain: Explain) -> tuple[str, str]:
    match message.state:
        case State.FAILED:
            return explain(message.error) if message.error else ("The answer failed", "")
        case State.TRUNCATED:
            filtered = message.finish_reason == "content_filter"
            return "Stopped by a content filter" if filtered else "Cut off by the token limit", ""
        case State.INTERRUPTED:
            return "The answer broke off", explain(message.error)[1] if message.error else ""
        case State.STOPPED:
            return "Stopped", ""
        case State.COMPLETE if message.role is not Role.USER and not message.text:
            return _nothing_said(message), ""
    return "", ""


def _nothing_said(message: Message) -> str:
    calls = [part.data for part in message.parts if isinstance(part.data, ToolCall)]
    if any(call.kind == "function" and not call.result for call in calls):
        return "The model asked for a tool and waits for its result"
    if any(call.status is CallStatus.DONE for call in calls):
        return "The model used tools and said nothing"
    if any(part.kind in (PartKind.IMAGE, PartKind.FILE) for part in message.parts):
        return ""
    return "The model sent an empty answer"


def figures(message: Message) -> str:
    """Tokens and seconds of the request, and what the answer cost."""
    found = []
    if message.usage is not None:
        found.append(f"{message.usage.output:,} tokens")
    if message.timing is not None and message.state is not State.FAILED:
        found.append(f"{message.timing.duration:.1f} s")
    if message.is_cached:
        found.append("cached")
    elif message.cost is not None and (message.cost or message.state is not State.FAILED):
        found.append(in_dollars(message.cost, is_approximate=message.is_estimated))
    return " · ".join(found)
