"""The list of conversations: pinned ones, folders, and the rest by days, over the database."""

from desktop_chat.domain.titles import UNTITLED
from desktop_chat.ui.conversation_list.model import ConversationModel, ItemRole
from desktop_chat.ui.conversation_list.view import ConversationList

__all__ = ["UNTITLED", "ConversationList", "ConversationModel", "ItemRole"]
