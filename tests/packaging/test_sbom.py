"""The list of what is bundled, for a small bundle of files that are really installed."""

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SBOM = ROOT / "packaging" / "sbom.py"
FOLDER = ROOT / "build" / "environment"
PYTHON = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

built = pytest.mark.skipif(
    not PYTHON.exists(), reason="the environment of the bundle is missing: python3 packaging/build.py sbom"
)


def installed(name: str) -> tuple[str, list[str]]:
    """Version and files of a package in the environment of the bundle."""
    code = (
        "import sys, importlib.metadata as m; d = m.distribution(sys.argv[1]); print(d.version);"
        "print(*(d.locate_file(f) for f in d.files), sep='\\n')"
    )
    done = subprocess.run([PYTHON, "-c", code, name], capture_output=True, text=True, check=True)
    version, *files = done.stdout.splitlines()
    return version, files


def entries(name: str) -> list[dict[str, str]]:
    version, files = installed(name)
    return [{"path": file, "source": file, "package": name, "version": version} for file in files]


def write(folder: Path, manifest: list[dict[str, str]], name: str = "a.cdx.json") -> bytes:
    listed = folder / "manifest.json"
    listed.write_text(json.dumps(manifest), "utf-8")
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1767225600"}
    command = [PYTHON, SBOM, listed, folder / name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return (folder / name).read_bytes()


@pytest.fixture(scope="module")
def bom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Three packages, Python, a library of Debian and the program itself."""
    manifest = [
        *entries("cryptography"),
        *entries("apsw"),
        *entries("h11"),
        {"path": "os.py", "source": os.__file__, "package": "cpython", "version": "3.11.9"},
        {"path": "x.so", "source": "/usr/lib/x.so", "package": "debian:libxcb-cursor0", "version": "0.1.4-1"},
        {"path": "d.py", "source": "/d.py", "package": "desktop-chat", "version": "0.1.0"},
    ]
    if not sys.platform.startswith("linux"):
        manifest = [entry for entry in manifest if not entry["package"].startswith("debian:")]
    loaded = json.loads(write(tmp_path_factory.mktemp("sbom"), manifest))
    assert isinstance(loaded, dict)
    return loaded


def components(bom: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {component["name"]: component for component in bom["components"]}


@built
def test_it_names_the_program_and_when_it_was_made(bom: dict[str, Any]) -> None:
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    program = bom["metadata"]["component"]
    assert (program["name"], program["type"]) == ("desktop-chat", "application")
    assert bom["metadata"]["timestamp"] == "2026-01-01T00:00:00+00:00"
    (graph,) = (each for each in bom["dependencies"] if each["ref"] == program["bom-ref"])
    assert set(graph["dependsOn"]) == {component["bom-ref"] for component in bom["components"]}


@built
def test_packages_have_version_licence_address_and_the_hash_of_the_lock(bom: dict[str, Any]) -> None:
    found = components(bom)
    assert "desktop-chat" not in found
    h11 = found["h11"]
    assert h11["purl"] == f"pkg:pypi/h11@{installed('h11')[0]}"
    assert h11["licenses"] == [{"license": {"id": "MIT"}}]
    assert [name for name, component in found.items() if not component.get("licenses")] == []
    (digest,) = h11["hashes"]
    assert digest["alg"] == "SHA-256"
    lock = (ROOT / "uv.lock").read_text("utf-8")
    assert re.search(rf'h11-[\d.]+-py3-none-any\.whl", hash = "sha256:{digest["content"]}"', lock)


@built
def test_what_is_linked_into_packages_is_listed_within_them(bom: dict[str, Any]) -> None:
    found = components(bom)
    within = {part["purl"].partition("@")[0]: part for part in found["cryptography"]["components"]}
    assert re.fullmatch(r"\d+\.\d+\.\d+", within["pkg:generic/openssl"]["version"])
    assert "pkg:cargo/pyo3" in within
    (sqlite,) = (part for part in found["apsw"]["components"] if part["name"] == "sqlite")
    assert found["apsw"]["version"].startswith(f"{sqlite['version']}.")


@built
def test_python_and_libraries_of_the_system_are_listed_as_scanners_know_them(bom: dict[str, Any]) -> None:
    found = components(bom)
    assert found["cpython"]["cpe"] == "cpe:2.3:a:python:python:3.11.9:*:*:*:*:*:*:*"
    if sys.platform.startswith("linux"):
        assert re.fullmatch(
            r"pkg:deb/\w+/libxcb-cursor0@0\.1\.4-1\?arch=\w+&distro=.+", found["libxcb-cursor0"]["purl"]
        )


@built
def test_the_same_bundle_gives_the_same_bytes_and_another_another_number(tmp_path: Path) -> None:
    first = write(tmp_path, entries("h11"))
    assert write(tmp_path, list(reversed(entries("h11"))), "b.cdx.json") == first
    other = write(tmp_path, [*entries("h11"), *entries("idna")], "c.cdx.json")
    assert json.loads(other)["serialNumber"] != json.loads(first)["serialNumber"]


def test_libraries_show_in_what_they_are_linked_into() -> None:
    """Qt as it is installed here: what it bundles has a version that a scanner can look up."""
    qt = metadata.distribution("PySide6-Essentials")
    wanted = re.compile(r"(lib)?Qt6?(Core|Gui)(\.so\.6|\.dll)?$|(lib)?qjpeg\.(so|dll|dylib)$")
    files = [str(qt.locate_file(file)) for file in qt.files or () if wanted.search(file.name)]
    assert files
    code = (
        "import sbom, sys; from pathlib import Path; print(*sbom._marked(map(Path, sys.argv[1:])), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *files], cwd=SBOM.parent, capture_output=True, text=True, check=True
    )
    for name in ("pcre2", "libpng", "libjpeg-turbo"):
        assert re.search(rf"name='{name}', version='\d+\.\d+", done.stdout), name
