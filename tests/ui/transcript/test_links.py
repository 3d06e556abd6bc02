import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.addresses import doubts, elided, host, is_allowed, parsed, shown
from desktop_chat.ui.links import open_link


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have reached the browser."""
    found: list[str] = []

    def record(url: QUrl) -> bool:
        found.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", record)
    return found


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def answer(parent: QWidget, button: QMessageBox.StandardButton) -> str:
    """Press a button of the message box that is open; gives what it said."""
    box = next(box for box in parent.findChildren(QMessageBox) if box.isVisible())
    said = box.text()
    box.button(button).click()
    return said


@pytest.mark.parametrize("url", ["https://example.org/a?b=c#d", "mailto:a@example.org"])
def test_plain_addresses_open_at_once(url: str, opened: list[str], parent: QWidget) -> None:
    open_link(url, parent)
    assert opened == [url]


REFUSED = [
    "file:///etc/passwd", "FILE://host/x", "//host/share", "\\\\host\\share", "smb://h/x", "ms-msdt:/id",
    "search-ms:x", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "vbscript:x", "data:text/html,x",
    "vscode://x", "qrc:/x", ":/x", "/etc/passwd", "relative", "calculator://", "tel:1", "ftp://h/x",
    "https:example.org", "https:/example.org", "https://", "http:///x", "https://?x", "https://@/",
    "https:\\\\host", "https://h\\@other/", "java\tscript:x", "java\nscript:x", " https://example.org",
    "https://exa mple.org", "https://example.org/\u0000", "", "http", "https://" + "a" * 9000,
    "https://%65vil.example/", "https://evil.example%2f.good.example/", "https://good.example／.evil.example/",
    "https://good.example\u202egro.live/", "https://go\u200bod.example\u2066/x", "https://a․example/",
    "https://" + "a" * 64 + ".example/", "https://example.org:99999/", "https://[::1/", "view-source:https://x/",
    "blob:https://x/1", "jar:https://x!/", "about:blank", "mailto:", "mailto:?subject=x",
    "mailto:a@example.org?attach=/etc/passwd", "mailto:a@example.org?subject=x&Attachment=/etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_everything_else_is_refused(url: str, opened: list[str], parent: QWidget) -> None:
    assert not is_allowed(url)
    open_link(url, parent)
    said = answer(parent, QMessageBox.StandardButton.Ok)
    assert opened == []
    assert not any(character in said for character in "\u202e\u200b\u2066\t\u0000")


DOUBTFUL = [
    ("http://example.org/", "", "example.org"),
    ("https://user@evil.example/", "", "evil.example"),
    ("https://good.example@evil.example/", "", "evil.example"),
    ("https://:secret@evil.example/", "", "evil.example"),
    ("https://аpple.com/", "", "xn--pple-43d.com"),
    ("https://xn--pple-43d.com/", "", "xn--pple-43d.com"),
    ("https://ℂ.example/", "", "c.example"),
    ("https://gооgle.example/", "https://google.example", "xn--ggle-55da.example"),
    ("https://2130706433/", "", "127.0.0.1"),
    ("https://0x7f000001/", "", "127.0.0.1"),
    ("https://0177.0.0.1/", "", "127.0.0.1"),
    ("https://127.1/", "", "127.0.0.1"),
    ("https://1.2.3.4./", "", "1.2.3.4."),
    ("https://[::1]/", "", "::1"),
    ("https://[::ffff:10.0.0.1]/", "", "::ffff:"),
    ("https://evil.example/?q=" + "a" * 300, "", "evil.example"),
    ("https://evil.example/", "https://good.example/login", "evil.example"),
    ("https://evil.example/", "good.example", "evil.example"),
    ("https://evil.example/", "WWW.Good.Example", "evil.example"),
    ("https://evil.example/", "go\u200bod.example", "evil.example"),
    ("https://evil.example/", "see https://good.example for more", "evil.example"),
    ("https://evil.example/", "//good.example/x", "evil.example"),
    ("https://evil.example/", "https://good.example@evil.example/", "evil.example"),
    ("https://good.example.evil.example/", "good.example", "good.example.evil.example"),
    ("https://notgood.example/", "good.example", "notgood.example"),
    ("https://evil.example/", "help@good.example", "evil.example"),
    ("mailto:help@evil.example", "help@good.example", "evil.example"),
    ("https://evil.example/", "bücher.example", "evil.example"),
    ("https://evil.example/", "10.0.0.1", "evil.example"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "text", "real"), DOUBTFUL)
def test_doubtful_addresses_are_shown_first(
    url: str, text: str, real: str, opened: list[str], parent: QWidget
) -> None:
    open_link(url, parent, text)
    assert opened == []
    assert real in answer(parent, QMessageBox.StandardButton.Cancel)
    assert opened == []
    open_link(url, parent, text)
    answer(parent, QMessageBox.StandardButton.Open)
    assert opened == [parsed(url).toString()]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://example.org/", "example.org"),
        ("https://www.example.org/", "Example.org/news"),
        ("https://example.org/", "https://www.example.org"),
        ("https://docs.example.org/x", "example.org"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://github.com/a/b/blob/main/README.md", "README.md"),
        ("https://docs.python.org/3/library/os.html", "os.path"),
        ("https://docs.python.org/3/", "version 3.12"),
        ("https://docs.python.org/3.12/", "3.12"),
        ("https://example.org/", "the docs, e.g. chapter 3.1"),
        ("https://example.org/", "and/or"),
        ("https://example.org/?q=" + "a" * 150, "search"),
        ("mailto:help@example.org", "help@example.org"),
        ("mailto:help@example.org?subject=Hello", "write to us"),
    ],
)
def test_a_text_that_names_no_other_host_raises_no_doubt(url: str, text: str) -> None:
    assert doubts(url, text) == []


def test_the_box_does_not_wait(opened: list[str], parent: QWidget) -> None:
    """A box that waits in a loop of its own would stop what runs in the program's loop."""
    open_link("http://example.org/", parent)
    open_link("http://example.com/", parent)
    assert len(parent.findChildren(QMessageBox)) == 2


def test_a_long_address_is_shown_whole_on_demand(opened: list[str], parent: QWidget) -> None:
    url = "http://example.org/" + "a" * 5000
    open_link(url, parent)
    (box,) = parent.findChildren(QMessageBox)
    assert len(box.text()) < 500
    assert box.detailedText() == url
    assert box.sizeHint().width() < 900


def test_markup_in_an_address_is_shown_literally(opened: list[str], parent: QWidget) -> None:
    open_link("<img src='file:///etc/passwd'>", parent)
    (box,) = parent.findChildren(QMessageBox)
    assert "<img src='file:///etc/passwd'>" in box.text()
    assert box.textFormat().name == "PlainText"


def test_shown_address_is_the_real_one() -> None:
    assert shown("https://аpple.com/ä") == "https://xn--pple-43d.com/%C3%A4"
    assert shown("https://good.example/\u202etxt") == "https://good.example/%E2%80%AEtxt"
    assert shown("x\u202ey\x00") == "x⟨U+202E⟩y⟨U+0000⟩"


@pytest.mark.parametrize("room", range(5, 120))
def test_elided_address_keeps_the_end_of_the_host(room: int) -> None:
    url = "https://login.bank.example.evil-host.example/" + "a/" * 200 + "end.html"
    short = elided(url, room)
    assert len(short) <= room
    whole = host(parsed(url))
    assert short.removeprefix("https://").lstrip("…").split("/")[0].rstrip("…")
    assert whole.endswith(short.lstrip("…").rstrip("…")) or whole in short


def test_elided_address_without_a_host_ends_in_an_ellipsis() -> None:
    assert elided("mailto:somebody@example.org?subject=" + "x" * 100, 40).startswith(
        "mailto:somebody@example.org"
    )
    assert elided("nothing at all", 8) == "nothing…"
    assert elided("https://example.org/", 40) == "https://example.org/"


def test_a_link_that_no_program_opens_is_told(
    parent: QWidget, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    open_link("https://example.org/a", parent)
    box = next(iter(parent.findChildren(QMessageBox)))
    assert "No browser could be started" in box.text()
    assert "https://example.org/a" in box.text()
