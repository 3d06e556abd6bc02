"""The settings: one file a page, with the same two verbs on each."""

from desktop_chat.ui.preferences.dialog import SettingsDialog

__all__ = ["SettingsDialog"]
