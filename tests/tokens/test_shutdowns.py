"""When models end, and what takes their place."""

from datetime import date

import pytest

from desktop_chat.domain.model import Model
from desktop_chat.tokens.shutdowns import Shutdown, shutdown_of, successor

TODAY = date(2026, 11, 21)
OFFERED = [
    Model(name)
    for name in (
        *("gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini"),
        *("gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5-pro", "gpt-5.1", "gpt-5.2", "gpt-5.2-pro"),
        *("gpt-5.2-codex", "gpt-5.3-codex", "gpt-5.4", "gpt-5.4-2026-03-05", "gpt-5.4-mini", "gpt-5.4-nano"),
        *("gpt-5.4-mini-2026-03-17", "gpt-5.5", "gpt-5.5-2026-04-23", "gpt-5.5-pro", "o3", "o4-mini"),
        *("gpt-5.6-sol", "gpt-5.6-luna", "gpt-6-sol", "gpt-6.1-sol", "gpt-6-luna", "llama-3.3-70b"),
    )
]


def test_what_openai_announced() -> None:
    assert shutdown_of("gpt-5") == Shutdown(date(2026, 12, 11))
    assert shutdown_of("GPT-4o-2024-05-13") == Shutdown(date(2026, 10, 23))
    assert shutdown_of("gpt-4o-2024-08-06") == shutdown_of("gpt-4o") == Shutdown(date(2027, 1, 14))
    assert shutdown_of("gpt-5.5") is None
    assert shutdown_of("") is None


def test_an_end_may_be_told_in_a_sentence() -> None:
    told = shutdown_of("dall-e-3")
    assert told == Shutdown(date(2026, 5, 12), "This model was retired on May 12, 2026.")
    without = shutdown_of("gpt-5.1-mini")
    assert without is not None
    assert without.on is None
    assert without.sentence.startswith("Not a supported model ID.")


def test_what_the_endpoint_says_comes_first() -> None:
    assert shutdown_of(Model("gpt-5", shuts_down=date(2028, 1, 1))) == Shutdown(date(2028, 1, 1))
    assert shutdown_of(Model("own-model", shuts_down=date(2028, 1, 1))) == Shutdown(date(2028, 1, 1))
    assert shutdown_of(Model("gpt-5")) == Shutdown(date(2026, 12, 11))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-5", "gpt-5.5"),
        ("gpt-5-2025-08-07", "gpt-5.5"),
        ("gpt-4o", "gpt-5.5"),
        ("chatgpt-4o-latest", "gpt-5.5"),
        ("gpt-4-turbo-2024-04-09", "gpt-5.5"),
        ("gpt-4-0613", "gpt-5.5"),
        ("gpt-3.5-turbo-16k", "gpt-5.5"),
        ("o3", "gpt-5.5"),
        ("gpt-5-mini", "gpt-5.4-mini"),
        ("o4-mini", "gpt-5.4-mini"),
        ("gpt-5-pro", "gpt-5.5-pro"),
        ("gpt-5.1-codex", "gpt-5.3-codex"),
        ("gpt-5.6-luna", "gpt-6-luna"),
        ("gpt-5.6-sol", "gpt-6.1-sol"),
        # The only other one ends within a year, or is older, or is not known.
        ("gpt-5-nano", None),
        ("gpt-5.5", None),
        ("llama-4-70b", None),
        ("llama-3.1-70b", "llama-3.3-70b"),
        ("davinci", None),
    ],
)
def test_the_newest_of_the_same_kind_that_lasts_takes_its_place(model: str, expected: str | None) -> None:
    assert successor(model, OFFERED, TODAY) == expected


def test_only_what_the_endpoint_offers_and_what_holds_conversations_can() -> None:
    assert successor("gpt-5", [], TODAY) is None
    assert successor("gpt-5", [Model("gpt-5"), Model("gpt-5.5", chats=False)], TODAY) is None
    ends = Model("gpt-5.5", shuts_down=date(2027, 11, 21))
    lasts = Model("gpt-5.5", shuts_down=date(2027, 11, 22))
    assert successor("gpt-5", [ends, Model("gpt-5.2")], TODAY) == "gpt-5.2"
    assert successor("gpt-5", [lasts, Model("gpt-5.2")], TODAY) == "gpt-5.5"
    assert successor("vendor/gpt-5", [Model("gpt-5.5")], TODAY) is None
    assert successor("vendor/gpt-5", [Model("vendor/gpt-5.5")], TODAY) == "vendor/gpt-5.5"


def test_a_dated_version_is_offered_only_where_its_name_alone_is_not() -> None:
    dated = Model("gpt-5.4-2026-03-05")
    assert successor("gpt-5", [dated, Model("gpt-5.4")], TODAY) == "gpt-5.4"
    assert successor("gpt-5", [dated, Model("gpt-5.2")], TODAY) == "gpt-5.4-2026-03-05"
    assert successor("gpt-5.4", [dated], TODAY) is None
    assert successor("gpt-5.4-preview", [Model("gpt-5.4")], TODAY) is None
    assert successor("gpt-5.4-2026-03-05", [dated, Model("gpt-5.4")], TODAY) == "gpt-5.4"
