"""What of a conversation goes into the next request."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.context import (
    DRAFT,
    ContextSettings,
    Place,
    Plan,
    Planner,
    Strategy,
    Summary,
    is_sendable,
)
from desktop_chat.domain.message import Message, Part, PartKind, Role, State

FIXED = 7
SUMMARY_TOKENS = 5
SENT, PINNED, OUTSIDE, LEFT_OUT = Place.SENT, Place.PINNED, Place.OUTSIDE, Place.LEFT_OUT


def said(id: str, text: str = "", state: State = State.COMPLETE) -> Message:
    """A message of the user where the id begins with u, else an answer; its text takes its length."""
    role = Role.USER if id.startswith("u") else Role.ASSISTANT
    return Message(id, None, role, [Part(PartKind.TEXT, text or "x" * 10)], state)


def taken(message: Message) -> int:
    return len(message.text)


def chat(turns: int) -> list[Message]:
    return [said(f"{who}{number}") for number in range(1, turns + 1) for who in "ua"]


def planner(messages: Sequence[Message], settings: ContextSettings, *, has_draft: bool = True) -> Planner:
    return Planner(messages, taken, settings, has_draft=has_draft, fixed=FIXED, summary_tokens=SUMMARY_TOKENS)


def places(plan: Plan) -> list[Place]:
    return [entry.place for entry in plan.entries]


def sent(plan: Plan) -> list[str]:
    return [entry.id for entry in plan.entries if entry.is_sent]


def test_everything_goes_whatever_it_takes() -> None:
    plan = planner(chat(3), ContextSettings()).plan(4)
    assert sent(plan) == ["u1", "a1", "u2", "a2", "u3", "a3", DRAFT]
    assert plan.tokens == FIXED + 60 + 4
    assert plan.sees_from is None


def test_the_last_turns_count_the_one_that_is_asked() -> None:
    last = ContextSettings(Strategy.LAST_TURNS, turns=2)
    plan = planner(chat(3), last).plan(4)
    assert sent(plan) == ["u3", "a3", DRAFT]
    assert plan.sees_from == "u3"
    asked = planner([*chat(3), said("u4")], last, has_draft=False).plan()
    assert sent(asked) == ["u3", "a3", "u4"]
    alone = planner(chat(3), ContextSettings(Strategy.LAST_TURNS, turns=1)).plan()
    assert (sent(alone), alone.sees_from) == ([DRAFT], DRAFT)


def test_a_budget_bounds_the_whole_request() -> None:
    for budget, kept in ((FIXED + 4 + 40, 2), (FIXED + 4 + 39, 1), (0, 0)):
        plan = planner(chat(3), ContextSettings(Strategy.BUDGET, budget=budget)).plan(4)
        assert len(sent(plan)) == 2 * kept + 1
    pinned = ContextSettings(Strategy.BUDGET, budget=FIXED + 4 + 40, pinned=frozenset(["u1"]))
    plan = planner(chat(3), pinned).plan(4)
    assert places(plan) == [PINNED, OUTSIDE, OUTSIDE, OUTSIDE, SENT, SENT, SENT]
    assert plan.sees_from == "u3"
    assert plan.tokens == FIXED + 30 + 4


def test_an_answer_stays_away_with_its_question() -> None:
    left_out = ContextSettings(left_out=frozenset(["u1"]))
    assert places(planner(chat(2), left_out).plan())[:3] == [LEFT_OUT, LEFT_OUT, SENT]
    pinned = ContextSettings(left_out=frozenset(["u1"]), pinned=frozenset(["a1"]))
    assert places(planner(chat(2), pinned).plan())[:3] == [LEFT_OUT, PINNED, SENT]
    alone = ContextSettings(left_out=frozenset(["a1"]))
    assert sent(planner(chat(1), alone).plan()) == ["u1", DRAFT]


def test_what_is_asked_again_goes_though_it_was_left_out() -> None:
    settings = ContextSettings(left_out=frozenset(["u1", "u2"]))
    plan = planner([*chat(1), said("u2")], settings, has_draft=False).plan()
    assert sent(plan) == ["u2"]


def test_a_summary_stands_for_what_is_before_it() -> None:
    summary = Summary("In short.", until="a2")
    settings = ContextSettings(Strategy.SUMMARY, summary=summary, pinned=frozenset(["u1"]))
    plan = planner(chat(3), settings).plan(4)
    assert places(plan) == [PINNED, *[Place.SUMMARISED] * 3, SENT, SENT, SENT]
    assert plan.tokens == FIXED + SUMMARY_TOKENS + 30 + 4
    assert (plan.summary, plan.sees_from) == (summary, "u3")


def test_a_summary_of_another_path_or_of_nothing_is_not_sent() -> None:
    for until in ("elsewhere", "u1"):
        settings = ContextSettings(Strategy.SUMMARY, summary=Summary("In short.", until))
        plan = planner(chat(2), settings).plan()
        assert (plan.summary, len(sent(plan))) == (None, 5)
    nothing_yet = planner(chat(2), ContextSettings(Strategy.SUMMARY)).plan()
    assert len(sent(nothing_yet)) == 5


def test_a_turn_that_went_on_after_its_summary_goes_whole() -> None:
    settings = ContextSettings(Strategy.SUMMARY, summary=Summary("In short.", until="u2"))
    assert sent(planner(chat(3), settings).plan()) == ["u2", "a2", "u3", "a3", DRAFT]


def test_as_many_turns_as_fit_can_be_sent() -> None:
    messages = chat(5)
    chosen = ContextSettings(pinned=frozenset({"u1"}), left_out=frozenset({"a4"}))
    for settings in (chosen, ContextSettings()):
        for limit in range(FIXED + 130):
            fitting = planner(messages, settings, has_draft=False).turns_within(limit)
            if fitting:
                shortened = replace(settings, strategy=Strategy.LAST_TURNS, turns=fitting)
                assert planner(messages, shortened, has_draft=False).tokens() <= limit
            if fitting < len(messages) // 2:
                more = replace(settings, strategy=Strategy.LAST_TURNS, turns=fitting + 1)
                assert planner(messages, more, has_draft=False).tokens() > limit


def test_a_summary_needs_no_room_where_turns_are_counted() -> None:
    summary = ContextSettings(Strategy.SUMMARY, summary=Summary("s", "a1"))
    assert planner(chat(2), summary, has_draft=False).turns_within(FIXED + 40) == 2


def test_failed_answers_and_blank_messages_are_empty() -> None:
    messages = [said("u1"), said("a1", state=State.FAILED), said("u2", "  \n"), said("a2")]
    plan = planner(messages, ContextSettings()).plan()
    assert places(plan) == [SENT, Place.EMPTY, Place.EMPTY, SENT, SENT]


def test_a_chat_that_begins_with_an_answer_or_is_empty() -> None:
    plan = planner([said("a0"), *chat(1)], ContextSettings(Strategy.LAST_TURNS, turns=2)).plan()
    assert sent(plan) == ["a0", "u1", "a1", DRAFT]
    assert planner([], ContextSettings(Strategy.BUDGET)).plan(3).tokens == FIXED + 3
    assert planner([], ContextSettings(), has_draft=False).plan().entries == ()


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Message], ContextSettings, bool, int]:
    count = draw(st.integers(0, 14))
    messages = []
    for number in range(count):
        who = draw(st.sampled_from("ua"))
        text = draw(st.sampled_from(["", " ", "x", "x" * 9, "x" * 30]))
        state = draw(st.sampled_from([State.COMPLETE, State.STOPPED, State.FAILED]))
        message = said(f"{who}{number}", state=State.COMPLETE if who == "u" else state)
        message.parts = [Part(PartKind.TEXT, text)]
        messages.append(message)
    ids = st.sampled_from([m.id for m in messages] or ["none"])
    some = st.frozensets(ids, max_size=4)
    settings = ContextSettings(
        draw(st.sampled_from(Strategy)),
        budget=draw(st.integers(0, 150)),
        turns=draw(st.integers(0, 6)),
        pinned=draw(some),
        left_out=draw(some),
        summary=draw(st.none() | st.builds(Summary, st.just("In short."), ids)),
    )
    return messages, settings, draw(st.booleans()), draw(st.integers(0, 40))


@given(cases())
def test_what_holds_for_every_plan(case: tuple[list[Message], ContextSettings, bool, int]) -> None:
    messages, settings, has_draft, draft = case
    draft = draft if has_draft else 0
    made = planner(messages, settings, has_draft=has_draft)
    plan = made.plan(draft)
    entries = {entry.id: entry for entry in plan.entries}
    assert [entry.id for entry in plan.entries] == [m.id for m in messages] + [DRAFT] * has_draft

    summary_tokens = SUMMARY_TOKENS if plan.summary else 0
    assert plan.tokens == FIXED + summary_tokens + sum(e.tokens for e in plan.entries if e.is_sent)
    assert made.tokens(draft) == plan.tokens

    newest = {DRAFT} if has_draft else newest_turn(messages)
    for message in messages:
        entry = entries[message.id]
        assert is_sendable(message) is (entry.place is not Place.EMPTY)
        if is_sendable(message) and (message.id in newest or message.id in settings.pinned):
            assert entry.is_sent
        if message.id in settings.left_out - settings.pinned - newest:
            assert not entry.is_sent
        if message.role is Role.ASSISTANT and entry.place is SENT:
            question = question_of(message, messages)
            assert question is None or entries[question.id].is_sent or not is_sendable(question)

    if settings.strategy is Strategy.BUDGET and plan.tokens > settings.budget:
        # What was answered before the first question goes with its turn.
        first = next((index for index, m in enumerate(messages) if m.role is Role.USER), len(messages))
        if not has_draft and newest >= {message.id for message in messages[first:]}:
            newest |= {message.id for message in messages[:first]}
        assert all(e.id in newest or e.place is not SENT for e in plan.entries)
    if plan.summary is not None:
        assert any(message.id == plan.summary.until for message in messages)
        assert plan.entries[0].place is not SENT
    behind = [i for i, e in enumerate(plan.entries) if e.place in (OUTSIDE, Place.SUMMARISED)]
    before = plan.entries[: behind[-1]] if behind else ()
    assert all(entry.place is not SENT for entry in before)
    assert (plan.sees_from is None) is (not behind)


def newest_turn(messages: list[Message]) -> set[str]:
    turn: set[str] = set()
    for message in reversed(messages):
        if turn and message.role is not Role.USER and messages[len(messages) - len(turn)].role is Role.USER:
            break
        turn.add(message.id)
    return turn


def question_of(answer: Message, messages: list[Message]) -> Message | None:
    before = messages[: messages.index(answer)]
    return next((message for message in reversed(before) if message.role is Role.USER), None)
