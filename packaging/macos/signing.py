"""Signatures and notarisation by Apple's tools.

MACOS_SIGNING_IDENTITY names the certificate, "Developer ID Application: ...". Where MACOS_CERTIFICATE (a
PKCS #12 file as base64) and MACOS_CERTIFICATE_PASSWORD are set, it is put into a keychain that is made for
the build and deleted after it; else it must be in a keychain of the user. Without an identity it signs
ad hoc: Apple silicon runs nothing unsigned, and Gatekeeper asks the user about such a program.

APPLE_API_KEY (the text of the .p8 file), APPLE_API_KEY_ID and APPLE_API_ISSUER are a key of App Store Connect
for notarisation. No secret stands on a command line.
"""

import base64
import binascii
import contextlib
import json
import os
import plistlib
import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commands import run
from product import Failed

ENTITLEMENTS = Path(__file__).resolve().parent / "entitlements.plist"
MACH_O = {
    *(b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce"),
    *(b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"),
}
"""The first bytes of programs and libraries of one architecture, and of several (mach-o/loader.h, fat.h)."""
TIME_LIMIT = "45m"
"""For Apple's answer, which mostly takes minutes."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs: ``name`` of a certificate and the keychain it is in, if not the user's; "-" signs ad hoc."""

    name: str = "-"
    keychain: Path | None = None

    @property
    def is_trusted(self) -> bool:
        return self.name != "-"

    def command(self) -> list[str]:
        """What signs the files that follow.

        An ad-hoc signature belongs to no team, and the hardened runtime lets a program load only libraries of
        its own team: such a program is signed without it.
        """
        chosen = ["--keychain", str(self.keychain)] if self.keychain else []
        hardened = ["--timestamp", "--options", "runtime"] if self.is_trusted else ["--timestamp=none"]
        return ["codesign", "--force", "--sign", self.name, *chosen, *hardened]


@contextlib.contextmanager
def identity() -> Iterator[Identity]:
    """Who signs, by the environment. Raises :class:`product.Failed`."""
    name = os.environ.get("MACOS_SIGNING_IDENTITY", "")
    encoded = os.environ.get("MACOS_CERTIFICATE", "")
    if not name:
        if encoded:
            raise Failed("MACOS_CERTIFICATE is set, MACOS_SIGNING_IDENTITY is not.")
        yield Identity()
    elif not encoded:
        yield Identity(name)
    else:
        with tempfile.TemporaryDirectory(prefix="certificate-") as folder:
            certificate = Path(folder) / "certificate.p12"
            try:
                certificate.write_bytes(base64.b64decode(encoded))
            except binascii.Error as error:
                raise Failed("MACOS_CERTIFICATE is not base64.") from error
            with _keychain(certificate, Path(folder) / "build.keychain-db", name) as keychain:
                yield Identity(name, keychain)


@contextlib.contextmanager
def _keychain(certificate: Path, keychain: Path, name: str) -> Iterator[Path]:
    """A keychain with ``certificate`` alone, first in the user's list while it lasts: codesign looks for the
    chain of a certificate in that list."""
    password = secrets.token_hex(32)
    listing = ["security", "list-keychains", "-d", "user"]
    before = [line.strip().strip('"') for line in run(listing).splitlines()]
    try:
        _security("create-keychain", "-p", password, str(keychain))
        # It locks itself after two hours: longer than a build, signed and notarised, takes.
        _security("set-keychain-settings", "-l", "-u", "-t", "7200", str(keychain))
        _security("unlock-keychain", "-p", password, str(keychain))
        secret = os.environ.get("MACOS_CERTIFICATE_PASSWORD", "")
        allowed = ["-T", "/usr/bin/codesign"]
        _security("import", str(certificate), "-k", str(keychain), "-f", "pkcs12", "-P", secret, *allowed)
        certificate.unlink()
        # Without it codesign asks the user, who is not there.
        partitions = ["-S", "apple-tool:,apple:,codesign:"]
        _security("set-key-partition-list", *partitions, "-s", "-k", password, str(keychain))
        run([*listing, "-s", str(keychain), *before])
        if name not in run(["security", "find-identity", "-v", "-p", "codesigning", str(keychain)]):
            raise Failed(f"MACOS_CERTIFICATE holds no valid certificate of the name {name!r}.")
        yield keychain
    finally:
        try:
            run([*listing, "-s", *before])
        finally:
            if keychain.exists():
                run(["security", "delete-keychain", str(keychain)])


def _security(*arguments: str) -> None:
    """One command of ``security``, told on its standard input: others on the machine see command lines.

    It takes a backslash for an escape within quotes, too (split_line in Apple's SecurityTool, security.c).
    """
    quoted = ('"' + re.sub(r'(["\\])', r"\\\1", argument) + '"' for argument in arguments)
    run(["security", "-q", "-i"], text=f"{' '.join(quoted)}\n")


def sign_app(app: Path, signer: Identity) -> None:
    """Sign ``app`` from the inside out, each program, library and framework for itself, ``app`` last.

    Only it gets the entitlements: libraries have those of the program that loads them (developer.apple.com,
    "Hardened Runtime"). ``codesign --deep`` would give them to all. Raises :class:`product.Failed`.
    """
    nested = parts(app)
    if nested:
        run([*signer.command(), *map(str, nested)])
    run([*signer.command(), "--entitlements", str(ENTITLEMENTS), str(app)])
    run(["codesign", "--verify", "--deep", "--strict", str(app)])


def parts(app: Path) -> list[Path]:
    """What is signed within ``app``, in this order: the deepest first, a framework after what is in it."""
    with (app / "Contents" / "Info.plist").open("rb") as file:
        main = app / "Contents" / "MacOS" / plistlib.load(file)["CFBundleExecutable"]
    files = [
        path
        for path in app.rglob("*")
        if path.is_file() and not path.is_symlink() and path != main and _is_program(path)
    ]
    versions = [
        path
        for path in app.rglob("*.framework/Versions/*")
        if path.is_dir() and not path.is_symlink() and path.parent.parent.suffix == ".framework"
    ]
    return sorted([*files, *versions], key=lambda path: (-len(path.parts), path))


def _is_program(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in MACH_O


def notarise(image: Path) -> None:
    """Have Apple check ``image``, and attach the answer. Nothing happens where no key is given.

    Raises :class:`product.Failed`, with Apple's reasons where it declines.
    """
    names = ("APPLE_API_KEY", "APPLE_API_KEY_ID", "APPLE_API_ISSUER")
    text, key_id, issuer = (os.environ.get(name, "") for name in names)
    if not text:
        return
    if not key_id or not issuer:
        raise Failed("APPLE_API_KEY is set, APPLE_API_KEY_ID or APPLE_API_ISSUER is not.")
    with tempfile.TemporaryDirectory(prefix="key-") as folder:
        key = Path(folder) / "key.p8"
        key.write_text(text, "utf-8")
        account = ["--key", str(key), "--key-id", key_id, "--issuer", issuer]
        submit = ["xcrun", "notarytool", "submit", str(image), *account]
        answer = run([*submit, "--wait", "--timeout", TIME_LIMIT, "--no-progress", "--output-format", "json"])
        try:
            result = json.loads(answer)
            status, number = result["status"], result["id"]
        except (ValueError, KeyError, TypeError) as error:
            raise Failed(f"notarytool gave an answer that is not understood:\n{answer}") from error
        if status != "Accepted":
            reasons = run(["xcrun", "notarytool", "log", number, *account])
            raise Failed(f"Apple's answer is {status!r}:\n{reasons}")
    run(["xcrun", "stapler", "staple", str(image)])
    run(["spctl", "--assess", "--type", "open", "--context", "context:primary-signature", str(image)])
