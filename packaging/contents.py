"""What goes into the bundle and what does not, with the reasons, and the list of what went in.

Runs in the build environment: PyInstaller's spec and bundle.py ask it.
"""

import functools
import importlib.metadata
import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import product

Entry = tuple[str, str, str]
"""One line of PyInstaller's tables: where in the bundle, from which file, of which type."""

HIDDEN_IMPORTS = (
    # Named as text in worker.JOBS.
    "desktop_chat.attachments.reading",
    "desktop_chat.rendering.colours",
    "desktop_chat.rendering.differences",
    "desktop_chat.rendering.formulas",
    "desktop_chat.tokens.encodings",
    "desktop_chat.tokens.sheets",
    "desktop_chat.validation",
    # Found by entry points. All of them: keyring logs a traceback for each that it cannot import.
    "keyring.backends.SecretService",
    "keyring.backends.Windows",
    "keyring.backends.chainer",
    "keyring.backends.fail",
    "keyring.backends.kwallet",
    "keyring.backends.libsecret",
    "keyring.backends.macOS",
    "keyring.backends.null",
)

DATA_PACKAGES = ("jsonschema_specifications", "latex2mathml", "ziafont", "ziamath")
"""Packages with fonts and tables that PyInstaller has no hook for."""

METADATA = ("PySide6-Essentials", "apsw", "genai-prices", "openai", "tiktoken")
"""Distributions whose versions the program tells, and genai-prices asks for its own."""

EXCLUDED_MODULES = (
    # Tools that libraries bring for developers, and their own command lines.
    "IPython",
    "anyio._backends._trio",
    "apsw.shell",
    "cffi",
    "charset_normalizer.cli",
    "click",
    "dotenv.ipython",
    "genai_prices._cli",
    "httpx2._main",
    "jsonschema.benchmarks",
    "jsonschema.cli",
    "mypy",
    "openai.cli",
    "packaging",
    "pip",
    "pkg_resources",
    "pycparser",
    "pydantic._hypothesis_plugin",
    "pydantic.mypy",
    "rich",
    "setuptools",
    # What libraries use where it is there, and here it is not.
    "PIL",
    "numpy",
    "trio",
    "websockets",
    # pydantic 1 within pydantic 2; openai asks for it only where that is too old to have it.
    "pydantic.v1",
    # How tiktoken fetches its tables, which lie in resources/ here, and what it splits texts with to teach.
    "certifi",
    "regex",
    "requests",
    "tiktoken.load",
    "urllib3",
    # Parts of Python for terminals, developers, and windows other than ours. readline is GPL.
    "curses",
    "distutils",
    "doctest",
    "lib2to3",
    "multiprocessing",
    "pdb",
    "pydoc",
    "pydoc_data",
    "readline",
    "rlcompleter",
    "sqlite3",
    "tkinter",
    "turtle",
    "unittest",
    "xmlrpc",
    # Kinds of compression that nobody sends us; shutil, zipfile and tarfile do without.
    "_bz2",
    "_lzma",
    "bz2",
    "lzma",
    # Would need one more library of the system for what os.urandom does.
    "_uuid",
)

NEEDLESS_HOOKS = (
    # Run at every start, and import what the program does not, so that inspect and pkgutil can look into
    # PyInstaller's archive of modules: nobody asks them to.
    "pyi_rth_inspect",
    "pyi_rth_pkgutil",
    # Imports Qt, for --version too, to say where its plugins are: PySide6 from a wheel says so itself.
    "pyi_rth_pyside6",
)

_QT_PLUGINS = {
    "iconengines": ("qsvgicon",),
    "imageformats": ("qgif", "qico", "qjpeg", "qsvg", "qwebp"),
    "networkinformation": ("qapplenetworkinformation", "qglib", "qnetworklistmanager", "qnetworkmanager"),
    "platforminputcontexts": ("composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"),
    "platforms": ("qcocoa", "qoffscreen", "qwayland", "qwindows", "qxcb"),
    # Not qgtk3: it loads GTK into the process, for colours that our theme does not ask for.
    "platformthemes": ("qxdgdesktopportal",),
    "printsupport": ("cocoaprintersupport", "cupsprintersupport", "windowsprintersupport"),
    "styles": ("qmacstyle", "qmodernwindowsstyle"),
    "wayland-decoration-client": ("adwaita", "bradient"),
    "wayland-graphics-integration-client": ("qt-plugin-wayland-egl",),
    "wayland-shell-integration": ("xdg-shell",),
    "xcbglintegrations": ("qxcb-egl-integration", "qxcb-glx-integration"),
}
"""Plugins of Qt by folder, without the ``lib`` and the suffix of their files."""

_BUNDLED_LIBRARIES = re.compile(
    # Its number differs between distributions.
    r"lib(python3\.\d+|ffi)\.so"
    # Qt's X11 plugin cannot do without them, and a desktop need not have them.
    r"|libxcb-(cursor|icccm|image|keysyms|render-util|util)\.so"
)
"""Of the system's libraries on Linux only these go in. All others, OpenSSL first, every desktop has or the
package asks for: there the system keeps them up to date, and they fit its display, fonts and certificates.
One that lies here would also hide the system's own from the system's other libraries in the process."""

_EXTENSION = re.compile(r"(\.cpython-[\w-]+|\.abi3)?\.(so|pyd)$")
_UNWANTED = re.compile(
    # Our words are English, and those of Qt's own dialogs with them.
    r"PySide6/(Qt/)?translations/"
    # Only for plugins of screens without a desktop, which are left out.
    r"|libQt6(EglFS\w*|EglFs\w*|WlShellIntegration)\."
    # Measured with by its developers.
    r"|jsonschema/benchmarks/"
    # Draws OpenGL without a graphics card; widgets are not drawn by OpenGL.
    r"|opengl32sw\.dll$"
    # Of what an installer noted down, only what a program asks for: paths of this machine are among the rest.
    r"|\.dist-info/(?!METADATA$|entry_points\.txt$)"
    r"|\.(pyi|pyx|pxd|c|h|typed)$"
)


def is_wanted(destination: str, source: str) -> bool:
    """Whether a file that PyInstaller found goes in: ``destination`` within the bundle, from ``source``."""
    path = PurePosixPath(Path(destination).as_posix())
    if "plugins" in path.parts:
        folder, name = path.parts[-2:]
        return re.sub(r"^lib|\.(so|dll|dylib)$", "", name) in _QT_PLUGINS.get(folder, ())
    if sys.platform == "linux" and _is_of_the_system(source):
        return _BUNDLED_LIBRARIES.match(path.name) is not None
    return _UNWANTED.search(str(path)) is None


def _is_of_the_system(source: str) -> bool:
    """Whether a file is a library that neither Python nor a package brought."""
    name = Path(source).name
    return ".so" in name and not _EXTENSION.search(name) and not Path(source).is_relative_to(sys.prefix)


def normal(name: str) -> str:
    """A package's name as indexes compare it (packaging.python.org, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Owner(NamedTuple):
    """Whose a file is: a distribution, ``cpython``, ``debian:NAME``, ``pyinstaller`` or ``desktop-chat``."""

    package: str
    version: str


@functools.cache
def _distributions() -> dict[Path, Owner]:
    """The distributions of this environment, by their files."""
    found = {}
    for distribution in importlib.metadata.distributions():
        # Each of the two is read from the metadata anew.
        owner_ = Owner(distribution.name, distribution.version)
        found |= {Path(str(distribution.locate_file(file))): owner_ for file in distribution.files or ()}
    return found


def _debian_package(source: str) -> Owner | None:
    """The Debian package that a file is from, where dpkg knows one."""
    # What lies in /usr/lib is registered under /lib by packages from before the two were merged.
    paths = dict.fromkeys((source, str(Path(source).resolve()), source.removeprefix("/usr")))
    for path in paths:
        try:
            answer = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True)
        except OSError:
            return None
        if answer.returncode == 0:
            name = answer.stdout.split(":")[0]
            query = ["dpkg-query", "-W", "-f", "${Version}\n", name]
            version = subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()[0]
            return Owner(f"debian:{name}", version)
    return None


@functools.cache
def owner(source: str) -> Owner:
    """Whose a file is. Raises ``LookupError`` where nobody is known: its licence could not be told."""
    path = Path(source)
    if path.is_relative_to(product.ROOT / "desktop_chat") or path.is_relative_to(product.ROOT / "resources"):
        return Owner(product.load().name, product.load().version)
    if found := _distributions().get(path):
        return Owner("pyinstaller", found.version) if found.package == "pyinstaller" else found
    python = Owner("cpython", ".".join(map(str, sys.version_info[:3])))
    if path.name.startswith("libpython") or path.is_relative_to(sysconfig.get_path("stdlib")):
        return python
    if found := _debian_package(source):
        return found
    if path.is_relative_to(sys.base_prefix):
        return python
    raise LookupError(f"Nobody is known for {source}: its licence cannot be told.")


def _described(path: str, source: str, size: int) -> dict[str, str | int]:
    whose = owner(source)
    return {
        "path": path,
        "source": source,
        "package": whose.package,
        "version": whose.version,
        "size": size,
    }


def _modules(entries: Iterable[Entry], archive: Path, base: Path) -> Iterator[dict[str, str | int]]:
    """The modules of PyInstaller's archive and of the library that Python itself starts with."""
    from PyInstaller.archive.readers import ZlibArchiveReader

    packed = ZlibArchiveReader(str(archive)).toc
    for name, source, _ in entries:
        # Namespaces have no source; what PyInstaller's own start needs lies outside the archive.
        if name in packed and source and source != "-":
            yield _described(f"PYZ:{name}", source, packed[name][2])
    version = ".".join(map(str, sys.version_info[:3]))
    with zipfile.ZipFile(base) as library:
        for info in library.infolist():
            yield {
                "path": f"{base.name}:{info.filename}",
                "source": str(base),
                "package": "cpython",
                "version": version,
                "size": info.file_size,
            }


def write_manifest(file: Path, files: Iterable[Entry], modules: Iterable[Entry], archive: Path) -> None:
    """Write what was collected as JSON, by path: what licences.py, sbom.py and weights.py read.

    Each entry has ``path`` in the bundle, ``source`` on this machine, ``package`` and ``version`` as
    :func:`owner` tells them, and ``size`` in bytes: of the file before it is stripped, of a module as it is
    packed. Modules are ``PYZ:name`` or ``base_library.zip:name``. Raises ``LookupError``.
    """
    listed = []
    base = None
    for destination, source, kind in files:
        if destination == "base_library.zip":
            base = Path(source)
        elif kind != "SYMLINK":
            listed.append(_described(Path(destination).as_posix(), source, Path(source).stat().st_size))
    if base is None:
        raise LookupError("PyInstaller made no base_library.zip.")
    listed += _modules(modules, archive, base)
    listed.sort(key=lambda entry: str(entry["path"]))
    file.write_text(json.dumps(listed, indent=1), "utf-8")
