"""A conversation that goes on from a message of another has copies of all that it refers to."""

from desktop_chat.domain.context import ContextSettings, Summary
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.forking import forked
from desktop_chat.domain.message import Message, Part, PartKind, Role, State

PATH = [
    Message("q", None, Role.USER, [Part(PartKind.TEXT, "One")]),
    Message("a", "q", Role.ASSISTANT, [Part(PartKind.TEXT, "Two")], State.STREAMING),
]


def test_what_is_pinned_left_out_and_summed_up_stays_so() -> None:
    context = ContextSettings(
        pinned=frozenset({"q", "later"}), left_out=frozenset({"a"}), summary=Summary("So far", "a", "m")
    )
    source = Conversation(
        "c", "Title", context=context, pinned=True, archived=True, unread=True, folder="f", seq=7
    )
    fork, (question, answer) = forked(source, PATH, 5.0)
    assert len({"c", "q", "a", fork.id, question.id, answer.id}) == 6
    assert (question.parent_id, answer.parent_id, fork.active_leaf) == (None, question.id, answer.id)
    assert fork.context == ContextSettings(
        pinned=frozenset({question.id}),
        left_out=frozenset({answer.id}),
        summary=Summary("So far", answer.id, "m"),
    )
    assert (fork.title, fork.origin, fork.folder, fork.created_at) == ("Title (fork)", "fork:a", "f", 5.0)
    assert (fork.pinned, fork.archived, fork.unread, fork.seq) == (False, False, False, 0)
    assert answer.state is State.STOPPED
    answer.parts.append(Part(PartKind.TEXT, "Three"))
    assert PATH[1].text == "Two"


def test_a_summary_of_what_is_not_in_the_fork_is_left_behind() -> None:
    source = Conversation("c", context=ContextSettings(summary=Summary("So far", "a", "m")))
    fork, _ = forked(source, PATH[:1], 0.0)
    assert fork.context.summary is None
    assert fork.title == "(fork)"


def test_a_fork_of_a_fork_is_marked_once() -> None:
    fork, _ = forked(Conversation("c", "Title (fork)"), PATH, 0.0)
    assert fork.title == "Title (fork)"
