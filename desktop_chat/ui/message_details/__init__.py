"""What is known of one message: what it took, and what went over the wire for it."""

from desktop_chat.ui.message_details.window import MessageDetails

__all__ = ["MessageDetails"]
