"""How many tokens a request takes, as its endpoint counts them."""

from typing import Any

from desktop_chat.api import responses
from desktop_chat.api.quirks import Quirks
from desktop_chat.api.retry import Failed
from desktop_chat.domain.errors import BadRequest, Garbled, NotFound
from desktop_chat.domain.request import Request

PATH = "/responses/input_tokens"

_COUNTED = ("model", "input", "instructions", "reasoning", "tools", "tool_choice", "text", "truncation")
"""What of a request takes tokens or says how many are kept; the endpoint rejects all else."""
_WITHOUT_IT = (404, 405)


def body(request: Request, quirks: Quirks) -> dict[str, Any]:
    """The JSON body: what ``POST /responses`` would be sent, whichever dialect the endpoint speaks."""
    sent = responses.body(request, quirks)
    if "reasoning" in sent:
        # Its summary is no input, and not every account may ask for one.
        sent["reasoning"].pop("summary", None)
    return {name: sent[name] for name in _COUNTED if name in sent}


def read(document: object, host: str) -> int:
    """The count in the answer. Raises :class:`Failed`."""
    count = document.get("input_tokens") if isinstance(document, dict) else None
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise Failed(Garbled("The answer holds no count of tokens.", host=host))
    return count


def explained(failed: Failed) -> Failed:
    """The failure, in plain words where the endpoint has no such count: only OpenAI's API need have it."""
    error = failed.error
    if error.status in _WITHOUT_IT and type(error) in (NotFound, BadRequest):
        plain = NotFound("This endpoint does not count tokens.", error.status, error.code, error.request_id)
        plain.host = error.host
        return Failed(plain)
    return failed
