"""What is not sent yet, and which attachments something still needs."""

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Attachment, Draft, Message, Part, PartKind, Role
from tests.storage.samples import begun, opened, raw, turn

pytestmark = pytest.mark.anyio

PHOTO = Part(PartKind.IMAGE, name="a.png", data=Attachment("a" * 64, "image/png", 10, 4, 3, "high"))
NOTES = Part(
    PartKind.FILE, "what it says", name="b.txt", data=Attachment("b" * 64, "text/plain", 5, as_text=True)
)
LINKED = Part(PartKind.IMAGE, data=Attachment("", url="https://example.org/c.png"))


def attachments(folder: Path) -> set[str]:
    with raw(folder / "chats.db") as connection:
        return {hash for (hash,) in connection.execute("SELECT hash FROM attachment")}


async def test_drafts(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_draft("new", "a")
        await store.save_draft("new", "ab")
        await store.save_draft("c1", "c")
    async with opened(tmp_path) as store:
        assert await store.drafts() == {"new": Draft("ab"), "c1": Draft("c")}
        await store.save_draft("new", "")
        await store.save_draft("unknown", "")
        assert await store.drafts() == {"c1": Draft("c")}


async def test_a_draft_keeps_its_attachments_in_their_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_draft("new", "Look", [PHOTO, NOTES, LINKED])
        await store.save_draft("new", "Look at", [PHOTO, NOTES, LINKED])
        await store.save_draft("c1", "", [NOTES])
    async with opened(tmp_path) as store:
        assert await store.drafts() == {
            "new": Draft("Look at", (PHOTO, NOTES, LINKED)),
            "c1": Draft("", (NOTES,)),
        }
        await store.save_draft("new", "Look at", [LINKED, PHOTO])
        await store.save_draft("c1", "only words")
        assert await store.drafts() == {
            "new": Draft("Look at", (LINKED, PHOTO)),
            "c1": Draft("only words"),
        }


async def test_typing_does_not_write_attachments_anew(tmp_path: Path) -> None:
    long = replace(NOTES, text="what it says " * 50_000)
    async with opened(tmp_path) as store:
        await store.save_draft("new", "a", [long])
        with raw(tmp_path / "chats.db") as connection:
            stored = connection.execute("SELECT rowid FROM draft_part").get
            connection.execute("UPDATE draft_part SET rowid = 77")
            assert stored != 77
        await store.save_draft("new", "ab", [long])
        with raw(tmp_path / "chats.db") as connection:
            assert connection.execute("SELECT rowid FROM draft_part").get == 77


async def test_what_is_sent_is_no_draft_any_more(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_draft("new", "Look", [PHOTO])
        question, answer = turn()
        question.parts.append(PHOTO)
        await store.begin_turn(Conversation("c1"), [question, answer], draft="new")
        assert await store.drafts() == {}
        assert (await store.tree("c1"))[question.id].parts[1] == PHOTO
        assert await store.unreferenced(["a" * 64]) == set()


async def test_only_what_nothing_needs_is_unreferenced(tmp_path: Path) -> None:
    hashes = ["a" * 64, "b" * 64, "c" * 64, "d" * 64]
    answered = Message(new_id(), None, Role.ASSISTANT, [replace(PHOTO, data=Attachment("c" * 64))])
    async with opened(tmp_path) as store:
        await store.save_draft("new", "", [NOTES])
        question, answer = turn()
        question.parts.append(PHOTO)
        conversation = Conversation(new_id())
        await store.begin_turn(conversation, [question, answer])
        await store.save_cached_answer("k", answered)
        assert await store.unreferenced(hashes) == {"d" * 64}
        await store.save_draft("new", "")
        await store.clear_cached_answers()
        assert await store.unreferenced(iter(hashes)) == {"b" * 64, "c" * 64, "d" * 64}
        assert attachments(tmp_path) == {"a" * 64}
        await store.delete_conversations([conversation.id])
        assert await store.unreferenced(hashes) == {"b" * 64, "c" * 64, "d" * 64}
        with raw(tmp_path / "chats.db") as connection:
            connection.execute("UPDATE conversation SET deleted_at = unixepoch() - 31 * 86400")
    async with opened(tmp_path) as store:
        await store.purge_expired()
        assert await store.unreferenced(hashes) == set(hashes)
        assert attachments(tmp_path) == set()
        await begun(store)
        assert await store.unreferenced([]) == set()
