"""JSON to look at: as a tree and as text, with find and copy."""

from desktop_chat.ui.json_view.view import JsonView
from desktop_chat.ui.json_view.window import JsonWindow, show_json

__all__ = ["JsonView", "JsonWindow", "show_json"]
