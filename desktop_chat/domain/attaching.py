"""What attachments a request may carry: the published limits, and what an endpoint or a model will not take.

The limits are those of OpenAI's guides "File inputs" (each file below 50 MB, and all of a request together)
and "Images and vision" (20 MB an image, as of its edition of 2025), in megabytes of a million bytes. Servers
of others may take more or less; so the user is asked, and decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.holds import NotTaken
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, is_sent_as_text
from desktop_chat.domain.model import Ability

MAX_FILE = 50_000_000
"""Bytes of one file."""
MAX_REQUEST = 50_000_000
"""Bytes of all files and images of a request."""
MAX_IMAGE = 20_000_000
"""Bytes of one image."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """An attachment that goes as it is."""

    part: Part
    data: Attachment

    @property
    def name(self) -> str:
        return self.part.name or ("An image" if self.part.kind is PartKind.IMAGE else "A file")


def sent_as_they_are(messages: Sequence[Message]) -> Iterator[_Sent]:
    """The attachments of a request with ``messages``, without the files that go as text.

    Only what the user attached is sent; a picture that the model made is not.
    """
    for message in messages:
        if message.role is Role.USER:
            for part in message.parts:
                if isinstance(part.data, Attachment) and not is_sent_as_text(part):
                    yield _Sent(part, part.data)


def hashes_of(messages: Sequence[Message]) -> list[str]:
    """The contents that a request with ``messages`` needs, each once."""
    return list(dict.fromkeys(sent.data.hash for sent in sent_as_they_are(messages) if sent.data.hash))


def objection(
    endpoint: Endpoint,
    model: str,
    abilities: frozenset[Ability] | None,
    messages: Sequence[Message],
    rejected: frozenset[str] = frozenset(),
) -> NotTaken | None:
    """Why a request with ``messages`` would hardly be taken; None where nothing speaks against it.

    ``abilities`` are the model's, None where they are not known. ``rejected`` is what it said that it does
    not take: earlier images are then left out, but not those that are asked about.
    """
    sent = list(sent_as_they_are(messages))
    refused: dict[str, list[_Sent]] = {}
    for kind, ability, takes, words in (
        (PartKind.IMAGE, Ability.IMAGES, endpoint.takes_images, "images"),
        (PartKind.FILE, Ability.FILES, endpoint.takes_files, "files"),
    ):
        found = [one for one in sent if one.part.kind is kind]
        if found and not takes:
            refused[f"{endpoint.name} takes no {words}."] = found
        elif found and abilities is not None and ability not in abilities:
            refused[f"{model} takes no {words}."] = found
    asked = [one for one in sent_as_they_are(messages[-1:]) if one.part.kind is PartKind.IMAGE]
    if asked and "images" in rejected:
        refused.setdefault(f"{model} takes no images.", asked)
    for one in sent:
        limit = MAX_IMAGE if one.part.kind is PartKind.IMAGE else MAX_FILE
        if one.data.size > limit:
            refused[f"{one.name} is larger than {limit // 1_000_000} MB."] = [one]
    if sum(one.data.size for one in sent) > MAX_REQUEST:
        refused[f"All attachments together are larger than {MAX_REQUEST // 1_000_000} MB."] = sent
    if not refused:
        return None
    parts = [one.part for found in refused.values() for one in found]
    return NotTaken(tuple(refused), all(part.kind is PartKind.FILE and part.text for part in parts))


def sent_as_text(parts: Sequence[Part]) -> list[Part]:
    """``parts``, in which each file that was read is sent as its text."""
    return [
        replace(part, data=replace(part.data, as_text=True))
        if part.kind is PartKind.FILE and part.text and isinstance(part.data, Attachment)
        else part
        for part in parts
    ]
