"""The AppImage: one file that runs on every Linux, from an AppDir (docs.appimage.org, "AppDir").

appimagetool puts its runtime before the file system; APPIMAGE_RUNTIME names one that lies here, else
appimagetool fetches the newest, and the file differs from build to build.
"""

import os
import shutil
from pathlib import Path

import commands
import product
from linux import tree
from product import Product

ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}


def app_dir(source: Product, bundle: Path) -> Path:
    """Make the AppDir, which runs as it is by its ``AppRun``. Raises :class:`product.Failed`."""
    root = tree.fresh(product.BUILD / "linux" / f"{source.name}.AppDir")
    tree.install(source, bundle, root / "usr")
    links = {
        "AppRun": f"usr/bin/{source.name}",
        f"{source.app_id}.desktop": f"usr/share/applications/{source.app_id}.desktop",
        f"{source.app_id}.png": f"usr/share/icons/hicolor/256x256/apps/{source.app_id}.png",
        ".DirIcon": f"{source.app_id}.png",
        # The name that appimagetool still looks for.
        f"usr/share/metainfo/{source.app_id}.appdata.xml": f"{source.app_id}.metainfo.xml",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    tree.finish(root, source.epoch)
    return root


def build(source: Product, bundle: Path, dist: Path) -> Path:
    """Make the AppImage. Raises :class:`product.Unavailable`, the AppDir made; :class:`product.Failed`."""
    root = app_dir(source, bundle)
    tool = shutil.which("appimagetool")
    if tool is None:
        raise product.Unavailable(f"appimagetool is missing; what it would pack is in {root}")
    machine = ARCHITECTURES.get(product.machine(), product.machine())
    target = dist / f"{source.title.replace(' ', '_')}-{source.version}-{machine}.AppImage"
    dist.mkdir(parents=True, exist_ok=True)
    runtime = os.environ.get("APPIMAGE_RUNTIME")
    commands.run(
        # Our metainfo is checked by appstreamcli, of a version that we know.
        [tool, "--no-appstream", *(["--runtime-file", runtime] if runtime else []), str(root), str(target)],
        # appimagetool is an AppImage itself, and machines that build have no FUSE.
        {"ARCH": machine, "SOURCE_DATE_EPOCH": str(source.epoch), "APPIMAGE_EXTRACT_AND_RUN": "1"},
    )
    target.chmod(0o755)
    return target
