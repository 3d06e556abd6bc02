"""The log, and what of it helps to find a mistake."""

from desktop_chat.ui.log.window import LogWindow

__all__ = ["LogWindow"]
