"""Who shows what of a chat's context and money: the inspector, requests held back, budgets nearly used up."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton, QWidget

from desktop_chat.chats import Chats
from desktop_chat.domain.context import Strategy
from desktop_chat.domain.holds import Budget, Hold, OverLimit, Scope
from desktop_chat.session import ChatSession
from desktop_chat.tasks import Tasks
from desktop_chat.ui.chat_view import Taker
from desktop_chat.ui.hold_words import Way, budget_warning, explain_hold
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.window import Window

if TYPE_CHECKING:
    from desktop_chat.ui.context import ContextDialog
    from desktop_chat.ui.hold_dialog import HoldDialog

Again = Callable[..., "asyncio.Task[bool]"]
"""Does again what was held back; ``waive`` (as it is without it) lets it go whatever it takes and costs,
``as_text`` with the text of files instead of them, ``when_online`` as soon as there is a network."""


class Holds(QObject):
    """The cards, the bar and the inspector of one window; at most one card a chat, seen while that is shown:
    over another chat nobody could tell what would be sent."""

    budgets_requested = Signal()
    """The user wants to change a budget."""

    def __init__(
        self,
        window: Window,
        chats: Chats,
        theme: Theme,
        tasks: Tasks,
        is_own: Callable[[ChatSession], bool] = lambda session: True,
    ) -> None:
        """``is_own`` tells whether it is this window that tells what is held back of a chat."""
        super().__init__(window)
        self._window = window
        self._is_own = is_own
        self._chats = chats
        self._theme = theme
        self._tasks = tasks
        self._cards: dict[str, HoldDialog] = {}
        # A card takes no focus, so that nobody lets a request go by typing on.
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), window, self._close_shown, enabled=False)
        self._inspector: ContextDialog | None = None
        self._warnings: dict[Scope, str] = {}
        self._warning = NoticeBar(theme, dismissable=True)
        self._warning.setObjectName("budgetNotice")
        self._warning.pressed.connect(self._change_budgets)
        self._warning.dismissed.connect(self._warnings.clear)
        window.chat.insert_notice(self._warning)
        window.chat.context_requested.connect(self.show_context)
        window.chat.title_changed.connect(lambda _title: self._chat_shown())
        window.chat.composer.text_changed.connect(self._draft_changed)
        chats.held.connect(self.show)
        chats.changed.connect(self._chat_changed)
        chats.gone.connect(self._close)
        chats.spending.warned.connect(self._warn)

    def show_context(self) -> None:
        """Open the inspector on the chat that is shown."""
        if (session := self._window.session) is None:
            return
        if self._inspector is None:
            from desktop_chat.ui.context import ContextDialog

            self._inspector = ContextDialog(self._theme, self._tasks, self._window)
        if not self._inspector.isVisible():
            self._inspector.set_session(session, self._window.chat.composer.text)
        self._inspector.show()
        self._inspector.raise_()
        self._inspector.activateWindow()

    def show(self, session: ChatSession, hold: Hold, again: Again) -> None:
        """Tell that a request of ``session`` is held back; ``again`` does the same, and lets it go."""
        if not self._is_own(session):
            return
        from desktop_chat.ui.hold_dialog import HoldDialog

        id = session.conversation.id
        if (taker := self._window.chat.taker(session)) is not None:
            again = partial(self._take, again, session, taker)
        self._close(id)
        endpoint = session.endpoint
        small = session.summary_model if isinstance(hold, OverLimit) and len(session.tree.path) > 1 else ""
        words = explain_hold(hold, session.model, endpoint.name if endpoint else "", small_model=small)
        card = HoldDialog(self._theme, self._window, words, session.model)
        self._cards[id] = card
        card.finished.connect(lambda: self._forget(id, card))
        card.chosen.connect(lambda way: self._act(way, session, hold, again, card))
        # Next after Send, not behind all of the details.
        stop: QWidget = self._window.chat.composer.send_button
        for button in card.findChildren(QPushButton):
            QWidget.setTabOrder(stop, button)
            stop = button
        self._show_card()

    def close(self) -> None:
        for card in list(self._cards.values()):
            card.close()
        if self._inspector is not None:
            self._inspector.close()

    def _act(self, way: Way, session: ChatSession, hold: Hold, again: Again, card: "HoldDialog") -> None:
        match way:
            case Way.SHORTEN if isinstance(hold, OverLimit):
                session.set_context(replace(session.context, strategy=Strategy.LAST_TURNS, turns=hold.turns))
                again(waive=False)
            case Way.SUMMARISE:
                self._summarise(session, again, card)
            case Way.LARGER_MODEL:
                self._window.choose_model()
            case Way.SEND_ANYWAY | Way.ALLOW_ONCE:
                again()
            case Way.WHEN_ONLINE:
                again(waive=False, when_online=True)
            case Way.AS_TEXT:
                again(waive=False, as_text=True)
            case Way.CHANGE_BUDGET:
                self.budgets_requested.emit()

    def _take(
        self,
        again: Again,
        session: ChatSession,
        taker: Taker,
        *,
        waive: bool = True,
        as_text: bool = False,
        when_online: bool = False,
    ) -> "asyncio.Task[bool]":
        """Do ``again`` what was asked for by the composer, which then lets go of its text."""
        task = again(waive=waive, as_text=as_text, when_online=when_online)
        self._window.chat.take_when_sent(task, session, taker)
        return task

    def _summarise(self, session: ChatSession, again: Again, card: "HoldDialog") -> None:
        """Have a summary written and send the request with it; where that is too long, it is held again."""
        card.wait("Summarising…")
        writing = session.summarise()
        card.stopped.connect(writing.cancel)

        def written(task: "asyncio.Task[bool]") -> None:
            if card not in self._cards.values():
                return
            if task.cancelled() or task.exception() is not None:
                card.wait("")
            elif task.result():
                card.accept()
                again(waive=False)
            else:
                card.tell("No summary was written, so nothing has changed.")

        writing.add_done_callback(written)

    def _chat_changed(self, conversation_id: str) -> None:
        """A request under way, or another model, makes what was told old."""
        session = self._chats.session(conversation_id)
        card = self._cards.get(conversation_id)
        if card is None or card.is_waiting:
            return
        if session is None or session.is_busy or session.model != card.model:
            self._close(conversation_id)

    def _show_card(self) -> None:
        session = self._window.session
        for id, card in self._cards.items():
            is_wanted = session is not None and session.conversation.id == id
            if is_wanted and not card.isVisible():
                card.present()
            elif not is_wanted:
                card.hide()
        self._take_escape()

    def _chat_shown(self) -> None:
        self._show_card()
        session = self._window.session
        if self._inspector is not None and self._inspector.isVisible() and session is not None:
            self._inspector.follow(session, self._window.chat.composer.text)

    def _draft_changed(self) -> None:
        if self._inspector is not None and self._inspector.isVisible():
            self._inspector.set_draft(self._window.chat.composer.text)

    def _warn(self, budget: Budget) -> None:
        self._warnings[budget.scope] = budget_warning(budget)
        self._warning.show_notice(" ".join(self._warnings.values()), "Budgets…")

    def _change_budgets(self) -> None:
        self._warning.clear()
        self._warnings.clear()
        self.budgets_requested.emit()

    def _close(self, conversation_id: str) -> None:
        if (card := self._cards.get(conversation_id)) is not None:
            card.reject()

    def _forget(self, conversation_id: str, card: "HoldDialog") -> None:
        if self._cards.get(conversation_id) is card:
            del self._cards[conversation_id]
            self._take_escape()

    def _take_escape(self) -> None:
        """Escape is the window's Stop where the chat that is shown has no card."""
        session = self._window.session
        self._escape.setEnabled(session is not None and session.conversation.id in self._cards)

    def _close_shown(self) -> None:
        if (session := self._window.session) is not None:
            self._close(session.conversation.id)
