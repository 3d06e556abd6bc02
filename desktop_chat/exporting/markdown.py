"""A chat as Markdown: its messages as they were written, below what is known of it as YAML."""

import json
import re
from collections.abc import Iterator
from datetime import UTC

from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, State, ToolCall
from desktop_chat.exporting.chat import ENDED, WEB, Chat, attachment_name, local, sources, when

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What YAML 1.1 and 1.2 have only escaped within quotation marks (https://yaml.org/spec/1.2.2/#51-character-set),
or take for the end of a line."""
_TICKS = re.compile("`+")
_BRACKETS = re.compile(r"[\\\[\]]")


def markdown(chat: Chat) -> Iterator[str]:
    """The file, piece by piece."""
    yield from _front_matter(chat)
    yield f"\n# {_line(chat.title)}\n"
    if chat.system_prompt():
        yield f"\n## System\n\n{chat.system_prompt().strip()}\n"
    for branch in chat.branches():
        if branch.title:
            yield f"\n---\n\n# {branch.title}\n"
        for message in branch.messages:
            yield from _message(chat, message)


def _front_matter(chat: Chat) -> Iterator[str]:
    told = chat.history.conversation
    yield "---\n"
    yield f"title: {_quoted(chat.title)}\n"
    yield f"id: {_quoted(told.id)}\n"
    for name, seconds in (("created", told.created_at), ("updated", told.used_at)):
        if (time := local(seconds)) is not None:
            yield f"{name}: {time.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}\n"
    models = [model for model in chat.models() if model]
    if models:
        yield f"model: {_quoted(models[-1])}\n"
    if len(models) > 1:
        yield f"models: [{', '.join(map(_quoted, models))}]\n"
    if chat.history.folder:
        yield f"folder: {_quoted(' / '.join(chat.history.folder))}\n"
    if chat.history.tags:
        yield f"tags: [{', '.join(_quoted(tag.name) for tag in chat.history.tags)}]\n"
    for name in ("pinned", "archived"):
        if getattr(told, name):
            yield f"{name}: true\n"
    yield "---\n"


def _message(chat: Chat, message: Message) -> Iterator[str]:
    facts = [when(message.created_at)]
    if message.state is not State.COMPLETE:
        facts.append(ENDED[message.state])
    told = " · ".join(fact for fact in facts if fact)
    yield f"\n## {_line(chat.name_of(message))}\n"
    if told:
        yield f"\n*{told}*\n"
    if chat.plan.reasoning and message.reasoning:
        yield f"\n> **Reasoning**\n>\n{_quote(message.reasoning)}\n"
    if message.role is not Role.USER:
        for part in message.parts:
            if isinstance(part.data, ToolCall):
                yield from _call(part, part.data)
    text = message.text.strip("\n")
    if text:
        yield f"\n{text}\n"
    for part in message.attachments:
        yield f"\n{_attachment(chat, part)}\n"
    if listed := sources(message):
        yield "\nSources:\n\n"
    for number, title, url in listed:
        yield f"{number}. [{_line(title)}](<{_address(url)}>)\n" if url else f"{number}. {_line(title)}\n"
    if message.error is not None and message.error.message:
        yield f"\n*{_line(message.error.message)}*\n"


def _call(part: Part, call: ToolCall) -> Iterator[str]:
    yield f"\n> **{_line(part.name or call.kind)}**\n"
    for words in (call.arguments, call.result):
        if words:
            yield f">\n{_quote(_fenced(words))}\n"


def _attachment(chat: Chat, part: Part) -> str:
    name, link = _line(attachment_name(part)), chat.link(part)
    if link is None:
        size = part.data.size if isinstance(part.data, Attachment) else 0
        return f"[Attached: {name}{f', {size:,} bytes' if size else ''}]".replace("[", "\\[").replace(
            "]", "\\]"
        )
    # What is on a server is not shown: whoever reads the file would tell that server so.
    is_beside = part.kind is PartKind.IMAGE and not link.startswith(WEB)
    return f"{'!' if is_beside else ''}[{name}](<{_address(link)}>)"


def _fenced(text: str) -> str:
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip("\n").split("\n"))


def _line(text: str) -> str:
    return _BRACKETS.sub(r"\\\g<0>", " ".join(text.split())).replace("<", "\\<")


def _address(url: str) -> str:
    """What may stand between ``<`` and ``>``."""
    return url.replace("\\", "%5C").replace("<", "%3C").replace(">", "%3E").replace("\n", "%0A")


def _quoted(text: str) -> str:
    r"""A scalar that every reader of YAML takes for this very text. Without all of JSON's escapes: those of
    ``\ud83d\ude00`` are two characters in YAML."""
    told = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", told)
