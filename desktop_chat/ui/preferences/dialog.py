"""The settings dialog: its pages at the left, everything applied at once."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.credentials import Credentials
from desktop_chat.keeping import Keeping
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.lock import AppLock
from desktop_chat.ui.preferences.appearance import AppearancePage
from desktop_chat.ui.preferences.backups import BackupsPage
from desktop_chat.ui.preferences.budgets import BudgetsPage
from desktop_chat.ui.preferences.clearing import Clear
from desktop_chat.ui.preferences.data import DataPage, Wipe
from desktop_chat.ui.preferences.endpoint.probe import Probe
from desktop_chat.ui.preferences.endpoints import EndpointsPage
from desktop_chat.ui.preferences.network import NetworkPage
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.preferences.prices import PricesPage
from desktop_chat.ui.preferences.privacy import PrivacyPage
from desktop_chat.ui.table import set_row_height
from desktop_chat.ui.theme import Theme

SIZE = (780, 600)
NAVIGATION_WIDTH = 180
NARROW = 600


class SettingsDialog(QDialog):
    """A window of its own, not modal. ``endpoint_changed`` carries the id of an endpoint that was changed or
    removed, or whose key was, so that nothing that was made for the old one is used any more.
    ``backups_requested`` asks for the window of the backups.
    """

    endpoint_changed = Signal(str)
    backups_requested = Signal()

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        *,
        tasks: Tasks,
        credentials: Credentials,
        probe: Probe,
        places: Mapping[str, Path],
        tokens: Tokens,
        fetch_prices: Callable[[], Awaitable[bytes]],
        clear_answers: Clear,
        clear_evidence: Clear,
        keeping: Keeping,
        wipe: Wipe,
        app_lock: AppLock,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settings")
        self.setAccessibleName("Settings")
        self.setWindowTitle("Settings")
        self._theme = theme
        self._settings = settings
        self.endpoints = EndpointsPage(theme, settings, tasks, credentials, probe, self)
        self.endpoints.endpoint_changed.connect(self.endpoint_changed)
        self.budgets = BudgetsPage(theme, settings, tasks, clear_answers)
        self.privacy = PrivacyPage(theme, settings, tasks, clear_evidence, app_lock)
        self._prices = PricesPage(theme, settings, tasks, tokens, fetch_prices, self)
        self._pages: list[Page] = [
            self.endpoints,
            AppearancePage(theme, settings),
            self.budgets,
            self._prices,
            NetworkPage(theme, settings),
            self.privacy,
            BackupsPage(theme, settings, tasks, keeping, self.backups_requested.emit),
            DataPage(theme, settings, places, tasks, wipe),
        ]

        self._navigation = QListWidget()
        self._navigation.setObjectName("pages")
        self._navigation.setAccessibleName("Pages")
        self._navigation.setFrameShape(QFrame.Shape.NoFrame)
        self._stack = QStackedWidget()
        for page in self._pages:
            self._navigation.addItem(page.title)
            area = QScrollArea()
            area.setFrameShape(QFrame.Shape.NoFrame)
            area.setWidgetResizable(True)
            # What is in it scrolls into view as it gets the focus; a stop of its own would say nothing.
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            area.setWidget(page)
            self._stack.addWidget(area)
        self._menu = QComboBox()
        self._menu.setAccessibleName("Pages")
        self._menu.addItems([page.title for page in self._pages])
        self._navigation.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._navigation.currentRowChanged.connect(self._menu.setCurrentIndex)
        self._menu.activated.connect(self._navigation.setCurrentRow)
        self._navigation.setCurrentRow(0)

        px = theme.px
        self._side = QFrame()
        self._side.setProperty("surface", "side")
        inner = QVBoxLayout(self._side)
        inner.setContentsMargins(px(8), px(12), px(8), px(12))
        inner.addWidget(self._navigation)
        self._failure = words(theme, size=12.5, color="error")
        self._failure.hide()
        close = button("Close")
        close.clicked.connect(self.reject)
        foot = row(theme, self._failure, None, close)
        foot.setContentsMargins(px(24), px(8), px(24), px(16))
        right = QVBoxLayout()
        right.setSpacing(0)
        top = row(theme, self._menu)
        right.addLayout(top)
        self._top = top
        right.addWidget(self._stack, 1)
        right.addLayout(foot)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._side)
        layout.addLayout(right, 1)

        settings.changed.connect(self._changed)
        settings.not_saved.connect(self._not_saved)
        theme.changed.connect(self._restyle)
        self._zoom = theme.zoom
        self._restyle()
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(SIZE[0]), self._theme.px(SIZE[1]))

    def show_budgets(self) -> None:
        """Open the page of the budgets."""
        self._navigation.setCurrentRow(self._pages.index(self.budgets))

    def show_privacy(self) -> None:
        """Open the page of the app lock."""
        self._navigation.setCurrentRow(self._pages.index(self.privacy))

    def show_endpoint(self, endpoint_id: str, field: str = "") -> None:
        """Open the editor of an endpoint, with the focus in ``field`` (``key`` or ``base_url``)."""
        self._navigation.setCurrentRow(self._pages.index(self.endpoints))
        self.show()
        self.raise_()
        self.activateWindow()
        self.endpoints.edit(endpoint_id, field)

    def done(self, result: int) -> None:
        self.endpoints.close_editor()
        self._prices.leave()
        super().done(result)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has its pages in a menu above, so that the page has all of the width."""
        super().resizeEvent(event)
        narrow = self.width() < self._theme.px(NARROW)
        px = self._theme.px
        edge = px(12 if narrow else 24)
        self._menu.setVisible(narrow)
        self._side.setVisible(not narrow)
        self._top.setContentsMargins(edge, edge if narrow else 0, edge, 0)
        for page in self._pages:
            page.column.setContentsMargins(edge, px(20), edge, px(20))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter ends the editing of a value; it does not press a button elsewhere."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def _changed(self, name: str) -> None:
        for page in self._pages:
            if name in page.names:
                page.load()

    def _not_saved(self, reason: str) -> None:
        self._failure.setText(f"The settings hold until you quit. They could not be written: {reason}")
        self._failure.show()

    def _restyle(self) -> None:
        if self._zoom != self._theme.zoom:
            room = self.screen().availableSize()
            self.resize((self.size() * (self._theme.zoom / self._zoom)).boundedTo(room))
            self._zoom = self._theme.zoom
        self._side.setFixedWidth(self._theme.px(NAVIGATION_WIDTH))
        set_row_height(self._navigation, self._theme.px(34))
