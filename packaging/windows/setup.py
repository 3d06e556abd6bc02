"""The installer for Windows, compiled by NSIS, on any system; the result is for Windows alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import product as products
from commands import find, run
from product import Failed, Product, Unavailable
from windows import signing

HERE = Path(__file__).resolve().parent
NSIS = Path("C:/Program Files (x86)/NSIS/makensis.exe")
OPEN_WITH = (
    *(".txt", ".text", ".md", ".markdown", ".rst", ".tex", ".csv", ".tsv", ".log", ".html", ".htm", ".xml"),
    *(".json", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".sql", ".py", ".js", ".ts", ".c", ".h", ".cpp"),
    *(".hpp", ".cs", ".java", ".rs", ".go", ".sh", ".ps1"),
)
"""For which files "Open with" offers the program: text, as far as the ending tells."""


def build(product: Product, bundle: Path, dist: Path) -> Path:
    """Compile the installer of ``bundle``. Raises :class:`product.Unavailable`, :class:`product.Failed`.

    Without signatures, the same files and the same NSIS give the same bytes.
    """
    program = compiler()
    signing.sign_executables(product, bundle)
    path = dist / f"{product.name}-{product.version}-setup.exe"
    dist.mkdir(parents=True, exist_ok=True)
    work = products.BUILD / "windows"
    work.mkdir(parents=True, exist_ok=True)
    files = work / "files.nsh"
    # With a byte order mark NSIS reads it as UTF-8 on every system.
    files.write_text(file_list(bundle), "utf-8-sig")
    icons = products.BUILD / "icons"
    with signing.signer(product) as signer:
        values = definitions(product, bundle, files, icons, path)
        if signer:
            values["SIGN"] = signer.command_line("%1")
        run(command(program, values))
        if signer:
            signer.sign(path)
    return path


def compiler() -> str:
    """makensis, of this machine. Raises :class:`product.Unavailable`."""
    program = find(["makensis"]) or (str(NSIS) if NSIS.is_file() else None)
    if program is None:
        raise Unavailable("makensis (NSIS 3.08 or newer) is not installed")
    return program


def command(program: str, values: dict[str, str]) -> list[str]:
    """What compiles the script; warnings are errors."""
    defined = [f"-D{name}={value}" for name, value in values.items()]
    return [program, "-V2", "-WX", "-INPUTCHARSET", "UTF8", *defined, str(HERE / "installer.nsi")]


def definitions(product: Product, bundle: Path, files: Path, icons: Path, output: Path) -> dict[str, str]:
    """What the script knows of the product. Raises :class:`product.Failed` where its pictures are missing."""
    pictures = {
        "ICON": icons / f"{products.ICON.stem}.ico",
        "SIDEBAR": icons / f"{products.ICON.stem}-sidebar.bmp",
    }
    for path in pictures.values():
        if not path.is_file():
            raise Failed(f"{path} is missing: it is made by icons.py when the bundle is.")
    size = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file())
    values = {
        "NAME": product.name,
        "TITLE": product.title,
        "VERSION": product.version,
        "SUMMARY": product.summary,
        "PUBLISHER": product.publisher,
        "LICENCE": product.licence,
        "APP_ID": product.app_id,
        "SIZE": str(size // 1024),
        "FILES": str(files),
        **{name: str(path) for name, path in pictures.items()},
        "OUTPUT": str(output),
    }
    if product.homepage:
        values["HOMEPAGE"] = product.homepage
    return values


def file_list(bundle: Path) -> str:
    """Macros that install every file of ``bundle`` and remove exactly those again, sorted by name.

    Folders are removed where they are empty: what others put there stays. Two more list the programs, and the
    files that "Open with" offers them for.
    """
    folders = sorted(path for path in bundle.rglob("*") if path.is_dir())
    lines = ["!macro INSTALL_FILES", *_installing(bundle, [bundle, *folders]), "!macroend"]
    lines += ["!macro UNINSTALL_FILES", *_removing(bundle, folders), "!macroend"]
    lines += ["!macro EACH_PROGRAM MACRO"]
    lines += [f"!insertmacro ${{MACRO}} {_quoted(file.name)}" for file in sorted(bundle.glob("*.exe"))]
    lines += ["!macroend", "!macro OPEN_WITH_TYPES"]
    lines += [f'WriteRegStr SHCTX "${{OPEN_WITH_KEY}}\\SupportedTypes" "{ending}" ""' for ending in OPEN_WITH]
    return "\n".join([*lines, "!macroend", ""])


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _installing(bundle: Path, folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        yield f"SetOutPath {_quoted(_installed(bundle, folder))}"
        for file in _files(folder):
            yield f"File {_quoted(str(file))}"


def _removing(bundle: Path, folders: Sequence[Path]) -> Iterator[str]:
    for folder in [*reversed(folders), bundle]:
        for file in _files(folder):
            yield f"Delete {_quoted(_installed(bundle, file))}"
        if folder != bundle:
            yield f"RMDir {_quoted(_installed(bundle, folder))}"


def _installed(bundle: Path, path: Path) -> str:
    relative = path.relative_to(bundle).as_posix()
    return "$INSTDIR" if relative == "." else "$INSTDIR\\" + relative.replace("/", "\\")


def _quoted(text: str) -> str:
    """As one argument of NSIS. Raises :class:`product.Failed` for a name that the script cannot hold."""
    if any(character in text.removeprefix("$INSTDIR") for character in '"$\r\n'):
        raise Failed(f"NSIS cannot install a file of this name: {text!r}")
    return f'"{text}"'
