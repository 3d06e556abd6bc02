"""An error that is not retried, or what was done about one, shown over the chat: what happened, what is safe,
and what helps.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import Badge, DetailsBox, button, row, words
from desktop_chat.ui.notices import Action, Notice
from desktop_chat.ui.theme import Theme

WIDTH = 460
BILLING_URL = "https://platform.openai.com/settings/organization/billing"


class ProblemDialog(Card):
    """One notice. It never takes the focus by itself; Escape closes it while the focus is in it.

    ``chosen`` carries the :class:`~desktop_chat.ui.notices.Action` that the user took; the billing page is
    opened by the dialog itself. It closes then, and deletes itself; only to show a folder it stays.
    """

    chosen = Signal(object)

    def __init__(
        self, theme: Theme, host: QWidget, notice: Notice, open_link: Callable[[str], object]
    ) -> None:
        """``open_link`` opens an address in the browser."""
        super().__init__(theme, host, WIDTH)
        self.setObjectName("problem")
        self.setAccessibleName("Notice" if notice.is_done else "Problem")
        self.setWindowTitle(notice.title)
        self.setAccessibleDescription(" ".join((f"{notice.title}.", notice.body, *notice.checks)))
        self._notice = notice
        self._open_link = open_link
        px = theme.px

        badge = Badge(theme, "check", "accent") if notice.is_done else Badge(theme, "circle-alert", "error")
        head = row(theme, badge, words(theme, notice.title, size=16, bold=True))
        head.setSpacing(px(10))
        self.body.setSpacing(0)
        self.body.addLayout(head)
        self.body.addSpacing(px(6))
        self.body.addWidget(words(theme, notice.body, color="dim"))
        if notice.checks:
            self.body.addSpacing(px(10))
            self.body.addLayout(self._list(notice.checks))
        if notice.summary:
            box = DetailsBox(theme)
            self.body.addSpacing(px(12))
            self.body.addWidget(box)
            box.set_text(notice.summary)

        copy, close = button("Copy details"), button(notice.close)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(notice.details))
        close.clicked.connect(self.reject)
        ways = [button(action.value, primary=place == 0) for place, action in enumerate(notice.actions)]
        for way, action in zip(ways, notice.actions, strict=True):
            way.clicked.connect(lambda _checked=False, action=action: self._take(action))
        self.body.addSpacing(px(16))
        if len(ways) > 1:
            self.body.addLayout(row(theme, None, *reversed(ways[:2])))
            self.body.addSpacing(px(8))
            # More than one beside these two would not fit into the width.
            if len(ways) > 3:
                self.body.addLayout(row(theme, None, *ways[2:]))
                self.body.addSpacing(px(8))
                self.body.addLayout(row(theme, copy, None, close))
            else:
                self.body.addLayout(row(theme, copy, *ways[2:], None, close))
        else:
            self.body.addLayout(row(theme, copy, None, close, *ways))
        self.finished.connect(self.deleteLater)

    def present(self) -> None:
        """Show the dialog and have a screen reader tell it."""
        self.show()
        self.announce(self.accessibleDescription())

    def _list(self, checks: tuple[str, ...]) -> QVBoxLayout:
        lines = QVBoxLayout()
        lines.setSpacing(self.theme.px(4))
        for check in checks:
            line = QHBoxLayout()
            line.setSpacing(self.theme.px(8))
            line.addWidget(words(self.theme, "–", size=13, color="faint"), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(words(self.theme, check, size=13), 1)
            lines.addLayout(line)
        return lines

    def _take(self, action: Action) -> None:
        if action is not Action.SHOW_BACKUPS:
            self.accept()
        if action is Action.BILLING:
            self._open_link(BILLING_URL)
        else:
            self.chosen.emit(action)
