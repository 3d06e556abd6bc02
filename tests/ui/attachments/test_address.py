"""An image of which only the address is sent."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from desktop_chat.domain.message import Attachment
from desktop_chat.ui.attachments.address import AddressCard, image_at
from desktop_chat.ui.attachments.sources import Way
from tests.ui.attachments.conftest import chips, composer, parts
from tests.ui.shell.conftest import Running


@pytest.mark.parametrize(
    ("address", "name", "url"),
    [
        ("https://example.com/a/cat.png?x=1", "cat.png", "https://example.com/a/cat.png?x=1"),
        (" https://example.com ", "example.com", "https://example.com"),
        ("https://bücher.example/b.png", "b.png", "https://xn--bcher-kva.example/b.png"),
        ("https://example.com/%E2%80%AEgnp.exe", "gnp.exe", "https://example.com/%E2%80%AEgnp.exe"),
    ],
)
def test_an_address_is_sent_as_it_is(address: str, name: str, url: str) -> None:
    part = image_at(address)
    assert isinstance(part.data, Attachment)
    assert (part.name, part.data.url, part.data.hash) == (name, url, "")


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "example.com/a.png",
            "http://example.com/a.png",
            "file:///etc/passwd",
            "data:image/png;base64,AA",
        ),
        *("https://", "https://user:secret@example.com/a.png", "https://example.com/a b.png"),
    ],
)
def test_others_are_refused(address: str) -> None:
    with pytest.raises(ValueError):
        image_at(address)


async def test_the_host_is_shown_before_it_is_attached(running: Running) -> None:
    composer(running).attach.ways[Way.ADDRESS].trigger()
    card = running.window.findChild(AddressCard)
    assert isinstance(card, AddressCard)
    host = card.findChild(QLabel, "addressHost")
    assert isinstance(host, QLabel)
    attach = next(button for button in card.findChildren(QPushButton) if button.text() == "Attach")
    assert not attach.isEnabled()
    QTest.keyClicks(card.field, "https:")
    assert host.text() == "", "nothing is wrong yet"
    card.field.setText("http://example.com/a.png")
    assert host.text() == "The address has to begin with https://."
    assert not attach.isEnabled()
    card.field.setText("https://example.com/a.png")
    assert host.text() == "It will be fetched from example.com"
    QTest.keyClick(card.field, Qt.Key.Key_Return)
    assert [chip.accessibleName() for chip in chips(running)] == ["a.png, example.com"]
    assert [part.name for part in parts(running)] == ["a.png"]
