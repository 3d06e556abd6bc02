"""A chat as one line of JSON for fine-tuning, as Chat Completions takes messages."""

from typing import Any

from desktop_chat.domain.interchange import dumped
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, State
from desktop_chat.exporting.chat import Chat


def line(chat: Chat, images: dict[str, str]) -> str:
    """One line of the file; "" where no answer of the chat is whole.

    ``images`` are the data URLs of attached images, by hash. The active path with its system prompt: what
    was not answered to the end is left out with its question, since a model should not learn to break off.
    """
    turns: list[dict[str, Any]] = []
    asked: list[dict[str, Any]] = []
    for message in chat.history.tree().path:
        if message.role is Role.ASSISTANT:
            if message.state is State.COMPLETE and message.text.strip():
                turns += [*asked, {"role": "assistant", "content": message.text}]
            asked = []
        elif content := _content(chat, message, images):
            asked.append({"role": message.role.value, "content": content})
    if not any(turn["role"] == "assistant" for turn in turns):
        return ""
    if chat.system_prompt():
        turns.insert(0, {"role": "system", "content": chat.system_prompt()})
    return dumped({"messages": turns}) + "\n"


def _content(chat: Chat, message: Message, images: dict[str, str]) -> str | list[dict[str, Any]]:
    found = [url for part in message.parts if chat.plan.attachments and (url := _address(part, images))]
    if not found:
        return message.sent_text
    text: list[dict[str, Any]] = [{"type": "text", "text": message.sent_text}] if message.sent_text else []
    return text + [{"type": "image_url", "image_url": {"url": url}} for url in found]


def _address(part: Part, images: dict[str, str]) -> str:
    if part.kind is not PartKind.IMAGE or not isinstance(part.data, Attachment):
        return ""
    return images.get(part.data.hash, "") or part.data.url
