#!/usr/bin/env python3
"""Start the app, or check it, from a checkout: makes what is missing, then becomes the program.

    python3 packaging/dev.py run [ARGS]     the app; ARGS are its own, see: run --help
    python3 packaging/dev.py test           lint, types and every test
    python3 packaging/dev.py test ARGS      pytest alone, with ARGS, in the project's folder

The locked environment is made in .venv with uv. A machine without uv gets one in .uv; nothing else on it
changes, except on Linux: system libraries that Qt needs, and for "test" the programs that the end-to-end
tests drive, are installed where that needs no password (root or passwordless sudo, apt-get), else named.
UV_* and PIP_* variables are respected. Needs Python 3.11 or newer and nothing beside it.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file meets whatever python3 the machine has
    sys.exit(
        "Desktop Chat needs Python 3.11 or newer; this is Python %d.%d.\n"  # noqa: UP031 - see above
        "Call this file with a newer one, for example: python3.12 packaging/dev.py run" % sys.version_info[:2]
    )

import ctypes
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent.parent
UV_VERSION = "0.13.8"
OLDEST_UV = (0, 5)
"""The first series with dependency groups and ``--locked`` as they are used here."""
WINDOWS = sys.platform == "win32"
IN_PARALLEL = ("-n", "logical", "--maxprocesses", "4", "--dist", "loadgroup")
"""For every test: on all cores, but where tests must follow each other (``xdist_group``)."""


class Failed(Exception):
    """What went wrong and what to do, in plain words."""


class Need(NamedTuple):
    """Something of the operating system: how to see that it is there, and which package brings it."""

    what: str
    present: Callable[[], bool]
    apt: str
    dnf: str
    pacman: str
    zypper: str


def library(soname: str, apt: str, dnf: str, pacman: str, zypper: str) -> Need:
    def present() -> bool:
        try:
            ctypes.CDLL(soname)
        except OSError:
            return False
        return True

    return Need(soname, present, apt, dnf, pacman, zypper)


def program(name: str, apt: str, dnf: str, pacman: str, zypper: str) -> Need:
    return Need(name, lambda: shutil.which(name) is not None, apt, dnf, pacman, zypper)


def file(what: str, patterns: Sequence[str], apt: str, dnf: str, pacman: str, zypper: str) -> Need:
    def present() -> bool:
        return any(next(Path("/").glob(pattern), None) is not None for pattern in patterns)

    return Need(what, present, apt, dnf, pacman, zypper)


# What Qt's wheel links (its NEEDED entries) and does not bring.
QT: tuple[Need, ...] = (
    library("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd", "libEGL1"),
    library("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd", "libGL1"),
    library("libX11.so.6", "libx11-6", "libX11", "libx11", "libX11-6"),
    library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus", "libdbus-1-3"),
    library("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig", "libfontconfig1"),
    library("libfreetype.so.6", "libfreetype6", "freetype", "freetype2", "libfreetype6"),
    library("libglib-2.0.so.0", "libglib2.0-0", "glib2", "glib2", "libglib-2_0-0"),
    library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon", "libxkbcommon0"),
    library("libgssapi_krb5.so.2", "libgssapi-krb5-2", "krb5-libs", "krb5", "krb5"),
    library("libstdc++.so.6", "libstdc++6", "libstdc++", "gcc-libs", "libstdc++6"),
)
QT_WAYLAND: tuple[Need, ...] = (
    library(
        "libwayland-client.so.0", "libwayland-client0", "libwayland-client", "wayland", "libwayland-client0"
    ),
    library(
        "libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor", "wayland", "libwayland-cursor0"
    ),
    library("libwayland-egl.so.1", "libwayland-egl1", "libwayland-egl", "wayland", "libwayland-egl1"),
)
QT_X11: tuple[Need, ...] = (
    library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor", "libxcb-cursor0"),
    library(
        "libxkbcommon-x11.so.0",
        "libxkbcommon-x11-0",
        "libxkbcommon-x11",
        "libxkbcommon-x11",
        "libxkbcommon-x11-0",
    ),
    library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "libx11", "libX11-xcb1"),
    library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm", "libxcb-icccm4"),
    library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "xcb-util-image", "libxcb-image0"),
    library(
        "libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms", "libxcb-keysyms1"
    ),
    library("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "libxcb", "libxcb-randr0"),
    library(
        "libxcb-render-util.so.0",
        "libxcb-render-util0",
        "xcb-util-renderutil",
        "xcb-util-renderutil",
        "libxcb-render-util0",
    ),
    library("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb", "libxcb-shape0"),
    library("libxcb-shm.so.0", "libxcb-shm0", "libxcb", "libxcb", "libxcb-shm0"),
    library("libxcb-sync.so.1", "libxcb-sync1", "libxcb", "libxcb", "libxcb-sync1"),
    library("libxcb-util.so.1", "libxcb-util1", "xcb-util", "xcb-util", "libxcb-util1"),
    library("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb", "libxcb", "libxcb-xfixes0"),
    library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb", "libxcb-xkb1"),
)
END_TO_END: tuple[Need, ...] = (
    program("Xvfb", "xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb", "xorg-x11-server-Xvfb"),
    program("dbus-run-session", "dbus", "dbus-daemon", "dbus", "dbus-1"),
    program("gnome-keyring-daemon", "gnome-keyring", "gnome-keyring", "gnome-keyring", "gnome-keyring"),
    file(
        "at-spi-bus-launcher",
        (
            "usr/libexec/at-spi-bus-launcher",
            "usr/lib*/at-spi*/at-spi-bus-launcher",
            "usr/lib/at-spi-bus-launcher",
        ),
        "at-spi2-core",
        "at-spi2-core",
        "at-spi2-core",
        "at-spi2-core",
    ),
    file(
        "the Atspi typelib",
        ("usr/lib*/girepository-1.0/Atspi-2.0.typelib", "usr/lib/*/girepository-1.0/Atspi-2.0.typelib"),
        "gir1.2-atspi-2.0",
        "at-spi2-core",
        "at-spi2-core",
        "typelib-1_0-Atspi-2_0",
    ),
    file(
        "PyGObject for /usr/bin/python3",
        ("usr/lib*/python3/dist-packages/gi", "usr/lib*/python3.*/site-packages/gi"),
        "python3-gi",
        "python3-gobject-base",
        "python-gobject",
        "python3-gobject",
    ),
    file(
        "a scalable font",
        ("usr/share/fonts/**/*.[to]tf",),
        "fonts-dejavu-core",
        "dejavu-sans-fonts",
        "ttf-dejavu",
        "dejavu-fonts",
    ),
)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def missing(needs: Sequence[Need]) -> list[Need]:
    return [need for need in needs if not need.present()]


def advice(needs: Sequence[Need]) -> str:
    """The command that installs ``needs`` on this machine, by the first package manager it has."""
    commands = (
        ("apt-get", "sudo apt-get install", "apt"),
        ("dnf", "sudo dnf install", "dnf"),
        ("pacman", "sudo pacman -S", "pacman"),
        ("zypper", "sudo zypper install", "zypper"),
    )
    for name, command, field in commands:
        if shutil.which(name):
            return f"{command} {' '.join(dict.fromkeys(getattr(need, field) for need in needs))}"
    return f"your system's package manager (on Debian: {' '.join(need.apt for need in needs)})"


def install(needs: Sequence[Need]) -> None:
    """Installs ``needs`` where this user may without a password; the caller looks whether it helped."""
    if not needs or not shutil.which("apt-get"):
        return
    prefix: list[str] = []
    if os.geteuid() != 0:
        prefix = ["sudo", "-n"]
        if not shutil.which("sudo") or subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
            return
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    packages = list(dict.fromkeys(need.apt for need in needs))
    say(f"Installing system packages: {' '.join(packages)}")
    # One by one as a second try: a package that this release does not have must not keep the others away.
    subprocess.run([*apt, "update"], stdout=subprocess.DEVNULL)
    command = [*apt, "install", "-y", "--no-install-recommends"]
    if subprocess.run([*command, *packages], stdout=subprocess.DEVNULL).returncode != 0:
        for package in packages:
            subprocess.run([*command, package], stdout=subprocess.DEVNULL)


def provide(needs: Sequence[Need], wanted: Sequence[Need]) -> None:
    """Sees to ``needs``, without which nothing starts, and ``wanted``, without which tests are left out.

    Raises Failed where one of ``needs`` is missing and cannot be installed.
    """
    install(missing([*needs, *wanted]))
    lacking = missing(needs)
    if lacking:
        names = ", ".join(need.what for need in lacking)
        raise Failed(f"This system lacks: {names}\nInstall it with: {advice(lacking)}")
    lacking = missing(wanted)
    if lacking:
        say("=" * 78)
        for need in lacking:
            say(f"MISSING, tests that need it will be skipped: {need.what}")
        say(f"Install with: {advice(lacking)}")
        say("=" * 78)


def venv_module() -> Need:
    """Debian ships Python without ``ensurepip``; the package's name carries the version of this Python."""

    def present() -> bool:
        importlib.invalidate_caches()
        return importlib.util.find_spec("ensurepip") is not None

    name = f"python3.{sys.version_info.minor}-venv"
    return Need("Python's ensurepip (venv)", present, name, "python3-libs", "python", "python3-base")


def system_needs(command: str) -> tuple[Sequence[Need], Sequence[Need]]:
    """What ``command`` cannot do without, and what only some tests need."""
    if not sys.platform.startswith("linux"):
        return (), ()
    needs = QT
    if command == "test" or os.environ.get("DISPLAY"):
        needs += QT_X11
    elif os.environ.get("WAYLAND_DISPLAY"):
        needs += QT_WAYLAND
    if not up_to_date() and find_uv() is None:
        needs += (venv_module(),)
    return needs, END_TO_END if command == "test" else ()


def usable(uv: Path) -> bool:
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.match(r"uv (\d+)\.(\d+)", answer.stdout)
    return answer.returncode == 0 and version is not None and (int(version[1]), int(version[2])) >= OLDEST_UV


def private_uv() -> Path:
    return ROOT / ".uv" / ("Scripts/uv.exe" if WINDOWS else "bin/uv")


def find_uv() -> Path | None:
    """The uv of this machine, else the private one that an earlier run fetched."""
    on_path = shutil.which("uv")
    return next((uv for uv in (on_path and Path(on_path), private_uv()) if uv and usable(uv)), None)


def fetch_uv() -> Path:
    """A private uv beside the checkout. Raises Failed."""
    uv = private_uv()
    home = uv.parent.parent
    say(f"Fetching uv {UV_VERSION} into {home}")
    call([sys.executable, "-m", "venv", "--clear", str(home)], f"No environment could be made in {home}.")
    pip = [str(uv.with_name("python")), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    call(
        [*pip, "--no-user", "--only-binary", ":all:", f"uv=={UV_VERSION}"],
        "uv could not be fetched; see above why. This needs a network connection, or a package index\n"
        "named by PIP_INDEX_URL. Or install uv yourself: https://docs.astral.sh/uv/",
    )
    return uv


def call(command: Sequence[str], explanation: str, env: dict[str, str] | None = None) -> None:
    """Runs a command in the project's folder; its words go to the terminal. Raises Failed(explanation)."""
    try:
        code = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL).returncode
    except OSError as error:
        raise Failed(f"{explanation}\n{error}") from error
    if code != 0:
        raise Failed(f"{explanation}\n(It ended with code {code}: {shlex.join(command)})")


def environment() -> Path:
    return ROOT / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")


def fingerprint(root: Path) -> str:
    """What the environment was made from. The folder counts too: the app is installed by its path."""
    digest = hashlib.sha256(str(root).encode())
    for name in ("pyproject.toml", "uv.lock"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def environment_python() -> Path:
    return environment() / ("Scripts/python.exe" if WINDOWS else "bin/python")


def stamp() -> Path:
    return environment() / "desktop-chat.stamp"


def up_to_date() -> bool:
    return environment_python().exists() and stamp().exists() and stamp().read_text() == fingerprint(ROOT)


def home_is_writable() -> bool:
    """Not so for the users that containers make up: uv needs another place for its cache then."""
    try:
        return os.access(Path.home(), os.W_OK)
    except RuntimeError:
        return False


def make_environment() -> None:
    """Makes the locked environment or brings it up to date. Raises Failed."""
    uv = find_uv() or fetch_uv()
    wanted = fingerprint(ROOT)
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    if not environment_python().exists():
        env.setdefault("UV_PYTHON", sys.executable)
    if "XDG_CACHE_HOME" not in env and not home_is_writable():
        env.setdefault("UV_CACHE_DIR", str(ROOT / ".uv" / "cache"))
    say("Making the locked environment")
    call(
        # Compiled at once: Python would do it at the first start, or at every one where it may not write.
        [str(uv), "sync", "--locked", "--compile-bytecode"],
        "The locked environment could not be made; see above what uv said. The first time this needs a\n"
        "network connection, or a package index named by UV_DEFAULT_INDEX.",
        env,
    )
    subprocess.run([str(environment_python()), "-m", "compileall", "-q", "desktop_chat"], cwd=ROOT)
    stamp().write_text(wanted)


def become(python: Path, arguments: Sequence[str]) -> NoReturn:
    """Replaces this process, so that signals and the exit code are the program's own."""
    command = [str(python), *arguments]
    if WINDOWS:
        sys.exit(subprocess.run(command).returncode)
    os.execv(python, command)


def check(python: Path) -> None:
    """Lint and types. All of them report before the first failure ends the run. Raises Failed."""
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    failed = []
    for arguments in checks:
        if subprocess.run([str(python), "-m", *arguments], cwd=ROOT).returncode != 0:
            failed.append(" ".join(arguments))
    if failed:
        raise Failed(f"Not clean: {', '.join(failed)}. The tests were not run.")


def main(arguments: Sequence[str]) -> None:
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return
    if not arguments or arguments[0] not in ("run", "test"):
        say(f"usage: {Path(sys.argv[0]).name} run [ARGS] | test [ARGS]   (-h explains)")
        sys.exit(2)
    command, *rest = arguments
    try:
        provide(*system_needs(command))
        if not up_to_date():
            make_environment()
        python = environment_python()
        if command == "run":
            become(python, ["-P", "-m", "desktop_chat", *rest])
        if not rest:
            check(python)
        os.chdir(ROOT)
        become(python, ["-m", "pytest", *(rest or IN_PARALLEL)])
    except Failed as failure:
        say(str(failure))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])
