"""The test of an endpoint in its editor: steps, what to do, and with which secrets."""

from dataclasses import replace

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from desktop_chat.credentials import header
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.errors import KeyRejected
from desktop_chat.domain.probe import ProbeResult, ProbeStep, StepKind

from .conftest import until
from .settings_window import LOCAL, REMOTE, Opened
from .test_endpoint_editor import CANARY, write


def told(widget: QWidget) -> str:
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Description)


async def test_each_step_of_a_test_is_shown_with_its_time(opened: Opened) -> None:
    editor = opened.edit(LOCAL)
    opened.go_on.clear()
    opened.press("Test")
    await until(lambda: len(editor.steps.texts) == 3)
    assert editor.steps.outcome == "Testing…"
    assert editor.steps.texts == [
        "Address (DNS), works, 12 ms, 192.0.2.7",
        "Connection (TCP), works, 20 ms",
        "Encryption (TLS), works, 45 ms, signed by Example CA",
    ]
    opened.go_on.set()
    await until(lambda: "It works" in editor.steps.outcome)
    write(editor.connection.name, "x")
    assert editor.steps.outcome == "This was before the last change."


async def test_a_step_that_failed_says_what_to_do(opened: Opened) -> None:
    error = KeyRejected("Incorrect API key provided", 401, host="localhost")
    opened.steps = [
        ProbeStep(StepKind.PROXY, None, 0.0),
        ProbeStep(StepKind.AUTH, False, 1.5, "401", error),
    ]
    opened.found = ProbeResult(None, None, error)
    editor = opened.edit(LOCAL)
    opened.press("Test")
    await until(lambda: editor.steps.outcome == "It does not work yet. What is above says why.")
    assert editor.steps.texts[0] == "Proxy, left out"
    assert editor.steps.texts[1].startswith("Key, failed, 1.5 s, 401, ")
    assert "does not accept the key" in editor.steps.texts[1]


async def test_a_test_can_be_stopped(opened: Opened) -> None:
    editor = opened.edit(LOCAL)
    opened.go_on.clear()
    opened.press("Test")
    await until(lambda: bool(opened.asked))
    opened.press("Stop")
    assert editor.steps.outcome == "The test was stopped."
    opened.press("Test")
    await until(lambda: len(opened.asked) == 2)
    write(editor.connection.name, "changed")
    opened.go_on.set()
    opened.press("Test")
    await until(lambda: "It works" in editor.steps.outcome)


async def test_what_was_entered_is_tried_together_with_what_is_in_the_keyring(opened: Opened) -> None:
    endpoint = replace(REMOTE, secret_headers=("X-Old", "X-New"))
    opened.settings.change(endpoints=(endpoint,))
    await opened.credentials.store(endpoint, CANARY)
    for name in endpoint.secret_headers:
        await opened.credentials.store_secret(endpoint, header(name), f"stored {name}")
    opened.edit(endpoint)
    write(opened.named(QLineEdit, "Secret header 2, value"), "typed")
    opened.press("Test")
    await until(lambda: bool(opened.asked))
    tried, secrets = opened.asked[0]
    assert tried.id != endpoint.id
    assert secrets.key == CANARY
    assert dict(secrets.headers) == {"X-Old": "stored X-Old", "X-New": "typed"}
    assert await opened.credentials.secret(endpoint, header("X-New")) == "stored X-New", "nothing is stored"


async def test_the_dialect_is_asked_of_the_server(opened: Opened) -> None:
    opened.found = ProbeResult(Dialect.RESPONSES, ())
    editor = opened.edit(LOCAL)
    opened.press("Detect")
    await until(lambda: editor.connection.dialect.currentData() == Dialect.RESPONSES)
    dialect = opened.named(QComboBox, "Dialect")
    assert told(dialect) == "The server speaks Responses."
    opened.found = ProbeResult(None, None)
    opened.press("Detect")
    await until(lambda: told(dialect) == "The server answered in neither dialect. Test shows why.")
    assert dialect.currentData() == Dialect.RESPONSES
