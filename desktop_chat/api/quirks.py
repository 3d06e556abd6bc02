"""What an endpoint turned out not to know, learned from its own rejections and remembered while we run."""

import json
import logging
from dataclasses import dataclass
from typing import Any

from desktop_chat.domain.endpoint import Endpoint

log = logging.getLogger(__name__)

MAX_TOKENS_FIELDS = ("max_tokens", "max_completion_tokens")
SYSTEM_ROLES = ("system", "developer")
_UNKNOWN = ("support", "unknown", "unrecognized", "unexpected", "extra", "permitted", "allowed", "instead")


@dataclass(slots=True)
class Quirks:
    """How requests to one endpoint are written."""

    system_role: str
    max_tokens_field: str
    stream_options: bool = True
    reasoning_summary: bool = True
    truncation: bool = True

    @classmethod
    def of(cls, endpoint: Endpoint) -> "Quirks":
        return cls(endpoint.system_role, endpoint.max_tokens_field)

    def learn(self, status: int | None, said: str, body: dict[str, Any], known: set[str]) -> bool:
        """Adjust the one thing of ``body`` that the server ``said`` it does not take.

        ``known`` holds what this reply adjusted already, which is not adjusted twice; the thing is added.
        False where the rejection names nothing that can be adjusted.
        """
        said = said.replace('"', "'").replace("`", "'")
        learned = self._find(said, body) if status in (400, 422) else None
        if learned is None or learned in known:
            return False
        known.add(learned)
        if learned == "stream_options":
            self.stream_options = False
        elif learned == "reasoning.summary":
            self.reasoning_summary = False
        elif learned == "truncation":
            self.truncation = False
        elif learned == "max_tokens":
            self.max_tokens_field = _other(MAX_TOKENS_FIELDS, self.max_tokens_field)
        else:
            self.system_role = _other(SYSTEM_ROLES, self.system_role)
        log.debug("The endpoint does not take %s as sent; sending again with %s.", learned, self)
        return True

    def _find(self, said: str, body: dict[str, Any]) -> str | None:
        if "stream_options" in body and ("stream_options" in said or "include_usage" in said):
            return "stream_options"
        if "summary" in body.get("reasoning", {}) and ("reasoning.summary" in said or "summar" in said):
            return "reasoning.summary"
        if "truncation" in body and "truncation" in said:
            return "truncation"
        name = self.max_tokens_field
        if name in body and f"'{name}'" in said and any(word in said.lower() for word in _UNKNOWN):
            return "max_tokens"
        roles = {message.get("role") for message in body.get("messages", body.get("input", ()))}
        if self.system_role in roles and f"'{self.system_role}'" in said and "role" in said:
            return "system role"
        return None


def _other(names: tuple[str, str], name: str) -> str:
    return names[1] if name == names[0] else names[0]


def what_was_said(body: object) -> str:
    """The server's rejection as one searchable text, at most 8,000 characters."""
    return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str))[:8000]
