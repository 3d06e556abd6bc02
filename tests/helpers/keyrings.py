"""A keyring for tests: the interface of the library over a dictionary."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keyring
import keyring.backend


class MemoryKeyring(keyring.backend.KeyringBackend):
    """It stores a key only when it is ``let``."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.let = threading.Event()
        self.let.set()

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.let.wait(10)
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@contextmanager
def memory_keyring() -> Iterator[MemoryKeyring]:
    """A keyring of the test's own in place of the system's."""
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    try:
        yield memory
    finally:
        memory.let.set()
        keyring.set_keyring(before)
