"""What a bundled program sets right that PyInstaller leaves to it."""

import contextlib
import os
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path

_STARTED = "/proc/self/exe"
"""The file that this process was started from, whatever has become of its name: proc_pid_exe(5)."""
_OWN = ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH")


def clean(environ: MutableMapping[str, str]) -> None:
    """Take what leads to the bundle's own libraries out of ``environ``: a browser or a file manager that the
    program starts would load them in place of its own. Does nothing in a program that is not frozen.

    This process needs none of it: the linker has read LD_LIBRARY_PATH, and PySide6 tells Qt where its plugins
    are. https://pyinstaller.org/en/stable/common-issues-and-pitfalls.html
    """
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is None:
        return
    if environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)[0] == bundle:
        before = environ.pop("LD_LIBRARY_PATH_ORIG", "")
        environ["LD_LIBRARY_PATH"] = before
        if not before:
            del environ["LD_LIBRARY_PATH"]
    for name in list(environ):
        if name in _OWN or name.startswith("_PYI_"):
            del environ[name]


def hold_modules() -> None:
    """Have modules read from the file that this frozen program was started from, also when an upgrade or a
    removal has taken it from its place: PyInstaller opens it by name for each module that is imported, and
    would find another in it, or end the program. Only Linux replaces the file of a program that runs.
    """
    importers = sys.modules.get("pyimod02_importers")
    if importers is None or not _started_from(importers.pyz_archive._filename):
        return
    importers.pyz_archive._filename = _STARTED


def is_replaced() -> bool:
    """Whether the program that runs here was upgraded or removed since it was started. What it has not loaded
    yet of libraries and pictures is then of another version, or gone."""
    frozen = getattr(sys, "frozen", False) and Path(_STARTED).exists()
    return frozen and not _started_from(sys.executable)


def _started_from(path: str) -> bool:
    try:
        return Path(_STARTED).samefile(path)
    except OSError:
        return False


@contextlib.contextmanager
def console() -> Iterator[None]:
    """Let a windowed program of Windows, which has no standard output, write to the console it was started
    from, if there is one. Only for a while: closing a console ends the programs that use it."""
    with contextlib.ExitStack() as stack:
        if sys.platform == "win32" and sys.__stdout__ is None:
            stack.enter_context(_parents_console())
        yield


if sys.platform == "win32":

    @contextlib.contextmanager
    def _parents_console() -> Iterator[None]:
        import ctypes

        # -1 is ATTACH_PARENT_PROCESS.
        if not ctypes.windll.kernel32.AttachConsole(-1):
            yield
            return
        with Path("CONOUT$").open("w", encoding="utf-8") as output:
            sys.stdout = sys.stderr = output
            try:
                yield
            finally:
                sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        ctypes.windll.kernel32.FreeConsole()
