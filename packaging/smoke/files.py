"""Lists of files, and what changed between two of them."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

Listing = dict[str, str]
"""What there is by path, relative to the root of the listing: kind, mode, owner and content."""


def listing(root: Path, leaving_out: Iterable[str] = ()) -> Listing:
    """All that lies below ``root``, links not followed; ``leaving_out`` are folders relative to it."""
    skipped = {root / name for name in leaving_out}
    return {path.relative_to(root).as_posix(): _told(path) for path in _walk(root, skipped)}


def _walk(folder: Path, skipped: set[Path]) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if path in skipped:
            continue
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, skipped)


def _told(path: Path) -> str:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        content = f"-> {path.readlink()}"
    elif stat.S_ISREG(status.st_mode):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    else:
        content = ""
    return f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid} {content}"


def changes(before: Listing, after: Listing, allowed: Iterable[str] = ()) -> list[str]:
    """What is new, gone or another, a line each; ``allowed`` are patterns of paths that may be."""
    patterns = tuple(allowed)
    lines = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new or any(fnmatchcase(path, pattern) for pattern in patterns):
            continue
        kind = "new" if old is None else "gone" if new is None else "changed"
        lines.append(f"{kind}: {path} {old if new is None else new}")
    return lines
