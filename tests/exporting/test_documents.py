"""Chats as documents for people and for fine-tuning: what is in them, and that nothing in them is live."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_chat.domain.archive import History
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Tag
from desktop_chat.domain.message import Citation, Part, PartKind, Role, State, ToolCall
from desktop_chat.exporting import Format, Packing, Plan, View, export
from desktop_chat.ui.exporting.look import Look
from tests.exporting.samples import PNG, PNG_HASH, loaded, plain, read, said, text, tides

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style><script>",
    "</title><script>",
    "![x](https://evil.example/pixel.png)",
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    '[x](https://ok.example/" onmouseover="alert(1))',
    "<iframe srcdoc='<script>'></iframe>",
    "```html\n</code></pre><script>\n```",
    "$$</code><script>$$",
    "| <b> |\n|---|\n| </td><script> |",
    "&lt;script&gt; &amp; \x00 \u202e",
    "[^1]\n\n[^1]: <svg onload=alert(1)>",
)
LIVE = {"script", "iframe", "object", "embed", "form", "input", "link", "base", "svg", "video", "audio"}


@pytest.fixture
def look() -> Iterator[View]:
    async def made() -> Look:
        return Look(None, lambda error: ("", ""))  # type: ignore[arg-type]

    loop = asyncio.new_event_loop()
    yield loop.run_until_complete(made())
    loop.close()


def document(
    history: History,
    look: View,
    folder: Path,
    format: Format,
    packing: Packing = Packing.FILE,
    **options: Any,
) -> str:
    plan = Plan(format, folder / f"made-{format.value}", packing, **options)
    export([history], plan, read=read, view=look)
    (path,) = (
        [plan.path] if packing is Packing.FILE else [p for p in plan.path.rglob("Tides*") if p.is_file()]
    )
    return path.read_text("utf-8")


class Page(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def front_matter(source: str) -> Any:
    _, head, _ = source.split("---\n", 2)
    return yaml.safe_load(head)


def test_markdown_begins_with_what_is_known_of_the_chat(look: View, tmp_path: Path) -> None:
    found = front_matter(document(tides(), look, tmp_path, Format.MARKDOWN))
    assert found["created"].isoformat() == "2026-09-21T14:13:20+00:00"
    assert {name: value for name, value in found.items() if name not in ("created", "updated")} == {
        "title": 'Tides: "why"? \U0001f30a',
        "id": "sea",
        "model": "m-2",
        "models": ["m-1", "m-2"],
        "folder": "Science / Sea",
        "tags": ["blue: water"],
        "pinned": True,
        "archived": True,
    }


@settings(max_examples=60)
@given(st.text(), st.text(min_size=1))
def test_front_matter_is_yaml_whatever_the_words(title: str, name: str) -> None:
    from desktop_chat.exporting.chat import Chat
    from desktop_chat.exporting.markdown import markdown

    history = History(Conversation("c", title), tags=(Tag("t", name),), folder=(name,))
    source = "".join(markdown(Chat(history, Plan(Format.MARKDOWN, Path())))).encode("utf-8", "replace")
    found = yaml.safe_load(source.decode().split("\n---\n")[0].removeprefix("---\n"))
    assert found["title"] == (" ".join(title.split()) or "New chat")
    assert found["tags"] == [name]


def test_markdown_has_the_messages_as_they_were_written(look: View, tmp_path: Path) -> None:
    found = document(tides(), look, tmp_path, Format.MARKDOWN, Packing.FOLDER)
    body = found.split("---\n", 2)[2]
    assert [line for line in body.splitlines() if line.startswith("#")] == [
        '# Tides: "why"? \U0001f30a',
        "## System",
        "## You",
        "## m-1",
        "## You",
        "## m-2",
    ]
    assert "The **Moon**.\n" in body
    assert "![sea: view.png](<../../attachments/sea%20view.png>)" in body
    assert "[tables.pdf](<../../attachments/tables.pdf>)" in body
    assert "\n[Image](<https://example.org/sea.png>)" in body
    assert "1. [Tides](<https://example.org/tides>)\n2. Bad\n" in body
    assert "> **search**" in body
    assert "Think of" not in body
    assert "slow" not in body
    assert "Forget this" not in body
    for reference in re.findall(r"\]\(<(\.\./[^>]*)>\)", body):
        place = tmp_path / "made-markdown" / "Science" / "Sea" / reference.replace("%20", " ")
        assert place.resolve().is_file()


def test_all_versions_and_reasoning_are_there_where_they_are_asked_for(look: View, tmp_path: Path) -> None:
    for format in (Format.MARKDOWN, Format.TEXT, Format.HTML):
        found = document(tides(), look, tmp_path, format, versions=True, reasoning=True)
        assert "Message 2, version 2 of 2" in found
        assert "failed" in found
        assert "Forget this" not in found
        assert "Think of" in found
        assert found.index("Twice a day") < found.index("version 2 of 2")


def test_every_message_is_in_one_branch(look: View, tmp_path: Path) -> None:
    messages = [said("r", None, Role.USER, "r")]
    for number in range(40):
        messages.append(said(f"n{number}", messages[number // 3].id, Role.USER, f"word{number:02}"))
    history = History(Conversation("c", active_leaf="n5"), messages)
    found = document(history, look, tmp_path, Format.TEXT, versions=True)
    assert sorted(re.findall(r"word\d\d", found)) == [f"word{number:02}" for number in range(40)]


def test_plain_text_has_no_markup(look: View, tmp_path: Path) -> None:
    found = document(tides(), look, tmp_path, Format.TEXT)
    assert re.search(r"The Moon(\[1\]\.|\.\[1\])", found)
    assert "a\tb\n1\t2" in found
    assert "Why are there <b>tides</b>?\nSee # 1" in found
    assert "[Attached: tables.pdf]" in found
    assert "[1] Tides https://example.org/tides" in found


def test_a_page_is_whole_in_itself(look: View, tmp_path: Path) -> None:
    found = document(tides(), look, tmp_path, Format.HTML, reasoning=True)
    page = Page(found)
    assert [attrs["src"] for tag, attrs in page.tags if tag == "img"] == [
        "data:image/png;base64," + base64.b64encode(PNG).decode()
    ]
    links = {attrs["href"] for tag, attrs in page.tags if tag == "a"}
    assert links == {"https://example.org/tides", "https://example.org/sea.png"}
    assert "<strong>Moon</strong>" in found
    assert "<table>" in found
    assert "Read of it" not in found


def test_the_policy_of_a_page_forbids_all_that_is_not_in_it(look: View, tmp_path: Path) -> None:
    found = document(tides(), look, tmp_path, Format.HTML)
    style = found.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(
        attrs["content"]
        for tag, attrs in Page(found).tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_of_a_message_is_live_in_a_page(look: View, tmp_path: Path, words: str) -> None:
    history = tides()
    history.conversation.title = words
    history.conversation.parameters = type(history.conversation.parameters)(words)
    history.tags, history.folder = (Tag("t", words),), (words,)
    for message in history.messages:
        message.model = words
        message.parts += [
            text(words),
            Part(PartKind.REASONING, words),
            Part(PartKind.TOOL_CALL, name=words, data=ToolCall("t2", words, arguments=words, result=words)),
            Part(PartKind.CITATION, name=words, data=Citation(words)),
            Part(PartKind.CITATION, name=words, data=Citation(f"https://x.example/{words}")),
        ]
        if message.error is not None:
            message.error.message = words
    page = Page(document(history, look, tmp_path, Format.HTML, versions=True, reasoning=True))
    tags = {tag for tag, _ in page.tags}
    assert not tags & LIVE
    for tag, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        if "src" in attrs:
            assert tag == "img"
            assert (attrs["src"] or "").startswith("data:image/png;base64,")
        if "href" in attrs:
            assert re.match(r"https?://|mailto:", attrs["href"] or "")


def test_fine_tuning_gets_whole_answers_of_the_active_path(look: View, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    broken, empty = plain(2), plain(3)
    broken.messages[1].state = State.INTERRUPTED
    empty.messages.clear()
    plan = Plan(Format.MESSAGES, path, attachments=False)
    report = export([tides(), plain(1), broken, empty], plan, read=read, view=look)
    assert report.chats == 2
    assert report.notes == ("2 chats have no whole answer and could not be used.",)
    first, second = map(json.loads, path.read_text("utf-8").splitlines())
    assert [message["role"] for message in first["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert first["messages"][0]["content"] == "Be brief & kind."
    assert second == {
        "messages": [
            {"role": "user", "content": "Question 1"},
            {"role": "assistant", "content": "Answer 1"},
        ]
    }


def test_a_question_whose_answer_broke_off_is_left_out_with_it(look: View, tmp_path: Path) -> None:
    history = plain(1)
    history.messages[1].state = State.STOPPED
    history.messages += [
        said("q", "a1", Role.USER, "Again"),
        said("a", "q", Role.ASSISTANT, "Whole"),
        said("z", "a", Role.USER, "Unanswered"),
    ]
    history.conversation.active_leaf = "z"
    path = tmp_path / "one.jsonl"
    export([history], Plan(Format.MESSAGES, path), read=read, view=look)
    assert [message["content"] for message in loaded(path)["messages"]] == ["Again", "Whole"]


def test_fine_tuning_gets_images_with_attachments(look: View, tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    export([tides()], Plan(Format.MESSAGES, path), read=read, view=look)
    content = loaded(path)["messages"][1]["content"]
    assert [part["type"] for part in content] == ["text", "image_url", "image_url"]
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert PNG_HASH not in path.read_text("utf-8")
