"""What the user can do with the chats and folders of the list: menus, and the commands behind them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from desktop_chat.chats import Chats
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.listing import COLORS, Folder, Shelf, Tag
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.conversation_list.model import ConversationModel
from desktop_chat.ui.conversation_list.rows import children
from desktop_chat.ui.icons import icon, pixmap
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

Chosen = Sequence[int]
"""Conversations by their numbers."""


class Ordering(QObject):
    """The commands of the list. What they ask is asked in cards over ``host``'s window."""

    edit_requested = Signal(object)
    """The row of this key is to be renamed."""
    apart_requested = Signal(str)
    """A chat is to be shown in a window of its own."""
    export_requested = Signal(object)
    """The ids of conversations to be exported, or a :class:`Folder`."""
    failed = Signal(object)
    """The ``StorageError`` that kept chats from being read."""

    def __init__(
        self, chats: Chats, model: ConversationModel, tasks: Tasks, theme: Theme, host: QWidget
    ) -> None:
        super().__init__(host)
        self._chats = chats
        self._model = model
        self._tasks = tasks
        self._theme = theme
        self._host = host

    @property
    def is_in_archive(self) -> bool:
        """Whether what is listed is archived."""
        return self._model.view.shelf is Shelf.ARCHIVE

    # Menus

    def fill(self, menu: QMenu, what: Chosen | Folder) -> None:
        """The menu of a row, or of several that are selected together."""
        if isinstance(what, Folder):
            self._fill_of_folder(menu, what)
        else:
            self._fill_of_chats(menu, what)

    def fill_tags(self, menu: QMenu, chosen: Chosen) -> None:
        """Which tags to give and to take."""
        menu.clear()
        self._offer_tags(menu, chosen, self._known(chosen))

    def ask_tags(self, chat: Conversation, at: QPoint) -> None:
        """Let the user give tags to a chat and take them, in a menu at this place of the screen."""
        menu = QMenu(self._host.window())
        menu.aboutToHide.connect(menu.deleteLater)
        self._offer_tags(menu, [chat.seq], [chat])
        menu.popup(at)

    def _offer_tags(self, menu: QMenu, chosen: Chosen, known: Sequence[Conversation]) -> None:
        for tag in self._chats.tags:
            has_it = bool(known) and all(tag.id in chat.tags for chat in known)
            action = menu.addAction(self.dot(tag, checked=has_it), _literal(tag.name))
            action.setCheckable(True)
            action.setChecked(has_it)
            action.triggered.connect(lambda on, tag=tag: self.tag(chosen, tag, on))
        if self._chats.tags:
            menu.addSeparator()
        menu.addAction(self._icon("plus"), "New tag…").triggered.connect(lambda: self.new_tag(chosen))

    def dot(self, tag: Tag, *, checked: bool = False) -> QIcon:
        """A tag's colour as an icon: a menu shows no other mark of a choice beside one."""
        size, ratio = self._theme.px(16), self._host.devicePixelRatioF()
        drawn = QPixmap(round(size * ratio), round(size * ratio))
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tag_color(tag.color))
        radius = size / 2 if checked else size / 4
        painter.drawEllipse(QPointF(size / 2, size / 2), radius, radius)
        if checked:
            edge = self._theme.px(2)
            mark = pixmap("check", self._theme.colors.raised, size - 2 * edge, ratio)
            painter.drawPixmap(edge, edge, mark)
        painter.end()
        return QIcon(drawn)

    # Conversations

    def delete(self, what: Chosen | Folder) -> None:
        """Into the trash; of a folder what is in it stays."""
        if isinstance(what, Folder):
            self._chats.remove_folder(what.id)
        elif what:
            self._with(what, self._chats.delete)

    def archive(self, chosen: Chosen, archived: bool = True) -> None:
        self._with(chosen, lambda ids: self._chats.archive(ids, archived))

    def pin(self, chosen: Chosen, pinned: bool = True) -> None:
        self._with(chosen, lambda ids: self._chats.set_pinned(ids, pinned))

    def mark_unread(self, chosen: Chosen, unread: bool = True) -> None:
        self._with(chosen, lambda ids: self._chats.mark_unread(ids, unread))

    def move(self, chosen: Chosen, folder_id: str | None) -> None:
        self._with(chosen, lambda ids: self._chats.move(ids, folder_id))

    def tag(self, chosen: Chosen, tag: Tag, tagged: bool) -> None:
        self._with(chosen, lambda ids: self._chats.tag(ids, tag.id, tagged))

    def export(self, chosen: Chosen) -> None:
        self._with(chosen, self.export_requested.emit)

    def rename(self, what: str | Folder, name: str) -> None:
        """``what`` is the id of a conversation, or a folder."""
        if isinstance(what, Folder):
            self._chats.save_folder(replace(what, name=name))
        else:
            self._chats.rename(what, name)

    def ask_where(self, what: Chosen | Folder) -> None:
        """Let the user choose the folder that these are moved into."""
        from desktop_chat.ui.conversation_list.choosing import FolderCard

        excluded = [what.id] if isinstance(what, Folder) else []
        card = FolderCard(self._theme, self._host.window(), "Move to folder", self._chats.folders, excluded)

        def put(folder_id: str | None) -> None:
            if isinstance(what, Folder):
                self.put_folder(what, folder_id)
            else:
                self.move(what, folder_id)

        card.chosen.connect(put)
        card.wanted.connect(lambda name: put(self.add_folder(name)))
        card.show()

    # Folders

    def new_folder(self, parent: str | None = None) -> None:
        """Let the user name a new folder."""
        from desktop_chat.ui.conversation_list.choosing import NameCard

        card = NameCard(self._theme, self._host.window(), "New folder", "Create")
        card.named.connect(lambda name: self.add_folder(name, parent))
        card.show()

    def add_folder(self, name: str, parent: str | None = None) -> str:
        """Make a folder, the last in ``parent``; gives its id."""
        folder = Folder(new_id(), name, parent, self._end_of(parent))
        self._chats.save_folder(folder)
        if parent is not None and parent not in self._model.opened:
            self._model.toggle(parent)
        return folder.id

    def put_folder(self, folder: Folder, parent: str | None, before: Folder | None = None) -> None:
        """Move a folder into another, None for the top: before one that is there, or to its end. Nothing
        where it would lie in itself."""
        if self.holds(folder, parent):
            return
        others = [each for each in children(self._chats.folders).get(parent, ()) if each.id != folder.id]
        place = others.index(before) if before in others else len(others)
        others.insert(place, replace(folder, parent=parent))
        known = {each.id: each for each in self._chats.folders}
        for position, each in enumerate(others):
            if (moved := replace(each, position=position)) != known[each.id]:
                self._chats.save_folder(moved)
        if parent is not None and parent not in self._model.opened:
            self._model.toggle(parent)

    def shift_folder(self, folder: Folder, step: int) -> None:
        """Move a folder up or down among those beside it."""
        beside = self.beside(folder)
        place = beside.index(folder) + step
        if 0 <= place < len(beside):
            after = place + (step > 0)
            self.put_folder(folder, folder.parent, beside[after] if after < len(beside) else None)

    def beside(self, folder: Folder) -> list[Folder]:
        """The folders of the same parent, in order."""
        made = children(self._chats.folders)
        return next((each for each in made.values() if folder in each), [folder])

    def holds(self, folder: Folder, other: str | None) -> bool:
        """Whether a folder is, or lies in it, however deep, the folder ``other``."""
        known = {each.id: each for each in self._chats.folders}
        passed: set[str] = set()
        while other is not None and other != folder.id and other not in passed:
            passed.add(other)
            other = known[other].parent if other in known else None
        return other == folder.id

    # Tags

    def new_tag(self, chosen: Chosen) -> None:
        """Let the user make a tag, which these get."""
        used = [tag.color for tag in self._chats.tags]
        color = min(COLORS, key=used.count)

        def save(tag: Tag) -> None:
            self._chats.save_tag(tag)
            self.tag(chosen, tag, True)

        self._edit_tag(Tag(new_id(), "", color), save, is_new=True)

    def edit_tag(self, tag: Tag) -> None:
        """Let the user change a tag, or delete it."""
        self._edit_tag(tag, self._chats.save_tag, is_new=False)

    def _edit_tag(self, tag: Tag, save: Callable[[Tag], None], *, is_new: bool) -> None:
        from desktop_chat.ui.conversation_list.choosing import TagCard

        taken = [each.name for each in self._chats.tags if each.id != tag.id]
        card = TagCard(self._theme, self._host.window(), tag, taken, is_new=is_new)
        card.saved.connect(save)
        card.removed.connect(lambda: self._chats.remove_tag(tag.id))
        card.show()

    def _fill_of_chats(self, menu: QMenu, chosen: Chosen) -> None:
        known = self._known(chosen)
        one = known[0] if len(chosen) == 1 and known else None
        pinned = bool(known) and all(chat.pinned for chat in known)
        unread = bool(known) and all(chat.unread for chat in known)
        archived = self.is_in_archive
        if one is not None:
            seq, id = one.seq, one.id
            self._add(menu, "pencil", "Rename", lambda: self.edit_requested.emit(seq))
            self._add(menu, "app-window", "Open in a new window", lambda: self.apart_requested.emit(id))
        if not archived:
            image, words = ("pin-off", "Unpin") if pinned else ("pin", "Pin")
            self._add(menu, image, words, lambda: self.pin(chosen, not pinned))
        image, words = ("mail-open", "Mark as read") if unread else ("mail", "Mark as unread")
        self._add(menu, image, words, lambda: self.mark_unread(chosen, not unread))
        menu.addSeparator()
        self._add(menu, "folder-input", "Move to folder…", lambda: self.ask_where(chosen))
        tags = menu.addMenu(self._icon("tag"), "Tags")
        self.fill_tags(tags, chosen)
        self._add(menu, "download", "Export…", lambda: self.export(chosen))
        menu.addSeparator()
        image, words = ("archive-restore", "Take out of the archive") if archived else ("archive", "Archive")
        self._add(menu, image, words, lambda: self.archive(chosen, not archived))
        self._add(menu, "trash-2", "Delete", lambda: self.delete(chosen))

    def _fill_of_folder(self, menu: QMenu, folder: Folder) -> None:
        beside = self.beside(folder)
        place = beside.index(folder) if folder in beside else 0
        self._add(menu, "pencil", "Rename", lambda: self.edit_requested.emit(folder.id))
        self._add(menu, "folder-plus", "New folder inside…", lambda: self.new_folder(folder.id))
        menu.addSeparator()
        self._add(menu, "folder-input", "Move to folder…", lambda: self.ask_where(folder))
        self._add(menu, "chevron-up", "Move up", lambda: self.shift_folder(folder, -1), place > 0)
        self._add(
            menu, "chevron-down", "Move down", lambda: self.shift_folder(folder, 1), place + 1 < len(beside)
        )
        self._add(menu, "download", "Export…", lambda: self.export_requested.emit(folder))
        menu.addSeparator()
        self._add(menu, "trash-2", "Remove folder", lambda: self.delete(folder))

    def _add(
        self, menu: QMenu, image: str, words: str, act: Callable[[], None], enabled: bool = True
    ) -> None:
        action = menu.addAction(self._icon(image), words)
        action.triggered.connect(lambda _checked=False: act())
        action.setEnabled(enabled)

    def _icon(self, name: str) -> QIcon:
        return icon(name, QColor(self._theme.colors.text))

    def _known(self, chosen: Chosen) -> list[Conversation]:
        return [chat for seq in chosen if (chat := self._model.pages[seq]) is not None]

    def _with(self, chosen: Chosen, act: Callable[[list[str]], None]) -> None:
        """Do something with the ids of conversations, at once where all were read."""
        known = self._known(chosen)
        if len(known) == len(chosen):
            act([chat.id for chat in known])
        else:
            self._tasks.start(self._read_and(chosen, act), "read what was chosen")

    async def _read_and(self, chosen: Chosen, act: Callable[[list[str]], None]) -> None:
        try:
            act([chat.id for chat in await self._model.pages.read(chosen)])
        except StorageError as error:
            self.failed.emit(error)

    def _end_of(self, parent: str | None) -> int:
        return max((each.position for each in self._chats.folders if each.parent == parent), default=-1) + 1


def _literal(text: str) -> str:
    """A text for a menu, where an ampersand is no mnemonic."""
    return one_line(text).replace("&", "&&")
