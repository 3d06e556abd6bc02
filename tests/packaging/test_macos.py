"""The disk image for macOS, made with stand-ins for Apple's programs that write down how they were called."""

import base64
import os
import plistlib
import subprocess
import sys
from pathlib import Path

import pytest
from product import load

from tests.helpers.stand_ins import ROOT, Workshop

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are scripts for Unix")

ENTITLEMENTS = ROOT / "packaging" / "macos" / "entitlements.plist"
MACH_O = b"\xcf\xfa\xed\xfe rest"
IDENTITY = "Developer ID Application: Somebody (ABCDE12345)"
PASSWORD = "pass \"word\\ with ' everything"
API_KEY = "-----BEGIN PRIVATE KEY-----\nsecret of apple\n-----END PRIVATE KEY-----\n"
CERTIFICATE = base64.b64encode(b"the certificate").decode()
SIGNING = {
    "MACOS_SIGNING_IDENTITY": IDENTITY,
    "MACOS_CERTIFICATE": CERTIFICATE,
    "MACOS_CERTIFICATE_PASSWORD": PASSWORD,
}
NOTARISING = {"APPLE_API_KEY": API_KEY, "APPLE_API_KEY_ID": "KEYID", "APPLE_API_ISSUER": "issuer-id"}

HDIUTIL = """
import pathlib
folder = pathlib.Path(arguments[arguments.index("-srcfolder") + 1])
listing = [str(path.relative_to(folder)) + (" -> " + os.readlink(path) if path.is_symlink() else "")
           for path in sorted(folder.rglob("*"))]
pathlib.Path(arguments[-1]).write_text("\\n".join(listing))
"""
SECURITY = f"""
import pathlib, shlex
if arguments[:1] == ["list-keychains"] and "-s" not in arguments:
    print('    "/Users/me/Library/Keychains/login.keychain-db"')
elif arguments[:1] == ["find-identity"]:
    print('  1) 0123ABCD "{IDENTITY}"')
elif arguments[-1] == "-i" and text.startswith('"create-keychain"'):
    pathlib.Path(shlex.split(text)[-1]).write_text("keychain")
elif arguments[-1] == "-i" and text.startswith('"import"'):
    assert pathlib.Path(shlex.split(text)[1]).read_bytes() == b"the certificate"
elif arguments[:1] == ["delete-keychain"]:
    pathlib.Path(arguments[1]).unlink()
"""
XCRUN = """
import pathlib
if arguments[:2] == ["notarytool", "submit"]:
    key = pathlib.Path(arguments[arguments.index("--key") + 1])
    assert "secret of apple" in key.read_text() and key.parent.stat().st_mode & 0o077 == 0
    print('{"id": "1234", "status": "Accepted"}')
"""


def add(folder: Path, name: str, data: bytes = MACH_O) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An application as PyInstaller lays it out."""
    contents = tmp_path / "bundle" / "Desktop Chat.app" / "Contents"
    add(contents, "Info.plist", plistlib.dumps({"CFBundleExecutable": "desktop-chat"}))
    add(contents, "MacOS/desktop-chat")
    add(contents, "Frameworks/libshiboken6.dylib")
    add(contents, "Frameworks/PySide6/QtCore.abi3.so")
    add(contents, "Frameworks/QtCore.framework/Versions/A/QtCore")
    add(contents, "Frameworks/QtCore.framework/Versions/A/Resources/Info.plist", b"plist")
    (contents / "Frameworks/QtCore.framework/Versions/Current").symlink_to("A")
    (contents / "Frameworks/QtCore.framework/QtCore").symlink_to("Versions/Current/QtCore")
    add(contents, "Resources/data.txt", b"text")
    (contents / "Frameworks/data.txt").symlink_to("../Resources/data.txt")
    return contents.parent


@pytest.fixture
def mac(tmp_path: Path) -> Workshop:
    workshop = Workshop(tmp_path)
    workshop.add("codesign")
    workshop.add("hdiutil", HDIUTIL)
    workshop.add("security", SECURITY)
    workshop.add("xcrun", XCRUN)
    workshop.add("spctl")
    return workshop


def test_a_bundle_of_another_system_is_not_for_macos(mac: Workshop, tmp_path: Path) -> None:
    answer = mac.build("macos.dmg", tmp_path)
    assert answer.stderr == "unavailable: the bundle is not one for macOS\n"


def test_without_apples_programs_it_names_them(tmp_path: Path, app: Path) -> None:
    answer = Workshop(tmp_path).build("macos.dmg", app)
    assert answer.stderr == "unavailable: codesign and hdiutil of macOS are not here\n"


def test_the_image_holds_the_application_and_where_to_put_it(mac: Workshop, app: Path) -> None:
    answer = mac.build("macos.dmg", app)
    assert answer.returncode == 0, answer.stderr
    image = Path(answer.stdout.strip())
    assert image.parent == mac.dist
    assert image.name.startswith(f"desktop-chat-{load().version}-macos-")
    listing = image.read_text().splitlines()
    assert listing[0] == "Applications -> /Applications"
    assert {line.partition("/")[0] for line in listing[1:]} == {"Desktop Chat.app"}
    assert "Desktop Chat.app/Contents/Frameworks/QtCore.framework/Versions/Current -> A" in listing
    (create,) = mac.told("hdiutil")
    assert create[:3] == ["create", "-volname", "Desktop Chat"]


def test_a_busy_volume_is_tried_again(mac: Workshop, app: Path, tmp_path: Path) -> None:
    busy = f"""
import pathlib
path = pathlib.Path({str(tmp_path / "busy")!r})
times = int(path.read_text()) if path.exists() else 0
path.write_text(str(times + 1))
if times < 2:
    sys.exit("hdiutil: create failed - Resource busy")
"""
    mac.add("hdiutil", busy + HDIUTIL)
    assert mac.build("macos.dmg", app).returncode == 0
    assert len(mac.told("hdiutil")) == 3


def test_a_volume_that_stays_busy_is_a_failure(mac: Workshop, app: Path) -> None:
    mac.add("hdiutil", "sys.exit('hdiutil: create failed - Resource busy')")
    answer = mac.build("macos.dmg", app)
    assert "Resource busy" in answer.stderr
    assert len(mac.told("hdiutil")) == 4


def test_without_an_identity_it_signs_ad_hoc(mac: Workshop, app: Path) -> None:
    assert mac.build("macos.dmg", app, **NOTARISING).returncode == 0
    nested, whole, verify = mac.told("codesign")
    for call in (nested, whole):
        assert call[:4] == ["--force", "--sign", "-", "--timestamp=none"]
        assert "runtime" not in call
    assert verify[0] == "--verify"
    assert {call.program for call in mac.calls} == {"codesign", "hdiutil"}


def test_it_signs_from_the_inside_out(mac: Workshop, app: Path) -> None:
    assert mac.build("macos.dmg", app).returncode == 0
    nested, whole, _ = mac.told("codesign")
    paths = [Path(argument) for argument in nested if argument.startswith("/")]
    inside = [str(path).partition("/Contents/")[2] for path in paths]
    assert set(inside) == {
        "Frameworks/QtCore.framework/Versions/A",
        "Frameworks/QtCore.framework/Versions/A/QtCore",
        "Frameworks/PySide6/QtCore.abi3.so",
        "Frameworks/libshiboken6.dylib",
    }
    for number, path in enumerate(paths):
        assert not any(other.is_relative_to(path) for other in paths[number + 1 :])
    assert "--entitlements" not in nested
    assert (
        Path(whole[whole.index("--entitlements") + 1]) == ROOT / "packaging" / "macos" / "entitlements.plist"
    )
    assert Path(whole[-1]).name == "Desktop Chat.app"


def test_the_bundle_itself_is_left_as_it_was(mac: Workshop, app: Path) -> None:
    mac.add(
        "codesign", "open(arguments[-1] + '/Contents/signed', 'w') if arguments[-1].endswith('.app') else 0"
    )
    answer = mac.build("macos.dmg", app)
    assert "Contents/signed" in Path(answer.stdout.strip()).read_text()
    assert not (app / "Contents" / "signed").exists()


def test_with_a_certificate_everything_is_hardened_and_the_image_signed(mac: Workshop, app: Path) -> None:
    answer = mac.build("macos.dmg", app, **SIGNING)
    assert answer.returncode == 0, answer.stderr
    nested, whole, _, image = mac.told("codesign")
    for call in (nested, whole, image):
        assert call[:3] == ["--force", "--sign", IDENTITY]
        assert call[3] == "--keychain"
        assert call[5:8] == ["--timestamp", "--options", "runtime"]
    assert image[-1] == answer.stdout.strip()
    assert mac.told("xcrun") == []


def test_the_keychain_is_listed_while_it_is_needed_and_then_deleted(mac: Workshop, app: Path) -> None:
    assert mac.build("macos.dmg", app, **SIGNING).returncode == 0
    told = mac.told("security")
    (keychain,) = {call[1] for call in told if call[0] == "delete-keychain"}
    login = "/Users/me/Library/Keychains/login.keychain-db"
    lists = [call[4:] for call in told if call[0] == "list-keychains" and "-s" in call]
    assert lists == [[keychain, login], [login]]
    assert not Path(keychain).parent.exists()


@pytest.mark.parametrize("fails", ["codesign", "hdiutil", "xcrun"])
def test_nothing_secret_is_left_where_something_fails(mac: Workshop, app: Path, fails: str) -> None:
    mac.add(fails, "sys.exit('it does not work today')")
    answer = mac.build("macos.dmg", app, **SIGNING, **NOTARISING)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"failed: {fails} ")
    assert "it does not work today" in answer.stderr
    told = mac.told("security")
    assert told[-1][0] == "delete-keychain"
    assert not Path(told[-1][1]).parent.exists()
    assert told[-2][4:] == ["/Users/me/Library/Keychains/login.keychain-db"]


def test_no_secret_is_seen_by_others(mac: Workshop, app: Path) -> None:
    answer = mac.build("macos.dmg", app, **SIGNING, **NOTARISING)
    assert answer.returncode == 0, answer.stderr
    seen = answer.stdout + answer.stderr
    for call in mac.calls:
        seen += repr(call.arguments)
        assert (
            not {"MACOS_CERTIFICATE", "MACOS_CERTIFICATE_PASSWORD", "APPLE_API_KEY"} & call.environment.keys()
        )
    for secret in (PASSWORD, CERTIFICATE, "secret of apple", "pass "):
        assert secret not in seen
    (imported,) = [call.text for call in mac.calls if call.text.startswith('"import"')]
    assert '"-P" "pass \\"word\\\\ with \' everything"' in imported


def test_a_certificate_of_another_name_is_refused(mac: Workshop, app: Path) -> None:
    answer = mac.build("macos.dmg", app, **{**SIGNING, "MACOS_SIGNING_IDENTITY": "Somebody Else"})
    assert (
        answer.stderr == "failed: MACOS_CERTIFICATE holds no valid certificate of the name 'Somebody Else'.\n"
    )
    assert mac.told("codesign") == []
    assert mac.told("security")[-1][0] == "delete-keychain"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"MACOS_CERTIFICATE": CERTIFICATE}, "MACOS_CERTIFICATE is set, MACOS_SIGNING_IDENTITY is not."),
        ({**SIGNING, "MACOS_CERTIFICATE": "a"}, "MACOS_CERTIFICATE is not base64."),
        ({**SIGNING, "APPLE_API_KEY": API_KEY}, "APPLE_API_KEY_ID or APPLE_API_ISSUER is not."),
    ],
)
def test_half_of_the_secrets_is_a_mistake(
    mac: Workshop, app: Path, variables: dict[str, str], words: str
) -> None:
    answer = mac.build("macos.dmg", app, **variables)
    assert answer.returncode == 1
    assert words in answer.stderr


def test_the_image_is_notarised_and_bears_the_answer(mac: Workshop, app: Path) -> None:
    answer = mac.build("macos.dmg", app, **SIGNING, **NOTARISING)
    image = answer.stdout.strip()
    submit, staple = mac.told("xcrun")
    assert submit[:3] == ["notarytool", "submit", image]
    assert "--wait" in submit
    assert staple == ["stapler", "staple", image]
    assert mac.told("spctl")[-1][-1] == image
    assert not Path(submit[submit.index("--key") + 1]).exists()


def test_apples_reasons_are_told(mac: Workshop, app: Path) -> None:
    mac.add(
        "xcrun",
        'print(\'{"id": "1", "status": "Invalid"}\' if arguments[1] == "submit" else "not hardened: libfoo")',
    )
    answer = mac.build("macos.dmg", app, **SIGNING, **NOTARISING)
    assert answer.stderr.strip() == "failed: Apple's answer is 'Invalid':\nnot hardened: libfoo"
    assert [call[:2] for call in mac.told("xcrun")] == [["notarytool", "submit"], ["notarytool", "log"]]


def run(code: str, *arguments: object) -> str:
    """What ``code`` prints, run where the modules of packaging/ can be imported."""
    start = f"import sys; sys.path.insert(0, {str(ROOT / 'packaging')!r})\n"
    command = [sys.executable, "-c", start + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_info_plist_tells_of_the_product() -> None:
    code = "import plistlib, product; from macos import info\n"
    code += "sys.stdout.buffer.write(plistlib.dumps(info.plist(product.load(), '13.0')))"
    info, expected = plistlib.loads(run(code).encode()), load()
    assert info["CFBundleIdentifier"] == "io.github.desktop-chat.DesktopChat"
    assert info["CFBundleShortVersionString"] == info["CFBundleVersion"] == expected.version
    assert info["CFBundleName"] == expected.title
    assert info["LSMinimumSystemVersion"] == "13.0"
    (documents,) = info["CFBundleDocumentTypes"]
    assert (documents["CFBundleTypeRole"], documents["LSHandlerRank"]) == ("Viewer", "Alternate")


@pytest.mark.parametrize(
    ("tags", "python", "expected"),
    [
        (["cp310-abi3-macosx_13_0_universal2", "cp311-cp311-macosx_11_0_arm64"], "10.9", "13.0"),
        (["cp310-abi3-macosx_13_0_universal2", "py3-none-any"], "14", "14.0"),
        (["cp39-cp39-macosx_10_15_x86_64\nTag: cp39-cp39-macosx_11_0_arm64"], "10.13", "10.15"),
    ],
)
def test_the_oldest_macos_is_what_everything_runs_on(
    tmp_path: Path, tags: list[str], python: str, expected: str
) -> None:
    for number, tag in enumerate(tags):
        add(tmp_path, f"package{number}-1.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n".encode())
        add(tmp_path, f"package{number}-1.dist-info/METADATA", f"Name: package{number}\n".encode())
    code = "from macos import info; print(info.minimum_system([sys.argv[1]], sys.argv[2]))"
    assert run(code, tmp_path, python) == f"{expected}\n"


def test_the_entitlements_are_those_that_are_needed() -> None:
    assert plistlib.loads(ENTITLEMENTS.read_bytes()) == {"com.apple.security.cs.allow-jit": True}
