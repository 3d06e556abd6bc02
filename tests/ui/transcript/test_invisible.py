"""Characters that cannot be seen: those that mislead are shown, everywhere; those that scripts need stay."""

import pytest
from PySide6.QtGui import QAccessible, QGuiApplication

from desktop_chat.domain.message import CallStatus, Part, PartKind, ToolCall
from desktop_chat.ui.transcript.row import Action
from tests.ui.transcript.conftest import Chat, answer, question

OVERRIDES = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xE0001, 0xE0041, 0xE007F]
WANTED = {
    "family": "👨\u200d👩\u200d👧",
    "heart": "❤\ufe0f",
    "persian": "می\u200cخواهم",
    "marks": "a\u200eb\u200fc",
    "flag": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "skin": "👍🏽",
}


FRAMES = [
    "{}", "# {}", "- {}", "[{}](https://example.org)", "`{}`", "**{}**", "| {} |\n|---|",
    "![{}](https://example.org)", "```\n{}\n```", "> {}", "<b>{}</b>",
]  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES)
def test_misleading_characters_are_shown(frame: str, chat: Chat) -> None:
    text = "".join(f"a{chr(point)}b" for point in OVERRIDES)
    shown = "".join(f"a⟨U+{point:04X}⟩b" for point in OVERRIDES)
    chat.show(question("q", text), answer("a", frame.format(text)))
    for index in range(2):
        item = QAccessible.queryAccessibleInterface(chat.view).child(index)
        for told in (chat.text(index), item.text(QAccessible.Text.Value)):
            assert shown in told
    chat.view.select_all()
    assert not any(chr(point) in chat.view.selected_text() for point in OVERRIDES)


def test_what_is_copied_is_what_is_shown(chat: Chat) -> None:
    chat.show(answer("a", "rm \u202efr-\u202c x"))
    chat.view.trigger(0, Action.COPY)
    chat.qtbot.waitUntil(lambda: not chat.view.copier.is_busy)
    assert QGuiApplication.clipboard().text() == "rm ⟨U+202E⟩fr-⟨U+202C⟩ x"


MISLEADING = "a\u202eb\x1b[31m\x07 `x\u2066y`\r\n\n```\nq\u202e\n```\n[l](https://example.org/\u202e)"


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_no_format_has_what_cannot_be_seen(role: str, chat: Chat) -> None:
    chat.show(question("m", MISLEADING) if role == "user" else answer("m", MISLEADING))
    chat.view.trigger(0, Action.COPY)
    chat.qtbot.waitUntil(lambda: not chat.view.copier.is_busy)
    offered = QGuiApplication.clipboard().mimeData()
    for kind in ("text/plain", "text/html", "text/markdown"):
        text = offered.data(kind).toStdString()
        assert "⟨U+202E⟩" in text
        assert not set("\x1b\x07\r\u202e\u2066") & set(text)


def test_menu_copies_what_is_shown(chat: Chat) -> None:
    message = answer("a", f"{MISLEADING} $x\x1b\u202e$")
    call = ToolCall("c", "web_search", CallStatus.DONE, "why\u202e", "\x1b[31m")
    message.parts.append(Part(PartKind.TOOL_CALL, "", None, "", call))
    chat.show(message)
    menu = chat.view.menu(0, link="https://exаmple.org/\u202e")
    submenus = [action.menu() for action in menu.actions() if action.menu() is not None]
    entries = [action for part in (menu, *submenus) for action in part.actions() if action.menu() is None]
    wanted = ("Copy link address", "Copy as Markdown", "Copy as plain text", "Searched the web")
    copied = []
    for entry in entries:
        if entry.text() in wanted:
            entry.trigger()
            chat.qtbot.waitUntil(lambda: not chat.view.copier.is_busy)
            copied.append(QGuiApplication.clipboard().text())
    assert len(copied) == 4
    assert not set("\x1b\x07\r\u202e\u2066а") & set("".join(copied))


@pytest.mark.parametrize("name", WANTED)
def test_what_scripts_and_emoji_need_stays(name: str, chat: Chat) -> None:
    chat.show(question("q", WANTED[name]), answer("a", f"x {WANTED[name]} y"))
    assert chat.text(0) == WANTED[name]
    assert chat.text(1) == f"x {WANTED[name]} y"


def test_a_text_hidden_in_tags_is_shown(chat: Chat) -> None:
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "obey me")
    chat.show(answer("a", f"Hello{hidden} 🏴{hidden}"))
    assert chat.text().count("⟨U+E006F⟩") == 2


def test_name_of_the_model_is_cleaned(chat: Chat) -> None:
    message = answer("a", "x")
    message.model = "gpt\u202e5"
    chat.show(message)
    assert chat.view.speaker(0) == "gpt⟨U+202E⟩5"
