"""A disk that loses its power: what was not synced is gone, or torn."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

SECTOR = 512


class Disk(apsw.VFS):
    """Passes everything on to the real file system and remembers each file as of its last sync.

    ``history`` has all of them as of every sync. Harsher than a real disk, which would have written some of
    the rest as well: ``torn`` has that, for each sync what was written before it and after the last one, in
    any order, the last piece of it up to some sector only.
    """

    def __init__(self, *, tears: bool) -> None:
        self.tears = tears
        self.base = apsw.vfs_names()[0]
        self.synced: dict[str, bytes] = {}
        self.history: list[dict[str, bytes]] = []
        self.torn: list[dict[str, bytes]] = []
        self.unsynced: list[tuple[str, int, bytes]] = []
        self._noise = random.Random(1)
        super().__init__("losing-power", self.base, makedefault=True)

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> "File":
        return File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.synced.pop(Path(filename).name, None)

    def remember(self) -> None:
        """A file is about to be synced."""
        torn = {name: bytearray(data) for name, data in self.synced.items()}
        some = [write for write in self.unsynced if self._noise.random() < 0.5]
        self._noise.shuffle(some)
        for place, (name, offset, data) in enumerate(some):
            if place == len(some) - 1:
                data = data[: SECTOR * self._noise.randrange(len(data) // SECTOR + 1)]
            file = torn.setdefault(name, bytearray())
            file.extend(bytes(max(0, offset + len(data) - len(file))))
            file[offset : offset + len(data)] = data
        self.torn.append({name: bytes(data) for name, data in torn.items()})

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

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        if self.disk.tears:
            self.disk.unsynced.append((self.path.name, offset, bytes(data)))

    def xSync(self, flags: int) -> None:
        if self.disk.tears:
            self.disk.remember()
            self.disk.unsynced = [write for write in self.disk.unsynced if write[0] != self.path.name]
        super().xSync(flags)
        size = super().xFileSize()
        self.disk.synced[self.path.name] = super().xRead(size, 0) if size else b""
        self.disk.history.append(dict(self.disk.synced))


@contextmanager
def disk(*, tears: bool = False) -> Iterator[Disk]:
    """Every database opened meanwhile is on such a disk; one that ``tears`` remembers what was ``torn``."""
    losing = Disk(tears=tears)
    try:
        yield losing
    finally:
        apsw.set_default_vfs(losing.base)
        losing.unregister()
