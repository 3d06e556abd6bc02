"""The software bill of materials: a CycloneDX 1.6 list of all that is bundled, as ``.cdx.json``.

What is in the bundle is known from its manifest (contents.py), what is within compiled packages from the
lists that their wheels carry (PEP 770), from the marks that libraries leave in what they are linked into, and
from licences/components.toml, which also says what packages leave open of their licence. The same bundle of
the same commit gives the same list, byte for byte.

    python sbom.py MANIFEST FILE    in the environment of the bundle, which has the library that writes it
"""

import fnmatch
import functools
import hashlib
import importlib.metadata
import json
import platform
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import product
from contents import normal

if TYPE_CHECKING:
    from cyclonedx.model import HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component

KNOWN: dict[str, Any] = tomllib.loads(
    (Path(__file__).resolve().parent / "licences" / "components.toml").read_text("utf-8")
)
COMPILED = re.compile(r"\.(so(\.[\d.]+)?|pyd|dll|dylib)$", re.IGNORECASE)
"""Names of files that libraries may be linked into."""
_CRATE = re.compile(
    rb"[/\\]registry[/\\]src[/\\][^/\\\0]{1,80}[/\\]([a-z][\w-]*?)-(\d+\.\d+\.[\w.+-]+?)[/\\]"
)
"""Where cargo has the sources of a library: the file in which it panics is told."""
_SPDX = {
    # What metadata said before PEP 639; of classifiers the last part.
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}


class Part(NamedTuple):
    """A library as package URLs name it; ``kind`` is their type, and their namespace after a slash."""

    kind: str
    name: str
    version: str | None
    licence: str | None = None


class Mark(NamedTuple):
    """How a library is recognised in what it is linked into; the group is its version, where it tells one."""

    name: str
    pattern: re.Pattern[bytes]


MARKS = (
    Mark("bzip2", re.compile(rb"(1\.0\.\d+), \d\d?-[A-Z][a-z]{2}-\d{4}\0")),
    Mark("expat", re.compile(rb"expat_(\d+\.\d+\.\d+)\0")),
    Mark("harfbuzz", re.compile(rb"HB_SHAPER_LIST\0")),
    Mark("icu", re.compile(rb"icudt(\d+)_dat\0")),
    Mark("libjpeg-turbo", re.compile(rb"libjpeg-turbo version (\d+\.\d+\.\d+)")),
    Mark("libpng", re.compile(rb"libpng version (\d+\.\d+\.\d+)")),
    Mark("libwebp", re.compile(rb"WebPAnimDecoder\w+\0")),
    Mark("md4c", re.compile(rb"md4c/issues/")),
    Mark("openssl", re.compile(rb"OpenSSL (\d+\.\d+\.\d+[a-z]?) \d+ [A-Z][a-z]{2} \d{4}\0")),
    Mark("pcre2", re.compile(rb"\0(10\.\d+) \d{4}-\d\d-\d\d\0")),
    Mark("zlib", re.compile(rb"(?:de|in)flate (\d+\.\d+(?:\.\d+)*) Copyright")),
)
"""Of the libraries that are linked into Qt, Python and compiled packages, those that show by a text."""


def build(about: product.Product, _bundle: Path, dist: Path) -> Path:
    """Write the list for the bundle, whose manifest its build left. Raises :class:`product.Failed`."""
    from bundle import MANIFEST, run

    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    target = dist / f"{about.name}-{about.version}-{system}-{product.machine()}.cdx.json"
    run("packaging/sbom.py", MANIFEST, target)
    return target


def write(manifest: Path, target: Path) -> None:
    """Write the list of what ``manifest`` names to ``target``. Raises ``ValueError`` if it is not valid."""
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    bom = describe(product.load(), json.loads(manifest.read_text("utf-8")))
    version = SchemaVersion.V1_6
    bom.serial_number = uuid.UUID(int=0)
    anonymous = make_outputter(bom, OutputFormat.JSON, version).output_as_string()
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(anonymous.encode()).hexdigest())
    text = make_outputter(bom, OutputFormat.JSON, version).output_as_string(indent=1)
    if (error := JsonStrictValidator(version).validate_str(text)) is not None:
        raise ValueError(f"not valid CycloneDX {version.to_version()}: {error}")
    target.write_text(text + "\n", "utf-8", newline="\n")


def describe(about: product.Product, manifest: Iterable[dict[str, str]]) -> "Bom":
    """All that ``manifest`` names, as one list."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import ComponentType
    from cyclonedx.model.contact import OrganizationalEntity

    files: dict[tuple[str, str], list[Path]] = {}
    for entry in manifest:
        files.setdefault((entry["package"], entry["version"]), []).append(Path(entry["source"]))
    files.pop((about.name, about.version), None)

    program = _component(Part("generic", about.name, about.version, about.licence))
    program.type = ComponentType.APPLICATION
    program.description = about.summary
    bom = Bom(components=[_package(*package, sources) for package, sources in files.items()])
    bom.metadata.component = program
    bom.metadata.supplier = OrganizationalEntity(name=about.publisher)
    bom.metadata.timestamp = about.date
    bom.register_dependency(program, bom.components)
    return bom


def _package(name: str, version: str, sources: list[Path]) -> "Component":
    """One package of the bundle and what is linked into it."""
    kind, _, debian = name.rpartition(":")
    if kind == "debian":
        release = platform.freedesktop_os_release()
        architecture = {"x86_64": "amd64"}.get(product.machine(), product.machine())
        distribution = f"{release['ID']}-{release.get('VERSION_ID', 'testing')}"
        qualifiers = {"arch": architecture, "distro": distribution}
        licence = KNOWN["debian"].get(debian)
        # Distributions link nothing in that is a package of its own.
        return _component(Part(f"deb/{release['ID']}", debian, version, licence), qualifiers)
    if name == "cpython":
        found = _component(Part("generic", name, version, "PSF-2.0"))
        found.cpe = f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*"
    else:
        found = _component(Part("pypi", name, version, licence_of(name)))
        found.hashes.update(_hashes(name, version))
    parts: dict[tuple[str, str, str | None], Part] = {}
    for part in (*carried(name), *_known(name, version, sources), *_marked(sources)):
        if part[:3] not in parts or part.licence:
            parts[part[:3]] = part
    told = {part[:2] for part in parts.values() if part.version}
    found.components.update(
        _component(part, within=found) for part in parts.values() if part.version or part[:2] not in told
    )
    return found


def _component(
    part: Part, qualifiers: dict[str, str] | None = None, within: "Component | None" = None
) -> "Component":
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    kind, _, namespace = part.kind.partition("/")
    url = PackageURL(kind, namespace or None, part.name, part.version, qualifiers)
    return Component(
        type=ComponentType.LIBRARY,
        # The same library may be linked into several packages.
        bom_ref=f"{within.bom_ref}#{url}" if within else str(url),
        name=part.name,
        version=part.version,
        purl=url,
        licenses=[LicenseFactory().make_from_string(part.licence)] if part.licence else (),
    )


def licence_of(name: str) -> str:
    """The licence of an installed package, "" where none is told: as components.toml knows it, else as its
    metadata tell it, as an expression (PEP 639), in words, or by classifiers."""
    if known := KNOWN["packages"].get(normal(name), {}).get("licence"):
        return str(known)
    metadata = importlib.metadata.metadata(name)
    if expression := metadata.get("License-Expression"):
        return str(expression)
    words = metadata.get("License", "")
    if words and words != "UNKNOWN" and "\n" not in words:
        return _SPDX.get(words, words)
    classifiers = (
        each.rpartition(" :: ")[2]
        for each in metadata.get_all("Classifier") or ()
        if each.startswith("License ::")
    )
    return " AND ".join(
        _SPDX.get(each, each.replace(" ", "-")) for each in classifiers if each != "OSI Approved"
    )


def _hashes(name: str, version: str) -> Iterator["HashType"]:
    """The hash of the wheel that was installed: of those in the lock file the one that suits this Python."""
    from cyclonedx.model import HashAlgorithm, HashType
    from packaging.tags import sys_tags
    from packaging.utils import parse_wheel_filename

    ranks = {tag: rank for rank, tag in enumerate(sys_tags())}
    fitting = [
        (min(ranks[tag] for tag in tags & ranks.keys()), wheel["hash"])
        for package in _locked()
        if package["name"] == normal(name) and package["version"] == version
        for wheel in package.get("wheels", ())
        if (tags := parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]) & ranks.keys()
    ]
    if fitting:
        algorithm, _, digest = min(fitting)[1].partition(":")
        yield HashType(alg=HashAlgorithm(algorithm.upper().replace("SHA", "SHA-")), content=digest)


@functools.cache
def _locked() -> list[dict[str, Any]]:
    return tomllib.loads((product.ROOT / "uv.lock").read_text("utf-8"))["package"]


def _known(name: str, version: str, sources: Iterable[Path]) -> Iterator[Part]:
    """What components.toml says is linked into a package, or lies among its files."""
    for part in KNOWN["within"].get(normal(name), ()):
        numbers = KNOWN["components"][part].get("numbers")
        yield _part(part, ".".join(version.split(".")[:numbers]) if numbers else None)
    for source in sources:
        for pattern, part in KNOWN["files"].items():
            if COMPILED.search(source.name) and fnmatch.fnmatch(source.name.lower(), pattern):
                yield _part(part, None)


def carried(name: str) -> Iterator[Part]:
    """What a wheel says is linked into it: its lists in ``.dist-info/sboms`` (PEP 770).

    Where it has none, the libraries of Rust whose sources its compiled files name where they could fail.
    """
    try:
        files = importlib.metadata.files(name) or ()
    except importlib.metadata.PackageNotFoundError:
        return
    lists = [
        file for file in sorted(files, key=str) if file.parent.name == "sboms" and file.suffix == ".json"
    ]
    crates = {
        (match[1].decode(), match[2].decode())
        for file in files
        if not lists and COMPILED.search(file.name)
        for match in _CRATE.finditer(Path(str(file.locate())).read_bytes())
    }
    for crate, version in sorted(crates):
        yield Part("cargo", crate, version, KNOWN["crate-licences"].get(crate))
    for file in lists:
        for part in json.loads(file.read_text("utf-8")).get("components", ()):
            licences = [choice["expression"] for choice in part.get("licenses", ()) if "expression" in choice]
            kind = part.get("purl", "pkg:generic/").removeprefix("pkg:").partition("/")[0]
            yield Part(kind, part["name"], part.get("version"), " AND ".join(licences) or None)


def _marked(sources: Iterable[Path]) -> Iterator[Part]:
    """What the compiled files of a package show to be linked into them."""
    for source in sources:
        if not COMPILED.search(source.name):
            continue
        content = source.read_bytes()
        for mark in MARKS:
            if match := mark.pattern.search(content):
                version = match[1].decode() if mark.pattern.groups else None
                yield _part(mark.name, version)


def _part(name: str, version: str | None) -> Part:
    return Part("generic", name, version, KNOWN["components"][name]["licence"])


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
