"""The pages of budgets and prices: what is entered holds at once, and nothing is fetched unasked."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton, QTableWidget, QWidget

from desktop_chat.api import PRICES_URL
from desktop_chat.domain.errors import Unreachable
from desktop_chat.domain.holds import Scope
from desktop_chat.settings import Settings
from desktop_chat.ui.times import written

from .conftest import until
from .settings_window import LOCAL, OPENAI, REMOTE, Opened

PRICES = json.dumps(
    [
        {
            "id": "openai",
            "name": "OpenAI",
            "api_pattern": "https://api\\.openai\\.com",
            "models": [
                {
                    "id": "gpt-9",
                    "match": {"starts_with": "gpt-9"},
                    "prices": {"input_mtok": 3, "output_mtok": 9},
                }
            ],
        }
    ]
).encode()


def enter(opened: Opened, name: str, text: str) -> QLineEdit:
    fields = opened.dialog.findChildren(QLineEdit)
    field = next(each for each in fields if each.accessibleName() == name and each.isVisible())
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Tab)
    return field


def said(opened: Opened, name: str) -> str:
    return opened.dialog.findChild(QLabel, name).text()


async def show_prices(opened: Opened) -> None:
    opened.page("Prices")
    await until(lambda: said(opened, "priceSource").startswith("genai-prices "), 30)


def table(opened: Opened) -> list[list[str]]:
    own = opened.dialog.findChild(QTableWidget, "ownPrices")
    return [
        [own.item(row, column).text() for column in range(own.columnCount())] for row in range(own.rowCount())
    ]


async def test_budgets_hold_at_once(opened: Opened) -> None:
    opened.page("Budgets")
    for name, text in (("A day", "$5"), ("A month", "20,50"), ("A chat", "0.5")):
        enter(opened, name, text)
    enter(opened, "A month, OpenAI", "12")
    settings = opened.settings
    assert settings.budget(Scope.DAY) == 5
    assert settings.budget(Scope.MONTH) == Decimal("20.50")
    assert settings.budget(Scope.CHAT) == Decimal("0.5")
    assert settings.endpoint_budgets == {"openai": "12"}
    enter(opened, "A month, OpenAI", "")
    enter(opened, "A day", "")
    assert settings.endpoint_budgets == {}
    assert settings.budget(Scope.DAY) is None


async def test_what_is_no_amount_is_told_at_the_field_and_not_set(opened: Opened) -> None:
    opened.page("Budgets")
    enter(opened, "A day", "5")
    field = enter(opened, "A day", "five")
    assert opened.settings.budget_day == "5"
    assert field.accessibleDescription() == "“five” is not an amount of dollars."
    assert any(
        label.text() == field.accessibleDescription() and label.isVisible()
        for label in opened.dialog.findChildren(QLabel)
    )


async def test_every_endpoint_that_costs_money_has_a_budget(opened: Opened) -> None:
    names = {each.accessibleName() for each in opened.dialog.findChildren(QLineEdit)}
    assert {f"A month, {each.name}" for each in (OPENAI, LOCAL, REMOTE)} <= names
    assert "A month, Demo" not in names
    opened.settings.change(endpoints=(OPENAI,))
    await until(
        lambda: (
            f"A month, {LOCAL.name}"
            not in {each.accessibleName() for each in opened.dialog.findChildren(QLineEdit)}
        )
    )


async def test_answers_that_were_given_before(opened: Opened) -> None:
    opened.page("Budgets")
    switch = next(each for each in opened.dialog.findChildren(QCheckBox) if "identical" in each.text())
    switch.click()
    assert opened.settings.cache_answers
    opened.press("Clear")
    await until(lambda: opened.cleared == 1)


async def test_where_prices_are_from_is_shown_and_nothing_is_fetched(opened: Opened) -> None:
    await show_prices(opened)
    assert ", as of " in said(opened, "priceSource")
    host = PRICES_URL.split("/")[2]
    assert any(f"from {host}" in label.text() for label in opened.dialog.findChildren(QLabel))
    assert opened.fetching == []


async def test_without_prices_of_ones_own_nothing_is_spread_out(opened: Opened) -> None:
    await show_prices(opened)
    buttons = opened.dialog.findChildren(QPushButton)
    add = next(each for each in buttons if each.text() == "Add…" and each.isVisible())
    assert add.mapTo(opened.dialog, QPoint(0, add.height())).y() < opened.dialog.height() / 2


async def test_newer_prices_are_used_from_then_on(opened: Opened) -> None:
    opened.fetching = [PRICES]
    await show_prices(opened)
    opened.press("Look for newer prices")
    await until(lambda: "from now on" in said(opened, "priceResult"), 30)
    today = written(datetime.now(UTC).date())
    assert said(opened, "priceResult") == f"The prices of {today} are used from now on."
    assert said(opened, "priceSource").endswith(": 1 models.")
    assert await opened.tokens.sheet(OPENAI, "gpt-9") is not None


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Unreachable(host="prices.example"), "could not be reached"),
        (b"<html>", "What came cannot be used, the prices stay as they are. "),
    ],
)
async def test_prices_that_cannot_be_had_are_told_plainly(
    opened: Opened, found: bytes | Unreachable, told: str
) -> None:
    opened.fetching = [found]
    await show_prices(opened)
    before = said(opened, "priceSource")
    opened.press("Look for newer prices")
    await until(
        lambda: said(opened, "priceResult") not in ("", f"Fetching from {PRICES_URL.split('/')[2]}…"), 30
    )
    assert told in said(opened, "priceResult")
    assert said(opened, "priceSource") == before
    opened.fetching = [PRICES]
    opened.press("Look for newer prices")
    await until(lambda: "from now on" in said(opened, "priceResult"), 30)


async def test_own_prices_are_added_changed_and_removed(opened: Opened, settings: Settings) -> None:
    await show_prices(opened)
    opened.press("Add…")
    box = opened.named(QComboBox, "Endpoint")
    box.setCurrentIndex(box.findData("local"))
    enter(opened, "Model", "llama3")
    enter(opened, "Input", "0.10")
    enter(opened, "Output", "0.4")
    enter(opened, "Context window", "131,072")
    opened.press("Save")
    assert settings.own_prices == {
        "local": {"llama3": {"input": "0.10", "output": "0.4", "context": "131072"}}
    }
    assert table(opened) == [[LOCAL.name, "llama3", "$0.10", "$0.4", "–", "131,072"]]

    own = opened.dialog.findChild(QTableWidget, "ownPrices")
    own.selectRow(0)
    opened.press("Change…")
    enter(opened, "Model", "llama4")
    enter(opened, "Cached input", "0.05")
    opened.press("Save")
    assert list(settings.own_prices["local"]) == ["llama4"]
    assert settings.own_prices["local"]["llama4"]["cached"] == "0.05"

    own.selectRow(0)
    opened.press("Remove")
    assert settings.own_prices == {}
    assert not own.isVisible()
    again = Settings(settings.path)
    again.close()


@pytest.mark.parametrize(
    ("model", "values", "told"),
    [
        ("", {"Input": "1", "Output": "2"}, "Enter the name of the model."),
        ("m", {}, "Enter prices, the context window, or both."),
        ("m", {"Input": "1"}, "Enter the prices of input and output, or neither."),
        ("m", {"Output": "1", "Cached input": "1"}, "Enter the prices of input and output, or neither."),
        ("m", {"Cached input": "1"}, "Enter the prices of input and output, or neither."),
    ],
)
async def test_half_a_price_is_not_saved(
    opened: Opened, model: str, values: dict[str, str], told: str
) -> None:
    await show_prices(opened)
    opened.press("Add…")
    enter(opened, "Model", model)
    for name, text in values.items():
        enter(opened, name, text)
    opened.press("Save")
    assert said(opened, "priceProblem") == told
    assert opened.settings.own_prices == {}


async def test_a_wrong_amount_is_told_at_its_field(opened: Opened) -> None:
    await show_prices(opened)
    opened.press("Add…")
    enter(opened, "Model", "m")
    enter(opened, "Input", "1")
    enter(opened, "Output", "cheap")
    opened.press("Save")
    assert opened.named(QLineEdit, "Output").accessibleDescription() == "“cheap” is not an amount of dollars."
    assert opened.named(QLineEdit, "Output").hasFocus()
    enter(opened, "Output", "2")
    enter(opened, "Context window", "128k")
    opened.press("Save")
    assert opened.named(QLineEdit, "Context window").accessibleDescription() == (
        "“128k” is not a number of tokens."
    )
    assert opened.settings.own_prices == {}


async def test_the_editor_closes_with_the_settings(opened: Opened) -> None:
    await show_prices(opened)
    opened.press("Add…")
    editor = opened.dialog.findChild(QWidget, "price")
    assert editor.isVisible()
    opened.dialog.close()
    assert not editor.isVisible()


async def test_prices_outlive_a_restart(opened: Opened, settings: Settings) -> None:
    """A window may be larger than any amount of dollars."""
    own = {"local": {"m": {"input": "1", "output": "2", "context": "1047576"}}}
    settings.change(own_prices=own)
    settings.close()
    again = Settings(settings.path)
    assert again.own_prices == own
    assert again.complaints == []
    again.close()
