"""A conversation that goes on from a message of another."""

from collections.abc import Sequence
from dataclasses import replace

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, State
from desktop_chat.domain.titles import clean_title

_MARK = " (fork)"


def forked(source: Conversation, path: Sequence[Message], now: float) -> tuple[Conversation, list[Message]]:
    """A new conversation with copies of the messages of ``path``, one below the other; what is pinned, left
    out or summed up of them stays so. An answer that is being written is one that was stopped."""
    ids = {message.id: new_id() for message in path}
    messages = [
        replace(
            message,
            id=ids[message.id],
            parent_id=ids[above.id] if above is not None else None,
            parts=list(message.parts),
            state=State.STOPPED if message.state is State.STREAMING else message.state,
        )
        for above, message in zip((None, *path), path, strict=False)
    ]
    context, summary = source.context, source.context.summary
    context = replace(
        context,
        pinned=frozenset(ids[id] for id in context.pinned if id in ids),
        left_out=frozenset(ids[id] for id in context.left_out if id in ids),
        summary=replace(summary, until=ids[summary.until])
        if summary is not None and summary.until in ids
        else None,
    )
    title = clean_title(source.title.removesuffix(_MARK)) + _MARK
    conversation = replace(
        source,
        id=new_id(),
        seq=0,
        title=title.strip(),
        title_source="user",
        active_leaf=messages[-1].id,
        created_at=now,
        used_at=now,
        context=context,
        pinned=False,
        archived=False,
        unread=False,
        origin=f"fork:{path[-1].id}",
    )
    return conversation, messages
