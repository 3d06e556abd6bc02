"""The tree: versions, the active path, and what is left when something is taken away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.conversation import Tree
from desktop_chat.domain.errors import KINDS, ChatError, RateLimited, error_from_json
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, PartKind, Role
from desktop_chat.domain.titles import LONGEST_TITLE, clean_title, title_from_words


def message(id: str, parent: str | None) -> Message:
    return Message(id, parent, Role.USER)


def test_the_path_follows_the_newest_message() -> None:
    tree = Tree([message("a", None), message("b", "a"), message("c", "b"), message("b2", "a")])
    assert [m.id for m in tree.path] == ["a", "b2"]
    assert tree.versions("b") == ["b", "b2"]
    assert tree.leaf_below("b") == "c"
    assert tree.leaf_below("a") == "b2"


def test_a_message_without_its_parent_stays_visible() -> None:
    tree = Tree([message("b", "lost")])
    assert [m.id for m in tree.path] == ["b"]


def test_a_ring_of_parents_ends() -> None:
    first, second = message("a", None), message("b", "a")
    tree = Tree([first, second])
    first.parent_id = "b"
    assert {m.id for m in tree.path} == {"a", "b"}


def test_only_a_leaf_can_be_removed() -> None:
    tree = Tree([message("a", None), message("b", "a")])
    with pytest.raises(ValueError, match="without answers"):
        tree.remove("a")
    tree.remove("b")
    assert tree.active_leaf == "a"


@given(st.lists(st.tuples(st.sampled_from(list(PartKind)), st.text(min_size=1))))
def test_streamed_text_is_kept_in_order(deltas: list[tuple[PartKind, str]]) -> None:
    answer = Message("a", None, Role.ASSISTANT)
    for kind, text in deltas:
        answer.append(kind, text)
    assert "".join(p.text for p in answer.parts) == "".join(text for _, text in deltas)
    assert all(one.kind is not two.kind for one, two in zip(answer.parts, answer.parts[1:], strict=False))


def test_ids_are_uuid_7_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(id[14] == "7" and id[19] in "89ab" for id in ids)
    assert [id[:13] for id in ids] == sorted(id[:13] for id in ids)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_every_error_survives_the_disk(kind: type[ChatError]) -> None:
    error = kind("said", 429, "code", "req_1", 2.5, "host")
    again = error_from_json(error.to_json())
    assert type(again) is kind
    assert again.to_json() == error.to_json()


def test_an_error_of_a_newer_version_is_still_an_error() -> None:
    again = error_from_json({"kind": "FromTheFuture", "message": "x", "novel": 1})
    assert type(again) is ChatError
    assert str(again) == "x"
    assert str(RateLimited("words")) == "words"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  hello\n world ", "hello world"),
        ('"Backoff with jitter."', "Backoff with jitter"),
        ("a\u202eb\u0000c\u200bd", "abcd"),
        ("# The **demo** `model`", "The demo model"),
        ("\ud800", ""),
        ("", ""),
    ],
)
def test_titles_are_one_visible_line(text: str, title: str) -> None:
    assert clean_title(text) == title


@given(st.text())
def test_a_title_is_never_too_long_and_never_hides_anything(text: str) -> None:
    for title in (clean_title(text), title_from_words(text)):
        assert len(title) <= LONGEST_TITLE
        assert title.isprintable()


def test_a_title_from_words_ends_between_words() -> None:
    assert title_from_words("one two three", 9) == "one two…"
    assert title_from_words("x" * 100, 9) == "x" * 9 + "…"


def test_what_is_read_anew_keeps_the_objects_and_shows_what_is_left() -> None:
    def messages() -> list[Message]:
        parents = {"a": None, "b": "a", "c": "b", "d": "b", "e": "d"}
        return [Message(id, parent, Role.USER) for id, parent in parents.items()]

    tree = Tree(messages())
    kept = tree["e"]
    assert not tree.adopt(Tree(messages()))
    a, _, c, _, e = messages()
    c.parent_id = e.parent_id = "a"
    assert tree.adopt(Tree([a, c, e]))
    assert [m.id for m in tree.path] == ["a", "e"]
    assert tree["e"] is kept
    assert tree.adopt(Tree([a, c]))
    assert [m.id for m in tree.path] == ["a", "c"]
    assert tree.adopt(Tree())
    assert tree.path == []
