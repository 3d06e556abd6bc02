"""The published worked examples, to the token; those that need an encoding are in tests/tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.counting import (
    FRAME,
    UNSEEN,
    approximate,
    encoding_of,
    image_tokens,
    message_tokens,
    patches,
    read_size,
    request_tokens,
    tools_texts,
    tools_tokens,
)
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4o", ("o200k_base", True)),
        ("gpt-4o-mini-2024-07-18", ("o200k_base", True)),
        ("GPT-4.1-nano", ("o200k_base", True)),
        ("gpt-5.4-mini", ("o200k_base", True)),
        ("o1-pro", ("o200k_base", True)),
        ("o3", ("o200k_base", True)),
        ("o4-mini", ("o200k_base", True)),
        ("chatgpt-4o-latest", ("o200k_base", True)),
        ("gpt-oss-120b", ("o200k_base", True)),
        ("openai/gpt-4o", ("o200k_base", True)),
        ("ft:gpt-4o-mini:org::id", ("o200k_base", True)),
        ("gpt-4", ("cl100k_base", True)),
        ("gpt-4-turbo-2024-04-09", ("cl100k_base", True)),
        ("gpt-3.5-turbo-0125", ("cl100k_base", True)),
        ("gpt-35-turbo", ("cl100k_base", True)),
        ("ft:gpt-4-0613:org::id", ("cl100k_base", True)),
        ("gpt-6-sol", ("o200k_base", False)),
        ("gpt-50", ("o200k_base", False)),
        ("gpt-4.9", ("o200k_base", False)),
        ("o30", ("o200k_base", False)),
        ("llama-3.3-70b", ("o200k_base", False)),
        ("somebody/gpt-4-like", ("o200k_base", False)),
        ("", ("o200k_base", False)),
    ],
)
def test_a_model_is_counted_in_the_encoding_of_its_family(model: str, expected: tuple[str, bool]) -> None:
    assert encoding_of(model) == expected


def test_four_characters_are_about_a_token() -> None:
    assert [approximate("x" * length) for length in (0, 1, 4, 5, 400)] == [0, 1, 1, 2, 100]


@pytest.mark.parametrize(
    ("model", "size", "detail", "expected"),
    [
        # "Calculating costs" of the guide as it was for gpt-4o.
        ("gpt-4o", (1024, 1024), "high", 765),
        ("gpt-4o", (2048, 4096), "high", 1105),
        ("gpt-4o", (4096, 8192), "low", 85),
        # The same as it is: "for gpt-5.4 with detail: high".
        ("gpt-5.4", (1024, 1024), "high", 1229),
        ("gpt-5.4", (2048, 2048), "high", 3000),
        # By its formulas and tables.
        ("gpt-4o-mini", (1024, 1024), "auto", 2833 + 4 * 5667),
        ("gpt-4.1", (512, 512), "auto", 85 + 170),
        ("o3-2025-04-16", (1024, 1024), "auto", 75 + 4 * 150),
        ("gpt-5.1", (1024, 1024), "auto", 70 + 4 * 140),
        ("gpt-5", (4000, 200), "low", 70),
        ("gpt-4.1-mini", (1024, 1024), "auto", 1659),
        ("gpt-4.1-nano", (1024, 1024), "auto", 2520),
        ("o4-mini", (1024, 1024), "low", 1762),
        ("gpt-5-mini", (1024, 1024), "auto", 1229),
        ("gpt-5-nano", (1024, 1024), "auto", 1536),
        ("gpt-5.4-nano", (2048, 2048), "auto", 3000),
        ("gpt-5.4", (2048, 2048), "low", 4916),
        ("gpt-5.5", (3200, 3200), "auto", 12_000),
        ("gpt-5.5", (1024, 1024), "low", 308),
        ("gpt-6.1-sol", (3200, 3200), "auto", 12_000),
        ("gpt-6.1-sol", (6400, 6400), "auto", 48_000),
        ("gpt-6.1-sol", (6400, 6400), "high", 3000),
        ("llava", (1024, 1024), "auto", 765),
        ("gpt-4o", (0, 300), "auto", image_tokens("gpt-4o", *UNSEEN)),
    ],
)
def test_images(model: str, size: tuple[int, int], detail: str, expected: int) -> None:
    assert image_tokens(model, *size, detail) == expected


def test_patches_are_scaled_into_their_budget() -> None:
    """The examples of the guide for a budget of 1,536 patches, before the multiplier."""
    assert patches(1024, 1024, 2048, 1536) == 1024
    assert patches(1800, 2400, 2048, 1536) == 1452
    assert patches(1800, 2400, 65_535, 1536) == 1452


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from(["low", "high", "auto"]))
def test_no_image_takes_more_than_its_limits(width: int, height: int, detail: str) -> None:
    for budget in (1536, 2500, 10_000):
        assert 1 <= patches(width, height, 6000, budget) <= budget
    assert 85 <= image_tokens("gpt-4o", width, height, detail) <= 85 + 8 * 170
    assert 1 <= image_tokens("o4-mini", width, height, detail) <= 2642


@given(
    st.sampled_from(["gpt-4o", "gpt-4.1-mini", "gpt-5", "gpt-5.4", "gpt-5.6", "o4-mini"]),
    st.integers(1, 9000),
    st.integers(1, 9000),
    st.sampled_from(["low", "high", "auto", "original"]),
)
def test_an_image_scaled_to_what_is_read_takes_the_same(
    model: str, width: int, height: int, detail: str
) -> None:
    scaled = read_size(model, width, height, detail)
    assert image_tokens(model, *scaled, detail) == image_tokens(model, width, height, detail)


@pytest.mark.parametrize(
    ("model", "detail", "expected"),
    [
        ("gpt-4o", "auto", (1024, 768)),
        ("gpt-4o", "low", (512, 384)),
        ("gpt-5.4", "original", (3669, 2752)),
        ("llava", "auto", (2048, 1536)),
    ],
)
def test_what_is_read_of_a_photo(model: str, detail: str, expected: tuple[int, int]) -> None:
    assert read_size(model, 4000, 3000, detail) == expected
    assert read_size(model, 40, 30, detail) == (40, 30), "nothing is enlarged"


def test_a_message_takes_its_text_its_frame_and_the_images_that_the_user_sent() -> None:
    picture = Part(PartKind.IMAGE, name="a.png", data=Attachment("hash", "image/png", 9, 1024, 1024))
    mine = Message("1", None, Role.USER, [Part(PartKind.TEXT, "What is this?"), picture, picture])
    theirs = Message("2", "1", Role.ASSISTANT, [Part(PartKind.TEXT, "A cat."), picture])
    assert message_tokens("gpt-4o", mine, 4) == 4 + 4 + 2 * 765
    assert message_tokens("gpt-4o", theirs, 3) == 4 + 3


def test_a_request_takes_its_messages_and_what_is_around_them() -> None:
    assert request_tokens(100) == 100 + FRAME
    assert request_tokens(100, system_tokens=10, tools=50) == 100 + 4 + 10 + 50 + FRAME


def test_functions_of_both_dialects_count_alike_and_other_tools_not_at_all() -> None:
    function = {"name": "now", "description": "What time it is.", "parameters": {"type": "object"}}
    chat = [{"type": "function", "function": function}]
    responses = [{"type": "function", **function}, {"type": "web_search"}]
    assert tools_texts(chat) == tools_texts(responses) == ["now:What time it is"]
    assert tools_tokens("gpt-4o", chat, 5) == tools_tokens("gpt-4o", responses, 5) == 5 + 7 + 12
    assert tools_tokens("gpt-4o", [{"type": "web_search"}], 0) == 0
    assert tools_tokens("gpt-4o", [], 0) == 0
    assert tools_tokens("gpt-4o", [{"type": "function", "name": "f", "parameters": None}], 2) == 2 + 7 + 12
