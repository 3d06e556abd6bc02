"""What the programs and libraries of a bundle need from the system they are installed on, read by readelf."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import product

_FILE = re.compile(r"^File: (.+)$")
_DYNAMIC = re.compile(r"\((NEEDED|RPATH|RUNPATH)\).*\[(.*)\]$")
_STACK = re.compile(r"^ +GNU_STACK .* ([R ][W ][E ]) +(?:0x)?[0-9a-f]+$")
_VERSIONS_OF = re.compile(r"Version: 1 +File: (\S+) +Cnt:")
_VERSION = re.compile(r"Name: (\S+) +Flags: ")


@dataclass(slots=True)
class Object:
    """One ELF file. ``versions`` are the symbol versions it asks of each library, ``paths`` its run paths."""

    path: Path
    needed: set[str] = field(default_factory=set)
    paths: list[str] = field(default_factory=list)
    stack: str = ""
    versions: dict[str, set[str]] = field(default_factory=dict)


def objects(folder: Path) -> list[Object]:
    """Every ELF file under ``folder``, links left out. Raises :class:`product.Failed` without readelf."""
    files = [path for path in sorted(folder.rglob("*")) if not path.is_symlink() and _is_elf(path)]
    if not files:
        return []
    try:
        answer = subprocess.run(
            # With one file, readelf does not name it.
            ["readelf", "--wide", "--dynamic", "--segments", "--version-info", *files, os.devnull],
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError as error:
        raise product.Failed(
            f"readelf of binutils is needed to see what the bundle needs: {error}"
        ) from error
    found = list(_parse(answer.stdout.splitlines()))
    found = [each for each in found if each.path != Path(os.devnull)]
    if len(found) != len(files):
        raise product.Failed(f"readelf could not read all files:\n{answer.stderr}")
    return found


def _is_elf(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _parse(lines: Iterable[str]) -> Iterator[Object]:
    current: Object | None = None
    versions: set[str] = set()
    for line in lines:
        if match := _FILE.search(line):
            if current:
                yield current
            current = Object(Path(match[1]))
        elif current is None:
            continue
        elif match := _DYNAMIC.search(line):
            if match[1] == "NEEDED":
                current.needed.add(match[2])
            else:
                current.paths += match[2].split(":")
        elif match := _STACK.search(line):
            current.stack = match[1]
        elif match := _VERSIONS_OF.search(line):
            versions = current.versions.setdefault(match[1], set())
        elif match := _VERSION.search(line):
            versions.add(match[1])
    if current:
        yield current


def needs(found: Iterable[Object], folder: Path) -> dict[str, set[str]]:
    """The libraries that the system must have: sonames, each with the symbol versions asked of it."""
    bundled = {path.name for path in folder.rglob("*.so*")}
    wanted: dict[str, set[str]] = {}
    for each in found:
        for soname in each.needed - bundled:
            wanted.setdefault(soname, set()).update(each.versions.get(soname, ()))
    return dict(sorted(wanted.items()))


def newest(versions: Iterable[str], prefix: str) -> str:
    """The newest of symbol versions such as ``GLIBC_2.34``, without the prefix; "0" where there is none."""
    numbers = [
        version.removeprefix(prefix) for version in versions if re.fullmatch(rf"{prefix}[\d.]+", version)
    ]
    return max(numbers, key=lambda text: [int(part) for part in text.split(".")], default="0")


def check(found: Iterable[Object], folder: Path) -> None:
    """Raises :class:`product.Failed` where a file would load code from elsewhere or run code on its stack."""
    wrong = []
    for each in found:
        name = each.path.relative_to(folder)
        # Qt asks for an executable stack nowhere; without the header the kernel would give one.
        if each.stack != "RW ":
            wrong.append(f"{name}: its stack is executable")
        for entry in each.paths:
            inside = os.path.normpath(each.path.parent / entry.removeprefix("$ORIGIN").lstrip("/"))
            if not re.match(r"\$ORIGIN(/|$)", entry) or not Path(inside).is_relative_to(folder):
                wrong.append(f"{name}: looks for libraries in {entry or 'the current folder'}")
    if wrong:
        raise product.Failed("Not safe to install:\n" + "\n".join(wrong))
