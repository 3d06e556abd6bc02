"""What was sent and received, as values."""

import json
from dataclasses import replace
from typing import Any

import pytest

from desktop_chat.domain.evidence import Content
from desktop_chat.ui.message_details.exchange import (
    Received,
    attachments_of,
    headers_value,
    received,
    request_value,
    response_value,
)
from tests.ui.message_details.conftest import BODY, EVIDENCE


@pytest.mark.parametrize(
    ("response", "value", "is_stream", "model"),
    [
        (b'{"model": "m-2", "x": [1.50]}', {"model": "m-2", "x": [1.5]}, False, "m-2"),
        (b'{"response": {"model": 3}}', {"response": {"model": 3}}, False, ""),
        (
            b'event: a\r\ndata: {"model": "m-3"}\r\n\r\n: comment\r\n\r\ndata: [DONE]\r\n\r\n',
            [{"model": "m-3"}, "[DONE]"],
            True,
            "m-3",
        ),
        (b'data: {"a":\ndata: 1}\n\ndata: {"cut', [{"a": 1}, '{"cut'], True, ""),
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>", False, ""),
        (b"\xff", "\ufffd", False, ""),
        (b"", "", False, ""),
        (b"[" * 100_000, "[" * 100_000, False, ""),
    ],
)
def test_a_response_is_json_events_or_text(response: bytes, value: Any, is_stream: bool, model: str) -> None:
    found = received(replace(EVIDENCE, response=response))
    assert found == Received(value, is_stream, model)


def test_the_request_is_as_it_was_sent() -> None:
    photo = Content("a" * 64, "data:image/png;base64,")
    body = {**BODY, "input": [{"content": [{"image_url": photo}, {"file_data": Content("b" * 64)}]}]}
    found = request_value(replace(EVIDENCE, body=body), {"a" * 64: "QUJD"})
    assert found["method"] == "POST"
    assert found["url"] == EVIDENCE.url
    assert found["headers"] == {"Authorization": "Bearer [redacted]", "content-type": "application/json"}
    pictures = found["body"]["input"][0]["content"]
    assert pictures[0]["image_url"] == "data:image/png;base64,QUJD"
    assert "gone" in pictures[1]["file_data"]
    assert attachments_of(body) == {"a" * 64, "b" * 64}
    assert request_value(EVIDENCE, {})["body"] == BODY
    json.dumps(found)


def test_a_stream_is_shown_as_its_events() -> None:
    assert list(response_value(EVIDENCE, Received([{}], is_stream=True))) == ["status", "headers", "events"]
    assert response_value(EVIDENCE, Received({"a": 1}))["body"] == {"a": 1}


def test_no_value_of_a_header_gets_lost() -> None:
    assert headers_value((("set-cookie", "a"), ("x", "1"), ("set-cookie", "b"))) == {
        "set-cookie": ["a", "b"],
        "x": "1",
    }
