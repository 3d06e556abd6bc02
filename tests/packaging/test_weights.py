"""The table of weights, and the limits that the build keeps."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import product
import pytest
import weights
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]

ROW = re.compile(
    r"^\| (?P<package>[\w.-]+)(: ?[\w.-]+)? \| \S* \| (?P<disk>[\d.]+) \| (?P<deb>[\d.?]+) \|", re.MULTILINE
)


def file(path: Path, size: int, content: bytes = b"") -> Path:
    """A file of ``size`` bytes: ``content``, then nothing but zeros, which take no room on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.truncate(path, size)
    return path


def entry(path: str, package: str, size: int = 0) -> dict[str, str | int]:
    return {"path": path, "source": path, "package": package, "version": "1", "size": size}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle: Qt's libraries, the executable with two modules of a library, and what the build adds."""
    internal = tmp_path / "desktop-chat" / "_internal"
    file(internal / "PySide6" / "Qt" / "lib" / "libicudata.so.73", 3_000_000)
    file(internal / "PySide6" / "QtCore.abi3.so", 1_000_000, os.urandom(1_000_000))
    file(internal / "base_library.zip", 500_000)
    file(internal / "LICENCES.txt", 600_000)
    file(internal.parent / "desktop-chat", 900_000)
    return internal.parent


MANIFEST = [
    entry("PySide6/Qt/lib/libicudata.so.73", "PySide6_Essentials"),
    entry("PySide6/QtCore.abi3.so", "PySide6_Essentials"),
    # In the manifest as it was before it was stripped.
    entry("PYZ:openai", "openai", 250_000),
    entry("PYZ:openai.types", "openai", 450_000),
    entry("PYZ:pyi", "pyinstaller", 10_000),
    entry("base_library.zip:abc.pyc", "cpython", 7),
    entry("base_library.zip:os.pyc", "cpython", 8),
]


def test_each_package_weighs_what_its_files_and_modules_take(folder: Path) -> None:
    found = weights.weigh(MANIFEST, folder, folder / "_internal")
    assert [(weight.package, weight.installed) for weight in found] == [
        ("PySide6_Essentials: ICU", 3_000_000),
        ("PySide6_Essentials", 1_000_000),
        ("openai", 700_000),
        ("desktop-chat", 600_000),
        ("cpython", 500_000),
        ("pyinstaller", 200_000),
    ]
    assert sum(weight.installed for weight in found) == 6_000_000
    packed = {weight.package: weight.packed for weight in found}
    assert packed["PySide6_Essentials: ICU"] < 10_000
    assert packed["PySide6_Essentials"] >= 1_000_000
    assert packed["openai"] >= 700_000


def test_the_table_shares_the_deb_among_the_packages_by_what_they_compress_to() -> None:
    heavy = weights.Weight("openai", "3", 5_000_000, 3_000_000)
    light = weights.Weight("PySide6_Essentials: ICU", "6", 9_000_000, 1_000_000)
    text = weights.table([light, heavy], 2_000_000)
    assert "| PySide6_Essentials: ICU | 6 | 9.00 | 0.50 | the program |" in text
    assert "| openai | 3 | 5.00 | 1.50 | the program |" in text
    assert "- On a disk: 14.0 of at most 150 (180)" in text
    assert "| **All** | | **14.00** | **2.00** | |" in text
    assert "| openai | 3 | 5.00 | ? | the program |" in weights.table([heavy], None)


def test_the_table_says_who_asks_for_a_package() -> None:
    text = weights.table(
        [weights.Weight("cryptography", "1", 1, 1), weights.Weight("cpython", "3", 1, 1)], None
    )
    assert "| cryptography | 1 | 0.00 | ? | keyring |" in text
    assert "| cpython | 3 | 0.00 | ? | the bundle |" in text


def test_what_is_too_heavy_is_named(tmp_path: Path) -> None:
    folder, deb = tmp_path / "bundle", tmp_path / "a.deb"
    file(folder / "deep" / "a", 150_000_000)
    file(deb, 50_000_000)
    assert weights.check(folder, deb) == []
    assert weights.check(folder, None) == []
    file(folder / "b", 1_000_000)
    file(deb, 52_500_000)
    bundle, package = weights.check(folder, deb)
    assert "151.0 MB" in bundle
    assert "150 MB" in bundle
    assert "a.deb takes 52.5 MB" in package


@pytest.mark.skipif(sys.platform == "win32", reason="there not everybody may make links")
def test_a_link_takes_no_room(tmp_path: Path) -> None:
    file(tmp_path / "deep" / "a", 150_000_000)
    (tmp_path / "link").symlink_to("deep/a")
    assert weights.check(tmp_path, None) == []


def test_every_dependency_of_ours_is_in_the_table_that_is_kept() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    rows = {canonicalize_name(row["package"]): row for row in ROW.finditer(weights.TABLE.read_text("utf-8"))}
    wanted = {canonicalize_name(Requirement(each).name) for each in project["dependencies"]}
    assert wanted <= rows.keys(), "run: python3 packaging/build.py deb; python3 packaging/weights.py"
    assert "cpython" in rows


def test_the_table_that_is_kept_is_within_the_limits() -> None:
    text = weights.TABLE.read_text("utf-8")
    total = re.search(r"\*\*All\*\* \| \| \*\*([\d.]+)\*\* \| \*\*([\d.]+)\*\*", text)
    assert total
    disk, deb = total.groups()
    assert float(disk) <= weights.INSTALLED[0] < weights.INSTALLED[1]
    assert float(deb) <= weights.DEB[0] < weights.DEB[1]
    rows = [float(row["disk"]) for row in ROW.finditer(text)]
    assert sum(rows) == pytest.approx(float(disk), abs=0.005 * (len(rows) + 1))
    assert rows == sorted(rows, reverse=True)


def test_without_a_bundle_the_command_says_how_to_make_one(tmp_path: Path) -> None:
    copy = tmp_path / "packaging"
    copy.mkdir()
    for path in (ROOT / "packaging").glob("*.py"):
        (copy / path.name).write_bytes(path.read_bytes())
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (copy / "CHANGELOG.md").write_bytes(product.CHANGELOG.read_bytes())
    done = subprocess.run(
        [sys.executable, copy / "weights.py"], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "packaging/build.py deb" in done.stderr
    assert "Traceback" not in done.stderr
