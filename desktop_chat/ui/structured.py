"""Answers that have to be JSON: checked when they are complete, and shown as a tree."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QWidget

from desktop_chat.chats import Chats
from desktop_chat.domain.message import Message, Role, State
from desktop_chat.domain.parameters import FormatKind, ResponseFormat
from desktop_chat.domain.structured import asked_format, json_text, looks_like_json
from desktop_chat.session import ChatSession
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme
from desktop_chat.worker import WorkerError

if TYPE_CHECKING:
    from desktop_chat.ui.json_view import JsonWindow
    from desktop_chat.ui.transcript import Transcript

MOST_LOOKED_AT = 20
"""Answers of a chat that is opened, from the newest on."""
LONGEST = 70
"""Characters of a verdict below an answer; all of it stands above the tree."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of an answer found: ``words`` for below it, ``problems`` one by one."""

    words: str
    problems: tuple[str, ...] = ()


class StructuredAnswers(QObject):
    """Follows the session that is shown. What was found of an answer is known until the program ends."""

    _checked = Signal(str, object)

    def __init__(self, theme: Theme, chats: Chats, tasks: Tasks, host: QWidget) -> None:
        super().__init__(host)
        self._theme = theme
        self._chats = chats
        self._tasks = tasks
        self._looking: asyncio.Task[None] | None = None
        self._host = host
        self._session: ChatSession | None = None
        self._transcript: Transcript | None = None
        self._connections: list[tuple[SignalInstance, Callable[..., None]]] = []
        self._asked: dict[str, ResponseFormat] = {}
        """What answers that are being written have to be."""
        self._verdicts: dict[str, Verdict] = {}
        self._free: set[str] = set()
        """Answers of which JSON was not asked: what went over the wire for them is not read again."""
        self._checked.connect(self._found)

    def attach(self, transcript: "Transcript") -> None:
        """Show verdicts and trees for ``transcript``."""
        self._transcript = transcript
        transcript.tree_requested.connect(self.show_tree)

    def set_session(self, session: ChatSession | None) -> None:
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections.clear()
        self._session = session
        if session is not None:
            self._connections += (
                (session.message_added, self._look_at),
                (session.message_changed, self._look_at),
                (session.path_changed, self._look_back),
            )
            for signal, slot in self._connections:
                signal.connect(slot)
            if session.answer_id is not None:
                self._look_at(session.answer_id)
            self._look_back()

    def show_tree(self, message_id: str) -> "JsonWindow | None":
        """Show the JSON of an answer as a tree, or the text that is none."""
        from desktop_chat.ui.json_view import show_json

        if self._session is None:
            return None
        text = json_text(self._session.tree[message_id].text)
        value, problem = _read(text)
        verdict = self._verdicts.get(message_id)
        note = "\n".join((verdict.words, *verdict.problems)) if verdict is not None else problem
        window = show_json(self._host.window(), self._theme, "Answer", value, note)
        if problem:
            window.view.set_text(text)
        return window

    def _look_at(self, message_id: str) -> None:
        session = self._session
        message = session.tree[message_id] if session is not None else None
        if session is None or message is None or message.role is not Role.ASSISTANT:
            return
        wanted = session.conversation.parameters.response_format
        if message.state is State.STREAMING:
            if message_id not in self._asked and wanted is not None and wanted.kind is not FormatKind.TEXT:
                self._asked[message_id] = wanted
            return
        asked = self._asked.pop(message_id, None)
        if asked is not None and message.state is State.COMPLETE:
            self._check(message, asked)

    def _look_back(self) -> None:
        """Check the newest answers that were given before, against what is kept of their requests."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        path = self._session.tree.path if self._session is not None else []
        found = [
            message
            for message in reversed(path)
            if message.role is Role.ASSISTANT
            and message.state is State.COMPLETE
            and message.id not in self._verdicts
            and message.id not in self._free
            and looks_like_json(message.text)
        ]
        if found:
            self._looking = self._tasks.start(self._read_back(found[:MOST_LOOKED_AT]), "structured answers")

    async def _read_back(self, messages: list[Message]) -> None:
        for message in messages:
            try:
                kept = [each for each in await self._chats.attempts(message.id) if each.has_evidence]
                evidence = await self._chats.evidence(kept[-1]) if kept else None
            except StorageError:
                return  # whoever reads next is told; no answer is any worse for it
            wanted = asked_format(evidence.body) if evidence is not None else None
            if wanted is None:
                self._free.add(message.id)
            elif message.id not in self._verdicts:
                self._check(message, wanted)

    def _check(self, message: Message, wanted: ResponseFormat) -> None:
        from desktop_chat.validation import check_answer

        schema = dict(wanted.schema) if wanted.schema is not None else None
        if wanted.kind is not FormatKind.JSON_SCHEMA:
            schema = None
        future = check_answer(json_text(message.text), schema)
        name = one_line(wanted.name) if schema is not None else ""
        future.add_done_callback(lambda done: self._pass_on(message.id, done, name))

    def _pass_on(self, message_id: str, done: "Future[list[str]]", name: str) -> None:
        """On a thread of the worker."""
        try:
            verdict = _verdict(done.result(), name)
        except (WorkerError, CancelledError):
            verdict = Verdict("Could not be checked against the schema")
        try:
            self._checked.emit(message_id, verdict)
        except RuntimeError:
            return  # the window was closed meanwhile

    def _found(self, message_id: str, verdict: Verdict) -> None:
        self._verdicts[message_id] = verdict
        if self._transcript is not None:
            words = one_line(verdict.words)
            shown = words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
            self._transcript.parts.set_verdict(message_id, shown)


def _verdict(problems: list[str], name: str) -> Verdict:
    """``name`` is that of the schema, empty for any JSON."""
    from desktop_chat.validation import NOT_JSON

    if not problems:
        return Verdict(f"Fits the schema “{name}”" if name else "Valid JSON")
    first = problems[0]
    if first.startswith(NOT_JSON):
        return Verdict("Not valid JSON", tuple(problems))
    return Verdict(f"Does not fit the schema “{name}”: {first}" if name else first, tuple(problems))


def _read(text: str) -> tuple[Any, str]:
    """The value of a text, and why it has none."""
    try:
        return json.loads(text), ""
    except RecursionError:
        return None, "This is nested too deep to be shown as a tree."
    except ValueError as error:
        return None, f"This is not JSON: {error}"
