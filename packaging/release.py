"""What a release needs beside its installers; the release workflow runs it, and anybody may.

python3 packaging/release.py check TAG         whether this commit may be released as TAG
python3 packaging/release.py notes             what is new in this version, and where Qt's sources are
python3 packaging/release.py gather FROM TO    the files of all machines, checked, with their checksums
"""

import datetime
import re
import shutil
import sys
import tomllib
from pathlib import Path

import licences
import product
from product import SUMS, Failed, Product

ASSETS = (
    "{name}-{version}-linux-x86_64.tar.xz",
    "{name}_{version}_amd64.deb",
    "{name}-{version}-1.x86_64.rpm",
    "Desktop_Chat-{version}-x86_64.AppImage",
    "{app_id}-{version}-x86_64.flatpak",
    "{name}-{version}-setup.exe",
    "{name}-{version}-windows-x64.zip",
    "{name}-{version}-macos-arm64.dmg",
    "{name}-{version}-macos-x86_64.dmg",
    "{name}-{version}-linux-x86_64.cdx.json",
    "{name}-{version}-windows-x86_64.cdx.json",
    "{name}-{version}-macos-arm64.cdx.json",
    "{name}-{version}-macos-x86_64.cdx.json",
)
"""The files of a release; all of them, or it is none."""


def check(about: Product, tag: str) -> None:
    """Raises :class:`Failed` where this commit must not be released as ``tag``."""
    if tag != f"v{about.version}":
        raise Failed(f"The tag is {tag}, but pyproject.toml and the changelog say {about.version}.")
    date = about.releases[0].date
    if date > datetime.datetime.now(datetime.UTC).date():
        raise Failed(f"The changelog dates {about.version} {date}, which is yet to come.")
    if about.email.endswith(".invalid"):
        raise Failed(f"pyproject.toml still has the address that reaches nobody: {about.email}")


def notes(about: Product) -> str:
    """The section of the changelog about this version, without its heading; and where the sources are that
    the GPL, section 6d, wants named beside the programs."""
    text = product.CHANGELOG.read_text("utf-8")
    section = text.partition(f"\n## [{about.version}]")[2].partition("\n")[2]
    news = re.split(r"^(?:## |\[[^\]]+\]: )", section, maxsplit=1, flags=re.MULTILINE)[0].strip()
    locked = tomllib.loads((product.ROOT / "uv.lock").read_text("utf-8"))["package"]
    versions = [each["version"] for each in locked if each["name"] == "pyside6-essentials"]
    sources = "\n\n".join(map(licences.qt_sources, versions))
    return f"{news}\n\n### Sources of Qt and PySide that are bundled\n\n{sources}\n"


def gather(about: Product, source: Path, target: Path) -> None:
    """Collect the files of a release from the folders in ``source``, one a machine, into the new ``target``.

    Each is held to the checksum that its machine wrote. Raises :class:`Failed` where one is missing or not
    as it was built; a file that is no part of a release stays behind.
    """
    wanted = {
        pattern.format(name=about.name, version=about.version, app_id=about.app_id) for pattern in ASSETS
    }
    target.mkdir(parents=True)
    sums = {}
    for listed in sorted(source.glob(f"*/{SUMS}")):
        for line in listed.read_text("utf-8").splitlines():
            digest, _, name = line.partition("  ")
            if name not in wanted:
                continue
            file = listed.with_name(name)
            if not file.is_file() or product.sha256(file) != digest:
                raise Failed(f"{file} is not what {listed} says.")
            if name in sums:
                raise Failed(f"{name} was built on two machines.")
            sums[name] = digest
            shutil.copyfile(file, target / name)
    if missing := sorted(wanted - sums.keys()):
        raise Failed(f"Not built: {', '.join(missing)}")
    lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    (target / SUMS).write_text(lines, "utf-8", newline="\n")


def main(arguments: list[str]) -> None:
    about = product.load()
    match arguments:
        case ["check", tag]:
            check(about, tag)
        case ["notes"]:
            print(notes(about), end="")
        case ["gather", source, target]:
            gather(about, Path(source), Path(target))
        case _:
            print(__doc__, file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
