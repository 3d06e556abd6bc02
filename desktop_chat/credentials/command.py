"""A token that a command prints: run without a shell, bounded in time and size, and read.

The command is one that the user entered on this computer (``Credentials.approve_command``).
"""

import base64
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from desktop_chat.credentials.threads import in_daemon_thread
from desktop_chat.domain.errors import TokenCommandFailed
from desktop_chat.domain.redaction import without_keys

LARGEST_OUTPUT = 64 << 10
"""Bytes of standard output."""
SHOWN_OF_STDERR = 600
"""Characters of the end of standard error that are told."""
EARLY = 30.0
"""Seconds before its end from which on a token that says when it ends is not used any more."""

_TOKENS = ("token", "access_token", "accessToken")
_INNER = ("status", "credential")
"""Where Kubernetes (``ExecCredential``) and gcloud (``config-helper``) keep the token."""
_LIFETIMES = ("expires_in", "expiresIn")
_ENDS = (
    *("expires_on", "expires_at", "expiresAt", "expiry", "token_expiry", "expiration", "exp"),
    *("expirationTimestamp", "Expiration", "expiresOn"),
)
"""``expires_on`` goes before ``expiresOn``: of the two that ``az account get-access-token`` prints the second
is local time that does not say so."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Token:
    """``ends`` is Unix time from which on another is asked for."""

    value: str = field(repr=False)
    ends: float


async def token_of(command: str, lifetime: float, now: float, time_limit: float) -> Token:
    """The token that ``command`` prints, by itself or in a JSON object.

    It is good until it says itself that it ends, else for ``lifetime`` seconds from ``now``, Unix time.
    ``time_limit`` is in seconds. Cancelling ends the command. Raises :class:`TokenCommandFailed` with a
    plain sentence.
    """
    run = _Run(arguments_of(command), time_limit)
    try:
        output = await in_daemon_thread(run.output, "token command")
    finally:
        run.stop()
    return read_token(output, lifetime, now)


def arguments_of(command: str) -> list[str]:
    """The command line as a shell of this system would divide it, with nothing in it expanded.

    Raises :class:`TokenCommandFailed` where it cannot be divided, or is empty.
    """
    try:
        found = split_for_windows(command) if sys.platform == "win32" else shlex.split(command)
    except ValueError:
        raise TokenCommandFailed("The command has a quotation mark that is not closed.") from None
    if not found or not found[0]:
        raise TokenCommandFailed("No command is entered.")
    return found


def split_for_windows(command: str) -> list[str]:
    """The rules of Microsoft's C runtime: backslashes count only before a quotation mark.

    https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
    """
    found: list[str] = []
    current: str | None = None
    quoted = False
    for backslashes, character in re.findall(r'(\\*)("|[ \t]|[^\\" \t]|$)', command):
        if character == '"':
            current = (current or "") + "\\" * (len(backslashes) // 2)
            if len(backslashes) % 2:
                current += '"'
            else:
                quoted = not quoted
            continue
        if backslashes:
            current = (current or "") + backslashes
        if character and (quoted or character not in " \t"):
            current = (current or "") + character
        elif current is not None:
            found.append(current)
            current = None
    if quoted:
        raise ValueError("no closing quotation")
    return found


class _Run:
    """One run of a command, in a thread that waits for it."""

    def __init__(self, arguments: list[str], time_limit: float) -> None:
        self._arguments = arguments
        self._time_limit = time_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def output(self) -> str:
        """Blocking. Raises :class:`TokenCommandFailed`."""
        process = self._start()
        output, complaint = _Reader(process.stdout), _Reader(process.stderr)
        try:
            code = process.wait(self._time_limit)
        except subprocess.TimeoutExpired:
            raise TokenCommandFailed(
                _with(f"The command did not end within {self._time_limit:g} seconds", complaint.tail())
            ) from None
        finally:
            self.stop()
            process.wait()
        printed = output.read()
        if code:
            raise TokenCommandFailed(_with(f"The command ended with code {code}", complaint.tail()))
        if len(printed) > LARGEST_OUTPUT:
            raise TokenCommandFailed(f"The command printed more than {LARGEST_OUTPUT >> 10} kB.")
        try:
            text = printed.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            raise TokenCommandFailed("The command printed something that is no text.") from None
        if not text:
            raise TokenCommandFailed(_with("The command printed nothing", complaint.tail()))
        return text

    def _start(self) -> "subprocess.Popen[bytes]":
        program = self._arguments[0]
        found = _path_of(program)
        with self._lock:
            if self._stopped:
                raise TokenCommandFailed("The command was not run.")
            try:
                self._process = subprocess.Popen(
                    [found, *self._arguments[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=Path.home(),
                    # A session of its own: it can be ended with all that it started, and has no terminal to
                    # ask on.
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except FileNotFoundError:
                raise _not_found(program) from None
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "its command line cannot be used"
                raise TokenCommandFailed(f"The program {program[:200]} cannot be run: {reason}.") from None
        return self._process

    def stop(self) -> None:
        """End the command, with what it started, where it has not ended."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.poll() is None:
                # Windows has another program do it, which takes a while.
                threading.Thread(target=_kill, args=[self._process], name="end token command").start()


def _path_of(program: str) -> str:
    """Where the program is; on Windows a script too, as PATHEXT says. Raises :class:`TokenCommandFailed`.

    Never in the current directory, where Windows looks first: it may be that of a file that was opened.
    """
    if Path(program).name != program:
        return shutil.which(program) or program
    # Named as the last, Python 3.11 does not put it before all others (``shutil.which``).
    found = shutil.which(program, path=os.pathsep.join([*os.get_exec_path(), os.curdir]))
    if found is None or not Path(found).is_absolute():
        raise _not_found(program)
    return found


def _not_found(program: str) -> TokenCommandFailed:
    return TokenCommandFailed(f"The program {program[:200]} was not found.")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        program = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
        subprocess.run(
            [program, "/F", "/T", "/PID", str(process.pid)],
            capture_output=True,
            creationflags=subprocess.CREATE_NO_WINDOW,
            check=False,
        )
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just ended
            os.killpg(process.pid, signal.SIGKILL)


class _Reader:
    """Reads a pipe to its end in a thread, so that a command that prints much is not held up."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._kept = b""
        self._thread = threading.Thread(target=self._run, name="token command", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with self._pipe:
            while data := os.read(self._pipe.fileno(), 1 << 16):
                # Of what is too long the end is kept: that is where it says what went wrong.
                self._kept = (self._kept + data)[-2 * LARGEST_OUTPUT :]

    def read(self) -> bytes:
        """All of it, or more than ``LARGEST_OUTPUT`` of it. Short of the end where a process that left the
        command's session holds the pipe open."""
        self._thread.join(1.0)
        return self._kept

    def tail(self) -> str:
        text = _ESCAPES.sub(" ", self.read().decode("utf-8", "replace"))
        lines = ("".join(filter(str.isprintable, line)).strip() for line in text.split("\n"))
        # What is told is kept with the chat; "curl -v", for one, says which key it sends.
        return without_keys("\n".join(line for line in lines if line))[-SHOWN_OF_STDERR:]


def _with(sentence: str, said: str) -> str:
    return f"{sentence}. It said:\n{said}" if said else f"{sentence}."


def read_token(text: str, lifetime: float, now: float) -> Token:
    """The token in what a command printed. Raises :class:`TokenCommandFailed`, without the text in it."""
    ends: float | None = None
    value: object = text
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise TokenCommandFailed("The command printed JSON that cannot be read.") from None
        inner = [document[name] for name in _INNER if isinstance(document.get(name), dict)]
        fields: dict[str, Any] = next(
            (fields for fields in (document, *inner) if any(name in fields for name in _TOKENS)), {}
        )
        value = next((fields[name] for name in _TOKENS if name in fields), None)
        ends = _end(fields, now)
    if not isinstance(value, str) or not value:
        raise TokenCommandFailed("The command printed JSON that has no token in it.")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise TokenCommandFailed("The command printed something that is no token.")
    if ends is None:
        ends = _end_of_jwt(value)
    return Token(value, now + lifetime if ends is None else ends - EARLY)


def _end(fields: Mapping[str, Any], now: float) -> float | None:
    for name in _LIFETIMES:
        seconds = _number(fields.get(name))
        if seconds is not None:
            return now + seconds
    return next((end for name in _ENDS if (end := _time(fields.get(name))) is not None), None)


def _end_of_jwt(token: str) -> float | None:
    """The ``exp`` of a JSON Web Token (RFC 7519, section 4.1.4); its signature is its server's business."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return _time(claims.get("exp")) if isinstance(claims, dict) else None


def _number(value: object) -> float | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < 1e18 else None


def _time(value: object) -> float | None:
    """Unix time, in seconds or milliseconds, or a date and time of ISO 8601."""
    number = _number(value)
    if number is not None:
        return number / 1000 if number > 1e11 else number
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
