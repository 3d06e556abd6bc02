"""One file with the licences of all that is bundled.

What is bundled is known from the manifest of the bundle (contents.py), what is linked into its packages from
the lists that wheels carry (PEP 770), from the marks that sbom.py knows, and from licences/components.toml,
which also says what packages leave open. A licence that is not known to be fine, or a text that is not
found, ends the build. The same bundle gives the same file, byte for byte.

    python licences.py MANIFEST FILE    in the environment of the bundle, whose packages it reads
"""

import fnmatch
import functools
import importlib.metadata
import itertools
import json
import re
import sys
import sysconfig
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import product
import sbom
from contents import normal
from sbom import COMPILED, KNOWN

TEXTS = Path(__file__).resolve().parent / "licences"
"""The licences that the packages of a bundle do not bring themselves."""
WIDTH = 100
DOCUMENTS = Path("/usr/share/doc")
"""Where Debian's packages have their copyright files (Debian Policy 12.5)."""

_LICENCE_FILE = re.compile(
    r"(licen[cs]e|copying|copyright|notice|authors)([.-](txt|md|rst|[\w-]+))?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Component:
    """Something that is bundled: what it is, what it is licensed under, and with which texts."""

    name: str
    version: str
    licence: str
    page: str
    texts: Sequence[str]
    within: Sequence["Component"] = field(default=())

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}".strip()


class Problem(Exception):
    """Why something must not be bundled as it is."""


def build(manifest: Iterable[Mapping[str, Any]], about: product.Product) -> str:
    """The licences of all that ``manifest`` names, as one text.

    Raises :class:`product.Failed`, with all that is missing, where a licence or its text is not known.
    """
    files: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for entry in manifest:
        files.setdefault((entry["package"], entry["version"]), []).append(entry)
    files.pop((about.name, about.version), None)
    components, problems = [_icons(), _tables()], []
    for (name, version), entries in sorted(files.items(), key=lambda item: (item[0][0].lower(), item[0][1])):
        try:
            components.append(_component(name, version, entries))
        except Problem as problem:
            problems.append(f"{name} {version}: {problem}")
    if problems:
        raise product.Failed(
            "This cannot be bundled with what is known of its licence:\n  "
            + "\n  ".join(problems)
            + f"\nWhat is right goes into {TEXTS.name}/components.toml, missing texts beside it."
        )
    return _document(about, components)


def alternatives(expression: str) -> list[frozenset[str]]:
    """The ways to meet an SPDX licence expression: of each, the licences that then hold together.

    Raises ``ValueError`` for what is not an expression (spdx.github.io/spdx-spec, annex on expressions).
    """
    tokens = re.findall(r"[()]|[^\s()]+(?:\s+WITH\s+[^\s()]+)?", expression)
    found, rest = _any_of(tokens)
    if rest:
        raise ValueError(f"not a licence expression: {expression}")
    return found


def _any_of(tokens: list[str]) -> tuple[list[frozenset[str]], list[str]]:
    found, rest = _all_of(tokens)
    while rest[:1] == ["OR"]:
        more, rest = _all_of(rest[1:])
        found = found + more
    return found, rest


def _all_of(tokens: list[str]) -> tuple[list[frozenset[str]], list[str]]:
    found, rest = _one(tokens)
    while rest[:1] == ["AND"]:
        more, rest = _one(rest[1:])
        found = [one | other for one, other in itertools.product(found, more)]
    return found, rest


def _one(tokens: list[str]) -> tuple[list[frozenset[str]], list[str]]:
    match tokens:
        case ["(", *rest]:
            found, rest = _any_of(rest)
            if rest[:1] == [")"]:
                return found, rest[1:]
        case [name, *rest] if name not in (")", "AND", "OR", "WITH"):
            return [frozenset((" ".join(name.split()),))], rest
    raise ValueError(f"not a licence expression: {' '.join(tokens)}")


def chosen(expression: str) -> frozenset[str]:
    """The licences that we use a work under: the first way to meet ``expression`` that is fine for us.

    Raises :class:`Problem` where none is.
    """
    try:
        ways = alternatives(expression)
    except ValueError as error:
        raise Problem(str(error)) from error
    permissive = frozenset(KNOWN["allowed"]["permissive"])
    for fine in (permissive, permissive | KNOWN["allowed"]["because"].keys()):
        if left := [way for way in ways if way <= fine]:
            # Where there is a choice, a licence whose one text suits all works.
            return min(left, key=lambda way: not way <= KNOWN["generic"].keys())
    raise Problem(f"its licence is not among those that are known to be fine: {expression}")


def _component(name: str, version: str, entries: Sequence[Mapping[str, Any]]) -> Component:
    """A package and all that lies in it."""
    kind, _, debian = name.rpartition(":")
    if kind == "debian":
        # Distributions link nothing in that is a package of its own.
        return _debian(debian, version)
    found = _python(version) if name == "cpython" else _distribution(name, version)
    parts = {part.title: part for part in _parts(name, version, entries)}
    if name != "cpython":
        parts |= {part.title: part for part in _carried(name)}
    # What is known by its version too need not be said twice.
    told = {part.name for part in parts.values() if part.version}
    within = [
        parts[key]
        for key in sorted(parts, key=str.lower)
        if parts[key].version or parts[key].name not in told
    ]
    return replace(found, within=within)


def _icons() -> Component:
    """The pictures on buttons, which bear no version."""
    text = _read(product.ROOT / "resources" / "icons" / "LICENSE")
    return Component("Lucide icons", "", "ISC AND MIT", "https://lucide.dev/", (text,))


def _tables() -> Component:
    """The tables that tokens are counted with."""
    text = _read(product.ROOT / "resources" / "tokens" / "LICENSE")
    return Component(
        "Tables of o200k_base and cl100k_base", "", "MIT", "https://github.com/openai/tiktoken", (text,)
    )


def _debian(name: str, version: str) -> Component:
    licence = KNOWN["debian"].get(name)
    if licence is None:
        raise Problem("nobody has said yet what the library in this package of Debian is licensed under")
    chosen(licence)
    text = _read(DOCUMENTS / name / "copyright")
    return Component(
        f"{name} (package of Debian or Ubuntu)",
        version,
        licence,
        f"https://tracker.debian.org/pkg/{name}",
        (text,),
    )


def _python(version: str) -> Component:
    folders = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix))
    for file in (folder / name for folder in folders for name in ("LICENSE.txt", "LICENSE")):
        if file.is_file():
            return Component("Python", version, "PSF-2.0", "https://www.python.org/", (_read(file),))
    raise Problem(f"no LICENSE.txt in {' or '.join(map(str, folders))}")


def _distribution(name: str, version: str) -> Component:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise Problem("it is not installed in this environment") from error
    if distribution.version != version:
        raise Problem(f"this environment has version {distribution.version}")
    licence = sbom.licence_of(name)
    if not licence:
        raise Problem("its metadata name no licence")
    chosen(licence)
    texts = [_text(text) for text in KNOWN["packages"].get(normal(name), {}).get("texts", ())]
    for file in sorted(distribution.files or (), key=str):
        if _LICENCE_FILE.match(file.name) and file.suffix != ".py" and "resources" not in file.parts:
            texts.append(_read(Path(str(distribution.locate_file(file)))))
    if not texts:
        raise Problem("it brings no text of its licence")
    return Component(distribution.metadata["Name"], version, licence, _page(distribution.metadata), texts)


def _page(metadata: Any) -> str:
    """Where the project is, as its metadata tell it."""
    labelled = [each.partition(", ") for each in metadata.get_all("Project-URL") or ()]
    pages = {label.lower(): address for label, _, address in labelled}
    for label in ("homepage", "home", "source", "source code", "repository", "github"):
        if label in pages:
            return str(pages[label])
    return str(
        metadata.get("Home-page")
        or next(iter(pages.values()), f"https://pypi.org/project/{metadata['Name']}/")
    )


def _parts(name: str, version: str, entries: Sequence[Mapping[str, Any]]) -> Iterator[Component]:
    """What is linked into the compiled files of a package, or lies among its files."""
    for part in KNOWN["within"].get(normal(name), ()):
        numbers = KNOWN["components"].get(part, {}).get("numbers")
        yield replace(_part(part), version=".".join(version.split(".")[:numbers]) if numbers else "")
    for entry in entries:
        path, source = Path(entry["path"]), Path(entry["source"])
        for pattern, part in KNOWN["files"].items():
            if COMPILED.search(path.name) and fnmatch.fnmatch(path.name.lower(), pattern):
                yield _part(part)
        if COMPILED.search(path.name) and source.is_file():
            content = source.read_bytes()
            for mark in sbom.MARKS:
                if mark.pattern.search(content):
                    yield _part(mark.name)


def _part(name: str) -> Component:
    known = KNOWN["components"].get(name)
    if known is None:
        raise Problem(f"nobody has said yet what {name}, which is linked into it, is licensed under")
    chosen(known["licence"])
    texts = [_text(text) for text in known["texts"]]
    return Component(known.get("title", name), "", known["licence"], known["page"], texts)


def _carried(name: str) -> Iterator[Component]:
    """What a wheel says is linked into it."""
    for part in sbom.carried(name):
        if part.kind == "cargo":
            yield _crate(part.name, part.version or "", part.licence or "")
        else:
            yield replace(_part(part.name), version=part.version or "")


def _crate(name: str, version: str, licence: str) -> Component:
    texts: list[str] = []
    for each in sorted(chosen(licence)):
        generic = KNOWN["generic"].get(each)
        own = KNOWN["crates"].get(name)
        if generic is None and own is None:
            raise Problem(f"the text of {each} that goes with {name}, which is linked into it, is not known")
        texts += map(_text, generic or (own,))
    return Component(name, version, licence, f"https://crates.io/crates/{name}", texts)


def _text(name: str) -> str:
    return _read(TEXTS / f"{name}.txt")


@functools.cache
def _origins() -> dict[str, str]:
    """Where the texts in :data:`TEXTS` are from."""
    return {_text(name): origin for name, origin in KNOWN["texts"].items()}


def _read(file: Path) -> str:
    """A text with the ends of lines that all systems agree on. Raises :class:`Problem`."""
    try:
        lines = file.read_text("utf-8").replace("\f", "\n").expandtabs().splitlines()
    except OSError as error:
        raise Problem(f"the text of its licence cannot be read: {error.strerror}: {file}") from error
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _document(about: product.Product, components: Sequence[Component]) -> str:
    """All of it as it is read: what it is, the notice about Qt, what is bundled, and every text once."""
    own = _read(product.ROOT / "LICENSE")
    users: dict[str, list[str]] = {own: [f"{about.title} {about.version}"]}
    for component in components:
        for each in (component, *component.within):
            for text in each.texts:
                name = each.title if each is component else f"{each.title} (in {component.name})"
                if name not in users.setdefault(text, []):
                    users[text].append(name)
    numbers = {text: number for number, text in enumerate(users, 1)}
    qt = [component for component in components if normal(component.name) == "pyside6-essentials"]
    return "\n".join(
        (
            *_heading(f"{about.title} {about.version}: licences"),
            "",
            *_wrapped(
                f"{about.title} is licensed under {about.licence}. It is bundled with works of others, each"
                " under a licence of its own. All of them follow in this order; numbers in brackets are those"
                " of the texts:"
            ),
            "",
            f"    {about.title} {about.version}: {about.licence} [1]",
            *(["    Notice about Qt"] if qt else []),
            *(
                line
                for component in components
                for line in _wrapped(_line(component, numbers), "    ", "        ")
            ),
            f"    Texts 2 to {len(users)}",
            *_printed(own, 1, users[own]),
            "",
            *(_notice(about, qt[0].version) if qt else []),
            *_heading("What is bundled"),
            *(line for component in components for line in _described(component, numbers)),
            *(
                line
                for text, number in numbers.items()
                if number > 1
                for line in _printed(text, number, users[text])
            ),
            "",
        )
    )


def _line(component: Component, numbers: Mapping[str, int]) -> str:
    texts = ", ".join(str(number) for number in sorted({numbers[text] for text in component.texts}))
    return f"{component.title}: {component.licence} [{texts}]"


def _described(component: Component, numbers: Mapping[str, int]) -> Iterator[str]:
    yield ""
    yield from _wrapped(_line(component, numbers), "", "    ")
    yield f"    {component.page}"
    reasons = KNOWN["allowed"]["because"]
    everything = (component, *component.within)
    for licence in sorted({each for one in everything for each in chosen(one.licence)} & reasons.keys()):
        yield from _wrapped(f"{licence}: {reasons[licence]}", "    ", "    ")
    if component.within:
        yield "    Within it:"
    for part in component.within:
        yield from _wrapped(_line(part, numbers), "      ", "        ")


def qt_sources(pyside: str) -> str:
    """Where the sources of this version of PySide, and of the Qt that its wheels hold, are."""
    return _filled("qt-sources.in", pyside)


def _notice(about: product.Product, pyside: str) -> Iterator[str]:
    """What the LGPL asks to be said, and how to do what it permits."""
    yield from _heading("Notice about Qt")
    yield ""
    yield _filled("qt-notice.in", pyside, title=about.title, sources=qt_sources(pyside))
    yield ""


def _filled(template: str, pyside: str, **values: str) -> str:
    numbers = pyside.split(".")
    text = (TEXTS / template).read_text("utf-8").strip("\n")
    return text.format(pyside=pyside, qt=".".join(numbers[:3]), series=".".join(numbers[:2]), **values)


def _printed(text: str, number: int, users: Sequence[str]) -> Iterator[str]:
    yield ""
    yield "=" * WIDTH
    yield from _wrapped(f"Text {number}, for {', '.join(users)}", "", "    ")
    if origin := _origins().get(text):
        yield from _wrapped(f"From: {origin}", "    ", "    ")
    yield "=" * WIDTH
    yield ""
    yield text


def _heading(text: str) -> tuple[str, ...]:
    return "=" * WIDTH, text, "=" * WIDTH


def _wrapped(text: str, first: str = "", others: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def main(manifest: Path, target: Path) -> None:
    """Write the file. Raises :class:`product.Failed`."""
    entries = json.loads(manifest.read_text("utf-8"))
    if all(entry["package"] != "pyinstaller" for entry in entries):
        # The executable is made from PyInstaller's own, and is not among the files that it collects.
        start = {"path": "", "source": "", "package": "pyinstaller"}
        entries.append(start | {"version": importlib.metadata.version("pyinstaller")})
    target.write_text(build(entries, product.load()), "utf-8", newline="\n")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except product.Failed as failure:
        sys.exit(str(failure))
