"""What a screen reader finds in the transcript: a list of messages, and in them their links and buttons.

PySide asks for an interface's address in ``interface_cast``: a Python object or None there is a crash as soon
as a screen reader asks, so it is ``VoidPtr``, of the address or of 0.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import shiboken6
from PySide6.QtCore import QObject, QPoint, QRect, QTimer
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget

from desktop_chat.ui.addresses import shown
from desktop_chat.ui.links import open_link
from desktop_chat.ui.transcript.accessible_text import MessageText
from desktop_chat.ui.transcript.code_block import CodeBlock
from desktop_chat.ui.transcript.code_header import CODE_ACTIONS, code_buttons
from desktop_chat.ui.transcript.code_names import shown_language
from desktop_chat.ui.transcript.leaves import LINE_BREAK
from desktop_chat.ui.transcript.link_places import Link, links
from desktop_chat.ui.transcript.readings import Readings
from desktop_chat.ui.transcript.row import Action, Button, Row
from desktop_chat.ui.transcript.row_actions import FOLDED
from desktop_chat.ui.transcript.row_extras import Item as Extra

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

MAX_LINKS = 200
"""Links of one message that are objects of their own."""
NAMES = {
    Action.COPY_CODE: "Copy code",
    Action.SAVE_CODE: "Save code…",
    Action.WRAP_CODE: "Wrap lines of code",
    Action.PREVIOUS: "Previous version",
    Action.NEXT: "Next version",
    Action.DETAILS: "Details…",
}
"""What buttons are called that say less where they stand."""


class Key(NamedTuple):
    """Which part of a message an object stands for; it stays the same while text streams in."""

    kind: str
    number: int = 0
    part: int = 1


class Actions(QAccessibleActionInterface):
    """What can be done with an object."""

    def __init__(self, actions: dict[str, Callable[[], None]]) -> None:
        super().__init__()
        self._actions = actions

    def actionNames(self) -> list[str]:
        return list(self._actions)

    def doAction(self, name: str) -> None:
        if name in self._actions:
            # What is done may end the object that is asked here.
            QTimer.singleShot(0, self._actions[name])

    def keyBindingsForAction(self, name: str) -> list[str]:
        return []

    def localizedActionName(self, name: str) -> str:
        return name

    def localizedActionDescription(self, name: str) -> str:
        return ""


class Item(QAccessibleInterface):
    """An object of a message, without a widget of its own."""

    def __init__(self, view: "Transcript", readings: Readings, message_id: str) -> None:
        super().__init__()
        self._view, self._readings, self.message_id = view, readings, message_id
        self._casts: dict[QAccessible.InterfaceType, tuple[Any, Any]] = {}
        self._nothing = shiboken6.VoidPtr(0)

    def offer(self, kind: QAccessible.InterfaceType, interface: Any) -> None:
        """Answer with ``interface`` when that kind is asked for."""
        self._casts[kind] = interface, shiboken6.VoidPtr(shiboken6.getCppPointer(interface)[0])

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        return self._casts[kind][1] if kind in self._casts else self._nothing

    @property
    def index(self) -> int:
        """The place of the message, -1 where it is not shown any more."""
        return self._view.rows.index.get(self.message_id, -1) if shiboken6.isValid(self._view) else -1

    def row(self) -> Row | None:
        return self._readings.row(self.message_id) if self.index >= 0 else None

    def isValid(self) -> bool:
        return self.index >= 0

    def object(self) -> QObject | None:  # type: ignore[override]
        return None

    def window(self) -> Any:
        return self._view.window().windowHandle()

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Messages are not edited here."""

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def common_state(self) -> QAccessible.State:
        state = QAccessible.State()
        index = self.index
        state.readOnly = state.focusable = True
        state.invisible = index < 0
        state.offscreen = index not in dict(self._view.rows.visible)
        return state


class MessageItem(Item):
    """One message as a list item; its links and buttons are below it."""

    def __init__(self, view: "Transcript", readings: Readings, message_id: str) -> None:
        super().__init__(view, readings, message_id)
        self.text_interface = MessageText(view, readings, message_id)
        self.offer(QAccessible.InterfaceType.TextInterface, self.text_interface)
        actions = {
            QAccessibleActionInterface.setFocusAction(): self._focus,
            QAccessibleActionInterface.showMenuAction(): self._menu,
        }
        self.offer(QAccessible.InterfaceType.ActionInterface, Actions(actions))
        self._parts: dict[Key, PartItem] = {}

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        state = self.common_state()
        state.multiLine = state.selectableText = True
        state.focused = 0 <= self.index == self._view.current and self._view.hasFocus()
        return state

    def text(self, kind: QAccessible.Text) -> str:
        if kind == QAccessible.Text.Name:
            return self._view.speaker(self.index) if self.index >= 0 else ""
        row = self.row()
        if row is None:
            return ""
        if kind == QAccessible.Text.Value:
            return self.text_interface.whole()
        return row.told if kind == QAccessible.Text.Description else ""

    def rect(self) -> QRect:
        return QRect() if self.index < 0 else self._view.row_rect_on_screen(self.index)

    def parent(self) -> QAccessibleInterface:
        return QAccessible.queryAccessibleInterface(self._view)

    def found(self) -> dict[Key, Button | Link | Extra]:
        """The links, buttons and sources of the message, in reading order."""
        row = self.row()
        if row is None:
            return {}
        found: dict[Key, Button | Link | Extra] = {}
        for part, flow, _x, _y in row.flows():
            for number, link in enumerate(links(flow)[:MAX_LINKS]):
                found[Key("link", number, part)] = link
            for block in flow.code_blocks():
                for code in code_buttons(row, part, block):
                    found[Key(code.action.name, block, part)] = code
        for number, item in enumerate(row.things.items):
            if item.url:
                found[Key("source", number)] = item
        for button in row.buttons():
            found[Key(f"{button.action.name} {button.key}".strip())] = button
        return found

    def part_keys(self) -> list[Key]:
        row = self.row()
        shows_thought = row is not None and row.unfolded and row.thought is not None
        return [*([Key("thought", part=0)] if shows_thought else []), *self.found()]

    def childCount(self) -> int:
        return len(self.part_keys())

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        keys = self.part_keys()
        if not 0 <= index < len(keys):
            return None
        key = keys[index]
        if key not in self._parts:
            part = self._parts[key] = PartItem(self._view, self._readings, self, key)
            QAccessible.registerAccessibleInterface(part)
        return self._parts[key]

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        keys = self.part_keys()
        return keys.index(child.key) if isinstance(child, PartItem) and child.key in keys else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        for number in range(self.childCount()):
            child = self.child(number)
            if child is not None and child.rect().contains(x, y):
                return child
        return None

    def forget(self) -> None:
        """Have Qt delete what it was given: it belongs to no widget, with which Qt would."""
        for part in self._parts.values():
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(part))
        self._parts.clear()
        QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(self))

    def _focus(self) -> None:
        if self.isValid():
            self._view.setFocus()
            self._view.set_current(self.index)

    def _menu(self) -> None:
        if self.isValid():
            self._view.set_current(self.index)
            self._view.menu_of_current()


class PartItem(Item):
    """A link, a source, a button or the reasoning of a message."""

    def __init__(self, view: "Transcript", readings: Readings, item: MessageItem, key: Key) -> None:
        super().__init__(view, readings, item.message_id)
        self._item, self.key = item, key
        if key.kind == "thought":
            self.thought = MessageText(view, readings, item.message_id, 0)
            self.offer(QAccessible.InterfaceType.TextInterface, self.thought)
        else:
            actions = {QAccessibleActionInterface.pressAction(): self._press}
            self.offer(QAccessible.InterfaceType.ActionInterface, Actions(actions))

    def _found(self) -> Button | Link | Extra | None:
        return self._item.found().get(self.key)

    def isValid(self) -> bool:
        return super().isValid() and self.key in self._item.part_keys()

    def role(self) -> QAccessible.Role:
        if self.key.kind == "thought":
            return QAccessible.Role.Paragraph
        links = ("link", "source")
        return QAccessible.Role.Link if self.key.kind in links else QAccessible.Role.Button

    def state(self) -> QAccessible.State:
        state = self.common_state()
        row, found = self.row(), self._found()
        state.linked = self.role() == QAccessible.Role.Link
        if row is not None and isinstance(found, Button):
            state.disabled = not found.enabled
            block = _code_of(row, found)
            is_open = _is_open(row, found)
            if is_open is not None:
                state.expandable = True
                state.expanded, state.collapsed = is_open, not is_open
            if found.action is Action.WRAP_CODE and block is not None:
                state.checkable, state.checked = True, block.strip.is_wrapped
        return state

    def text(self, kind: QAccessible.Text) -> str:
        row, found = self.row(), self._found()
        name = kind == QAccessible.Text.Name
        if row is None or kind not in (QAccessible.Text.Name, QAccessible.Text.Description):
            return ""
        if self.key.kind == "thought":
            return row.thought_label if name else ""
        if isinstance(found, Link):
            return found.text if name else shown(found.url)
        if isinstance(found, Extra):
            return found.label if name else shown(found.url)
        if isinstance(found, Button):
            return _name(row, found) if name else _description(row, found)
        return ""

    def rect(self) -> QRect:
        row, found, view = self.row(), self._found(), self._view
        y = dict(view.rows.visible).get(self.index)
        if row is None or y is None:
            return QRect()
        if isinstance(found, Link):
            flow = row.flow(self.key.part)
            text = MessageText(view, self._readings, self.message_id, self.key.part)
            start = flow.offset_of(found.block, found.start) if flow is not None else 0
            return text.rect(start, start + found.end - found.start)
        if found is not None:
            corner = (row.body_left, row.things_top) if isinstance(found, Extra) else (0, 0)
            box = found.box.translated(*corner).translated(view.column_left, y).toAlignedRect()
            return box.translated(view.viewport().mapToGlobal(QPoint(0, 0)))
        return view.row_rect_on_screen(self.index)

    def parent(self) -> QAccessibleInterface:
        return self._item

    def _press(self) -> None:
        found = self._found()
        if isinstance(found, Link):
            open_link(found.url, self._view, found.text)
        elif isinstance(found, Extra):
            open_link(found.url, self._view, found.label)
        elif isinstance(found, Button) and found.enabled:
            self._readings.hand_over(self.message_id)
            self._view.trigger(self.index, found.action, found)


def _code_of(row: Row, button: Button) -> CodeBlock | None:
    """The code block that a button is for."""
    flow = row.flow(button.part) if button.action in CODE_ACTIONS else None
    block = flow.blocks[button.index] if flow is not None and button.index < len(flow.blocks) else None
    return block if isinstance(block, CodeBlock) else None


def _is_open(row: Row, button: Button) -> bool | None:
    """Whether what a button folds and unfolds is open; None where it does no such thing."""
    if button.action is Action.FOLD:
        return row.unfolded
    if button.action is Action.TOGGLE:
        return not row.is_folded if button.key == FOLDED else button.key in row.marks
    block = _code_of(row, button)
    return not block.strip.folded if button.action is Action.FOLD_CODE and block is not None else None


def _name(row: Row, button: Button) -> str:
    if button.action is Action.FOLD_CODE and _is_open(row, button):
        return "Fold code"
    return NAMES.get(button.action) or button.label or button.action.name.replace("_", " ").capitalize()


def _description(row: Row, button: Button) -> str:
    """Which code a button is for, what a tool was asked and answered, which version is shown."""
    block = _code_of(row, button)
    if block is not None:
        language, lines = shown_language(block.leaf.language), block.strip.lines
        return ", ".join(word for word in (language, f"{lines:,} lines" if lines > 1 else "") if word)
    if button.action in (Action.PREVIOUS, Action.NEXT):
        return row.version_label
    step = next((item for item in row.steps.items if item.mark and item.mark == button.key), None)
    if step is None:
        return ""
    said = [step.detail, step.aside, *(text.inline.text for text, _x, _y in step.texts)]
    return "\n".join(words.replace(LINE_BREAK, "\n") for words in said if words)


class TranscriptList(QAccessibleWidget):
    """The transcript as a list. Items are made when they are asked for."""

    def __init__(self, view: "Transcript") -> None:
        super().__init__(view, QAccessible.Role.List, "Transcript")
        self._view = view
        self._readings = Readings(view)
        self._items: dict[str, MessageItem] = {}
        self.growing = ""
        """The message that is being written."""
        self.grown = ""
        """What screen readers were told of its text."""

    def childCount(self) -> int:
        return len(self._view.rows.messages)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        messages = self._view.rows.messages
        if not 0 <= index < len(messages):
            return None
        return self.item(messages[index].id)

    def item(self, message_id: str) -> MessageItem:
        item = self._items.get(message_id)
        if item is None:
            item = self._items[message_id] = MessageItem(self._view, self._readings, message_id)
            QAccessible.registerAccessibleInterface(item)
        return item

    def forget_items(self) -> None:
        """Have Qt delete the items. They belong to no widget, with which it would."""
        for item in self._items.values():
            item.forget()
        self._items.clear()

    def forget_others(self) -> None:
        """The same for those of messages that are not shown any more."""
        for message_id in [one for one in self._items if one not in self._view.rows.index]:
            self._items.pop(message_id).forget()

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        if isinstance(child, MessageItem):
            return self._view.rows.index.get(child.message_id, -1)
        return -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        point = self._view.viewport().mapFromGlobal(QPoint(x, y))
        index = self._view.row_index_at(point.y())
        return None if index is None else self.child(index)

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]
        return self.child(self._view.current) if self._view.hasFocus() else None
