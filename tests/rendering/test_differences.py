from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.rendering.differences import Line, compare


def side(lines: list[Line], mark: str) -> str:
    """One of both texts, put together again from what they have in common and what only it has."""
    kept = [runs for kind, runs in lines if kind in ("=", mark)]
    return "\n".join("".join(text for kind, text in runs if kind in ("=", mark)) for runs in kept)


@given(st.text("ab \n日é", max_size=60), st.text("ab \n日é", max_size=60))
def test_both_texts_can_be_read_out_of_it(old: str, new: str) -> None:
    lines = compare(old, new)
    assert (side(lines, "-"), side(lines, "+")) == (old, new)


def test_what_is_the_same_is_the_same() -> None:
    assert compare("one\ntwo", "one\ntwo") == [("=", [("=", "one")]), ("=", [("=", "two")])]


def test_a_rewritten_line_is_compared_word_by_word() -> None:
    assert compare("The quick brown fox", "The slow brown fox") == [
        ("-", [("=", "The "), ("-", "quick"), ("=", " brown fox")]),
        ("+", [("=", "The "), ("+", "slow"), ("=", " brown fox")]),
    ]


def test_a_script_without_spaces_is_compared_character_by_character() -> None:
    assert compare("私は猫が好きです", "私は犬が好きです")[1] == (
        "+",
        [("=", "私は"), ("+", "犬"), ("=", "が好きです")],
    )


def test_lines_with_little_in_common_are_whole() -> None:
    assert compare("Completely different words", "Nothing shared here at all") == [
        ("-", [("-", "Completely different words")]),
        ("+", [("+", "Nothing shared here at all")]),
    ]


def test_a_line_more_is_a_line_more() -> None:
    assert compare("a\nc", "a\nb\nc") == [("=", [("=", "a")]), ("+", [("+", "b")]), ("=", [("=", "c")])]
