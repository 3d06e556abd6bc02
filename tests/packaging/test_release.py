"""What a release needs beside its installers, on a copy of the files that name the version."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "pyproject.toml",
    "packaging/CHANGELOG.md",
    "packaging/contents.py",
    "packaging/licences.py",
    "packaging/licences/components.toml",
    "packaging/licences/qt-sources.in",
    "packaging/product.py",
    "packaging/release.py",
    "packaging/sbom.py",
)
LOCK = """
[[package]]
name = "pyside6-essentials"
version = "6.99.1"

[[package]]
name = "pyside6-essentials"
version = "7.0.0.2"
"""
CHANGELOG = """# Changelog

## [Unreleased]

- Not yet.

## [1.2.3] - 2026-01-31

A word before.

### Added

- One thing, told
  on two lines.
- Another.

## [1.2.2] - 2026-01-01

- Old.

[1.2.3]: #123
"""


class Checkout:
    """The files that a release is told by, for version 1.2.3."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        for name in COPIED:
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text((ROOT / name).read_text("utf-8"), "utf-8")
        (self.root / "uv.lock").write_text(LOCK, "utf-8")
        self.changelog = self.root / "packaging" / "CHANGELOG.md"
        self.changelog.write_text(CHANGELOG, "utf-8")
        self.change("pyproject.toml", '\nversion = "0.1.0"\n', '\nversion = "1.2.3"\n')
        self.change("pyproject.toml", "@example.invalid", "@example.org")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text("utf-8")
        assert old in text
        (self.root / name).write_text(text.replace(old, new), "utf-8")

    def call(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "packaging/release.py", *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_tag_of_this_version_passes(checkout: Checkout) -> None:
    done = checkout.call("check", "v1.2.3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("tag", ["v1.2.4", "1.2.3", "v1.2.3-rc1", "v1.2.2"])
def test_another_tag_does_not(checkout: Checkout, tag: str) -> None:
    done = checkout.call("check", tag)
    assert done.returncode == 1
    assert tag in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("packaging/CHANGELOG.md", "## [1.2.3] - 2026-01-31", "## [1.2.4] - 2026-01-31", "1.2.4"),
        ("packaging/CHANGELOG.md", "2026-01-31", "2999-01-31", "yet to come"),
        ("pyproject.toml", "@example.org", "@example.invalid", "reaches nobody"),
    ],
)
def test_what_was_forgotten_is_named(checkout: Checkout, name: str, old: str, new: str, told: str) -> None:
    checkout.change(name, old, new)
    done = checkout.call("check", "v1.2.3")
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_notes_are_the_section_of_this_version(checkout: Checkout) -> None:
    done = checkout.call("notes")
    news, _, sources = done.stdout.partition("\n### Sources")
    assert news == "A word before.\n\n### Added\n\n- One thing, told\n  on two lines.\n- Another.\n"
    for qt, pyside in (("6.99.1", "6.99.1"), ("7.0.0", "7.0.0.2")):
        assert f"qt-everywhere-src-{qt}.tar" in sources
        assert f"PySide6-{pyside}-src" in sources


def test_notes_of_the_last_version_end_before_the_links(checkout: Checkout) -> None:
    checkout.change("packaging/CHANGELOG.md", "## [1.2.2] - 2026-01-01\n\n- Old.\n\n", "")
    assert "- Another.\n\n### Sources" in checkout.call("notes").stdout


def test_the_notes_of_this_project_are_not_empty() -> None:
    command = [sys.executable, ROOT / "packaging" / "release.py", "notes"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.count("\n- ") > 3
    assert "## [" not in done.stdout


def machines(folder: Path) -> Path:
    """What the machines of a release built, each with its own checksums."""
    linux = [
        "desktop-chat-1.2.3-linux-x86_64.tar.xz",
        "desktop-chat_1.2.3_amd64.deb",
        "desktop-chat-1.2.3-1.x86_64.rpm",
        "Desktop_Chat-1.2.3-x86_64.AppImage",
        "desktop-chat-1.2.3-linux-x86_64.cdx.json",
        "manifest-that-is-no-part-of-it.json",
    ]
    windows = [
        "desktop-chat-1.2.3-setup.exe",
        "desktop-chat-1.2.3-windows-x64.zip",
        "desktop-chat-1.2.3-windows-x86_64.cdx.json",
    ]
    arm, intel = (
        [f"desktop-chat-1.2.3-macos-{each}.dmg", f"desktop-chat-1.2.3-macos-{each}.cdx.json"]
        for each in ("arm64", "x86_64")
    )
    flatpak = ["io.github.desktop_chat.DesktopChat-1.2.3-x86_64.flatpak"]
    built = {
        "linux": linux,
        "windows": windows,
        "macos-arm64": arm,
        "macos-x86_64": intel,
        "flatpak": flatpak,
    }
    for machine, names in built.items():
        (folder / machine).mkdir(parents=True)
        sums = ""
        for name in names:
            (folder / machine / name).write_text(f"{machine} {name}")
            sums += f"{hashlib.sha256(f'{machine} {name}'.encode()).hexdigest()}  {name}\n"
        (folder / machine / "SHA256SUMS").write_text(sums)
    return folder


def test_all_files_are_gathered_with_their_checksums(checkout: Checkout, tmp_path: Path) -> None:
    release = tmp_path / "release"
    done = checkout.call("gather", machines(tmp_path / "built"), release)
    assert done.returncode == 0, done.stderr
    listed = dict(reversed(line.split("  ")) for line in (release / "SHA256SUMS").read_text().splitlines())
    there = {path.name for path in release.iterdir()} - {"SHA256SUMS"}
    assert len(there) == 13
    assert set(listed) == there
    assert "manifest-that-is-no-part-of-it.json" not in there
    for name, digest in listed.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest


def test_a_file_that_is_missing_changed_or_twice_stops_the_release(
    checkout: Checkout, tmp_path: Path
) -> None:
    built = machines(tmp_path / "built")
    setup = built / "windows" / "desktop-chat-1.2.3-setup.exe"
    setup.write_text("changed on the way")
    assert "setup.exe is not what" in checkout.call("gather", built, tmp_path / "a").stderr
    setup.unlink()
    assert checkout.call("gather", built, tmp_path / "b").returncode == 1
    sums = built / "windows" / "SHA256SUMS"
    lines = sums.read_text().splitlines(keepends=True)
    sums.write_text("".join(line for line in lines if "setup" not in line))
    assert "Not built: desktop-chat-1.2.3-setup.exe" in checkout.call("gather", built, tmp_path / "c").stderr
    (built / "linux").rename(built / "linux-again")
    machines(tmp_path / "more")
    (tmp_path / "more" / "linux").rename(built / "linux")
    assert "was built on two machines" in checkout.call("gather", built, tmp_path / "d").stderr


def test_what_is_gathered_is_what_is_built() -> None:
    """By their endings, for each format that packaging/build.py lists."""
    packaging = ROOT / "packaging"
    listed = subprocess.run(
        [sys.executable, packaging / "build.py", "--list"], capture_output=True, text=True, check=True
    )
    command = [sys.executable, "-c", "import release; print(*release.ASSETS)"]
    assets = subprocess.run(command, cwd=packaging, capture_output=True, text=True, check=True).stdout.split()
    endings = {
        "sbom": ".cdx.json",
        "tar": ".tar.xz",
        "deb": ".deb",
        "rpm": ".rpm",
        "appimage": ".AppImage",
        "flatpak": ".flatpak",
        "setup": "-setup.exe",
        "portable": ".zip",
        "dmg": ".dmg",
    }
    assert set(endings) == {line.split()[0] for line in listed.stdout.splitlines()}
    for asset in assets:
        assert asset.endswith(tuple(endings.values())), asset
    for ending in endings.values():
        assert any(asset.endswith(ending) for asset in assets), ending


def test_usage() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "packaging" / "release.py", "walk"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "check TAG" in done.stderr
