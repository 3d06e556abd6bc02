"""The main window: the sidebar, the chat, the details, and the commands."""

import asyncio
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QSplitter, QWidget

from desktop_chat.chats import Chats
from desktop_chat.session import ChatSession
from desktop_chat.settings import FIELDS, Settings
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.actions import Actions
from desktop_chat.ui.chat_view import ChatView
from desktop_chat.ui.conversation_list import UNTITLED
from desktop_chat.ui.icons import app_icon
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.sidebar import Sidebar
from desktop_chat.ui.theme import Theme

if TYPE_CHECKING:
    from desktop_chat.ui.paper import Paper

SIZE = (1280, 820)
SMALLEST = (420, 400)
HIDES_DETAILS_BELOW, HIDES_SIDEBAR_BELOW = 900, 640
"""Widths of the window, in pixels at 100 % zoom, that leave no room for a panel."""
NOTCH = 120
"""What Qt reports for one step of a wheel."""
ZOOM_STEPS = (50, 67, 75, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300)


class MainWindow(QMainWindow):
    """The window of one profile. It begins with a new chat.

    Closing it only asks: ``close_requested`` is answered by whoever ends the program. What needs a dialog is
    a signal of :attr:`chat`, or one of ``settings_requested``, ``usage_requested``, ``log_requested`` and
    ``about_requested``.
    """

    settings_requested = Signal()
    about_requested = Signal()
    usage_requested = Signal()
    log_requested = Signal()
    close_requested = Signal()
    storage_failed = Signal(object)
    """The ``StorageError`` that kept a chat from being opened."""

    def __init__(self, chats: Chats, settings: Settings, theme: Theme, tasks: Tasks) -> None:
        super().__init__()
        self._chats = chats
        self._settings = settings
        self._theme = theme
        self._tasks = tasks
        self._wanted = ""
        self._turned = 0
        self._unsent: ChatSession | None = None
        self._fits = self._room_before = (True, True)
        self._widths = {name: getattr(settings, name) for name in ("sidebar_width", "details_width")}
        self.setObjectName("mainWindow")
        self.setWindowIcon(app_icon())

        self.sidebar = Sidebar(theme, chats.is_writing)
        self.chat = ChatView(chats, settings, theme, tasks)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        for number, widget in enumerate((self.sidebar, self.chat, self.chat.details)):
            self._splitter.addWidget(widget)
            self._splitter.setStretchFactor(number, int(widget is self.chat))
        self.setCentralWidget(self._splitter)

        self.actions_ = Actions(self)
        self._build_menu()
        self.actions_.keep_in(
            self.chat.composer.text_edit,
            self.chat.details.prompt,
            self.sidebar.search,
        )
        self.chat.field_added.connect(self.actions_.keep_in)
        self._wire()
        self._restore()
        self._restyle()
        self.sidebar.model.set_conversations(chats.conversations)
        self.new_chat()

    @property
    def session(self) -> ChatSession | None:
        """The chat that is shown."""
        return self.chat.session

    def new_chat(self, text: str = "") -> None:
        """Show a chat without messages, with ``text`` behind what was typed there before."""
        if self._unsent is None or self._unsent.is_stored:
            self._unsent = self._chats.new()
        self._wanted = self._unsent.conversation.id
        if self.session is not self._unsent:
            self._show(self._unsent)
        if text:
            self.chat.composer.add(text)
        self.focus_composer()

    def open_chat(self, conversation_id: str) -> None:
        """Show a chat: at once where it is in memory, else as soon as it has been read."""
        self._wanted = conversation_id
        session = self._chats.session(conversation_id)
        if session is None:
            self._tasks.start(self._open(conversation_id), "open chat")
        elif session is not self.session:
            self._show_opened(session)

    def raise_with_prompt(self, text: str) -> None:
        """Come to the front; with a text, in a new chat."""
        if self.isMinimized():
            self.showNormal()
        self.raise_()
        self.activateWindow()
        if text:
            self.new_chat(text)

    async def settled(self, *, send_prompt: bool) -> None:
        """Wait until nothing is being written, and put all in its place; ``send_prompt``: after sending what
        is in the composer.
        """
        text = self.chat.composer.text
        if send_prompt and text.strip() and (sending := self.chat.send(text)) is not None:
            await sending
        changed = asyncio.Event()
        if (session := self.session) is not None:
            session.phase_changed.connect(changed.set)
            while session.is_busy:
                changed.clear()
                await changed.wait()
            session.phase_changed.disconnect(changed.set)
        # What grows tells the layout around it by an event, and so on outwards: a round of the loop each.
        for widget in reversed(self.findChildren(QWidget)):
            if (layout := widget.layout()) is not None:
                layout.activate()

    def next_chat(self) -> None:
        self._open_neighbour(1)

    def previous_chat(self) -> None:
        self._open_neighbour(-1)

    def rename_chat(self) -> None:
        if self.sidebar.list.hasFocus() and self.sidebar.list.current_id:
            self.sidebar.list.edit_title(self.sidebar.list.current_id)
        else:
            self.chat.header.title.edit()

    def delete_chat(self, conversation_id: str = "") -> None:
        """Delete a chat, the shown one by default, and offer for a while to undo that."""
        shown = self.session.conversation.id if self.session else ""
        wanted = conversation_id or shown
        conversation = next((c for c in self._chats.conversations if c.id == wanted), None)
        if conversation is None:
            return
        self._chats.delete(conversation.id)
        self.sidebar.undo.offer(conversation.id, conversation.title or UNTITLED)
        if conversation.id == shown:
            self.new_chat()

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

    def focus_search(self) -> None:
        self._show_panel("sidebar_visible")
        self.sidebar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.sidebar.search.selectAll()

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

    def toggle_sidebar(self) -> None:
        self._toggle("sidebar_visible", self.sidebar)

    def toggle_details(self) -> None:
        self._toggle("details_visible", self.chat.details)

    def zoom_in(self) -> None:
        """To the next larger step."""
        zoom = self._settings.zoom
        self._settings.change(zoom=next((step for step in ZOOM_STEPS if step > zoom), zoom))

    def zoom_out(self) -> None:
        zoom = self._settings.zoom
        self._settings.change(zoom=next((step for step in reversed(ZOOM_STEPS) if step < zoom), zoom))

    def zoom_reset(self) -> None:
        self._settings.change(zoom=100)

    def show_answer_details(self) -> None:
        self.chat.show_answer_details()

    def open_context(self) -> None:
        self.chat.context_requested.emit()

    def open_settings(self) -> None:
        self.settings_requested.emit()

    def open_usage(self) -> None:
        self.usage_requested.emit()

    def open_log(self) -> None:
        self.log_requested.emit()

    def open_about(self) -> None:
        self.about_requested.emit()

    def save_state(self) -> None:
        """Keep the place and the sizes in the settings, and hand on drafts."""
        self.chat.flush()
        self.chat.keep_place()
        self._remember_widths()
        values: dict[str, object] = {
            "window_geometry": bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        }
        self._settings.change(**values, **self._widths)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.save_state()
        self.close_requested.emit()

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_panels()

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
        self._show(session)
        if not self.sidebar.list.hasFocus():
            self.focus_composer()

    def _show(self, session: ChatSession) -> None:
        self._wanted = session.conversation.id
        self.chat.set_session(session)
        self.sidebar.list.set_open(session.conversation.id)
        self._update_actions()

    def _open_neighbour(self, step: int) -> None:
        if (neighbour := self.sidebar.model.neighbour(self._wanted, step)) is not None:
            self.open_chat(neighbour)

    def _fit_panels(self) -> None:
        """Hide the panels that the window became too narrow for, and bring back those that fit again."""
        room = self._room()
        if room != self._room_before:
            self._fits = self._room_before = room
            self._show_panels()

    def _room(self) -> tuple[bool, bool]:
        """Whether the window has room for the sidebar, and for the details beside it."""
        px, width = self._theme.px, self.width()
        return width >= px(HIDES_SIDEBAR_BELOW), width >= px(HIDES_DETAILS_BELOW)

    def _remember_widths(self) -> None:
        """The user moved the edge of a panel."""
        for name, widget in (("sidebar_width", self.sidebar), ("details_width", self.chat.details)):
            if widget.isVisibleTo(self._splitter):
                field = FIELDS[name]
                width = round(widget.width() * 100 / self._theme.zoom)
                self._widths[name] = int(min(max(width, field.minimum or 0), field.maximum or width))

    def _apply_widths(self) -> None:
        sides = [self._theme.px(self._widths[name]) for name in ("sidebar_width", "details_width")]
        self._splitter.setSizes([sides[0], max(0, self.width() - sum(sides)), sides[1]])

    def _wire(self) -> None:
        chats, sidebar, chat = self._chats, self.sidebar, self.chat
        chats.listed.connect(self._list_changed)
        chats.changed.connect(self._chat_changed)
        sidebar.new_chat_requested.connect(self.new_chat)
        sidebar.settings_requested.connect(self.settings_requested)
        sidebar.undo_requested.connect(chats.restore)
        sidebar.list.opened.connect(self.open_chat)
        sidebar.list.renamed.connect(chats.rename)
        sidebar.list.pin_requested.connect(chats.set_pinned)
        sidebar.list.delete_requested.connect(self.delete_chat)
        sidebar.new_chat.set_hint(self.actions_["new_chat"])
        sidebar.search.set_hint(self.actions_["search"])
        chat.settings_requested.connect(self.settings_requested)
        chat.usage_requested.connect(self.usage_requested)
        chat.status_changed.connect(sidebar.status.show_status)
        chat.title_changed.connect(lambda title: self.setWindowTitle(f"Desktop Chat — {one_line(title)}"))
        chat.header.new_chat_requested.connect(self.new_chat)
        chat.header.sidebar_requested.connect(self.toggle_sidebar)
        chat.header.details_requested.connect(self.toggle_details)
        self._splitter.splitterMoved.connect(self._remember_widths)
        self._settings.changed.connect(self._setting_changed)
        self._theme.changed.connect(self._restyle)

    def _build_menu(self) -> None:
        if sys.platform == "darwin":
            self.actions_.fill(self.menuBar())
        else:
            menu = QMenu(self)
            self.actions_.fill(menu)
            self.sidebar.set_menu(menu)

    def _list_changed(self) -> None:
        self.sidebar.model.set_conversations(self._chats.conversations)
        self._update_actions()

    def _chat_changed(self, conversation_id: str) -> None:
        self.sidebar.model.update(conversation_id)
        if self.session is not None and conversation_id == self.session.conversation.id:
            self._update_actions()

    def _update_actions(self) -> None:
        session = self.session
        stored = session is not None and session.is_stored
        busy = session is not None and session.is_busy
        has_answer = session is not None and session.last is not None
        self.chat.header.title.editable = stored
        for name, enabled in (
            ("rename_chat", stored),
            ("delete_chat", stored),
            ("stop", busy),
            ("regenerate", has_answer and not busy),
            ("insert_answer", not busy),
            ("copy_answer", has_answer),
            ("print", has_answer),
            ("export_pdf", has_answer),
        ):
            self.actions_[name].setEnabled(enabled)

    def _setting_changed(self, name: str) -> None:
        if name in ("sidebar_visible", "details_visible"):
            self._show_panels()
        else:
            self._theme.take(self._settings)

    def _toggle(self, name: str, panel: QWidget) -> None:
        """Fold or unfold a panel; where it had no room and is asked for, it is shown all the same."""
        shown = panel.isVisibleTo(self._splitter)
        if shown:
            self._fits = self._room()
            self._settings.change(**{name: False})
            self._show_panels()
        else:
            self._show_panel(name)

    def _show_panel(self, name: str) -> None:
        fits = self._room()
        # Where there is no room for two, the one that is asked for takes the place of the other.
        self._fits = fits if all(fits) else (name == "sidebar_visible", name == "details_visible")
        self._settings.change(**{name: True})
        self._show_panels()

    def _show_panels(self) -> None:
        sidebar_fits, details_fit = self._fits
        sidebar = self._settings.sidebar_visible and sidebar_fits
        details = self._settings.details_visible and details_fit
        self.sidebar.setVisible(sidebar)
        self.chat.details.setVisible(details)
        self._apply_widths()
        self.chat.header.set_sidebar_shown(sidebar)
        self.chat.header.details_button.setChecked(details)
        self.actions_["sidebar"].setChecked(sidebar)
        self.actions_["details"].setChecked(details)
        if sidebar:
            self.sidebar.give_back_status()
        else:
            self.chat.composer.insert_status(self.sidebar.take_status())

    def _restore(self) -> None:
        self.resize(*SIZE)
        if self._settings.window_geometry:
            self.restoreGeometry(
                QByteArray.fromBase64(self._settings.window_geometry.encode("ascii", "replace"))
            )
        self._show_panels()

    def _restyle(self) -> None:
        """Also the panels follow the zoom, or a large text has no room in them."""
        self.setMinimumSize(*(min(self._theme.px(side), side * 2) for side in SMALLEST))
        self._fit_panels()
        self._apply_widths()
