"""The Debian package, for Debian 12 and everything since that follows it.

It has no maintainer scripts, so nothing of it runs as root: the triggers of desktop-file-utils,
hicolor-icon-theme and man-db see to menus, icons and manual pages.
"""

import datetime
import hashlib
import math
import shutil
import textwrap
from email.utils import format_datetime
from pathlib import Path

import commands
import product
from linux import elf, tree
from product import Product

ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
LIBC = "libc6"
OPTIONAL = {"libcups.so.2": "libcups2t64 | libcups2"}
"""What only a plugin needs that Qt does without: printers, where there are any."""
PACKAGES = {
    "ld-linux-aarch64.so.1": LIBC,
    "ld-linux-x86-64.so.2": LIBC,
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libXau.so.6": "libxau6",
    "libXdmcp.so.6": "libxdmcp6",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libbz2.so.1.0": "libbz2-1.0",
    "libc.so.6": LIBC,
    "libcrypto.so.3": "libssl3t64 | libssl3",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdl.so.2": LIBC,
    "libdrm.so.2": "libdrm2",
    "libexpat.so.1": "libexpat1",
    "libffi.so.8": "libffi8",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgcc_s.so.1": "libgcc-s1",
    "libgio-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "liblzma.so.5": "liblzma5",
    "libm.so.6": LIBC,
    "libpthread.so.0": LIBC,
    "libresolv.so.2": LIBC,
    "librt.so.1": LIBC,
    "libssl.so.3": "libssl3t64 | libssl3",
    "libstdc++.so.6": "libstdc++6",
    "libutil.so.1": LIBC,
    "libuuid.so.1": "libuuid1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
"""Which package of Debian 12 and later brings a library; new names of its 64-bit times first."""
ALSO_NEEDED = ("ca-certificates", "hicolor-icon-theme")
RECOMMENDED = (
    # A Secret Service to keep keys in; without one they last for the session.
    "gnome-keyring | kwalletmanager | keepassxc",
    # Without them answers in Chinese, Japanese and Korean, and emoji, are boxes.
    "fonts-noto-cjk",
    "fonts-noto-color-emoji",
)
DESCRIPTION = """\
 A native client for OpenAI, Azure OpenAI and compatible servers such as
 llama.cpp, Ollama, vLLM or LM Studio. What is written is saved before it is
 sent, answers while they come in; requests that fail are tried again, visibly.
 Answers are complete Markdown with formulas, tables and coloured code.
 .
 Keys are kept in the keyring of the desktop. A built-in demo model needs
 neither a key nor a network.
"""


def build(source: Product, bundle: Path, dist: Path) -> Path:
    """Make the package. Raises :class:`product.Unavailable`, :class:`product.Failed`."""
    if shutil.which("dpkg-deb") is None:
        raise product.Unavailable("dpkg-deb is missing (Debian's package dpkg)")
    machine = product.machine()
    if machine not in ARCHITECTURES:
        raise product.Unavailable(f"Debian's name for {machine} is not known")
    root = tree.fresh(product.BUILD / "linux" / "deb")
    needs = tree.install(source, bundle, root / "usr", zsh=tree.ZSH_DEBIAN)
    documents = root / "usr" / "share" / "doc" / source.name
    (documents / "copyright").write_text(copyright_file(source), "utf-8")
    (documents / "changelog.gz").write_bytes(tree.compressed(changelog(source).encode()))
    overrides = root / "usr" / "share" / "lintian" / "overrides" / source.name
    overrides.parent.mkdir(parents=True)
    overrides.write_text((tree.HERE / "lintian-overrides").read_text("utf-8"), "utf-8")
    control = root / "DEBIAN"
    control.mkdir()
    fields = control_file(source, ARCHITECTURES[machine], needs, installed_size(root / "usr"))
    (control / "control").write_text(fields, "utf-8")
    (control / "md5sums").write_text(_md5sums(root), "utf-8")
    tree.finish(root, source.epoch)
    target = dist / f"{source.name}_{source.version}_{ARCHITECTURES[machine]}.deb"
    dist.mkdir(parents=True, exist_ok=True)
    commands.run(
        ["dpkg-deb", "--build", "--root-owner-group", "-Zxz", "-z6", str(root), str(target)],
        {"SOURCE_DATE_EPOCH": str(source.epoch)},
    )
    return target


def control_file(source: Product, architecture: str, needs: dict[str, set[str]], size: int) -> str:
    """The control file (Debian Policy 5.3); ``size`` in KiB. Raises :class:`product.Failed`."""
    optional = {OPTIONAL[soname]: None for soname in needs if soname in OPTIONAL}
    homepage = f"Homepage: {source.homepage}\n" if source.homepage else ""
    return (
        f"Package: {source.name}\n"
        f"Version: {source.version}\n"
        f"Architecture: {architecture}\n"
        f"Maintainer: {source.maintainer}\n"
        f"Installed-Size: {size}\n"
        f"Depends: {', '.join([*depends(needs), *ALSO_NEEDED])}\n"
        f"Recommends: {', '.join([*RECOMMENDED, *optional])}\n"
        "Section: net\n"
        "Priority: optional\n"
        f"{homepage}"
        f"Description: desktop chat client for OpenAI and compatible servers\n"
        f"{DESCRIPTION}"
    )


def depends(needs: dict[str, set[str]]) -> list[str]:
    """The packages that bring ``needs``. Raises :class:`product.Failed` for a library none is known of."""
    unknown = sorted(needs.keys() - PACKAGES.keys() - OPTIONAL.keys())
    if unknown:
        raise product.Failed(
            f"The bundle needs {', '.join(unknown)}: bundle it, or name its package in {Path(__file__).name}."
        )
    packages = {PACKAGES[soname] for soname in needs if soname not in OPTIONAL}
    glibc = elf.newest((version for versions in needs.values() for version in versions), "GLIBC_")
    return sorted(f"{LIBC} (>= {glibc})" if package == LIBC else package for package in packages)


def installed_size(folder: Path) -> int:
    """KiB, as Policy 5.6.20 has it computed: each file rounded up, 1 for all else."""
    sizes = (
        math.ceil(path.lstat().st_size / 1024) if path.is_file() and not path.is_symlink() else 1
        for path in folder.rglob("*")
    )
    return sum(sizes)


_POINTS = textwrap.TextWrapper(
    width=80, initial_indent="  * ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
)


def changelog(source: Product) -> str:
    """The releases, in the form of Policy 4.4."""
    entries = []
    for release in source.releases:
        newest = release is source.releases[0]
        day = source.date if newest else _midnight(release)
        notes = "\n".join(_POINTS.fill(note) for note in release.notes)
        entries.append(
            f"{source.name} ({release.version}) stable; urgency=medium\n\n{notes}\n\n"
            f" -- {source.maintainer}  {format_datetime(day)}\n"
        )
    return "\n".join(entries)


def _midnight(release: product.Release) -> datetime.datetime:
    return datetime.datetime.combine(release.date, datetime.time(), datetime.UTC)


def copyright_file(source: Product) -> str:
    """The licence of the program, and where those of all that comes with it are, in the form of DEP-5."""
    return tree.filled(
        "copyright", source, licence_text=_indented((product.ROOT / "LICENSE").read_text("utf-8"))
    )


def _indented(text: str) -> str:
    return "\n".join(f" {line}" if line.strip() else " ." for line in text.strip().splitlines())


def _md5sums(root: Path) -> str:
    files = (path for path in sorted((root / "usr").rglob("*")) if path.is_file() and not path.is_symlink())
    return "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(root)}\n"
        for path in files
    )
