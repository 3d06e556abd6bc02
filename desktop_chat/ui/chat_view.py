"""The chat that is shown: one session wired to the header, the transcript, the composer and the details."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from desktop_chat.chats import Chats
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.message import Draft, Part, PartKind, Role
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.search import Term
from desktop_chat.session import ChatSession, Phase
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.attachments.attaching import Attaching
from desktop_chat.ui.attachments.intake import Target
from desktop_chat.ui.buttons import LabelButton
from desktop_chat.ui.chat_header import ChatHeader
from desktop_chat.ui.composer import Composer
from desktop_chat.ui.conversation_list import UNTITLED
from desktop_chat.ui.details import DetailsPanel
from desktop_chat.ui.drafts import Drafts
from desktop_chat.ui.empty_state import EmptyState
from desktop_chat.ui.meter import Meter
from desktop_chat.ui.notices import explain
from desktop_chat.ui.parameters.follower import ParametersFollower
from desktop_chat.ui.status_words import status_of
from desktop_chat.ui.structured import StructuredAnswers
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.versions import Branching

if TYPE_CHECKING:
    from desktop_chat.ui.find_bar import FindBar
    from desktop_chat.ui.model_picker import ModelPicker
    from desktop_chat.ui.transcript import Transcript

COMPOSER_WIDTH = 680
FIND_WIDTH = 430
STATUS_MILLISECONDS = 250

Taker = Callable[["asyncio.Task[bool]"], None]


class ChatView(QFrame):
    """The middle of the window. :attr:`details` belongs to it, but stands where the window puts it.

    The transcript is half of what there is to import, and an empty chat shows none: it is made, and the find
    bar with it, when a chat has something to show.
    """

    status_changed = Signal(str, str, str)
    """The words, the name of the dot's colour, the endpoint's name."""
    title_changed = Signal(str)
    settings_requested = Signal()
    context_requested = Signal()
    """The user wants to see what goes into the next request."""
    usage_requested = Signal()
    message_requested = Signal(object)
    """The ``Message`` whose details the user wants to see."""
    field_added = Signal(QWidget)
    """A field to type in that was not there from the begin."""

    def __init__(
        self, chats: Chats, settings: Settings, theme: Theme, tasks: Tasks, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._chats = chats
        self._settings = settings
        self._theme = theme
        self._tasks = tasks
        self._connections: list[tuple[SignalInstance, Callable[..., None]]] = []
        self._characters = 0
        self._takers: dict[str, tuple[asyncio.Task[bool], Taker]] = {}
        self._goal: tuple[str, Sequence[Term]] | None = None
        self.session: ChatSession | None = None

        self.header = ChatHeader(theme)
        self._transcript: Transcript | None = None
        self._find_bar: FindBar | None = None
        self.empty = EmptyState(theme)
        self.composer = Composer(theme)
        self.details = DetailsPanel(theme)
        self.attaching = Attaching(theme, self.composer, chats.attachments, tasks, self._target, self)
        self.drafts = Drafts(chats, self.composer, self.attaching)
        self.meter = Meter(chats, tasks, self.composer, self.header, self.details)
        self._structured = StructuredAnswers(theme, chats, tasks, self)
        self.branching = Branching(theme, chats, tasks, self)
        self._followers = (
            self.meter,
            self._structured,
            self.branching,
            ParametersFollower(self.details, settings),
        )
        self.jump = LabelButton(theme, "arrow-down", "Jump to latest", parent=self)
        self.jump.setObjectName("jumpToLatest")
        self.jump.setProperty("pill", True)
        self.jump.hide()

        middle = QWidget()
        # Where notices leave little room, the composer is what keeps it.
        middle.setMinimumHeight(1)
        self._stack = QStackedLayout(middle)
        self._stack.addWidget(self.empty)
        self._composer_place = QWidget()
        self._composer_row = QHBoxLayout(self._composer_place)
        self._composer_row.addStretch(1)
        self._composer_row.addWidget(self.composer, 1000)
        self._composer_row.addStretch(1)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(middle, 1)
        column.addWidget(self._composer_place)
        self._composer_place.installEventFilter(self)

        self._tick = QTimer(self, interval=STATUS_MILLISECONDS)
        self._tick.timeout.connect(self._show_status)
        self._wire()
        theme.changed.connect(self._restyle)
        settings.changed.connect(self._setting_changed)
        chats.connectivity.changed.connect(self._show_status)
        self._setting_changed("send_with_enter")
        self._restyle()

    @property
    def transcript(self) -> "Transcript":
        """The messages; made when they are first asked for."""
        if self._transcript is None:
            from desktop_chat.ui.transcript import Transcript

            self._transcript = Transcript(self._theme, self.explain)
            self._transcript.announce = self._settings.announce
            self._structured.attach(self._transcript)
            self.branching.attach(self._transcript)
            self._transcript.parts.set_loader(self._chats.attachments.read_now)
            self._wire_transcript(self._transcript)
            self._stack.addWidget(self._transcript)
            # Tab goes from the top down, whatever was made last.
            self.setTabOrder(self.header.details_button, self._transcript)
            self.setTabOrder(self._transcript, self.jump)
        return self._transcript

    @property
    def find_bar(self) -> "FindBar":
        """Where the user finds text; made when it is first asked for."""
        if self._find_bar is None:
            from desktop_chat.ui.find_bar import FindBar

            finder = self.transcript.finder
            bar = self._find_bar = FindBar(self._theme, finder, self)
            bar.resized.connect(self._place_find_bar)
            finder.changed.connect(self._place_find_bar)
            for before, after in pairwise((self.header.details_button, *bar.tab_order)):
                self.setTabOrder(before, after)
            self.field_added.emit(bar.field)
            self._place_find_bar()
        return self._find_bar

    @cached_property
    def picker(self) -> "ModelPicker":
        """Where the user chooses a model; made when it is first asked for."""
        from desktop_chat.ui import model_facts, model_picker

        facts = model_facts.ModelFacts(self._chats, self._settings)
        load = self._chats.models
        picker = model_picker.ModelPicker(self._theme, self._tasks, load, _in_words, facts, self)
        picker.chosen.connect(self._model_chosen)
        return picker

    def set_session(self, session: ChatSession) -> None:
        """Show another chat. The draft, the edit and the place of the one before are kept."""
        self.leave()
        self.session = session
        self._goal = None
        conversation_id = session.conversation.id
        for signal, slot in (
            (session.path_changed, self._show_path),
            (session.message_added, self._message_added),
            (session.text_added, self._text_added),
            (session.part_came, self._part_came),
            (session.message_changed, self._message_changed),
            (session.phase_changed, self._phase_changed),
            (session.conversation_changed, self._conversation_changed),
        ):
            signal.connect(slot)
            self._connections.append((signal, slot))
        answer = session.tree[session.answer_id] if session.answer_id else None
        self._characters = len(answer.text) if answer else 0
        for follower in self._followers:
            follower.set_session(session)
        self._chats.show(self, conversation_id)
        self._show_conversation()
        self._show_path()
        if (place := self._settings.places.get(conversation_id)) is not None:
            from desktop_chat.ui.transcript import Position

            self.transcript.restore(Position(*place))
        self.drafts.set_session(session)
        self._phase_changed()

    def leave(self) -> None:
        """Let go of the session that is shown, with nothing unsaved."""
        if self.session is None:
            return
        self.flush()
        self.keep_place()
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections.clear()
        for follower in self._followers:
            follower.set_session(None)
        self.drafts.set_session(None)
        self._chats.show(self, None)
        self.session = None

    def keep_place(self) -> None:
        """Have the chat open again where the reader is."""
        if self.session is not None and self.session.is_stored:
            self._settings.keep_place(self.session.conversation.id, self.transcript.position())

    def insert_notice(self, notice: QWidget) -> None:
        """Show ``notice`` between the header and the transcript."""
        self._column.insertWidget(1, notice)

    def flush(self) -> None:
        """Hand on what was typed but not sent."""
        self.composer.flush_draft()
        self.details.flush()

    def send(self, text: str, *, as_answer: bool = False) -> "asyncio.Task[bool] | None":
        """Send ``text`` with the attachments of the composer, or what the edited message becomes, or put
        ``text`` in place of an answer. None where there is nothing to send it to."""
        session = self.session
        if session is None:
            return None
        if not session.model:
            self.choose_model()
            return None
        key, edited = session.draft_key, self.composer.editing
        draft = Draft(text, self.composer.attachments if edited or not as_answer else ())
        if edited is None and as_answer:
            sending = session.insert_answer(text)
        elif edited is None:
            sending = session.send(text, draft.parts)
        else:
            sending = session.edit(edited, text, draft.parts)
        self.take_when_sent(sending, session, lambda task: self._sent(task, session, draft, key, edited))
        return sending

    def take_when_sent(self, sending: "asyncio.Task[bool]", session: ChatSession, taker: Taker) -> None:
        """Have ``taker`` called when ``sending`` ends: it takes what was sent out of the composer.

        Until then it is known to :meth:`taker`, so that who does again what was held can hand it on.
        """
        id = session.conversation.id
        sending.add_done_callback(taker)
        # While one is being sent, another is refused, and may not take away what the first one needs.
        # One that has ended may still be here: what is called when it does comes a moment later.
        if id not in self._takers or self._takers[id][0].done():
            self._takers[id] = sending, taker
            sending.add_done_callback(lambda task: self._forget_taker(id, task))

    def taker(self, session: ChatSession) -> Taker | None:
        """What takes the text that ``session`` is sending out of the composer; None where it sends none."""
        _, taker = self._takers.get(session.conversation.id, (None, None))
        return taker

    def _forget_taker(self, id: str, sending: "asyncio.Task[bool]") -> None:
        if id in self._takers and self._takers[id][0] is sending:
            del self._takers[id]

    def choose_model(self) -> None:
        """Open the model picker below its button."""
        session = self.session
        if session is None or not self._settings.all_endpoints:
            self.settings_requested.emit()
            return
        button = self.header.model_button
        self.picker.open_at(
            button.mapToGlobal(QPoint(0, button.height() + self._theme.px(4))),
            self._settings.all_endpoints,
            session.endpoint,
            session.model,
        )

    def regenerate(self) -> None:
        """Ask for another version of the last answer."""
        if self.session is not None and not self.session.is_busy and (last := self.session.last):
            self.session.regenerate(last.id)

    def edit_last(self) -> None:
        """Put the user's last message into the composer, to be sent as a new version."""
        if self.session is not None:
            path = reversed(self.session.tree.path)
            if (message := next((m for m in path if m.role is Role.USER), None)) is not None:
                self._edit(message.id)

    def copy_answer(self) -> None:
        """Copy the last answer, as its button does."""
        if self.session is not None and (last := self.session.last) is not None and last.text:
            self.transcript.copy_message(last.id)

    def show_answer_details(self) -> None:
        """Show what is known of the last answer, once it is written."""
        if self.session is not None and (last := self.session.last) is not None and not self.session.is_busy:
            self.message_requested.emit(last)

    def find_text(self) -> None:
        """Let the user find text in the chat; what is selected is the text to begin with."""
        if self._stack.currentWidget() is not self.empty:
            self.find_bar.open(self.transcript.selection.words())

    def show_message(self, message_id: str, terms: Sequence[Term] = ()) -> None:
        """Scroll to a message, with ``terms`` marked in it and in the others. Where another version is shown
        than leads to it, that is changed, once no answer is being written."""
        session = self.session
        if session is None or message_id not in session.tree:
            return
        self._goal = None
        if message_id not in self.transcript.rows.index:
            if session.is_busy:
                self._goal = message_id, terms
                return
            session.show_version(message_id)
        if message_id not in self.transcript.rows.index:
            return
        self.transcript.setFocus(Qt.FocusReason.OtherFocusReason)
        self.transcript.show_message(message_id, framed=not terms)
        if terms:
            self.find_bar.show_terms(terms, self.transcript.rows.index[message_id])

    def find_next(self, *, backwards: bool = False) -> None:
        """Go to the next hit, or the one before; where nothing is looked for, ask for what."""
        if self._find_bar is None or self._find_bar.isHidden():
            self.find_text()
        elif backwards:
            self.transcript.finder.previous()
        else:
            self.transcript.finder.next()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_jump()
        self._place_find_bar()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc that nothing else takes closes the find bar."""
        bar = self._find_bar
        if event.key() == Qt.Key.Key_Escape and bar is not None and not bar.isHidden():
            bar.close_bar()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place_jump()
            self._place_find_bar()
        return False

    def _wire(self) -> None:
        self.header.renamed.connect(
            lambda title: self._with(lambda s: self._chats.rename(s.conversation.id, title))
        )
        self.header.model_requested.connect(self.choose_model)
        self.empty.connect_requested.connect(self.settings_requested)
        self.composer.send_requested.connect(self.send)
        self.composer.stop_requested.connect(lambda: self._with(ChatSession.stop))
        self.composer.edit_last_requested.connect(self.edit_last)
        self.composer.reasoning_changed.connect(self._set_effort)
        self.details.parameters_changed.connect(self._set_parameters)
        self.details.usage_requested.connect(self.usage_requested)
        for part in (self.details, self.header):
            part.context_requested.connect(self.context_requested)
        self.meter.sight_changed.connect(self._show_sight)

    def _wire_transcript(self, view: "Transcript") -> None:
        from desktop_chat.ui.link_line import LinkLine

        self.link_line = LinkLine(self._theme, view)
        view.link_hovered.connect(self.link_line.show_address)
        view.told.connect(self.link_line.tell)
        view.regenerate_requested.connect(lambda id: self._with(lambda s: s.regenerate(id)))
        view.continue_requested.connect(lambda id: self._with(lambda s: s.continue_answer(id)))
        view.try_again_requested.connect(lambda id: self._with(lambda s: s.try_again(id)))
        view.version_requested.connect(lambda id: self._with(lambda s: s.show_version(id)))
        view.edit_requested.connect(self._edit)
        view.attachment_requested.connect(self.attaching.open)
        view.details_requested.connect(
            lambda id: self._with(lambda s: self.message_requested.emit(s.tree[id]))
        )
        view.context_requested.connect(self.context_requested)
        view.place_requested.connect(self.meter.place)
        view.end_far_changed.connect(self._show_jump)
        self.jump.clicked.connect(view.scroll_to_end)

    def _with(self, act: Callable[[ChatSession], object]) -> None:
        if self.session is not None:
            act(self.session)

    def _sent(
        self, task: "asyncio.Task[bool]", session: ChatSession, draft: Draft, key: str, edited: str | None
    ) -> None:
        """Take the text out of the composer, now that it is safe, also where another chat is shown."""
        if task.cancelled() or task.exception() is not None or not task.result():
            return
        self.drafts.save(edited or key, "")
        if session is not self.session:
            return
        if edited is None:
            self.composer.accepted(draft.text, draft.parts)
        elif self.composer.editing == edited and self.composer.draft == draft:
            self.composer.finish_edit()
        else:
            self.composer.flush_draft()
        self.transcript.scroll_to_end()

    def _target(self) -> Target | None:
        """Where attachments go."""
        if (session := self.session) is None:
            return None
        endpoint, model = session.endpoint, session.model
        offered = self._chats.known_models(endpoint) if endpoint is not None else []
        abilities = next((known.abilities for known in offered if known.id == model), None)
        edited = self.composer.editing
        return Target(lambda: edited or session.draft_key, model, endpoint, abilities)

    def _edit(self, message_id: str) -> None:
        if self.session is not None and not self.session.is_busy:
            message = self.session.tree[message_id]
            begun = self._chats.draft(message_id) or Draft(message.text, tuple(message.attachments))
            self.composer.start_edit(message_id, begun.text, begun.parts)

    def _model_chosen(self, endpoint_id: str, model: str) -> None:
        self._with(lambda session: session.set_model(endpoint_id, model))
        self.composer.setFocus()

    def _set_effort(self, effort: str | None) -> None:
        self.details.change(reasoning_effort=effort)

    def _set_parameters(self, parameters: Parameters) -> None:
        self._with(lambda session: session.set_parameters(parameters))

    def _show_path(self) -> None:
        if (session := self.session) is not None:
            if self._transcript is not None or len(session.tree):
                self.transcript.set_path(session.tree.path, session.tree.versions)
            self._show_stack()
            self.details.set_last(session.last)
            self.meter.refresh()
            self._show_sight()

    def _message_added(self, message_id: str) -> None:
        if self.session is not None:
            self.transcript.add_message(self.session.tree[message_id])
            self._show_stack()

    def _text_added(self, message_id: str, kind: PartKind, text: str) -> None:
        self._characters += len(text)
        self.transcript.append_text(message_id, kind, text)

    def _part_came(self, message_id: str, _part: Part) -> None:
        self.transcript.parts.came(message_id)

    def _message_changed(self, message_id: str) -> None:
        self.transcript.update_message(message_id)
        if self.session is not None:
            self.details.set_last(self.session.last)

    def _phase_changed(self) -> None:
        session = self.session
        if session is None:
            return
        self.composer.set_busy(session.is_busy)
        if session.phase is Phase.SENDING:
            self._characters = 0
        if session.is_busy:
            self._tick.start()
        else:
            self._tick.stop()
            if self._goal is not None:
                self.show_message(*self._goal)
        self._show_status()

    def _show_status(self) -> None:
        session = self.session
        if session is None:
            return
        status = status_of(session, self._characters)
        if self._transcript is not None:
            self._transcript.set_status(session.answer_id, status.below)
        endpoint = session.endpoint
        self.status_changed.emit(status.words, status.color, endpoint.name if endpoint else "")

    def _conversation_changed(self) -> None:
        """A title may come while the user types a system prompt: that must not be lost."""
        self.details.flush()
        self._show_conversation()

    def _show_conversation(self) -> None:
        if (session := self.session) is None:
            return
        conversation = session.conversation
        title = conversation.title or UNTITLED
        self.header.title.set_text(title)
        self.header.set_model(session.model)
        self.composer.set_model(session.model)
        self.attaching.look_anew()
        self.composer.reasoning.set_effort(conversation.parameters.reasoning_effort)
        self.details.set_parameters(conversation.parameters)
        self.title_changed.emit(title)

    def _show_stack(self) -> None:
        session = self.session
        if session is not None and len(session.tree):
            self._stack.setCurrentWidget(self.transcript)
        else:
            self._stack.setCurrentWidget(self.empty)
            if self._find_bar is not None:
                self._find_bar.close_bar()

    def _show_sight(self) -> None:
        if self._transcript is not None:
            self._transcript.parts.set_sight(self.meter.sight)

    def _show_jump(self, shown: bool) -> None:
        self._place_jump()
        self.jump.setVisible(shown)

    def _place_jump(self) -> None:
        self.jump.adjustSize()
        x = (self.width() - self.jump.width()) // 2
        self.jump.move(x, self._composer_place.y() - self.jump.height() - self._theme.px(4))
        self.jump.raise_()

    def _place_find_bar(self) -> None:
        if self._find_bar is None:
            return
        bar, view, margin = self._find_bar, self.transcript, self._theme.px(8)
        right = view.verticalScrollBar().sizeHint().width() + margin
        width = min(self._theme.px(FIND_WIDTH), self.width() - margin - right)
        top = view.mapTo(self, QPoint(0, margin)).y()
        place = QRect(self.width() - right - width, top, width, bar.sizeHint().height())
        if (hit := view.finder.current) is not None and (shown := view.finder.place_in_view(hit)) is not None:
            shown.translate(view.viewport().mapTo(self, QPoint(0, 0)))
            if shown.intersects(place):
                place.moveTop(shown.bottom() + margin)
        bar.setGeometry(place)

    def explain(self, error: ChatError) -> tuple[str, str]:
        """A title and a body of plain words for an error of this chat."""
        endpoint = self.session.endpoint if self.session else None
        return _in_words(error, endpoint.name if endpoint else "The endpoint")

    def _setting_changed(self, name: str) -> None:
        if name == "send_with_enter":
            self.composer.set_send_with_enter(self._settings.send_with_enter)
        if name == "announce" and self._transcript is not None:
            self._transcript.announce = self._settings.announce
        if name in ("send_with_enter", "endpoints", "default_endpoint"):
            self.empty.show_next_step(
                connected=bool(self._settings.all_endpoints), send_with_enter=self._settings.send_with_enter
            )
            self._show_conversation()
            self._show_status()

    def _restyle(self) -> None:
        px = self._theme.px
        self.composer.setMaximumWidth(px(COMPOSER_WIDTH))
        self._composer_row.setContentsMargins(px(16), px(8), px(16), px(16))
        self._place_jump()


def _in_words(error: ChatError, endpoint_name: str) -> tuple[str, str]:
    notice = explain(error, endpoint_name)
    return notice.title, notice.body
