"""The palette: a search of all chats as one types, and every command by its name."""

from desktop_chat.ui.palette.palette import Palette

__all__ = ["Palette"]
