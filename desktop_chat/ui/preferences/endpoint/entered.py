"""What was entered of an endpoint, and what becomes of its secrets on Save."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from desktop_chat.credentials import PASSPHRASE, PROXY, Credentials, header
from desktop_chat.domain.endpoint import Endpoint, KeySource, ProxyMode


@dataclass(frozen=True, slots=True)
class Entered:
    """An endpoint with those of its secrets that were entered; the others are in the keyring."""

    endpoint: Endpoint
    key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy_password: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)

    @property
    def named_secrets(self) -> dict[str, str]:
        """The secrets beside the key, by the names that the keyring has for them."""
        found = {header(name): value for name, value in self.headers.items()}
        found |= {PROXY: self.proxy_password, PASSPHRASE: self.passphrase}
        return {name: value for name, value in found.items() if value}


async def keep(credentials: Credentials, old: Endpoint | None, entered: Entered) -> None:
    """Put what was entered into the keyring, take out what the endpoint no longer needs, and let its command
    be run from now on: the user has just saved it here. Raises ``KeyringUnavailable``."""
    endpoint = entered.endpoint
    if entered.key:
        await credentials.store(endpoint, entered.key)
    for name, value in entered.named_secrets.items():
        await credentials.store_secret(endpoint, name, value)
    if endpoint.key_source is KeySource.COMMAND:
        await credentials.approve_command(endpoint)
    if old is None:
        return
    moved = old.origin != endpoint.origin
    if old.key_source is KeySource.KEYRING and (moved or endpoint.key_source is not KeySource.KEYRING):
        await credentials.remove(old)
    names = {name.lower() for name in endpoint.secret_headers}
    for name in old.secret_headers:
        if moved or name.lower() not in names:
            await credentials.remove_secret(old, header(name))
    if _proxy(old) and _proxy(old) != _proxy(endpoint) and not entered.proxy_password:
        await credentials.remove_secret(old, PROXY)
    if old.client_certificate and not endpoint.client_certificate:
        await credentials.remove_secret(old, PASSPHRASE)


def keep_for_session(credentials: Credentials, entered: Entered) -> None:
    """As :func:`keep`, in memory until the program ends; the keyring stays as it is."""
    endpoint = entered.endpoint
    if entered.key:
        credentials.keep_for_session(endpoint, entered.key)
    for name, value in entered.named_secrets.items():
        credentials.keep_secret_for_session(endpoint, name, value)
    if endpoint.key_source is KeySource.COMMAND:
        credentials.approve_command_for_session(endpoint)


def _proxy(endpoint: Endpoint) -> tuple[str, str] | None:
    """What the password of a proxy belongs to."""
    if endpoint.proxy is not ProxyMode.MANUAL or not endpoint.proxy_user:
        return None
    return endpoint.proxy_url, endpoint.proxy_user
