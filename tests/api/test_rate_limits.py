"""What servers tell of their limits, in the headers and formats that they use."""

import pytest

from desktop_chat.api import Api
from desktop_chat.api.rate_limits import read, seconds
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.events import AttemptEnded
from desktop_chat.domain.evidence import Allowance
from tests.api.conftest import ask, endpoint_at
from tests.server import Exchange, Server, faults, wire

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("12ms", 0.012),
        ("1h2m3s", 3723.0),
        ("7.66s", 7.66),
        ("2m59.56s", 179.56),
        ("1d", 86_400.0),
        ("59", 59.0),
        ("0", 0.0),
        ("1800000030", 30.0),
        ("1800000030000", 30.0),
        ("1700000000", 0.0),
        ("2027-01-15T08:01:00Z", 60.0),
        ("2027-01-15T09:01:00+01:00", 60.0),
        ("2027-01-15T08:01:00", 60.0),
        ("soon", None),
        ("", None),
        (None, None),
        ("1s tomorrow", None),
        ("-5", None),
        ("9" * 400, None),
        ("9" * 400 + "s", None),
        ("nan", None),
    ],
)
def test_times(text: str | None, expected: float | None) -> None:
    found = seconds(text, NOW)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("headers", "requests", "tokens"),
    [
        (
            {
                "x-ratelimit-limit-requests": "500",
                "x-ratelimit-remaining-requests": "499",
                "x-ratelimit-reset-requests": "120ms",
                "x-ratelimit-limit-tokens": "200000",
                "x-ratelimit-remaining-tokens": "199000",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            Allowance(500, 499, 0.12),
            Allowance(200_000, 199_000, 360.0),
        ),
        (
            {"x-ratelimit-remaining-requests": "9", "x-ratelimit-remaining-tokens": "900"},
            Allowance(None, 9),
            Allowance(None, 900),
        ),
        (
            {
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-requests-remaining": "49",
                "anthropic-ratelimit-requests-reset": "2027-01-15T08:00:01Z",
                "anthropic-ratelimit-input-tokens-limit": "30000",
                "anthropic-ratelimit-input-tokens-remaining": "29000",
                "anthropic-ratelimit-input-tokens-reset": "2027-01-15T08:00:02Z",
            },
            Allowance(50, 49, 1.0),
            Allowance(30_000, 29_000, 2.0),
        ),
        (
            {
                "x-ratelimit-limit": "20",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "1800000060000",
            },
            Allowance(20, 0, 60.0),
            Allowance(),
        ),
        (
            {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "50", "ratelimit-reset": "30"},
            Allowance(100, 50, 30.0),
            Allowance(),
        ),
        (
            {"x-ratelimit-limit-requests": "-1", "x-ratelimit-remaining-tokens": "7", "x-other": "1"},
            Allowance(),
            Allowance(None, 7),
        ),
    ],
    ids=["openai", "azure", "anthropic", "openrouter", "ietf", "odd"],
)
def test_headers(headers: dict[str, str], requests: Allowance, tokens: Allowance) -> None:
    found = read(headers, NOW)
    assert found is not None
    assert (found.requests, found.tokens, found.seen_at) == (requests, tokens, NOW)


@pytest.mark.parametrize("value", ["", "many", "1e9", "9" * 30, "0x10"])
def test_nothing_that_can_be_read(value: str) -> None:
    assert read({"x-ratelimit-remaining-requests": value}, NOW) is None


@pytest.mark.anyio
async def test_answers_and_rejections_tell(server: Server, api: Api, dialect: Dialect) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.head(200, {"X-RateLimit-Remaining-Requests": "8"})
        for item in wire.events(exchange.chat, ["Hi"]):
            await exchange.send(item)

    server.script(faults.status(429, headers={"x-ratelimit-remaining-requests": "0"}), play)
    told: list[str] = []
    api.on_rate_limits = told.append
    endpoint = endpoint_at(server.url, dialect)
    result = await ask(api, endpoint)
    seen = [event.rate_limits for event in result.events if isinstance(event, AttemptEnded)]
    assert [limits and limits.requests.remaining for limits in seen] == [0, 8]
    assert api.rate_limits[endpoint.id] == seen[-1]
    assert told == [endpoint.id] * 2
