"""What installers say about the program: read from pyproject.toml and CHANGELOG.md, and from nowhere else."""

import datetime
import functools
import hashlib
import os
import platform
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
DIST = ROOT / "dist"
ICON = ROOT / "resources" / "icons" / "desktop-chat.svg"
SUMS = "SHA256SUMS"
"""The file of checksums beside what was built."""
CHANGELOG = ROOT / "packaging" / "CHANGELOG.md"

_RELEASE = re.compile(r"^## \[(?P<version>\d+\.\d+\.\d+)\] - (?P<date>\d{4}-\d\d-\d\d)$", re.MULTILINE)
_ARCHITECTURES = {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}


class Failed(Exception):
    """Something could not be built: what went wrong and what to do, in plain words."""


class Unavailable(Exception):
    """This machine cannot make it: what it lacks."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version of the changelog. ``notes`` are its points, one text each, Markdown marks included."""

    version: str
    date: datetime.date
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The program, as every installer names it.

    ``app_id`` names the .desktop file, the AppStream component, the macOS bundle and the Windows
    application alike. ``homepage`` is None as long as the project has none: what needs one is then left
    out. ``releases`` are the newest first. ``epoch`` is the time that files in packages bear, in seconds.
    """

    name: str
    title: str
    version: str
    summary: str
    licence: str
    app_id: str
    publisher: str
    email: str
    homepage: str | None
    releases: tuple[Release, ...]
    epoch: int

    @property
    def maintainer(self) -> str:
        """As Debian and RPM write it."""
        return f"{self.publisher} <{self.email}>"

    @property
    def date(self) -> datetime.datetime:
        """:attr:`epoch` as a time in UTC."""
        return datetime.datetime.fromtimestamp(self.epoch, datetime.UTC)


def machine() -> str:
    """The architecture as the names of files have it: ``x86_64`` or ``arm64``, on every system."""
    name = platform.machine().lower()
    return _ARCHITECTURES.get(name, name)


def sha256(file: Path) -> str:
    """The checksum of a file, as ``sha256sum`` prints it."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@functools.cache
def load() -> Product:
    """Read it all. Raises :class:`Failed` where the changelog does not begin with this version."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project, ours = configuration["project"], configuration["tool"]["desktop-chat"]
    releases = _releases(CHANGELOG.read_text("utf-8"))
    if not releases or releases[0].version != project["version"]:
        newest = releases[0].version if releases else "none"
        raise Failed(
            f"pyproject.toml says version {project['version']}, the newest in {CHANGELOG.name} is {newest}."
        )
    return Product(
        name=project["name"],
        title=ours["title"],
        version=project["version"],
        summary=project["description"],
        licence=project["license"],
        app_id=ours["app-id"],
        publisher=ours["publisher"],
        email=ours["email"],
        homepage=project.get("urls", {}).get("Homepage"),
        releases=releases,
        epoch=_epoch(releases[0]),
    )


def _releases(text: str) -> tuple[Release, ...]:
    """The releases of a changelog in the form of keepachangelog.com; what is not released is left out."""
    found = list(_RELEASE.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return tuple(
        Release(
            match["version"],
            datetime.date.fromisoformat(match["date"]),
            tuple(_points(text[match.end() : end])),
        )
        for match, end in zip(found, ends, strict=True)
    )


def _points(text: str) -> list[str]:
    """The points of all lists, each on one line."""
    items = re.findall(r"^- (.+(?:\n  +\S.*)*)", text, re.MULTILINE)
    return [" ".join(item.split()) for item in items]


def _epoch(newest: Release) -> int:
    """SOURCE_DATE_EPOCH (reproducible-builds.org/docs/source-date-epoch), else the last commit's time."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    try:
        answer = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return int(answer.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        midnight = datetime.datetime.combine(newest.date, datetime.time(), datetime.UTC)
        return int(midnight.timestamp())
