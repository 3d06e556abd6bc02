from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.ui.context.dialog import ContextDialog
from desktop_chat.ui.context.rows import ItemRole
from tests.ui.shell.conftest import Running, dialogs, running, theme

__all__ = ["Inspected", "dialogs", "inspected", "local", "running", "theme"]


def local(url: str, dialect: Dialect, **fields: str) -> Endpoint:
    """An endpoint without a key at ``url``."""
    return Endpoint("local", "Local", EndpointKind.COMPATIBLE, url, dialect, KeySource.NONE, "m-1", **fields)


@dataclass
class Inspected:
    """The inspector beside a window of its own, both real."""

    running: Running
    dialog: ContextDialog

    def show(self) -> None:
        """Inspect the chat that the window shows."""
        session = self.running.window.session
        assert session is not None
        self.dialog.set_session(session, self.running.window.chat.composer.text)
        self.dialog.show()

    def told(self) -> list[str]:
        """What a screen reader says of each row."""
        rows = self.dialog.list.model()
        return [str(rows.index(row, 0).data()) for row in range(rows.rowCount())]

    def reasons(self) -> list[str]:
        rows = self.dialog.list.model()
        return [str(rows.index(row, 0).data(ItemRole.REASON)) for row in range(rows.rowCount())]

    def select(self, row: int) -> None:
        self.dialog.list.setCurrentIndex(self.dialog.list.model().index(row, 0))


@pytest.fixture
def inspected(running: Running) -> Iterator[Inspected]:
    dialog = ContextDialog(running.theme, running.tasks, running.window)
    yield Inspected(running, dialog)
    dialog.close()
