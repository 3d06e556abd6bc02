"""API keys in the operating system's keyring, one entry an endpoint, bound to its scheme, host and port.

A key is never written anywhere else. The keyring of a desktop may ask its user to unlock it, may be absent,
and may hang for ever (a prompt that nobody sees), so every call runs in a daemon thread, which cannot hold
up the exit, and has a time limit.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from desktop_chat.domain.endpoint import Endpoint, KeySource, Secrets
from desktop_chat.domain.errors import KeyMissing, KeyringUnavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "desktop-chat"
TIME_LIMIT = 30.0
"""Seconds for one call: long enough to type the password of a locked keyring."""
LONGEST_KEY = 1280
"""Characters. The Windows Credential Manager takes 2,560 bytes, and stores UTF-16."""

LARGEST_ENV_FILE = 1_000_000
"""Bytes."""

_UNSAFE_BACKENDS = ("keyring.backends.null", "keyrings.alt", "keyrings.cryptfile")
"""Back ends that forget the key or write it to a file of their own."""


class InvalidKey(ValueError):
    """A text that cannot be a key; its message is a plain sentence that does not hold the text."""


def clean_key(text: str) -> str:
    """A pasted key without the white space, quotes and ``Bearer`` that often come along."""
    text = text.strip().strip("\"'`").strip()
    if text[:7].lower() == "bearer ":
        text = text[7:].strip().strip("\"'`")
    return text


def check_key(key: str) -> None:
    """Raise :class:`InvalidKey` where ``key`` cannot be sent in a header or stored everywhere."""
    if not key:
        raise InvalidKey("The key is empty.")
    if any(character in key for character in "\r\n"):
        raise InvalidKey("The key has a line break in it. Paste one key, on one line.")
    if not key.isascii():
        raise InvalidKey("The key has characters that no key has. Was something else copied?")
    if not key.isprintable() or " " in key:
        raise InvalidKey("The key has a space or a control character in it.")
    if len(key) > LONGEST_KEY:
        raise InvalidKey(f"The key is longer than {LONGEST_KEY:,} characters.")


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a ``.env`` file says about the API; ``base_url`` is empty where it says nothing."""

    key: str = field(repr=False)
    base_url: str


def read_env_file(path: Path) -> EnvFile:
    """``OPENAI_API_KEY`` and ``OPENAI_BASE_URL`` of a ``.env`` file; nothing in it is expanded or executed.

    Raises ``ValueError`` with a plain sentence, which holds nothing of the file's content.
    """
    import dotenv

    try:
        # A FIFO would block the opening for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("This is not a file.")
            content = file.read(LARGEST_ENV_FILE + 1)
    except OSError as error:
        raise ValueError(f"The file could not be read ({error.strerror}).") from error
    if len(content) > LARGEST_ENV_FILE:
        raise ValueError("The file is too large for a .env file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("The file is not a text file.") from None
    values = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)
    key = clean_key(values.get("OPENAI_API_KEY") or "")
    if not key:
        raise ValueError("The file has no OPENAI_API_KEY.")
    check_key(key)
    return EnvFile(key, (values.get("OPENAI_BASE_URL") or "").strip())


def _entry(endpoint: Endpoint) -> str:
    return f"{endpoint.id} {endpoint.origin}"


class Credentials:
    """The keys of this run's endpoints."""

    def __init__(self, environment_key: str = "", time_limit: float = TIME_LIMIT) -> None:
        """``environment_key`` is for endpoints whose key comes from the environment; it is never stored."""
        self._environment_key = environment_key
        self._time_limit = time_limit
        self._known: dict[str, str] = {}

    @property
    def known_keys(self) -> list[str]:
        """Every key in memory, for the log's redaction."""
        return [*self._known.values(), *filter(None, [self._environment_key])]

    async def load(self) -> None:
        """Import the keyring, off the calling thread. Raises :class:`KeyringUnavailable`."""
        await self._call(lambda keyring: None)

    async def key(self, endpoint: Endpoint) -> str | None:
        """The endpoint's key, None where it needs none.

        Raises :class:`KeyMissing` where none is stored for its host, :class:`KeyringUnavailable` where the
        keyring cannot be asked.
        """
        if endpoint.key_source is KeySource.NONE:
            return None
        if endpoint.key_source is KeySource.ENVIRONMENT:
            if not self._environment_key:
                raise KeyMissing("OPENAI_API_KEY is not set.", host=endpoint.origin)
            return self._environment_key
        entry = _entry(endpoint)
        if entry not in self._known:
            found = await self._call(lambda keyring: keyring.get_password(SERVICE, entry))
            if not found:
                raise KeyMissing(host=endpoint.origin)
            self._known[entry] = found
        return self._known[entry]

    async def secrets(self, endpoint: Endpoint) -> Secrets:
        """All that a request to ``endpoint`` needs.

        Raises :class:`KeyMissing` where something is not stored, :class:`KeyringUnavailable` where the
        keyring cannot be asked, :class:`TokenCommandFailed` where the token's command fails or is not approved.
        """
        return Secrets(await self.key(endpoint))

    async def has_key(self, endpoint: Endpoint) -> bool:
        """Whether a key is there. Raises :class:`KeyringUnavailable`."""
        try:
            await self.key(endpoint)
        except KeyMissing:
            return False
        return True

    async def store(self, endpoint: Endpoint, key: str) -> None:
        """Put the key into the keyring, and read it back. Raises :class:`KeyringUnavailable`."""
        entry = _entry(endpoint)

        def work(keyring: KeyringBackend) -> bool:
            keyring.set_password(SERVICE, entry, key)
            return bool(keyring.get_password(SERVICE, entry) == key)

        if not await self._call(work):
            raise KeyringUnavailable("The keyring took the key and did not give it back.")
        self._known[entry] = key

    def keep_for_session(self, endpoint: Endpoint, key: str) -> None:
        """Keep the key in memory until the program ends."""
        self._known[_entry(endpoint)] = key

    async def remove(self, endpoint: Endpoint) -> None:
        """Forget the key, here and in the keyring. Raises :class:`KeyringUnavailable`."""
        entry = _entry(endpoint)
        self._known.pop(entry, None)

        def work(keyring: KeyringBackend) -> None:
            if keyring.get_password(SERVICE, entry) is not None:
                keyring.delete_password(SERVICE, entry)

        await self._call(work)

    async def _call(self, work: Callable[[KeyringBackend], T]) -> T:
        """Run ``work`` with the keyring in a daemon thread, for at most the time limit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: KeyringUnavailable | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            result: T | None = None
            error: KeyringUnavailable | None = None
            try:
                result = work(_safe_backend())
            except KeyringUnavailable as unavailable:
                error = unavailable
            # Back ends raise anything: KeyringError, pywintypes.error, D-Bus and secretstorage errors.
            except Exception as failure:  # noqa: BLE001
                error = KeyringUnavailable(_reason(failure))
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:
                return  # the program ended while the keyring was thinking

        threading.Thread(target=run, name="keyring", daemon=True).start()
        try:
            # asyncio.wait_for of Python 3.11 loses a cancellation that comes together with the result.
            async with asyncio.timeout(self._time_limit):
                return await future
        except TimeoutError:
            raise KeyringUnavailable(
                f"The keyring did not answer within {self._time_limit:.0f} seconds."
            ) from None


def _safe_backend() -> KeyringBackend:
    """The best keyring of this computer. Raises :class:`KeyringUnavailable` where none keeps keys safely."""
    keyring = importlib.import_module("keyring").get_keyring()
    for backend in getattr(keyring, "backends", [keyring]):
        if not type(backend).__module__.startswith(_UNSAFE_BACKENDS):
            return cast("KeyringBackend", backend)
    raise KeyringUnavailable("This computer has no keyring that keeps keys safely.")


def _reason(error: Exception) -> str:
    """A plain sentence; the text of a back end's error may hold anything, so only its kind is told."""
    return {
        "NoKeyringError": "This computer has no keyring service.",
        "KeyringLocked": "The keyring is locked.",
        "InitError": "The keyring could not be opened.",
        "PasswordSetError": "The keyring refused to store the key.",
        "PasswordDeleteError": "The keyring refused to remove the key.",
    }.get(type(error).__name__, f"The keyring failed ({type(error).__name__}).")
