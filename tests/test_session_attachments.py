"""Files and images on their way out: sent, held, kept, counted, deleted. Real database, real server."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.errors import AttachmentMissing
from desktop_chat.domain.holds import LooksSecret, NotTaken
from desktop_chat.domain.message import Attachment, Draft, Message, Part, PartKind, Role, State
from desktop_chat.domain.model import Model
from desktop_chat.domain.request import Parameters
from desktop_chat.session import NEW_CHAT_DRAFT, ChatSession
from tests.helpers.bench import Bench, ask, count, idle, reread, until
from tests.server import Server, wire

PNG, PDF = b"\x89PNG" + b"p" * 900, b"%PDF-1.7 " + b"f" * 2000
READ = "Quarterly figures: 17 boats."
KEY = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture(params=list(Dialect))
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, server: Server, anyio_backend: str
) -> AsyncIterator[Bench]:
    async with Bench(tmp_path, server, request.param) as made:
        made.settings.change(endpoints=(replace(made.endpoint, takes_files=True),))
        yield made


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server(wire.answer("Seen.")) as running:
        yield running


async def image(bench: Bench, data: bytes = PNG) -> Part:
    return Part(
        PartKind.IMAGE,
        name="cat.png",
        data=await bench.attachments.add(data, "image/png", width=64, height=64),
    )


async def file(bench: Bench, text: str = READ) -> Part:
    return Part(PartKind.FILE, text, name="a.pdf", data=await bench.attachments.add(PDF, "application/pdf"))


def content(server: Server, number: int = -1, message: int = 0) -> list[dict[str, Any]]:
    """The content of one message of a request."""
    exchange = server.requests[number]
    found: list[dict[str, Any]] = exchange.json["messages" if exchange.chat else "input"][message]["content"]
    return found


def holds_of(session: ChatSession) -> list[tuple[Any, Any]]:
    held: list[tuple[Any, Any]] = []
    session.held.connect(lambda hold, again: held.append((hold, again)))
    return held


@pytest.mark.anyio
async def test_what_is_attached_is_sent_kept_and_sent_again(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    parts = [await image(bench), await file(bench)]
    assert await session.send("What is this?", parts)
    await idle(session)
    await ask(session, "And now?")
    for number in (0, 1):
        body = server.requests[number].body.decode()
        assert base64.b64encode(PNG).decode() in body
        assert base64.b64encode(PDF).decode() in body
        assert [item["type"] for item in content(server, number)] in (
            ["input_text", "input_image", "input_file"],
            ["text", "image_url", "file"],
        )
    stored = await reread(bench, session)
    assert stored[0].parts == [Part(PartKind.TEXT, "What is this?"), *parts]
    assert stored == session.tree.path


@pytest.mark.anyio
async def test_a_message_may_be_attachments_alone(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    assert await session.send("", [await image(bench)])
    await idle(session)
    assert session.conversation.title == "cat.png"
    assert len(content(server)) == 1
    assert (await reread(bench, session))[0].text == ""


@pytest.mark.anyio
async def test_an_edit_keeps_the_attachments_unless_it_has_others(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    assert await session.send("One", [await image(bench)])
    await idle(session)
    question = session.tree.path[0]
    assert await session.edit(question.id, "Two")
    await idle(session)
    assert session.tree.path[0].attachments == question.attachments
    assert await session.edit(question.id, "Three", [])
    await idle(session)
    assert session.tree.path[0].attachments == []
    assert base64.b64encode(PNG).decode() not in server.requests[-1].body.decode()


@pytest.mark.anyio
async def test_a_file_that_is_gone_fails_the_answer_and_sends_nothing(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    part = await image(bench)
    assert isinstance(part.data, Attachment)
    await bench.attachments.remove([part.data.hash])
    told: list[object] = []
    session.problem.connect(lambda error, id: told.append(error))
    assert await session.send("Look", [part])
    await idle(session)
    assert session.last is not None
    assert session.last.state is State.FAILED
    assert isinstance(session.last.error, AttachmentMissing)
    assert [type(error) for error in told] == [AttachmentMissing]
    assert server.requests == []
    assert await bench.ledger() == []
    await image(bench)
    session.try_again(session.last.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert session.last.text == "Seen."


@pytest.mark.anyio
async def test_what_looks_secret_is_held_told_and_asked_once(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    held = holds_of(session)
    for text, parts in ((f"Use {KEY}", []), ("Use this", [await file(bench, f"token={KEY}\n")])):
        assert not await session.send(text, parts)
        hold, again = held.pop()
        assert hold == LooksSecret((("a GitHub token", "ghp_a1B2c3D4…"),))
        assert server.requests == []
    assert len(session.tree) == 0
    assert await again()
    await idle(session)
    assert session.last is not None
    session.regenerate(session.last.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    await ask(session, "And now?")
    assert held == []
    assert len(server.requests) == 3


@pytest.mark.anyio
async def test_secrets_are_not_looked_for_where_nobody_wants_that(bench: Bench, server: Server) -> None:
    bench.settings.change(scan_secrets=False)
    session = bench.chats.new()
    await ask(session, f"Use {KEY}")
    bench.settings.change(scan_secrets=True)
    held = holds_of(session)
    await ask(session, "And now?")
    assert held == []
    assert await session.send(f"Another: {KEY}", waive=True)
    await idle(session)


@pytest.mark.anyio
async def test_what_an_answer_says_is_no_secret_but_what_the_user_makes_of_it_is(
    bench: Bench, server: Server
) -> None:
    server.script(wire.answer(f"Like {KEY}"))
    session = bench.chats.new()
    answer = await ask(session)
    held = holds_of(session)
    await ask(session, "Thanks")
    assert await session.edit(answer.id, f"It is {KEY}")
    assert not await session.send("Go on")
    assert [type(hold) for hold, _ in held] == [LooksSecret]


@pytest.mark.anyio
async def test_what_is_not_taken_can_go_as_text_from_then_on(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    part = await file(bench)
    assert await session.send("One", [part])
    await idle(session)
    bench.settings.change(endpoints=(replace(bench.endpoint, takes_files=False),))
    held = holds_of(session)
    assert not await session.send("Two", [part])
    ((hold, again),) = held
    assert hold == NotTaken(("Test takes no files.",), as_text=True)
    assert await again(as_text=True)
    await idle(session)
    body = server.requests[-1].body.decode()
    assert body.count(READ) == 2
    assert base64.b64encode(PDF).decode() not in body
    assert await bench.chats.outbox.settle()
    stored = await reread(bench, session)
    assert stored == session.tree.path
    assert [
        part.data.as_text for m in stored for part in m.attachments if isinstance(part.data, Attachment)
    ] == [
        True,
        True,
    ]
    await ask(session, "Three")
    assert len(held) == 1


@pytest.mark.anyio
async def test_what_the_user_let_go_is_not_objected_to_again(bench: Bench, server: Server) -> None:
    bench.chats._services.models["e1"] = [Model("m-1", abilities=frozenset())]
    session = bench.chats.new()
    held = holds_of(session)
    assert not await session.send("Look", [await image(bench)])
    ((hold, again),) = held
    assert hold == NotTaken(("m-1 takes no images.",))
    assert await again()
    await idle(session)
    await ask(session, "Again")
    assert len(held) == 1
    session.set_model("e1", "m-2")
    await ask(session, "Of that model nothing is known")
    assert len(held) == 1


@pytest.mark.anyio
async def test_an_answer_is_given_again_to_the_same_image_alone(bench: Bench, server: Server) -> None:
    bench.settings.change(cache_answers=True)
    for data, requests in ((PNG, 1), (b"another", 2), (PNG, 2)):
        session = bench.chats.new()
        session.set_parameters(Parameters(temperature=0))
        assert await session.send("Look", [await image(bench, data)])
        await idle(session)
        assert await bench.chats.outbox.settle()
        assert len(server.requests) == requests


@pytest.mark.anyio
async def test_attachments_are_counted(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    session.set_model("e1", "gpt-4o")
    text = await session.count_draft("Look")
    assert await session.count_draft("Look", [await image(bench)]) == text + 255
    assert not session.estimate(0).is_approximate
    as_file = await session.count_draft("Look", [await file(bench)])
    assert as_file == text + len(READ) // 4
    assert session.estimate(as_file).is_approximate
    part = await file(bench)
    assert isinstance(part.data, Attachment)
    as_text = replace(part, data=replace(part.data, as_text=True))
    said = Message("", None, Role.USER, [as_text])
    exact = await session.count_draft("", [as_text])
    assert exact == await session.count_draft(said.sent_text)
    assert await session.send("Look", [await image(bench), as_text])
    await idle(session)
    await count(session, "")
    assert session.last is not None
    taken = {entry.id: entry.tokens for entry in session.plan().entries}
    question = session.tree.path[0]
    assert taken[question.id] == await session.count_draft(question.sent_text) + 255


@pytest.mark.anyio
async def test_drafts_keep_their_attachments(bench: Bench) -> None:
    part = await image(bench)
    bench.chats.save_draft(NEW_CHAT_DRAFT, "Look", [part])
    assert await bench.chats.outbox.settle()
    store = await bench.opening
    assert await store.drafts() == {NEW_CHAT_DRAFT: Draft("Look", (part,))}
    bench.chats.save_draft(NEW_CHAT_DRAFT, "", [part])
    assert bench.chats.draft(NEW_CHAT_DRAFT) == Draft("", (part,))
    bench.chats.save_draft(NEW_CHAT_DRAFT, "")
    assert await bench.chats.outbox.settle()
    assert await store.drafts() == {}


@pytest.mark.anyio
async def test_what_nothing_has_any_more_is_deleted(bench: Bench) -> None:
    session = bench.chats.new()
    kinds = {b"sent": PNG, b"draft": b"in a draft", b"lost": b"in nothing"}
    parts = {name: await image(bench, data) for name, data in kinds.items()}
    assert await session.send("Look", [parts[b"sent"]])
    await idle(session)
    bench.chats.save_draft(NEW_CHAT_DRAFT, "", [parts[b"draft"]])
    assert await bench.chats.outbox.settle()
    await bench.chats.tidy()
    hashes = {name: part.data.hash for name, part in parts.items() if isinstance(part.data, Attachment)}
    assert await bench.attachments.hashes() == {hashes[b"sent"], hashes[b"draft"]}
