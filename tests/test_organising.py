"""Chats in lists: read page by page, put in order, each change taken back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from PySide6.QtCore import QObject

from desktop_chat.domain.archive import History
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.listing import Folder, Shelf, Sort, Tag, View
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.organising import KNOWN
from desktop_chat.undo import Undo
from tests.helpers.bench import Bench, ask, idle, listed, until, until_listed
from tests.server import Server, faults, wire

TEXT = "The quick brown fox jumps over the lazy dog. "
pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server(wire.answer(TEXT)) as running:
        yield running


@pytest.fixture
async def bench(tmp_path: Path, server: Server, anyio_backend: str) -> AsyncIterator[Bench]:
    async with Bench(tmp_path, server, Dialect.RESPONSES) as made:
        yield made


@pytest.fixture
def undos(bench: Bench) -> list[Undo]:
    """What can be taken back, the last done last."""
    found: list[Undo] = []
    bench.chats.undoable.connect(found.append)
    return found


async def stored(bench: Bench, *titles: str) -> list[str]:
    """The ids of chats that are in the database and in the list, the first made first."""
    store = await bench.opening
    ids = []
    for title in titles:
        conversation = Conversation(new_id(), title)
        await store.begin_turn(
            conversation, [Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, title)])]
        )
        ids.append(conversation.id)
    await bench.chats.reread()
    await listed(bench.chats)
    return ids


async def on(bench: Bench, view: View) -> list[str]:
    """The titles of a view."""
    return [conversation.title for conversation in await listed(bench.chats, view)]


async def settled(bench: Bench) -> None:
    """Wait until all that was done is in the database."""
    happened = asyncio.Event()
    bench.chats.listed.connect(happened.set)
    async with asyncio.timeout(20):
        await happened.wait()
    bench.chats.listed.disconnect(happened.set)


async def take_back(bench: Bench, undos: list[Undo]) -> None:
    undo = undos.pop()
    undo.undo()
    await settled(bench)


async def test_what_was_deleted_is_gone_at_once_and_comes_back(bench: Bench, undos: list[Undo]) -> None:
    first, second, third = await stored(bench, "First", "Second", "Third")
    gone: list[str] = []
    bench.chats.gone.connect(gone.append)
    bench.chats.delete([first, third])
    assert gone == [first, third]
    assert bench.chats.known(first) is None
    await until_listed(bench.chats, second)
    assert await on(bench, View(Shelf.TRASH)) == ["Third", "First"]
    assert await bench.chats.conversation(first) is None
    with pytest.raises(KeyError):
        await bench.chats.open(first)
    assert [undo.words for undo in undos] == ["Deleted 2 chats"]
    undos[0].undo()
    undos[0].undo()
    await until_listed(bench.chats, third, second, first)
    assert (await bench.chats.open(first)).conversation.title == "First"


async def test_only_what_is_in_memory_is_told_of_many_that_go(bench: Bench, undos: list[Undo]) -> None:
    """To tell of each of 100,000 would hold up the window for seconds."""
    (shown,) = await stored(bench, "Shown")
    store = await bench.opening
    others = [f"c{number}" for number in range(KNOWN + 1)]
    await store.add_history([History(Conversation(id, id), []) for id in others])
    gone: list[str] = []
    bench.chats.gone.connect(gone.append)
    bench.chats.delete([*others, shown])
    assert gone == [shown]
    await until_listed(bench.chats)
    undos[-1].undo()
    await settled(bench)
    assert (await bench.chats.counts())[Shelf.CHATS] == len(others) + 1


async def test_what_is_looked_at_in_the_trash_is_not_known(bench: Bench) -> None:
    first, second = await stored(bench, "First", "Second")
    await (await bench.opening).delete_conversations([second])
    bench.chats.delete([first])
    await settled(bench)
    assert await on(bench, View(Shelf.TRASH)) == ["First", "Second"]
    for id in (first, second):
        assert bench.chats.known(id) is None
        assert await bench.chats.conversation(id) is None


async def test_what_was_deleted_for_good_can_come_from_elsewhere(bench: Bench) -> None:
    (only,) = await stored(bench, "Only")
    bench.chats.delete([only])
    await settled(bench)
    await bench.chats.purge()
    await (await bench.opening).add_history([History(Conversation(only, "Back"), [])])
    await bench.chats.reread()
    assert await on(bench, View()) == ["Back"]
    assert (await bench.chats.open(only)).conversation.title == "Back"


async def test_a_single_chat_is_named(bench: Bench, undos: list[Undo]) -> None:
    (only,) = await stored(bench, "Dinner")
    bench.chats.archive([only])
    await settled(bench)
    assert undos[-1].words == "Archived “Dinner”"


async def test_the_archive_and_back(bench: Bench, undos: list[Undo]) -> None:
    first, _second = await stored(bench, "First", "Second")
    session = await bench.chats.open(first)
    bench.chats.archive([first])
    assert session.conversation.archived
    await settled(bench)
    assert (await on(bench, View()), await on(bench, View(Shelf.ARCHIVE))) == (["Second"], ["First"])
    assert await bench.chats.counts() == {Shelf.CHATS: 1, Shelf.ARCHIVE: 1, Shelf.TRASH: 0}
    await take_back(bench, undos)
    assert await on(bench, View()) == ["Second", "First"]
    assert not session.conversation.archived


async def test_pins_marks_tags_and_folders_are_taken_back_as_they_were(
    bench: Bench, undos: list[Undo]
) -> None:
    first, second = await stored(bench, "First", "Second")
    chats = bench.chats
    chats.save_folder(Folder("work", "Work"))
    chats.save_tag(Tag("t", "Urgent", "red"))
    await until(lambda: chats.folders and chats.tags, chats.organised)
    chats.set_pinned([first])
    chats.mark_unread([second])
    chats.move([first, second], "work")
    chats.tag([second], "t")
    await until(lambda: len(undos) == 4, chats.undoable)
    await settled(bench)
    await until_listed(chats, first, second)
    assert await on(bench, View(folder="work", tag="t")) == ["Second"]
    assert [(c.pinned, c.unread, c.folder, c.tags) for c in await listed(chats)] == [
        (True, False, "work", ()),
        (False, True, "work", ("t",)),
    ]
    assert [undo.words for undo in undos] == [
        "Pinned “First”",
        "Marked “Second” as unread",
        "Moved 2 chats to “Work”",
        "Tagged “Second” “Urgent”",
    ]
    while undos:
        await take_back(bench, undos)
    assert [(c.pinned, c.unread, c.folder, c.tags) for c in await listed(chats)] == [
        (False, False, None, ())
    ] * 2
    stored_ = await (await bench.opening).conversation(second)
    assert stored_ is not None
    assert (stored_.unread, stored_.folder, stored_.tags) == (False, None, ())


async def test_a_removed_folder_gives_up_what_is_in_it_and_gets_it_back(
    bench: Bench, undos: list[Undo]
) -> None:
    (only,) = await stored(bench, "Only")
    chats = bench.chats
    for folder in (Folder("a", "A"), Folder("b", "B", "a"), Folder("c", "C", "b")):
        chats.save_folder(folder)
    await until(lambda: len(chats.folders) == 3, chats.organised)
    chats.move([only], "b")
    await settled(bench)
    chats.remove_folder("b")
    await until(lambda: len(chats.folders) == 2, chats.organised)
    assert {folder.id: folder.parent for folder in chats.folders} == {"a": None, "c": "a"}
    known = chats.known(only)
    assert known is not None
    assert known.folder == "a"
    undos.pop().undo()
    await until(lambda: len(chats.folders) == 3, chats.organised)
    assert {folder.id: folder.parent for folder in chats.folders} == {"a": None, "b": "a", "c": "b"}
    assert (known.folder, await on(bench, View(folder="b"))) == ("b", ["Only"])


async def test_a_folder_never_lies_in_itself(bench: Bench) -> None:
    chats = bench.chats
    chats.save_folder(Folder("a", "A"))
    chats.save_folder(Folder("b", "B", "a"))
    await until(lambda: len(chats.folders) == 2, chats.organised)
    chats.save_folder(Folder("a", "A", "b"))
    chats.move(await stored(bench, "Only"), "of another program")
    assert await on(bench, View(folder="")) == ["Only"]


async def test_a_removed_tag_comes_back_with_its_chats(bench: Bench, undos: list[Undo]) -> None:
    (only,) = await stored(bench, "Only")
    chats = bench.chats
    chats.save_tag(Tag("t", "Éclair", "teal"))
    await until(lambda: chats.tags, chats.organised)
    chats.save_tag(Tag("u", "eclair"))
    chats.tag([only], "t")
    await settled(bench)
    chats.remove_tag("t")
    await until(lambda: not chats.tags, chats.organised)
    known = chats.known(only)
    assert known is not None
    assert known.tags == ()
    undos.pop().undo()
    await until(lambda: chats.tags, chats.organised)
    assert chats.tags == [Tag("t", "Éclair", "teal")]
    assert (known.tags, await on(bench, View(tag="t"))) == (("t",), ["Only"])


async def test_a_title_is_taken_back(bench: Bench, undos: list[Undo]) -> None:
    first, second = await stored(bench, "First", "Second")
    session = await bench.chats.open(first)
    bench.chats.rename(first, "Zebra")
    bench.chats.rename(second, "  ")
    bench.chats.rename(second, "Aardvark")
    assert (session.conversation.title, len(undos)) == ("Zebra", 2)
    assert await bench.chats.outbox.settle()
    await settled(bench)
    assert await on(bench, View(sort=Sort.TITLE)) == ["Aardvark", "Zebra"]
    undos[0].undo()
    undos[1].undo()
    await settled(bench)
    assert await bench.chats.outbox.settle()
    assert await on(bench, View(sort=Sort.TITLE)) == ["First", "Second"]


async def test_a_page_tells_what_was_just_done(bench: Bench) -> None:
    """A page that is on its way when a chat is changed must not bring back what was before."""
    (only,) = await stored(bench, "Only")
    store = await bench.opening
    seqs = (await store.listing(View())).seqs
    reading = asyncio.ensure_future(bench.chats.page(seqs))
    bench.chats.rename(only, "Other")
    bench.chats.set_pinned([only])
    (read,) = await reading
    assert read is bench.chats.known(only)
    assert (read.title, read.pinned) == ("Other", True)
    await settled(bench)
    (again,) = await bench.chats.page(seqs)
    assert again is read


async def test_nothing_of_the_list_is_read_at_the_start(tmp_path: Path, server: Server) -> None:
    async with Bench(tmp_path, server, Dialect.RESPONSES) as first:
        ids = await stored(first, *(f"Chat {number}" for number in range(20)))
    async with Bench(tmp_path, server, Dialect.RESPONSES) as again:
        assert [id for id in ids if again.chats.known(id) is not None] == []
        await again.chats.page((await again.chats.listing(View())).seqs[:5])
        assert [id for id in ids if again.chats.known(id) is not None] == ids[-5:]


async def test_an_answer_that_nobody_saw_is_unread_until_it_is_opened(bench: Bench, server: Server) -> None:
    window, other = QObject(), QObject()
    session = bench.chats.new()
    bench.chats.show(window, session.conversation.id)
    await ask(session)
    assert not session.conversation.unread
    bench.chats.show(window, bench.chats.new().conversation.id)
    await ask(session)
    await until(lambda: session.conversation.unread, bench.chats.changed)
    await settled(bench)
    (kept,) = await listed(bench.chats)
    assert kept.unread
    bench.chats.show(other, session.conversation.id)
    assert not session.conversation.unread
    await settled(bench)
    stored_ = await (await bench.opening).conversation(session.conversation.id)
    assert stored_ is not None
    assert not stored_.unread
    bench.chats.show(other, None)
    server.script(faults.stall_in_text)
    await session.send("Long")
    await until(lambda: session.last is not None and session.last.text, session.text_added)
    session.stop()
    await idle(session)
    assert not session.conversation.unread


async def test_the_disk_is_full_and_the_order_is_kept_all_the_same(
    bench: Bench, tmp_path: Path, undos: list[Undo]
) -> None:
    first, second = await stored(bench, "First", "Second")
    with contextlib.closing(apsw.Connection(str(tmp_path / "chats.db"))) as held:
        held.execute("BEGIN IMMEDIATE")
        bench.chats.archive([first])
        bench.chats.delete([second])
        await until(lambda: bench.chats.outbox.is_blocked, bench.chats.outbox.blocked)
        undos[1].undo()
        held.execute("ROLLBACK")
    assert await bench.chats.outbox.settle()
    await until_listed(bench.chats, second)
    assert await on(bench, View(Shelf.ARCHIVE)) == ["First"]


async def test_deleting_for_good_and_wiping(bench: Bench) -> None:
    first, second, third = await stored(bench, "First", "Second", "Third")
    chats = bench.chats
    chats.delete([first, second])
    await until_listed(chats, third)
    await chats.purge([first])
    assert await on(bench, View(Shelf.TRASH)) == ["Second"]
    await chats.purge()
    assert await on(bench, View(Shelf.TRASH)) == []
    session = await chats.open(third)
    await ask(session)
    chats.save_draft(third, "Not sent")
    chats.save_folder(Folder("a", "A"))
    await until(lambda: chats.folders, chats.organised)
    gone: list[str] = []
    chats.gone.connect(gone.append)
    await chats.wipe(ledger=True)
    assert third in gone
    assert (await listed(chats), chats.folders, await (await bench.opening).drafts()) == ([], [], {})
    assert await bench.ledger() == []


async def test_a_fork_goes_on_by_itself(bench: Bench, undos: list[Undo]) -> None:
    session = bench.chats.new()
    await ask(session, "One")
    await ask(session, "Two")
    chats = bench.chats
    chats.save_tag(Tag("t", "Urgent"))
    await until(lambda: chats.tags, chats.organised)
    chats.tag([session.conversation.id], "t")
    await settled(bench)
    fork = await chats.fork(session.conversation.id, session.tree.path[1].id)
    assert [m.text for m in fork.tree.path] == ["One", TEXT]
    assert fork.conversation.title == "One (fork)"
    assert fork.conversation.origin == f"fork:{session.tree.path[1].id}"
    assert {m.id for m in fork.tree} & {m.id for m in session.tree} == set()
    await ask(fork, "Other")
    await until_listed(chats, fork.conversation.id, session.conversation.id)
    (first, _) = await listed(chats)
    assert (first.tags, first.origin) == (("t",), fork.conversation.origin)
    assert [m.text for m in session.tree.path] == ["One", TEXT, "Two", TEXT]
    assert [m.text for m in (await (await bench.opening).tree(fork.conversation.id)).path][::2] == [
        "One",
        "Other",
    ]
    undos[-1].undo()
    await until_listed(chats, session.conversation.id)


async def test_deleted_messages_leave_what_follows_them(bench: Bench, undos: list[Undo]) -> None:
    session = bench.chats.new()
    await ask(session, "One")
    await ask(session, "Two")
    one, answer, two, _ = session.tree.path
    bench.chats.delete_messages(session.conversation.id, [answer.id, two.id])
    await until(lambda: len(session.tree) == 2, session.path_changed)
    assert [m.text for m in session.tree.path] == ["One", TEXT]
    assert session.tree.path[0] is one
    assert undos[-1].words == "Deleted 2 messages"
    assert {m.id for m in await bench.chats.deleted_messages()} == {answer.id, two.id}
    await ask(session, "Three")
    undos[-1].undo()
    await until(lambda: len(session.tree) == 6, session.path_changed)
    assert [m.text for m in session.tree.path] == ["One", TEXT, "Two", TEXT, "Three", TEXT]
    assert session.tree.path == (await (await bench.opening).tree(session.conversation.id)).path


async def test_another_version_is_shown_for_one_that_was_deleted(bench: Bench, undos: list[Undo]) -> None:
    session = bench.chats.new()
    first = await ask(session, "One")
    session.regenerate(first.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    second = session.last
    assert second is not None
    bench.chats.delete_messages(session.conversation.id, [second.id])
    await until(lambda: session.last is first, session.path_changed)
    undos[-1].undo()
    await until(lambda: session.last == second, session.path_changed)
    assert await bench.chats.outbox.settle()
    kept = await (await bench.opening).tree(session.conversation.id)
    assert kept.active_leaf == second.id


async def test_an_answer_is_deleted_while_it_is_written(
    bench: Bench, server: Server, undos: list[Undo]
) -> None:
    session = bench.chats.new()
    server.script(faults.stall_in_text)
    await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    question, answer = session.tree.path
    bench.chats.delete_messages(session.conversation.id, [answer.id])
    await until(lambda: len(session.tree) == 1, session.path_changed)
    assert not session.is_busy
    undos[-1].undo()
    await until(lambda: len(session.tree) == 2, session.path_changed)
    assert (session.last, answer.state, answer.text) == (answer, State.STOPPED, faults.TEXT)
    assert session.tree.path[0] is question


async def test_what_was_asked_is_deleted_while_it_is_answered(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    server.script(faults.stall_in_text)
    await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    question, answer = session.tree.path
    bench.chats.delete_messages(session.conversation.id, [question.id])
    await until(lambda: len(session.tree) == 1, session.path_changed)
    assert session.is_busy
    assert session.tree.path == [answer]
    session.stop()
    await idle(session)
    (kept,) = (await (await bench.opening).tree(session.conversation.id)).path
    assert (kept.id, kept.text) == (answer.id, faults.TEXT)
