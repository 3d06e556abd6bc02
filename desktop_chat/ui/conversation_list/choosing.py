"""Cards in which folders and tags are named, coloured and chosen."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from desktop_chat.domain.listing import COLORS, Folder, Tag
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.conversation_list.rows import children
from desktop_chat.ui.icons import icon
from desktop_chat.ui.safe import one_line, tool_tip
from desktop_chat.ui.table import set_row_height
from desktop_chat.ui.theme import Theme

WIDTH = 380
MAX_NAME = 100
ROWS = 7
"""Of the list of folders, seen at a time."""


class NameCard(Card):
    """Asks for a name; ``named`` carries it. It deletes itself when it closes."""

    named = Signal(str)

    def __init__(self, theme: Theme, host: QWidget, title: str, action: str, name: str = "") -> None:
        super().__init__(theme, host, WIDTH, modal=True)
        self.setObjectName("name")
        self.setAccessibleName(title)
        self.field = QLineEdit(name)
        self.field.setObjectName("nameField")
        self.field.setAccessibleName("Name")
        self.field.setPlaceholderText("Name")
        self.field.setMaxLength(MAX_NAME)
        self._act = button(action, primary=True)
        self._act.clicked.connect(self.accept)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)
        self.body.setSpacing(theme.px(14))
        self.body.addWidget(words(theme, title, size=16, bold=True))
        self.body.addWidget(self.field)
        self._middle = QHBoxLayout()
        self.body.addLayout(self._middle)
        self._last = row(theme, None, cancel, self._act)
        self.body.addLayout(self._last)
        self.starts_at = self.field
        self.field.textChanged.connect(self._changed)
        self.field.selectAll()
        self._changed()
        self.finished.connect(self.deleteLater)

    def accept(self) -> None:
        if name := one_line(self.field.text()):
            super().accept()
            self.named.emit(name)

    def _changed(self) -> None:
        self._act.setEnabled(bool(one_line(self.field.text())))


class TagCard(NameCard):
    """A tag's name and colour. ``saved`` carries it; ``removed`` that the user wants it no more."""

    saved = Signal(object)
    removed = Signal()

    def __init__(self, theme: Theme, host: QWidget, tag: Tag, taken: Sequence[str], *, is_new: bool) -> None:
        """``taken`` are the names of other tags."""
        self._taken = {name.casefold() for name in taken}
        self._note = words(theme, size=12.5, color="error")
        super().__init__(
            theme, host, "New tag" if is_new else "Tag", "Create" if is_new else "Save", tag.name
        )
        self.setObjectName("tag")
        self._tag = tag
        self._colors = QButtonGroup(self)
        self._middle.setSpacing(theme.px(4))
        for color in COLORS:
            swatch = Swatch(theme, color)
            swatch.setChecked(color == tag.color)
            self._colors.addButton(swatch)
            self._middle.addWidget(swatch)
        self._middle.addStretch(1)
        self._note.setObjectName("tagNote")
        self.body.insertWidget(2, self._note)
        if not is_new:
            remove = button("Delete tag")
            remove.setObjectName("deleteTag")
            remove.clicked.connect(self._remove)
            self._last.insertWidget(0, remove)
        self.named.connect(self._named)

    def _changed(self) -> None:
        super()._changed()
        is_taken = one_line(self.field.text()).casefold() in self._taken
        self._note.setText("Another tag has this name." if is_taken else "")
        self._note.setVisible(is_taken)
        if is_taken:
            self._act.setEnabled(False)

    def accept(self) -> None:
        if self._act.isEnabled():
            super().accept()

    def _named(self, name: str) -> None:
        chosen = self._colors.checkedButton()
        color = chosen.color if isinstance(chosen, Swatch) else self._tag.color
        self.saved.emit(replace(self._tag, name=name, color=color))

    def _remove(self) -> None:
        self.reject()
        self.removed.emit()


class Swatch(QAbstractButton):
    """One colour of a few: a disc, with a ring around the one that is chosen."""

    def __init__(self, theme: Theme, color: str) -> None:
        super().__init__()
        self._theme = theme
        self.color = color
        self.setCheckable(True)
        self.setAccessibleName(color.capitalize())
        self.setToolTip(tool_tip(color.capitalize()))
        self.setFixedSize(QSize(theme.px(32), theme.px(32)))

    def paintEvent(self, event: QPaintEvent) -> None:
        px, colors = self._theme.px, self._theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(self.width() / 2, self.height() / 2)
        if self.hasFocus():
            painter.setPen(QPen(colors.accent, 2))
            painter.drawRoundedRect(self.rect().toRectF().adjusted(1, 1, -1, -1), px(8), px(8))
        if self.isChecked():
            painter.setPen(QPen(colors.text, 2))
            painter.drawEllipse(middle, px(11), px(11))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tag_color(self.color))
        painter.drawEllipse(middle, px(7.5), px(7.5))


class FolderCard(Card):
    """Lets the user choose a folder: typing filters, the arrow keys move, Enter takes it.

    ``chosen`` carries its id, None for no folder; ``wanted`` the name of a new one. It deletes itself when it
    closes.
    """

    chosen = Signal(object)
    wanted = Signal(str)

    def __init__(
        self, theme: Theme, host: QWidget, title: str, folders: Sequence[Folder], excluded: Sequence[str] = ()
    ) -> None:
        """``excluded`` are the ids of folders that are not offered, nor what is in them."""
        super().__init__(theme, host, WIDTH, modal=True)
        self.setObjectName("chooseFolder")
        self.setAccessibleName(title)
        self.field = QLineEdit()
        self.field.setObjectName("folderFilter")
        self.field.setAccessibleName("Filter folders, or name a new one")
        self.field.setPlaceholderText("Filter, or name a new folder")
        self.field.setMaxLength(MAX_NAME)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setObjectName("folders")
        self.list.setAccessibleName("Folders")
        self.list.setUniformItemSizes(True)
        color = theme.colors.dim
        below = children(folders)

        def add(parent: str | None, path: str) -> None:
            for folder in below.get(parent, ()):
                if folder.id not in excluded:
                    whole = f"{path}{one_line(folder.name)}"
                    item = QListWidgetItem(icon("folder", color), whole, self.list)
                    item.setData(Qt.ItemDataRole.UserRole, folder.id)
                    add(folder.id, f"{whole} / ")

        self.list.addItem("No folder")
        add(None, "")
        height = theme.px(32)
        set_row_height(self.list, height)
        self.list.setFixedHeight(height * min(self.list.count(), ROWS) + theme.px(4))
        self.list.setCurrentRow(0)
        self.list.itemActivated.connect(self.accept)
        self.list.itemClicked.connect(self.accept)
        self._make = button("New folder")
        self._make.setObjectName("createFolder")
        self._make.clicked.connect(self._create)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)
        self._act = button("Move", primary=True)
        self._act.clicked.connect(self.accept)
        self.body.setSpacing(theme.px(12))
        self.body.addWidget(words(theme, title, size=16, bold=True))
        self.body.addWidget(self.field)
        self.body.addWidget(self.list)
        self.body.addLayout(row(theme, self._make, None, cancel, self._act))
        self.starts_at = self.field
        self.field.textChanged.connect(self._filter)
        self._filter()
        self.finished.connect(self.deleteLater)

    def accept(self) -> None:
        item = self.list.currentItem()
        if item is None or item.isHidden():
            if one_line(self.field.text()):
                self._create()
            return
        super().accept()
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrow keys of the field move in the list."""
        if (
            watched is self.field
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        ):
            self._move(1 if event.key() == Qt.Key.Key_Down else -1)
            return True
        return super().eventFilter(watched, event)

    def _move(self, step: int) -> None:
        shown = [place for place in range(self.list.count()) if not self.list.item(place).isHidden()]
        if shown:
            at = shown.index(self.list.currentRow()) if self.list.currentRow() in shown else -1
            self.list.setCurrentRow(shown[max(0, min(at + step, len(shown) - 1))])

    def _filter(self) -> None:
        wanted = self.field.text().casefold().split()
        first = -1
        for place in range(self.list.count()):
            item = self.list.item(place)
            fits = all(word in item.text().casefold() for word in wanted)
            item.setHidden(not fits)
            if fits and first < 0:
                first = place
        self.list.setCurrentRow(first)
        self._make.setEnabled(bool(one_line(self.field.text())))
        self._act.setText("Create" if first < 0 else "Move")

    def _create(self) -> None:
        if name := one_line(self.field.text()):
            super().accept()
            self.wanted.emit(name)
