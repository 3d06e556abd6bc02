"""A chat as plain text: as it is shown, without markup."""

from collections.abc import Iterator

from desktop_chat.domain.message import Message, Role, State, ToolCall
from desktop_chat.exporting.chat import ENDED, Chat, attachment_name, sources, when
from desktop_chat.exporting.plan import View


def text(chat: Chat, view: View) -> Iterator[str]:
    """The file, piece by piece."""
    yield f"{chat.title}\n"
    told = [when(chat.history.conversation.created_at), " / ".join(chat.history.folder)]
    told.append(", ".join(tag.name for tag in chat.history.tags))
    if any(told):
        yield " · ".join(fact for fact in told if fact) + "\n"
    if chat.system_prompt():
        yield f"\nSystem:\n\n{chat.system_prompt().strip()}\n"
    for branch in chat.branches():
        if branch.title:
            yield f"\n\n==== {branch.title} ====\n"
        for message in branch.messages:
            yield from _message(chat, message, view)


def _message(chat: Chat, message: Message, view: View) -> Iterator[str]:
    ended = "" if message.state is State.COMPLETE else ENDED[message.state]
    facts = ", ".join(fact for fact in (when(message.created_at), ended) if fact)
    yield f"\n\n{chat.name_of(message)}{f' ({facts})' if facts else ''}:\n\n"
    if chat.plan.reasoning and message.reasoning:
        yield f"[Reasoning]\n{message.reasoning.strip()}\n\n"
    if message.role is not Role.USER:
        for part in message.parts:
            if isinstance(part.data, ToolCall):
                words = "\n".join(each for each in (part.data.arguments, part.data.result) if each)
                yield f"[{part.name or part.data.kind}]\n{words.strip()}\n\n".replace("\n\n\n", "\n\n")
    yield from view.plain(message)
    yield "\n"
    for part in message.attachments:
        link = chat.link(part)
        yield f"[Attached: {attachment_name(part)}{f' ({link})' if link else ''}]\n"
    for number, title, url in sources(message):
        yield f"[{number}] {title}{f' {url}' if url and url != title else ''}\n"
    if message.error is not None and message.error.message:
        yield f"({message.error.message})\n"
