"""What goes along with a request, looked at before it leaves: secrets, and attachments that are not taken.

A message is asked about once. What was there when the chat was opened, was sent before or let go by the user,
is not looked at for secrets again; attachments that the user let go are not objected to again for that model.
"""

import asyncio
from collections.abc import Iterable, Sequence

from desktop_chat.domain import attaching
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.holds import LooksSecret, NotTaken
from desktop_chat.domain.message import Message, PartKind, Role
from desktop_chat.domain.request import Request
from desktop_chat.services import Services


class Inspection:
    """The requests of one conversation."""

    def __init__(self, known: Iterable[Message], services: Services) -> None:
        """``known`` are the messages that the conversation has so far."""
        self._services = services
        self._seen = {message.id for message in known}
        self._let_go: set[tuple[str, str, NotTaken]] = set()

    async def secrets(self, messages: Sequence[Message], *, waive: bool) -> LooksSecret | None:
        """What looks secret in what the user wrote or attached; with ``waive`` it is let go."""
        new = [
            message
            for message in messages
            # What a model wrote is no secret of the user's.
            if message.id not in self._seen and (message.role is Role.USER or message.model is None)
        ]
        found: list[tuple[str, str]] = []
        if new and not waive and self._services.settings.scan_secrets:
            texts = [text for message in new for text in _texts(message)]
            found = await asyncio.to_thread(_find, texts)
        if found:
            return LooksSecret(tuple(found))
        self._seen.update(message.id for message in new)
        return None

    def not_taken(self, endpoint: Endpoint, request: Request, *, waive: bool) -> NotTaken | None:
        """Why the attachments would hardly be taken; with ``waive`` they are let go, now and later."""
        model = request.model
        known = self._services.known_model(endpoint, model)
        abilities = known.abilities if known else None
        found = attaching.objection(endpoint, model, abilities, request.messages, request.rejected)
        if found is None or (endpoint.id, model, found) in self._let_go:
            return None
        if waive:
            self._let_go.add((endpoint.id, model, found))
            return None
        return found

    async def contents(self, messages: Sequence[Message]) -> dict[str, str]:
        """The attachments of ``messages`` in base64, by hash. Raises ``AttachmentMissing``."""
        return {hash: await self._services.attachments.base64(hash) for hash in attaching.hashes_of(messages)}


def _texts(message: Message) -> list[str]:
    """What a message says, and what was read of its files, whichever way they go."""
    return [message.text, *(part.text for part in message.parts if part.kind is PartKind.FILE)]


def _find(texts: list[str]) -> list[tuple[str, str]]:
    # Its patterns take some milliseconds to compile, which the start of the program does not wait for.
    from desktop_chat.domain import secrecy

    found = dict.fromkeys(found for text in texts for found in secrecy.find(text))
    return list(found)[: secrecy.MOST]
