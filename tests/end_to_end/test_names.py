"""The names of dialogs and of what shows only at times, over the real accessibility bus."""

import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.end_to_end import desktop
from tests.end_to_end.desktop import ScreenReader, Shown
from tests.end_to_end.driver import server_endpoint
from tests.end_to_end.process import Start, until, write_endpoint
from tests.server import Server, faults, wire

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="AT-SPI and X11")


@pytest.fixture
def read_aloud() -> Iterator[tuple[ScreenReader, dict[str, str]]]:
    """A screen reader, and the environment of a program that it can read."""
    if lacking := desktop.missing_for_screen_readers():
        pytest.skip(f"NOT TESTED with a screen reader: this machine lacks {lacking}")
    with desktop.x_server() as display, desktop.buses() as buses:
        env = display | buses
        reader = ScreenReader(env)
        yield reader, env
        assert reader.close() == ""


def test_welcome(start: Start, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]) -> None:
    reader, env = read_aloud
    run = start("--profile", tmp_path, env=env)
    welcome = reader.find("Welcome", "dialog")
    assert "Provider" in {shown.name for shown in reader.below(welcome)}
    assert reader.find("Status", "label")
    assert run.end(SIGTERM)[0] == 0


def test_retry_and_problem(
    start: Start, server: Server, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]
) -> None:
    reader, env = read_aloud
    server.script(faults.status(429, "slow down", {"retry-after": "60"}))
    write_endpoint(tmp_path, server_endpoint(server.url))
    run = start("--profile", tmp_path, "Hello", steps="send", env=env)
    retry = reader.find("Retry", "dialog")
    buttons = {shown.name for shown in reader.below(retry, "push button")}
    assert {"Retry now", "Cancel", "Copy details"} <= buttons
    assert reader.find("Status", "label").description.startswith("Retrying in")
    words = " ".join(f"{shown.name} {shown.text}" for shown in reader.below(retry))
    assert "429" in words
    assert "req_fault" in words
    server.script(faults.status(401, {"message": "Incorrect API key provided"}))
    reader.press(reader.find("Retry now", "push button"))
    problem = reader.find("Problem", "dialog")
    assert "Copy details" in {shown.name for shown in reader.below(problem, "push button")}
    assert not reader.all("Retry", "dialog")
    assert run.end(SIGTERM)[0] == 0


def test_jump_to_latest(
    start: Start, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]
) -> None:
    reader, env = read_aloud
    run = start("--demo", "--profile", tmp_path, steps="watch,ready", env=env)
    run.said("ready")
    assert reader.find("Details", "panel")
    for _turn in range(3):
        reader.write(reader.find("Message", "text"), "A list: 日本語 🦊")
        reader.press(reader.find("Send", "push button"))
        run.said("ended")
    assert not reader.all("Jump to latest")
    transcript = reader.find("Transcript", "list")
    question = desktop.Shown([*transcript.path, 0], "", "", "", None, [], [])
    assert reader.ask(question, "show", at=0)
    reader.press(reader.find("Jump to latest", "push button"))
    until(lambda: not reader.all("Jump to latest"), "the end is in view")
    assert run.end(SIGTERM)[0] == 0


def test_about(start: Start, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]) -> None:
    reader, env = read_aloud
    run = start("--demo", "--profile", tmp_path, steps="about", env=env)
    about = reader.find("About", "dialog")
    texts = " ".join(shown.name for shown in reader.below(about, "label"))
    assert "MIT licence" in texts
    assert "Python" in texts
    reader.press(next(shown for shown in reader.below(about, "push button") if shown.name == "Close"))
    until(lambda: not reader.all("About", "dialog"), "the window is closed")
    assert run.end(SIGTERM)[0] == 0


def test_usage(start: Start, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]) -> None:
    reader, env = read_aloud
    run = start("--demo", "--profile", tmp_path, steps="watch,ready", env=env)
    run.said("ready")
    reader.write(reader.find("Message", "text"), "Hello")
    reader.press(reader.find("Send", "push button"))
    run.said("ended")
    reader.press(reader.find("Usage…", "push button"))
    usage = reader.find("Usage", "dialog")
    requests = next(shown for shown in reader.below(usage, "table") if shown.name == "Requests")
    until(lambda: "Hello" in cells(reader, requests), "the request is listed under the title of its chat")
    names = {shown.name for shown in reader.below(usage)}
    assert any(name.startswith("Requests: ") for name in names)
    assert "Chart: Tokens by day" in names
    reader.press(next(shown for shown in reader.below(usage) if shown.name == "Show as a table"))
    until(lambda: reader.all("Chart as a table", "table"), "the chart is a table")
    of_demo, in_all = cells(reader, reader.find("Chart as a table", "table"))[-2:]
    assert of_demo == in_all
    assert in_all.replace(",", "").isdecimal(), "the tokens of today"
    reader.press(next(shown for shown in reader.below(usage, "push button") if shown.name == "Close"))
    until(lambda: not reader.all("Usage", "dialog"), "the window is closed")
    assert run.end(SIGTERM)[0] == 0


def closed(reader: ScreenReader, window: Shown, button: str = "Close") -> None:
    """Close ``window`` by its own button."""
    reader.press(next(shown for shown in reader.below(window, "push button") if shown.name == button))
    until(lambda: not reader.all(window.name, window.role), f"{window.name} is closed")


def test_what_goes_with_a_request(
    start: Start, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]
) -> None:
    reader, env = read_aloud
    run = start("--demo", "--profile", tmp_path, steps="watch,ready", env=env)
    run.said("ready")
    assert reader.find("Attach", "push button").description.startswith("Attach files and images")
    reader.press(reader.find("More parameters: all default…", "push button"))
    parameters = reader.find("Parameters", "dialog")
    fields = {shown.name: shown for shown in reader.below(parameters)}
    assert {"Temperature", "Top P", "Reasoning effort", "More, as JSON", "Reset all"} <= fields.keys()
    assert fields["Temperature"].description
    closed(reader, parameters)
    assert run.end(SIGTERM)[0] == 0


def test_an_endpoint(start: Start, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]) -> None:
    reader, env = read_aloud
    run = start("--demo", "--profile", tmp_path, env=env)
    reader.press(reader.find("Settings", "push button"))
    settings = reader.find("Settings", "dialog")
    reader.press(next(shown for shown in reader.below(settings) if shown.name == "Add…"))
    editor = reader.find("Endpoint", "dialog")
    names = {shown.name for shown in reader.below(editor)}
    assert {"Connection", "Key", "Models", "Requests", "Network"} <= names
    assert {"Data residency", "Organization", "Detect the dialect", "Test", "Save"} <= names
    closed(reader, editor, "Cancel")
    assert run.end(SIGTERM)[0] == 0


def test_what_is_known_of_an_answer(
    start: Start, server: Server, tmp_path: Path, read_aloud: tuple[ScreenReader, dict[str, str]]
) -> None:
    reader, env = read_aloud
    server.default = wire.answer("Fine.")
    write_endpoint(tmp_path, server_endpoint(server.url))
    run = start("--profile", tmp_path, "Hello", steps="send,details,log", env=env)
    details = reader.find("Answer details", "dialog")
    facts = reader.below(details, "table")[0]
    until(lambda: "Request id: req_test" in cells(reader, facts), "what is known is read")
    request = next(shown for shown in reader.below(details) if shown.name == "Show request")
    reader.press(request)
    shown = reader.find("Request", "dialog")
    assert {"Tree", "Text", "Find", "Copy"} <= {each.name for each in reader.below(shown)}
    closed(reader, shown)
    closed(reader, details)
    log = reader.find("Log", "dialog")
    names = {shown.name for shown in reader.below(log)}
    assert {"Search in the log", "Show", "Write", "Requests in full"} <= names
    closed(reader, log)
    assert run.end(SIGTERM)[0] == 0


def cells(reader: ScreenReader, table: Shown) -> list[str]:
    return [shown.name for shown in reader.below(table)]
