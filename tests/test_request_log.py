"""Each request is a line of the log; what was said is in it only where the user wants that."""

import logging
from typing import Any

import pytest

from desktop_chat import logs, request_log
from desktop_chat.domain.errors import BadRequest
from desktop_chat.domain.evidence import Content, Evidence
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.usage import Timing, Usage

ENTRY = LedgerEntry(
    "chat", "m1", "e1", "OpenAI", "responses", Purpose.CHAT, 2, 1.0, Timing(0.41234, 3.8), Outcome.OK,
    model="gpt-5.2", request_id="req_1", status=200, usage=Usage(11, 7),
)  # fmt: skip
FAILED = LedgerEntry(
    "chat", "m1", "e1", "OpenAI", "responses", Purpose.CHAT, 1, 1.0, Timing(None, 0.2), Outcome.FAILED,
    status=400, error_kind="BadRequest",
)  # fmt: skip
EVIDENCE = Evidence(
    "POST", "http://a", body={"input": [{"url": Content("abc", "data:")}, "CANARY"]}, response=b"CANARY \xff"
)


def written(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    (record,) = caplog.records
    return vars(record) | {"text": record.getMessage()}


def test_how_a_request_went_is_told_without_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        request_log.write(ENTRY, None, None)
    line = written(caplog)
    assert line["text"] == "gpt-5.2 answered"
    assert (line["request_id"], line["status"], line["attempt"]) == ("req_1", 200, 2)
    assert (line["first_token"], line["duration"], line["input"], line["output"]) == (0.412, 3.8, 11, 7)
    assert line["request"] is None
    assert line["response"] is None


def test_the_words_of_an_error_are_not_told_since_they_may_quote(caplog: pytest.LogCaptureFixture) -> None:
    request_log.write(FAILED, BadRequest("You asked CANARY", code="invalid"), None)
    line = written(caplog)
    assert line["levelname"] == "WARNING"
    assert (line["text"], line["code"], line["error"]) == ("a model failed", "invalid", "BadRequest")
    assert "CANARY" not in str(line)


def test_bodies_are_told_where_they_are_wanted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        request_log.write(ENTRY, None, EVIDENCE)
    line = written(caplog)
    assert {name for name in logs.BODIES if "CANARY" in line[name]} == set(logs.BODIES)
    assert "data:[attachment abc]" in line["request"]
