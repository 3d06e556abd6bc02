"""Days as servers and lists tell them."""

from datetime import date

import pytest

from desktop_chat.domain.model import day_of

DAY = date(2026, 10, 23)


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-23",
        "2026-10-23T12:00:00Z",
        "It ends on 2026-10-23.",
        "GPT Image 1 was shut down on October 23, 2026.",
        "Retired Oct. 23rd 2026",
        "gone from 23 October 2026 on",
        "Version 12 abc 2026 ended on October 23, 2026.",
        1792713600,
        1792713600.5,
    ],
)
def test_a_day_is_read(value: object) -> None:
    assert day_of(value) == DAY


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "2026-13-45",
        "Smarch 13, 2026",
        "Not a supported model ID.",
        0,
        5,
        True,
        1e300,
        [DAY],
        {},
    ],
)
def test_what_names_no_day_is_none(value: object) -> None:
    assert day_of(value) is None
