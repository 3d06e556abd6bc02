"""What went over the wire, from the server's end to the window of the details."""

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import Dialect, KeySource
from desktop_chat.ui.json_view import JsonWindow
from desktop_chat.ui.message_details import MessageDetails
from tests.end_to_end.driver import Driver, running, server_endpoint
from tests.server import Server, faults

Play = Callable[[Coroutine[Any, Any, None]], None]
KEY = "sk-canary-of-the-evidence-0123456789"


async def details(app: Driver) -> MessageDetails:
    """The window of the details of the last answer."""
    app.window.show_answer_details()
    await app.until(lambda: app.is_shown("messageDetails"), "the details")
    shown = app.find(MessageDetails, "messageDetails")
    await app.until(lambda: shown.is_complete, "all details")
    return shown


async def copied(app: Driver, shown: MessageDetails) -> Any:
    """The JSON of the window that was opened from the details."""
    await app.until(lambda: shown.findChildren(JsonWindow), "the JSON")
    (opened,) = shown.findChildren(JsonWindow)
    QApplication.clipboard().clear()
    opened.view.copy_all()
    await app.until(lambda: QApplication.clipboard().text(), "the copy")
    opened.close()
    await app.until(lambda: not shown.findChildren(JsonWindow), "its end")
    return json.loads(QApplication.clipboard().text())


@pytest.mark.parametrize("dialect", Dialect)
def test_what_is_shown_is_what_the_server_got(
    play: Play, server: Server, tmp_path: Path, dialect: Dialect
) -> None:
    endpoint = server_endpoint(server.url, dialect, key_source=KeySource.ENVIRONMENT)

    async def story() -> None:
        async with running(tmp_path, endpoint=endpoint, credentials=Credentials(KEY)) as app:
            server.script(faults.status(503, {"message": "busy"}, {"retry-after": "0"}))
            answer = await app.ask("Why are there tides?")
            refused, answered = [each for each in server.exchanges if b"Why are there" in each.body][:2]
            shown = await details(app)
            shown.show_request.click()
            sent = await copied(app, shown)
            assert sent["body"] == answered.json
            assert sent["url"].endswith(answered.target)
            headers = {name.lower(): value for name, value in sent["headers"].items()}
            assert headers.pop("authorization") == "Bearer [redacted]"
            assert headers.items() <= answered.headers.items()
            shown.show_response.click()
            received = await copied(app, shown)
            assert received["status"] == 200
            assert set(answer.text.split()) <= set(" ".join(_texts(received["events"])).split())
            assert shown.choice is not None
            shown.choice.choose(0)
            await app.until(lambda: shown.is_complete, "the other attempt")
            assert "busy" in shown.said.accessibleName()
            shown.show_request.click()
            assert (await copied(app, shown))["body"] == refused.json
            shown.close()
            QApplication.clipboard().clear()

    play(story())
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes()


def test_nothing_is_kept_where_the_user_does_not_want_it(play: Play, server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            app.program.settings.change(keep_evidence=False)
            await app.ask("Why are there tides?")
            shown = await details(app)
            assert not shown.show_request.isEnabled()
            assert shown.note.isVisible()
            shown.close()

    play(story())


def _texts(value: Any) -> list[str]:
    """All texts in a value."""
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
