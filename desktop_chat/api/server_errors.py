"""What a server says went wrong, as a status with a body or as an event within a stream -> domain.errors.

Its words are made plain text here: no markup, no control or bidirectional characters, no key.
"""

import base64
import html
import json
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote

from desktop_chat.api.retry import retry_after
from desktop_chat.domain import errors
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.redaction import KEY_REMOVED, REDACTED, without_keys

LONGEST_MESSAGE = 2000
_LONGEST_HTML = 1 << 16
_DEEPEST = 5
"""Levels of what went wrong that are looked into."""

_SHORTEST = 8
"""Characters of a secret that is sought in what a user or a model wrote."""
_BLANKS = re.compile(r"[^\S\n]+")
_INVISIBLE = (
    frozenset("\u200e\u200f\u061c\u2028\u2029\ufeff")
    | {chr(c) for c in range(0x202A, 0x202F)}
    | {chr(c) for c in range(0x2066, 0x206A)}
)
_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance")
_CONTEXT = ("context_length_exceeded", "exceed_context_size_error", "string_above_max_length")
_CONTEXT_WORDS = ("maximum context length", "context window", "context size", "prompt is too long")
_FILTER = ("content_filter", "content_policy_violation", "moderation_blocked", "responsibleaipolicyviolation")
_BAD_KEY = ("invalid_api_key", "invalid_authentication", "api key not valid")
_MODEL = (
    *("model_not_found", "deploymentnotfound", "model_decommissioned", "model_not_available"),
    "invalid_model",
)
_BUSY = {
    "rate_limit_exceeded": errors.RateLimited,
    **dict.fromkeys(("overloaded_error", "server_is_overloaded", "slow_down"), errors.Overloaded),
}
"""Codes of errors within a stream, of OpenAI and Anthropic."""

_NO_MODEL = re.compile(
    r"\binvalid model\b|\bmodel not (?:exist|found)|\bis not a valid model\b|no endpoints found for "
    r"|\bmodels?\W{1,3}\S{1,200} (?:does not exist|is not found|not found|has been de\w+ed)"
)
"""What LiteLLM and Mistral, DeepSeek, OpenRouter (twice), and others say of a model that they do not have."""
_REQUEST_ID = (
    *("x-request-id", "apim-request-id", "request-id", "x-litellm-call-id", "x-generation-id"),
    *("mistral-correlation-id", "x-ds-trace-id"),
)
"""What servers call a request: OpenAI and most, Azure, Anthropic, LiteLLM, OpenRouter, Mistral, DeepSeek."""

_BY_STATUS: dict[int, type[ChatError]] = {
    401: errors.KeyRejected,
    402: errors.QuotaExhausted,
    403: errors.AccessDenied,
    404: errors.NotFound,
    407: errors.ProxyFailed,
    408: errors.RequestTimedOut,
    409: errors.Conflict,
    413: errors.RequestTooLarge,
    429: errors.RateLimited,
    498: errors.Overloaded,
    503: errors.Overloaded,
    529: errors.Overloaded,
}


class Redactor:
    """Takes an endpoint's secrets, and what looks like a key, out of a text from outside."""

    def __init__(self, *secrets: str | None) -> None:
        hidden: set[str] = set()
        beginnings: set[str] = set()
        for secret in secrets:
            if secret and len(secret) >= 4:
                hidden |= {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()}
                in_json = json.dumps(secret)[1:-1]
                hidden |= {in_json, in_json.replace("/", "\\/"), html.escape(secret)}
                if len(secret) >= 16:
                    beginnings.add(secret[:12])
        # A server may show no more of a key than how it begins.
        ordered = [*sorted(hidden, key=len, reverse=True), *beginnings]
        self._sought = [text.encode() for text in ordered if len(text) >= _SHORTEST]
        patterns = [re.escape(text) + (r"[\w-]*" if text in beginnings else "") for text in ordered]
        self._secrets = re.compile("|".join(patterns)) if patterns else None

    def __call__(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(KEY_REMOVED, text)
        return without_keys(text)

    def finds(self, data: bytes) -> bool:
        """Whether a secret is in ``data``: at the speed of memory, for megabytes. A short one is not sought:
        it may as well be a word."""
        return any(secret in data for secret in self._sought)

    def hide(self, text: str) -> str:
        """``text`` with ``REDACTED`` for each secret of the endpoint, otherwise as it is."""
        return self._secrets.sub(REDACTED, text) if self._secrets is not None else text

    def plain(self, text: str, longest: int = LONGEST_MESSAGE) -> str:
        """``text`` without markup, control characters and secrets, at most ``longest`` characters."""
        if looks_like_html(text):
            text = _text_of_html(text[:_LONGEST_HTML])
        text = self(visible(text[: 2 * _LONGEST_HTML]))
        lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
        text = "\n".join(line for line in lines if line)
        return text if len(text) <= longest else text[: longest - 1] + "…"


def visible(text: str) -> str:
    """``text`` without control and bidirectional characters; lone surrogates become U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def _visible(character: str) -> str:
    if character == "\n":
        return character
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category == "Cc":
        return " "
    return "" if character in _INVISIBLE else character


def looks_like_html(text: str) -> bool:
    return (
        text.lstrip("\ufeff \t\r\n")[:200]
        .lower()
        .startswith(("<!doctype", "<html", "<head", "<body", "<?xml"))
    )


def _text_of_html(source: str) -> str:
    """The words of a page, without tags, scripts and styles. Linear in the length of the page."""
    lower = source.lower()
    words: list[str] = []
    at = 0
    while (opening := source.find("<", at)) >= 0:
        words.append(source[at:opening])
        end = ">"
        for element in ("script", "style"):
            if lower.startswith("<" + element, opening):
                end = f"</{element}>"
        if lower.startswith("<!--", opening):
            end = "-->"
        closing = lower.find(end, opening)
        if closing < 0:
            return html.unescape("\n".join(words))
        at = closing + len(end)
    words.append(source[at:])
    return html.unescape("\n".join(words))


def rejection(
    status: int, body: object, headers: Mapping[str, str], host: str, redact: Redactor
) -> ChatError:
    """The error of a response whose status is not 2xx. ``body`` is its JSON value, or its text."""
    detail = _detail(body)
    code, message = _code(detail), _message(detail)
    kind = _kind(status, code, message)
    if kind is errors.Redirected:
        message = f"to {headers.get('location', 'an unnamed address')}"
    return kind(
        message=redact.plain(message) or f"HTTP {status}",
        status=status,
        code=redact.plain(code, 200) or None,
        request_id=request_id(headers, redact),
        retry_after=retry_after(headers),
        host=host,
    )


def reported(
    detail: object, host: str, redact: Redactor, reply_id: str | None = None, *, came: bool = False
) -> ChatError:
    """The error that a server reports within a stream, or in a document with status 200; ``came`` tells
    whether some of the answer did."""
    detail = _detail(detail)
    code, message = _code(detail), _message(detail)
    kind = _known(code, message) or (None if came else _busy(detail, code)) or errors.StreamError
    text = redact.plain(message) or "The server reported an error and did not say which."
    return kind(message=text, code=redact.plain(code, 200) or None, request_id=reply_id, host=host)


def request_id(headers: Mapping[str, str], redact: Redactor) -> str | None:
    """The server's name for the request, fit to be shown; None where it gives none."""
    value = next(filter(None, map(headers.get, _REQUEST_ID)), "")
    return redact(visible(value)).replace("\n", " ").strip()[:200] or None


def _detail(body: object) -> object:
    """The innermost object that describes the error."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    while isinstance(body, dict) and (inner := body.get("error") or body.get("response")):
        body = inner[0] if isinstance(inner, list) and len(inner) == 1 else inner
    return body


def _code(detail: object) -> str:
    if isinstance(detail, dict):
        for name in ("code", "type", "status"):
            value = detail.get(name)
            if isinstance(value, str) and value and value != "error":
                return value
    return ""


def _message(detail: object, depth: int = 0) -> str:
    if isinstance(detail, dict):
        for name in ("message", "detail", "msg", "error_description", "title", "error"):
            value = detail.get(name)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, list) and value and depth < _DEEPEST:
                return "; ".join(_message(item, depth + 1) for item in value[:5])
            if isinstance(value, dict) and value and depth < _DEEPEST:
                return _message(value, depth + 1)
    if isinstance(detail, str):
        return detail
    try:
        return json.dumps(detail, ensure_ascii=False)[:LONGEST_MESSAGE] if detail else ""
    except RecursionError:
        return ""


def _kind(status: int, code: str, message: str) -> type[ChatError]:
    if 300 <= status < 400:
        return errors.Redirected
    kind = _BY_STATUS.get(status, errors.ServerFault if status >= 500 else errors.BadRequest)
    if kind is errors.RateLimited:
        return errors.QuotaExhausted if code.lower() in _QUOTA else kind
    if kind in (errors.BadRequest, errors.RequestTooLarge, errors.AccessDenied, errors.NotFound):
        known = _known(code, message)
        if known is not None and issubclass(known, errors.Rejected):
            return known
    if kind is errors.NotFound and "model" in message.lower():
        return errors.ModelNotFound
    return kind


def _known(code: str, message: str) -> type[ChatError] | None:
    """The kind that a server's own code or words name, whatever the status."""
    code, words = code.lower(), message[:LONGEST_MESSAGE].lower()
    if code in _QUOTA:
        return errors.QuotaExhausted
    if code in _CONTEXT or any(phrase in words for phrase in _CONTEXT_WORDS):
        return errors.ContextExceeded
    if code in _FILTER:
        return errors.ContentRefused
    if code in _BAD_KEY or _BAD_KEY[-1] in words:
        return errors.KeyRejected
    return errors.ModelNotFound if code in _MODEL or _NO_MODEL.search(words) else None


def _busy(detail: object, code: str) -> type[ChatError] | None:
    """The kind of an error that passes: OpenRouter gives the status that it would have had as a number."""
    status = detail.get("code") if isinstance(detail, dict) else None
    kind = _kind(status, code, "") if isinstance(status, int) and 400 <= status < 600 else _BUSY.get(code)
    return kind if kind is not None and issubclass(kind, errors.Busy) else None
