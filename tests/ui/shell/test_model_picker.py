import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtTest import QTest

from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Endpoint, EndpointKind
from desktop_chat.domain.errors import ChatError, ConnectionRefused
from desktop_chat.domain.model import Ability, Model
from desktop_chat.tasks import Tasks
from desktop_chat.ui.icons import FOLDER
from desktop_chat.ui.model_facts import ABILITIES, Facts, ModelFacts
from desktop_chat.ui.model_picker import ModelPicker
from desktop_chat.ui.model_rows import RowKind
from desktop_chat.ui.theme import Theme
from tests.ui.shell.conftest import Running, record, until

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


class Known:
    """What is known of models: the price of one comes when it is looked up."""

    def __init__(self) -> None:
        self.prices = {"beta": Facts(128_000, Decimal("1.25"), Decimal(10))}
        self.found: dict[str, Facts] = {}
        self.looked_up: list[str] = []
        self.favourite: list[str] = []

    def of(self, endpoint: Endpoint, model: Model) -> Facts:
        facts = self.found.get(model.id, Facts())
        return replace(facts, abilities=model.abilities or frozenset(), ends=model.shuts_down)

    async def look_up(self, endpoint: Endpoint, model: str) -> None:
        self.looked_up.append(model)
        if model in self.prices:
            self.found[model] = self.prices[model]

    def favourites(self, endpoint: Endpoint) -> list[str]:
        return [name.partition(" ")[2] for name in self.favourite if name.startswith(endpoint.id)]

    def toggle_favourite(self, endpoint: Endpoint, model: str) -> bool:
        name = f"{endpoint.id} {model}"
        if name in self.favourite:
            self.favourite.remove(name)
        else:
            self.favourite.append(name)
        return name in self.favourite


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def offers() -> Offers:
    return Offers()


@pytest.fixture
def picker(theme: Theme, tasks: Tasks, offers: Offers, known: Known) -> Iterator[ModelPicker]:
    def explain(error: ChatError, name: str) -> tuple[str, str]:
        return "Connection refused", f"Nothing answers at {name}."

    made = ModelPicker(theme, tasks, offers.load, explain, known)
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


def told(picker: ModelPicker, model: str) -> str:
    """What a screen reader reads of the row of a model."""
    number = rows(picker).index(model)
    return str(picker.rows.index(number).data(Qt.ItemDataRole.AccessibleTextRole))


async def test_prices_come_while_the_models_are_in_view(picker: ModelPicker, known: Known) -> None:
    open_picker(picker, "alpha")
    await until(lambda: "gamma" in rows(picker))
    await until(lambda: "$1.25 in" in told(picker, "beta"))
    assert told(picker, "beta") == "beta, 128k context, $1.25 in, $10 out"
    await until(lambda: set(known.looked_up) == {"alpha", "beta", "albatros", "gamma"})
    assert len(known.looked_up) == 4, "each is looked up once"
    assert told(picker, "gamma") == "gamma"


async def test_only_what_is_in_view_is_looked_up(picker: ModelPicker, offers: Offers, known: Known) -> None:
    offers.models["two"] = [Model(f"m{number:03}") for number in range(300)]
    open_picker(picker)
    await until(lambda: "m299" in rows(picker))
    await until(lambda: known.looked_up and picker._looking is None)
    assert len(known.looked_up) < 20
    picker.list.scrollToBottom()
    await until(lambda: "m299" in known.looked_up)
    assert "m150" not in known.looked_up


async def test_abilities_and_the_end_of_a_model_are_told(picker: ModelPicker, offers: Offers) -> None:
    abilities = frozenset({Ability.TOOLS, Ability.IMAGES})
    offers.models["two"] = [Model("old", abilities=abilities, shuts_down=date(2027, 1, 3))]
    open_picker(picker)
    await until(lambda: "old" in rows(picker))
    assert told(picker, "old") == "old, ends on 3 Jan 2027, reads images, calls tools"


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("14", "$14"),
        ("0.05", "$0.05"),
        ("0.4", "$0.40"),
        ("0.075", "$0.075"),
        ("1.250", "$1.25"),
        ("100", "$100"),
    ],
)
def test_prices_are_told_exactly(amount: str, words: str) -> None:
    assert Facts(input=Decimal(amount), output=Decimal(3)).words == f"{words} in · $3 out"


def test_every_ability_has_an_icon_and_a_name() -> None:
    assert set(ABILITIES) == set(Ability)
    for image, name in ABILITIES.values():
        assert (FOLDER / f"{image}.svg").exists()
        assert name


async def test_a_favourite_is_listed_first_by_key_and_by_its_star(
    picker: ModelPicker, known: Known, theme: Theme
) -> None:
    chosen = record(picker.chosen)
    open_picker(picker)
    await until(lambda: "gamma" in rows(picker))
    QTest.keyClicks(picker.field, "gam")
    QTest.keyClick(picker.field, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert known.favourite == ["two gamma"]
    assert current(picker) == "gamma", "the model stays the current one"
    picker.field.clear()
    assert rows(picker) == ["Favourites", "gamma", "One", "alpha", "beta", "Two", "albatros"]
    assert told(picker, "gamma") == "gamma, Two, favourite"

    area = picker.list.visualRect(picker.rows.index(1))
    star = QPoint(area.left() + theme.px(12), area.center().y())
    QTest.mouseClick(picker.list.viewport(), Qt.MouseButton.LeftButton, pos=star)
    assert known.favourite == []
    assert rows(picker) == ["One", "alpha", "beta", "Two", "albatros", "gamma"]
    assert chosen == []

    name = picker.list.visualRect(picker.rows.index(1)).center()
    QTest.mouseClick(picker.list.viewport(), Qt.MouseButton.LeftButton, pos=name)
    assert chosen == [("one", "alpha")]


async def test_a_favourite_that_is_not_listed_any_more_stays(picker: ModelPicker, known: Known) -> None:
    known.favourite = ["one gone"]
    open_picker(picker)
    await until(lambda: "gamma" in rows(picker))
    assert rows(picker)[:2] == ["Favourites", "gone"]


async def test_what_the_keys_come_to_is_announced(
    picker: ModelPicker, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def note(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            said.append(event.message())

    open_picker(picker)
    await until(lambda: "gamma" in rows(picker))
    await until(lambda: "$1.25 in" in told(picker, "beta"))
    monkeypatch.setattr(QAccessible, "updateAccessibility", note)
    QTest.keyClick(picker.field, Qt.Key.Key_Down)
    QTest.keyClick(picker.field, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert said == ["beta, 128k context, $1.25 in, $10 out", "beta is a favourite"]


async def test_favourites_are_kept_in_the_settings(running: Running) -> None:
    facts = ModelFacts(running.chats, running.settings)
    assert facts.toggle_favourite(ONE, "alpha")
    assert facts.toggle_favourite(TWO, "beta")
    assert facts.favourites(ONE) == ["alpha"]
    assert not facts.toggle_favourite(ONE, "alpha")
    assert running.settings.favourite_models == {"two": ["beta"]}


async def test_own_prices_and_announced_ends_are_known(running: Running) -> None:
    running.settings.change(own_prices={"one": {"alpha": {"input": "2", "output": "8", "context": "1000"}}})
    facts = ModelFacts(running.chats, running.settings)
    openai = replace(ONE, kind=EndpointKind.OPENAI)
    assert facts.of(openai, Model("alpha")).words == "1k context · $2 in · $8 out"
    local = replace(openai, kind=EndpointKind.COMPATIBLE)
    assert facts.of(openai, Model("gpt-5.1")).warning.startswith("ends on ")
    assert facts.of(local, Model("gpt-5.1")).warning == "", "another server may have it for ever"
    assert facts.of(local, Model("x", context=4096, shuts_down=date(2027, 1, 3))).ends == date(2027, 1, 3)
    assert facts.of(ONE, Model("demo")).words == "free"
