"""A chat whose model ends soon says so, with what can take its place."""

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from PySide6.QtWidgets import QAbstractButton, QPushButton

from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.tokens.shutdowns import shutdown_of
from desktop_chat.ui.hold_words import WARN_DAYS
from desktop_chat.ui.shutdown_notice import ShutdownNotice
from desktop_chat.ui.times import written
from tests.server import Script, Server, faults
from tests.ui.shell.conftest import Running, running, theme, until

__all__ = ["running", "theme"]

ANNOUNCED = "gpt-4o"
shutdown = shutdown_of(ANNOUNCED)
assert shutdown is not None
assert shutdown.on is not None
END: date = shutdown.on
SOON = END - timedelta(days=WARN_DAYS)
NEW, OLD = 1_900_000_000, 1_700_000_000

Made = Callable[[date], ShutdownNotice]


@pytest.fixture
def notice(running: Running) -> Made:
    def make(today: date) -> ShutdownNotice:
        return ShutdownNotice(running.window, running.chats, running.theme, lambda: today)

    return make


def endpoint(kind: EndpointKind, url: str = "http://localhost:9/v1") -> Endpoint:
    return Endpoint("e", "There", kind, url, Dialect.RESPONSES, KeySource.NONE)


async def opened(
    running: Running, kind: EndpointKind, model: str, url: str = "http://localhost:9/v1"
) -> None:
    running.settings.change(endpoints=(endpoint(kind, url),))
    await running.chat("Chat")
    assert running.window.session is not None
    running.window.session.set_model("e", model)


def listing(*models: dict[str, object]) -> Script:
    return faults.document(200, json.dumps({"object": "list", "data": models}).encode())


def said(notice: ShutdownNotice) -> str:
    return notice.bar.accessibleDescription() if notice.bar.isVisible() else ""


def button(notice: ShutdownNotice) -> QPushButton:
    return notice.bar.findChild(QPushButton)


async def test_it_is_told_sixty_days_before(running: Running, notice: Made) -> None:
    early, late = notice(SOON - timedelta(days=1)), notice(SOON)
    await opened(running, EndpointKind.OPENAI, ANNOUNCED)
    assert said(early) == ""
    assert said(late) == f"gpt-4o ends on {written(END)}."
    assert button(late).text() == "Choose a model"


async def test_what_has_ended_is_told_as_that(running: Running, notice: Made) -> None:
    ended = notice(END)
    await opened(running, EndpointKind.AZURE, ANNOUNCED)
    assert said(ended) == f"gpt-4o was shut down on {written(END)}."


async def test_another_server_may_serve_a_model_of_that_name(running: Running, notice: Made) -> None:
    ended = notice(END)
    await opened(running, EndpointKind.COMPATIBLE, ANNOUNCED)
    assert said(ended) == ""


async def test_what_a_server_says_of_its_models_counts(running: Running, notice: Made) -> None:
    today = date(2030, 1, 1)
    ending = notice(today)
    models = (
        {"id": "local-1", "created": OLD, "shutdown_date": "2030-02-01"},
        {"id": "local-2", "created": NEW},
    )
    async with Server() as server:
        server.script(listing(*models))
        await opened(running, EndpointKind.COMPATIBLE, "local-1", server.url)
        assert said(ending) == ""
        await running.chats.models(running.settings.endpoints[0])
    assert said(ending) == "local-1 ends on 1 February 2030."


async def test_a_successor_that_is_offered_can_be_used(running: Running, notice: Made) -> None:
    late = notice(SOON)
    async with Server() as server:
        server.script(listing({"id": "gpt-4o"}, {"id": "gpt-5.4"}, {"id": "gpt-5.4-mini"}))
        await opened(running, EndpointKind.OPENAI, ANNOUNCED, server.url)
        await running.chats.models(running.settings.endpoints[0])
    assert button(late).text() == "Use gpt-5.4"
    button(late).click()
    assert running.window.session is not None
    assert running.window.session.model == "gpt-5.4"
    assert said(late) == ""


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
async def test_without_a_list_the_models_are_shown(running: Running, notice: Made) -> None:
    late = notice(SOON)
    await opened(running, EndpointKind.OPENAI, ANNOUNCED)
    button(late).click()
    assert running.window.chat.picker.isVisible()
    running.window.chat.picker.close()


async def test_it_is_dismissed_for_one_chat(running: Running, notice: Made) -> None:
    late = notice(SOON)
    await opened(running, EndpointKind.OPENAI, ANNOUNCED)
    first = running.shown_id
    dismiss = next(
        each for each in late.bar.findChildren(QAbstractButton) if each.accessibleName() == "Dismiss"
    )
    dismiss.click()
    assert said(late) == ""
    await opened(running, EndpointKind.OPENAI, ANNOUNCED)
    assert said(late) != ""
    running.window.open_chat(first)
    await until(lambda: running.shown_id == first)
    assert said(late) == ""
