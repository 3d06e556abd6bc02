"""What is told of an answer and of an attempt at it."""

from dataclasses import replace
from datetime import UTC
from decimal import Decimal

import pytest

from desktop_chat.domain.errors import ConnectionRefused
from desktop_chat.domain.evidence import Attempt
from desktop_chat.domain.ledger import Outcome
from desktop_chat.domain.message import State
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.ui.message_details.facts import (
    FROM_HERE,
    NEVER_SENT,
    NOT_KEPT,
    TYPED,
    Known,
    attempt_name,
    heading,
    note,
    sections,
)
from tests.ui.message_details.conftest import ANSWER, EVIDENCE, attempt

ANSWERED = Attempt(attempt(), None, 1, has_evidence=True)


def told(known: Known) -> dict[str, str]:
    return {name: value for section in sections(known) for name, value in section.facts}


def test_all_that_is_known_of_an_attempt_is_told() -> None:
    known = Known(ANSWER, (ANSWERED,), 0, EVIDENCE, "m-1-2026", 1234)
    assert [section.title for section in sections(known)] == [
        *("Request", "Time", "Tokens and cost", "Rate limits"),
    ]
    assert told(known) == {
        "Result": "Complete",
        "Finish reason": "stop",
        "Model asked": "m-1",
        "Model answered": "m-1-2026",
        "Request id": "r1",
        "Attempt": "1 of 1",
        "Status": "200",
        "Endpoint": "Example",
        "Address": "https://example.org/v1/responses",
        "Dialect": "Responses",
        "Service tier": "default",
        "First token": "0.50 s",
        "Duration": "2.5 s",
        "Speed": "120 tokens/s",
        "Time at the server": "412 ms",
        "Events": "1,234",
        "Input": "1,200",
        "Input from the cache": "300",
        "Output": "240",
        "Output for reasoning": "40",
        "Cost": "$0.012",
        "X-RateLimit-Remaining-Tokens": "998",
        "retry-after-ms": "20",
    }
    assert heading(known, UTC) == ("m-1", "Example · Thu 1 Jan 1970, 00:00:05")
    assert note(known) == ""


def test_of_an_attempt_that_failed_only_its_own_is_told() -> None:
    gone = attempt(outcome=Outcome.FAILED, status=None, usage=None, request_id=None)
    failed = Attempt(replace(gone, error_kind="ConnectionLost"))
    known = Known(ANSWER, (failed, ANSWERED), 0)
    found = told(known)
    assert found["Result"] == "Connection lost"
    assert found["Attempt"] == "1 of 2"
    assert (found["Request id"], found["Model answered"], found["Status"]) == ("–", "–", "–")
    assert not {"Finish reason", "Input", "Output"} & found.keys()
    assert found["Cost of all attempts"] == "$0.012"
    assert attempt_name(known.attempts, 0) == "Attempt 1 of 2: connection lost"
    assert attempt_name(known.attempts, 1) == "Attempt 2 of 2: answered"
    assert note(known) == NOT_KEPT


def test_our_own_counts_are_marked() -> None:
    guessed = Attempt(attempt(is_exact=False, usage=Usage(1200, 240, cache_write=7)))
    found = told(Known(ANSWER, (guessed,)))
    assert (found["Input"], found["Output"], found["Cost"]) == ("≈ 1,200", "≈ 240", "≈ $0.012")
    assert found["Input written to the cache"] == "7"


def test_what_has_no_first_token_has_no_speed() -> None:
    found = told(Known(ANSWER, (Attempt(attempt(timing=Timing(None, 2.5))),)))
    assert (found["First token"], found["Speed"]) == ("–", "–")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (replace(ANSWER, is_cached=True, cost=Decimal(0)), FROM_HERE),
        (replace(ANSWER, state=State.FAILED, error=ConnectionRefused("refused")), NEVER_SENT),
        (ANSWER, NOT_KEPT),
        (replace(ANSWER, model=None, usage=None, timing=None), TYPED),
    ],
)
def test_without_attempts_the_message_tells_what_it_knows(message: object, words: str) -> None:
    known = Known(message)  # type: ignore[arg-type]
    assert note(known) == words
    assert told(known)["Model answered"] == (known.message.model or "–")


def test_a_request_that_never_left_says_why() -> None:
    message = replace(ANSWER, state=State.FAILED, error=ConnectionRefused("refused"), finish_reason=None)
    found = told(Known(message))
    assert found["Result"] == "Connection refused"
    assert found["Finish reason"] == "–"


def test_what_a_server_sent_stays_in_its_line() -> None:
    odd = replace(EVIDENCE, response_headers=(("x-ratelimit-odd", "a\n\u202eb" + "c" * 10),))
    known = Known(replace(ANSWER, model="m\n\u202ex", finish_reason="s\rt"), (ANSWERED,), 0, odd, "a\tb")
    found = told(known)
    assert found["x-ratelimit-odd"] == "a bcccccccccc"
    assert (found["Finish reason"], found["Model answered"], heading(known, UTC)[0]) == ("s t", "a b", "m x")
