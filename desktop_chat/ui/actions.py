"""Every command of the windows, once: its words, its shortcuts and what it calls.

A shortcut is written for Linux and Windows; Qt turns Ctrl into Command on macOS. ``mac`` replaces them there.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget


@dataclass(frozen=True, slots=True)
class Command:
    """``slot`` is the method of the window that is called; ``menu`` is empty for the top level."""

    id: str
    text: str
    shortcuts: tuple[str, ...]
    slot: str
    menu: str = ""
    mac: tuple[str, ...] | None = None
    checkable: bool = False
    role: QAction.MenuRole = QAction.MenuRole.NoRole

    @property
    def sequences(self) -> list[QKeySequence]:
        """The shortcuts on this platform, the one that is shown first."""
        texts = self.mac if self.mac is not None and sys.platform == "darwin" else self.shortcuts
        return [QKeySequence(text) for text in texts]


COMMANDS = (
    Command("new_chat", "New chat", ("Ctrl+N",), "new_chat", "Chat"),
    Command("search", "Search chats…", ("Ctrl+K",), "search_chats", "Chat"),
    Command("commands", "All commands…", ("Ctrl+Shift+P",), "show_commands", "View"),
    Command("open_in_window", "Open in a new window", ("Ctrl+Shift+N",), "open_in_window", "Chat"),
    Command("next_chat", "Next chat", ("Ctrl+Tab", "Ctrl+PgDown"), "next_chat", "Chat", ("Meta+Tab",)),
    Command(
        "previous_chat",
        "Previous chat",
        ("Ctrl+Shift+Tab", "Ctrl+PgUp"),
        "previous_chat",
        "Chat",
        ("Meta+Shift+Tab",),
    ),
    Command("rename_chat", "Rename chat", ("F2",), "rename_chat", "Chat"),
    Command("delete_chat", "Delete chat", (), "delete_chat", "Chat"),
    Command("pin_chat", "Pin chat", (), "pin_chat", "Chat"),
    Command("move_chat", "Move chat to folder…", (), "move_chat", "Chat"),
    Command("tag_chat", "Tag chat…", (), "tag_chat", "Chat"),
    Command("archive_chat", "Archive chat", (), "archive_chat", "Chat"),
    Command("new_folder", "New folder…", (), "new_folder", "Chat"),
    Command("archive", "Show the archive", (), "toggle_archive", "Chat"),
    Command("trash", "Trash…", (), "open_trash", "Chat"),
    Command("undo", "Undo last change", (), "undo_last", "Chat"),
    Command("branches", "Branches…", ("Ctrl+Shift+B",), "open_branches", "Chat"),
    Command("print", "Print…", ("Ctrl+P",), "print_chat", "Chat"),
    Command("export_pdf", "Export as PDF…", (), "export_pdf", "Chat"),
    Command("export", "Export…", ("Ctrl+Shift+E",), "export_chat", "Chat"),
    Command("export_all", "Export all chats…", (), "export_all_chats", "Chat"),
    Command("import", "Import chats…", (), "import_chats", "Chat"),
    Command("write", "Write a message", ("Ctrl+L",), "focus_composer", "Message"),
    Command("attach", "Attach files…", ("Ctrl+O",), "attach_files", "Message"),
    Command("choose_model", "Choose a model", ("Ctrl+M",), "choose_model", "Message", ("Ctrl+Shift+M",)),
    Command("find", "Find in chat…", ("Ctrl+F",), "find_in_chat", "Chat"),
    Command("find_next", "Find next", ("F3", "Ctrl+G"), "find_next", "Chat", ("Ctrl+G",)),
    Command(
        "find_previous",
        "Find previous",
        ("Shift+F3", "Ctrl+Shift+G"),
        "find_previous",
        "Chat",
        ("Ctrl+Shift+G",),
    ),
    Command("context", "Context…", ("Ctrl+Shift+I",), "open_context", "Message"),
    Command("stop", "Stop", ("Esc",), "stop", "Message"),
    Command("regenerate", "Regenerate answer", ("Ctrl+R",), "regenerate", "Message"),
    Command("insert_answer", "Insert as answer", ("Ctrl+Shift+Return",), "insert_answer", "Message"),
    Command("copy_answer", "Copy last answer", ("Ctrl+Shift+C",), "copy_answer", "Message"),
    Command("answer_details", "Answer details…", ("Ctrl+Shift+D",), "show_answer_details", "Message"),
    Command("sidebar", "Sidebar", ("Ctrl+B",), "toggle_sidebar", "View", checkable=True),
    Command("details", "Details", ("Ctrl+I",), "toggle_details", "View", checkable=True),
    Command("zoom_in", "Larger", ("Ctrl++", "Ctrl+="), "zoom_in", "View"),
    Command("zoom_out", "Smaller", ("Ctrl+-",), "zoom_out", "View"),
    Command("zoom_reset", "Normal size", ("Ctrl+0",), "zoom_reset", "View"),
    Command("backups", "Backups…", (), "open_backups"),
    Command("usage", "Usage and cost…", ("Ctrl+U",), "open_usage"),
    Command("log", "Log…", (), "open_log"),
    Command("lock", "Lock", ("Ctrl+Alt+L",), "lock"),
    Command("settings", "Settings…", ("Ctrl+,",), "open_settings", role=QAction.MenuRole.PreferencesRole),
    Command("about", "About Desktop Chat", (), "open_about", role=QAction.MenuRole.AboutRole),
    Command("close_window", "Close window", ("Ctrl+W",), "close_window"),
    Command("quit", "Quit", ("Ctrl+Q",), "quit", role=QAction.MenuRole.QuitRole),
)


def commands_of(window: QWidget) -> tuple[Command, ...]:
    """The commands that a window has a method for."""
    return tuple(command for command in COMMANDS if hasattr(window, command.slot))


class Actions(QObject):
    """The commands as actions of ``window``, by id in ``actions[...]``."""

    def __init__(self, window: QWidget, commands: Iterable[Command]) -> None:
        super().__init__(window)
        self.commands = tuple(commands)
        self._actions: dict[str, QAction] = {}
        self._sequences: set[str] = set()
        for command in self.commands:
            action = QAction(command.text, window)
            action.setObjectName(command.id)
            action.setShortcuts(command.sequences)
            action.setCheckable(command.checkable)
            action.setMenuRole(command.role)
            slot = getattr(window, command.slot)
            action.triggered.connect(lambda _checked=False, slot=slot: slot())
            window.addAction(action)
            self._actions[command.id] = action
            self._sequences.update(sequence.toString() for sequence in command.sequences)

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def fill(self, menu: QMenu | QMenuBar) -> None:
        """Add every command to ``menu``, those of a sub-menu in theirs.

        A menu bar holds menus alone: there the others go into the first one, where macOS finds them.
        """
        menus: dict[str, QMenu] = {}
        for name in dict.fromkeys(command.menu for command in self.commands if command.menu):
            menus[name] = menu.addMenu(name)
        rest = menu if isinstance(menu, QMenu) else next(iter(menus.values()))
        for command in self.commands:
            menus.get(command.menu, rest).addAction(self._actions[command.id])
        first = next(command for command in self.commands if not command.menu)
        rest.insertSeparator(self._actions[first.id])

    def keep_in(self, *widgets: QWidget) -> None:
        """Let the commands work while one of ``widgets`` has the focus.

        Qt's text widgets take keys such as Ctrl+K for editing of their own before a shortcut can see them.
        """
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier):
                sequence = QKeySequence(event.keyCombination()).toString()
                if sequence in self._sequences:
                    event.ignore()
                    return True
        return False
