"""Prices: those of genai-prices to the last digit, by the endpoint's address, and fetched ones."""

import dataclasses
import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider
from genai_prices.types import Usage as TheirUsage
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.endpoint import DEMO_ENDPOINT, OPENAI_BASE_URL, Dialect, Endpoint, EndpointKind
from desktop_chat.domain.prices import PriceSheet, Rates, cost
from desktop_chat.domain.usage import Usage
from desktop_chat.tokens import Tokens, sheets
from desktop_chat.tokens.plain import from_plain, to_plain

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIERS = {
    None: None,
    "default": {"service_tier": "default"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast"},
    "batch": {"processing": "batch"},
}


def endpoint(url: str = OPENAI_BASE_URL, kind: EndpointKind = EndpointKind.OPENAI) -> Endpoint:
    return Endpoint("e", "E", kind, url, Dialect.RESPONSES)


def priced() -> Iterator[tuple[Provider, ModelInfo, PriceSheet]]:
    """All models that have a sheet."""
    book = sheets.book("")
    for provider in get_snapshot().providers:
        for model in provider.models:
            rates, tiers = sheets._sheet(model, provider, NOW)
            if rates:
                yield provider, model, PriceSheet(model.id, rates, tiers, None, book.source, book.as_of)


PRICED = list(priced())
COUNT = st.integers(0, 2_000_000)


def theirs(provider: Provider, model: ModelInfo, usage: Usage, tier: str | None) -> Decimal:
    given = TheirUsage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.cache_write,
    )
    return model.calc_price(
        given, provider, genai_request_timestamp=NOW, price_context=TIERS[tier]
    ).total_price


@given(
    st.sampled_from(PRICED),
    st.sampled_from(list(TIERS)),
    COUNT,
    COUNT,
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(-1, 1),
)
def test_a_sheet_costs_what_genai_prices_says(
    found: tuple[Provider, ModelInfo, PriceSheet],
    tier: str | None,
    given: int,
    output: int,
    cached: float,
    written: float,
    off: int,
) -> None:
    provider, model, sheet = found
    edges = [rates.above + off for rates in sheet.rates if rates.above]
    for total in (given, *edges):
        read = int(total * cached)
        usage = Usage(total, output, read, output // 2, int((total - read) * written))
        assert cost(sheet, usage, tier) == theirs(provider, model, usage, tier)


def test_every_model_costs_what_genai_prices_says() -> None:
    """Once each, in every tier: the long form would be too many examples to draw."""
    assert len(PRICED) > 2000
    assert sum(provider.id == "openai" for provider, _, _ in PRICED) > 90
    for provider, model, sheet in PRICED:
        for usage in (Usage(1000, 300, 400, 100, 200), Usage(300_001, 5_000, 100_000, 0, 50_000)):
            for tier in TIERS:
                expected = theirs(provider, model, usage, tier)
                assert cost(sheet, usage, tier) == expected, (provider.id, model.id, tier)


def test_sheets_pass_between_processes_as_they_are() -> None:
    for _, _, sheet in PRICED:
        assert from_plain(json.loads(json.dumps(to_plain(sheet)))) == sheet


@pytest.mark.anyio
async def test_an_older_model_shares_its_window_with_the_answer(tokens: Tokens) -> None:
    sheet = await tokens.sheet(endpoint(), "gpt-4o")
    assert sheet is not None
    assert (sheet.context_window, sheet.has_room_for_answer) == (128_000, False)


@pytest.mark.anyio
async def test_a_model_of_openai(tokens: Tokens) -> None:
    at = endpoint()
    assert tokens.known_sheet(at, "gpt-5.4") is None
    sheet = await tokens.sheet(at, "gpt-5.4")
    assert sheet is not None
    assert sheet.rates[0] == Rates(Decimal("2.5"), Decimal(15), Decimal("0.25"))
    assert (sheet.rates[1].above, sheet.rates[1].input) == (272_000, Decimal(5))
    assert sheet.tiers["batch"][0].input == sheet.tiers["flex"][0].input == Decimal("1.25")
    assert sheet.tiers.keys() == {"flex", "priority", "fast", "batch"}
    assert (sheet.context_window, sheet.has_room_for_answer) == (922_000, True)
    assert (sheet.source, sheet.as_of) == ("genai-prices 0.2.3", "2026-11-10")
    assert tokens.known_sheet(at, "gpt-5.4") == sheet
    assert await tokens.sheet(at, "gpt-5.4-2026-03-05") == dataclasses.replace(
        sheet, model="gpt-5.4-2026-03-05"
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("at", "model"),
    [
        (endpoint("http://127.0.0.1:11434/v1", EndpointKind.COMPATIBLE), "gpt-5.4"),
        (endpoint("https://gateway.example/openai/v1", EndpointKind.COMPATIBLE), "gpt-5.4"),
        (endpoint(), "no-such-model"),
        (endpoint(), "text-embedding-3-large"),
        (endpoint(), "omni-moderation-latest"),
        (endpoint(), "whisper-1"),
        # A request to it costs more than its tokens.
        (endpoint("https://api.perplexity.ai", EndpointKind.COMPATIBLE), "sonar-pro"),
    ],
)
async def test_what_nobody_knows_is_unknown_and_never_free(tokens: Tokens, at: Endpoint, model: str) -> None:
    assert await tokens.sheet(at, model) is None
    assert tokens.known_sheet(at, model) is None


@pytest.mark.anyio
async def test_the_address_tells_whose_price_it_is(tokens: Tokens) -> None:
    router = endpoint("https://openrouter.ai/api/v1", EndpointKind.COMPATIBLE)
    groq = endpoint("https://api.groq.com/openai/v1", EndpointKind.COMPATIBLE)
    name = "openai/gpt-oss-120b"
    prices = [await tokens.sheet(at, name) for at in (router, groq)]
    assert prices[0] is not None
    assert prices[1] is not None
    assert prices[0].rates != prices[1].rates


@pytest.mark.anyio
async def test_azure_offers_the_models_of_openai(tokens: Tokens) -> None:
    at = endpoint("https://mine.openai.azure.com/openai/v1", EndpointKind.AZURE)
    behind = endpoint("https://gateway.example", EndpointKind.AZURE)
    sheet = await tokens.sheet(at, "gpt-5.4")
    assert sheet is not None
    assert sheet.rates[0].input == Decimal("2.5")
    assert await tokens.sheet(behind, "gpt-5.4") == sheet


@pytest.mark.anyio
async def test_the_demo_model_is_free(tokens: Tokens, profile: Path) -> None:
    sheet = await tokens.sheet(DEMO_ENDPOINT, "demo")
    assert sheet is not None
    assert cost(sheet, Usage(1000, 1000)) == 0
    assert tokens.known_sheet(DEMO_ENDPOINT, "demo") == sheet


def test_prices_hold_from_their_day_and_at_their_hour() -> None:
    """o3 became cheaper on a day of 2025, and DeepSeek is cheaper at some hours."""
    book = sheets.book("")

    def price(url: str, model: str, at: datetime) -> Decimal:
        sheet = sheets.price_sheet(book, url, False, model, at)
        assert sheet is not None
        return sheet.rates[0].input

    assert price(OPENAI_BASE_URL, "o3", datetime(2025, 6, 1, tzinfo=UTC)) == 10
    assert price(OPENAI_BASE_URL, "o3", NOW) == 2
    day, night = (
        price("https://api.deepseek.com/v1", "deepseek-reasoner", NOW.replace(hour=hour)) for hour in (3, 20)
    )
    assert (day, night) == (Decimal("0.55"), Decimal("0.135"))


# Fetched ones


def write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def document(price: str = "123.5", **others: Any) -> bytes:
    """A list of prices as genai-prices publishes it, with one model of OpenAI."""
    model = {
        "id": "gpt-9",
        "match": {"starts_with": "gpt-9"},
        "context_window": 9000,
        "prices": {"input_mtok": price, "output_mtok": {"base": 2, "tiers": [{"start": 100, "price": 4}]}},
        **others,
    }
    provider = {
        "id": "openai",
        "name": "OpenAI",
        "api_pattern": "https://api\\.openai\\.com",
        "models": [model],
    }
    return json.dumps([provider]).encode()


@pytest.mark.anyio
async def test_fetched_prices_are_kept_and_used_from_then_on(tokens: Tokens, profile: Path) -> None:
    assert (await tokens.info()).source == "genai-prices 0.2.3"
    assert await tokens.sheet(endpoint(), "gpt-9") is None
    info = await tokens.refresh(document())
    today = datetime.now(UTC).date().isoformat()
    assert (info.source, info.as_of, info.models, info.problem) == ("genai-prices, fetched", today, 1, "")
    sheet = await tokens.sheet(endpoint(), "gpt-9-mini")
    assert sheet is not None
    assert sheet.rates == (
        Rates(Decimal("123.5"), Decimal(2)),
        Rates(Decimal("123.5"), Decimal(4), above=100),
    )
    assert (sheet.context_window, sheet.as_of) == (9000, today)
    again = Tokens(prices=profile)
    try:
        assert await again.sheet(endpoint(), "gpt-9-mini") == sheet
    finally:
        again.close()
    assert [file.name for file in profile.parent.iterdir()] == ["prices.json"]
    await tokens.refresh(document("7"))
    newer = await tokens.sheet(endpoint(), "gpt-9")
    assert newer is not None
    assert newer.rates[0].input == 7


@pytest.mark.anyio
@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"null",
        b"[1]",
        b"[" * 100_000,
        b'[{"id": "openai"}]',
        b'[{"id": "openai", "name": "OpenAI", "api_pattern": ".", "models": []}]',
        document("-1"),
        document("NaN"),
        document("free"),
        document(prices={"input_mtok": {"base": 1, "tiers": [{"start": 5, "price": -2}]}, "output_mtok": 1}),
        document(match={"by_magic": "x"}),
        document()[:-20],
        document() + b"}",
        b"\xff\xfe",
    ],
)
async def test_what_is_no_list_of_prices_changes_nothing(
    tokens: Tokens, profile: Path, broken: bytes
) -> None:
    before = await tokens.info()
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        await tokens.refresh(broken)
    assert await tokens.info() == before
    assert list(profile.parent.iterdir()) == []


@pytest.mark.anyio
@pytest.mark.parametrize("broken", [b"", b"{}", b"[]", b"\0" * 100, b'{"fetched": "soon", "providers": []}'])
async def test_a_broken_file_is_told_and_the_programs_own_prices_hold(
    tokens: Tokens, profile: Path, broken: bytes
) -> None:
    own = await tokens.info()
    write(profile, broken)
    info = await tokens.info()
    assert dataclasses.replace(info, problem="") == own
    assert "cannot be used" in info.problem
    sheet = await tokens.sheet(endpoint(), "gpt-5.4")
    assert sheet is not None
    assert (await tokens.refresh(document())).problem == ""


@pytest.mark.anyio
async def test_fetched_prices_that_are_older_than_the_programs_are_not_used(
    tokens: Tokens, profile: Path
) -> None:
    write(profile, b'{"fetched": "2026-11-09", "providers": %s}' % document())
    assert (await tokens.info()).source == "genai-prices 0.2.3"
    write(profile, b'{"fetched": "2026-11-10", "providers": %s}' % document())
    assert (await tokens.info()).source == "genai-prices, fetched"


@pytest.mark.anyio
async def test_a_sheet_is_asked_for_again_after_a_while(
    tokens: Tokens, profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prices change at hours and on days while the program runs."""
    assert await tokens.sheet(endpoint(), "gpt-9") is None
    today = datetime.now(UTC).date().isoformat().encode()
    write(profile, b'{"fetched": "%s", "providers": %s}' % (today, document()))
    assert await tokens.sheet(endpoint(), "gpt-9") is None
    monkeypatch.setattr("desktop_chat.tokens._HELD", 0.0)
    assert await tokens.sheet(endpoint(), "gpt-9") is not None


@pytest.mark.anyio
async def test_what_cannot_be_kept_is_said(tokens: Tokens, worker: object, tmp_path: Path) -> None:
    nowhere = Tokens(prices=tmp_path / "missing" / "prices.json")
    with pytest.raises(OSError):
        await nowhere.refresh(document())
    nowhere.close()


def raw(value: Any) -> Any:
    """The library's own data as it is published: its types by the names of their fields."""
    if isinstance(value, ModelPrice):
        return {name: raw(price) for name, price in vars(value).items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name.rstrip("_"): getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: raw(held) for name, held in fields.items() if held is not None and name != "extractors"}
    if isinstance(value, list):
        return [raw(item) for item in value]
    return str(value) if isinstance(value, Decimal | date | time) else value


@pytest.mark.anyio
async def test_all_that_the_library_has_can_be_fetched(tokens: Tokens, profile: Path) -> None:
    before = await tokens.info()
    info = await tokens.refresh(json.dumps(raw(get_snapshot().providers)).encode())
    assert (info.models, info.source, info.problem) == (before.models, "genai-prices, fetched", "")
    fetched = sheets.book(str(profile)).snapshot
    found = [
        sheets._sheet(model, provider, NOW) for provider in fetched.providers for model in provider.models
    ]
    assert [rates for rates in found if rates[0]] == [(sheet.rates, sheet.tiers) for _, _, sheet in PRICED]


def test_the_day_of_the_bundled_prices_is_that_of_the_locked_release() -> None:
    lock = tomllib.loads((Path(__file__).parents[2] / "uv.lock").read_text("utf-8"))
    (locked,) = [package for package in lock["package"] if package["name"] == "genai-prices"]
    assert locked["version"] == genai_prices.__version__
    assert locked["sdist"]["upload-time"].startswith(sheets._RELEASED[locked["version"]])


def test_a_release_whose_day_is_not_known_is_as_old_as_its_newest_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheets, "_RELEASED", {})
    sheets._bundled.cache_clear()
    try:
        as_of = datetime.fromisoformat(sheets.book("").as_of).replace(tzinfo=UTC)
    finally:
        sheets._bundled.cache_clear()
    assert NOW - timedelta(days=200) < as_of < datetime.now(UTC)
