"""Tests the installed program, not the checkout.

    python3 packaging/smoke_test.py [--short] [--suite NAME ...] [--deb FILE] [--keep]

installs a Debian package on a bare Debian 12 and a bare Debian 13, as root on Linux, with Xvfb and
mmdebstrap: a user without rights starts it, reads it by its accessibility tree, talks to the demo model and
to a server on the loopback interface, keeps a key in the keyring; then it is upgraded, removed and purged.
Its pictures are in build/smoke/.

    python3 packaging/smoke_test.py --installed COMMAND

tests what can be told of an installed program on every system, without being root.

Each step prints a line; the last line is the summary. Exit code 1: something failed; 2: this machine lacks
something that is needed, and nothing was tested.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from smoke import debian, installed, root
from smoke.report import Failed, Report

FOLDER = Path(__file__).resolve().parent
BUILD, DIST = FOLDER.parent / "build", FOLDER.parent / "dist"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    report = Report()
    if options.installed:
        installed.check(report, options.installed)
        return report.summary()
    if lacking := root.missing():
        return _cannot("this machine lacks " + ", ".join(lacking))
    try:
        deb = options.deb or _newest_deb()
        archives = {suite: root.base(suite, _cache()) for suite in options.suite}
    except (Failed, OSError, subprocess.SubprocessError) as error:
        return _cannot(str(error))
    if not options.inside:
        return _again_inside(arguments)
    with root.claim(_cache()):
        for suite, archive in archives.items():
            _test(report, suite, archive, deb, options)
    return report.summary()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    assert __doc__
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="Debian 12 alone, the essential steps")
    parser.add_argument("--suite", action="append", choices=list(root.SUITES), help="test on this Debian")
    parser.add_argument("--deb", type=Path, help="the package; else the newest in dist/")
    parser.add_argument("--keep", action="store_true", help="leave the roots in build/smoke/ to be looked at")
    parser.add_argument("--installed", metavar="COMMAND", help="test this installed program instead")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.suite = options.suite or list(root.SUITES)[: 1 if options.short else None]
    return options


def _cannot(why: str) -> int:
    print(f"smoke_test.py: not tested: {why}", file=sys.stderr)
    return 2


def _newest_deb() -> Path:
    found = sorted(DIST.glob("*.deb"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise Failed("there is no package in dist/: python3 packaging/build.py deb, or --deb FILE")
    return found[-1]


def _cache() -> Path:
    """Where roots and downloaded packages are kept between runs."""
    given = os.environ.get("XDG_CACHE_HOME")
    return Path(given, "desktop-chat-smoke") if given else BUILD / "roots"


def _again_inside(arguments: Sequence[str] | None) -> int:
    """This program again, with mounts and processes of its own that are gone when it ends."""
    given = sys.argv[1:] if arguments is None else arguments
    command = [sys.executable, str(FOLDER / "smoke_test.py"), *given, "--inside"]
    process = subprocess.Popen(root.inside(command))
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    try:
        return process.wait()
    finally:
        process.kill()  # and with it all that runs inside
        process.wait()


def _test(report: Report, suite: str, archive: Path, deb: Path, options: argparse.Namespace) -> None:
    pictures = BUILD / "smoke"
    pictures.mkdir(parents=True, exist_ok=True)
    folder = pictures / f"root-{suite}"
    if not options.keep:
        folder = archive.parent / "mounted"
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=4g", "smoke", str(folder)], check=True)
    bare = root.Root(archive, folder, archive.parent / f"packages-{suite}")
    debian.run(report, bare, deb, pictures, suite=suite, short=options.short)


if __name__ == "__main__":
    sys.exit(main())
