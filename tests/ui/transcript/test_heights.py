import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.ui.transcript.heights import Heights

values = st.lists(st.integers(0, 50), max_size=40)


@given(values, values, st.data())
def test_sums_are_those_of_a_plain_list(start: list[int], more: list[int], data: st.DataObject) -> None:
    heights, plain = Heights(start), list(start)
    for value in more:
        heights.append(value)
        plain.append(value)
    for _ in range(3):
        if plain:
            index = data.draw(st.integers(0, len(plain) - 1))
            plain[index] = heights[index] = data.draw(st.integers(0, 50))
        length = data.draw(st.integers(0, len(plain) + 2))
        heights.truncate(length)
        del plain[length:]
        heights.append(7)
        plain.append(7)
    assert heights.total == sum(plain)
    assert [heights.before(i) for i in range(len(plain) + 1)] == [
        sum(plain[:i]) for i in range(len(plain) + 1)
    ]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.data())
def test_find_gives_what_covers_a_place(plain: list[int], data: st.DataObject) -> None:
    heights = Heights(plain)
    y = data.draw(st.integers(0, sum(plain) - 1))
    index = heights.find(y)
    assert heights.before(index) <= y < heights.before(index + 1)


def test_find_outside_gives_the_nearest() -> None:
    heights = Heights([10, 20])
    assert (heights.find(-5), heights.find(500)) == (0, 1)


def test_find_in_nothing() -> None:
    with pytest.raises(IndexError):
        Heights().find(0)
