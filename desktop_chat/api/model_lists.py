"""Asks an endpoint for its models: every page of its list, and what some servers only tell elsewhere.

Nothing is asked of another server than the endpoint's own, whatever addresses a list names.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from desktop_chat.api import models, wire
from desktop_chat.api.retry import Failed
from desktop_chat.domain.endpoint import EndpointKind
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.model import Model

if TYPE_CHECKING:
    from desktop_chat.api.client import Client

PATH = "/models"
_MOST_PAGES = 20
_PATIENCE = 5.0
"""Seconds for what is good to know, and no reason to wait."""
_MOST_SHOWN = 50
"""Models of an Ollama server that are asked for one by one, a few at a time."""
_AT_ONCE = 4

_LITELLM_CREATED = 1677610602
"""When each model of a LiteLLM proxy was created, as it says (``litellm.constants``)."""

Entries = list[Mapping[str, Any]]
_Fields = dict[str, dict[str, Any]]
"""What else is known of models, by id."""


async def ask(client: "Client", limits: Limits) -> list[Model]:
    """The models that the endpoint lists, by id. Raises ``Failed``."""
    entries = await _pages(client, limits)
    kind = client.endpoint.kind
    if kind is EndpointKind.COMPATIBLE:
        patience = replace(
            limits, connect=min(limits.connect, _PATIENCE), first_event=min(limits.first_event, _PATIENCE)
        )
        more = await _details(client, entries, patience)
        entries = [{**more.get(models.id_of(entry) or "", {}), **entry} for entry in entries]
    return models.read(entries, are_openais=kind in (EndpointKind.OPENAI, EndpointKind.AZURE))


async def _pages(client: "Client", limits: Limits) -> Entries:
    found: Entries = []
    seen: set[str | None] = set()
    query: Mapping[str, str] = {}
    for _ in range(_MOST_PAGES):
        document = await client.get(PATH, limits, query=query)
        page = [entry for entry in models.entries_of(document) if models.id_of(entry) not in seen]
        found += page
        seen |= {models.id_of(entry) for entry in page}
        query = _next(document, page)
        if not query or len(found) >= models.MOST:
            break
    return found


def _next(document: object, page: Entries) -> Mapping[str, str]:
    """The query of the page that follows, empty where there is none.

    ``has_more`` with ``after`` (OpenAI's lists) or ``after_id`` (Anthropic's), ``links.next`` (OpenRouter),
    ``nextPageToken`` (Gemini).
    """
    if not isinstance(document, dict) or not page:
        return {}
    links = document.get("links")
    following = links.get("next") if isinstance(links, dict) else document.get("next")
    if isinstance(following, str):
        try:
            return dict(parse_qsl(urlsplit(following).query))
        except ValueError:
            return {}
    if isinstance(token := document.get("nextPageToken"), str) and token:
        return {"pageToken": token}
    if document.get("has_more") is not True:
        return {}
    last = document.get("last_id") or page[-1].get("id")
    is_anthropics = page[-1].get("type") == "model"
    return {"after_id" if is_anthropics else "after": last} if isinstance(last, str) else {}


async def _details(client: "Client", entries: Entries, limits: Limits) -> _Fields:
    """What servers that are known by their lists tell of the models elsewhere, none where they do not."""
    base = client.endpoint.base_url.rstrip("/")
    root = base.removesuffix("/v1")
    owners = [entry.get("owned_by") for entry in entries]
    try:
        if "library" in owners:
            return await _of_ollama(client, f"{root}/api/show", entries, limits)
        if "organization_owner" in owners:
            return _by_id(await client.get(f"{root}/api/v0/models", limits))
        if "google" in owners and base.endswith("/openai"):
            # The key goes where it goes anyway; only the name of its header is another.
            headers = {"x-goog-api-key": client.key} if client.key else {}
            address = f"{base.removesuffix('/openai')}/models"
            return _by_id(await client.get(address, limits, query={"pageSize": "1000"}, headers=headers))
        if entries and all(entry.get("created") == _LITELLM_CREATED for entry in entries):
            return _by_id(await client.get("/model/info", limits), "model_name")
    except Failed:
        return {}
    return {}


def _by_id(document: object, name: str | None = None) -> _Fields:
    return {
        found: {key: value for key, value in entry.items() if key not in ("id", "name")}
        for entry in models.entries_of(document)
        if isinstance(found := entry.get(name) if name else models.id_of(entry), str)
    }


async def _of_ollama(client: "Client", address: str, entries: Entries, limits: Limits) -> _Fields:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def show(model: str) -> dict[str, Any]:
        async with slots:
            try:
                return _shown(await client.post(address, wire.encode({"model": model}, {}), limits))
            except Failed:
                return {}

    names = [name for entry in entries[:_MOST_SHOWN] if (name := models.id_of(entry)) is not None]
    async with asyncio.TaskGroup() as group:
        asking = {name: group.create_task(show(name)) for name in names}
    return {name: task.result() for name, task in asking.items()}


def _shown(document: object) -> dict[str, Any]:
    """Of what ``/api/show`` says: ``llama.context_length`` and its kind, unless the model is set to less
    (``num_ctx``), and its capabilities."""
    if not isinstance(document, dict):
        return {}
    information, parameters = document.get("model_info"), document.get("parameters")
    found: dict[str, Any] = {"capabilities": document.get("capabilities")}
    if isinstance(information, dict):
        lengths = [value for name, value in information.items() if name.endswith(".context_length")]
        found["context_length"] = next(iter(lengths), None)
    if isinstance(parameters, str) and (set_to := re.search(r"^num_ctx\s+(\d{1,9})$", parameters, re.M)):
        found["context_length"] = int(set_to[1])
    return found
