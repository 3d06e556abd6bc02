"""A chat says which model was asked instead, which can be, and what a model does not take."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QAbstractButton, QPushButton

from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.request import Parameters
from desktop_chat.session import ChatSession
from desktop_chat.ui.stand_in_notice import StandInNotice
from tests.server import Server, faults, wire
from tests.ui.shell.conftest import Running, running, theme, until

__all__ = ["running", "theme"]

GONE = {"message": "The model `m-1` does not exist", "code": "model_not_found"}


@pytest.fixture
def notice(running: Running) -> StandInNotice:
    return StandInNotice(running.window, running.chats, running.theme)


async def opened(running: Running, server: Server, *, falls_back: bool) -> ChatSession:
    endpoint = Endpoint(
        "e", "There", EndpointKind.COMPATIBLE, server.url, Dialect.RESPONSES, KeySource.NONE, attempts=1
    )
    endpoint = replace(endpoint, fallback_models=("m-2",), falls_back=falls_back)
    running.settings.change(endpoints=(endpoint,))
    await running.chat("Chat")
    session = running.window.session
    assert session is not None
    session.set_model("e", "m-1")
    return session


async def ask(session: ChatSession) -> None:
    assert await session.send("Hello")
    await until(lambda: not session.is_busy)


def said(notice: StandInNotice) -> str:
    return notice.bar.accessibleDescription() if notice.bar.isVisible() else ""


def offered(notice: StandInNotice) -> str:
    found = notice.bar.findChild(QPushButton)
    return found.text() if found.isVisible() else ""


async def test_the_model_that_was_asked_instead_is_told(running: Running, notice: StandInNotice) -> None:
    async with Server(wire.answer("Here.")) as server:
        session = await opened(running, server, falls_back=True)
        server.script(faults.status(404, GONE))
        await ask(session)
        assert said(notice) == "m-1 could not answer, so m-2 was asked."
        assert offered(notice) == ""
        await ask(session)
        assert said(notice) == ""


async def test_the_model_that_can_be_asked_is_offered(running: Running, notice: StandInNotice) -> None:
    async with Server(wire.answer("Here.")) as server:
        session = await opened(running, server, falls_back=False)
        server.script(faults.status(404, GONE))
        await ask(session)
        assert said(notice) == "m-1 could not answer; m-2 may."
        assert offered(notice) == "Ask m-2"
        notice.bar.findChild(QPushButton).click()
        await until(lambda: session.last is not None and session.last.text == "Here.")
        await until(lambda: not session.is_busy)
        assert server.requests[-1].json["model"] == "m-2"
        assert said(notice) == ""


async def test_what_a_model_does_not_take_is_told_in_its_own_chat(
    running: Running, notice: StandInNotice
) -> None:
    async with Server(wire.answer("Here.")) as server:
        session = await opened(running, server, falls_back=False)
        session.set_parameters(Parameters(temperature=0.5, top_p=0.5))
        for name in ("temperature", "top_p"):
            refusal = {"message": f"Unsupported parameter: '{name}'", "param": name}
            server.script(faults.status(400, refusal))
        await ask(session)
        words = "m-1 does not take “Temperature” and “Top P”. They are not sent to it any more."
        assert said(notice) == words
        here = running.shown_id
        await running.chat("Another")
        assert said(notice) == ""
        running.window.open_chat(here)
        await until(lambda: running.shown_id == here)
        assert said(notice) == words
        dismiss = [
            each for each in notice.bar.findChildren(QAbstractButton) if each.accessibleName() == "Dismiss"
        ]
        dismiss[0].click()
        assert said(notice) == ""


async def test_much_that_is_not_taken_hides_no_answer(running: Running, notice: StandInNotice) -> None:
    """It was a sentence each, and more than the window had room for. The model is the one that was asked."""
    names = ("temperature", "top_p", "service_tier", "prompt_cache_key", "metadata", "safety_identifier")
    async with Server(wire.answer("Here.")) as server:
        session = await opened(running, server, falls_back=True)
        session.set_parameters(
            Parameters(
                temperature=0.5,
                top_p=0.5,
                service_tier="flex",
                prompt_cache_key="k",
                metadata={"a": "b"},
                safety_identifier="me",
            )
        )
        server.script(faults.status(404, GONE))
        for name in names:
            server.script(faults.status(400, {"message": f"Unsupported parameter: '{name}'", "param": name}))
        await ask(session)
        assert said(notice) == (
            "m-1 could not answer, so m-2 was asked. m-2 does not take “Temperature”, “Top P” and "
            "4 more parameters. They are not sent to it any more."
        )
