"""Folders and tags, and where conversations stand; all of it can be taken back."""

from pathlib import Path

import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Folder, Place, Tag
from desktop_chat.storage import Store
from tests.storage.samples import opened, turn

pytestmark = pytest.mark.anyio


async def chats(store: Store, *ids: str) -> None:
    for id in ids:
        await store.begin_turn(Conversation(id, id), turn())


async def folders(store: Store, *ids: str) -> None:
    """Folders of these names; ``a/b`` lies in ``a``."""
    for id in ids:
        parent, _, name = id.rpartition("/")
        position = sum(folder.parent == (parent or None) for folder in await store.folders())
        await store.save_folder(Folder(id, name, parent or None, position))


async def tree(store: Store) -> list[tuple[str, str | None, int]]:
    return [(folder.id, folder.parent, folder.position) for folder in await store.folders()]


async def test_folders_come_parents_first_in_their_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await folders(store, "a", "b", "b/x", "a/y", "a/z")
    async with opened(tmp_path) as store:
        assert await tree(store) == [
            *[("a", None, 0), ("b", None, 1)],
            *[("a/y", "a", 0), ("b/x", "b", 0), ("a/z", "a", 1)],
        ]


async def test_a_folder_is_moved_between_others_and_renamed(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await folders(store, "a", "b", "c")
        await store.save_folder(Folder("c", "Sea", None, 0))
        assert [(folder.id, folder.name) for folder in await store.folders()] == [
            *[("c", "Sea"), ("a", "a"), ("b", "b")]
        ]
        await store.save_folder(Folder("a", "a", "b", 7))
        assert await tree(store) == [("c", None, 0), ("b", None, 1), ("a", "b", 0)]


@pytest.mark.parametrize("parent", ["a", "a/b", "a/b/c", "unknown"])
async def test_a_folder_lies_in_no_circle(tmp_path: Path, parent: str) -> None:
    async with opened(tmp_path) as store:
        await folders(store, "a", "a/b", "a/b/c")
        before = await store.folders()
        with pytest.raises(ValueError, match="folder"):
            await store.save_folder(Folder("a", "A", parent))
        assert await store.folders() == before


async def test_what_was_in_a_removed_folder_is_in_its_parent(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await folders(store, "a", "a/x", "a/b", "a/z", "a/b/1", "a/b/2")
        await chats(store, "one", "two", "outside")
        await store.organise(["one"], folder="a/b")
        await store.organise(["two"], folder="a/b/1")
        assert await store.remove_folder("a/b") == ["one"]
        assert [(id, parent) for id, parent, _ in await tree(store)] == [
            *[("a", None), ("a/x", "a"), ("a/b/1", "a"), ("a/b/2", "a"), ("a/z", "a")]
        ]
        found = [await store.conversation(id) for id in ("one", "two", "outside")]
        assert [each and each.folder for each in found] == ["a", "a/b/1", None]
        assert await store.remove_folder("a/b") == []


async def test_tags_have_names_of_their_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_tag(Tag("1", "Zürich", "red"))
        await store.save_tag(Tag("2", "arbeit"))
        with pytest.raises(ValueError, match="zurich"):
            await store.save_tag(Tag("3", "zurich"))
        await store.save_tag(Tag("1", "ZÜRICH", "blue"))
        assert await store.tags() == [Tag("2", "arbeit"), Tag("1", "ZÜRICH", "blue")]
        await chats(store, "a", "b")
        await store.organise(["a"], add_tags=["1", "2"])
        assert await store.remove_tag("1") == ["a"]
        (found,) = await store.conversations([1])
        assert found.tags == ("2",)


async def test_what_a_session_saves_leaves_alone_where_its_chat_stands(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await chats(store, "a")
        held = await store.conversation("a")
        assert held is not None
        await store.organise(["a"], pinned=True, archived=True, unread=True)
        await store.update_conversation(held)
        await store.begin_turn(held, [])
        assert await store.organise(["a"]) == [Place("a", pinned=True, archived=True, unread=True)]


async def test_what_is_organised_can_be_put_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await chats(store, "a", "b", "c")
        await folders(store, "f", "g")
        for id in "123":
            await store.save_tag(Tag(id, id))
        first = [Place("a"), Place("b")]
        assert (
            await store.organise(["a", "b", "unknown"], folder="f", pinned=True, add_tags=["1", "2"]) == first
        )
        was = await store.organise(
            ["b"], archived=True, unread=True, folder="", remove_tags=["1"], add_tags=["3"]
        )
        assert was == [Place("b", "f", pinned=True, tags=("1", "2"))]
        now = await store.conversation("b")
        assert now is not None
        assert (now.folder, now.archived, now.pinned, now.unread) == (None, True, True, True)
        assert now.tags == ("2", "3")
        await store.place(was)
        assert await store.organise(["b"]) == was
        await store.remove_folder("f")
        await store.remove_tag("2")
        await store.place(was)
        assert await store.organise(["b"]) == [Place("b", None, pinned=True, tags=("1",))]
        await store.place(first)
        assert await store.organise(["a", "b", "c"]) == [Place("a"), Place("b"), Place("c")]


async def test_an_unknown_folder_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await chats(store, "a")
        with pytest.raises(LookupError):
            await store.organise(["a"], folder="unknown", pinned=True)
        assert await store.organise(["a"]) == [Place("a")]


async def test_a_turn_neither_moves_nor_reads_a_conversation(tmp_path: Path) -> None:
    """What one part of the program knows of a conversation may be older than where it stands."""
    async with opened(tmp_path) as store:
        await folders(store, "f")
        conversation = Conversation("a", "A", folder="f", origin="fork:m")
        await store.begin_turn(conversation, turn())
        await store.organise(["a"], archived=True, unread=True)
        conversation.folder = None
        await store.begin_turn(conversation, turn())
        await store.update_conversation(conversation)
        assert await store.organise(["a"]) == [Place("a", "f", archived=True, unread=True)]
        found = await store.conversation("a")
        assert found is not None
        assert found.origin == "fork:m"
        await store.begin_turn(Conversation("b", folder="gone"), turn())
        assert await store.organise(["b"]) == [Place("b")]
