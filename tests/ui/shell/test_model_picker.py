import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Endpoint
from desktop_chat.domain.errors import ChatError, ConnectionRefused
from desktop_chat.domain.model import Model
from desktop_chat.tasks import Tasks
from desktop_chat.ui.model_picker import ModelPicker, RowKind
from desktop_chat.ui.theme import Theme
from tests.ui.shell.conftest import record, until

# Said by the offscreen platform for every popup.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

ONE = replace(DEMO_ENDPOINT, id="one", name="One", default_model="alpha")
TWO = replace(DEMO_ENDPOINT, id="two", name="Two", default_model="")


class Offers:
    """What the endpoints offer. An endpoint in ``down`` refuses, and one in ``slow`` waits to be let go."""

    def __init__(self) -> None:
        self.models = {
            "one": [Model("beta"), Model("alpha"), Model("embed", chats=False)],
            "two": [Model("albatros"), Model("gamma")],
        }
        self.down: set[str] = set()
        self.go_on = asyncio.Event()
        self.slow: set[str] = set()
        self.asked: list[tuple[str, bool]] = []

    async def load(self, endpoint: Endpoint, anew: bool) -> list[Model]:
        self.asked.append((endpoint.id, anew))
        if endpoint.id in self.slow:
            await self.go_on.wait()
        if endpoint.id in self.down:
            raise ConnectionRefused("refused")
        return self.models[endpoint.id]


@pytest.fixture
def offers() -> Offers:
    return Offers()


@pytest.fixture
def picker(theme: Theme, tasks: Tasks, offers: Offers) -> Iterator[ModelPicker]:
    def explain(error: ChatError, name: str) -> tuple[str, str]:
        return "Connection refused", f"Nothing answers at {name}."

    made = ModelPicker(theme, tasks, offers.load, explain)
    yield made
    made.hide()
    made.deleteLater()


def rows(picker: ModelPicker) -> list[str]:
    return [row.text for row in picker.rows.rows]


def current(picker: ModelPicker) -> str:
    return str(picker.list.currentIndex().data())


def open_picker(picker: ModelPicker, model: str = "alpha") -> None:
    picker.open_at(QPoint(100, 100), (ONE, TWO), ONE, model)


async def test_models_stand_below_their_endpoint(picker: ModelPicker) -> None:
    open_picker(picker, "beta")
    await until(lambda: "gamma" in rows(picker))
    assert rows(picker) == ["One", "alpha", "beta", "Two", "albatros", "gamma"]
    assert current(picker) == "beta"
    picker.only_chat.setChecked(False)
    assert "embed" in rows(picker)


async def test_keyboard_alone(picker: ModelPicker) -> None:
    chosen = record(picker.chosen)
    open_picker(picker)
    await until(lambda: "gamma" in rows(picker))
    for _ in range(2):
        QTest.keyClick(picker.field, Qt.Key.Key_Down)
    assert current(picker) == "albatros", "the name of the endpoint is skipped"
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    assert chosen == [("two", "albatros")]
    assert not picker.isVisible()


async def test_typing_filters_best_first(picker: ModelPicker) -> None:
    chosen = record(picker.chosen)
    open_picker(picker)
    await until(lambda: "gamma" in rows(picker))
    QTest.keyClicks(picker.field, "AL")
    assert rows(picker) == ["Use “AL” on One", "One", "alpha", "Two", "albatros"]
    assert current(picker) == "alpha", "what is known comes before what was typed"
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    assert chosen == [("one", "alpha")]


async def test_a_name_that_no_endpoint_lists_can_be_used(picker: ModelPicker) -> None:
    chosen = record(picker.chosen)
    open_picker(picker)
    await until(lambda: "gamma" in rows(picker))
    QTest.keyClicks(picker.field, "my-fine-tune")
    assert current(picker) == "Use “my-fine-tune” on One"
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    assert chosen == [("one", "my-fine-tune")]


async def test_waiting_is_shown_and_the_default_can_be_chosen_meanwhile(
    picker: ModelPicker, offers: Offers
) -> None:
    offers.slow = {"one", "two"}
    open_picker(picker)
    assert rows(picker) == ["One", "alpha", "Loading the models…", "Two", "Loading the models…"]
    offers.go_on.set()
    await until(lambda: "gamma" in rows(picker))


async def test_an_error_is_told_and_can_be_retried(picker: ModelPicker, offers: Offers) -> None:
    offers.down = {"two"}
    open_picker(picker)
    await until(lambda: "Connection refused — Retry" in rows(picker))
    assert [row.kind for row in picker.rows.rows].count(RowKind.RETRY) == 1
    while current(picker) != "Connection refused — Retry":
        QTest.keyClick(picker.field, Qt.Key.Key_Down)
    offers.down.clear()
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    assert picker.isVisible()
    await until(lambda: "gamma" in rows(picker))
    assert offers.asked[-1] == ("two", True)


async def test_escape_closes_and_chooses_nothing(picker: ModelPicker) -> None:
    chosen = record(picker.chosen)
    open_picker(picker)
    QTest.keyClick(picker.field, Qt.Key.Key_Escape)
    assert not picker.isVisible()
    assert chosen == []
