"""The installer and the archive for Windows: compiled by the real NSIS, signed by stand-ins and for real."""

import ast
import base64
import datetime
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from product import load

from tests.helpers.stand_ins import EPOCH, ROOT, Workshop

WINDOWS = ROOT / "packaging" / "windows"
SCRIPT = (WINDOWS / "installer.nsi").read_text("utf-8")
PASSWORD = "pass 'word\" of all"
CERTIFICATE = {
    "WINDOWS_CERTIFICATE": base64.b64encode(b"the certificate").decode(),
    "WINDOWS_CERTIFICATE_PASSWORD": PASSWORD,
}
POWERSHELL = """
import pathlib
if "Import-PfxCertificate" in arguments[-1]:
    assert pathlib.Path(os.environ["CERTIFICATE_FILE"]).read_bytes() == b"the certificate"
    print("ABCDEF0123")
"""

MAKENSIS = shutil.which("makensis")
OSSLSIGNCODE = shutil.which("osslsigncode")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are scripts for Unix")


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("icons")
    subprocess.run([sys.executable, ROOT / "packaging" / "icons.py", folder], check=True, timeout=60)
    return folder


def equipped(folder: Path, icons: Path) -> Workshop:
    workshop = Workshop(folder)
    shutil.copytree(icons, workshop.build_folder / "icons")
    return workshop


@pytest.fixture
def shop(tmp_path: Path, icons: Path) -> Workshop:
    return equipped(tmp_path, icons)


def bundled(where: Path) -> Path:
    """A bundle as PyInstaller lays it out."""
    folder = where / "bundle" / "desktop-chat"
    for name in ("desktop-chat.exe", "_internal/python311.dll", "_internal/PySide6/plugins/größe.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (folder / "_internal" / "empty").mkdir()
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return bundled(tmp_path)


def with_nsis(shop: Workshop) -> Workshop:
    """With the real one."""
    if MAKENSIS is None:
        pytest.skip("makensis (Debian: nsis) is not installed")
    shop.link(MAKENSIS)
    return shop


@pytest.fixture
def compiling(shop: Workshop) -> Workshop:
    return with_nsis(shop)


def made(answer: subprocess.CompletedProcess[str]) -> Path:
    assert answer.returncode == 0, answer.stderr
    return Path(answer.stdout.strip())


class Compiled(NamedTuple):
    """An installer, and what it was made of."""

    bundle: Path
    shop: Workshop
    answer: subprocess.CompletedProcess[str]
    path: Path


@pytest.fixture(scope="module")
def installer(tmp_path_factory: pytest.TempPathFactory, icons: Path) -> Compiled:
    folder = tmp_path_factory.mktemp("installer")
    shop, bundle = with_nsis(equipped(folder, icons)), bundled(folder)
    answer = shop.build("windows.setup", bundle)
    return Compiled(bundle, shop, answer, made(answer))


@pytest.fixture(scope="module")
def signed_installer(tmp_path_factory: pytest.TempPathFactory, icons: Path) -> Compiled:
    """Signed by a stand-in, with a second program in its bundle."""
    folder = tmp_path_factory.mktemp("signed installer")
    shop, bundle = with_signtool(with_nsis(equipped(folder, icons))), bundled(folder)
    (bundle / "desktop-chat-console.exe").write_bytes(b"program")
    answer = shop.build("windows.setup", bundle, **CERTIFICATE)
    return Compiled(bundle, shop, answer, made(answer))


def test_the_installer_compiles_without_a_warning(installer: Compiled) -> None:
    assert installer.path == installer.shop.dist / f"desktop-chat-{load().version}-setup.exe"
    assert installer.path.read_bytes()[:2] == b"MZ"


def test_a_second_installer_is_the_same_byte_for_byte(installer: Compiled) -> None:
    first = installer.path.read_bytes()
    for path in installer.bundle.rglob("*"):
        os.utime(path, (1, 1))
    assert made(installer.shop.build("windows.setup", installer.bundle)).read_bytes() == first


def test_what_the_compiler_says_is_told(shop: Workshop, bundle: Path) -> None:
    shop.add("makensis", "print('warning 6000: unknown variable'); sys.exit(1)")
    answer = shop.build("windows.setup", bundle)
    assert answer.returncode == 1
    assert answer.stderr.endswith("ended with code 1:\nwarning 6000: unknown variable\n")


def test_without_the_icon_it_says_who_makes_it(shop: Workshop, bundle: Path) -> None:
    shop.add("makensis")
    (shop.build_folder / "icons" / "desktop-chat.ico").unlink()
    answer = shop.build("windows.setup", bundle)
    assert answer.stderr.endswith("desktop-chat.ico is missing: it is made by icons.py when the bundle is.\n")


def test_every_file_is_installed_and_removed_by_its_name(installer: Compiled) -> None:
    bundle = installer.bundle
    lists = (installer.shop.build_folder / "windows" / "files.nsh").read_text("utf-8-sig")
    installed = re.findall(r'^File "(.*)"$', lists, re.MULTILINE)
    removed = re.findall(r'^Delete "\$INSTDIR\\(.*)"$', lists, re.MULTILINE)
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    assert sorted(map(Path, installed)) == files
    assert sorted(removed) == sorted(str(path.relative_to(bundle)).replace("/", "\\") for path in files)
    folders = re.findall(r'^RMDir "\$INSTDIR\\(.*)"$', lists, re.MULTILINE)
    assert sorted(folders) == [
        "_internal",
        r"_internal\PySide6",
        r"_internal\PySide6\plugins",
        r"_internal\empty",
    ]
    assert folders.index(r"_internal\PySide6\plugins") < folders.index(r"_internal\PySide6")
    assert folders[-1] == "_internal"


def test_nothing_is_removed_but_what_was_installed() -> None:
    assert not re.search(r"RMDir\s+/r|Delete\s+.*\*", SCRIPT, re.IGNORECASE)
    touched = re.findall(r"^\s*(?:RMDir|Delete|Rename)\s+(.*)$", SCRIPT, re.MULTILINE)
    uninstallers = {r'"$INSTDIR\uninstall.exe"', r'"$R0\uninstall.exe"'}
    shortcuts = {r'"$SMPROGRAMS\${TITLE}.lnk"', r'"$DESKTOP\${TITLE}.lnk"'}
    assert set(touched) == uninstallers | shortcuts | {'"$INSTDIR"', '"$R0"'}


def test_a_name_that_the_script_cannot_hold_is_refused(compiling: Workshop, bundle: Path) -> None:
    (bundle / "a$INSTDIR").write_text("")
    answer = compiling.build("windows.setup", bundle)
    assert answer.stderr.startswith("failed: NSIS cannot install a file of this name")


def test_without_nsis_it_says_so(shop: Workshop, bundle: Path) -> None:
    answer = shop.build("windows.setup", bundle)
    assert answer.stderr == "unavailable: makensis (NSIS 3.08 or newer) is not installed\n"


@pytest.mark.parametrize("module", ["windows.setup", "windows.portable"])
def test_a_bundle_of_another_system_is_not_for_windows(shop: Workshop, bundle: Path, module: str) -> None:
    shop.add("makensis")
    (bundle / "desktop-chat.exe").unlink()
    answer = shop.build(module, bundle)
    assert answer.stderr == "unavailable: the bundle is not one for Windows\n"
    assert shop.calls == []


def with_signtool(shop: Workshop, signtool: str = "") -> Workshop:
    shop.add("signtool", signtool)
    shop.add("powershell", POWERSHELL)
    return shop


def test_programs_uninstaller_and_installer_are_signed(signed_installer: Compiled) -> None:
    bundle, shop, _, path = signed_installer
    calls = shop.told("signtool")
    signed = [Path(call[-1]) for call in calls]
    assert signed[:2] == [bundle / "desktop-chat-console.exe", bundle / "desktop-chat.exe"]
    assert len(signed) == 4
    assert signed[2] != path
    assert signed[3] == path
    for call in calls:
        assert call[:5] == ["sign", "/fd", "sha256", "/sha1", "ABCDEF0123"]
        assert call[call.index("/tr") + 1].startswith("http://")
        assert call[call.index("/td") + 1] == "sha256"


def test_without_a_time_stamp_server_there_is_no_time_stamp(shop: Workshop, bundle: Path) -> None:
    made(with_signtool(shop).build("windows.portable", bundle, **CERTIFICATE, WINDOWS_TIMESTAMP_URL=""))
    (call,) = shop.told("signtool")
    assert "/tr" not in call


def test_the_certificate_is_gone_afterwards(shop: Workshop, bundle: Path) -> None:
    made(with_signtool(shop).build("windows.portable", bundle, **CERTIFICATE))
    first, *_, last = shop.calls
    assert "Import-PfxCertificate" in first.arguments[-1]
    assert not Path(first.environment["CERTIFICATE_FILE"]).parent.exists()
    assert "Remove-Item" in last.arguments[-1]
    assert last.environment["CERTIFICATE_THUMBPRINT"] == "ABCDEF0123"


def test_the_certificate_is_gone_where_signing_fails(shop: Workshop, bundle: Path) -> None:
    answer = with_signtool(shop, "sys.exit('no time today')").build("windows.portable", bundle, **CERTIFICATE)
    assert answer.returncode == 1
    assert "signtool sign ended with code 1:\nno time today" in answer.stderr
    assert "Remove-Item" in shop.calls[-1].arguments[-1]
    assert not Path(shop.calls[0].environment["CERTIFICATE_FILE"]).parent.exists()


def test_no_secret_is_seen_by_others(signed_installer: Compiled) -> None:
    _, shop, answer, _ = signed_installer
    seen = answer.stdout + answer.stderr + "".join(repr(call.arguments) for call in shop.calls)
    assert PASSWORD not in seen
    assert "pass 'word" not in seen
    for call in shop.calls:
        imports = "Import-PfxCertificate" in call.arguments[-1]
        assert ("WINDOWS_CERTIFICATE_PASSWORD" in call.environment) == imports
        assert "WINDOWS_CERTIFICATE" not in call.environment


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"WINDOWS_CERTIFICATE": "eA=="}, "WINDOWS_CERTIFICATE_PASSWORD is not"),
        ({**CERTIFICATE, "WINDOWS_CERTIFICATE": "a"}, "WINDOWS_CERTIFICATE is not base64"),
        (CERTIFICATE, "no signtool and no osslsigncode"),
    ],
)
def test_what_is_missing_to_sign_is_told(
    shop: Workshop, bundle: Path, variables: dict[str, str], words: str
) -> None:
    answer = shop.build("windows.portable", bundle, **variables)
    assert answer.returncode == 1
    assert words in answer.stderr


def certificate(folder: Path) -> dict[str, str]:
    """A self-made certificate for code; its public part is ``folder/ca.pem``."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nobody in particular")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    data = pkcs12.serialize_key_and_certificates(b"test", key, made, None, encryption)
    encoded = base64.b64encode(data).decode()
    return {
        "WINDOWS_CERTIFICATE": encoded,
        "WINDOWS_CERTIFICATE_PASSWORD": PASSWORD,
        "WINDOWS_TIMESTAMP_URL": "",
    }


@pytest.mark.skipif(OSSLSIGNCODE is None, reason="osslsigncode is not installed")
def test_real_signatures_hold(compiling: Workshop, bundle: Path, tmp_path: Path) -> None:
    assert MAKENSIS is not None
    assert OSSLSIGNCODE is not None
    (tmp_path / "program.nsi").write_text("OutFile program.exe\nSection\nSectionEnd\n")
    subprocess.run([MAKENSIS, "-V0", tmp_path / "program.nsi"], check=True, timeout=60)
    program = bundle / "desktop-chat.exe"
    shutil.copy(tmp_path / "program.exe", program)
    compiling.link(OSSLSIGNCODE)
    compiling.link(shutil.which("mv") or "/bin/mv")
    path = made(compiling.build("windows.setup", bundle, **certificate(tmp_path)))
    for signed in (program, path):
        check = [OSSLSIGNCODE, "verify", "-CAfile", str(tmp_path / "ca.pem"), "-in", str(signed)]
        answer = subprocess.run(check, capture_output=True, text=True, timeout=60)
        assert answer.returncode == 0, answer.stdout
        assert "Nobody in particular" in answer.stdout
    assert not list(bundle.glob("*.signed"))


def test_the_archive_holds_the_program_and_a_place_for_its_data(shop: Workshop, bundle: Path) -> None:
    version = load().version
    path = made(shop.build("windows.portable", bundle))
    assert path == shop.dist / f"desktop-chat-{version}-windows-x64.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert {name.partition("/")[0] for name in names} == {f"desktop-chat-{version}"}
        inside = {name.partition("/")[2] for name in names}
        assert inside == {
            "desktop-chat.exe",
            "_internal/python311.dll",
            "_internal/PySide6/plugins/größe.txt",
            "profile/README.txt",
        }
        when = datetime.datetime.fromtimestamp(EPOCH, datetime.UTC)
        for entry in archive.infolist():
            assert abs(datetime.datetime(*entry.date_time, tzinfo=datetime.UTC) - when).total_seconds() <= 2
        assert b"keyring" not in archive.read(f"desktop-chat-{version}/profile/README.txt")
        assert archive.read(f"desktop-chat-{version}/desktop-chat.exe") == b"desktop-chat.exe"


def test_a_second_archive_is_the_same_byte_for_byte(shop: Workshop, bundle: Path) -> None:
    first = made(shop.build("windows.portable", bundle)).read_bytes()
    for path in bundle.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    assert made(shop.build("windows.portable", bundle)).read_bytes() == first


def test_the_properties_of_the_executable_tell_of_the_product(tmp_path: Path) -> None:
    code = "import sys, pathlib; sys.path.insert(0, sys.argv[1])\n"
    code += "import product; from windows import version_info\n"
    code += "version_info.write(product.load(), pathlib.Path(sys.argv[2]), 'some.exe')"
    path = tmp_path / "version"
    subprocess.run([sys.executable, "-c", code, ROOT / "packaging", path], check=True, timeout=60)
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    by_name = [(ast.unparse(call.func), call) for call in calls]
    strings = {
        ast.literal_eval(call.args[0]): ast.literal_eval(call.args[1])
        for name, call in by_name
        if name == "StringStruct"
    }
    expected = load()
    assert strings["ProductName"] == strings["FileDescription"] == expected.title
    assert strings["ProductVersion"] == strings["FileVersion"] == expected.version
    assert strings["OriginalFilename"] == "some.exe"
    (fixed,) = [call for name, call in by_name if name == "FixedFileInfo"]
    numbers = {word.arg: ast.literal_eval(word.value) for word in fixed.keywords}
    assert numbers["filevers"] == (*map(int, expected.version.split(".")), 0)


def test_the_manifest_asks_for_what_the_program_needs_and_no_more() -> None:
    tree = ET.parse(WINDOWS / "desktop-chat.manifest")
    found = {element.tag.rpartition("}")[2]: element for element in tree.iter()}
    assert found["requestedExecutionLevel"].attrib == {"level": "asInvoker", "uiAccess": "false"}
    assert found["dpiAwareness"].text == "PerMonitorV2, PerMonitor"
    assert found["longPathAware"].text == "true"
    assert found["activeCodePage"].text == "UTF-8"
    assert found["supportedOS"].attrib["Id"] == "{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"
