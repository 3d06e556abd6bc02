"""The usage window: what was asked of models, when, how fast, and what it cost."""

from desktop_chat.ui.usage.window import UsageCard

__all__ = ["UsageCard"]
