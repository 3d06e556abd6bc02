"""What the windows that show a chat have in common: the chat, and what the user can do with it."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QMainWindow

from desktop_chat.chats import Chats
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.search import Term
from desktop_chat.session import ChatSession
from desktop_chat.settings import Settings
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.actions import Actions, commands_of
from desktop_chat.ui.chat_view import ChatView
from desktop_chat.ui.conversation_list import UNTITLED
from desktop_chat.ui.icons import app_icon
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

if TYPE_CHECKING:
    from desktop_chat.ui.exporting import Exporting
    from desktop_chat.ui.palette import Palette
    from desktop_chat.ui.paper import Paper

NOTCH = 120
"""What Qt reports for one step of a wheel."""
ZOOM_STEPS = (50, 67, 75, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300)


class Window(QMainWindow):
    """A window around :attr:`chat`. Its commands are those of ``ui/actions`` that it has a method for.

    What needs a dialog is a signal of :attr:`chat` or of the window.
    """

    settings_requested = Signal()
    about_requested = Signal()
    usage_requested = Signal()
    log_requested = Signal()
    backups_requested = Signal()
    lock_requested = Signal()
    window_requested = Signal(str, str, object)
    """A chat is to be shown in a window of its own: its id, and as for :meth:`open_chat` the rest."""
    storage_failed = Signal(object)
    """The ``StorageError`` that kept a chat from being opened."""

    def __init__(self, chats: Chats, settings: Settings, theme: Theme, tasks: Tasks) -> None:
        super().__init__()
        self._chats = chats
        self._settings = settings
        self._theme = theme
        self._tasks = tasks
        self._wanted = ""
        self._goal: tuple[str, Sequence[Term]] = ("", ())
        self._turned = 0
        self.setWindowIcon(app_icon())
        self.chat = ChatView(chats, settings, theme, tasks)
        self.actions_ = Actions(self, commands_of(self))
        self.actions_.keep_in(self.chat.composer.text_edit, self.chat.details.prompt)
        self.chat.field_added.connect(self.actions_.keep_in)
        self.chat.settings_requested.connect(self.settings_requested)
        self.chat.usage_requested.connect(self.usage_requested)
        self.chat.branching.chat_requested.connect(self.open_chat)
        self.chat.branching.failed.connect(self.storage_failed)
        self.chat.title_changed.connect(self._title_changed)
        chats.changed.connect(self._chat_changed)

    @property
    def session(self) -> ChatSession | None:
        """The chat that is shown."""
        return self.chat.session

    def come_forward(self) -> None:
        """Come to the front, with the keyboard."""
        if self.isMinimized():
            self.showNormal()
        self.raise_()
        self.activateWindow()

    def open_chat(self, conversation_id: str, message_id: str = "", terms: Sequence[Term] = ()) -> None:
        """Show a chat: at once where it is in memory, else as soon as it has been read; with ``message_id``
        at that message, with ``terms`` marked in it."""
        self._wanted = conversation_id
        self._goal = message_id, terms
        session = self._chats.session(conversation_id)
        if session is None:
            self._tasks.start(self._open(conversation_id), "open chat")
        elif session is not self.session or message_id:
            self._show_opened(session)

    @cached_property
    def palette_(self) -> "Palette":
        """Where the user searches all chats and runs commands; made when it is first asked for."""
        from desktop_chat.ui.palette import Palette

        palette = Palette(self._theme, self, self._chats, self._tasks, self.actions_, self._model_names)
        palette.opened.connect(self.open_chat)
        palette.window_requested.connect(self.window_requested)
        return palette

    def search_chats(self, text: str = "") -> None:
        """Let the user search all chats, beginning with ``text``."""
        self.palette_.open_for(text)

    def show_commands(self) -> None:
        """Let the user find a command and run it."""
        self.palette_.open_for(">")

    def open_in_window(self) -> None:
        """Show the chat that is shown in a window of its own."""
        if self.session is not None and self.session.is_stored:
            self.window_requested.emit(self.session.conversation.id, "", ())

    @cached_property
    def paper(self) -> "Paper":
        """What prints and exports; made when it is asked for."""
        from desktop_chat.ui.paper import Paper

        paper = Paper(self._theme, self.chat.explain, self)
        self.chat.insert_notice(paper.bar)
        return paper

    def print_chat(self) -> None:
        if (session := self.session) is not None:
            self.paper.print_(session.tree.path, session.conversation.title or UNTITLED)

    def export_pdf(self) -> None:
        if (session := self.session) is not None:
            self.paper.export(session.tree.path, session.conversation.title or UNTITLED)

    @cached_property
    def exporting(self) -> "Exporting":
        """What exports chats to files; made when it is asked for."""
        from desktop_chat.ui.exporting import Exporting

        exporting = Exporting(self._theme, self, self._chats.exports, self._tasks, self.chat.explain)
        self.chat.insert_notice(exporting.bar)
        return exporting

    def export_chat(self) -> None:
        """Let the user export the chat that is shown."""
        if self.session is not None and self.session.is_stored:
            self.export(self.session.conversation.id)

    def export_all_chats(self) -> None:
        self.export(None)

    def export(self, ids: Sequence[str] | str | None, folder: str | None = None) -> None:
        """Let the user export the chats with these ids, or those in a folder, or all where both are None."""
        from desktop_chat.exporting import Scope

        chosen = (ids,) if isinstance(ids, str) else None if ids is None else tuple(ids)
        self.exporting.ask(Scope(chosen, folder))

    def rename_chat(self) -> None:
        self.chat.header.title.edit()

    def pin_chat(self) -> None:
        """Pin the chat that is shown, or let go of it."""
        if (known := self._known) is not None:
            self._chats.set_pinned([known.id], not known.pinned)

    def archive_chat(self) -> None:
        """Put the chat that is shown into the archive, or take it out."""
        if (known := self._known) is not None:
            self._chats.archive([known.id], not known.archived)

    def open_branches(self) -> None:
        self.chat.branching.show_map()

    def find_in_chat(self) -> None:
        self.chat.find_text()

    def find_next(self) -> None:
        self.chat.find_next()

    def find_previous(self) -> None:
        self.chat.find_next(backwards=True)

    def attach_files(self) -> None:
        """Let the user choose files to go with the message."""
        self.chat.attaching.ask_for_files()

    def focus_composer(self) -> None:
        self.chat.composer.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def choose_model(self) -> None:
        self.chat.choose_model()

    def stop(self) -> None:
        if self.session is not None:
            self.session.stop()

    def regenerate(self) -> None:
        self.chat.regenerate()

    def insert_answer(self) -> None:
        """Put what is written in place of an answer."""
        if self.chat.composer.text.strip():
            self.chat.send(self.chat.composer.text, as_answer=True)

    def copy_answer(self) -> None:
        self.chat.copy_answer()

    def show_answer_details(self) -> None:
        self.chat.show_answer_details()

    def zoom_in(self) -> None:
        """To the next larger step."""
        zoom = self._settings.zoom
        self._settings.change(zoom=next((step for step in ZOOM_STEPS if step > zoom), zoom))

    def zoom_out(self) -> None:
        zoom = self._settings.zoom
        self._settings.change(zoom=next((step for step in reversed(ZOOM_STEPS) if step < zoom), zoom))

    def zoom_reset(self) -> None:
        self._settings.change(zoom=100)

    def open_context(self) -> None:
        self.chat.context_requested.emit()

    def open_settings(self) -> None:
        self.settings_requested.emit()

    def open_usage(self) -> None:
        self.usage_requested.emit()

    def open_log(self) -> None:
        self.log_requested.emit()

    def open_backups(self) -> None:
        self.backups_requested.emit()

    def open_about(self) -> None:
        self.about_requested.emit()

    def lock(self) -> None:
        """Lock the program, or let the user set a passphrase where there is none."""
        self.lock_requested.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl the wheel zooms, a step a notch, wherever nothing takes it for something else."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        turned = event.angleDelta().y()
        self._turned = turned if self._turned * turned < 0 else self._turned + turned
        if abs(self._turned) >= NOTCH:
            (self.zoom_in if self._turned > 0 else self.zoom_out)()
            self._turned = 0
        event.accept()

    async def _open(self, conversation_id: str) -> None:
        try:
            session = await self._chats.open(conversation_id)
        except KeyError:
            return
        except StorageError as error:
            self.storage_failed.emit(error)
            return
        if self._wanted == conversation_id:
            self._show_opened(session)

    def _show_opened(self, session: ChatSession) -> None:
        message_id, terms = self._goal
        if session is not self.session:
            self._show(session)
        if message_id:
            self.chat.show_message(message_id, terms)
        else:
            self._focus_opened()

    def _focus_opened(self) -> None:
        self.focus_composer()

    def _show(self, session: ChatSession) -> None:
        self._wanted = session.conversation.id
        self.chat.set_session(session)
        self._update_actions()

    def _chat_changed(self, conversation_id: str) -> None:
        if self.session is not None and conversation_id == self.session.conversation.id:
            self._update_actions()

    def _model_names(self) -> set[str]:
        """The models that there is to choose from, as far as it is known."""
        names: set[str] = set()
        for endpoint in self._settings.all_endpoints:
            names.update(model.id for model in self._chats.known_models(endpoint))
            names.update(self._settings.favourite_models.get(endpoint.id, ()))
            names.add(endpoint.default_model)
        return names - {""}

    def _title_changed(self, title: str) -> None:
        self.setWindowTitle(f"Desktop Chat — {one_line(title)}")

    @property
    def _known(self) -> Conversation | None:
        """What is known of the chat that is shown; None where it is not stored."""
        return self._chats.known(self.session.conversation.id) if self.session is not None else None

    def _update_actions(self) -> None:
        session = self.session
        stored = session is not None and session.is_stored
        busy = session is not None and session.is_busy
        has_answer = session is not None and session.last is not None
        self.chat.header.title.editable = stored
        known = self._known
        pinned, archived = known is not None and known.pinned, known is not None and known.archived
        self.actions_["pin_chat"].setText("Unpin chat" if pinned else "Pin chat")
        self.actions_["archive_chat"].setText("Take chat out of the archive" if archived else "Archive chat")
        for name, enabled in (
            ("rename_chat", stored),
            ("delete_chat", stored),
            ("pin_chat", stored),
            ("archive_chat", stored),
            ("open_in_window", stored),
            ("branches", stored),
            ("stop", busy),
            ("regenerate", has_answer and not busy),
            ("insert_answer", not busy),
            ("copy_answer", has_answer),
            ("print", has_answer),
            ("export_pdf", has_answer),
        ):
            self.actions_[name].setEnabled(enabled)
