#!/usr/bin/env python3
"""Make everything that users install, as far as the machine it runs on can make it.

    python3 packaging/build.py              all formats of this system
    python3 packaging/build.py deb sbom     only these
    python3 packaging/build.py --list       the formats, and where each can be made

Packages go to dist/, work to build/. The bundle that all of them carry is made once a run; --keep-bundle
takes the one of an earlier run as it is. What a format needs is named where it is missing; for one that was
asked for by name, that is an error. Needs Python 3.11 or newer, the one that the bundle is to carry.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import NamedTuple

import bundle
import product
import weights
from product import DIST, SUMS, Failed, Product, Unavailable


class Format(NamedTuple):
    """One thing to make: the module whose ``build(product, bundle, dist)`` makes it, and on which systems."""

    what: str
    module: str
    systems: tuple[str, ...]


LINUX, MACOS, WINDOWS = "linux", "darwin", "win32"
FORMATS = {
    "sbom": Format("a list of all that is bundled, CycloneDX", "sbom", (LINUX, MACOS, WINDOWS)),
    "tar": Format("an archive for any Linux", "linux.tarball", (LINUX,)),
    "deb": Format("a package for Debian and Ubuntu", "linux.deb", (LINUX,)),
    "rpm": Format("a package for Fedora and openSUSE", "linux.rpm", (LINUX,)),
    "appimage": Format("one file for any Linux", "linux.appimage", (LINUX,)),
    "flatpak": Format("a manifest for flatpak-builder", "linux.flatpak", (LINUX,)),
    "setup": Format("an installer for Windows", "windows.setup", (WINDOWS,)),
    "portable": Format("an archive for Windows with its data beside it", "windows.portable", (WINDOWS,)),
    "dmg": Format("a disk image for macOS", "macos.dmg", (MACOS,)),
}


def make(name: str, product_: Product, folder: Path) -> Path:
    """Make one format. Returns the file. Raises :class:`Failed`, :class:`Unavailable`."""
    if sys.platform not in FORMATS[name].systems:
        raise Unavailable(f"it is made on {' or '.join(FORMATS[name].systems)}")
    return importlib.import_module(FORMATS[name].module).build(product_, folder, DIST)


def write_sums() -> None:
    """The checksums of all that is in dist/, as ``sha256sum -c`` reads them."""
    files = sorted(path for path in DIST.iterdir() if path.is_file() and path.name != SUMS)
    lines = [f"{product.sha256(path)}  {path.name}\n" for path in files]
    (DIST / SUMS).write_text("".join(lines), "utf-8", newline="\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # Before 3.14 argparse looks for the empty list, too, among the choices (python/cpython#53834).
    parser.add_argument("formats", nargs="*", metavar="FORMAT", choices=[[], *FORMATS], help="what to make")
    parser.add_argument("--list", action="store_true", help="name the formats, make nothing")
    parser.add_argument("--keep-bundle", action="store_true", help="take the bundle of an earlier run")
    options = parser.parse_args()
    if options.list:
        for name, format_ in FORMATS.items():
            print(f"{name:10} {format_.what} ({', '.join(format_.systems)})")
        return 0
    try:
        return _build(options.formats, keep=options.keep_bundle)
    except Failed as failure:
        print(f"build: {failure}", file=sys.stderr)
        return 1


def _build(names: list[str], *, keep: bool) -> int:
    product_ = product.load()
    DIST.mkdir(exist_ok=True)
    began = time.monotonic()
    folder = bundle.folder(product_)
    if not (keep and folder.exists()):
        bundle.build(product_)
    _say("bundle", folder, began)
    made: dict[str, Path] = {}
    missing = False
    for name in names or FORMATS:
        began = time.monotonic()
        try:
            made[name] = make(name, product_, folder)
            _say(name, made[name], began)
        except Unavailable as reason:
            print(f"{name:10} not here: {reason}", flush=True)
            missing = missing or name in names
    write_sums()
    if too_heavy := weights.check(folder, made.get("deb")):
        raise Failed("\n".join(too_heavy))
    return 1 if missing else 0


def _say(name: str, made: Path, began: float) -> None:
    files = [made] if made.is_file() else [path for path in made.rglob("*") if not path.is_symlink()]
    size = sum(path.stat().st_size for path in files if path.is_file()) / 1e6
    seconds = time.monotonic() - began
    print(f"{name:10} {made.relative_to(product.ROOT)} ({size:.1f} MB, {seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
