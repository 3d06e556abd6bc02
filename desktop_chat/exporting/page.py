"""A chat as a page: one file without a script, that asks no server for anything.

What messages say comes from the windows' own parser, in which no HTML of a model is live; everything else is
escaped here. A policy in the head forbids what is not in the file (https://www.w3.org/TR/CSP3/).
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from html import escape

from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, State, ToolCall
from desktop_chat.exporting.chat import ENDED, Chat, attachment_name, local, sources, when
from desktop_chat.exporting.plan import View
from desktop_chat.paths import resources

RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What is shown in the page; an SVG is a program."""

Inline = Callable[[Attachment], str | None]
"""The data URL of an image; None where it is not there."""


def page(chat: Chat, view: View, inline: Inline) -> Iterator[str]:
    """The file, piece by piece."""
    style = (resources() / "export" / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    title = escape(chat.title)
    yield (
        "<!doctype html>\n<html>\n<head>\n"
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f'<header>\n<h1 dir="auto">{title}</h1>\n{_facts(chat)}</header>\n'
    )
    if prompt := chat.system_prompt():
        yield _aside("System prompt", f"<pre>{escape(prompt)}</pre>\n")
    for branch in chat.branches():
        if branch.title:
            yield f'<h2 class="branch">{escape(branch.title)}</h2>\n'
        for message in branch.messages:
            yield from _message(chat, message, view, inline)
    yield "</main>\n</body>\n</html>\n"


def _facts(chat: Chat) -> str:
    told = [when(chat.history.conversation.created_at), ", ".join(model for model in chat.models() if model)]
    told.append(" / ".join(chat.history.folder))
    facts = " · ".join(escape(" ".join(fact.split())) for fact in told if fact)
    tags = "".join(f'<span class="tag">{escape(tag.name)}</span>' for tag in chat.history.tags)
    return f'<p class="facts">{facts}{" " if facts and tags else ""}{tags}</p>\n' if facts or tags else ""


def _message(chat: Chat, message: Message, view: View, inline: Inline) -> Iterator[str]:
    is_users = message.role is Role.USER
    yield f'<article class="{"user" if is_users else "answer"}">\n'
    time = local(message.created_at)
    stamp = f'<time datetime="{time.isoformat()}">{when(message.created_at)}</time>' if time else ""
    ended = "" if message.state is State.COMPLETE else f'<span class="ended">{ENDED[message.state]}</span>'
    yield f'<h3 class="who">{escape(chat.name_of(message))} {stamp}{ended}</h3>\n'
    if chat.plan.reasoning and message.reasoning:
        yield '<details class="aside">\n<summary>Reasoning</summary>\n<div dir="auto">'
        yield from view.html_of(message.reasoning)
        yield "</div>\n</details>\n"
    if not is_users:
        for part in message.parts:
            if isinstance(part.data, ToolCall):
                yield _call(part, part.data)
    yield '<div class="said" dir="auto">\n'
    yield from view.html(message)
    yield "</div>\n"
    for part in message.attachments:
        yield _attachment(chat, part, inline)
    if listed := sources(message):
        yield f'<ol class="sources">\n{"".join(_source(*source) for source in listed)}</ol>\n'
    if message.error is not None and message.error.message:
        yield f'<p class="error">{escape(message.error.message)}</p>\n'
    yield "</article>\n"


def _call(part: Part, call: ToolCall) -> str:
    words = "".join(f"<pre>{escape(each)}</pre>\n" for each in (call.arguments, call.result) if each)
    return _aside(part.name or call.kind, words)


def _aside(title: str, content: str) -> str:
    return f'<details class="aside">\n<summary>{escape(title)}</summary>\n{content}</details>\n'


def _attachment(chat: Chat, part: Part, inline: Inline) -> str:
    name = escape(attachment_name(part))
    if (
        chat.plan.attachments
        and part.kind is PartKind.IMAGE
        and isinstance(part.data, Attachment)
        and (url := inline(part.data)) is not None
    ):
        return f'<p class="picture"><img alt="{name}" src="{url}"></p>\n'
    link = chat.link(part)
    shown = f'<a href="{escape(link)}">{name}</a>' if link else name
    return f'<p class="file">{shown}</p>\n'


def _source(number: int, title: str, url: str) -> str:
    shown = f'<a href="{escape(url)}">{escape(title)}</a>' if url else escape(title)
    return f'<li value="{number}">{shown}</li>\n'
