"""Whatever is done in whatever order: the stored tree is the one in memory."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.events import Delta
from desktop_chat.domain.message import STREAMED, Message, Part, PartKind, Role, State
from desktop_chat.storage import Store
from tests.storage.samples import opened

CLOSED = [state for state in State if state is not State.STREAMING]

kinds = st.sampled_from(STREAMED)
user_text = st.text(st.characters(exclude_categories=()))
"""Lone surrogates included."""
deltas = st.lists(st.builds(Delta, kinds, st.text(min_size=1)), max_size=4)
index = st.integers(0, 10_000)
steps = st.one_of(
    st.tuples(st.just("turn"), index, user_text),
    st.tuples(st.just("version"), index, user_text),
    st.tuples(st.just("append"), index, deltas, st.booleans()),
    st.tuples(st.just("finish"), index, st.sampled_from(CLOSED)),
    st.tuples(st.just("lose and finish"), index, deltas),
    st.tuples(st.just("reopen"), index),
    st.tuples(st.just("remove"), index),
    st.tuples(st.just("restart")),
)


def storable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Run:
    """The tree in memory, and the same done to a store."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self.store = folder, store
        self.conversation = Conversation("c")
        self.tree = Tree()
        self.made = 0

    def pick(self, index: int, *, streaming: bool) -> Message | None:
        ids = [f"m{n}" for n in range(self.made) if f"m{n}" in self.tree]
        found = [self.tree[i] for i in ids if (self.tree[i].state is State.STREAMING) is streaming]
        found = [message for message in found if message.role is Role.ASSISTANT]
        return found[index % len(found)] if found else None

    def new(self, parent_id: str | None, role: Role, state: State, words: str = "") -> Message:
        parts = [Part(PartKind.TEXT, words)] if words else []
        self.made += 1
        return Message(f"m{self.made - 1}", parent_id, role, parts, state, float(self.made))

    async def begin(self, messages: list[Message]) -> None:
        self.conversation.active_leaf = messages[-1].id
        await self.store.begin_turn(self.conversation, messages)
        for message in messages:
            self.tree.add(replace(message, parts=[Part(p.kind, storable(p.text)) for p in message.parts]))

    async def do(self, name: str, *arguments: object) -> None:
        match name, arguments:
            case "turn", (int(number), str(words)):
                parent = self.pick(number, streaming=False)
                question = self.new(parent and parent.id, Role.USER, State.COMPLETE, words)
                await self.begin([question, self.new(question.id, Role.ASSISTANT, State.STREAMING)])
            case "version", (int(number), str(words)):
                if (other := self.pick(number, streaming=False)) is not None:
                    await self.begin([self.new(other.parent_id, Role.ASSISTANT, State.STREAMING, words)])
            case "append", (int(number), list(pieces), bool(durable)):
                if (answer := self.pick(number, streaming=True)) is not None:
                    await self.store.append(answer.id, pieces, durable=durable)
                    for piece in pieces:
                        answer.append(piece.kind, piece.text)
            case "finish", (int(number), State() as state):
                if (answer := self.pick(number, streaming=True)) is not None:
                    answer.state = state
                    await self.store.finish(answer)
            case "lose and finish", (int(number), list(pieces)):
                if (answer := self.pick(number, streaming=True)) is not None:
                    for piece in pieces:
                        answer.append(piece.kind, piece.text)
                    answer.state = State.STOPPED
                    await self.store.finish(answer)
            case "reopen", (int(number),):
                if (answer := self.pick(number, streaming=False)) is not None:
                    answer.state = State.STREAMING
                    await self.store.reopen(answer.id)
            case "remove", (int(number),):
                answer = self.pick(number, streaming=True)
                if answer is not None and self.tree.leaf_below(answer.id) == answer.id:
                    await self.store.remove_message(answer.id)
                    self.tree.remove(answer.id)
            case "restart", ():
                await self.store.close()
                for n in range(self.made):
                    if f"m{n}" in self.tree and self.tree[f"m{n}"].state is State.STREAMING:
                        self.tree[f"m{n}"].state = State.INTERRUPTED
                self.store = await Store.open(self.folder / "chats.db", self.folder / "backups")

    async def check(self) -> None:
        stored = await self.store.tree("c")
        assert len(stored) == len(self.tree)
        assert stored.active_leaf == self.tree.active_leaf
        assert stored.path == self.tree.path
        for n in range(self.made):
            if f"m{n}" in self.tree:
                assert stored[f"m{n}"] == self.tree[f"m{n}"]
                assert stored.versions(f"m{n}") == self.tree.versions(f"m{n}")


async def carry_out(folder: Path, todo: list[tuple[object, ...]]) -> None:
    async with opened(folder) as first:
        run = Run(folder, first)
        try:
            for name, *arguments in todo:
                await run.do(str(name), *arguments)
                await run.check()
            assert await run.store.quick_check() == []
        finally:
            await run.store.close()


@given(st.lists(steps, max_size=30))
def test_the_stored_tree_is_the_one_in_memory(todo: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(carry_out(Path(folder), todo))
