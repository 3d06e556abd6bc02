"""The program without an installer: a zip to unpack anywhere, which keeps its profile beside itself.

The folder ``profile`` beside the executable is what tells the program so; without it, or with ``--profile``,
it behaves like the installed one.
"""

import zipfile
from pathlib import Path

from product import Product
from windows import signing

README = """\
{title} keeps chats, settings and logs of this copy in this folder, and nothing in your Windows profile.
Delete the folder, and it uses the places of an installed {title} instead.

To update, unpack the new version and move this folder into it.

API keys are kept in the Credential Manager of the Windows account that you use, not here. On another computer
they have to be entered again.
"""


def build(product: Product, bundle: Path, dist: Path) -> Path:
    """Make the zip of ``bundle``. Raises :class:`product.Unavailable`, :class:`product.Failed`.

    The same files give the same bytes: sorted, with the product's time in UTC, compressed by Python's zlib.
    """
    path = dist / f"{product.name}-{product.version}-windows-x64.zip"
    dist.mkdir(parents=True, exist_ok=True)
    top = f"{product.name}-{product.version}"
    signing.sign_executables(product, bundle)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(entry for entry in bundle.rglob("*") if entry.is_file()):
            name = file.relative_to(bundle).as_posix()
            _add(archive, product, f"{top}/{name}", file.read_bytes())
        readme = README.format(title=product.title).replace("\n", "\r\n")
        _add(archive, product, f"{top}/profile/README.txt", readme.encode())
    return path


def _add(archive: zipfile.ZipFile, product: Product, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, product.date.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    # As if made on MS-DOS, whatever this is made on: programs for Windows ignore the modes of others.
    entry.create_system = 0
    archive.writestr(entry, data)
