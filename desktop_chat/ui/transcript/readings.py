"""What a screen reader asks of messages, also of those that are not in view."""

from collections import OrderedDict
from typing import TYPE_CHECKING

from desktop_chat.domain.message import Message
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.row import Row, deadline_in

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

MAX_ROWS = 16
"""Messages out of view that are kept parsed."""
PATIENCE = 0.03
"""Seconds that one question may parse; of a message that takes longer the text so far is told."""


class Readings:
    """Rows of a view by the ids of their messages: the view's own where it has one, else one made for this.

    A reader may walk ten thousand messages: nothing of that stays, but the last few.
    """

    def __init__(self, view: "Transcript") -> None:
        self._view = view
        self._rows: OrderedDict[str, tuple[tuple[object, ...], Row]] = OrderedDict()
        self._flow: Flow | None = None
        self._stamp: tuple[int, int, bool] = (-1, 0, False)
        self._text = ""

    def row(self, message_id: str) -> Row | None:
        """The row of a message, None where the view does not show it."""
        rows = self._view.rows
        index = rows.index.get(message_id)
        if index is None:
            return None
        row = rows.built(index)
        if row is None:
            row = self._made(index, rows.messages[index])
        if not row.is_complete:
            row.advance(deadline_in(PATIENCE))
        return row

    def hand_over(self, message_id: str) -> None:
        """Have the view know what was parsed here of a message: of one out of view it has parsed nothing."""
        _stamp, told = self._rows.pop(message_id, (None, None))
        index = self._view.rows.index.get(message_id)
        if told is not None and index is not None and self._view.rows.built(index) is None:
            self._view.rows.row(index).adopt(told)

    def text(self, flow: Flow) -> str:
        """``flow.text()``, which is asked for over and over, of the same one."""
        stamp = flow.length, len(flow.waiting), flow.is_complete
        if self._flow is not flow or self._stamp != stamp:
            self._flow, self._stamp, self._text = flow, stamp, flow.text()
        return self._text

    def _made(self, index: int, message: Message) -> Row:
        rows = self._view.rows
        versions = rows.versions(message.id)
        stamp = id(message), message.state, len(message.text), rows.width, index, len(versions), rows.sight
        known, row = self._rows.get(message.id, (None, None))
        if row is None or known != stamp:
            row = rows.make(index)
            self._rows[message.id] = stamp, row
        self._rows.move_to_end(message.id)
        while len(self._rows) > MAX_ROWS:
            self._rows.popitem(last=False)
        return row
