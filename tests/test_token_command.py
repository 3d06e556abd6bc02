"""Tokens that a command prints: real processes, which answer, fail, hang, and are never run unasked."""

import asyncio
import base64
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.credentials import Credentials
from desktop_chat.credentials.command import EARLY, SHOWN_OF_STDERR, read_token, split_for_windows
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.errors import TokenCommandFailed
from tests.helpers.keyrings import MemoryKeyring, memory_keyring

ENDPOINT = Endpoint(
    id="id-1",
    name="Mine",
    kind=EndpointKind.COMPATIBLE,
    base_url="https://api.example.com/v1",
    dialect=Dialect.RESPONSES,
    key_source=KeySource.COMMAND,
)
NOW = 1_800_000_000.0
CANARY = "token-canary"


@pytest.fixture(autouse=True)
def backend() -> Iterator[MemoryKeyring]:
    with memory_keyring() as memory:
        yield memory


def line(*arguments: str) -> str:
    return subprocess.list2cmdline(arguments) if sys.platform == "win32" else shlex.join(arguments)


def python(code: str, *arguments: str) -> str:
    return line(sys.executable, "-c", code, *arguments)


def printing(text: str) -> str:
    return python("import sys; sys.stdout.write(sys.argv[1])", text)


async def token(command: str, credentials: Credentials | None = None) -> str | None:
    credentials = credentials or Credentials()
    endpoint = replace(ENDPOINT, token_command=command)
    await credentials.approve_command(endpoint)
    return (await credentials.secrets(endpoint)).key


def counting(runs: Path, printed: str = "f'token-{len(open(sys.argv[1]).read())}'") -> str:
    return python(f"import sys; open(sys.argv[1], 'a').write('x'); print({printed})", str(runs))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "printed",
    [
        CANARY,
        f"\ufeff {CANARY}\r\n",
        json.dumps({"token": CANARY}),
        json.dumps({"access_token": CANARY, "expires_in": 3599, "token_type": "Bearer"}),
        json.dumps(
            {"accessToken": CANARY, "expires_on": 1_900_000_000, "expiresOn": "2030-03-17 17:46:40.0"}
        ),
        json.dumps({"credential": {"access_token": CANARY, "token_expiry": "2030-03-17T17:46:40Z"}}),
        json.dumps({"kind": "ExecCredential", "status": {"token": CANARY}}),
    ],
)
async def test_what_a_command_prints_is_the_token(printed: str) -> None:
    credentials = Credentials()
    assert await token(printing(printed), credentials) == CANARY
    assert credentials.known_keys == [CANARY]


def jwt(claims: dict[str, Any]) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{encoded}.c2ln"


@pytest.mark.parametrize(
    ("printed", "end"),
    [
        (CANARY, NOW + 300),
        ("a.b.c", NOW + 300),
        (jwt({"sub": "me"}), NOW + 300),
        (jwt({"exp": NOW + 1000}), NOW + 1000 - EARLY),
        (json.dumps({"token": jwt({"exp": NOW + 1000}), "expires_in": "60"}), NOW + 60 - EARLY),
        (json.dumps({"token": "t", "expires_at": (NOW + 60) * 1000}), NOW + 60 - EARLY),
        (json.dumps({"token": "t", "expiry": "2027-01-15T08:00:00Z"}), NOW - EARLY),
        (json.dumps({"token": "t", "expiry": "2027-01-15T09:00:00+01:00"}), NOW - EARLY),
        (json.dumps({"token": "t", "expiry": "soon"}), NOW + 300),
        (json.dumps({"token": "t", "expires_in": None, "exp": True}), NOW + 300),
        (
            json.dumps({"status": {"token": "t", "expirationTimestamp": "2027-01-15T08:00:00Z"}}),
            NOW - EARLY,
        ),
    ],
)
def test_when_a_token_ends(printed: str, end: float) -> None:
    assert read_token(printed, 300, NOW).ends == end


@pytest.mark.anyio
async def test_a_token_is_asked_for_once_while_it_is_good(tmp_path: Path) -> None:
    credentials = Credentials()
    command = counting(tmp_path / "runs")
    asked = await asyncio.gather(*(token(command, credentials) for _ in range(5)))
    assert asked == ["token-1"] * 5
    short = replace(ENDPOINT, token_command=counting(tmp_path / "short"), token_lifetime=0)
    await credentials.approve_command(short)
    assert [(await credentials.secrets(short)).key for _ in range(2)] == ["token-1", "token-2"]


@pytest.mark.anyio
async def test_a_token_that_has_ended_is_not_used(tmp_path: Path) -> None:
    ends = time.time() + EARLY - 1
    printed = f'\'{{"token": "t%d", "exp": {ends}}}\' % len(open(sys.argv[1]).read())'
    credentials, command = Credentials(), counting(tmp_path / "runs", printed)
    assert [await token(command, credentials) for _ in range(2)] == ["t1", "t2"]


@pytest.mark.anyio
async def test_a_token_that_was_rejected_is_asked_for_anew(tmp_path: Path) -> None:
    credentials = Credentials()
    endpoint = replace(ENDPOINT, token_command=counting(tmp_path / "runs"))
    await credentials.approve_command(endpoint)
    first = await credentials.secrets(endpoint)
    assert first.renew is not None
    second = await first.renew()
    assert [first.key, second.key] == ["token-1", "token-2"]
    # Another request with the old token was rejected, too: the new one is there already.
    assert (await first.renew()).key == "token-2"
    assert set(credentials.known_keys) == {"token-1", "token-2"}


@pytest.mark.anyio
async def test_a_failed_command_says_what_it_said() -> None:
    code = (
        "import sys; print('token-canary'); "
        "sys.stderr.write('x' * 5000 + '\\n\\x1b[31mNot logged in.\\x1b[0m\\r\\nRun: login\\u202e\\n'); "
        "sys.exit(3)"
    )
    with pytest.raises(TokenCommandFailed) as raised:
        await token(python(code))
    said = raised.value.message
    assert said.startswith("The command ended with code 3. It said:\n")
    assert said.endswith("x\nNot logged in.\nRun: login")
    assert len(said) < SHOWN_OF_STDERR + 100
    assert CANARY not in said
    assert raised.value.host == "https://api.example.com:443"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "No command is entered."),
        ("''", "No command is entered.") if sys.platform != "win32" else ('""', "No command is entered."),
        ('print "it', "The command has a quotation mark that is not closed."),
        ("no-such-program-here --login", "The program no-such-program-here was not found."),
        (python("pass"), "The command printed nothing."),
        (python("import sys; sys.stderr.write('Log in.')"), "The command printed nothing. It said:\nLog in."),
        (printing(f"Your token is {CANARY}"), "The command printed something that is no token."),
        (printing(f"{CANARY}\n{CANARY}"), "The command printed something that is no token."),
        (printing(f"{CANARY}ä"), "The command printed something that is no token."),
        (printing(f'{{"token": "{CANARY}"'), "The command printed JSON that cannot be read."),
        (printing(f'{{"secret": "{CANARY}"}}'), "The command printed JSON that has no token in it."),
        (printing('{"token": 7}'), "The command printed JSON that has no token in it."),
        (python("print('t' * 70000)"), "The command printed more than 64 kB."),
        (python("print('t' * 10_000_000)"), "The command printed more than 64 kB."),
        (
            python("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')"),
            "The command printed something that is no text.",
        ),
    ],
)
async def test_what_is_no_token(command: str, said: str) -> None:
    with pytest.raises(TokenCommandFailed) as raised:
        await token(command)
    assert raised.value.message == said


@pytest.mark.anyio
async def test_a_key_that_a_command_complains_with_is_not_told() -> None:
    code = "import sys; sys.stderr.write('> Authorization: Bearer CANARY-123456\\nNo.'); sys.exit(1)"
    with pytest.raises(TokenCommandFailed) as raised:
        await token(python(code))
    assert "CANARY" not in raised.value.message
    assert raised.value.message.endswith("No.")


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["", "."])
async def test_a_program_in_the_current_folder_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    script = tmp_path / ("get-token.bat" if sys.platform == "win32" else "get-token")
    script.write_text("@echo planted" if sys.platform == "win32" else "#!/bin/sh\necho planted\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("HOME", str(tmp_path))  # where commands are run
    with pytest.raises(TokenCommandFailed, match="The program get-token was not found"):
        await token("get-token")


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform == "win32", reason="of the rights of files")
async def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    file = tmp_path / "token.txt"
    file.write_text("x")
    with pytest.raises(TokenCommandFailed, match="cannot be run: Permission denied"):
        await token(line(str(file)))


HANGING = """
exec 3> "$1"
echo "Open https://login.example in a browser." >&2
echo up >&3
sleep 600 & sleep 600
"""


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform == "win32", reason="a named pipe tells when the processes have ended")
@pytest.mark.parametrize("how", ["time limit", "cancelled"])
async def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, how: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading, writing = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), os.open(pipe, os.O_WRONLY)
    os.set_blocking(reading, True)
    limit = 2.0 if how == "time limit" else 600.0
    command = line("sh", "-c", HANGING, "sh", str(pipe))
    asking = asyncio.ensure_future(token(command, Credentials(command_time_limit=limit)))
    assert await asyncio.to_thread(os.read, reading, 10) == b"up\n"
    if how == "cancelled":
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    else:
        with pytest.raises(TokenCommandFailed, match=r"did not end within 2 seconds[^\0]*login\.example"):
            await asking
    os.close(writing)
    assert await asyncio.to_thread(os.read, reading, 10) == b"", "reading ends when the last writer is gone"
    os.close(reading)


@pytest.mark.anyio
async def test_a_cancelled_command_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    credentials = Credentials()
    endpoint = replace(ENDPOINT, token_command=counting(tmp_path / "runs"))
    await credentials.approve_command(endpoint)
    first, second = (asyncio.ensure_future(credentials.secrets(endpoint)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).key in ("token-1", "token-2")
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.anyio
async def test_no_shell_and_no_input(tmp_path: Path) -> None:
    code = "import json, sys; print(json.dumps({'token': sys.stdin.read() + '|'.join(sys.argv[1:])}))"
    arguments = ("$HOME", "*", f"a;touch${{IFS}}{tmp_path}/x", "`id`", 'say"so', "back\\slash")
    reading, writing = os.pipe()
    os.write(writing, b"typed")
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        assert await token(python(code, *arguments)) == "|".join(arguments)
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(reading)
    assert not (tmp_path / "x").exists()


@pytest.mark.anyio
async def test_a_command_that_was_not_entered_here_is_never_run(
    tmp_path: Path, backend: MemoryKeyring
) -> None:
    runs = tmp_path / "runs"
    endpoint = replace(ENDPOINT, token_command=counting(runs))
    credentials = Credentials()
    with pytest.raises(TokenCommandFailed, match="not entered on this computer"):
        await credentials.secrets(endpoint)
    assert not await credentials.has_key(endpoint)
    await credentials.approve_command(endpoint)
    assert await Credentials().has_key(endpoint)
    for other in (
        replace(endpoint, token_command=f"{endpoint.token_command} --more"),
        replace(endpoint, base_url="https://evil.example/v1"),
        replace(endpoint, base_url="http://api.example.com/v1"),
        replace(endpoint, id="id-2"),
    ):
        with pytest.raises(TokenCommandFailed, match="not entered on this computer"):
            await Credentials().secrets(other)
    assert not runs.exists()
    assert not any(endpoint.token_command in value for value in backend.entries.values())
    assert credentials.known_keys == []


@pytest.mark.anyio
async def test_a_command_approved_for_this_session(backend: MemoryKeyring) -> None:
    credentials = Credentials()
    endpoint = replace(ENDPOINT, token_command=printing(CANARY))
    credentials.approve_command_for_session(endpoint)
    assert (await credentials.secrets(endpoint)).key == CANARY
    assert backend.entries == {}


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r\n"), min_size=0))
)
def test_windows_divides_what_was_put_together_for_it(arguments: list[str]) -> None:
    assert split_for_windows(subprocess.list2cmdline(arguments)) == arguments


def test_windows_knows_no_quotation_mark_that_stays_open() -> None:
    with pytest.raises(ValueError, match="no closing quotation"):
        split_for_windows('a "b c')
