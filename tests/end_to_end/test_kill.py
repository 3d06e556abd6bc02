"""Killed at any moment while an answer streams: what the user has seen is there when the program comes back.

``--kills N`` kills it N times, instead of the few of a normal run.
"""

import asyncio
import contextlib
import hashlib
import itertools
import random
import shutil
import signal
import sys
from pathlib import Path

import apsw
import pytest

from desktop_chat.domain.message import State
from tests.end_to_end.driver import server_endpoint
from tests.end_to_end.process import Start, stored, write_endpoint
from tests.server import Exchange, Script, Server, wire

KILLS = 5
LONGEST_WAIT = 0.8
"""Seconds from the first text on; one kill in five comes before that, soon after the message was saved."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kill" in metafunc.fixturenames:
        metafunc.parametrize("kill", range(metafunc.config.getoption("kills", KILLS)))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile whose database is made."""
    folder = tmp_path_factory.mktemp("template")
    assert stored(folder) == []
    return folder


def endless(at_once: int) -> Script:
    """Numbered words, each an event, until the client is gone: 50 times a second ``at_once`` of them."""

    async def play(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(b"".join(wire.opening(exchange.chat)))
        for first in itertools.count(1, at_once):
            numbers = range(first, first + at_once)
            words = [wire.delta(exchange.chat, f"{number:06d} ", number) for number in numbers]
            await exchange.send(b"".join(words))
            await asyncio.sleep(0.02)

    return play


def test_killed_while_an_answer_streams(
    start: Start,
    server: Server,
    template: Path,
    tmp_path: Path,
    kill: int,
    request: pytest.FixtureRequest,
) -> None:
    folder = tmp_path / "profile"
    shutil.copytree(template, folder)
    write_endpoint(folder, server_endpoint(server.url))
    moment = random.Random(kill)
    server.script(endless(moment.choice([5, 50, 500])))
    run = start("--profile", folder, f"Question {kill}", steps="send")
    run.said("sent")
    if kill % 5 == 0:
        said = run.said_within(moment.uniform(0, LONGEST_WAIT / 4))
    else:
        said = [run.line(), run.line(), *run.said_within(moment.uniform(0, LONGEST_WAIT))]
    run.end(signal.SIGKILL)
    said += run.everything_said()

    with contextlib.closing(apsw.Connection(str(folder / "chats.db"))) as connection:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
    question, answer = stored(folder)
    assert question.text == f"Question {kill}"
    assert answer.state is State.INTERRUPTED
    shown = [line.split() for line in said if line[0].isdigit()]
    assert shown or kill % 5 == 0
    request.node.user_properties += [
        ("shown", int(shown[-1][0]) if shown else 0),
        ("saved", len(answer.text)),
    ]
    for length, digest in shown[-1:]:
        assert hashlib.sha256(answer.text[: int(length)].encode()).hexdigest() == digest
    with contextlib.closing(apsw.Connection(str(folder / "chats.db"))) as connection:
        entered = connection.execute("SELECT output_tokens, exact FROM ledger").fetchall()
    # What is killed before its request leaves has nothing to enter.
    assert entered == [(-(-len(answer.text) // 4), 0)] * answer.is_estimated
    assert answer.is_estimated or not answer.text
    words = answer.text.split()
    assert words == [f"{number:06d}" for number in range(1, len(words) + 1)]
