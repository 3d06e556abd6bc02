"""A request that was held back, told over the chat: why, and what can be done about it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import Badge, button, recolor, row, words
from desktop_chat.ui.gauge import Bar
from desktop_chat.ui.hold_words import HoldWords, Way
from desktop_chat.ui.theme import Theme

WIDTH = 460
_LAST_ROW = (Way.SEND_ANYWAY, Way.ALLOW_ONCE, Way.CHANGE_BUDGET)
"""What stands beside Cancel; the others have a row of their own, with a hint."""
_STAYS = (Way.SUMMARISE, Way.LARGER_MODEL)
"""What takes longer than a click: the card stays until it is done."""


class HoldDialog(Card):
    """One hold. It never takes the focus by itself; Escape closes it while the focus is in it.

    ``chosen`` carries the :class:`~desktop_chat.ui.hold_words.Way` that the user took; ``stopped`` says that
    they do not want to wait for what they chose. It deletes itself when it closes.
    """

    chosen = Signal(object)
    stopped = Signal()

    def __init__(self, theme: Theme, host: QWidget, notice: HoldWords, model: str = "") -> None:
        """``model`` is the one that the request would go to."""
        super().__init__(theme, host, WIDTH)
        self.model = model
        self.setObjectName("hold")
        self.setAccessibleName("Request held back")
        self.setWindowTitle(notice.title)
        self.setAccessibleDescription(f"{notice.title}. {notice.body}")
        px = theme.px
        head = row(theme, Badge(theme, "triangle-alert"), words(theme, notice.title, size=16, bold=True))
        head.setSpacing(px(10))
        self.body.setSpacing(0)
        self.body.addLayout(head)
        self.body.addSpacing(px(6))
        self.body.addWidget(words(theme, notice.body, color="dim"))
        if notice.share is not None:
            bar = Bar(theme)
            bar.set_share(notice.share)
            self.body.addSpacing(px(14))
            self.body.addWidget(bar)
        self.body.addSpacing(px(16))

        self._buttons: dict[Way, QPushButton] = {}
        for place, offer in enumerate(notice.offers):
            # What goes against a warning is never what one is led to.
            made = button(offer.text, primary=place == 0 and offer.way is not Way.SEND_ANYWAY)
            made.clicked.connect(lambda _checked=False, way=offer.way: self._take(way))
            made.setAccessibleDescription(offer.hint)
            self._buttons[offer.way] = made
            if offer.way in _LAST_ROW:
                continue
            self.body.addWidget(made)
            if offer.hint:
                self.body.addSpacing(px(4))
                self.body.addWidget(words(theme, offer.hint, size=12.5, color="dim"))
            self.body.addSpacing(px(10))
        self._progress = words(theme, size=12.5, color="dim")
        self._progress.setObjectName("holdProgress")
        self._progress.hide()
        self._close = button("Cancel")
        self._close.clicked.connect(self.reject)
        last = [made for way, made in self._buttons.items() if way in _LAST_ROW]
        self.body.addWidget(self._progress)
        self.body.addSpacing(px(6))
        if len(last) > 1:
            self.body.addLayout(row(theme, last[1], None, self._close, last[0]))
        else:
            self.body.addLayout(row(theme, *last, None, self._close))
        self.is_waiting = False
        """Whether what was chosen is under way."""
        self.finished.connect(self.deleteLater)

    def present(self) -> None:
        """Show the card and have a screen reader tell it."""
        self.show()
        self.announce(self.accessibleDescription())

    def wait(self, text: str) -> None:
        """What was chosen takes a while; Cancel stops it. An empty text ends the waiting."""
        self._tell(text, "dim")
        self.is_waiting = bool(text)
        for made in self._buttons.values():
            made.setEnabled(not text)

    def tell(self, text: str) -> None:
        """What was chosen did not come about; something else can be."""
        self.wait("")
        self._tell(text, "error")
        self.announce(text)

    def reject(self) -> None:
        if self.is_waiting:
            self.stopped.emit()
        super().reject()

    def _take(self, way: Way) -> None:
        if way not in _STAYS:
            self.accept()
        self.chosen.emit(way)

    def _tell(self, text: str, color: str) -> None:
        recolor(self._progress, color)
        self._progress.setText(text)
        self._progress.setVisible(bool(text))
