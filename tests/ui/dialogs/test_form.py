"""Forms: labels beside their fields or above them, and what is wrong below."""

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLineEdit, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.form import NARROW, Form
from desktop_chat.ui.theme import Theme


def shown(theme: Theme, qtbot: QtBot, width: int) -> tuple[QWidget, Form, QLineEdit]:
    """A form in a window of that width, with a field that leaves room for its label in a wide one alone."""
    form = Form(theme)
    field = QLineEdit()
    field.setMinimumWidth(NARROW - 100)
    form.add("name", "A label", field, "A hint", read=lambda: int(field.text()))
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(form)
    area.resize(width, 300)
    qtbot.addWidget(area)
    with qtbot.waitExposed(area):
        area.show()
    return area, form, field


def label_of(form: Form, text: str) -> QWidget:
    return next(each for each in form.findChildren(QWidget) if getattr(each, "text", str)() == text)


def test_a_narrow_form_has_its_labels_above(theme: Theme, qtbot: QtBot) -> None:
    _window, form, field = shown(theme, qtbot, NARROW - 50)
    assert label_of(form, "A label").geometry().bottom() < field.geometry().top()
    assert form.width() < NARROW, "nothing is clipped"


def test_a_wide_form_has_its_labels_beside(theme: Theme, qtbot: QtBot) -> None:
    _window, form, field = shown(theme, qtbot, NARROW + 200)
    assert label_of(form, "A label").geometry().right() < field.geometry().left()


def test_a_complaint_takes_the_place_of_the_hint_until_it_is_corrected(theme: Theme, qtbot: QtBot) -> None:
    _window, form, field = shown(theme, qtbot, NARROW + 200)
    hint = label_of(form, "A hint")

    def described() -> str:
        return QAccessible.queryAccessibleInterface(field).text(QAccessible.Text.Description)

    assert (described(), hint.isVisible()) == ("A hint", True)
    assert form.read() == ({}, ["name"])
    assert "invalid literal" in described()
    assert not hint.isVisible()
    qtbot.keyClicks(field, "7")
    assert (described(), hint.isVisible()) == ("A hint", True)
    assert form.read() == ({"name": 7}, [])


def test_a_row_that_is_hidden_is_not_read(theme: Theme, qtbot: QtBot) -> None:
    _window, form, field = shown(theme, qtbot, NARROW + 200)
    form.show_row("name", False)
    assert form.read() == ({}, [])
    assert not label_of(form, "A label").isVisible()
    assert not field.isVisible()
