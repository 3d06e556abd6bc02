"""The filters of a search: which there are, and what they can be completed to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from desktop_chat.domain.search import Has
from desktop_chat.ui.palette.rows import Row, RowKind

MOST = 6
"""Completions that are offered at once."""


@dataclass(frozen=True, slots=True)
class Filter:
    """``example`` is what may stand behind the name, ``words`` what that finds."""

    name: str
    example: str
    words: str


FILTERS = (
    Filter("in", "folder", "Chats in a folder"),
    Filter("tag", "name", "Chats with a tag"),
    Filter("model", "name", "Answers of a model"),
    Filter("role", "user", "What you wrote, or assistant for answers"),
    Filter("after", "2026-05", "From a year, month or day on, or so long ago as 3d, 2w, 6m or 1y"),
    Filter("before", "2026-05", "Before a year, month or day, or longer ago"),
    Filter("has", "image", "Messages with an image, file or code"),
    Filter("is", "pinned", "Pinned or archived chats"),
)
FIXED: Mapping[str, Sequence[str]] = {
    "role": ("user", "assistant"),
    "has": tuple(Has),
    "is": ("pinned", "archived"),
}
"""What the values of some filters can be; those of others are the user's own names."""

_NAMES = "|".join(each.name for each in FILTERS)
_AT_END = re.compile(rf'(?:^|(?<=\s))({_NAMES}):("?)((?:(?<=")[^"]*|[^\s"]*))$', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Completion:
    """What becomes of the text that is typed, and where the caret is then."""

    text: str
    caret: int


def example_rows() -> list[Row]:
    """Every filter with an example, for who has typed nothing yet."""
    return [
        Row(
            RowKind.FILTER,
            f"{each.name}:{each.example}",
            each.words,
            value=Completion(f"{each.name}:", len(each.name) + 1),
        )
        for each in FILTERS
    ]


def completions(
    text: str, caret: int, names: Mapping[str, Sequence[str]], today: date
) -> tuple[list[Row], bool]:
    """What the filter before the caret can be completed to, and whether what is typed of it is whole.

    ``names`` are the user's own: of folders (``in``), tags and models.
    """
    found = _AT_END.search(text[:caret])
    if found is None:
        return [], True
    name, typed = found[1].lower(), found[3].casefold()
    values = [
        *names.get(name, ()),
        *FIXED.get(name, ()),
        *(_days(today) if name in ("before", "after") else ()),
    ]
    fitting = [value for value in dict.fromkeys(values) if typed in value.casefold()]
    fitting.sort(key=lambda value: not value.casefold().startswith(typed))
    is_whole = any(value.casefold() == typed for value in fitting)
    words = next(each.words for each in FILTERS if each.name == name)
    rows = []
    for value in fitting[:MOST]:
        if value.casefold() == typed:
            continue
        whole = f'{name}:"{value}" ' if re.search(r"\s", value) else f"{name}:{value} "
        begin = text[: found.start()] + whole
        at = len(name) + 1 + value.casefold().index(typed)
        marks = ((at, at + len(typed)),) if typed else ()
        made = Completion(begin + text[caret:].lstrip(), len(begin))
        rows.append(Row(RowKind.FILTER, f"{name}:{value}", words, marks=marks, value=made))
    return rows, is_whole or not values


def _days(today: date) -> list[str]:
    return ["today", "yesterday", "1w", "1m", today.strftime("%Y-%m"), str(today.year)]
