"""Answers that are given again, from the database: to the very same request at temperature 0.

Only where the user wants it (``Settings.cache_answers``). The same request is one to the same server in the
same dialect with the same model, messages and parameters: all that makes its body. Only whole answers are
kept, and none that a tool had a hand in, since what it found may be different tomorrow.
"""

import hashlib
import json
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from desktop_chat.domain.attaching import sent_as_they_are
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.events import Delta, Finished, PartCame, ReplyEvent
from desktop_chat.domain.message import STREAMED, Message, PartKind, State
from desktop_chat.domain.request import Request
from desktop_chat.domain.usage import Timing
from desktop_chat.storage import CachedAnswer

__all__ = ["CachedAnswer", "events", "key", "may_keep"]


def key(endpoint: Endpoint, request: Request) -> str | None:
    """What tells a request from all others; None for one whose answer is not to be had twice."""
    if request.parameters.temperature != 0 or "temperature" in request.rejected:
        return None
    body = {
        "server": [endpoint.base_url, endpoint.api_version, endpoint.organization, endpoint.project],
        "more": [endpoint.headers, endpoint.query, endpoint.extra_body],
        "dialect": endpoint.dialect,
        "model": request.model,
        "messages": [[message.role, message.sent_text, _attached(message)] for message in request.messages],
        "parameters": asdict(request.parameters),
        "truncates": request.truncates,
    }
    # Lone surrogates are escaped, so that all texts can be encoded.
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _attached(message: Message) -> list[dict[str, Any]]:
    return [asdict(sent.data) | {"name": sent.part.name} for sent in sent_as_they_are([message])]


def may_keep(answer: Message) -> bool:
    """Whether ``answer`` may be given again."""
    kinds = {part.kind for part in answer.parts}
    return answer.state is State.COMPLETE and PartKind.TEXT in kinds and PartKind.TOOL_CALL not in kinds


async def events(kept: CachedAnswer) -> AsyncGenerator[ReplyEvent, None]:
    """What a reply would say that gives this answer at once."""
    for part in kept.parts:
        yield Delta(part.kind, part.text) if part.kind in STREAMED else PartCame(part)
    timing = Timing(None, 0.0)
    yield Finished(State.COMPLETE, kept.finish_reason, model=kept.model, timing=timing)
