"""The program as it lies on a Linux system: the bundle and all that tells the desktop and the shell about it.

Places follow the Filesystem Hierarchy Standard 3.0 below one prefix, ``usr`` of a package or ``~/.local``.
Every file bears the product's time and belongs to nobody in particular; packages make it root's.
"""

import gzip
import os
import shutil
import stat
import string
import xml.etree.ElementTree as ET
from pathlib import Path

import product
from linux import elf
from product import Product

HERE = Path(__file__).resolve().parent
ICON_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
"""The sizes that hicolor has folders for and panels, menus and software centres ask for, in pixels."""
MEDIA_TYPES = (
    "text/plain",
    "text/markdown",
    "text/csv",
    "text/html",
    "text/xml",
    "text/x-log",
    "text/x-python",
    "text/x-csrc",
    "text/x-c++src",
    "text/x-java",
    "text/x-tex",
    "text/rust",
    "application/json",
    "application/javascript",
    "application/sql",
    "application/toml",
    "application/x-shellscript",
    "application/yaml",
)
"""What "Open with" can hand over: text, which goes into the composer."""
ZSH_SITE = "share/zsh/site-functions"
"""Where zsh finds completions of packages, except on Debian and those that follow it."""
ZSH_DEBIAN = "share/zsh/vendor-completions"


def install(source: Product, bundle: Path, prefix: Path, zsh: str = ZSH_SITE) -> dict[str, set[str]]:
    """Put the program under ``prefix``, which must not exist yet. Returns what it needs of the system, as
    :func:`elf.needs` tells it. Raises :class:`product.Failed`.
    """
    found = elf.objects(bundle)
    elf.check(found, bundle)
    library = prefix / "lib" / source.name
    shutil.copytree(bundle, library, symlinks=True)
    program = prefix / "bin" / source.name
    program.parent.mkdir()
    program.symlink_to(f"../lib/{source.name}/{source.name}")
    share = prefix / "share"
    write(share / "applications" / f"{source.app_id}.desktop", desktop_entry(source).encode())
    write(share / "metainfo" / f"{source.app_id}.metainfo.xml", metainfo(source))
    write(share / "man" / "man1" / f"{source.name}.1.gz", compressed(manual(source)))
    places = {
        "bash": share / "bash-completion" / "completions" / source.name,
        "fish": share / "fish" / "vendor_completions.d" / f"{source.name}.fish",
        "zsh": prefix / zsh / f"_{source.name}",
    }
    for shell, path in places.items():
        write(path, read(HERE / "completions" / f"{source.name}.{shell}"))
    documents = share / "doc" / source.name
    documents.mkdir(parents=True)
    licences = library / "_internal" / "LICENCES.txt"
    if not licences.is_file():
        raise product.Failed(f"{licences.name} is missing in the bundle: it must not go without.")
    (documents / licences.name).symlink_to(f"../../../lib/{source.name}/_internal/{licences.name}")
    _install_icons(source, share / "icons" / "hicolor")
    return elf.needs(found, bundle)


def _install_icons(source: Product, theme: Path) -> None:
    scalable = theme / "scalable" / "apps" / f"{source.app_id}.svg"
    write(scalable, product.ICON.read_bytes())
    for size in ICON_SIZES:
        picture = product.BUILD / "icons" / f"{product.ICON.stem}-{size}.png"
        write(theme / f"{size}x{size}" / "apps" / f"{source.app_id}.png", picture.read_bytes())


def desktop_entry(source: Product) -> str:
    """For menus and docks (Desktop Entry Specification 1.4, the newest that Debian 12 checks)."""
    return filled("desktop-entry.desktop", source, media_types=";".join(MEDIA_TYPES))


def manual(source: Product) -> bytes:
    """The page for ``man desktop-chat``."""
    return filled("manual.1", source, date=source.releases[0].date.isoformat()).encode()


def metainfo(source: Product) -> bytes:
    """For software centres (AppStream 1.0). Addresses are written only where the project has a home page."""
    text = filled("metainfo.xml", source, developer_id=source.app_id.rpartition(".")[0])
    component = ET.fromstring(text)
    provides = component.find("provides")
    assert provides is not None
    for media_type in MEDIA_TYPES:
        ET.SubElement(provides, "mediatype").text = media_type
    if source.homepage:
        ET.SubElement(component, "url", type="homepage").text = source.homepage
        _add_screenshots(component, f"{source.homepage}/raw/v{source.version}/packaging/screenshots")
    releases = ET.SubElement(component, "releases")
    for release in source.releases:
        element = ET.SubElement(releases, "release", version=release.version, date=release.date.isoformat())
        if release.notes:
            notes = ET.SubElement(ET.SubElement(element, "description"), "ul")
            for note in release.notes:
                ET.SubElement(notes, "li").text = note.replace("`", "")
    ET.indent(component)
    return ET.tostring(component, encoding="utf-8", xml_declaration=True) + b"\n"


def _add_screenshots(component: ET.Element, address: str) -> None:
    """The pictures of the README, from the tag of this version, as GitHub serves files."""
    screenshots = ET.SubElement(component, "screenshots")
    pictures = (
        ("main-light", "A conversation, with the list of chats"),
        ("answer-light", "An answer with formulas, a table and code"),
        ("answer-dark", "The same in the dark theme"),
        ("retry-light", "A request that is tried again"),
    )
    for name, caption in pictures:
        kind = {"type": "default"} if name == pictures[0][0] else {}
        screenshot = ET.SubElement(screenshots, "screenshot", kind)
        ET.SubElement(screenshot, "caption").text = caption
        ET.SubElement(screenshot, "image").text = f"{address}/{name}.png"


def finish(root: Path, epoch: int) -> None:
    """Give everything under ``root`` the time and the mode that it is to have: 0755 or 0644, nothing else.

    Only what is started by name may be executed: the program and scripts. Raises :class:`product.Failed` for
    links that lead out of ``root``, which would mean another file on every machine.
    """
    for path in sorted([root, *root.rglob("*")]):
        if path.is_symlink():
            target = path.parent / path.readlink()
            if path.readlink().is_absolute() or not Path(os.path.normpath(target)).is_relative_to(root):
                raise product.Failed(f"{path.relative_to(root)} is a link that leads out: {path.readlink()}")
        else:
            library = ".so" in path.name or "_internal" in path.parts
            executable = path.is_dir() or (path.stat().st_mode & stat.S_IXUSR and not library)
            path.chmod(0o755 if executable else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def compressed(data: bytes) -> bytes:
    """As gzip, with no time in it."""
    return gzip.compress(data, 9, mtime=0)


def fresh(folder: Path) -> Path:
    """``folder``, not there any more, its parent there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def filled(template: str, source: Product, **more: str) -> str:
    """A template of this folder. Raises ``KeyError`` for a name that it has and nobody gives."""
    values = {
        "name": source.name,
        "title": source.title,
        "version": source.version,
        "licence": source.licence,
        "app_id": source.app_id,
        "publisher": source.publisher,
        "year": str(source.releases[-1].date.year),
    }
    return string.Template(read(HERE / template).decode()).substitute(values, **more)


def read(path: Path) -> bytes:
    """A text file of this folder."""
    # A checkout on another system may have turned the ends of lines.
    return path.read_bytes().replace(b"\r\n", b"\n")


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
