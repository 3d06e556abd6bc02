"""Keys: cleaning and checking, binding to a host, and a keyring that is absent, locked or hangs."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest

from desktop_chat.credentials import LONGEST_KEY, Credentials, InvalidKey, check_key, clean_key
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.errors import KeyMissing, KeyringUnavailable
from tests.helpers.keyrings import MemoryKeyring, memory_keyring

ENDPOINT = Endpoint("id-1", "Mine", EndpointKind.OPENAI, "https://api.openai.com/v1", Dialect.RESPONSES)


@pytest.fixture
def backend() -> Iterator[MemoryKeyring]:
    with memory_keyring() as memory:
        yield memory


def use(backend: keyring.backend.KeyringBackend) -> None:
    keyring.set_keyring(backend)


@pytest.mark.parametrize(
    "pasted", ["sk-a1", "  sk-a1\n", '"sk-a1"', "'sk-a1'", "Bearer sk-a1", '"Bearer sk-a1" ', "bearer  sk-a1"]
)
def test_what_comes_along_with_a_paste_is_removed(pasted: str) -> None:
    assert clean_key(pasted) == "sk-a1"


@pytest.mark.parametrize(
    "key", ["", "a\nb", "a\rb", "sk-ä", "sk-\u200b", "a b", "a\x00b", "x" * (LONGEST_KEY + 1)]
)
def test_a_text_that_cannot_be_a_key_is_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(InvalidKey) as caught:
        check_key(key)
    assert not key or key not in str(caught.value)


def test_the_longest_key_is_taken() -> None:
    check_key("x" * LONGEST_KEY)


@pytest.mark.anyio
async def test_a_key_is_bound_to_scheme_host_and_port(backend: MemoryKeyring) -> None:
    await Credentials().store(ENDPOINT, "sk-1")
    assert await Credentials().key(replace(ENDPOINT, base_url="https://API.openai.com:443/other")) == "sk-1"
    for other in (
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.evil.example",
    ):
        with pytest.raises(KeyMissing):
            await Credentials().key(replace(ENDPOINT, base_url=other))


@pytest.mark.anyio
async def test_removing_forgets_the_key_everywhere(backend: MemoryKeyring) -> None:
    credentials = Credentials()
    await credentials.store(ENDPOINT, "sk-1")
    await credentials.remove(ENDPOINT)
    assert backend.entries == {}
    assert not await credentials.has_key(ENDPOINT)
    await credentials.remove(ENDPOINT)


@pytest.mark.anyio
async def test_a_key_for_this_session_reaches_no_keyring(backend: MemoryKeyring) -> None:
    credentials = Credentials()
    credentials.keep_for_session(ENDPOINT, "sk-1")
    assert await credentials.key(ENDPOINT) == "sk-1"
    assert backend.entries == {}


@pytest.mark.anyio
async def test_the_environments_key_goes_to_its_endpoint_alone(backend: MemoryKeyring) -> None:
    credentials = Credentials("sk-env")
    assert await credentials.key(replace(ENDPOINT, key_source=KeySource.ENVIRONMENT)) == "sk-env"
    assert await credentials.key(replace(ENDPOINT, key_source=KeySource.NONE)) is None
    with pytest.raises(KeyMissing):
        await credentials.key(ENDPOINT)
    assert backend.entries == {}


@pytest.mark.anyio
@pytest.mark.parametrize("unsafe", [keyring.backends.fail.Keyring(), keyring.backends.null.Keyring()])
async def test_a_keyring_that_keeps_nothing_is_said_to_be_unavailable(
    backend: MemoryKeyring, unsafe: Any
) -> None:
    use(unsafe)
    with pytest.raises(KeyringUnavailable):
        await Credentials().key(ENDPOINT)
    with pytest.raises(KeyringUnavailable):
        await Credentials().store(ENDPOINT, "sk-1")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "error", [keyring.errors.KeyringLocked("sk-1"), keyring.errors.InitError(), OSError("sk-1")]
)
async def test_any_error_of_a_back_end_becomes_words_without_the_key(
    backend: MemoryKeyring, error: Exception
) -> None:
    class Failing(MemoryKeyring):
        def set_password(self, service: str, username: str, password: str) -> None:
            raise error

    use(Failing())
    with pytest.raises(KeyringUnavailable) as caught:
        await Credentials().store(ENDPOINT, "sk-1")
    assert caught.value.message
    assert "sk-1" not in caught.value.message


@pytest.mark.anyio
async def test_a_keyring_that_hangs_is_given_up_and_blocks_nothing(backend: MemoryKeyring) -> None:
    released = threading.Event()

    class Hanging(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            released.wait(60)
            return None

    use(Hanging())
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.ensure_future(tick())
    with pytest.raises(KeyringUnavailable, match="did not answer"):
        await Credentials(time_limit=0.1).key(ENDPOINT)
    assert ticks > 10
    ticking.cancel()
    released.set()


SECRET_SERVICE_SCRIPT = """
import asyncio
from desktop_chat.credentials import Credentials
from desktop_chat.credentials.keyrings import safe_backend
from tests.test_credentials import ENDPOINT

async def main():
    await Credentials().store(ENDPOINT, "sk-real")
    assert await Credentials().key(ENDPOINT) == "sk-real"
    await Credentials().remove(ENDPOINT)
    assert not await Credentials().has_key(ENDPOINT)
    print(type(safe_backend()).__module__)

asyncio.run(main())
"""


@pytest.mark.skipif(
    not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session")),
    reason="NOT TESTED: a real Secret Service needs gnome-keyring and dbus",
)
def test_a_real_secret_service(tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    unlock = "echo -n pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
    result = subprocess.run(
        [
            "dbus-run-session",
            "--",
            "bash",
            "-c",
            f'{unlock}; exec "$0" -c "$1"',
            sys.executable,
            SECRET_SERVICE_SCRIPT,
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "SecretService" in result.stdout
