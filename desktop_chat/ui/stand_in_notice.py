"""A slim notice in a chat: another model was asked, or can be; what the model does not take was left out."""

from PySide6.QtCore import QObject

from desktop_chat.chats import Chats
from desktop_chat.domain.parameters import BY_NAME
from desktop_chat.session import ChatSession
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.window import Window

_LONGEST = 60
_NAMED = 3
"""Parameters that are named in one sentence: the rest is counted."""
_OTHERS = {
    "images": "{model} takes no images. Those of earlier messages are left out.",
    "files": "{model} takes no files. Their text is sent instead.",
    "truncation": "{model} leaves out no older messages by itself.",
}
"""What else than a parameter a model may not take, in words. Of the rest only how a request is written
changes, which is nothing to anybody."""


class StandInNotice(QObject):
    """Follows the chat that ``window`` shows. What was told goes with the next message, or when it is
    dismissed."""

    def __init__(self, window: Window, chats: Chats, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._chats = chats
        self._told: dict[str, dict[str, None]] = {}
        """Sentences by the id of a chat, in order, each once."""
        self._not_taken: dict[str, dict[str, list[str]]] = {}
        """The labels of parameters, by the id of a chat and the model that does not take them."""
        self._answers: dict[str, str] = {}
        """The answer that they are about."""
        self.bar = NoticeBar(theme, dismissable=True)
        self.bar.setObjectName("standInNotice")
        self.bar.pressed.connect(self._ask_other)
        self.bar.dismissed.connect(lambda: self._forget(window.session))
        window.chat.insert_notice(self.bar)
        window.chat.title_changed.connect(lambda _title: self.refresh())
        chats.fell_back.connect(self._fell_back)
        chats.adjusted.connect(self._adjusted)
        chats.problem.connect(self._failed)
        chats.changed.connect(self._changed)

    def refresh(self) -> None:
        """Say of the chat that is shown what there is to say."""
        session = self._window.session
        id = session.conversation.id if session is not None else ""
        told = list(self._told.get(id, ()))
        told += [_not_taken(*each) for each in self._not_taken.get(id, {}).items()]
        if session is None or not told:
            self.bar.clear()
            return
        other = self._other(session)
        self.bar.show_notice(" ".join(told), f"Ask {_short(other)}" if other else "")

    def _fell_back(self, session: ChatSession, old: str, new: str) -> None:
        self._tell(session, f"{_short(old)} could not answer, so {_short(new)} was asked.")

    def _adjusted(self, session: ChatSession, name: str, _message: str) -> None:
        asked = session.tree[session.answer_id].model if session.answer_id is not None else None
        model = _short(asked or session.model)
        if name in BY_NAME:
            labels = self._not_taken.setdefault(session.conversation.id, {}).setdefault(model, [])
            if BY_NAME[name].label not in labels:
                labels.append(BY_NAME[name].label)
            self._tell(session)
        elif name in _OTHERS:
            self._tell(session, _OTHERS[name].format(model=model))

    def _failed(self, session: ChatSession, _error: object, message_id: str) -> None:
        if message_id and (other := session.fallback_for(message_id)) is not None:
            asked = session.tree[message_id].model or session.model
            self._tell(session, f"{_short(asked)} could not answer; {_short(other)} may.")

    def _tell(self, session: ChatSession, *sentences: str) -> None:
        id = session.conversation.id
        self._told.setdefault(id, {}).update(dict.fromkeys(sentences))
        last = session.last
        self._answers[id] = last.id if last is not None else ""
        self.refresh()

    def _changed(self, conversation_id: str) -> None:
        """Another answer than the one that something was told of makes that old."""
        session = self._chats.session(conversation_id)
        if session is None or conversation_id not in self._told:
            return
        last = session.last
        if (last.id if last is not None else "") != self._answers[conversation_id]:
            self._forget(session)

    def _other(self, session: ChatSession) -> str | None:
        """The model that can be asked instead of the one that failed."""
        last = session.last
        return session.fallback_for(last.id) if last is not None and not session.is_busy else None

    def _ask_other(self) -> None:
        session = self._window.session
        if session is not None and (last := session.last) is not None and (other := self._other(session)):
            self._forget(session)
            session.try_with(last.id, other)

    def _forget(self, session: ChatSession | None) -> None:
        if session is not None:
            self._told.pop(session.conversation.id, None)
            self._not_taken.pop(session.conversation.id, None)
            self._answers.pop(session.conversation.id, None)
        self.refresh()


def _not_taken(model: str, labels: list[str]) -> str:
    if len(labels) == 1:
        return f"{model} does not take “{labels[0]}”. It is not sent to it any more."
    *named, last = (f"“{label}”" for label in labels[:_NAMED])
    if len(labels) > _NAMED:
        last = f"{len(labels) - len(named)} more parameters"
    return f"{model} does not take {', '.join(named)} and {last}. They are not sent to it any more."


def _short(model: str) -> str:
    return one_line(model)[:_LONGEST]
