"""Versions of messages: the map of their branches, what differs between two, forks."""

from desktop_chat.ui.versions.branching import Branching

__all__ = ["Branching"]
