"""Whether there is a network: what the system says, and what requests meet with."""

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, Signal, SignalInstance

from desktop_chat.domain.endpoint import Endpoint, EndpointKind
from desktop_chat.domain.errors import ChatError, HostNotFound, Unreachable

CHECK_SECONDS = 10.0
"""How often the name of an endpoint that a message waits for is looked up, where the system says nothing."""
_LOCAL_ENDINGS = (".localhost", ".local", ".lan", ".internal", ".home.arpa")
"""Names that no public server has (RFC 6761, 6762, 8375; ``internal`` by ICANN's resolution of 2024)."""


class Connectivity(QObject):
    """Whether requests have a chance. Endpoints of this machine and of the local network always have one.

    The system's word counts until a request shows otherwise, and where it says that there is a network, a
    failure is the endpoint's own.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._system: bool | None = None
        self._is_offline = False

    def set_online(self, online: bool | None) -> None:
        """What the system says now; None where it cannot tell."""
        self._system = online
        self._set(online is False)

    def is_offline(self, endpoint: Endpoint | None) -> bool:
        """Whether a request to this endpoint would not get anywhere."""
        return self._is_offline and endpoint is not None and not is_local(endpoint)

    def reached(self, endpoint: Endpoint) -> None:
        """The endpoint answered, whatever it said."""
        if not is_local(endpoint):
            self._set(False)

    def failed(self, endpoint: Endpoint, error: ChatError) -> None:
        """A request ended with ``error``: of the kinds that have no network as their cause where nothing
        else says that there is one."""
        if self._system is None and type(error) in (HostNotFound, Unreachable) and not is_local(endpoint):
            self._set(True)

    async def online(self, endpoint: Callable[[], Endpoint | None], *changes: SignalInstance) -> None:
        """Wait until a request to what ``endpoint`` gives then has a chance. It is asked again with each of
        ``changes``."""
        changed = asyncio.Event()
        for signal in (self.changed, *changes):
            signal.connect(changed.set)
        try:
            while (wanted := endpoint()) is not None and self.is_offline(wanted):
                changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_SECONDS if self._system is None else None):
                        await changed.wait()
                if not changed.is_set() and await _is_found(wanted):
                    self._set(False)
        finally:
            for signal in (self.changed, *changes):
                signal.disconnect(changed.set)

    def _set(self, offline: bool) -> None:
        if offline != self._is_offline:
            self._is_offline = offline
            self.changed.emit()


def is_local(endpoint: Endpoint) -> bool:
    """Whether requests stay on this machine or in its network."""
    host = (urlsplit(endpoint.base_url).hostname or "").rstrip(".")
    if endpoint.kind is EndpointKind.DEMO or host == "localhost" or host.endswith(_LOCAL_ENDINGS):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host
    return address.is_private or address.is_loopback or address.is_link_local


async def _is_found(endpoint: Endpoint) -> bool:
    """Whether the name of the endpoint has an address, for which a name server has to be reached."""
    parts = urlsplit(endpoint.base_url)
    try:
        await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or parts.scheme)
    except OSError:
        return False
    return True
