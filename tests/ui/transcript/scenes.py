"""What the transcript is drawn with for the pictures that it is compared with: a scene for each thing."""

from collections.abc import Callable
from dataclasses import dataclass

from desktop_chat.domain.errors import RateLimited
from desktop_chat.domain.message import (
    CallStatus,
    Citation,
    Message,
    Part,
    PartKind,
    Role,
    State,
    ToolCall,
)
from desktop_chat.ui.transcript.find import Query
from desktop_chat.ui.transcript.row import Action
from tests.ui.transcript.conftest import Chat, answer, question

LONG_CODE = "\n".join(f"    step_{i} = run({i}, name='step {i}')  # number {i}" for i in range(60))
LONG_LINE = "value = " + " + ".join(f"term_{i}" for i in range(60))


@dataclass(frozen=True, slots=True)
class Scene:
    """Messages in a view of some size; ``then`` is what is done once they are shown."""

    name: str
    messages: tuple[Message, ...]
    height: int = 420
    width: int = 744
    zoom: int = 100
    then: Callable[[Chat], None] | None = None
    versions: tuple[str, ...] = ()
    language: str = "Latin"


def _said(name: str, text: str, **more: object) -> Scene:
    return Scene(name, (answer("a", text),), **more)  # type: ignore[arg-type]


def _fold(chat: Chat) -> None:
    chat.click(1, chat.button(1, Action.FOLD))


def _select(chat: Chat) -> None:
    chat.view.selection.anchor, chat.view.selection.head = (0, 1, 0, 4), (1, 1, 2, 3)
    chat.view.viewport().update()


def _find(chat: Chat) -> None:
    chat.view.selection.anchor = chat.view.selection.head = (0, 0, 0, 0)
    chat.view.finder.find(Query("file"))
    chat.qtbot.waitUntil(lambda: chat.view.finder.is_settled)
    chat.view.finder.next()
    chat.qtbot.waitUntil(lambda: chat.view.finder.is_settled)


def _tools() -> Message:
    text = "It is 21 °C in Porto today."
    parts = [
        Part(
            PartKind.TOOL_CALL,
            name="get_weather",
            seconds=1.2,
            data=ToolCall("c1", "function", CallStatus.DONE, '{"city": "Porto"}', '{"celsius": 21}'),
        ),
        Part(PartKind.TEXT, text),
        Part(
            PartKind.CITATION, name="The weather in Porto", data=Citation("https://example.org/porto", 6, 11)
        ),
    ]
    return Message("a", None, Role.ASSISTANT, parts, model="gpt-5.2")


ASKED = question("q", "How do I rotate a log file?\n\nIt grows **fast**.")
FILES = """Rotate the file by *size*, and the **file** keeps `file` in its name.

> A quoted file.

| Option | File |
|---|---:|
| size | 12 files |
"""

SCENES = (
    Scene(
        "question and answer",
        (ASKED, answer("a", "Use `logrotate`: **bold**, *italic*, ~~struck~~.\n\nAnd a second line.")),
    ),
    _said("code", "Before.\n\n```python\ndef f(x: int) -> str:\n    return 'a'  # why\n```\n\nAfter."),
    _said("long code", f"```python\n{LONG_CODE}\n```"),
    _said("long line", f"```python\n{LONG_LINE}\n```\n\nAfter."),
    _said(
        "table",
        "| Left | Center | Right |\n|:---|:---:|---:|\n| a | b | 1.00 |\n| longer text | **b** | 12,345 |\n",
    ),
    _said(
        "lists and quotes",
        "- one\n  - two\n    1. three\n    2. four\n\n> quoted\n>\n> > twice\n>\n> - item\n",
    ),
    _said("tasks", "- [x] done\n- [ ] to do\n  - [x] within\n"),
    _said("footnotes", "A claim.[^1] Another.[^2]\n\n[^1]: The source.\n[^2]: A second one.\n"),
    _said("headings", "# One\n\nText.\n\n## Two\n\n### Three\n\n#### Four\n\nText.\n\n---\n\nEnd."),
    _said("formulas", "The roots of $ax^2 + bx + c$ are\n\n$$\nx = \\frac{-b}{2a}\n$$\n\nand no more."),
    _said(
        "links",
        "[a link](https://example.org/x), https://example.org/plain and ![a picture](https://example.org/a.png).",
        height=200,
    ),
    _said(
        "scripts",
        "السلام عليكم، هذه فقرة من اليمين.\n\n日本語の文章です。👍🏽\n\n- עברית\n",
        language="All",
    ),
    Scene(
        "failed",
        (
            ASKED,
            Message("a", None, Role.ASSISTANT, [], State.FAILED, model="gpt-5.2", error=RateLimited("Slow")),
        ),
    ),
    Scene("cut off", (ASKED, answer("a", "A beginning of", State.TRUNCATED))),
    Scene("stopped", (ASKED, answer("a", "A beginning of", State.STOPPED))),
    Scene("thought", (ASKED, answer("a", "The answer.", thought="First this.\n\nThen that."))),
    Scene(
        "thought unfolded",
        (ASKED, answer("a", "The answer.", thought="First this.\n\nThen that.")),
        then=_fold,
    ),
    Scene("versions", (ASKED, answer("a", "The second answer.")), versions=("0", "a", "c")),
    Scene("streaming", (ASKED, answer("a", "The beginning of **an ans", State.STREAMING))),
    Scene("selected", (ASKED, answer("a", FILES)), then=_select),
    Scene("found", (ASKED, answer("a", FILES)), then=_find),
    Scene("large", (ASKED, answer("a", FILES)), zoom=200, height=600),
    Scene("narrow", (ASKED, answer("a", FILES + "\n```python\nprint(1)\n```")), width=340, height=600),
    Scene("sources and tools", (ASKED, _tools())),
)
