"""What looks like a key, taken out of texts from outside."""

import pytest

from desktop_chat.domain.redaction import without_keys


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-CANARY-abcdef",
        "Bearer CANARY.token-1234567",
        '{"api-key": "CANARY0123456789"}',
        "api_key=CANARY0123456789&x=1",
        "gsk_CANARYabcdef0123456789",
        "xai-CANARYabcdef0123456789",
        "AIzaSyCANARY0123456789012345678",
        "sk-abc***********CANARY",
        "Bearer  CANARY",
    ],
)
def test_what_looks_like_a_key_is_taken_out(text: str) -> None:
    assert "CANARY" not in without_keys(f"before {text} after")


def test_plain_words_are_not_taken_for_keys() -> None:
    text = "Use the Bearer auth scheme for the risk-averse task-runner, request req_8f2c41d09b."
    assert without_keys(text) == text


def test_what_stands_before_a_key_stays() -> None:
    """As OpenAI's own words for a missing key, of which most is no key."""
    text = "in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as"
    assert without_keys(text, "…") == text.replace("YOUR_KEY", "…")
    assert without_keys('{"api-key": "abcdef0123456789"}', "…") == '{"api-key": "…"}'
