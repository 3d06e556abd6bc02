"""Words for what went wrong: the only place that turns the kind of an error into a sentence and its buttons.

Every notice says what happened, what is safe and what can be done. What a server said is quoted as plain
text, on one line, and with anything that looks like a key taken out.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from desktop_chat.domain import errors
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.events import RetryScheduled
from desktop_chat.ui.safe import one_line

LONGEST_QUOTE = 240
"""Characters of a server's message within a sentence; the details hold all of it."""

SHORTEST_DIALOG_WAIT = 1.0
"""Seconds. A shorter wait is over before its dialog could be read."""


class Action(Enum):
    """What a notice offers to do; the value is the text of its button."""

    ENTER_KEY = "Enter key"
    CHOOSE_MODEL = "Choose a model"
    SHORTEN = "Shorten"
    BILLING = "Open billing page"
    CHECK_ENDPOINT = "Check the endpoint"
    TRY_AGAIN = "Try again"
    SESSION_KEY = "For this session only"
    CONTINUE = "Continue"


@dataclass(frozen=True, slots=True)
class Notice:
    """An error in words. ``checks`` are questions to go through, one a line.

    ``summary`` is what else the server said, in a few short lines; ``details`` is all that is known, for
    copying. All are plain text and hold no key.
    """

    title: str
    body: str
    actions: tuple[Action, ...]
    details: str
    summary: str = ""
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Words:
    """``{endpoint}`` and ``{host}`` are filled in. ``quote`` introduces the error's own message."""

    title: str
    happened: str
    way_out: str
    actions: tuple[Action, ...] = ()
    safe: str = "Your message is safe."
    checks: tuple[str, ...] = ()
    quote: str = ""


_SERVER = "The server says"
_REASON = "The reason given"
_KEPT = "What came so far is kept."
_ONLINE = "Is this computer online?"
_VPN = "Does the address need a VPN, or does a VPN or firewall block it?"
_ADDRESS = "Is the address of the endpoint right, with its port?"
_CHECK = (Action.CHECK_ENDPOINT, Action.TRY_AGAIN)

_WORDS: dict[type[ChatError], _Words] = {
    ChatError: _Words(
        "The request failed", "{endpoint} gave no answer.", "Try again.", (Action.TRY_AGAIN,), quote=_SERVER
    ),
    errors.KeyProblem: _Words(
        "The key could not be read",
        "The key of {endpoint} could not be read, so nothing was sent.",
        "Enter the key, or try again.",
        (Action.ENTER_KEY, Action.TRY_AGAIN),
    ),
    errors.KeyMissing: _Words(
        "A key is needed",
        "No key is stored for {endpoint}, so nothing was sent.",
        "Enter the key to go on.",
        (Action.ENTER_KEY,),
    ),
    errors.KeyringUnavailable: _Words(
        "The keyring is not available",
        "The keyring of this computer could not be used, so nothing was sent.",
        "Unlock the keyring and try again, or enter the key for this session only.",
        (Action.SESSION_KEY, Action.TRY_AGAIN),
        quote=_REASON,
    ),
    errors.Unreachable: _Words(
        "No connection",
        "{endpoint} could not be reached.",
        "Check the connection, then try again.",
        _CHECK,
        checks=(_ONLINE, _ADDRESS, _VPN),
    ),
    errors.HostNotFound: _Words(
        "Server not found",
        "No server was found under the name {host}.",
        "Check these, then try again:",
        _CHECK,
        checks=(_ONLINE, "Is the name in the endpoint's address spelled right?", _VPN),
    ),
    errors.ConnectionRefused: _Words(
        "Connection refused",
        "Nothing accepts connections at {host}.",
        "Check these, then try again:",
        _CHECK,
        checks=("Is the server running?", _ADDRESS, "Does a firewall block the port?"),
    ),
    errors.ConnectionLost: _Words(
        "Connection lost",
        "The connection to {endpoint} ended before an answer began.",
        "Check these, then try again:",
        _CHECK,
        checks=(_ONLINE, "Did the network change, or the server restart?"),
    ),
    errors.ConnectTimedOut: _Words(
        "No connection in time",
        "{host} did not take the connection in time.",
        "Check these, then try again:",
        _CHECK,
        checks=(_ONLINE, _ADDRESS, _VPN),
    ),
    errors.TlsFailed: _Words(
        "The connection is not secure",
        "The identity of {host} could not be verified, so nothing was sent.",
        "Check these, then try again:",
        _CHECK,
        checks=(
            "Are the date and time of this computer right?",
            "Does the endpoint's address have the right name and port, and does the server speak https?",
            "Does a company proxy or virus scanner inspect connections? Then its certificate must be in this "
            "computer's list of trusted ones.",
            "Is the server's own certificate expired or self-signed?",
        ),
        quote=_REASON,
    ),
    errors.ProxyFailed: _Words(
        "The proxy did not connect",
        "The proxy of this computer did not connect to {host}.",
        "Check these, then try again:",
        _CHECK,
        checks=(
            "Are the proxy's address and port right, in the system settings or in HTTPS_PROXY?",
            "Does the proxy ask for a name and a password?",
            "Should the endpoint be reached without it? Then NO_PROXY must name its host.",
        ),
    ),
    errors.NoAnswer: _Words(
        "No answer in time",
        "{endpoint} took the request and began no answer in time.",
        "Try again, or allow more time in the settings.",
        (Action.TRY_AGAIN,),
    ),
    errors.Busy: _Words(
        "The server is busy", "{endpoint} cannot answer now.", "Try again later.", (Action.TRY_AGAIN,)
    ),
    errors.RateLimited: _Words(
        "Rate limit reached",
        "{endpoint} limits how much may be sent in a time, and the limit is reached.",
        "Wait a little, then try again.",
        (Action.TRY_AGAIN,),
        quote=_SERVER,
    ),
    errors.Overloaded: _Words(
        "The server is overloaded",
        "{endpoint} has more to do than it can.",
        "Try again in a few minutes, or choose another model.",
        (Action.TRY_AGAIN, Action.CHOOSE_MODEL),
    ),
    errors.ServerFault: _Words(
        "The server had a fault",
        "{endpoint} failed while it worked on the request.",
        "Try again. If it lasts, only the provider can help.",
        (Action.TRY_AGAIN,),
        quote=_SERVER,
    ),
    errors.Conflict: _Words(
        "The request met a conflict",
        "{endpoint} refused the request because of another one.",
        "Try again in a moment.",
        (Action.TRY_AGAIN,),
        quote=_SERVER,
    ),
    errors.RequestTimedOut: _Words(
        "The server stopped waiting",
        "{endpoint} did not get the whole request in time.",
        "Check the connection, then try again.",
        (Action.TRY_AGAIN,),
    ),
    errors.Rejected: _Words(
        "The request was rejected",
        "{endpoint} does not take this request.",
        "Check the endpoint and the model.",
        (Action.CHECK_ENDPOINT, Action.CHOOSE_MODEL),
        quote=_SERVER,
    ),
    errors.BadRequest: _Words(
        "The request was not understood",
        "{endpoint} does not take this request.",
        "Another model or other parameters may work.",
        (Action.CHOOSE_MODEL, Action.CHECK_ENDPOINT),
        quote=_SERVER,
    ),
    errors.KeyRejected: _Words(
        "The key was not accepted",
        "{endpoint} does not accept the key. It may be mistyped, expired or revoked.",
        "Enter a key that is valid.",
        (Action.ENTER_KEY,),
    ),
    errors.AccessDenied: _Words(
        "Access denied",
        "{endpoint} knows the key, but the key may not do this.",
        "Choose another model, enter another key, or ask who manages the account.",
        (Action.CHOOSE_MODEL, Action.ENTER_KEY),
        quote=_SERVER,
    ),
    errors.ModelNotFound: _Words(
        "Model not found",
        "{endpoint} does not have this model, or the key may not use it.",
        "Choose another model.",
        (Action.CHOOSE_MODEL,),
    ),
    errors.NotFound: _Words(
        "Address not found",
        "There is a server at {host}, but nothing under the endpoint's address.",
        "Check the address; it often ends in /v1.",
        (Action.CHECK_ENDPOINT,),
        quote=_SERVER,
    ),
    errors.RequestTooLarge: _Words(
        "The request is too large",
        "{endpoint} does not take a request of this size.",
        "Shorten the conversation or the message.",
        (Action.SHORTEN,),
    ),
    errors.ContextExceeded: _Words(
        "The conversation is too long",
        "The conversation is longer than this model can read.",
        "Shorten it, or choose a model that reads more.",
        (Action.SHORTEN, Action.CHOOSE_MODEL),
    ),
    errors.QuotaExhausted: _Words(
        "No credit left",
        "The account at {endpoint} has no credit left, or has reached its spending limit.",
        "Add credit or raise the limit, then try again.",
        (Action.BILLING, Action.TRY_AGAIN),
    ),
    errors.ContentRefused: _Words(
        "The content was refused",
        "A content filter of {endpoint} refused the request.",
        "Change the message, then send it again.",
        quote=_SERVER,
    ),
    errors.Redirected: _Words(
        "The server pointed elsewhere",
        "{host} pointed to another address. It was not followed, since the conversation would have gone to "
        "another server.",
        "Enter the right address in the endpoint.",
        (Action.CHECK_ENDPOINT,),
        quote=_SERVER,
    ),
    errors.Broken: _Words(
        "The answer broke off",
        "The answer of {endpoint} did not end well.",
        "Continue it, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
        quote=_SERVER,
    ),
    errors.Stalled: _Words(
        "The answer stopped coming",
        "{endpoint} sent nothing more for a while.",
        "Continue it, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
    ),
    errors.CutOff: _Words(
        "The answer was cut off",
        "The connection to {endpoint} ended before the answer did.",
        "Continue it, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
    ),
    errors.NotAStream: _Words(
        "Not an answer",
        "What {endpoint} sent is not an answer of a model.",
        "Check that the address leads to the API, and not to a web page.",
        (Action.CHECK_ENDPOINT, Action.TRY_AGAIN),
        quote=_SERVER,
    ),
    errors.Garbled: _Words(
        "The answer is damaged",
        "A part of what {endpoint} sent cannot be read.",
        "Continue the answer, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
    ),
    errors.TooLarge: _Words(
        "The answer is too large",
        "{endpoint} sent more than one answer may have, so the rest was not read.",
        "Ask for a shorter answer.",
        (Action.TRY_AGAIN,),
        safe=_KEPT,
    ),
    errors.StreamError: _Words(
        "The server stopped with an error",
        "{endpoint} reported an error in the middle of the answer.",
        "Continue it, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
        quote=_SERVER,
    ),
}


def explain(error: ChatError, endpoint_name: str, now: datetime | None = None) -> Notice:
    """``error`` in words, for the endpoint of that name. ``now`` is the time told in the details."""
    words = _words_of(error)
    names = {"endpoint": _one_line(endpoint_name), "host": _one_line(error.host or endpoint_name)}
    sentences = [words.happened.format(**names)]
    message = _one_line(error.message)
    quoted = bool(words.quote and message)
    if quoted:
        sentences.append(f"{words.quote}: “{_shortened(message, LONGEST_QUOTE)}”.")
    sentences += [words.safe, words.way_out]
    actions = tuple(
        action for action in words.actions if action is not Action.BILLING or _is_openai(error.host)
    )
    return Notice(
        title=words.title,
        body=" ".join(sentences),
        actions=actions,
        details=_details(error, endpoint_name, now or datetime.now(UTC)),
        summary=_summary(error, with_message=not quoted or len(message) > LONGEST_QUOTE),
        checks=words.checks,
    )


def explain_retry(retry: RetryScheduled, endpoint_name: str) -> Notice:
    """A wait before the next attempt, in words. Its actions are the dialog's own."""
    notice = explain(retry.error, endpoint_name)
    name = _one_line(endpoint_name)
    if retry.error.retry_after is not None:
        happened = f"{name} asked to wait before the next request."
    else:
        words = _words_of(retry.error)
        happened = words.happened.format(endpoint=name, host=_one_line(retry.error.host or endpoint_name))
    body = f"{happened} Your message is safe and will be sent again by itself."
    return Notice(notice.title, body, (), notice.details, _summary(retry.error))


def retry_countdown(retry: RetryScheduled, seconds: float) -> str:
    """``Retrying in 7 s · attempt 2 of 5``; ``seconds`` is what is left of the wait."""
    return f"{_retrying(seconds)} · attempt {retry.attempt} of {retry.attempts}"


def retry_status(retry: RetryScheduled, seconds: float) -> str:
    """``Retrying in 7 s (attempt 2 of 5)``: the same for a status line."""
    return f"{_retrying(seconds)} (attempt {retry.attempt} of {retry.attempts})"


def wants_dialog(delay: float) -> bool:
    """Whether a wait of ``delay`` seconds is long enough for a dialog of its own."""
    return delay > SHORTEST_DIALOG_WAIT


def redact(text: str) -> str:
    """``text`` without what looks like a key. A second line of defence: no key should get this far."""
    return _KEYS.sub("[key removed]", text)


_KEYS = re.compile(
    r"\bbearer\s+[^\s\"',;&]{8,}"
    r"|\b(?:api[-_ ]?key|authorization)[\"']?\s*[:=]\s*[\"']?[^\s\"',;&]{8,}"
    r"|\b(?:sk|pk|rk|gsk|xai|hf|r8|sess|ek)[-_][\w*.…-]{6,}"
    r"|\bAIza[\w-]{20,}",
    re.IGNORECASE,
)


def _words_of(error: ChatError) -> _Words:
    return next(_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS)


def _retrying(seconds: float) -> str:
    whole = max(0, -int(-seconds // 1))
    if whole == 0:
        return "Retrying now"
    minutes, rest = divmod(whole, 60)
    return f"Retrying in {minutes} min {rest} s" if minutes else f"Retrying in {rest} s"


def _is_openai(host: str | None) -> bool:
    name = (host or "").removeprefix("https://").split("/")[0].split(":")[0].lower()
    return name == "openai.com" or name.endswith(".openai.com")


def _one_line(text: str) -> str:
    return redact(one_line(text))


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _seconds(value: float) -> str:
    return f"{value:g} s" if value < 120 else f"{value / 60:.0f} min"


def _summary(error: ChatError, *, with_message: bool = True) -> str:
    status = " ".join(str(part) for part in (error.status, error.code) if part)
    facts = [f"request {error.request_id}"] if error.request_id else []
    if error.retry_after is not None:
        facts.append(f"retry-after {_seconds(error.retry_after)}")
    if error.host and not facts and not status:
        facts.append(error.host)
    lines = (status, " · ".join(facts), error.message if with_message else "")
    return "\n".join(line for line in map(_one_line, lines) if line)


def _details(error: ChatError, endpoint_name: str, now: datetime) -> str:
    rows = (
        ("kind", type(error).__name__),
        ("endpoint", endpoint_name),
        ("host", error.host),
        ("status", error.status),
        ("code", error.code),
        ("request id", error.request_id),
        ("retry-after", None if error.retry_after is None else f"{error.retry_after:g} s"),
        ("time", now.astimezone(UTC).isoformat(timespec="seconds")),
        ("message", error.message or None),
    )
    return "\n".join(f"{name}: {_lines(value)}" for name, value in rows if value is not None)


def _lines(value: object) -> str:
    return "\n".join(map(_one_line, str(value).splitlines()))
