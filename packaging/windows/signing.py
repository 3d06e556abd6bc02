"""Authenticode signatures, made where WINDOWS_CERTIFICATE is set: a PFX file as base64.

With signtool, which is part of the Windows SDK, the certificate lies in the user's store for as long as the
build needs it; with osslsigncode, elsewhere, in a private file. The password is the text of
WINDOWS_CERTIFICATE_PASSWORD, and stands on no command line. WINDOWS_TIMESTAMP_URL names an RFC 3161 server;
an empty one means no time stamp, and a signature that ends with its certificate.
"""

import base64
import binascii
import contextlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commands import find, run
from product import Failed, Product, Unavailable

TIMESTAMP_URL = "http://timestamp.digicert.com"
"""Open to all (knowledge.digicert.com, "RFC3161 compliant Time Stamp Authority"); its answers are signed."""
WINDOWS_KITS = Path("C:/Program Files (x86)/Windows Kits/10/bin")

IMPORT = r"""
$ErrorActionPreference = 'Stop'
$password = ConvertTo-SecureString $env:WINDOWS_CERTIFICATE_PASSWORD -AsPlainText -Force
$store = 'Cert:\CurrentUser\My'
Import-PfxCertificate -FilePath $env:CERTIFICATE_FILE -CertStoreLocation $store -Password $password |
    Where-Object HasPrivateKey | Select-Object -First 1 -ExpandProperty Thumbprint
"""
FORGET = r"Remove-Item -Path ('Cert:\CurrentUser\My\' + $env:CERTIFICATE_THUMBPRINT) -DeleteKey"


@dataclass(frozen=True, slots=True)
class Signer:
    """How one file is signed: ``command``, with ``{}`` for its path.

    ``replaces`` is false for a program that writes the signed file beside the other, as ``{}.signed``.
    """

    command: tuple[str, ...]
    replaces: bool

    def sign(self, path: Path) -> None:
        """Sign ``path``; a signature that it has is replaced. Raises :class:`product.Failed`."""
        run([part.replace("{}", str(path)) for part in self.command])
        if not self.replaces:
            path.with_name(f"{path.name}.signed").replace(path)

    def command_line(self, path: str) -> str:
        """The same as one line, for the shell that makensis runs it with."""
        parts = [part.replace("{}", path) for part in self.command]
        if self.replaces:
            return subprocess.list2cmdline(parts)
        return f"{shlex.join(parts)} && mv -- {shlex.quote(f'{path}.signed')} {shlex.quote(path)}"


def sign_executables(product: Product, bundle: Path) -> None:
    """Sign the programs of ``bundle`` where they are. Nothing happens where no certificate is given.

    The libraries, which are others' work, stay as they came. Raises :class:`product.Unavailable` for a bundle
    of another system, :class:`product.Failed`.
    """
    if not (bundle / f"{product.name}.exe").is_file():
        raise Unavailable("the bundle is not one for Windows")
    with signer(product) as found:
        if found:
            for path in sorted(bundle.glob("*.exe")):
                found.sign(path)


def signtool() -> str | None:
    """The newest of the Windows SDK, where PATH has none."""
    installed = sorted(WINDOWS_KITS.glob("10.*/x64/signtool.exe"))
    return find(["signtool"]) or (str(installed[-1]) if installed else None)


@contextlib.contextmanager
def signer(product: Product) -> Iterator[Signer | None]:
    """What signs, None where no certificate is given; afterwards the certificate is gone from this machine.

    Raises :class:`product.Failed`.
    """
    encoded = os.environ.get("WINDOWS_CERTIFICATE", "")
    if not encoded:
        yield None
        return
    password = os.environ.get("WINDOWS_CERTIFICATE_PASSWORD", "")
    if not password:
        raise Failed("WINDOWS_CERTIFICATE is set, WINDOWS_CERTIFICATE_PASSWORD is not.")
    with tempfile.TemporaryDirectory(prefix="certificate-") as folder:
        file = Path(folder) / "certificate.pfx"
        try:
            file.write_bytes(base64.b64decode(encoded, validate=False))
        except binascii.Error as error:
            raise Failed("WINDOWS_CERTIFICATE is not base64.") from error
        if program := signtool():
            with _in_store(file, password) as thumbprint:
                yield Signer(_signtool_command(program, thumbprint, product.title), replaces=True)
        elif program := find(["osslsigncode"]):
            secret = file.with_name("password")
            secret.write_text(password, "utf-8")
            yield Signer(_osslsigncode_command(program, file, secret, product.title), replaces=False)
        else:
            raise Failed("WINDOWS_CERTIFICATE is set, but there is no signtool and no osslsigncode.")


def _signtool_command(program: str, thumbprint: str, title: str) -> tuple[str, ...]:
    address = os.environ.get("WINDOWS_TIMESTAMP_URL", TIMESTAMP_URL)
    timestamp = ("/tr", address, "/td", "sha256") if address else ()
    return (program, "sign", "/fd", "sha256", "/sha1", thumbprint, "/d", title, *timestamp, "{}")


def _osslsigncode_command(program: str, file: Path, password: Path, title: str) -> tuple[str, ...]:
    address = os.environ.get("WINDOWS_TIMESTAMP_URL", TIMESTAMP_URL)
    timestamp = ("-ts", address) if address else ()
    key = ("-pkcs12", str(file), "-readpass", str(password))
    return (program, "sign", *key, "-h", "sha256", "-n", title, *timestamp, "-in", "{}", "-out", "{}.signed")


@contextlib.contextmanager
def _in_store(file: Path, password: str) -> Iterator[str]:
    """The thumbprint of the certificate, which is in the user's store meanwhile."""
    powershell = ["powershell", "-NoProfile", "-NonInteractive", "-Command"]
    secrets = {"CERTIFICATE_FILE": str(file), "WINDOWS_CERTIFICATE_PASSWORD": password}
    thumbprint = run([*powershell, IMPORT], secrets).strip()
    if not thumbprint:
        raise Failed("The certificate holds no private key.")
    try:
        yield thumbprint
    finally:
        run([*powershell, FORGET], {"CERTIFICATE_THUMBPRINT": thumbprint})
