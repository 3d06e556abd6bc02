"""A session at work with parts that are more than a text."""

from pathlib import Path

import pytest

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.message import CallStatus, Citation, Part, PartKind, ToolCall
from tests.helpers.bench import Bench, ask, idle, reread, until
from tests.server import Exchange, Server, wire


@pytest.mark.anyio
async def test_sources_and_tool_calls_are_told_timed_and_saved(tmp_path: Path, anyio_backend: str) -> None:
    async with Server() as server:
        made = Bench(tmp_path, server, Dialect.RESPONSES)
        page = {"type": "url_citation", "url": "https://example.org", "title": "A page"}
        search = {"id": "ws", "type": "web_search_call", "action": {"query": "tides"}}

        async def searching(exchange: Exchange) -> None:
            await exchange.head()
            for number, state in ((1, "in_progress"), (2, "completed")):
                item = {**search, "status": state}
                await exchange.send(
                    wire.event("response.output_item.done", number, output_index=0, item=item)
                )
            await exchange.send(wire.delta(False, "Yes.", 3))
            place = {"output_index": 0, "content_index": 0}
            cited = {**page, "start_index": 0, "end_index": 4}
            added = wire.event("response.output_text.annotation.added", 4, **place, annotation=cited)
            await exchange.send(added)
            await exchange.send(b"".join(wire.ending(False)))

        server.script(searching, searching)
        session = made.chats.new()
        came: list[Part] = []
        session.part_came.connect(lambda _id, part: came.append(part))
        answer = await ask(session)
        source = Part(PartKind.CITATION, name="A page", data=Citation("https://example.org", 0, 4))
        assert [part.kind for part in answer.parts] == [PartKind.TOOL_CALL, PartKind.TEXT, PartKind.CITATION]
        assert answer.parts[0].data == ToolCall("ws", "web_search", CallStatus.DONE, "tides")
        assert answer.parts[2] == came[-1] == source
        assert (await reread(made, session))[-1].parts == answer.parts

        session.continue_answer(answer.id)
        await until(lambda: session.is_busy, session.phase_changed)
        await idle(session)
        assert answer.text == "Yes.Yes."
        assert [part.data for part in answer.parts if part.kind is PartKind.CITATION] == [
            Citation("https://example.org", 0, 4),
            Citation("https://example.org", 4, 8),
        ]
        assert (await reread(made, session))[-1].parts == answer.parts
        await made.close()
