"""The command that makes everything, as far as it goes without a bundle; what it knows; what goes in."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import bundle
import contents
import product
import pytest

from desktop_chat.worker import JOBS

ROOT = Path(__file__).resolve().parents[2]


class Checkout:
    """A copy of the project's build files with a bundle of one file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("pyproject.toml", "LICENSE"):
            root.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, root)
        shutil.copytree(ROOT / "packaging", root / "packaging", ignore=shutil.ignore_patterns("__pycache__"))
        name = "Desktop Chat.app" if sys.platform == "darwin" else "desktop-chat"
        self.bundle = root / "build" / "bundle" / name
        self.bundle.mkdir(parents=True)
        (self.bundle / "desktop-chat").write_text("the program")

    def build(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "packaging/build.py", *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=60)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a project")


OTHER = "deb" if sys.platform == "win32" else "setup"
"""A format of another system."""


def test_the_list_names_every_format_and_makes_nothing(checkout: Checkout) -> None:
    listed = checkout.build("--list")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        "sbom",
        "tar",
        "deb",
        "rpm",
        "appimage",
        "flatpak",
        "setup",
        "portable",
        "dmg",
    ]
    assert not (checkout.root / "dist").exists()


def test_what_is_no_format_is_refused(checkout: Checkout) -> None:
    answer = checkout.build("floppy")
    assert answer.returncode == 2
    assert "floppy" in answer.stderr


def test_a_format_of_another_system_is_an_error_where_it_was_asked_for(checkout: Checkout) -> None:
    answer = checkout.build("--keep-bundle", OTHER)
    assert answer.returncode == 1
    assert f"{OTHER:10} not here: it is made on" in answer.stdout


def test_checksums_are_of_all_that_is_there(checkout: Checkout) -> None:
    dist = checkout.root / "dist"
    dist.mkdir()
    (dist / "b.bin").write_bytes(b"")
    (dist / "a.bin").write_bytes(b"abc")
    checkout.build("--keep-bundle", OTHER)
    assert (dist / "SHA256SUMS").read_bytes().decode() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.bin\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b.bin\n"
    )


def test_too_heavy_a_bundle_is_an_error(checkout: Checkout) -> None:
    with (checkout.bundle / "large").open("wb") as file:
        file.truncate(200_000_000)
    answer = checkout.build("--keep-bundle", OTHER)
    assert answer.returncode == 1
    assert "200.0 MB, more than" in answer.stderr


def test_a_changelog_without_this_version_is_an_error(checkout: Checkout) -> None:
    changelog = checkout.root / "packaging" / "CHANGELOG.md"
    changelog.write_text(changelog.read_text("utf-8").replace(product.load().version, "0.0.1"), "utf-8")
    answer = checkout.build("--keep-bundle", OTHER)
    assert answer.returncode == 1
    assert answer.stderr == (
        f"build: pyproject.toml says version {product.load().version}, the newest in CHANGELOG.md is 0.0.1.\n"
    )


def _asked(checkout: Checkout, question: str, **env: str) -> str:
    code = f"import json, product; print({question})"
    # Without SYSTEMROOT some programs for Windows do not start.
    kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout.root / "packaging",
        env={"PATH": "", **kept, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_files_bear_the_time_that_is_given_or_that_of_the_release(checkout: Checkout) -> None:
    assert _asked(checkout, "product.load().epoch", SOURCE_DATE_EPOCH="12") == "12"
    changelog = checkout.root / "packaging" / "CHANGELOG.md"
    newest = f"[{product.load().version}] - "
    before, _, after = changelog.read_text("utf-8").partition(newest)
    changelog.write_text(f"{before}{newest}2031-02-03{after[10:]}", "utf-8")
    assert _asked(checkout, "product.load().epoch") == "1927843200"


def test_the_changelog_is_read_point_by_point(checkout: Checkout) -> None:
    (checkout.root / "packaging" / "CHANGELOG.md").write_text(
        "# Changes\n\n## [Unreleased]\n\n- Not yet\n\n"
        f"## [{product.load().version}] - 2031-02-03\n\n### Added\n\n- One\n  and more\n- Two\n\n"
        "### Fixed\n\n- Three\n\n## [0.0.1] - 2030-01-01\n\n- First\n",
        "utf-8",
    )
    notes = "json.dumps([(r.version, r.date.isoformat(), r.notes) for r in product.load().releases])"
    assert json.loads(_asked(checkout, notes)) == [
        [product.load().version, "2031-02-03", ["One and more", "Two", "Three"]],
        ["0.0.1", "2030-01-01", ["First"]],
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a link stands in for the environment's Python")
def test_what_runs_in_the_build_environment_sees_no_secret(checkout: Checkout) -> None:
    python = checkout.root / "build" / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    secrets = {"WINDOWS_CERTIFICATE": "x", "MACOS_CERTIFICATE_PASSWORD": "x", "APPLE_API_KEY": "x"}
    script = "import os; print(*sorted(os.environ))"
    told = _asked(checkout, f"__import__('bundle').run('-c', {script!r}, GIVEN='1')", **secrets, OTHER="x")
    seen = told.split()
    assert {"GIVEN", "OTHER"} <= set(seen)
    assert not secrets.keys() & set(seen)


@pytest.mark.parametrize(
    "path",
    [
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/plugins/platforms/qwindows.dll",
        "PySide6/Qt/plugins/platforms/libqcocoa.dylib",
        "PySide6/Qt/plugins/imageformats/libqwebp.so",
        "PySide6/Qt/plugins/networkinformation/libqnetworkmanager.so",
        "PySide6/QtCore.abi3.so",
        "resources/icons/desktop-chat.svg",
        "ziafont/fonts/DejaVuSans.ttf",
        "keyring-25.7.0.dist-info/METADATA",
        "keyring-25.7.0.dist-info/entry_points.txt",
    ],
)
def test_goes_in(path: str) -> None:
    assert contents.is_wanted(path, f"{sys.prefix}/lib/{path}")


@pytest.mark.parametrize(
    "path",
    [
        "PySide6/Qt/plugins/platforms/libqeglfs.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/plugins/tls/libqopensslbackend.so",
        "PySide6/Qt/lib/libQt6EglFsKmsSupport.so.6",
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6/opengl32sw.dll",
        "apsw/__init__.pyi",
        "jsonschema/benchmarks/issue232/issue.json",
        "ziamath/py.typed",
        "keyring-25.7.0.dist-info/RECORD",
        "keyring-25.7.0.dist-info/licenses/LICENSE",
    ],
)
def test_stays_out(path: str) -> None:
    assert not contents.is_wanted(path, f"{sys.prefix}/lib/{path}")


def test_the_helper_finds_all_its_jobs() -> None:
    """They are named as text, which PyInstaller does not follow."""
    assert {path.partition(":")[0] for path in JOBS.values()} <= set(contents.HIDDEN_IMPORTS)


def test_what_the_program_imports_of_qt_goes_in() -> None:
    """Some of it late, such as the session bus: only a screenshot on Wayland asks for that."""
    sources = [path.read_text("utf-8") for path in (ROOT / "desktop_chat").rglob("*.py")]
    modules = {name for source in sources for name in re.findall(r"from (PySide6\.Qt\w+) import", source)}
    assert {"PySide6.QtDBus", "PySide6.QtPrintSupport", "PySide6.QtWidgets"} <= modules
    assert not modules & set(contents.EXCLUDED_MODULES)
    for name in modules:
        for path in (
            f"{name.replace('.', '/')}.abi3.so",
            f"PySide6/Qt/lib/lib{name[8:].replace('Qt', 'Qt6')}.so.6",
        ):
            assert contents.is_wanted(path, f"{sys.prefix}/lib/{path}")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all libraries are Python's or of packages")
def test_of_the_system_only_what_a_desktop_may_lack_goes_in() -> None:
    folder = "/usr/lib/x86_64-linux-gnu"
    names = ("libxcb-cursor.so.0", "libffi.so.8", "libssl.so.3", "libreadline.so.8", "libgtk-3.so.0")
    assert [name for name in names if contents.is_wanted(name, f"{folder}/{name}")] == [
        "libxcb-cursor.so.0",
        "libffi.so.8",
    ]


def test_what_nobody_is_known_for_is_an_error(tmp_path: Path) -> None:
    stranger = tmp_path / "libstranger.so.1"
    stranger.touch()
    with pytest.raises(LookupError, match=r"libstranger\.so\.1: its licence cannot be told"):
        contents.owner(str(stranger))


def test_files_are_known_by_whose_they_are() -> None:
    assert contents.owner(str(ROOT / "resources" / "icons" / "x.svg")).package == "desktop-chat"
    assert contents.owner(pytest.__file__).package == "pytest"
    assert contents.owner(json.__file__) == ("cpython", ".".join(map(str, sys.version_info[:3])))


def test_an_archive_of_modules_has_one_order(tmp_path: Path) -> None:
    made = []
    for number, names in enumerate((("b.pyc", "a.pyc", "c/d.pyc"), ("c/d.pyc", "b.pyc", "a.pyc"))):
        archive = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for name in names:
                file.writestr(zipfile.ZipInfo(name), f"content of {name}")
        bundle.sort(archive)
        made.append(archive)
    assert made[0].read_bytes() == made[1].read_bytes()
    with zipfile.ZipFile(made[0]) as file:
        assert {name: file.read(name).decode() for name in file.namelist()} == {
            name: f"content of {name}" for name in ("a.pyc", "b.pyc", "c/d.pyc")
        }
