"""What the log tells of each request: how it went and, where the user wants that, all of it."""

import json
import logging

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.evidence import Content, Evidence
from desktop_chat.domain.ledger import LedgerEntry, Outcome

log = logging.getLogger(__name__)


def write(entry: LedgerEntry, error: ChatError | None, evidence: Evidence | None) -> None:
    """One line for one attempt. ``evidence`` is None where bodies do not belong into the log.

    A server's own words of an error are told with them alone: they may quote what was asked.
    """
    usage = entry.usage
    failed = entry.outcome is Outcome.FAILED
    log.log(
        logging.WARNING if failed else logging.INFO,
        "%s %s",
        entry.model or "a model",
        {Outcome.OK: "answered", Outcome.STOPPED: "was stopped", Outcome.FAILED: "failed"}[entry.outcome],
        extra={
            "endpoint": entry.endpoint_id,
            "dialect": entry.dialect,
            "purpose": entry.purpose.value,
            "attempt": entry.attempt,
            "status": entry.status,
            "error": entry.error_kind,
            "code": error.code if error is not None else None,
            "request_id": entry.request_id,
            "first_token": _rounded(entry.timing.first_token),
            "duration": _rounded(entry.timing.duration),
            "input": usage.input if usage is not None else None,
            "output": usage.output if usage is not None else None,
            "request": _said(evidence.body) if evidence is not None else None,
            "response": evidence.response.decode("utf-8", "replace") if evidence is not None else None,
        },
    )


def _said(body: object) -> str:
    """A body as JSON, with the name of each attachment in its place."""
    return json.dumps(body, ensure_ascii=False, default=_named)


def _named(value: object) -> str:
    return f"{value.prefix}[attachment {value.hash}]" if isinstance(value, Content) else str(value)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
