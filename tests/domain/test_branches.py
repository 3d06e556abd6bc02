from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.branches import branches
from desktop_chat.domain.conversation import Tree
from desktop_chat.domain.message import Message, Role


def tree(*places: tuple[str, str | None], leaf: str | None = None) -> Tree:
    return Tree([Message(id, parent, Role.USER) for id, parent in places], leaf)


def shape(tree: Tree) -> list[str]:
    """Each row: indented, its ends, its length, its version; ``*`` where it is shown, ``/`` off a line."""
    return [
        f"{'  ' * b.depth}{'/' if b.is_side else ''}{b.first}-{b.last} {b.length} {b.version}/{b.versions}"
        f"{'*' if b.is_active else ''}{' …' if b.goes_on else ''}"
        for b in branches(tree)
    ]


def test_a_chat_without_messages_has_none() -> None:
    assert shape(tree()) == []


def test_a_chat_without_versions_is_one() -> None:
    assert shape(tree(("a", None), ("b", "a"), ("c", "b"))) == ["a-c 3 1/1*"]


def test_the_shown_version_goes_on_in_the_line_and_others_leave_it() -> None:
    chat = tree(("a", None), ("b1", "a"), ("c", "b1"), ("b2", "a"), ("b3", "a"), leaf="c")
    assert shape(chat) == ["a-a 1 1/1* …", "  /b2-b2 1 2/3", "  /b3-b3 1 3/3", "b1-c 2 1/3*"]


def test_where_none_is_shown_the_newest_goes_on() -> None:
    chat = tree(("a", None), ("b1", "a"), ("b2", "a"), ("c1", "b1"), ("c2", "b1"), leaf="b2")
    assert shape(chat) == [
        "a-a 1 1/1* …",
        "  /b1-b1 1 1/2 …",
        "    /c1-c1 1 1/2",
        "  c2-c2 1 2/2",
        "b2-b2 1 2/2*",
    ]


def test_other_beginnings_stand_beside_each_other() -> None:
    chat = tree(("a1", None), ("b", "a1"), ("a2", None), leaf="a2")
    assert shape(chat) == ["a1-b 2 1/2", "a2-a2 1 2/2*"]


def test_versions_at_every_turn_do_not_go_deeper() -> None:
    places = [("m0", None)]
    for number in range(1, 3_000):
        places += [(f"x{number}", f"m{number - 1}"), (f"m{number}", f"m{number - 1}")]
    found = branches(tree(*places))
    assert max(branch.depth for branch in found) == 1
    assert len(found) == 2 * 2_999 + 1


@given(st.lists(st.integers(0, 30), max_size=40), st.data())
def test_every_message_is_in_one_branch(parents: list[int], data: st.DataObject) -> None:
    places = [(str(n), str(parent % n) if n and parent % 3 else None) for n, parent in enumerate(parents)]
    leaf = data.draw(st.sampled_from([id for id, _ in places])) if places else None
    chat = tree(*places, leaf=leaf)
    found = branches(chat)
    seen = [message.id for b in found for message in _messages(chat, b.first, b.last)]
    assert sorted(seen) == sorted(id for id, _ in places)
    assert [b.length for b in found] == [len(_messages(chat, b.first, b.last)) for b in found]
    assert {b.first for b in found if b.is_active} <= {message.id for message in chat.path}


def _messages(chat: Tree, first: str, last: str) -> list[Message]:
    path = chat.path_to(last)
    return path[[message.id for message in path].index(first) :]
