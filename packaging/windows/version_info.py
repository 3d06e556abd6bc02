"""What the properties of the executables say, and what Windows groups them by in the task manager."""

from pathlib import Path

from product import Product


def text(product: Product, file: str) -> str:
    """The resource VS_VERSION_INFO (learn.microsoft.com, "VERSIONINFO resource") of the executable ``file``,
    as PyInstaller's EXE reads it: US English, in Unicode (040904B0); a final version of an application."""
    numbers = tuple([*map(int, product.version.split(".")), 0][:4])
    strings = {
        "CompanyName": product.publisher,
        "FileDescription": product.title,
        "FileVersion": product.version,
        "InternalName": product.name,
        "LegalCopyright": f"{product.publisher}. {product.licence} licence.",
        "OriginalFilename": file,
        "ProductName": product.title,
        "ProductVersion": product.version,
    }
    lines = "\n".join(f"          StringStruct({name!r}, {value!r})," for name, value in strings.items())
    return f"""VSVersionInfo(
  ffi=FixedFileInfo(
    filevers={numbers},
    prodvers={numbers},
    mask=0x3f,
    flags=0x0,
    OS=0x40004,
    fileType=0x1,
    subtype=0x0,
    date=(0, 0),
  ),
  kids=[
    StringFileInfo(
      [
        StringTable('040904B0', [
{lines}
        ]),
      ]
    ),
    VarFileInfo([VarStruct('Translation', [0x0409, 1200])]),
  ],
)
"""


def write(product: Product, path: Path, file: str = "desktop-chat.exe") -> Path:
    """Write :func:`text` of the executable ``file`` to ``path``, and return ``path``."""
    path.write_text(text(product, file), "utf-8")
    return path
