"""Secrets of endpoints in the operating system's keyring, each bound to where it may be sent.

A secret is never written anywhere else: neither to the settings nor to the log.
"""

import asyncio
import functools
import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from desktop_chat.credentials import keyrings
from desktop_chat.credentials.keys import (
    LARGEST_ENV_FILE,
    LONGEST_KEY,
    EnvFile,
    InvalidKey,
    check_key,
    clean_key,
    read_env_file,
)
from desktop_chat.domain.endpoint import Endpoint, KeySource, ProxyMode, Secrets, proxy_origin_of
from desktop_chat.domain.errors import KeyMissing, KeyringUnavailable, TokenCommandFailed

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

    from desktop_chat.credentials.command import Token

__all__ = [
    "LARGEST_ENV_FILE",
    "LONGEST_KEY",
    "PASSPHRASE",
    "PROXY",
    "SERVICE",
    "Credentials",
    "EnvFile",
    "InvalidKey",
    "check_key",
    "clean_key",
    "header",
    "read_env_file",
]

T = TypeVar("T")

SERVICE = "desktop-chat"
TIME_LIMIT = 30.0
"""Seconds for one call: long enough to type the password of a locked keyring."""
COMMAND_TIME_LIMIT = 30.0
"""Seconds for a token's command: long enough for one that asks a server, too short for one that waits for
somebody."""

PROXY = "proxy"
"""The name of the password of an endpoint's proxy."""
PASSPHRASE = "passphrase"
"""The name of the passphrase of an endpoint's client key."""
_KEY = ""
_APPROVAL = "command"

_TOKENS_REMEMBERED = 100
"""Tokens that are out of use, and still kept out of the log."""


def header(name: str) -> str:
    """The name of the value of a header."""
    return f"header:{name.lower()}"


def _entry(endpoint: Endpoint, name: str = _KEY) -> str:
    """Where the secret of that name is kept: under another address it is not found, and so not sent there."""
    if name == PASSPHRASE:
        return f"{endpoint.id} {name}"  # it opens a file and goes nowhere
    where = proxy_origin_of(endpoint.proxy_url) if name == PROXY else endpoint.origin
    return f"{endpoint.id} {where} {name}".rstrip()


def _digest(endpoint: Endpoint) -> str:
    return hashlib.sha256(endpoint.token_command.encode("utf-8", "surrogatepass")).hexdigest()


class Credentials:
    """The secrets of this run's endpoints. Belongs to one event loop.

    All that asks the keyring raises :class:`KeyringUnavailable` where it cannot be asked.
    """

    def __init__(
        self,
        environment_key: str = "",
        time_limit: float = TIME_LIMIT,
        command_time_limit: float = COMMAND_TIME_LIMIT,
    ) -> None:
        """``environment_key`` is for endpoints whose key comes from the environment; it is never stored."""
        self._environment_key = environment_key
        self._time_limit = time_limit
        self._command_time_limit = command_time_limit
        self._known: dict[str, str] = {}
        self._tokens: dict[tuple[str, str], Token] = {}
        self._asking: dict[tuple[str, str], asyncio.Lock] = {}
        self._old_tokens: deque[str] = deque(maxlen=_TOKENS_REMEMBERED)

    @property
    def known_keys(self) -> list[str]:
        """Every secret in memory, for the log's redaction."""
        secrets = [value for entry, value in self._known.items() if not entry.endswith(f" {_APPROVAL}")]
        tokens = [token.value for token in self._tokens.values()]
        return list(filter(None, [*secrets, *tokens, *self._old_tokens, self._environment_key]))

    async def load(self) -> None:
        """Import the keyring, off the calling thread."""
        await self._call(lambda keyring: None)

    async def secrets(self, endpoint: Endpoint) -> Secrets:
        """All that a request to ``endpoint`` needs.

        Raises :class:`KeyMissing` where the key or the value of a header is not stored for its host, and
        :class:`TokenCommandFailed` where the token's command fails or is not approved.
        """
        key = await self.key(endpoint)
        headers = []
        for name in endpoint.secret_headers:
            value = await self.secret(endpoint, header(name))
            if value is None:
                raise KeyMissing(f"The value of the header {name} is not stored.", host=endpoint.origin)
            headers.append((name, value))
        # Without them the proxy and the client key say themselves what they lack.
        password = passphrase = None
        if endpoint.proxy is ProxyMode.MANUAL and endpoint.proxy_user:
            password = await self.secret(endpoint, PROXY)
        if endpoint.client_certificate:
            passphrase = await self.secret(endpoint, PASSPHRASE)
        renew = None
        if endpoint.key_source is KeySource.COMMAND:
            renew = functools.partial(self._renewed, endpoint, key)
        return Secrets(key, tuple(headers), password or "", passphrase or "", renew)

    async def key(self, endpoint: Endpoint) -> str | None:
        """The endpoint's key or token, None where it needs none. Raises as :meth:`secrets`."""
        match endpoint.key_source:
            case KeySource.NONE:
                return None
            case KeySource.ENVIRONMENT if not self._environment_key:
                raise KeyMissing("OPENAI_API_KEY is not set.", host=endpoint.origin)
            case KeySource.ENVIRONMENT:
                return self._environment_key
            case KeySource.COMMAND:
                return await self._token(endpoint)
        key = await self.secret(endpoint, _KEY)
        if not key:
            raise KeyMissing(host=endpoint.origin)
        return key

    async def has_key(self, endpoint: Endpoint) -> bool:
        """Whether a key is there, or may be asked for: a command is not run."""
        if endpoint.key_source is KeySource.COMMAND:
            return await self.is_approved(endpoint)
        try:
            await self.key(endpoint)
        except KeyMissing:
            return False
        return True

    async def store(self, endpoint: Endpoint, key: str) -> None:
        """Put the key into the keyring, and read it back."""
        await self.store_secret(endpoint, _KEY, key)

    def keep_for_session(self, endpoint: Endpoint, key: str) -> None:
        """Keep the key in memory until the program ends."""
        self.keep_secret_for_session(endpoint, _KEY, key)

    async def remove(self, endpoint: Endpoint) -> None:
        """Forget the key, here and in the keyring."""
        await self.remove_secret(endpoint, _KEY)

    async def remove_all(self, endpoint: Endpoint) -> None:
        """Forget every secret of ``endpoint`` as it is, and that its command may be run."""
        names = [_KEY, *map(header, endpoint.secret_headers), PASSPHRASE, _APPROVAL]
        for name in [*names, PROXY] if endpoint.proxy_url else names:
            await self.remove_secret(endpoint, name)

    async def secret(self, endpoint: Endpoint, name: str) -> str | None:
        """The secret of that name (:func:`header`, ``PROXY``, ``PASSPHRASE``), None where none is stored for
        its address."""
        entry = _entry(endpoint, name)
        if entry not in self._known:
            found = await self._call(lambda keyring: keyring.get_password(SERVICE, entry))
            if found is None:
                return None
            self._known[entry] = found
        return self._known[entry]

    async def store_secret(self, endpoint: Endpoint, name: str, value: str) -> None:
        """Put the secret into the keyring, and read it back."""
        entry = _entry(endpoint, name)

        def work(keyring: "KeyringBackend") -> bool:
            keyring.set_password(SERVICE, entry, value)
            return bool(keyring.get_password(SERVICE, entry) == value)

        if not await self._call(work):
            raise KeyringUnavailable("The keyring took the key and did not give it back.")
        self._known[entry] = value

    def keep_secret_for_session(self, endpoint: Endpoint, name: str, value: str) -> None:
        """Keep the secret in memory until the program ends."""
        self._known[_entry(endpoint, name)] = value

    async def remove_secret(self, endpoint: Endpoint, name: str) -> None:
        """Forget the secret, here and in the keyring."""
        entry = _entry(endpoint, name)
        self._known.pop(entry, None)

        def work(keyring: "KeyringBackend") -> None:
            if keyring.get_password(SERVICE, entry) is not None:
                keyring.delete_password(SERVICE, entry)

        await self._call(work)

    async def is_approved(self, endpoint: Endpoint) -> bool:
        """Whether the user entered the endpoint's command for its address on this computer."""
        return await self.secret(endpoint, _APPROVAL) == _digest(endpoint)

    async def approve_command(self, endpoint: Endpoint) -> None:
        """The user entered the endpoint's command here: from now on it may be run.

        That is kept in the keyring, since a settings file from elsewhere must not run anything.
        """
        await self.store_secret(endpoint, _APPROVAL, _digest(endpoint))

    def approve_command_for_session(self, endpoint: Endpoint) -> None:
        """As :meth:`approve_command`, until the program ends."""
        self.keep_secret_for_session(endpoint, _APPROVAL, _digest(endpoint))

    async def _token(self, endpoint: Endpoint) -> str:
        """The token that the endpoint's command prints, asked for once for all who wait for it."""
        wanted = (_entry(endpoint), endpoint.token_command)
        if not await self.is_approved(endpoint):
            raise TokenCommandFailed(
                "This command was not entered on this computer. Save it in the settings to allow it.",
                host=endpoint.origin,
            )
        async with self._asking.setdefault(wanted, asyncio.Lock()):
            known = self._tokens.get(wanted)
            if known is None or known.ends <= time.time():
                self._drop(wanted)
                from desktop_chat.credentials import command

                try:
                    known = self._tokens[wanted] = await command.token_of(
                        endpoint.token_command,
                        endpoint.token_lifetime,
                        time.time(),
                        self._command_time_limit,
                    )
                except TokenCommandFailed as failed:
                    failed.host = endpoint.origin
                    raise
            return known.value

    async def _renewed(self, endpoint: Endpoint, rejected: str | None) -> Secrets:
        wanted = (_entry(endpoint), endpoint.token_command)
        known = self._tokens.get(wanted)
        if known is not None and known.value == rejected:
            self._drop(wanted)
        return await self.secrets(endpoint)

    def _drop(self, wanted: tuple[str, str]) -> None:
        token = self._tokens.pop(wanted, None)
        if token is not None:
            self._old_tokens.append(token.value)

    async def _call(self, work: "Callable[[KeyringBackend], T]") -> T:
        return await keyrings.call(work, self._time_limit)
