"""A disk that loses its power: what was not synced is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw


class Disk(apsw.VFS):
    """Passes everything on to the real file system and remembers each file as of its last sync.

    ``history`` has all of them as of every sync. Harsher than a real disk, which would have written some of
    the rest as well.
    """

    def __init__(self) -> None:
        self.base = apsw.vfs_names()[0]
        self.synced: dict[str, bytes] = {}
        self.history: list[dict[str, bytes]] = []
        super().__init__("losing-power", self.base, makedefault=True)

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> "File":
        return File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.synced.pop(Path(filename).name, None)

    def cut_power(self, folder: Path) -> None:
        """Put what would be left of the files into ``folder``."""
        self.restore(self.synced, folder)

    def restore(self, synced: dict[str, bytes], folder: Path) -> None:
        folder.mkdir()
        for name, data in synced.items():
            (folder / name).write_bytes(data)


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        self.disk = disk
        self.path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "")
        super().__init__(disk.base, name, flags)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        size = super().xFileSize()
        self.disk.synced[self.path.name] = super().xRead(size, 0) if size else b""
        self.disk.history.append(dict(self.disk.synced))


@contextmanager
def disk() -> Iterator[Disk]:
    """Every database opened meanwhile is on such a disk."""
    losing = Disk()
    try:
        yield losing
    finally:
        apsw.set_default_vfs(losing.base)
        losing.unregister()
