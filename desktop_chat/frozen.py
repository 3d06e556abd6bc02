"""What a bundled program sets right that PyInstaller leaves to it."""

import contextlib
import os
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path

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
