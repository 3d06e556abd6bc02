"""Answers that are asked for when there is a network again, also after a restart."""

from collections.abc import Callable, Coroutine
from typing import Any

from desktop_chat.domain.message import Draft
from desktop_chat.outbox import Outbox
from desktop_chat.storage import Store

_KEY = "waiting/"
"""What stands before the id of the answer in the key of a draft, whose text is the id of the conversation."""


class Waiting:
    """``answers`` are the ids of those that wait, with the ids of their conversations."""

    def __init__(self, store: Callable[[], Coroutine[Any, Any, Store]], outbox: Outbox) -> None:
        self.answers: dict[str, str] = {}
        self._store = store
        self._outbox = outbox

    def take(self, drafts: dict[str, Draft]) -> None:
        """Take what waited when the program ended out of the drafts that were stored."""
        for key in [key for key in drafts if key.startswith(_KEY)]:
            self.answers[key.removeprefix(_KEY)] = drafts.pop(key).text

    def add(self, answer_id: str, conversation_id: str) -> None:
        """This answer waits from now on."""
        if answer_id not in self.answers:
            self.answers[answer_id] = conversation_id
            self._keep(answer_id, conversation_id)

    def remove(self, answer_id: str) -> None:
        """It is asked for, or is not wanted any more."""
        if self.answers.pop(answer_id, None) is not None:
            self._keep(answer_id, "")

    def _keep(self, answer_id: str, conversation_id: str) -> None:
        async def write() -> None:
            await (await self._store()).save_draft(_KEY + answer_id, conversation_id)

        self._outbox.post(write)
