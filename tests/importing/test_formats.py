"""What is read of the exports of each program."""

from pathlib import Path

import pytest

from desktop_chat.domain.archive import History
from desktop_chat.domain.message import Attachment, CallStatus, Citation, PartKind, State, ToolCall
from desktop_chat.importing import Unreadable, preview
from desktop_chat.storage.foreign import foreign_rows
from tests.importing.exports import (
    DATA,
    archive,
    contents,
    histories,
    history,
    leaf,
    of_kind,
    pygpt_database,
    shape,
    skipped,
    write_json,
)


def test_a_chat_of_chatgpt_with_its_branches(tmp_path: Path) -> None:
    read = history(archive(tmp_path / "export.zip"))
    chat = read.conversation
    assert (chat.title, chat.origin, chat.pinned) == ("Colours and <b>worth</b>", "import:chatgpt", True)
    assert (chat.created_at, chat.used_at) == (1714556999.0, 1714557112.0)
    assert shape(read)[:4] == [
        (
            None,
            "user",
            "[file prices.pdf: not in the export]\n\nWhat is in this picture, and what is it worth?",
        ),
        (0, "assistant", "A first answer that was not liked."),
        (0, "assistant", "It shows two colours. It is worth 42."),
        (2, "user", "Draw it"),
    ]
    assert leaf(read).text.endswith("An answer that was cut")
    assert leaf(read).state is State.INTERRUPTED
    assert [message.model for message in read.messages[:4]] == [None, "gpt-4o", "o3", None]


def test_reasoning_and_tools_of_chatgpt_are_parts_of_one_answer() -> None:
    answer = history(DATA / "chatgpt").messages[2]
    reasoning, call = answer.parts[:2]
    assert (reasoning.text, reasoning.seconds) == ("Looking\n\nTwo colours side by side.", 4.0)
    assert call.data == ToolCall("c1", "python", CallStatus.DONE, "print(2 * 21)", "42")


def test_marks_of_sources_become_sources() -> None:
    answer = history(DATA / "chatgpt").messages[2]
    sources = [(part.name, part.data) for part in of_kind(answer, PartKind.CITATION)]
    assert sources == [
        ("Colours", Citation("https://example.com/colours", 21, 21)),
        ("Prices", Citation("https://example.com/prices", 37, 37)),
    ]


def test_pictures_are_found_in_the_archive(tmp_path: Path) -> None:
    path = archive(tmp_path / "export.zip")
    read = history(path)
    (image,) = of_kind(read.messages[0], PartKind.IMAGE)
    (file,) = read.files
    assert isinstance(image.data, Attachment)
    assert (image.name, image.data.width, image.data.hash) == ("holiday.png", 2, file.key)
    assert contents(path) == [(DATA / "chatgpt" / "file-AbCdEfGh12345678-holiday.png").read_bytes()]


def test_what_is_odd_in_chatgpts_export_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "export.zip")
    first, second = histories(path)
    assert first.notes == (
        "1 × an image or recording that is not in the export",
        "1 × a message by “critic”, taken for an answer",
    )
    assert "hologram" not in leaf(first).text
    assert '"beam"' in leaf(first).text
    assert skipped(path) == [
        ("conversations-000.json, record 2", "It was left out: there is no message in it.")
    ]
    assert (second.conversation.title, second.conversation.archived) == ("Hello again", True)
    assert [message.created_at for message in second.messages] == [1714643400.0] * 2
    assert leaf(second).text == "Hello, who is there?\n\n[recording: not in the export]\n\n"


def test_a_chat_of_claude() -> None:
    read, old = histories(DATA / "claude.json")
    assert (read.conversation.title, read.folder) == ("Notes on <i>rye</i>", ("Baking",))
    assert shape(read) == [
        (None, "user", "[image oven.jpeg: not in the export]\n\nSummarize this"),
        (0, "assistant", "Rye takes \n\n75 % of water."),
        (0, "assistant", "Another version."),
        (1, "user", "Thanks"),
    ]
    (file,) = of_kind(read.messages[0], PartKind.FILE)
    assert isinstance(file.data, Attachment)
    assert (file.name, file.text, file.data.as_text) == ("rye.txt", "Rye needs more water.\n", True)
    assert read.files[0].read() == b"Rye needs more water.\n"
    answer = read.messages[1]
    assert (answer.reasoning, answer.parts[0].seconds) == ("Short text.", 3.5)
    (call,) = of_kind(answer, PartKind.TOOL_CALL)
    assert isinstance(call.data, ToolCall)
    assert (call.name, call.data.result) == ("web_search", "75 %")
    (source,) = of_kind(answer, PartKind.CITATION)
    assert source.data == Citation("https://example.com/rye", 26, 26)
    assert read.notes == ("1 × content of the kind “voice_note”, left out",)
    assert shape(old) == [(None, "user", "An old message without blocks"), (0, "assistant", "An old answer")]


def test_chats_of_open_webui() -> None:
    read, old = histories(DATA / "open-webui.json")
    assert [(parent, role) for parent, role, _ in shape(read)] == [
        (None, "user"),
        (0, "assistant"),
        (0, "assistant"),
        (2, "assistant"),
    ]
    answer = leaf(read)
    assert (answer.model, answer.reasoning, answer.text) == (
        "qwen3",
        "A loop <then>.\nDone.",
        "Let me run it.\n\nIt gave 2.",
    )
    (call,) = of_kind(answer, PartKind.TOOL_CALL)
    assert call.data == ToolCall("call_1", "run", CallStatus.DONE, '{"code": "1+1"}', '"2"')
    assert str(read.messages[3].error) == "model not found"
    assert [tag.name for tag in read.tags] == ["python", "loops"]
    assert read.conversation.parameters.system_prompt == "You are a teacher."
    assert read.files[0].read().startswith(b"\x89PNG")
    assert shape(old) == [(None, "user", "Flat"), (0, "assistant", "Yes")]
    assert old.conversation.archived


@pytest.mark.parametrize("name", ["librechat.json", "librechat-recursive.json"])
def test_a_chat_of_librechat_flat_or_recursive(name: str) -> None:
    read = history(DATA / name)
    assert shape(read) == [
        (None, "user", "[file table.csv: not in the export]\n\nWhat is 6 times 7?"),
        (0, "assistant", "It is 42."),
        (0, "assistant", "Forty-two"),
    ]
    (call,) = of_kind(read.messages[1], PartKind.TOOL_CALL)
    assert call.data == ToolCall("call_9", "calculator", CallStatus.DONE, '{"input":"6*7"}', "42")
    assert read.messages[1].reasoning == "Multiply."
    assert leaf(read).state is State.INTERRUPTED
    assert read.notes == ("1 × content of the kind “telepathy”, left out",)


def test_both_exports_of_librechat_are_the_same_chat() -> None:
    flat, tree = history(DATA / "librechat.json"), history(DATA / "librechat-recursive.json")
    assert [message.id for message in flat.messages] == [message.id for message in tree.messages]


def test_chats_of_chatbox_with_threads_and_forks() -> None:
    thread, chat = histories(DATA / "chatbox.json")
    assert [thread.conversation.title, chat.conversation.title] == ["Black tea", "Green tea"]
    assert shape(thread) == [(None, "user", "An old message"), (0, "assistant", "Boiling")]
    assert [(parent, text) for parent, _, text in shape(chat)] == [
        (None, "How hot for green tea?[image: not in the export]\n\n"),
        (0, "80 °C"),
        (1, "[file A page: not in the export]\n\nAnd oolong?"),
        (0, "100 °C"),
    ]
    assert leaf(chat).text.endswith("And oolong?")
    assert str(chat.messages[3].error) == "cut off"
    assert chat.messages[1].parts[0].seconds == 1.5
    assert chat.conversation.parameters.system_prompt == "You know tea."
    assert "sk-not-to-be-read" not in repr([thread, chat])


def test_chats_of_pygpts_database(tmp_path: Path) -> None:
    path = pygpt_database(tmp_path / "db.sqlite")
    before = path.read_bytes()
    oaks, birches = histories(path)
    assert (oaks.conversation.title, oaks.conversation.pinned, oaks.folder) == ("Oaks", True, ("Trees",))
    assert [(parent, text) for parent, _, text in shape(oaks)] == [
        (None, "[file leaf.jpg: not in the export]\n\nHow old do oaks get?"),
        (0, "Hundreds of years.[image oak.png: not in the export]\n\n"),
        (1, "Younger."),
    ]
    (call,) = of_kind(oaks.messages[1], PartKind.TOOL_CALL)
    assert isinstance(call.data, ToolCall)
    assert "1,000 years" in call.data.result
    assert [part.name for part in of_kind(oaks.messages[1], PartKind.CITATION)] == [
        "https://example.com/oaks"
    ]
    assert (birches.conversation.title, birches.conversation.archived) == ("And birches?", True)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["db.sqlite"]


def test_files_of_older_versions_of_pygpt() -> None:
    read = history(DATA / "pygpt")
    assert read.conversation.title == "Plants"
    assert [text for _, _, text in shape(read)] == ["Do plants sleep?", "They rest.", "Why?"]


def test_a_database_that_is_in_use_is_not_half_read(tmp_path: Path) -> None:
    path = pygpt_database(tmp_path / "db.sqlite")
    (tmp_path / "db.sqlite-wal").write_bytes(b"not yet in the file")
    ((where, why),) = skipped(path)
    assert where == "db.sqlite"
    assert "still running" in why


def test_a_database_of_something_else(tmp_path: Path) -> None:
    import apsw

    db = apsw.Connection(str(tmp_path / "x.db"))
    # A view that never ends, in place of the table.
    db.execute(
        "CREATE TABLE ctx_item (id, meta_id); CREATE VIEW ctx_meta AS WITH RECURSIVE n(id) AS "
        "(SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id FROM n"
    )
    db.close()
    assert skipped(tmp_path / "x.db") == [
        ("x.db", "It is no database of PyGPT, or it is damaged: it has no table ctx_meta.")
    ]


@pytest.mark.parametrize(
    ("name", "program", "chats"),
    [
        ("chatgpt", "ChatGPT", 2),
        ("claude.json", "Claude", 2),
        ("open-webui.json", "Open WebUI", 2),
        ("librechat.json", "LibreChat", 1),
        ("chatbox.json", "Chatbox", 2),
        ("pygpt", "PyGPT", 1),
    ],
)
def test_a_preview_tells_what_it_is(name: str, program: str, chats: int) -> None:
    found = preview(DATA / name, foreign_rows, 60)
    assert (found.programs, found.chats, found.is_all) == ((program,), chats, True)
    assert found.titles[0]


def test_what_is_no_export_is_said_to_be_none(tmp_path: Path) -> None:
    write_json(tmp_path / "list.json", [{"name": "a recipe"}])
    (tmp_path / "letter.json").write_text("Dear reader", "utf-8")
    (tmp_path / "empty.json").touch()
    for name in ("list.json", "letter.json", "empty.json", "nowhere.json"):
        with pytest.raises(Unreadable):
            preview(tmp_path / name, foreign_rows)


def test_ids_are_the_same_each_time() -> None:
    def ids(read: list[History]) -> list[str]:
        return [message.id for each in read for message in each.messages]

    for name in ("chatgpt", "claude.json", "open-webui.json", "chatbox.json", "pygpt"):
        found = ids(histories(DATA / name))
        assert found == ids(histories(DATA / name))
        assert len(set(found)) == len(found)
