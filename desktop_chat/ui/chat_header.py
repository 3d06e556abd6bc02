"""The line above the transcript: the title, the model, what the next request takes and the chat has cost."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QStackedLayout, QWidget

from desktop_chat.domain.ledger import Totals
from desktop_chat.ui.buttons import IconButton, LabelButton
from desktop_chat.ui.gauge import ContextButton
from desktop_chat.ui.money import cost_words, total_in_dollars
from desktop_chat.ui.safe import label, one_line, tool_tip
from desktop_chat.ui.theme import Theme

HEIGHT = 52
HIDES_BAR_BELOW, HIDES_USAGE_BELOW = 640, 520
"""Widths at 100 % zoom below which the title needs the room of the bar, and of all that tells of the context
and the cost, which the details panel has too."""
HIDES_TITLE_BELOW = 300
"""Width at 100 % zoom that leaves room for the model and the switches of the panels alone."""
SMALLEST_TITLE, SMALLEST_MODEL = 64, 84
LONGEST_MODEL = 28
"""Characters of a model's name that the button shows; the tool tip has all of it."""


class ChatHeader(QFrame):
    """Title, model button, context, cost, and the switches of the panels."""

    renamed = Signal(str)
    model_requested = Signal()
    sidebar_requested = Signal()
    details_requested = Signal()
    new_chat_requested = Signal()
    context_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._has_context = False
        self._is_sidebar_shown = True
        self.sidebar_button = IconButton(theme, "panel-left", "Show the sidebar")
        self.sidebar_button.setObjectName("showSidebar")
        self.sidebar_button.clicked.connect(self.sidebar_requested)
        self.new_button = IconButton(theme, "square-pen", "Start a new chat")
        self.new_button.setObjectName("newChatInHeader")
        self.new_button.clicked.connect(self.new_chat_requested)
        self.title = Title(theme)
        self.title.renamed.connect(self.renamed)
        self.model_button = LabelButton(theme, "chevron-down", "", color="dim", trailing=True)
        self.model_button.setObjectName("model")
        self.model_button.setAccessibleName("Model")
        self.model_button.setProperty("pill", True)
        self.model_button.clicked.connect(self.model_requested)
        self.context = ContextButton(theme)
        self.context.clicked.connect(self.context_requested)
        self._cost = label()
        self._cost.setObjectName("chatCost")
        self._cost.setProperty("role", "dim")
        self._cost.setAccessibleName("Cost of this chat")
        self.details_button = IconButton(theme, "panel-right", "Details panel", color="text")
        self.details_button.setObjectName("toggleDetails")
        self.details_button.setProperty("framed", True)
        self.details_button.setCheckable(True)
        self.details_button.clicked.connect(self.details_requested)

        self._row = QHBoxLayout(self)
        for widget in (self.sidebar_button, self.new_button):
            self._row.addWidget(widget)
            widget.hide()
        self._row.addWidget(self.title, 1)
        self._row.addWidget(self.model_button)
        self._row.addWidget(self.context)
        self._row.addWidget(self._cost)
        self._row.addWidget(self.details_button)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_model(self, model: str) -> None:
        """Show the model in use; empty where none is chosen."""
        name = one_line(model) or "Choose a model"
        short = name if len(name) <= LONGEST_MODEL else f"{name[: LONGEST_MODEL - 1]}…"
        self.model_button.set_text(short)
        self.model_button.setAccessibleDescription(name)
        self.model_button.setToolTip(tool_tip(f"Model: {name}"))

    def set_context(self, tokens: int | None, limit: int | None = None, is_approximate: bool = False) -> None:
        """Show what the next request takes of the model's window; ``tokens`` None shows nothing."""
        self._has_context = tokens is not None
        if tokens is not None:
            self.context.set_context(tokens, limit, is_approximate=is_approximate)
        self._show_what_fits()

    def set_cost(self, totals: Totals) -> None:
        """Show what the chat has cost; nothing before its first request."""
        self._cost.setText(total_in_dollars(totals) if totals.requests else "")
        self._cost.setAccessibleDescription(self._cost.text())
        self._cost.setToolTip(tool_tip(f"{self._cost.text()} for this chat: {cost_words(totals)}"))
        self._show_what_fits()

    def set_sidebar_shown(self, shown: bool) -> None:
        """Where the sidebar is folded, what it offers first is here."""
        self._is_sidebar_shown = shown
        self._show_what_fits()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_what_fits()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, self._theme.colors.line)

    def _show_what_fits(self) -> None:
        has_room = self.width() >= self._theme.px(HIDES_TITLE_BELOW)
        self.sidebar_button.setVisible(not self._is_sidebar_shown)
        self.new_button.setVisible(not self._is_sidebar_shown and has_room)
        self.title.setVisible(has_room)
        has_room = self.width() >= self._theme.px(HIDES_USAGE_BELOW)
        self.context.setVisible(self._has_context and has_room)
        self.context.set_bar_shown(self.width() >= self._theme.px(HIDES_BAR_BELOW))
        self._cost.setVisible(bool(self._cost.text()) and has_room)

    def _restyle(self) -> None:
        px = self._theme.px
        self.setFixedHeight(px(HEIGHT))
        self.title.setMinimumWidth(px(SMALLEST_TITLE))
        self.model_button.setMinimumWidth(px(SMALLEST_MODEL))
        self._show_what_fits()
        self._row.setContentsMargins(px(20), 0, px(20), 1)
        self._row.setSpacing(px(12))


class Title(QWidget):
    """The title of the chat. A double click, or :meth:`edit`, lets the user change it in place."""

    renamed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self._stack = QStackedLayout(self)
        self._shown = ElidedTitle(theme)
        self._shown.setObjectName("chatTitle")
        self.editor = QLineEdit()
        self.editor.setObjectName("renameTitle")
        self.editor.setAccessibleName("New title")
        self.editor.setMaxLength(200)
        self.editor.editingFinished.connect(self._done)
        self.editor.installEventFilter(self)
        self._stack.addWidget(self._shown)
        self._stack.addWidget(self.editor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.editable = False

    def set_text(self, text: str) -> None:
        self._text = one_line(text)
        self._shown.set_text(self._text)

    def edit(self) -> None:
        """Let the user rename the chat; Enter keeps the new title, Esc the old one."""
        if self.editable:
            self.editor.setText(self._text)
            self._stack.setCurrentWidget(self.editor)
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)
            self.editor.selectAll()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.edit()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self.editor.setText(self._text)
                self._close()
                return True
        return False

    def _done(self) -> None:
        if self._stack.currentWidget() is self.editor:
            text = self.editor.text().strip()
            self._close()
            if text and text != self._text:
                self.renamed.emit(text)

    def _close(self) -> None:
        had_focus = self.editor.hasFocus()
        self._stack.setCurrentWidget(self._shown)
        if had_focus:
            self.window().setFocus(Qt.FocusReason.OtherFocusReason)


class ElidedTitle(QWidget):
    """A bold line that is cut short where it has no room; its accessible name is the whole."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""

    def set_text(self, text: str) -> None:
        self._text = text
        self.setAccessibleName(text)
        self.setToolTip(tool_tip(text))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, self._theme.px(32))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font(15, QFont.Weight.DemiBold))
        painter.setPen(self._theme.colors.text)
        metrics = painter.fontMetrics()
        text = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, text)
