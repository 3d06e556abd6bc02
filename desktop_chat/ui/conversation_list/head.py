"""What stands over and under the list: how it is sorted and filtered, and what is done with several chats."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Signal
from PySide6.QtGui import QActionGroup, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy

from desktop_chat.chats import Chats
from desktop_chat.domain.listing import Shelf, Sort, Tag, View
from desktop_chat.settings import Settings
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.buttons import IconButton
from desktop_chat.ui.conversation_list.model import ConversationModel
from desktop_chat.ui.conversation_list.ordering import Ordering
from desktop_chat.ui.conversation_list.view import ConversationList
from desktop_chat.ui.counts import counted
from desktop_chat.ui.icons import icon, pixmap
from desktop_chat.ui.safe import ElidedLabel, label, one_line, tool_tip
from desktop_chat.ui.theme import Theme

SORTS = {Sort.USED: "Last used", Sort.MADE: "Made", Sort.TITLE: "Title", Sort.COST: "Cost"}


class ListMenu(QObject):
    """How the list is sorted and filtered, and where what is not in it is, as a menu that is filled when it
    opens."""

    trash_requested = Signal()

    def __init__(
        self,
        chats: Chats,
        model: ConversationModel,
        ordering: Ordering,
        settings: Settings,
        theme: Theme,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._chats = chats
        self._model = model
        self._ordering = ordering
        self._settings = settings
        self._theme = theme

    def fill(self, menu: QMenu) -> None:
        """Offer what there is now."""
        menu.clear()
        view, color = self._model.view, self._theme.colors.text
        menu.addAction(icon("folder-plus", color), "New folder…").triggered.connect(
            lambda: self._ordering.new_folder()
        )
        menu.addSeparator()
        sorts = menu.addMenu("Sort by")
        group = QActionGroup(sorts)
        for sort, words in SORTS.items():
            action = sorts.addAction(words)
            action.setCheckable(True)
            action.setChecked(sort is view.sort)
            group.addAction(action)
            action.triggered.connect(lambda _=False, sort=sort: self._settings.change(list_sort=sort.value))
        tags = menu.addMenu("Only with tag")
        for tag in self._chats.tags:
            is_on = tag.id == view.tag
            dot = self._ordering.dot(tag, checked=is_on)
            action = tags.addAction(dot, one_line(tag.name).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(is_on)
            action.triggered.connect(lambda on, tag=tag: self.filter(tag.id if on else None))
        tags.setEnabled(bool(self._chats.tags))
        menu.addSeparator()
        in_archive = view.shelf is Shelf.ARCHIVE
        image, words = ("arrow-left", "Back to all chats") if in_archive else ("archive", "Archive")
        menu.addAction(icon(image, color), words).triggered.connect(lambda: self.show_archive(not in_archive))
        menu.addAction(icon("trash-2", color), "Trash…").triggered.connect(self.trash_requested)

    def filter(self, tag_id: str | None) -> None:
        """List only what has this tag; None lists all."""
        self._model.show(replace(self._model.view, tag=tag_id))

    def show_archive(self, wanted: bool) -> None:
        """List what is archived, or the chats again."""
        shelf = Shelf.ARCHIVE if wanted else Shelf.CHATS
        self._model.show(replace(self._model.view, shelf=shelf, tag=None))

    def show_all(self) -> None:
        """List all chats, by folders and days."""
        self._model.show(replace(self._model.view, shelf=Shelf.CHATS, tag=None))


class ListButton(IconButton):
    """Opens the menu of the list. It lies over the right end of the list's first row, which is the name of a
    group, and is seen while the pointer is over the list, or the keyboard at the button or the list."""

    def __init__(self, theme: Theme, menu: ListMenu, view: ConversationList) -> None:
        super().__init__(theme, "list-filter", "Sort and filter", parent=view)
        self.setObjectName("listMenu")
        self._view = view
        self._is_near = False
        shown = QMenu(self)
        shown.aboutToShow.connect(lambda: menu.fill(shown))
        shown.aboutToHide.connect(self._show_or_not)
        self.setMenu(shown)
        self.setPopupMode(self.ToolButtonPopupMode.InstantPopup)
        for watched in (view, self):
            watched.installEventFilter(self)
        view.verticalScrollBar().valueChanged.connect(self._show_or_not)
        theme.changed.connect(self._place)
        self._show_or_not()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if watched is self._view and kind in (QEvent.Type.Enter, QEvent.Type.Leave):
            self._is_near = kind == QEvent.Type.Enter
            self._show_or_not()
        elif kind in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._show_or_not()
        elif watched is self._view and kind == QEvent.Type.Resize:
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._is_seen:
            super().paintEvent(event)

    def _place(self) -> None:
        size = self.sizeHint()
        left = self._view.width() - size.width() - self._theme.px(4)
        self.setGeometry(QRect(QPoint(left, self._theme.px(7)), size))

    def _show_or_not(self) -> None:
        """Unseen it still can be reached by Tab: it is only not painted."""
        wanted = self._is_near or self.hasFocus() or self._view.hasFocus() or self.isDown()
        self._is_seen = wanted and self._view.verticalScrollBar().value() == 0
        self.update()


class ViewBar(QFrame):
    """Says what is listed where that is not all chats, and leads back."""

    back_requested = Signal()
    edit_requested = Signal(object)
    """A :class:`Tag` is to be changed."""

    def __init__(self, theme: Theme, ordering: Ordering) -> None:
        super().__init__()
        self.setObjectName("viewBar")
        self._theme = theme
        self._ordering = ordering
        self._tag: Tag | None = None
        self.back = IconButton(theme, "arrow-left", "Back to all chats")
        self.back.setObjectName("allChats")
        self.back.clicked.connect(self.back_requested)
        self._icon = label()
        self._words = ElidedLabel()
        self._words.setObjectName("listed")
        self._words.setProperty("role", "strong")
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.edit = IconButton(theme, "pencil", "Edit tag")
        self.edit.setObjectName("editTag")
        self.edit.clicked.connect(lambda: self.edit_requested.emit(self._tag))
        self._row = QHBoxLayout(self)
        for widget in (self.back, self._icon):
            self._row.addWidget(widget)
        self._row.addWidget(self._words, 1)
        self._row.addWidget(self.edit)
        self.hide()
        theme.changed.connect(self._restyle)
        self._restyle()

    def tell(self, view: View, tag: Tag | None) -> None:
        """This is listed now; ``tag`` is the one of ``view``."""
        self._tag = tag
        self._words.setText(one_line(tag.name) if tag is not None else "Archive")
        self.edit.setVisible(tag is not None)
        self._restyle()
        self.setVisible(view.shelf is Shelf.ARCHIVE or tag is not None)

    def _restyle(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(2), 0, px(4), px(4))
        self._row.setSpacing(px(6))
        if self._tag is not None:
            self._icon.setPixmap(self._ordering.dot(self._tag).pixmap(px(16), px(16)))
        else:
            ratio = self.devicePixelRatioF()
            self._icon.setPixmap(pixmap("archive", self._theme.colors.dim, px(15), ratio))


class BulkBar(QFrame):
    """What can be done with the chats that are selected together."""

    def __init__(self, theme: Theme, view: ConversationList, ordering: Ordering) -> None:
        super().__init__()
        self.setObjectName("bulkBar")
        self.setProperty("surface", "bar")
        self._theme = theme
        self._view = view
        self._words = ElidedLabel()
        self._words.setObjectName("selected")
        self._words.setProperty("role", "dim")
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._words, 1)
        self._add("moveSelected", "folder-input", "Move to folder…", ordering.ask_where)
        tags = self._add("tagSelected", "tag", "Tags", None)
        menu = QMenu(tags)
        menu.aboutToShow.connect(lambda: ordering.fill_tags(menu, view.chosen))
        tags.setMenu(menu)
        tags.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        self._archive = self._add("archiveSelected", "archive", "Archive", self._toggle_archived)
        self._ordering = ordering
        self._add("deleteSelected", "trash-2", "Delete", ordering.delete)
        more = self._add("clearSelection", "x", "Select nothing", None)
        more.clicked.connect(view.clear_choice)
        view.selected.connect(self._selected)
        self.hide()
        theme.changed.connect(self._restyle)
        self._restyle()

    def _add(
        self, name: str, image: str, words: str, act: Callable[[Sequence[int]], None] | None
    ) -> IconButton:
        made = IconButton(self._theme, image, words, color="text")
        made.setObjectName(name)
        if act is not None:
            made.clicked.connect(lambda: act(self._view.chosen))
        self._row.addWidget(made)
        return made

    def _toggle_archived(self, chosen: Sequence[int]) -> None:
        self._ordering.archive(chosen, not self._ordering.is_in_archive)

    def _selected(self, count: int) -> None:
        if count and count != self._count:
            announce(self, f"{counted(count, 'chat')} selected")
        self._count = count
        self._words.setText(f"{count:,} selected")
        in_archive = self._ordering.is_in_archive
        words = "Take out of the archive" if in_archive else "Archive"
        self._archive.set_image("archive-restore" if in_archive else "archive")
        self._archive.setAccessibleName(words)
        self._archive.setToolTip(tool_tip(words))
        self.setVisible(count > 0)

    _count = 0

    def _restyle(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(10), px(2), px(2), px(2))
        self._row.setSpacing(0)
