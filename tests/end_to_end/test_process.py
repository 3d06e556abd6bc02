"""The program as a process: its exit codes, its signals, its claim, its mistakes, its secrets."""

import contextlib
import functools
import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from desktop_chat.app import main
from desktop_chat.domain.message import State
from desktop_chat.logs import Reader
from tests.end_to_end.driver import running, server_endpoint
from tests.end_to_end.process import Start, stored, stored_drafts, until, write_endpoint
from tests.end_to_end.test_story import KEY, Play, files_with
from tests.server import Server, faults

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, umask and permission bits")

TERM, INT = signal.SIGTERM, signal.SIGINT
QUIT_SECONDS = 5.0
"""The outside may rely on 2, to which the smoke test holds the installed program on a machine of its own.
Here tests share the processors, and the program that quits may be in the midst of importing the SDK."""


def is_serving(folder: Path) -> bool:
    """Whether a program has got as far as its database; its handlers stand before that."""
    return (folder / "chats.db").exists()


def test_screenshots(start: Start, tmp_path: Path) -> None:
    pictures = tmp_path / "empty.png", tmp_path / "answered.png"
    runs = [
        start("--demo", "--screenshot", pictures[0]),
        start("--demo", "--screenshot", pictures[1], "Show me a table"),
    ]
    for run in runs:
        assert run.wait() == 0
        assert (run.error, run.everything_said()) == ("", [])
    empty, answered = (QImage(str(picture)) for picture in pictures)
    assert not empty.isNull()
    assert empty.size() == answered.size()
    assert empty != answered


def first_difference(first: QImage, second: QImage) -> int:
    """The row, from the top, where the pictures begin to differ."""
    rows = (
        (y, (first.copy(0, y, first.width(), 1), second.copy(0, y, second.width(), 1)))
        for y in range(first.height())
    )
    return next(y for y, (one, other) in rows if one != other)


def test_a_screenshot_of_a_prompt_of_several_lines(start: Start, tmp_path: Path) -> None:
    runs = {
        lines: start(
            *("--profile", tmp_path / str(lines), "--screenshot", tmp_path / f"{lines}.png"),
            "\n".join("W" * lines),
        )
        for lines in (0, 1, 5)
    }
    assert [run.wait() for run in runs.values()] == [0, 0, 0]
    empty, one, five = (QImage(str(tmp_path / f"{lines}.png")) for lines in runs)
    height_of_letter = 8
    assert first_difference(empty, five) < first_difference(empty, one) - 4 * height_of_letter


def test_a_screenshot_of_chats_that_cannot_be_opened(start: Start, tmp_path: Path) -> None:
    (tmp_path / "chats.db").write_bytes(b"this is no database")
    run = start("--profile", tmp_path, "--screenshot", tmp_path / "x.png")
    assert run.wait() == 1
    assert "not a database" in run.error


def test_a_screenshot_that_cannot_be_written(start: Start, tmp_path: Path) -> None:
    run = start("--demo", "--screenshot", tmp_path / "missing" / "x.png")
    assert run.wait() == 1
    assert run.error == f"desktop-chat: {tmp_path}/missing/x.png cannot be written\n"


def test_a_display_that_does_not_answer(start: Start) -> None:
    run = start("--demo", env={"QT_QPA_PLATFORM": "", "DISPLAY": ":987", "WAYLAND_DISPLAY": ""})
    assert run.wait() == 1
    assert run.error.count("\n") == 1
    assert "--screenshot" in run.error


@pytest.mark.parametrize("number", [TERM, INT])
def test_a_signal_while_idle(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    run = start("--profile", tmp_path)
    until(lambda: is_serving(tmp_path), "the program runs")
    code, seconds = run.end(number)
    assert (code, run.error) == (0, "")
    assert seconds < QUIT_SECONDS


def test_a_signal_while_a_thread_hangs(start: Start) -> None:
    run = start("--demo", steps="hang,ready")
    run.said("ready")
    code, seconds = run.end(TERM)
    assert (code, run.error) == (0, "")
    assert seconds < QUIT_SECONDS


@pytest.mark.parametrize("number", [TERM, INT])
def test_a_signal_in_mid_stream(start: Start, server: Server, tmp_path: Path, number: signal.Signals) -> None:
    write_endpoint(tmp_path, server_endpoint(server.url))
    server.script(faults.stall_in_text)
    run = start("--profile", tmp_path, "Hello", steps="send")
    run.said(f"{len(faults.TEXT)} ")
    code, seconds = run.end(number)
    assert (code, run.error) == (0, "")
    assert seconds < QUIT_SECONDS
    until(server.requests[0].closed.is_set, "the server sees the connection close")
    question, answer = stored(tmp_path)
    assert question.text == "Hello"
    assert (answer.text, answer.state) == (faults.TEXT, State.STOPPED)


def test_a_signal_while_the_screenshot_waits(start: Start, tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    run = start("--demo", "--profile", tmp_path, "--screenshot", picture, "Hello", steps="watch")
    run.said("sent")
    code, seconds = run.end(TERM)
    assert (code, run.error) == (0, "")
    assert seconds < QUIT_SECONDS
    assert not picture.exists()


def test_a_signal_while_the_database_cannot_be_opened(start: Start, tmp_path: Path) -> None:
    (tmp_path / "chats.db").write_bytes(b"not a database" * 1000)
    run = start("--profile", tmp_path)
    log = tmp_path / "logs" / "desktop-chat.log"
    until(lambda: log.exists() and "cannot be opened" in log.read_text(), "the user is asked")
    code, seconds = run.end(TERM)
    assert (code, run.error) == (0, "")
    assert seconds < QUIT_SECONDS
    assert (tmp_path / "chats.db").read_bytes() == b"not a database" * 1000


def test_a_second_start_hands_its_prompt_over(start: Start, tmp_path: Path) -> None:
    first = start("--profile", tmp_path, steps="prompt,ready")
    first.said("ready")
    prompt = 'a "prompt" — 日本語 🦊\nsecond line'
    second = start("--profile", tmp_path, prompt)
    assert json.loads(first.said("prompt")) == prompt
    assert (second.wait(), second.error) == (0, "")
    assert first.is_running
    without_prompt = start("--profile", tmp_path)
    assert without_prompt.wait() == 0
    assert json.loads(first.said("prompt")) == prompt
    assert first.end(TERM)[0] == 0
    assert stored_drafts(tmp_path) == {"new": prompt}


def test_a_second_start_can_ask_for_a_new_chat(start: Start, tmp_path: Path) -> None:
    first = start("--demo", "--profile", tmp_path, "Hello", steps="send,prompt")
    first.said("ended")
    assert start("--profile", tmp_path, "--new-chat").wait() == 0
    assert first.said("path") == "0"
    assert first.end(TERM)[0] == 0


def test_a_file_is_opened_beside_the_prompt(start: Start, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print(1)\n")
    (tmp_path / "more.txt").write_text("More.")
    first = start("--profile", tmp_path, "--open", tmp_path / "main.py", "Explain", steps="prompt,ready")
    first.said("ready")
    second = start("--profile", tmp_path, "--open", tmp_path / "more.txt")
    code = "Explain\n\n`main.py`:\n\n```py\nprint(1)\n```"
    assert json.loads(first.said("prompt")) == f"{code}\n\nMore."
    assert (second.wait(), second.error) == (0, "")
    assert first.end(TERM)[0] == 0
    assert stored_drafts(tmp_path) == {"new": f"{code}\n\nMore."}


def test_a_file_that_is_not_opened_is_told_in_the_window(start: Start, tmp_path: Path) -> None:
    """Who clicked on a file sees no standard error."""
    words = "“missing.txt” was not opened: No such file or directory."
    first = start("--profile", tmp_path, "--open", tmp_path / "missing.txt", steps="problem,ready")
    assert words in json.loads(first.said("problem"))
    first.said("ready")
    second = start("--profile", tmp_path, "--open", tmp_path / "missing.txt")
    assert (second.wait(), second.error) == (0, f"desktop-chat: {words}\n")
    assert first.end(TERM)[0] == 0
    assert first.error.splitlines()[0] == f"desktop-chat: {words}"


def test_a_file_that_the_desktop_hands_over(start: Start, tmp_path: Path) -> None:
    (tmp_path / "opened.txt").write_text("Read me.")
    run = start("--profile", tmp_path, steps="ready,file")
    assert json.loads(run.said("prompt")) == "Read me."
    assert run.end(TERM)[0] == 0


def test_two_profiles_side_by_side(start: Start, tmp_path: Path) -> None:
    folders = tmp_path / "a", tmp_path / "b"
    runs = [start("--profile", folder) for folder in folders]
    for folder in folders:
        until(functools.partial(is_serving, folder), "the program runs")
    assert all(run.is_running for run in runs)
    for run in runs:
        assert run.end(TERM)[0] == 0


def test_a_start_after_a_kill(start: Start, tmp_path: Path) -> None:
    killed = start("--profile", tmp_path)
    until(lambda: is_serving(tmp_path), "the program runs")
    killed.end(signal.SIGKILL)
    assert (tmp_path / "lock").exists()
    run = start("--profile", tmp_path, steps="ready")
    run.said("ready")
    assert (run.end(TERM)[0], run.error) == (0, "")


def test_ten_starts_at_once(start: Start, tmp_path: Path) -> None:
    runs = [start("--profile", tmp_path, f"prompt {number}") for number in range(10)]
    until(lambda: sum(run.is_running for run in runs) == 1, "all but one end")
    (survivor,) = (run for run in runs if run.is_running)
    codes = [run.wait() for run in runs if run is not survivor]
    assert codes == [0] * 9
    assert [run.error for run in runs if run is not survivor] == [""] * 9
    assert survivor.end(TERM)[0] == 0


def test_a_first_start_that_hangs(start: Start, tmp_path: Path) -> None:
    first = start("--profile", tmp_path)
    until(lambda: is_serving(tmp_path), "the program runs")
    first.send(signal.SIGSTOP)
    second = start("--profile", tmp_path, "Hello")
    assert second.wait() == 1
    assert second.error == "desktop-chat: it already runs on this profile and does not answer\n"
    first.send(signal.SIGCONT)
    assert first.end(TERM)[0] == 0


def test_mistakes_are_told_once_and_logged(start: Start, tmp_path: Path) -> None:
    run = start("--demo", "--profile", tmp_path, steps="thread,slot,task,thread")
    assert [run.said("told") for _ in range(4)] == ["1"] * 4
    assert run.end(TERM)[0] == 0
    assert run.error == ""
    log = "\n".join(record.message for record in Reader(tmp_path / "logs").read())
    assert log.count("ZeroDivisionError: a mistake on purpose") == 5
    assert 'child.py", line' in log


def test_files_are_private_whatever_the_umask(start: Start, server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    write_endpoint(folder, server_endpoint(server.url))
    (folder / "settings.json").chmod(0o600)
    before = os.umask(0)
    try:
        run = start("--profile", folder, "Hello", steps="send")
    finally:
        os.umask(before)
    run.said("sent")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert run.end(TERM)[0] == 0
    modes |= {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert len(modes) > 6
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


def test_the_key_is_nowhere(start: Start, server: Server, tmp_path: Path) -> None:
    echo = {"message": f"Incorrect API key provided: {KEY}", "type": KEY, "code": KEY}
    server.script(faults.status(401, echo), faults.status(401, echo, {"x-request-id": KEY}))
    run = start(
        *("--profile", tmp_path, "--debug", "Hello"),
        steps="ready,model,send,spawn",
        env={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url, "OPENAI_ORG_ID": "org-1"},
    )
    variables = json.loads(run.said("children"))
    assert not [name for name, value in variables.items() if name.startswith("OPENAI_") or KEY in value]
    run.said("ended")
    assert KEY.encode() not in Path(f"/proc/{run.pid}/cmdline").read_bytes()
    assert run.end(TERM)[0] == 0
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "ready to ask" in run.error
    assert KEY not in run.error
    assert files_with(tmp_path, KEY) == []


def test_what_is_imported_is_not_looked_at_by_each_collection(start: Start, tmp_path: Path) -> None:
    """It is 100,000 objects, and the program stands still meanwhile."""
    run = start(*("--profile", tmp_path), steps="ready,count")
    assert int(run.said("objects")) < 30_000
    assert run.end(TERM)[0] == 0


def corrupt(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)


def written_by_a_newer_version(path: Path) -> None:
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.pragma("user_version", connection.pragma("user_version") + 1)
        connection.pragma("journal_mode", "delete")


@pytest.mark.parametrize(
    ("damage", "words", "again"),
    # To look at damage once more would show the same.
    [(corrupt, "is damaged", False), (written_by_a_newer_version, "newer version", True)],
)
def test_a_database_that_cannot_be_used(
    play: Play, tmp_path: Path, damage: Callable[[Path], None], words: str, again: bool
) -> None:
    database = tmp_path / "chats.db"
    assert stored(tmp_path) == []
    damage(database)
    before = database.read_bytes()

    async def story() -> None:
        async with running(tmp_path, opens=False) as app:
            await app.until(lambda: app.is_shown("problem"), "the user is told")
            assert words in app.find(QWidget, "problem").windowTitle()
            if again:
                app.press("Try again")
                await app.until(lambda: not app.is_shown("problem"), "the dialog closes")
                await app.until(lambda: app.is_shown("problem"), "the user is told again")
            app.press("Quit")
            await app.until(app.program.quitting.is_set, "the program ends")
            assert app.program.exit_code == 1

    play(story())
    assert database.read_bytes() == before
    assert not database.with_name("chats.db-wal").exists()


def test_a_locked_database_is_opened_when_it_is_free(play: Play, tmp_path: Path) -> None:
    assert stored(tmp_path) == []

    async def story() -> None:
        with contextlib.closing(apsw.Connection(str(tmp_path / "chats.db"))) as other:
            other.pragma("locking_mode", "exclusive")
            other.execute("BEGIN EXCLUSIVE")
            async with running(tmp_path, opens=False) as app:
                await app.until(lambda: app.is_shown("problem"), "the user is told")
                assert "in use" in app.find(QWidget, "problem").windowTitle()
                other.close()
                app.press("Try again")
                await app.until(lambda: app.program.store is not None, "the database is open")
                assert not app.program.quitting.is_set()

    play(story())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="replaces the file of a running program")
@pytest.mark.parametrize("removed", [False, True])
def test_a_program_that_is_replaced_while_it_runs(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: bool
) -> None:
    program = tmp_path / "desktop-chat"
    program.write_bytes(b"this version")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))

    async def story() -> None:
        async with running(tmp_path / "profile") as app:
            assert not app.is_shown("noticeBar")
            if removed:
                program.unlink()
            else:
                (tmp_path / "new").write_bytes(b"the next version")
                (tmp_path / "new").replace(program)
            await app.until(lambda: app.is_shown("noticeBar"), "the user is told")
            notice = app.find(QWidget, "noticeBar").accessibleDescription()
            assert "start it again" in notice

    play(story())


def test_a_profile_that_cannot_be_made(
    ordinary_user: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: the interpreter of another user may not be there for the ordinary one."""
    ordinary_user.chmod(0o500)
    monkeypatch.setattr(os, "umask", lambda mask: mask)
    try:
        assert main(["--profile", str(ordinary_user / "profile")]) == 1
    finally:
        ordinary_user.chmod(0o700)
    said = capsys.readouterr().err
    assert said.startswith("desktop-chat: the profile cannot be used: ")
    assert said.count("\n") == 1


def test_a_log_that_cannot_be_written(start: Start, tmp_path: Path) -> None:
    (tmp_path / "logs" / "desktop-chat.log").mkdir(parents=True)
    run = start("--profile", tmp_path)
    assert run.wait() == 1
    assert run.error.startswith("desktop-chat: the profile cannot be used: ")
    assert run.error.count("\n") == 1
