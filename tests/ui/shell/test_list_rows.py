from array import array
from collections.abc import Sequence
from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.listing import Folder, Listing, Sort
from desktop_chat.ui.conversation_list.rows import ROOT, Kind, Run, arrange, groups

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12).timestamp()  # noqa: DTZ001
DAY = 86_400.0


def listing(*days: float, pinned: int = 0, first: int = 1) -> Listing:
    """Conversations last used so many days before noon; the first ``pinned`` are pinned."""
    times = array("d", (NOON - day * DAY for day in days))
    return Listing(array("q", range(first, first + len(days))), times, pinned)


def told(runs: Sequence[Run]) -> list[str]:
    """A run a line: its name, or how many conversations, indented as its level."""
    lines = [f"{'  ' * run.level}{run.name if run.kind is not Kind.CHATS else run.length}" for run in runs]
    assert [run.start for run in runs] == [sum(r.length for r in runs[:n]) for n in range(len(runs))]
    return lines


def test_groups_by_day() -> None:
    made = groups(listing(400, 0, 0.4, 1, 5, 20, 40, 330, 400, pinned=1), Sort.USED, TODAY)
    assert [(g.name, g.end - g.start) for g in made] == [
        ("Pinned", 1),
        ("Today", 2),
        ("Yesterday", 1),
        ("Previous 7 days", 1),
        ("Previous 30 days", 1),
        ("October", 1),
        ("December 2025", 1),
        ("October 2025", 1),
    ]


def test_what_is_not_sorted_by_time_is_one_group() -> None:
    for sort, name in ((Sort.TITLE, "By title"), (Sort.COST, "By cost")):
        made = groups(listing(3, 400, 0, pinned=1), sort, TODAY)
        assert [(g.name, g.start, g.end) for g in made] == [("Pinned", 0, 1), (name, 1, 3)]
    assert groups(listing(), Sort.TITLE, TODAY) == []


def test_times_that_are_no_dates_have_a_group() -> None:
    made = groups(Listing(array("q", range(4)), array("d", [9e18, 4e12, 0.0, -9e18])), Sort.USED, TODAY)
    assert [(made[0].start, made[-1].end)] == [(0, 4)]


@given(st.lists(st.integers(0, 2_000), max_size=60), st.integers(0, 5), st.booleans())
def test_every_conversation_is_in_one_group(days: list[int], pinned: int, in_order: bool) -> None:
    listed = listing(*(sorted(days) if in_order else days), pinned=min(pinned, len(days)))
    made = groups(listed, Sort.USED, TODAY)
    assert [n for group in made for n in range(group.start, group.end)] == list(range(len(listed)))
    if in_order and pinned == 0:
        assert len({group.name for group in made}) == len(made)


class Counting(array):  # type: ignore[type-arg]
    looks = 0

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.looks += 1
        return super().__getitem__(index)


def test_grouping_looks_at_few_of_many() -> None:
    times = Counting("d", (NOON - n / 300 * DAY for n in range(100_000)))
    listed = Listing(array("q", range(100_000)), times)
    assert len(groups(listed, Sort.USED, TODAY)) > 10
    assert 0 < times.looks < 1_000


def test_without_folders_there_is_no_word_of_them() -> None:
    assert told(arrange({ROOT: listing(9, 0, 1, pinned=1)}, (), (), Sort.USED, TODAY)) == [
        *("Pinned", "1", "Today", "1", "Yesterday", "1")
    ]


def test_folders_stand_between_what_is_pinned_and_the_days_with_what_is_in_open_ones() -> None:
    folders = [
        Folder("b", "B", None, 1),
        Folder("a", "A", None, 0),
        Folder("in", "In A", "a"),
        Folder("deep", "In In A", "in"),
    ]
    listings = {ROOT: listing(0, 0, pinned=1), "a": listing(1, 2, first=7), "in": listing(), "b": listing(3)}
    runs = arrange(listings, folders, {"a", "in"}, Sort.USED, TODAY)
    assert told(runs) == [
        *("Pinned", "1", "Folders", "A", "  In A", "    In In A", "  2", "B", "Today", "1"),
    ]
    assert [run.is_open for run in runs if run.kind is Kind.FOLDER] == [True, True, False, False]
    (inside,) = (run for run in runs if run.kind is Kind.CHATS and run.level)
    assert (inside.key, inside.offset, inside.folder) == ("a", 0, folders[1])


def test_a_folder_whose_parent_is_gone_stands_at_the_top() -> None:
    assert told(arrange({ROOT: listing()}, [Folder("a", "A", "gone")], (), Sort.USED, TODAY)) == [
        *("Folders", "A")
    ]


def test_a_folder_is_open_as_soon_as_it_was_read() -> None:
    runs = arrange({ROOT: listing()}, [Folder("a", "A")], {"a"}, Sort.USED, TODAY)
    assert [run.is_open for run in runs] == [False, False]
