#!/usr/bin/env python3
"""What each dependency weighs in the bundle and in the .deb, as a table that grows only on purpose.

    python3 packaging/weights.py    after packaging/build.py deb: writes packaging/WEIGHTS.md

Sizes are in MB of a million bytes. In the bundle they are those of the files as they lie there, modules as
they are packed into the executable. In the .deb each has the share of its real size that its files have when
they are compressed alone; modules are compressed already.
"""

import fnmatch
import json
import lzma
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import bundle
import product
from contents import normal

TABLE = product.ROOT / "packaging" / "WEIGHTS.md"
INSTALLED = (150, 180)
"""MB that the bundle may take on a disk: now, and with all that is planned."""
DEB = (52, 65)
"""The same for the package of Debian."""

_PARTS = (
    ("PySide6/Qt/lib/libicu*", "ICU"),
    ("PySide6/Qt/translations/*", "translations"),
    ("PySide6/Qt/*", "Qt"),
    ("PySide6/Qt6*", "Qt"),
    ("PySide6/plugins/*", "Qt"),
)
"""Parts of the package that is too large to be one line, by path in the bundle; the rest is the binding."""


class Weight(NamedTuple):
    """What one package takes: bytes in the bundle, and bytes when its files are compressed alone."""

    package: str
    version: str
    installed: int
    packed: int


def check(folder: Path, deb: Path | None) -> list[str]:
    """What is too heavy, one line each: the bundle in ``folder``, and the package of Debian that it is in."""
    found = []
    totals = [("the bundle", _size(folder), INSTALLED)]
    if deb is not None:
        totals.append((deb.name, deb.stat().st_size, DEB))
    for what, size, (limit, _) in totals:
        if size > limit * 1_000_000:
            found.append(
                f"{what} takes {_mb(size)} MB, more than the {limit} MB that packaging/weights.py allows"
            )
    return found


def weigh(manifest: Iterable[Mapping[str, Any]], folder: Path, internal: Path) -> list[Weight]:
    """What each package takes of all that lies in ``folder``, the heaviest first.

    ``manifest`` (contents.py) names the files in ``internal`` and the modules in the executable. A file that
    it does not name is ours: the build made it.
    """
    about = product.load()
    files: dict[tuple[str, str], list[Path]] = defaultdict(list)
    modules: dict[tuple[str, str], int] = defaultdict(int)
    named, start = set(), ("pyinstaller", "")
    for entry in manifest:
        whose = _line(entry), entry["version"]
        start = whose if entry["package"] == "pyinstaller" else start
        holder, separator, _ = entry["path"].partition(":")
        if separator and holder == "PYZ":
            modules[whose] += entry["size"]
            continue
        path = internal / (holder if separator else entry["path"])
        if path not in named and path.is_file():
            named.add(path)
            files[whose].append(path)
    rest = [path for path in _files(folder) if path not in named]
    # The executable: PyInstaller's start, then all modules.
    programs = [path for path in rest if path.parent == folder and path.stem == about.name]
    files[about.name, about.version] += [path for path in rest if path not in programs]
    modules[start] += max(0, sum(map(_size, programs)) - len(programs) * sum(modules.values()))
    weights = [
        Weight(*whose, sum(map(_size, files[whose])) + modules[whose], _packed(files[whose]) + modules[whose])
        for whose in files.keys() | modules.keys()
    ]
    return sorted(weights, key=lambda weight: (-weight.installed, weight.package))


def table(weights: Iterable[Weight], deb: int | None) -> str:
    """The table as Markdown; ``deb`` is the size of the package of Debian in bytes, if there is one."""
    weights = list(weights)
    installed, packed = sum(weight.installed for weight in weights), sum(weight.packed for weight in weights)
    asking = _asking()
    lines = [
        "# What each dependency weighs",
        "",
        "Written by `python3 packaging/weights.py` after `python3 packaging/build.py deb`; in MB of a",
        "million bytes. The limits in parentheses are those for all that is planned.",
        "",
        f"- On a disk: {_mb(installed)} of at most {INSTALLED[0]} ({INSTALLED[1]})",
        f"- As .deb: {_mb(deb)} of at most {DEB[0]} ({DEB[1]})",
        "",
        "| Package | Version | On a disk | In the .deb | Needed by |",
        "|---|---|--:|--:|---|",
    ]
    for weight in weights:
        share = None if deb is None else deb * weight.packed // packed
        needed = ", ".join(asking.get(normal(weight.package.partition(":")[0]), ())) or "the bundle"
        sizes = f"{_mb(weight.installed, 2)} | {_mb(share, 2)}"
        lines.append(f"| {weight.package} | {weight.version} | {sizes} | {needed} |")
    lines += [f"| **All** | | **{_mb(installed, 2)}** | **{_mb(deb, 2)}** | |", ""]
    return "\n".join(lines)


def _asking() -> dict[str, list[str]]:
    """For each locked package those dependencies of ours that bring it; for these, the program."""
    packages: dict[str, set[str]] = defaultdict(set)
    for package in tomllib.loads((product.ROOT / "uv.lock").read_text("utf-8"))["package"]:
        optional = [each for group in package.get("optional-dependencies", {}).values() for each in group]
        packages[package["name"]] |= {each["name"] for each in (*package.get("dependencies", ()), *optional)}
    own = packages[product.load().name]
    found: dict[str, set[str]] = defaultdict(set)
    for direct in own:
        reached, waiting = set(), [direct]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += packages[name]
        for name in reached - own:
            found[name].add(direct)
    return {name: sorted(names) for name, names in found.items()} | {name: ["the program"] for name in own}


def _line(entry: Mapping[str, Any]) -> str:
    """The line of the table that a file counts for."""
    name = str(entry["package"])
    if normal(name) == "pyside6-essentials":
        for pattern, part in _PARTS:
            if fnmatch.fnmatchcase(entry["path"], pattern):
                return f"{name}: {part}"
    return name


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; what a link leads to is not counted."""
    return sum(map(_size, _files(path))) if path.is_dir() else path.stat().st_size


def _packed(files: Iterable[Path]) -> int:
    """Bytes of files compressed one after the other; fast rather than small, for it only gives shares."""
    compressor = lzma.LZMACompressor(preset=1)
    size = sum(len(compressor.compress(path.read_bytes())) for path in sorted(files))
    return size + len(compressor.flush())


def _mb(size: int | None, digits: int = 1) -> str:
    return "?" if size is None else f"{size / 1_000_000:.{digits}f}"


def main() -> int:
    about = product.load()
    folder = bundle.folder(about)
    if not folder.is_dir():
        print(
            "weights: there is no bundle to weigh; make one: python3 packaging/build.py deb", file=sys.stderr
        )
        return 1
    manifest = json.loads(bundle.MANIFEST.read_text("utf-8"))
    deb = next(product.DIST.glob(f"{about.name}_{about.version}_*.deb"), None)
    weights = weigh(manifest, folder, bundle.internal(folder))
    TABLE.write_text(table(weights, deb and deb.stat().st_size), "utf-8", newline="\n")
    print(TABLE.read_text("utf-8"))
    problems = check(folder, deb)
    for problem in problems:
        print(f"weights: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
