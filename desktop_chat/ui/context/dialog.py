"""What goes into the next request of a chat, message by message, and what is done when it grows."""

import asyncio
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, QTimer, SignalInstance
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_chat.counting import Estimate
from desktop_chat.domain.context import ContextSettings, Place, Plan, Strategy, Summary
from desktop_chat.domain.errors import Broken, ChatError, NotFound
from desktop_chat.session import ChatSession
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import button, recolor, row, words
from desktop_chat.ui.context.list import ContextList
from desktop_chat.ui.context.rows import Choice, ContextModel
from desktop_chat.ui.context.strategy import StrategyFields
from desktop_chat.ui.context.summary import SummaryPanel
from desktop_chat.ui.counts import counted
from desktop_chat.ui.gauge import Bar
from desktop_chat.ui.money import in_dollars
from desktop_chat.ui.notices import explain
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

SIZE, SMALLEST = (680, 640), (490, 420)
SETTLE_MILLISECONDS = 30
"""Counts come one by one; what they change is shown together."""


class ContextDialog(QDialog):
    """A window of its own, not modal: it follows the chat that is shown, and what is written there.

    What the user changes holds at once.
    """

    def __init__(self, theme: Theme, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("contextDialog")
        self.setAccessibleName("Context")
        self.setWindowTitle("Context")
        self._theme = theme
        self._tasks = tasks
        self._session: ChatSession | None = None
        self._connections: list[SignalInstance] = []
        self._draft = ""
        self._draft_tokens: int | None = None
        self._drafting: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None

        self._total = words(theme, size=16, bold=True)
        self._total.setObjectName("contextTotal")
        self._exactly = button("Count exactly")
        self._exactly.setProperty("pill", True)
        self._exactly.clicked.connect(self._count_pressed)
        self._bar = Bar(theme)
        # Nothing moves once the size of the window is known.
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)
        self._about = words(theme, size=12.5, color="dim")
        self._about.setObjectName("contextAbout")
        self._counted = words(theme, size=12.5, color="dim")
        self._counted.setObjectName("contextCounted")
        self._counted.hide()
        self._strategy = StrategyFields(theme)
        self._strategy.changed.connect(self._apply)
        self._summary = SummaryPanel(theme, self._summarise)
        self._summary.changed.connect(self._summary_changed)
        self._summary.ended.connect(self._settle)
        self._rows = ContextModel(self)
        self.list = ContextList(theme, self._rows)
        self.list.wanted.connect(self._choose)
        self.list.selected.connect(self._selection_changed)
        self._choices: dict[Choice, QPushButton] = {}
        for choice in Choice:
            made = button(choice.value)
            made.setProperty("pill", True)
            made.clicked.connect(lambda _=False, choice=choice: self._choose(self.list.selected_rows, choice))
            self._choices[choice] = made
        close = button("Close")
        close.setProperty("pill", True)
        close.clicked.connect(self.reject)

        px = theme.px
        self._column = QVBoxLayout(self)
        self._column.addLayout(row(theme, self._total, self._exactly))
        self._column.addWidget(self._bar)
        self._column.addWidget(self._about)
        self._column.addWidget(self._counted)
        self._column.addSpacing(px(4))
        self._column.addWidget(self._strategy)
        self._column.addWidget(self._summary)
        self._column.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.setSpacing(px(8))
        for made in self._choices.values():
            foot.addWidget(made)
        foot.addStretch(1)
        foot.addWidget(close)
        self._column.addLayout(foot)

        self._settling = QTimer(self, singleShot=True, interval=SETTLE_MILLISECONDS)
        self._settling.timeout.connect(self._refresh)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(SIZE[0]), self._theme.px(SIZE[1]))

    def set_session(self, session: ChatSession, draft: str) -> None:
        """Show another chat, with what is being written there; its newest messages first."""
        self._let_go()
        self._session = session
        for signal in (
            session.counts_changed,
            session.path_changed,
            session.message_added,
            session.message_changed,
            session.conversation_changed,
        ):
            signal.connect(self._settle)
            self._connections.append(signal)
        self._draft, self._draft_tokens = "", None
        self._tell("")
        self._refresh()
        self.list.show_end()
        self.list.setFocus()
        self.set_draft(draft)

    def follow(self, session: ChatSession, draft: str) -> None:
        """Show ``session`` where another is shown."""
        if session is not self._session:
            self.set_session(session, draft)

    def set_draft(self, text: str) -> None:
        """Something else is being written."""
        session = self._session
        if session is None or text == self._draft:
            return
        self._draft = text
        if self._drafting is not None:
            self._drafting.cancel()
        self._drafting = self._tasks.start(self._count_draft(session, text), "count draft")

    def done(self, result: int) -> None:
        self._let_go()
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter ends the editing of a value; it does not press a button elsewhere."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def _let_go(self) -> None:
        """Leave the chat that is shown, with nothing unsaved."""
        self._summary.leave()
        for signal in self._connections:
            signal.disconnect(self._settle)
        self._connections.clear()
        for task in (self._drafting, self._counting):
            if task is not None:
                task.cancel()
        self._settling.stop()
        self._session = None

    async def _count_draft(self, session: ChatSession, text: str) -> None:
        tokens = await session.count_draft(text) if text.strip() else None
        if session is self._session and text == self._draft:
            self._draft_tokens = tokens
            self._refresh()

    def _settle(self) -> None:
        """Something changed; the count of the server is of what was."""
        if self._counting is None:
            self._tell("")
        if not self._settling.isActive():
            self._settling.start()

    def _refresh(self) -> None:
        session = self._session
        if session is None:
            return
        self._settling.stop()
        plan = session.plan(self._draft_tokens)
        estimate = session.estimate(self._draft_tokens or 0)
        path = session.tree.path
        self._rows.set_plan(
            plan,
            path,
            session.context,
            prompt=session.conversation.parameters.system_prompt,
            draft=self._draft,
            is_approximate=estimate.is_approximate,
        )
        self._show_total(session, plan, estimate)
        self._strategy.show_settings(session.context, session.endpoint)
        self._show_summary(session, plan)
        self._selection_changed()

    def _show_total(self, session: ChatSession, plan: Plan, estimate: Estimate) -> None:
        about = "≈ " if estimate.is_approximate else ""
        of = f" of {estimate.limit:,}" if estimate.limit else ""
        self._total.setText(f"{about}{plan.tokens:,}{of} tokens")
        share = plan.tokens / estimate.limit if estimate.limit else 0
        self._bar.setVisible(bool(estimate.limit))
        self._bar.set_share(share)
        places = [entry.place for entry in plan.entries]
        sent = places.count(Place.SENT) + places.count(Place.PINNED)
        left_out = len(places) - sent - places.count(Place.EMPTY)
        facts = [f"{counted(sent, 'message')} in the next request to {session.model or 'a model'}"]
        if left_out:
            facts.append(f"{left_out:,} not sent")
        facts.append(
            f"input {in_dollars(estimate.cost, is_approximate=True)}"
            if estimate.cost is not None
            else "price unknown"
        )
        self._about.setText(" · ".join(facts))

    def _show_summary(self, session: ChatSession, plan: Plan) -> None:
        self._summary.setVisible(session.context.strategy is Strategy.SUMMARY)
        count = [entry.place for entry in plan.entries].count(Place.SUMMARISED)
        self._summary.show_summary(session.context.summary, count, session.summary_model)

    def _apply(self, settings: ContextSettings) -> None:
        if self._session is not None:
            self._session.set_context(settings)
            self._refresh()

    def _summary_changed(self, summary: Summary | None) -> None:
        if self._session is not None:
            self._apply(replace(self._session.context, summary=summary))

    def _summarise(self) -> "asyncio.Task[bool]":
        assert self._session is not None
        return self._session.summarise()

    def _choose(self, rows: list[int], choice: Choice) -> None:
        self._apply(self._rows.chosen(rows, choice))

    def _selection_changed(self) -> None:
        for choice, made in self._choices.items():
            made.setEnabled(self.list.may(choice))

    def _count_pressed(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
        elif self._session is not None:
            self._exactly.setText("Stop")
            self._tell("Counting…")
            self._counting = self._tasks.start(self._count_exactly(self._session), "count exactly")

    async def _count_exactly(self, session: ChatSession) -> None:
        said, color = "", "dim"
        name = session.endpoint.name if session.endpoint else "The endpoint"
        try:
            said = f"Counted by the server: {await session.count_exactly(self._draft):,}"
        except (NotFound, Broken):
            said = f"{one_line(name)} does not count tokens."
        except ChatError as error:
            said, color = explain(error, name).brief, "error"
        finally:
            self._counting = None
            self._exactly.setText("Count exactly")
            self._tell(said, color)

    def _tell(self, text: str, color: str = "dim") -> None:
        recolor(self._counted, color)
        self._counted.setText(text)
        self._counted.setVisible(bool(text))

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(20), px(18), px(20), px(16))
        self._column.setSpacing(px(8))
        self.setMinimumSize(px(SMALLEST[0]), px(SMALLEST[1]))
