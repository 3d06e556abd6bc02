"""Every method of the store, by what comes back."""

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import CutOff, RateLimited
from desktop_chat.domain.events import Delta
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Draft, Message, Part, PartKind, Role, State
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage import StorageError, Store, StoreClosed
from desktop_chat.storage.trash import KEEP
from tests.helpers.stored import conversations_of
from tests.storage.samples import begun, count, entry, opened, raw, text, turn

pytestmark = pytest.mark.anyio

LONE = "a\ud800b"


async def test_a_new_database_is_empty_and_sound(tmp_path: Path) -> None:
    async with opened(tmp_path / "new" / "profile") as store:
        assert await conversations_of(store) == []
        assert await store.drafts() == {}
        assert await store.quick_check() == []
        assert len(await store.tree("unknown")) == 0


async def test_everything_of_a_conversation_comes_back(tmp_path: Path) -> None:
    parameters = Parameters("Be brief.", 0.0, 500, "high")
    conversation = Conversation(new_id(), "Tïtle", "user", "e1", "m1", parameters, None, 12.5, pinned=True)
    question, answer = turn()
    async with opened(tmp_path) as store:
        before = time.time()
        conversation.order = await store.begin_turn(conversation, [question, answer])
    async with opened(tmp_path) as store:
        (stored,) = await conversations_of(store)
    assert before <= stored.used_at <= time.time()
    assert stored == replace(conversation, active_leaf=answer.id, used_at=stored.used_at, seq=1)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"usage": Usage(1, 2, 3, 4), "timing": Timing(None, 0.25)},
        {"usage": Usage(), "timing": Timing(0.0, 0.0), "finish_reason": "length", "state": State.TRUNCATED},
        {
            "error": RateLimited("no", 429, "c", "r", 1.5, "h"),
            "state": State.FAILED,
            "model": "",
            "request_id": "r",
        },
        {"error": CutOff(), "state": State.INTERRUPTED},
        {"usage": Usage(input=2**63 - 1)},
        {
            "parts": [
                Part(PartKind.REASONING, "hm", 0.5),
                Part(PartKind.TEXT, "a\x00b\n𝄞"),
                Part(PartKind.REASONING, "", None),
                Part(PartKind.REFUSAL, "no"),
            ]
        },
    ],
)
async def test_everything_of_a_message_comes_back(tmp_path: Path, changes: dict[str, object]) -> None:
    message = replace(Message(new_id(), None, Role.ASSISTANT, created_at=3.25), **changes)  # type: ignore[arg-type]
    finished = replace(message, id=new_id())
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id())
        await store.begin_turn(conversation, [message, replace(finished, **FRESH)])  # type: ignore[arg-type]
        await store.finish(finished)
        tree = await store.tree(conversation.id)
    for expected in (message, finished):
        stored = tree[expected.id]
        assert type(stored.error) is type(expected.error)
        assert (stored.error and stored.error.to_json()) == (expected.error and expected.error.to_json())
        assert replace(stored, error=None) == replace(expected, error=None)


FRESH = {"parts": [], "state": State.STREAMING, "usage": None, "timing": None, "error": None, "model": None}


async def test_begin_turn_can_be_repeated(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id())
        question, answer = turn()
        order = await store.begin_turn(conversation, [question, answer])
        await store.append(answer.id, [text("half")], durable=False)
        changed = replace(question, parts=[Part(PartKind.TEXT, "other")])
        assert await store.begin_turn(conversation, [changed, answer]) == order
        tree = await store.tree(conversation.id)
        assert [message.text for message in tree.path] == ["Why?", "half"]


async def test_begin_turn_is_all_or_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_draft("new", "Why?")
        question, answer = turn()
        answer.parent_id = "unknown"
        with pytest.raises(apsw.ConstraintError):
            await store.begin_turn(Conversation(new_id()), [question, answer], draft="new")
        assert await conversations_of(store) == []
        assert await store.drafts() == {"new": Draft("Why?")}


async def test_begin_turn_takes_the_draft_along(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_draft("new", "Why?")
        await store.save_draft("other", "Kept")
        await store.begin_turn(Conversation(new_id()), turn(), draft="new")
        assert await store.drafts() == {"other": Draft("Kept")}


async def test_objects_may_change_right_after_the_call(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = Conversation(new_id(), "Before"), *turn()
        deltas = [text("one")]
        beginning = asyncio.create_task(store.begin_turn(conversation, [question, answer]))
        appending = asyncio.create_task(store.append(answer.id, deltas, durable=False))
        await asyncio.sleep(0)
        conversation.title, question.parts = "After", []
        deltas.clear()
        await asyncio.gather(beginning, appending)
        assert (await conversations_of(store))[0].title == "Before"
        assert [m.text for m in (await store.tree(conversation.id)).path] == ["Why?", "one"]


async def test_order_is_the_order_of_turns_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1_000_000_000, 0, -1_000_000))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    async with opened(tmp_path) as store:
        first, second, third = (Conversation(new_id(), title) for title in ("1", "2", "3"))
        orders = [await store.begin_turn(each, turn()) for each in (first, second, third)]
        orders.append(await store.begin_turn(first, turn()))
        assert orders == sorted(set(orders))
        assert [c.title for c in await conversations_of(store)] == ["1", "3", "2"]
        await store.organise([second.id], pinned=True)
        assert [c.title for c in await conversations_of(store)] == ["2", "1", "3"]
        versions = [Message(new_id(), None, Role.USER, created_at=time.time()) for _ in range(20)]
        for version in versions:
            await store.begin_turn(third, [version])
        tree = await store.tree(third.id)
        assert tree.versions(versions[0].id)[1:] == [version.id for version in versions]


async def test_update_changes_what_the_user_sets_and_ignores_the_unknown(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, _ = await begun(store)
        await store.update_conversation(Conversation("unknown", "Ghost"))
        (stored,) = await conversations_of(store)
        changed = replace(
            stored,
            title="New",
            title_source="user",
            endpoint_id="e2",
            model="m2",
            parameters=Parameters(temperature=1.0),
            active_leaf=question.id,
        )
        await store.update_conversation(replace(changed, order=99, used_at=0.0, created_at=0.0))
        assert await conversations_of(store) == [changed]
        assert (await store.tree(conversation.id)).active_leaf == question.id


async def test_appended_text_reads_as_the_message_would_hold_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        kinds = [PartKind.REASONING, PartKind.TEXT, PartKind.TEXT, PartKind.REASONING, PartKind.REFUSAL]
        for number, kind in enumerate(kinds):
            await store.append(
                answer.id, [Delta(kind, f"{number} "), Delta(kind, "x ")], durable=number % 2 == 0
            )
            answer.append(kind, f"{number} ")
            answer.append(kind, "x ")
        await store.append(answer.id, [], durable=True)
        await store.append(answer.id, [], durable=False)
        assert (await store.tree(conversation.id))[answer.id] == answer


async def test_streams_do_not_mix(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chats = [await begun(store) for _ in range(3)]
        await asyncio.gather(
            *(
                store.append(answer.id, [text(f"{n}")], durable=False)
                for _ in range(20)
                for n, (_, _, answer) in enumerate(chats)
            )
        )
        for n, (conversation, _, answer) in enumerate(chats):
            assert (await store.tree(conversation.id))[answer.id].text == f"{n}" * 20


async def test_append_needs_an_answer_that_is_being_written(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        answer.state = State.COMPLETE
        answer.append(PartKind.TEXT, "all")
        await store.finish(answer)
        for message_id in (answer.id, "unknown"):
            with pytest.raises(LookupError):
                await store.append(message_id, [text("late")], durable=False)
        assert (await store.tree(conversation.id))[answer.id] == answer


async def test_finish_replaces_what_was_appended(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        await store.append(answer.id, [text("only "), text("half")], durable=False)
        answer.append(PartKind.TEXT, "the whole")
        answer.state = State.STOPPED
        await store.finish(answer)
        assert (await store.tree(conversation.id))[answer.id] == answer
        with pytest.raises(LookupError):
            await store.finish(replace(answer, id="unknown"))
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM delta").get == 0


async def test_reopen_lets_new_text_follow_the_old(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        answer.parts = [Part(PartKind.REASONING, "hm", 2.0), Part(PartKind.TEXT, "one")]
        answer.state = State.INTERRUPTED
        await store.finish(answer)
        await store.reopen(answer.id)
        answer.state = State.STREAMING
        assert (await store.tree(conversation.id))[answer.id] == answer
        await store.append(answer.id, [text(" two")], durable=False)
        answer.append(PartKind.TEXT, " two")
        assert (await store.tree(conversation.id))[answer.id] == answer


async def test_remove_message(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        with pytest.raises(apsw.ConstraintError):
            await store.remove_message(question.id)
        await store.append(answer.id, [text("gone")], durable=False)
        await store.remove_message(answer.id)
        await store.remove_message("unknown")
        tree = await store.tree(conversation.id)
        assert tree.active_leaf == question.id
        assert len(tree) == 1


async def test_remove_message_off_the_path_leaves_the_path(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        other = Message(new_id(), question.id, Role.ASSISTANT)
        await store.begin_turn(conversation, [other])
        await store.remove_message(answer.id)
        assert (await store.tree(conversation.id)).active_leaf == other.id


async def test_deleted_conversations_can_be_restored(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, *_ = await begun(store)
        await begun(store)
        await store.delete_conversations([conversation.id])
        assert conversation.id not in [c.id for c in await conversations_of(store)]
    async with opened(tmp_path) as store:
        await store.restore_conversations([conversation.id])
        assert [c.id for c in await conversations_of(store)][1] == conversation.id
        assert len(await store.tree(conversation.id)) == 2


async def test_purged_text_is_nowhere_in_the_files(tmp_path: Path) -> None:
    canary = "canary-of-the-deleted-chat"
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id(), canary)
        question, answer = turn(canary * 300)
        await store.begin_turn(conversation, [question, answer])
        await store.append(answer.id, [text(canary * 300)], durable=True)
        await store.save_draft(conversation.id, canary)
        kept, *_ = await begun(store)
        for deleted in (conversation.id, kept.id):
            await store.delete_conversations([deleted])
    assert count(tmp_path, canary) > 0
    with raw(tmp_path / "chats.db") as connection:
        ago = time.time() - KEEP
        connection.execute("UPDATE conversation SET deleted_at = ? WHERE id = ?", (ago - 60, conversation.id))
        connection.execute("UPDATE conversation SET deleted_at = ? WHERE id = ?", (ago + 3600, kept.id))
    async with opened(tmp_path) as store:
        await store.purge_expired()
        assert count(tmp_path, canary) == 0
        assert len(await store.tree(conversation.id)) == 0
        assert await store.drafts() == {}
        await store.restore_conversations([kept.id])
        assert [c.id for c in await conversations_of(store)] == [kept.id]


async def test_the_ledger_outlives_its_chat_and_the_attempt_goes_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        told = entry(conversation_id=conversation.id, message_id=answer.id)
        await store.record_attempt(told)
        lost = entry(conversation_id=conversation.id, message_id="unknown", error_kind="RateLimited")
        await store.record_attempt(lost, RateLimited("words of the chat"))
        assert await store.ledger(0, 10) == [replace(lost, chat="Why"), replace(told, chat="Why")]
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM attempt").get == 1
        connection.pragma("foreign_keys", True)
        connection.execute("DELETE FROM conversation")
        assert connection.execute("SELECT count(*) FROM attempt").get == 0
    async with opened(tmp_path) as store:
        assert await store.ledger(0, 10) == [lost, told]
    assert b"words of the chat" not in (tmp_path / "chats.db").read_bytes()


async def test_what_unicode_and_sqlite_cannot_hold_never_fails_a_call(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id(), LONE, parameters=Parameters(LONE))
        question, answer = turn(LONE + "\ud83d\ude00")
        await store.begin_turn(conversation, [question, answer])
        await store.append(answer.id, [text(LONE)], durable=False)
        assert (await store.tree(conversation.id))[answer.id].text == "a\ufffdb"
        answer.parts, answer.error, answer.model = [Part(PartKind.TEXT, LONE)], RateLimited(LONE), LONE
        answer.usage = Usage(10**5000, -(10**5000))
        await store.finish(answer)
        await store.save_draft("new", LONE)
        (stored,) = await conversations_of(store)
        assert (stored.title, stored.parameters.system_prompt) == ("a\ufffdb", "a\ufffdb")
        tree = await store.tree(conversation.id)
        assert tree[question.id].text == "a\ufffdb😀"
        again = tree[answer.id]
        assert (again.text, again.model, str(again.error)) == ("a\ufffdb", "a\ufffdb", "a\ufffdb")
        assert again.usage == Usage(2**63 - 1, -(2**63) + 1)
        assert await store.drafts() == {"new": Draft("a\ufffdb")}


async def test_ten_thousand_messages(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id())
        messages: list[Message] = []
        for number in range(10_000):
            parent = messages[-1].id if messages else None
            messages.append(Message(new_id(), parent, Role.USER, [Part(PartKind.TEXT, f"{number}")]))
        await store.begin_turn(conversation, messages)
        tree = await store.tree(conversation.id)
        assert [m.text for m in tree.path] == [m.text for m in messages]
        await store.delete_conversations([conversation.id])
    with raw(tmp_path / "chats.db") as connection:
        connection.execute("UPDATE conversation SET deleted_at = unixepoch() - 31 * 86400")
    async with opened(tmp_path) as store:
        await store.purge_expired()
        assert len(await store.tree(conversation.id)) == 0
        assert await store.quick_check() == []


async def test_reading_a_long_chat_asks_the_database_four_times(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, *_ = await begun(store)
        for _ in range(20):
            await store.begin_turn(conversation, turn())
        asked: list[str] = []

        def trace(cursor: apsw.Cursor, sql: str, bindings: object) -> bool:
            asked.append(sql)
            return True

        await store._thread.call(lambda db: db._connection.set_exec_trace(trace))
        assert len(await store.tree(conversation.id)) == 42
        assert len(asked) == 4


async def test_a_cancelled_caller_leaves_a_whole_transaction(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        gate = threading.Event()
        blocking = asyncio.create_task(store._thread.call(lambda db: gate.wait()))
        conversation, (question, answer) = Conversation(new_id()), turn()
        beginning = asyncio.create_task(store.begin_turn(conversation, [question, answer]))
        await asyncio.sleep(0)
        beginning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await beginning
        gate.set()
        assert await blocking
        assert len(await store.tree(conversation.id)) == 2
        await store.append(answer.id, [text("on")], durable=False)


async def test_saving_does_not_wait_for_the_check(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        check = asyncio.create_task(store.quick_check())
        for _ in range(50):
            await store.append(answer.id, [text("x")], durable=False)
        assert await check == []
        assert (await store.tree(conversation.id))[answer.id].text == "x" * 50


async def test_closing_ends_a_check(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "chats.db", tmp_path / "backups")
    await begun(store)
    check = asyncio.create_task(store.quick_check())
    await asyncio.sleep(0)
    await store.close()
    assert check.done()
    assert check.exception() is None or isinstance(check.exception(), StoreClosed)


async def test_what_was_called_before_close_is_saved_and_nothing_after(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "chats.db", tmp_path / "backups")
    conversation, _, answer = await begun(store)
    appends = [asyncio.create_task(store.append(answer.id, [text("x")], durable=False)) for _ in range(30)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*appends)
    await store.close()
    for late in (
        conversations_of(store),
        store.quick_check(),
        store.finish(answer),
        store.append("", [], durable=False),
    ):
        with pytest.raises(StoreClosed, match="closed") as caught:
            await late
        assert isinstance(caught.value, StorageError)
        assert caught.value.path == tmp_path / "chats.db"
    assert not (tmp_path / "chats.db-wal").exists()
    async with opened(tmp_path) as store:
        stored = (await store.tree(conversation.id))[answer.id]
        assert (stored.text, stored.state) == ("x" * 30, State.INTERRUPTED)
