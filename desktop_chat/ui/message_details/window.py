"""The window of the details of one answer."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from typing import Any, Protocol

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from desktop_chat.domain import snippets
from desktop_chat.domain.errors import AttachmentMissing
from desktop_chat.domain.evidence import Attempt, Evidence
from desktop_chat.domain.message import Message
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.buttons import LabelButton
from desktop_chat.ui.card_parts import DetailsBox, button, words
from desktop_chat.ui.choice import Choice
from desktop_chat.ui.json_view import show_json
from desktop_chat.ui.json_view.writing import to_copy
from desktop_chat.ui.message_details import exchange, facts
from desktop_chat.ui.message_details.exchange import Received
from desktop_chat.ui.message_details.facts import Known
from desktop_chat.ui.message_details.table import FactTable
from desktop_chat.ui.notices import storage_reason
from desktop_chat.ui.safe import ElidedLabel, one_line
from desktop_chat.ui.theme import Theme

SIZE, SMALLEST = (600, 640), (490, 360)
SAID_FOR = 4000
"""Milliseconds."""
REQUEST_NOTE = "As it was sent, without your key."
RESPONSE_NOTE = "As it was received."
CUT_NOTE = "Its beginning, as it was received: it is too long to be kept whole."

Write = Callable[[Evidence, dict[str, str]], str]


class Source(Protocol):
    """Where the details are from. The first two raise ``StorageError``."""

    async def attempts(self, message_id: str) -> list[Attempt]: ...

    async def evidence(self, attempt: Attempt) -> Evidence | None: ...

    async def content(self, hash: str) -> str:
        """An attachment in base64. Raises ``AttachmentMissing``."""


class MessageDetails(QDialog):
    """A window of its own, not modal; it shows one answer, until it is given another."""

    def __init__(
        self,
        theme: Theme,
        source: Source,
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        zone: tzinfo | None = None,
    ) -> None:
        """``zone`` is None for that of the system."""
        super().__init__(parent)
        self.setObjectName("messageDetails")
        self.setAccessibleName("Answer details")
        self.setWindowTitle("Answer details")
        self._theme, self._source, self._tasks = theme, source, tasks
        self._zone = zone
        self._known: Known | None = None
        self._body: Received | None = None
        self._reading: asyncio.Task[None] | None = None
        self._work: asyncio.Task[None] | None = None

        self.heading = words(theme, size=16, bold=True)
        self.heading.setObjectName("messageHeading")
        self.about = words(theme, size=12.5, color="dim")
        self.about.setObjectName("messageAbout")
        self.choice: Choice | None = None
        self.note = words(theme, size=13, color="dim")
        self.note.setObjectName("messageNote")
        self.said = DetailsBox(theme)
        self.table = FactTable(theme)
        self.told = ElidedLabel()
        self.told.setProperty("role", "dim")
        self.told.setObjectName("messageTold")
        self.show_request = button("Show request")
        self.show_request.clicked.connect(lambda: self._start(self._show_request()))
        self.show_response = button("Show response")
        self.show_response.clicked.connect(lambda: self._start(self._show_response()))
        self.copy = LabelButton(theme, "copy", "Copy", color="dim", size=13)
        self.copy.setObjectName("copyEvidence")
        menu = QMenu(self.copy)
        self._copies = []
        for text, write in (
            ("Request as curl", snippets.curl),
            ("Request as Python", snippets.python),
            ("Request as JSON", _request_json),
            ("Response as JSON", self._response_json),
            ("Response as it came", _response_text),
        ):
            action = menu.addAction(text)
            action.triggered.connect(
                lambda _=False, text=text, write=write: self._start(self._copy(text, write))
            )
            self._copies.append(action)
        menu.addSeparator()
        menu.addAction("All details").triggered.connect(self._copy_all)
        self.copy.setMenu(menu)
        close = button("Close")
        close.clicked.connect(self.reject)
        for each in (self.show_request, self.show_response, self.copy, close):
            each.setAutoDefault(False)
            each.setProperty("pill", True)

        self._column = QVBoxLayout(self)
        self._column.addWidget(self.heading)
        self._column.addWidget(self.about)
        self._choice_row = QHBoxLayout()
        self._column.addLayout(self._choice_row)
        self._column.addWidget(self.said)
        self._column.addWidget(self.note)
        self._column.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.setSpacing(theme.px(8))
        for each in (self.show_request, self.show_response, self.copy):
            foot.addWidget(each)
        foot.addWidget(self.told, 1)
        foot.addWidget(close)
        self._column.addLayout(foot)
        self._silence = QTimer(self, singleShot=True, interval=SAID_FOR)
        self._silence.timeout.connect(lambda: self.told.setText(""))
        theme.changed.connect(self._restyle)
        self._restyle()
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(SIZE[0]), self._theme.px(SIZE[1]))

    @property
    def message(self) -> Message | None:
        """The answer that is shown."""
        return self._known.message if self._known is not None else None

    @property
    def is_complete(self) -> bool:
        """Whether all is shown that is known."""
        return self._reading is not None and self._reading.done()

    def show_message(self, message: Message) -> None:
        """Show an answer: its last attempt first."""
        self._end_work()
        self._known = self._body = None
        self._read(self._read_attempts(message))

    def done(self, result: int) -> None:
        self._end_work()
        super().done(result)

    def _read(self, reading: Any) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._reading = self._tasks.start(reading, "message details")

    async def _read_attempts(self, message: Message) -> None:
        try:
            attempts = tuple(await self._source.attempts(message.id))
        except StorageError as error:
            attempts = ()
            self._say(f"The attempts could not be read. {storage_reason(error)}")
        self._offer(attempts)
        await self._read_attempt(Known(message, attempts, max(0, len(attempts) - 1)))

    async def _read_attempt(self, known: Known) -> None:
        evidence, body = None, None
        if known.attempt is not None and known.attempt.has_evidence:
            # What is known already is shown first, and nothing of another attempt can be asked for.
            self._show(replace(known, is_read=False), None)
            try:
                evidence = await self._source.evidence(known.attempt)
            except StorageError as error:
                self._say(f"What was sent could not be read. {storage_reason(error)}")
            if evidence is not None:
                body = await asyncio.to_thread(exchange.received, evidence)
        if body is not None:
            events = len(body.value) if body.is_stream else 0
            known = replace(known, evidence=evidence, answered_by=body.model, events=events)
        self._show(known, body)

    def _offer(self, attempts: tuple[Attempt, ...]) -> None:
        """Let the user choose among the attempts, where there are some."""
        if self.choice is not None:
            self._choice_row.removeWidget(self.choice)
            self.choice.deleteLater()
            self.choice = None
        if len(attempts) > 1:
            names = [(facts.attempt_name(attempts, place), place) for place in range(len(attempts))]
            self.choice = Choice(self._theme, "Attempt", names)
            self.choice.setObjectName("attemptChoice")
            self.choice.show_value(len(attempts) - 1)
            self.choice.chosen.connect(self._choose)
            self._choice_row.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignLeft)
            self.setTabOrder(self.choice, self.table)

    def _choose(self, place: int) -> None:
        if self._known is not None:
            self._end_work()
            self._read(self._read_attempt(Known(self._known.message, self._known.attempts, place)))

    def _show(self, known: Known, body: Received | None) -> None:
        self._known, self._body = known, body
        title, about = facts.heading(known, self._zone)
        self.heading.setText(title)
        self.about.setText(about)
        error = known.attempt.error if known.attempt is not None else known.message.error
        self.said.set_text(error.message if error is not None else "")
        note = facts.note(known)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.table.show_sections(facts.sections(known))
        has_evidence = known.evidence is not None
        for shows in (self.show_request, self.show_response):
            shows.setEnabled(has_evidence)
        for copies in self._copies:
            copies.setEnabled(has_evidence)

    def _start(self, work: Any) -> None:
        self._end_work()
        self._work = self._tasks.start(work, "show what was sent")

    def _end_work(self) -> None:
        if self._work is not None:
            self._work.cancel()
            self._work = None

    async def _show_request(self) -> None:
        if self._known is not None and (evidence := self._known.evidence) is not None:
            contents = await self._contents(evidence)
            value = await asyncio.to_thread(exchange.request_value, evidence, contents)
            show_json(self, self._theme, "Request", value, REQUEST_NOTE)

    async def _show_response(self) -> None:
        if self._known is not None and (evidence := self._known.evidence) is not None and self._body:
            value = exchange.response_value(evidence, self._body)
            note = CUT_NOTE if evidence.is_cut else RESPONSE_NOTE
            show_json(self, self._theme, "Response", value, note)

    async def _copy(self, name: str, write: Write) -> None:
        if self._known is not None and (evidence := self._known.evidence) is not None:
            contents = await self._contents(evidence)
            text = await asyncio.to_thread(write, evidence, contents)
            QGuiApplication.clipboard().setText(text)
            self._say(f"{name}: copied.")

    def _response_json(self, _evidence: Evidence, _contents: dict[str, str]) -> str:
        return "".join(to_copy(self._body.value)) if self._body is not None else ""

    def _copy_all(self) -> None:
        if self._known is not None:
            lines = [self.heading.text(), self.about.text()]
            for section in facts.sections(self._known):
                lines += ["", section.title, *(f"{name}: {value}" for name, value in section.facts)]
            QGuiApplication.clipboard().setText("\n".join(lines) + "\n")
            self._say("All details: copied.")

    async def _contents(self, evidence: Evidence) -> dict[str, str]:
        """The attachments of a request that are still there."""
        found = {}
        for hash in await asyncio.to_thread(exchange.attachments_of, evidence.body):
            try:
                found[hash] = await self._source.content(hash)
            except AttachmentMissing:
                continue
        return found

    def _say(self, text: str) -> None:
        self.told.setText(one_line(text))
        self._silence.start()
        announce(self, text)

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(20), px(16), px(20), px(16))
        self._column.setSpacing(px(8))
        self.setMinimumSize(px(SMALLEST[0]), px(SMALLEST[1]))


def _response_text(evidence: Evidence, _contents: dict[str, str]) -> str:
    return evidence.response.decode("utf-8", "replace")


def _request_json(evidence: Evidence, contents: dict[str, str]) -> str:
    return "".join(to_copy(snippets.filled(evidence.body, contents)))
