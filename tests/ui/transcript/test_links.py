import pytest
from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.links import is_allowed, open_link, shown_target


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have reached the browser."""
    found: list[str] = []

    def record(url: QUrl) -> bool:
        found.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", record)
    return found


def answer_box(button: QMessageBox.StandardButton, seen: list[str]) -> None:
    """Press a button of the message box that comes next."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(0, press)
            return
        seen.append(box.text())
        box.button(button).click()

    QTimer.singleShot(0, press)


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.mark.parametrize("url", ["https://example.org/a?b=c#d", "mailto:a@example.org"])
def test_plain_addresses_open_at_once(url: str, opened: list[str], parent: QWidget) -> None:
    assert open_link(url, parent)
    assert opened == [url]


REFUSED = [
    "file:///etc/passwd", "FILE://host/x", "//host/share", "\\\\host\\share", "smb://h/x", "ms-msdt:/id",
    "search-ms:x", "javascript:alert(1)", "vbscript:x", "data:text/html,x", "vscode://x", "qrc:/x", ":/x",
    "/etc/passwd", "relative", "calculator://", "tel:1", "ftp://h/x", "https:example.org", "https://",
    "https:\\\\host", "https://h\\@other/", "java\tscript:x", " https://example.org", "https://exa mple.org",
    "https://example.org/\u0000", "", "http", "https://" + "a" * 9000,
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_everything_else_is_refused(url: str, opened: list[str], parent: QWidget) -> None:
    seen: list[str] = []
    answer_box(QMessageBox.StandardButton.Ok, seen)
    assert not is_allowed(url)
    assert not open_link(url, parent)
    assert opened == []
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://example.org/", "example.org"),
        ("https://user@evil.example/", "evil.example"),
        ("https://аpple.com/", "xn--pple-43d.com"),
    ],
)
def test_doubtful_addresses_are_shown_first(url: str, host: str, opened: list[str], parent: QWidget) -> None:
    seen: list[str] = []
    answer_box(QMessageBox.StandardButton.Cancel, seen)
    assert not open_link(url, parent)
    assert opened == []
    assert host in seen[0]
    answer_box(QMessageBox.StandardButton.Open, seen)
    assert open_link(url, parent)
    assert len(opened) == 1


def test_shown_target_is_the_real_one() -> None:
    assert shown_target("https://аpple.com/ä") == "https://xn--pple-43d.com/%C3%A4"
    assert len(shown_target("https://example.org/" + "a" * 5000)) < 400
