"""The transcript as a screen reader finds it, over the real accessibility bus."""

import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGTERM
from typing import Any

import pytest

from tests.end_to_end import desktop
from tests.end_to_end.desktop import ScreenReader, Shown
from tests.end_to_end.process import Process, until
from tests.end_to_end.transcript_window import COUNT, SENTENCES

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="AT-SPI and X11")

KINDS = ("object:text-changed:insert", "object:text-caret-moved", "object:announcement")
EVERY = 33
"""All messages are walked, the text of each of so many is read."""
MEGABYTES = 60
"""What walking all messages may add: an object each, and the bus's own."""


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """Where the desktop's opener writes what it was asked to open."""
    opened = tmp_path / "opened"
    opened.touch()
    folder = tmp_path / "bin"
    folder.mkdir()
    opener = folder / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >> "{opened}"\n')
    opener.chmod(0o755)
    return opened


@pytest.fixture
def window(browser: Path) -> Iterator[tuple[ScreenReader, Process]]:
    if lacking := desktop.missing_for_screen_readers():
        pytest.skip(f"NOT TESTED with a screen reader: this machine lacks {lacking}")
    path = f"{browser.parent / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    with desktop.x_server() as display, desktop.buses() as buses:
        env = display | buses | {"PATH": path, "BROWSER": "xdg-open", "XDG_CURRENT_DESKTOP": ""}
        reader = ScreenReader(env)
        process = Process(
            [sys.executable, "-X", "faulthandler", "-m", "tests.end_to_end.transcript_window"], env
        )
        try:
            process.said("ready")
            yield reader, process
        finally:
            process.close()
        assert reader.close() == ""


def item(transcript: Shown, number: int, *below: int) -> Shown:
    """The object at a place below the transcript."""
    return Shown([*transcript.path, number, *below], "", "", "", None, [], [])


def test_ten_thousand_messages_and_a_growing_answer(
    window: tuple[ScreenReader, Process], browser: Path
) -> None:
    reader, process = window
    transcript = reader.find("Transcript", "list")
    last = item(transcript, COUNT - 1)
    assert reader.heard(*KINDS) == []

    caret_and_selection(reader, process, last)
    parts = {shown.name: shown for shown in reader.below(last)}
    assert {name: shown.role for name, shown in parts.items()} == {
        "a page": "link",
        "example.org": "link",
        "Copy code": "push button",
        "Save code…": "push button",
        "Copy": "push button",
        "Regenerate": "push button",
        "Edit": "push button",
    }
    links_open_only_when_pressed(reader, parts, browser)
    reader.press(parts["Regenerate"])
    assert process.said("regenerate") == "last"

    reader.heard()
    reader.press(parts["Edit"])  # has the answer begin
    process.said("edit")
    items = reader.ask(transcript, "walk", texts=EVERY)
    assert [name for _role, name, _text in items[:2]] == ["You", "gpt-5.2"]
    assert {role for role, _name, _text in items} == {"list item"}
    assert [text for _role, _name, text in items[: COUNT - 1 : EVERY]] == [
        f"Message {number} of many, with a link."[:20] if number % 2 else f"Message **{number}** of many"[:20]
        for number in range(0, COUNT - 1, EVERY)
    ]
    assert reader.ask(item(transcript, COUNT), "around", at=0)[1:3] == [
        "Sentence",
        "Sentence number 0 is here. ",
    ]
    events = heard_until(reader, "gpt-5.2 has answered")
    inserted = [text for kind, _detail, text in events if kind.startswith("object:text-changed:insert")]
    assert "".join(inserted).count("Sentence number") <= SENTENCES
    assert f"Sentence number {SENTENCES - 1}" in "".join(inserted)
    said = [text for kind, _detail, text in events if kind.startswith("object:announcement")]
    whole = " ".join(said)
    assert [f"Sentence number {number} is here." in whole for number in range(SENTENCES)] == [
        True
    ] * SENTENCES
    assert len(said) < SENTENCES // 2

    assert process.end(SIGTERM)[0] == 0
    assert int(process.said("grown")) < MEGABYTES


def caret_and_selection(reader: ScreenReader, process: Process, last: Shown) -> None:
    assert reader.ask(last, "caret", to=7) == 7
    assert process.said("caret") == '""'
    character, word, sentence, line, look, box, there = reader.ask(last, "around", at=6)
    assert [character, word] == ["o", "bold"]
    assert sentence == "Some bold words, and a page. "
    assert line == "Some bold words, and a page. A second sentence.\n"
    assert look == [{"weight": "bold"}, 5, 9]
    assert box[2] > 0
    assert there == 6
    assert reader.ask(last, "select", **{"from": 5, "to": 15}) == [5, 15, 1]
    assert process.said("caret") == '"bold words"'
    far = item(Shown(last.path[:-1], "", "", "", None, [], []), 3)
    assert reader.ask(far, "select", **{"from": 0, "to": 9}) == [0, 9, 1]
    assert process.said("caret") == '"Message 3"'
    assert reader.ask(far, "show", at=3)
    until(lambda: reader.ask(far, "around", at=3)[5][2] > 0, "the text that was asked for is in view")
    assert reader.ask(last, "show", at=0)
    moved = [detail for kind, detail, _text in reader.heard() if kind.startswith("object:text-caret-moved")]
    assert moved == [7, 15, 9]


def links_open_only_when_pressed(reader: ScreenReader, parts: dict[str, Shown], browser: Path) -> None:
    assert parts["a page"].description == "https://example.org/page"
    assert parts["example.org"].description == "https://evil.example/page"
    assert browser.read_text() == ""
    reader.press(parts["a page"])
    until(lambda: browser.read_text() == "https://example.org/page\n", "the page is opened")
    reader.press(parts["example.org"])
    box = reader.find("Open this address?")
    assert any("evil.example" in f"{shown.name} {shown.text}" for shown in reader.below(box))
    reader.press(reader.find("Cancel", "push button"))
    until(lambda: not reader.all("Open this address?"), "the box is closed")
    assert browser.read_text() == "https://example.org/page\n"


def heard_until(reader: ScreenReader, words: str) -> list[list[Any]]:
    events: list[list[Any]] = []

    def has_come() -> bool:
        events.extend(reader.heard())
        return any(words in text for _kind, _detail, text in events)

    until(has_come, words)
    return events
