"""The operating system's keyring.

That of a desktop may ask its user to unlock it, may be absent, and may hang for ever (a prompt that nobody
sees), so every call runs in a daemon thread, which cannot hold up the exit, and has a time limit.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from desktop_chat.credentials.threads import in_daemon_thread
from desktop_chat.domain.errors import KeyringUnavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

_UNSAFE_BACKENDS = ("keyring.backends.null", "keyrings.alt", "keyrings.cryptfile")
"""Back ends that forget the key or write it to a file of their own."""


async def call(work: Callable[[KeyringBackend], T], time_limit: float) -> T:
    """Run ``work`` with the keyring, for at most ``time_limit`` seconds.

    Raises :class:`KeyringUnavailable`.
    """

    def run() -> T:
        try:
            return work(safe_backend())
        except KeyringUnavailable:
            raise
        # Back ends raise anything: KeyringError, pywintypes.error, D-Bus and secretstorage errors.
        except Exception as failure:  # noqa: BLE001
            raise KeyringUnavailable(_reason(failure)) from None

    try:
        # asyncio.wait_for of Python 3.11 loses a cancellation that comes together with the result.
        async with asyncio.timeout(time_limit):
            return await in_daemon_thread(run, "keyring")
    except TimeoutError:
        raise KeyringUnavailable(f"The keyring did not answer within {time_limit:.0f} seconds.") from None


def safe_backend() -> KeyringBackend:
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
