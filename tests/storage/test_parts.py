"""Parts that are more than a text: what is stored comes back, also what another version stored."""

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.events import Delta, PartCame
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import (
    Attachment,
    CallStatus,
    Citation,
    Message,
    Part,
    PartKind,
    ReasoningItem,
    Role,
    State,
    ToolCall,
    Unknown,
)
from tests.storage.samples import begun, opened, raw, text

pytestmark = pytest.mark.anyio

PAGE = Part(PartKind.CITATION, name="A „page“", data=Citation("https://example.org", 0, 12))
FILE = Part(PartKind.CITATION, name="notes.pdf", data=Citation("", None, None))
CALL = ToolCall("c1", "web_search", CallStatus.DONE, "tides", "a\nb")
ENCRYPTED = ReasoningItem("rs_1", "gAAAA", "https://example.org", "m-1")
PARTS = [
    PAGE,
    FILE,
    Part(PartKind.TOOL_CALL, "", 1.5, "find", CALL),
    Part(PartKind.TOOL_CALL, data=ToolCall("c2", "function")),
    Part(PartKind.IMAGE, name="cat.png", data=Attachment("a" * 64, "image/png", 1234, 640, 480)),
    Part(PartKind.FILE, "what it says", name="b.txt", data=Attachment("b" * 64, "text/plain", 5)),
    Part(PartKind.IMAGE, name="d.jpg", data=Attachment("d" * 64, "image/jpeg", 9, 8, 6, "low")),
    Part(PartKind.IMAGE, data=Attachment("", "image/png", 7, 5, 3, "high", "https://example.org/a.png")),
    Part(PartKind.FILE, "read", name="e.pdf", data=Attachment("e" * 64, "application/pdf", 6, as_text=True)),
    Part(PartKind.REASONING, data=ENCRYPTED),
    Part(PartKind.REASONING, "Think.", 2.5, data=replace(ENCRYPTED, id="rs_2")),
    Part(PartKind.REASONING, "Think on.", 0.5),
    Part(PartKind.TEXT, "Look."),
]


async def test_every_kind_of_part_comes_back(tmp_path: Path) -> None:
    asked = Message(new_id(), None, Role.USER, list(PARTS))
    answered = Message(new_id(), asked.id, Role.ASSISTANT, state=State.STREAMING)
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id())
        await store.begin_turn(conversation, [asked, answered])
        await store.finish(replace(answered, parts=list(PARTS)))
    async with opened(tmp_path) as store:
        tree = await store.tree(conversation.id)
        assert [message.parts for message in tree] == [PARTS, PARTS]


async def test_what_was_streamed_survives_the_death_of_the_program(tmp_path: Path) -> None:
    running = Part(PartKind.TOOL_CALL, name="find", data=replace(CALL, status=CallStatus.RUNNING))
    done = Part(PartKind.TOOL_CALL, "", 0.5, "find", CALL)
    thought = PartCame(Part(PartKind.REASONING, "Done.", 1.0, data=ENCRYPTED))
    came = [
        *(PartCame(running), text("Half "), PartCame(done), text("an "), PartCame(PAGE), text("answer")),
        *(Delta(PartKind.REASONING, "Hm"), Delta(PartKind.REASONING, "."), thought),
    ]
    expected = Message("", None, Role.ASSISTANT)
    for one in came:
        if isinstance(one, Delta):
            expected.append(one.kind, one.text)
        else:
            expected.put(one.part)
    async with opened(tmp_path) as store:
        conversation, _question, answer = await begun(store)
        await store.append(answer.id, came, durable=True)
        assert (await store.tree(conversation.id))[answer.id].parts == expected.parts
    async with opened(tmp_path) as store:
        stored = (await store.tree(conversation.id))[answer.id]
        assert (stored.parts, stored.state, stored.text) == (
            expected.parts,
            State.INTERRUPTED,
            "Half an answer",
        )


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("hologram", '{"depth": 3}'),
        ("hologram", None),
        ("unknown", "{}"),
        ("citation", "not json"),
        ("citation", "[1]"),
        ("tool_call", "{}"),
        ("tool_call", '{"id": "x", "kind": "y", "status": "paused"}'),
        ("image", '{"width": 5}'),
        ("reasoning", '{"id": "rs_1"}'),
    ],
)
async def test_what_a_newer_version_stored_is_kept_as_it_is(
    tmp_path: Path, kind: str, data: str | None
) -> None:
    select = "SELECT kind, text, seconds, name, data FROM part WHERE kind = ?"
    async with opened(tmp_path) as store:
        conversation, _question, answer = await begun(store)
        await store.finish(replace(answer, parts=[Part(PartKind.TEXT, "One")], state=State.COMPLETE))
    with raw(tmp_path / "chats.db") as connection:
        connection.execute(
            "INSERT INTO part (message_seq, position, kind, text, seconds, name, data) "
            "SELECT seq, 1, ?, 'some text', 1.5, 'a name', ? FROM message WHERE id = ?",
            (kind, data, answer.id),
        )
        before = connection.execute(select, (kind,)).fetchall()
    async with opened(tmp_path) as store:
        stored = (await store.tree(conversation.id))[answer.id]
        assert stored.text == "One"
        assert stored.parts[1] == Part(
            PartKind.UNKNOWN, "some text", 1.5, "a name", Unknown(kind, None, data)
        )
        await store.finish(stored)
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute(select, (kind,)).fetchall() == before


async def test_what_a_newer_version_streamed_is_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _question, answer = await begun(store)
        await store.append(answer.id, [text("One")], durable=True)
    with raw(tmp_path / "chats.db") as connection:
        connection.execute("UPDATE message SET state = 'streaming' WHERE id = ?", (answer.id,))
        for kind, said in (("hologram", "odd"), ("citation", "{}"), ("text", " two")):
            connection.execute(
                "INSERT INTO delta (message_seq, kind, text) SELECT seq, ?, ? FROM message WHERE id = ?",
                (kind, said, answer.id),
            )
    async with opened(tmp_path) as store:
        stored = (await store.tree(conversation.id))[answer.id]
    assert stored.text == "One two"
    assert stored.parts[1:3] == [
        Part(PartKind.UNKNOWN, "odd", data=Unknown("hologram")),
        Part(PartKind.UNKNOWN, "{}", data=Unknown("citation")),
    ]
