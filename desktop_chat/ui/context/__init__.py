"""The context inspector: what of a chat goes into the next request, and what to do when it grows."""

from desktop_chat.ui.context.dialog import ContextDialog

__all__ = ["ContextDialog"]
