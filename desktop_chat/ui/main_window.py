"""The main window: the sidebar, the chat, the details, and the commands."""

import asyncio
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QSplitter, QWidget

from desktop_chat.chats import Chats
from desktop_chat.domain.listing import Folder
from desktop_chat.session import ChatSession
from desktop_chat.settings import FIELDS, Settings
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.chat_window import ChatWindow
from desktop_chat.ui.sidebar import Sidebar
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.window import Window
from desktop_chat.ui.windows import Windows

if TYPE_CHECKING:
    from desktop_chat.ui.importing import Importing
    from desktop_chat.ui.trash import TrashWindow

SIZE = (1280, 820)
SMALLEST = (420, 400)
HIDES_DETAILS_BELOW, HIDES_SIDEBAR_BELOW = 900, 640
"""Widths of the window, in pixels at 100 % zoom, that leave no room for a panel."""


class MainWindow(Window):
    """The window of one profile. It begins with a new chat.

    Closing it only asks: ``close_requested`` is answered by whoever ends the program.
    """

    close_requested = Signal()

    def __init__(self, chats: Chats, settings: Settings, theme: Theme, tasks: Tasks) -> None:
        super().__init__(chats, settings, theme, tasks)
        self._unsent: ChatSession | None = None
        self.windows = Windows(self, chats, settings, theme, tasks)
        self._fits = self._room_before = (True, True)
        self._widths = {name: getattr(settings, name) for name in ("sidebar_width", "details_width")}
        self.setObjectName("mainWindow")

        self.sidebar = Sidebar(theme, chats, settings, tasks)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        for number, widget in enumerate((self.sidebar, self.chat, self.chat.details)):
            self._splitter.addWidget(widget)
            self._splitter.setStretchFactor(number, int(widget is self.chat))
        self.setCentralWidget(self._splitter)

        self._build_menu()
        self.actions_.keep_in(self.sidebar.search)
        self._wire()
        self._restore()
        self._restyle()
        self.new_chat()

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

    def raise_with_prompt(self, text: str) -> None:
        """Come to the front; with a text, in a new chat."""
        self.come_forward()
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
        await self.sidebar.model.settled()
        self.sidebar.grab()  # has the rows that are seen read
        await self.sidebar.model.settled()
        # What grows tells the layout around it by an event, and so on outwards: a round of the loop each.
        for widget in reversed(self.findChildren(QWidget)):
            if (layout := widget.layout()) is not None:
                layout.activate()

    def next_chat(self) -> None:
        self._open_neighbour(1)

    def previous_chat(self) -> None:
        self._open_neighbour(-1)

    def rename_chat(self) -> None:
        if not self.sidebar.list.hasFocus() or not self.sidebar.list.edit_row(self.sidebar.list.current_key):
            super().rename_chat()

    def delete_chat(self, conversation_id: str = "") -> None:
        """Put a chat into the trash, the one that is shown by default."""
        wanted = conversation_id or (self.session.conversation.id if self.session else "")
        if self._chats.known(wanted) is not None:
            self._chats.delete([wanted])

    def move_chat(self) -> None:
        """Let the user choose the folder of the chat that is shown."""
        if (known := self._known) is not None:
            self.sidebar.ordering.ask_where([known.seq])

    def tag_chat(self) -> None:
        """Let the user choose the tags of the chat that is shown."""
        if (known := self._known) is not None:
            title = self.chat.header.title
            self.sidebar.ordering.ask_tags(known, title.mapToGlobal(title.rect().bottomLeft()))

    def new_folder(self) -> None:
        self.sidebar.ordering.new_folder()

    def toggle_archive(self) -> None:
        """List what is archived, or the chats again."""
        self._show_panel("sidebar_visible")
        self.sidebar.menu.show_archive(not self.sidebar.ordering.is_in_archive)

    def undo_last(self) -> None:
        """Take back what was done to chats last, while that is offered."""
        self.sidebar.undo.take_back()

    @cached_property
    def trash(self) -> "TrashWindow":
        """The window of the trash; made when it is asked for."""
        from desktop_chat.ui.trash import TrashWindow

        return TrashWindow(self._theme, self._chats, self._tasks, parent=self)

    @cached_property
    def importing(self) -> "Importing":
        """What imports chats from files; made when it is asked for."""
        from desktop_chat.ui.importing import Importing

        importing = Importing(self._theme, self, self._chats.imports, self._tasks)
        self.chat.insert_notice(importing.bar)
        return importing

    def import_chats(self) -> None:
        """Let the user choose files to import chats from."""
        self.importing.choose()

    def open_trash(self) -> None:
        if self.trash.isVisible():
            self.trash.raise_()
        self.trash.show()
        self.trash.activateWindow()

    def _export(self, what: Sequence[str] | Folder) -> None:
        """Export chats by their ids, or what is in a folder."""
        if isinstance(what, Folder):
            self.export(None, what.id)
        else:
            self.export(what)

    def _chat_gone(self, conversation_id: str) -> None:
        self.windows.close_chat(conversation_id)
        if self.session is not None and conversation_id == self.session.conversation.id:
            self.new_chat()

    def toggle_sidebar(self) -> None:
        self._toggle("sidebar_visible", self.sidebar)

    def toggle_details(self) -> None:
        self._toggle("details_visible", self.chat.details)

    def quit(self) -> None:
        self.close()

    def save_state(self) -> None:
        """Keep the place and the sizes in the settings, and hand on drafts."""
        self.chat.flush()
        self.chat.keep_place()
        self._remember_widths()
        values: dict[str, object] = {
            "window_geometry": bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        }
        self._settings.change(**values, **self._widths)
        self.windows.save_state()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.save_state()
        self.close_requested.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_panels()

    def _focus_opened(self) -> None:
        if not self.sidebar.list.hasFocus():
            super()._focus_opened()

    def _show(self, session: ChatSession) -> None:
        super()._show(session)
        self.sidebar.list.set_open(session.conversation.id)

    def _open_neighbour(self, step: int) -> None:
        self._tasks.start(self._go_to_neighbour(step), "next chat")

    async def _go_to_neighbour(self, step: int) -> None:
        try:
            neighbour = await self.sidebar.model.neighbour(self._wanted, step)
        except StorageError as error:
            self.storage_failed.emit(error)
            return
        if neighbour is not None:
            self.open_chat(neighbour)

    def _update_actions(self) -> None:
        super()._update_actions()
        for name in ("move_chat", "tag_chat"):
            self.actions_[name].setEnabled(self.session is not None and self.session.is_stored)
        in_archive = self.sidebar.ordering.is_in_archive
        self.actions_["archive"].setText("Back to all chats" if in_archive else "Show the archive")

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
        chats.listed.connect(self._update_actions)
        chats.undoable.connect(sidebar.undo.offer)
        chats.gone.connect(self._chat_gone)
        sidebar.new_chat_requested.connect(self.new_chat)
        sidebar.settings_requested.connect(self.settings_requested)
        sidebar.list.opened.connect(self.open_chat)
        sidebar.search_requested.connect(self.search_chats)
        sidebar.trash_requested.connect(self.open_trash)
        sidebar.model.rearranged.connect(self._update_actions)
        sidebar.import_requested.connect(lambda paths: self.importing.take(paths))
        sidebar.undo_requested.connect(self.undo_last)
        sidebar.ordering.apart_requested.connect(lambda id: self.window_requested.emit(id, "", ()))
        sidebar.ordering.export_requested.connect(self._export)
        sidebar.ordering.failed.connect(self.storage_failed)
        sidebar.new_chat.set_hint(self.actions_["new_chat"])
        sidebar.search.set_hint(self.actions_["search"])
        chat.status_changed.connect(sidebar.status.show_status)
        chat.header.new_chat_requested.connect(self.new_chat)
        chat.header.sidebar_requested.connect(self.toggle_sidebar)
        chat.header.details_requested.connect(self.toggle_details)
        self.window_requested.connect(self.windows.open)
        self.windows.made.connect(self._window_made)
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

    def _window_made(self, window: ChatWindow) -> None:
        window.window_requested.connect(self.windows.open)
        window.delete_requested.connect(self.delete_chat)
        window.quit_requested.connect(self.close)
        window.lock_requested.connect(self.lock_requested)
        for request, own in (
            (window.new_chat_requested, self.new_chat),
            (window.settings_requested, self.settings_requested),
            (window.usage_requested, self.usage_requested),
            (window.log_requested, self.log_requested),
            (window.backups_requested, self.backups_requested),
            (window.about_requested, self.about_requested),
        ):
            # What they show stands over this window.
            request.connect(self.come_forward)
            request.connect(own)
        window.storage_failed.connect(self.storage_failed)

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
