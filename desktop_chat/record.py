"""What of a conversation is in the database: messages are added to it, changes saved."""

import time
from collections.abc import Sequence
from dataclasses import replace

from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.message import Message
from desktop_chat.domain.titles import title_from_words
from desktop_chat.services import Services


class Record:
    """One conversation, its tree, and their place in the database."""

    def __init__(self, conversation: Conversation, tree: Tree, services: Services) -> None:
        self.conversation = conversation
        self.tree = tree
        self.is_stored = bool(len(tree))
        self._services = services

    async def add(self, messages: Sequence[Message], *, draft: str | None = None) -> None:
        """Store messages, parents before children, and the conversation with its first; once ``draft``.

        The last of them becomes the active leaf. Raises ``StorageError``: then nothing was added.
        """
        conversation, last = self.conversation, messages[-1]
        if not self.is_stored:
            conversation.title = title_from_words(_words(messages[0]))
        endpoint = self._services.endpoint(conversation)
        if conversation.endpoint_id is None and endpoint is not None:
            # From here on a new default does not move this conversation to another server.
            conversation.model = self._services.model(conversation)
            conversation.endpoint_id = endpoint.id
        conversation.active_leaf, previous_leaf = last.id, conversation.active_leaf
        conversation.used_at = time.time()
        conversation.created_at = conversation.created_at or conversation.used_at
        is_saved = False
        try:
            store = await self._services.store()
            conversation.order = await store.begin_turn(conversation, messages, draft=draft)
            is_saved = True
        finally:
            if not is_saved:
                conversation.active_leaf = previous_leaf
        self.is_stored = True
        for message in messages:
            self.tree.add(message)

    async def add_versions(self, messages: Sequence[Message]) -> None:
        """Store other versions of the active leaf, however long the disk refuses them; it stays active."""
        leaf, written = self.tree.active_leaf, replace(self.conversation)
        store = await self._services.store()
        await self._services.outbox.write(lambda: store.begin_turn(written, messages))
        for message in messages:
            self.tree.add(message)
        self.tree.active_leaf = leaf
        self.save()

    async def reread(self, leaf: str | None) -> bool:
        """Take over what is stored now, and show the path to ``leaf`` where that is a message of it, else as
        much as is left of the one that is shown. Whether anything changed. Raises ``StorageError``."""
        stored = await (await self._services.store()).tree(self.conversation.id)
        shown = self.tree.active_leaf
        if not self.tree.adopt(stored):
            return False
        if leaf is not None and leaf in self.tree:
            self.tree.active_leaf = leaf
        if self.tree.active_leaf != shown:
            self.conversation.active_leaf = self.tree.active_leaf
            self.save()
        return True

    def show(self, leaf: str) -> None:
        """Make ``leaf`` the active one."""
        self.tree.active_leaf = self.conversation.active_leaf = leaf
        self.save()

    def save(self) -> None:
        """Store what changed of the conversation, soon; nothing before its first message."""
        if self.is_stored:
            conversation = replace(self.conversation)
            self._services.outbox.post(lambda: self._write(conversation))

    async def _write(self, conversation: Conversation) -> None:
        await (await self._services.store()).update_conversation(conversation)


def _words(message: Message) -> str:
    """What a message is about: its text, else the names of its attachments."""
    return message.text or ", ".join(part.name for part in message.attachments if part.name)
