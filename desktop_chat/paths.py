"""Where things are: a profile's files, and the resources of the program.

A profile is the folder of one user's data. Without ``--profile`` its files lie where the platform puts
them (platformdirs), or beside a portable program; with it all of them lie under that one folder.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

APP_NAME = "desktop-chat"
APP_ID = "io.github.desktop_chat.DesktopChat"
"""Under which desktops know the program: the name of its .desktop file, the application's id on Windows. For
installers pyproject.toml has it too."""


WORKER_FLAG = "--worker"
"""The first argument that makes a frozen program its own helper: see :mod:`desktop_chat.worker`."""


class Profile(NamedTuple):
    """The files of one profile. ``data`` holds the chats, ``config`` the settings, ``logs`` the logs."""

    data: Path
    config: Path
    logs: Path

    @classmethod
    def default(cls) -> "Profile":
        """The folder ``profile`` beside a frozen program, where there is one; else the platform's places."""
        if (portable := _portable()) is not None:
            return cls.at(portable)
        import platformdirs

        return cls(
            platformdirs.user_data_path(APP_NAME, appauthor=False),
            platformdirs.user_config_path(APP_NAME, appauthor=False, roaming=True),
            platformdirs.user_log_path(APP_NAME, appauthor=False),
        )

    @classmethod
    def at(cls, folder: Path) -> "Profile":
        folder = folder.expanduser().absolute()
        return cls(folder, folder, folder / "logs")

    def create(self) -> None:
        """Make the folders, readable by their owner alone. Raises ``OSError``."""
        for folder in (self.data, self.config, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)

    @property
    def database(self) -> Path:
        return self.data / "chats.db"

    @property
    def backups(self) -> Path:
        return self.data / "backups"

    @property
    def attachments(self) -> Path:
        """The folder of files and images that are attached to messages; not there before the first."""
        return self.data / "attachments"

    @property
    def settings(self) -> Path:
        return self.config / "settings.json"

    @property
    def prices(self) -> Path:
        """Prices that the user had fetched; not there before."""
        return self.data / "prices.json"

    @property
    def passphrase(self) -> Path:
        """What is kept of the passphrase of the app lock; not there where there is none."""
        return self.config / "passphrase.json"

    @property
    def lock(self) -> Path:
        return self.data / "lock"


def resources() -> Path:
    """The folder of icons, demo replies and other data: of the frozen bundle, the wheel or the checkout."""
    if frozen := getattr(sys, "_MEIPASS", None):
        return Path(frozen) / "resources"
    package = Path(__file__).parent
    installed = package / "resources"
    return installed if installed.is_dir() else package.parent / "resources"


def licences() -> Path | None:
    """The licences of all that is in the frozen bundle, in one file; None in a wheel or a checkout."""
    bundle = getattr(sys, "_MEIPASS", None)
    file = Path(bundle) / "LICENCES.txt" if bundle else None
    return file if file is not None and file.is_file() else None


def _portable() -> Path | None:
    # On macOS the program lies within its own signed folder, where nothing may be added.
    if not getattr(sys, "frozen", False) or sys.platform == "darwin":
        return None
    folder = Path(sys.executable).resolve().parent / "profile"
    return folder if folder.is_dir() else None


def write_atomically(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` so that a crash leaves the old file or the new one; mode 0600.

    Raises ``OSError``; the old file is then untouched.
    """
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` when the block ends well, as :func:`write_atomically` tells."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
