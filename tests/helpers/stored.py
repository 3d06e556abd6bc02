"""What a store holds."""

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import View
from desktop_chat.storage import Store


async def conversations_of(store: Store, view: View | None = None) -> list[Conversation]:
    """The conversations of a view: without one, those in the list."""
    return await store.conversations((await store.listing(view or View())).seqs)
