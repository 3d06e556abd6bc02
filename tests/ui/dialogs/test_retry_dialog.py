"""The retry dialog counts down, never takes the focus, and ends the wait either way."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.errors import RateLimited
from desktop_chat.domain.events import RetryScheduled
from desktop_chat.ui.card_parts import DetailsBox
from desktop_chat.ui.retry_dialog import RetryDialog, RetryDialogs
from desktop_chat.ui.theme import Theme

RETRY = RetryScheduled(
    RateLimited(
        "Limit 30,000 tokens per minute", 429, "rate_limit_exceeded", "req_8f2c41d09b", 18.0, "api.openai.com"
    ),
    2,
    5,
    18.0,
)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def texts(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


def button(widget: QWidget, text: str) -> QPushButton:
    return next(each for each in widget.findChildren(QPushButton) if each.text() == text)


def shown(theme: Theme, host: QWidget, clock: Clock) -> RetryDialog:
    dialog = RetryDialog(theme, host, clock)
    dialog.show_retry(RETRY, "OpenAI", clock.now + 18)
    return dialog


def test_it_says_why_how_long_and_what_the_server_said(theme: Theme, host: QWidget) -> None:
    dialog = shown(theme, host, Clock())

    assert dialog.windowTitle() == "Rate limit reached"
    for text in ("Rate limit reached", "OpenAI asked to wait", "Retrying in 18 s · attempt 2 of 5"):
        assert text in texts(dialog)
    interface = QAccessible.queryAccessibleInterface(dialog)
    assert interface.role() == QAccessible.Role.Dialog
    assert interface.text(QAccessible.Text.Name) == "Retry"
    names = [each.accessibleName() for each in dialog.findChildren(QWidget)]
    box = next(name for name in names if "req_8f2c41d09b" in name)
    assert box.splitlines()[0] == "429 rate_limit_exceeded"
    assert [each.text() for each in dialog.findChildren(QPushButton)] == [
        "Copy details",
        "Cancel",
        "Retry now",
    ]


def test_the_countdown_follows_the_clock(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    clock = Clock()
    dialog = shown(theme, host, clock)
    clock.now += 11.3

    qtbot.waitUntil(lambda: "Retrying in 7 s · attempt 2 of 5" in texts(dialog))
    assert dialog.findChild(QProgressBar).value() == round(11.3 / 18 * 1000)
    clock.now += 60
    qtbot.waitUntil(lambda: "Retrying now · attempt 2 of 5" in texts(dialog))
    assert dialog.isVisible()


def test_typing_goes_on_while_it_appears(
    theme: Theme, host: QWidget, typing: QPlainTextEdit, qtbot: QtBot
) -> None:
    dialog = shown(theme, host, Clock())
    cancelled: list[bool] = []
    dialog.cancelled.connect(lambda: cancelled.append(True))

    QApplication.processEvents()
    focused = QApplication.focusWidget()
    assert focused is typing
    qtbot.keyClicks(focused, "and so on")
    qtbot.keyClick(focused, Qt.Key.Key_Escape)
    assert typing.toPlainText() == "and so on"
    assert cancelled == []
    assert dialog.isVisible()


def test_escape_cancels_while_the_focus_is_in_it(
    theme: Theme, host: QWidget, typing: QPlainTextEdit, qtbot: QtBot
) -> None:
    dialog = shown(theme, host, Clock())
    button(dialog, "Copy details").setFocus()

    with qtbot.waitSignal(dialog.cancelled):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert QApplication.focusWidget() is typing


def test_tab_reaches_its_buttons_and_enter_presses_them(
    theme: Theme, host: QWidget, typing: QPlainTextEdit, qtbot: QtBot
) -> None:
    typing.setTabChangesFocus(True)
    dialog = shown(theme, host, Clock())
    for _ in range(10):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        if QApplication.focusWidget() is button(dialog, "Retry now"):
            break

    with qtbot.waitSignal(dialog.retry_now):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert not dialog.isVisible()


def test_enter_presses_the_button_that_has_the_focus(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    dialog = shown(theme, host, Clock())
    chosen: list[str] = []
    dialog.retry_now.connect(lambda: chosen.append("retry"))
    dialog.cancelled.connect(lambda: chosen.append("cancel"))
    button(dialog, "Cancel").setFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)

    assert chosen == ["cancel"]


def test_a_long_message_is_elided_and_whole_for_a_screen_reader(theme: Theme, host: QWidget) -> None:
    dialog = RetryDialog(theme, host, Clock())
    error = RateLimited("word " * 400 + "end", 429, "rate_limit_exceeded", "req_1", 3.0, "h")
    dialog.show_retry(RetryScheduled(error, 2, 5, 3.0), "OpenAI", 1003.0)

    box = dialog.findChild(DetailsBox)
    lines = [label for label in box.findChildren(QLabel) if label.isVisible()]
    assert len(lines) == 4
    assert lines[-1].text().endswith("…")
    assert all(label.fontMetrics().horizontalAdvance(label.text()) <= label.width() for label in lines)
    assert box.accessibleName().endswith("word end")


def test_copy_details_gives_all_that_is_known(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    dialog = shown(theme, host, Clock())
    qtbot.mouseClick(button(dialog, "Copy details"), Qt.MouseButton.LeftButton)

    copied = QGuiApplication.clipboard().text()
    for text in ("kind: RateLimited", "request id: req_8f2c41d09b", "status: 429", "attempt 2 of 5"):
        assert text in copied
    assert dialog.isVisible()


def test_one_dialog_a_conversation_and_several_at_once(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    clock = Clock()
    dialogs = RetryDialogs(theme, host, clock)
    dialogs.show("a", RETRY, "OpenAI", clock.now + 18, "First")
    dialogs.show("b", RETRY, "OpenAI", clock.now + 18, "Second")
    dialogs.show("a", RETRY, "OpenAI", clock.now + 9, "First")

    first, second = dialogs.dialog("a"), dialogs.dialog("b")
    assert first is not None
    assert second is not None
    assert len(host.findChildren(RetryDialog)) == 2
    assert "Retrying in 9 s" in texts(first)
    assert first.windowTitle() == "Rate limit reached – First"
    assert first.pos() != second.pos()

    with qtbot.waitSignal(dialogs.retry_now) as told:
        qtbot.mouseClick(button(second, "Retry now"), Qt.MouseButton.LeftButton)
    assert told.args == ["b"]
    assert dialogs.dialog("b") is None
    assert first.isVisible()
    dialogs.close("a")
    assert dialogs.dialog("a") is None
    qtbot.waitUntil(lambda: not host.findChildren(RetryDialog))


def test_it_stays_within_a_small_window_at_any_zoom(theme: Theme, host: QWidget) -> None:
    dialog = shown(theme, host, Clock())
    host.resize(380, 300)
    theme.set_zoom(200)
    QApplication.processEvents()

    card = dialog.geometry().intersected(host.rect())
    assert card.width() >= host.width() - 20
    assert dialog.height() - 2 * theme.px(30) <= host.height()


def test_markup_from_the_server_stays_text(theme: Theme, host: QWidget) -> None:
    dialog = RetryDialog(theme, host, Clock())
    error = RateLimited("<img src='file:///etc/passwd'>", 429, "<b>", "<i>", 3.0, "h")
    dialog.show_retry(RetryScheduled(error, 2, 5, 3.0), "<u>mine</u>", 1003.0)

    for label in dialog.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText
    assert "<u>mine</u> asked to wait" in texts(dialog)
