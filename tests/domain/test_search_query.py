"""Whatever is typed is a query; what a word is holds for every script."""

import time
from dataclasses import fields
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop_chat.domain.search import Filters, Has, Query, Term
from desktop_chat.domain.search_query import MOST_TERMS, parse
from desktop_chat.domain.words import fold, is_unspaced, keys, keys_of, places, spans, words

NOW = datetime(2026, 5, 20, 15, 30).timestamp()  # noqa: DTZ001 - what a user means by a date is local

EVERYDAY = (
    *(
        "C++",
        "a-b",
        "user@x.com",
        '"',
        "'",
        "what's new?",
        "NOT",
        "AND",
        "a AND",
        "OR b",
        "NEAR(a b)",
        "(",
        ")",
    ),
    *("x*", "*", "^start", "col:value", ":", "in:", 'in:"', "50%", "a_b", "path/to/file.py", "C:\\x", "#tag"),
    *(
        "$5",
        "a+b=c",
        "{json: 1}",
        "<b>",
        "--help",
        "naïve",
        "你好",
        "\0",
        "a\0b",
        "\ud800",
        "🎉",
        " ",
        "; DROP",
    ),
)


def local(*date: int) -> float:
    return datetime(*date).timestamp()  # type: ignore[arg-type]  # noqa: DTZ001


def terms(text: str) -> list[tuple[str, bool]]:
    return [(term.text, term.is_prefix) for term in parse(text, NOW).terms]


@given(st.text(st.characters(exclude_categories=())))
@example("a" * 100_000)
@example('in:"' * 5_000)
@example("tag: is: has:x before:9999-99-99 after:99999999999y")
def test_every_text_is_a_query(text: str) -> None:
    query = parse(text, NOW)
    assert len(query.terms) <= MOST_TERMS
    for term in query.terms:
        assert keys_of(term)


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_texts_are_found_where_they_stand(text: str) -> None:
    for term in parse(text, NOW).terms:
        said = f"Before {text} behind."
        assert any(places(term, fold(said)))
        assert spans(said, [term])
        assert {key for key, _ in keys_of(term)} <= keys(said)


def test_the_last_word_is_a_prefix_until_it_is_left() -> None:
    assert terms("retry aft") == [("retry", False), ("aft", True)]
    assert terms("retry after ") == [("retry", False), ("after", False)]
    assert terms("ret* after ") == [("ret", True), ("after", False)]


def test_what_is_quoted_stands_in_a_row() -> None:
    assert terms('"retry after" header ') == [("retry after", False), ("header", False)]
    assert terms('"retry aft') == [("retry aft", True)]
    assert terms("“retry after” ") == [("retry after", False)]


def test_filters_are_understood() -> None:
    query = parse(
        'in:"My folder" IN:work tag:red tag:"two words" model:gpt-5 role:user has:image has:code is:pinned '
        "is:archived before:2026-05 after:2025-12-24 words ",
        NOW,
    )
    assert query == Query(
        (Term("words"),),
        Filters(
            ("My folder", "work"),
            ("red", "two words"),
            ("gpt-5",),
            ("user",),
            local(2026, 5, 1),
            local(2025, 12, 24),
            (Has.IMAGE, Has.CODE),
            True,
            True,
        ),
    )
    assert len(fields(Filters)) == 9


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("2026", local(2026, 1, 1)),
        ("2026-05", local(2026, 5, 1)),
        ("2026/5/3", local(2026, 5, 3)),
        ("today", local(2026, 5, 20)),
        ("yesterday", local(2026, 5, 19)),
        ("3d", local(2026, 5, 17)),
        ("2w", local(2026, 5, 6)),
    ],
)
def test_times_begin_where_people_mean(words: str, begins: float) -> None:
    assert parse(f"after:{words}", NOW).filters.after == begins


@pytest.mark.parametrize(
    "text", ["role:nobody", "has:wings", "is:late", "before:2026-13", "after:soon", "http://x", "note:this"]
)
def test_what_is_no_filter_is_words(text: str) -> None:
    assert parse(f"{text} ", NOW) == Query((Term(text),))


def test_a_filter_that_is_being_typed_hides_nothing() -> None:
    for text in ("in:", "tag: ", 'in:"', "before:"):
        assert not parse(text, NOW)


def test_case_accents_and_forms_do_not_count() -> None:
    assert fold("Ünïcode") == fold("u\u0308NICODE") == "unicode"
    assert fold("Straße") == fold("STRASSE") == "strasse"
    assert fold("ﬁne Ｗｉｄｅ") == "fine wide"
    assert fold("שָׁלוֹם") == "שלום"
    assert fold("が") != fold("か")


def test_a_word_ends_where_people_see_it_end() -> None:
    assert words(fold("snake_case, C++ and C#; it's हिन्दी")) == [
        *("snake", "case", "c++", "and", "c#", "it", "s", "हिन्दी"),
    ]


text_of_scripts = st.text(
    st.one_of(st.sampled_from("ab é-_+#"), st.sampled_from("東京タワーกรุงเทพ你好한글"), st.characters()),
    max_size=30,
)


@given(text_of_scripts, text_of_scripts, text_of_scripts)
@example("", "ㄱ㍘ก็が", "0")
def test_any_part_of_a_script_without_spaces_is_found(before: str, part: str, behind: str) -> None:
    part = "".join(each for each in part if fold(each) and all(map(is_unspaced, fold(each))))
    if part:
        term = Term(part)
        said = f"{before}{part}{behind}"
        assert {key for key, _ in keys_of(term)} <= keys(said)
        assert any(places(term, fold(said)))


@given(text_of_scripts, st.integers(0, 30), st.integers(1, 30))
def test_a_beginning_of_any_word_finds_it(said: str, number: int, length: int) -> None:
    found = words(fold(said))
    if found:
        term = Term(found[number % len(found)][:length], is_prefix=True)
        indexed = keys(said)
        for key, is_prefix in keys_of(term):
            assert key in indexed or (is_prefix and any(each.startswith(key) for each in indexed))


@given(text_of_scripts, st.integers(0, 30), st.integers(2, 4), st.booleans())
@example("hello 🎉 c++17 東京x y", 0, 4, False)
def test_words_in_a_row_are_found_as_a_phrase(said: str, number: int, count: int, is_prefix: bool) -> None:
    some = words(fold(said))[number:][:count]
    if some:
        term = Term(" ".join(some), is_prefix)
        indexed = keys(said)
        assert all(
            key in indexed or any(each.startswith(key) for each in indexed) for key, _ in keys_of(term)
        )
        assert any(places(term, fold(said)))


@given(text_of_scripts)
def test_marks_are_whole_and_apart(said: str) -> None:
    looked_for = [Term(word) for word in words(fold(said))]
    found = spans(said, looked_for)
    assert bool(found) == bool(looked_for)
    last = 0
    for start, end in found:
        assert last <= start < end <= len(said)
        last = end


def test_marks_are_in_the_text_as_it_was_written() -> None:
    said = "İstanbul: ﬁne Résumé, cafe\u0301!"
    found = spans(said, [Term("resume"), Term("cafe"), Term("fin", True)])
    assert [said[start:end] for start, end in found] == ["ﬁn", "Résumé", "cafe\u0301"]


def test_a_text_of_a_megabyte_is_no_matter_of_seconds() -> None:
    """No clock: what is quadratic would not end within the time limit of a test."""
    for piece in ("a ", "a", "你", "c++", "e\u0301", '"', "in:"):
        text = piece * 50_000
        parse(text, time.time())
        spans(text, [Term("a b"), Term("你好")])
        keys(text)
