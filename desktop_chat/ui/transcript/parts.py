"""What the view does for the parts of messages that are no text, and for the days that they are of."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer

from desktop_chat.domain.message import Part, ToolCall
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.sight import Sight
from desktop_chat.ui.transcript.days import whole_time
from desktop_chat.ui.transcript.images import Images, Loader
from desktop_chat.ui.transcript.leaves import visible
from desktop_chat.ui.transcript.row_actions import FOLDED, MARKDOWN
from desktop_chat.ui.transcript.row_extras import Shape, call_words

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

LONGEST_WAIT = 600.0
"""Seconds until it is looked again whether another day began: clocks are set, and computers sleep."""


class Parts(QObject):
    """Tool calls, sources, pictures and folds of one view, and the turn of the day."""

    def __init__(self, view: "Transcript") -> None:
        super().__init__(view)
        self._view = view
        self.images = view.rows.images = Images(self)
        self.images.loaded.connect(self._picture_loaded)
        self._midnight = QTimer(self, singleShot=True, timerType=Qt.TimerType.VeryCoarseTimer)
        self._midnight.timeout.connect(self.look_at_the_day)
        self.look_at_the_day()
        view.destroyed.connect(self.images.close)

    def set_loader(self, loader: Loader | None) -> None:
        """Where the bytes of attachments come from; it is called on another thread."""
        self.images.loader = loader

    def came(self, message_id: str) -> None:
        """Show a citation, a tool call or an attachment that was added to a message, or changed in it."""
        view = self._view
        index = view.rows.index.get(message_id)
        row = None if index is None else view.rows.built(index)
        if row is not None:
            row.parts_changed()
        if index is not None:
            view.finder.message_changed(index)
        view.refresh_soon()

    def toggle(self, index: int, mark: str, top: float = 0) -> None:
        """Fold or unfold what ``mark`` names in a message; what is ``top`` below its top stays there."""
        view = self._view
        view.rows.hold_row(index, round(top))
        if view.selection.touches(index):
            view.selection.clear()
        view.rows.toggle(index, mark)
        view.finder.message_changed(index)
        view.refresh()

    def describe(self, index: int) -> str:
        """How a message ended, what is shown beside its text, and when it was, in words."""
        row = self._view.rows.row(index)
        words = (row.told, row.extras_words, whole_time(row.message.created_at))
        return "\n".join(text for text in words if text)

    def entries(self, index: int) -> list[tuple[str, str]]:
        """What the menu of a message folds, unfolds and switches: labels and marks."""
        row = self._view.rows.row(index)
        found = []
        if row.is_user:
            shown = MARKDOWN in row.marks
            found.append(("Show as written" if shown else "Show as Markdown", MARKDOWN))
        if row.is_foldable:
            found.append(("Show all" if row.is_folded else "Show less", FOLDED))
        items = [item for zone in (row.steps, row.things) for item in zone.items if item.mark]
        for item in items:
            label = item.label
            if item.shape is Shape.STEP:
                label = f"{'Hide' if item.is_open else 'Show'} details: {item.label}"
            found.append((label, item.mark))
        return found

    def sources(self, index: int) -> list[tuple[str, str]]:
        """The sources of a message that lead somewhere: titles with numbers, and addresses."""
        sources = self._view.rows.row(index).citations.sources
        return [(f"{one.number}. {one_line(one.title)}", one.url) for one in sources if one.url]

    def attachments(self, index: int) -> list[tuple[str, Part]]:
        """The files and images of a message: names, and the parts."""
        parts = self._view.rows.row(index).message.attachments
        return [(one_line(part.name) or "Picture", part) for part in parts]

    def steps(self, index: int) -> list[tuple[str, str]]:
        """What the tool calls of a message asked and answered: in plain words, and as text."""
        row = self._view.rows.row(index)
        calls = [(part, part.data) for part in row.message.parts if isinstance(part.data, ToolCall)]
        return [
            (
                call_words(part, streaming=row.is_streaming),
                visible(f"{call.arguments}\n\n{call.result}".strip()),
            )
            for part, call in calls
            if call.arguments or call.result
        ]

    def set_sight(self, sight: Sight) -> None:
        """Show what of the chat goes into the next request."""
        if sight != self._view.rows.sight:
            self._view.rows.set_sight(sight)
            self._view.refresh()

    def set_verdict(self, message_id: str, words: str) -> None:
        """Say below an answer what a check of it found."""
        view = self._view
        view.rows.verdicts[message_id] = words
        index = view.rows.index.get(message_id)
        if index is not None and view.rows.built(index) is not None:
            view.rows.row(index)
            view.refresh_soon()

    def look_at_the_day(self) -> None:
        """Show what day it is now, and look again when the next one begins."""
        view = self._view
        if view.rows.new_day():
            view.refresh()
        self._midnight.start(int(1000 * min(LONGEST_WAIT, view.rows.days.seconds_to_midnight() + 1)))

    def _picture_loaded(self, name: str) -> None:
        self._view.rows.picture_loaded(name)
        self._view.refresh_soon()
