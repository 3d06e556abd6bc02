"""The commands of a window as rows of the palette, found by parts of their names."""

from collections.abc import Iterable

from PySide6.QtGui import QKeySequence

from desktop_chat.ui.actions import Actions
from desktop_chat.ui.palette.rows import Marks, Row, RowKind

OWN = frozenset({"search", "commands"})
"""Commands that open the palette."""


def command_rows(actions: Actions, typed: str) -> list[Row]:
    """The commands that have every word of ``typed`` in their name or that of their menu, the best first."""
    words = typed.casefold().split()
    found: list[tuple[int, Row]] = []
    for command in actions.commands:
        action = actions[command.id]
        fit = _fit(action.text(), command.menu, words)
        if fit is None or command.id in OWN:
            continue
        row = Row(
            RowKind.COMMAND,
            action.text(),
            command.menu,
            action.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
            fit[1],
            value=action,
            is_enabled=action.isEnabled(),
            is_checked=action.isCheckable() and action.isChecked(),
        )
        found.append((fit[0], row))
    found.sort(key=lambda each: each[0])
    return [row for _cost, row in found]


def _fit(text: str, menu: str, words: Iterable[str]) -> tuple[int, Marks] | None:
    """How far a name is from what was typed, and which parts of it that marks; None where it is not meant."""
    folded, cost = text.casefold(), 0
    marks: set[int] = set()
    for word in words:
        at = folded.find(word)
        if at == 0 or (at > 0 and f" {word}" in folded):
            at = at if at == 0 else folded.index(f" {word}") + 1
            cost += at > 0
            marks.update(range(at, at + len(word)))
        elif menu.casefold().startswith(word):
            cost += 2
        elif at > 0:
            cost += 3
            marks.update(range(at, at + len(word)))
        elif letters := _scattered(folded, word):
            cost += 4 + letters[-1] - letters[0] - len(letters)
            marks.update(letters)
        else:
            return None
    return cost, _runs(marks)


def _scattered(text: str, word: str) -> list[int]:
    """Where the letters of ``word`` are in ``text``, in their order and from the begin of a word on; empty
    where they are not. One letter says nothing."""
    for start in range(len(text)) if len(word) > 1 else ():
        if text[start] != word[0] or (start and text[start - 1] != " "):
            continue
        places = [start]
        for letter in word[1:]:
            at = text.find(letter, places[-1] + 1)
            if at < 0:
                break
            places.append(at)
        if len(places) == len(word):
            return places
    return []


def _runs(places: set[int]) -> Marks:
    """Single places as pieces."""
    runs: list[tuple[int, int]] = []
    for place in sorted(places):
        if runs and runs[-1][1] == place:
            runs[-1] = runs[-1][0], place + 1
        else:
            runs.append((place, place + 1))
    return tuple(runs)
