"""A private authority, our own certificate and its key: real handshakes, and every file that is not right."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Endpoint, Secrets
from desktop_chat.domain.limits import Limits
from tests.api.conftest import KEY, endpoint_at
from tests.server import Server

pytestmark = pytest.mark.anyio
PASSPHRASE = "phrase-canary"


class Files:
    """An authority for the server, one for clients, and their files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority, self.clients = trustme.CA(), trustme.CA()
        me = self.clients.issue_cert("me@example.com")
        self.ca = self.write("ca.pem", self.authority.cert_pem.bytes())
        self.certificate = self.write("me.pem", b"".join(pem.bytes() for pem in me.cert_chain_pems))
        self.key = self.write("me.key", me.private_key_pem.bytes())
        self.both = self.write("both.pem", me.private_key_and_cert_chain_pem.bytes())
        key = serialization.load_pem_private_key(me.private_key_pem.bytes(), None)
        self.locked = self.write(
            "locked.key",
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(PASSPHRASE.encode()),
            ),
        )

    def write(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def server(self, *, wants_client: bool) -> Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("127.0.0.1").configure_cert(context)
        if wants_client:
            self.clients.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return Server(tls=context)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    return Files(tmp_path)  # type: ignore[return-value]


async def count(api: Api, endpoint: Endpoint, passphrase: str = "") -> int:
    return len(await api.models(endpoint, Secrets(KEY, passphrase=passphrase), Limits()))


async def test_a_private_authority(api: Api, files: Files) -> None:
    async with files.server(wants_client=False) as server:
        with pytest.raises(errors.TlsFailed, match="certificate was not accepted"):
            await count(api, endpoint_at(server.url))
        assert server.exchanges == []
        assert await count(api, endpoint_at(server.url, ca_bundle=files.ca)) == 3


async def test_the_authority_stands_in_place_of_the_systems(
    api: Api, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", files.ca)
    other = files.write("other.pem", trustme.CA().cert_pem.bytes())
    async with files.server(wants_client=False) as server:
        assert await count(api, endpoint_at(server.url)) == 3
        with pytest.raises(errors.TlsFailed, match="certificate was not accepted"):
            await count(api, endpoint_at(server.url, ca_bundle=other))


async def test_another_host_of_the_authority_is_not_this_one(api: Api, files: Files) -> None:
    async with files.server(wants_client=False) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(errors.TlsFailed, match="localhost"):
            await count(api, endpoint_at(url, ca_bundle=files.ca))


async def test_our_certificate(api: Api, files: Files) -> None:
    async with files.server(wants_client=True) as server:
        plain = endpoint_at(server.url, ca_bundle=files.ca)
        # Under TLS 1.3 a server says only after the handshake what it misses, and some just hang up.
        with pytest.raises(errors.Unreachable):
            await count(api, plain)
        assert server.exchanges == []
        for fields, passphrase in (
            ({"client_certificate": files.both}, ""),
            ({"client_certificate": files.certificate, "client_key": files.key}, ""),
            ({"client_certificate": files.certificate, "client_key": files.locked}, PASSPHRASE),
        ):
            endpoint = endpoint_at(server.url, ca_bundle=files.ca, **fields)
            assert await count(api, endpoint, passphrase) == 3
        shown = server.exchanges[-1].writer.get_extra_info("peercert")
        assert ("email", "me@example.com") in shown["subjectAltName"]


FILES = ("client_certificate", "client_key")
NOT_OPENED = "The client key cannot be opened: its passphrase"


@pytest.mark.parametrize(
    ("names", "passphrase", "said"),
    [
        (["no.pem", ""], "", "The client certificate cannot be read: No such file or directory."),
        (["a\0b", ""], "", "The client certificate cannot be read: its name cannot be used."),
        (["text.pem", ""], "", "The client certificate is not a PEM file with a certificate."),
        (["text.pem", "me.key"], "", "The client certificate is not a PEM file with a certificate."),
        (["me.pem", ""], "", "The client key is not in its PEM file."),
        (["me.pem", "no.key"], "", "The client key cannot be read: No such file or directory."),
        (["me.pem", "text.pem"], "", "The client key is not in its PEM file."),
        (["me.pem", "locked.key"], "", f"{NOT_OPENED} is missing."),
        (
            ["me.pem", "locked.key"],
            "x-canary",
            "The client key cannot be opened: its passphrase is not right.",
        ),
        (
            ["me.pem", "locked.key"],
            "x" * 2000,
            "The client key cannot be opened: its passphrase is not right.",
        ),
        (["me.pem", "other.key"], "", "The client key does not belong to the client certificate."),
    ],
)
async def test_a_file_of_ours_that_is_not_right(
    api: Api, files: Files, names: list[str], passphrase: str, said: str
) -> None:
    files.write("text.pem", b"Dear diary")
    files.write("other.key", trustme.CA().issue_cert("x@example.com").private_key_pem.bytes())
    paths = {
        field: f"{files.folder}/{name}" if name else "" for field, name in zip(FILES, names, strict=True)
    }
    with pytest.raises(errors.TlsFailed) as raised:
        await count(api, endpoint_at("https://127.0.0.1:1/v1", **paths), passphrase)
    assert raised.value.message == said
    assert "canary" not in repr(raised.value)
    assert raised.value.host == "127.0.0.1"
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no.pem", "The trusted certificates cannot be read: No such file or directory."),
        ("a\0b", "The trusted certificates cannot be read: its name cannot be used."),
        ("text.pem", "The file of trusted certificates is not a PEM file with certificates."),
        ("me.key", "The file of trusted certificates is not a PEM file with certificates."),
    ],
)
async def test_trusted_certificates_that_are_none(api: Api, files: Files, name: str, said: str) -> None:
    files.write("text.pem", b"Dear diary")
    with pytest.raises(errors.TlsFailed) as raised:
        await count(api, endpoint_at("https://127.0.0.1:1/v1", ca_bundle=f"{files.folder}/{name}"))
    assert raised.value.message == said


async def test_other_trust_is_another_connection(api: Api, files: Files) -> None:
    """A connection that was made with one authority is not used under another."""
    other = files.write("other.pem", trustme.CA().cert_pem.bytes())
    async with files.server(wants_client=False) as server:
        assert await count(api, endpoint_at(server.url, ca_bundle=files.ca)) == 3
        with pytest.raises(errors.TlsFailed):
            await count(api, endpoint_at(server.url, ca_bundle=other))
