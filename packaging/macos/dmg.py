"""The disk image for macOS: the application and a link to the folder it is dragged into.

One image an architecture. Qt's wheels and Python's installers hold both, but apsw, jiter and pydantic-core
come as wheels of one: a universal application would have to be glued together from two builds.
"""

import shutil
import tempfile
import time
from pathlib import Path

from commands import find, run
from macos import signing
from product import Failed, Product, Unavailable, machine

PAUSE = 10.0
"""Seconds until hdiutil is tried again."""
ATTEMPTS = 4


def build(product: Product, bundle: Path, dist: Path) -> Path:
    """Make the image of the application ``bundle``, signed and notarised as the environment says.

    Raises :class:`product.Unavailable`, :class:`product.Failed`.
    """
    if bundle.suffix != ".app":
        raise Unavailable("the bundle is not one for macOS")
    lacking = [name for name in ("codesign", "hdiutil") if not find([name])]
    if lacking:
        raise Unavailable(f"{' and '.join(lacking)} of macOS are not here")
    image = dist / f"{product.name}-{product.version}-macos-{machine()}.dmg"
    dist.mkdir(parents=True, exist_ok=True)
    image.unlink(missing_ok=True)
    with signing.identity() as signer, tempfile.TemporaryDirectory(prefix="image-") as folder:
        copy = Path(folder) / bundle.name
        shutil.copytree(bundle, copy, symlinks=True)
        signing.sign_app(copy, signer)
        (Path(folder) / "Applications").symlink_to("/Applications")
        _create(product.title, Path(folder), image)
        if signer.is_trusted:
            run([*signer.command(), str(image)])
            signing.notarise(image)
    return image


def _create(title: str, folder: Path, image: Path) -> None:
    """Pack ``folder``. LZMA can be read since macOS 10.15.

    Other programs that look at the new volume keep it busy now and then: actions/runner-images#7522.
    """
    packed = ["-fs", "HFS+", "-format", "ULMO", "-ov", str(image)]
    for attempt in range(1, ATTEMPTS + 1):
        try:
            run(["hdiutil", "create", "-volname", title, "-srcfolder", str(folder), *packed])
            return
        except Failed as failure:
            if "Resource busy" not in str(failure) or attempt == ATTEMPTS:
                raise
            time.sleep(PAUSE)
