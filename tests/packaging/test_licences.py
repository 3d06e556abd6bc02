"""The file of licences, made from what is installed here; and what must not be bundled."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import contents
import licences
import product
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging" / "licences.py"

Manifest = list[dict[str, str]]


def entries(name: str) -> Manifest:
    """What a manifest says of a package that is installed here, were all its compiled files bundled."""
    package = importlib.metadata.distribution(name)
    whose = {"package": package.metadata["Name"], "version": package.version}
    files = [file for file in package.files or () if file.suffix in (".so", ".pyd", ".dylib")]
    listed = [{"path": str(file), "source": str(package.locate_file(file))} | whose for file in files]
    return listed or [{"path": "module.pyc", "source": "module.py"} | whose]


def python() -> Manifest:
    version = ".".join(map(str, sys.version_info[:3]))
    return [{"path": "json.pyc", "source": json.__file__, "package": "cpython", "version": version}]


def needed(name: str, extras: frozenset[str] = frozenset()) -> Iterator[str]:
    """A package and all that it asks for on this system, but for what is left out of the bundle."""
    yield name
    for each in map(Requirement, importlib.metadata.requires(name) or ()):
        if each.name.replace("-", "_") in contents.EXCLUDED_MODULES:
            continue
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield from needed(each.name, frozenset(each.extras))


def written(manifest: Manifest, folder: Path, **environment: str) -> bytes:
    """The file for ``manifest``, made by another process."""
    source, target = folder / "manifest.json", folder / "LICENCES.txt"
    source.write_text(json.dumps(manifest), "utf-8")
    code = (
        "import json, licences, pathlib, product, sys\n"
        "manifest, target = map(pathlib.Path, sys.argv[1:])\n"
        "text = licences.build(json.loads(manifest.read_text()), product.load())\n"
        "target.write_text(text, 'utf-8', newline='\\n')"
    )
    env = os.environ | {"PYTHONPATH": str(SCRIPT.parent)} | environment
    subprocess.run([sys.executable, "-c", code, source, target], check=True, timeout=60, env=env)
    return target.read_bytes()


def installed(folder: Path, *metadata: str, text: str | None = "The licence of example.\n") -> Manifest:
    """A package of ours among those that are installed, as a wheel leaves it."""
    info = folder / "example-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "\n".join(("Metadata-Version: 2.4", "Name: example", "Version: 1.0", *metadata))
    )
    files = ["METADATA,,", "RECORD,,"]
    if text is not None:
        (info / "licenses").mkdir()
        (info / "licenses" / "LICENSE").write_text(text)
        files.append("licenses/LICENSE,,")
    (info / "RECORD").write_text("".join(f"{info.name}/{file}\n" for file in files))
    return [{"path": "example.pyc", "source": "example.py", "package": "example", "version": "1.0"}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is searched for packages."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def everything() -> str:
    """The licences of Python and of all that the program depends on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        each
        for each in map(Requirement, project["dependencies"])
        if not each.marker or each.marker.evaluate()
    ]
    names = {
        importlib.metadata.distribution(name).metadata["Name"]
        for each in wanted
        for name in needed(each.name, frozenset(each.extras))
    }
    manifest = [entry for name in sorted(names) for entry in entries(name)]
    return licences.build(manifest + python(), product.load())


def test_all_that_the_program_depends_on_may_be_bundled_and_has_its_text(everything: str) -> None:
    words = (ROOT / "resources" / "icons" / "LICENSE").read_text("utf-8").splitlines()[2]
    assert words in everything
    assert "gpt-tokenizer: Copyright (c)" in everything
    for name in ("genai_prices", "httpx2", "keyring", "openai", "qasync", "tiktoken", "ziamath"):
        text = next(file for file in importlib.metadata.files(name) or () if file.name.startswith("LICENSE"))
        assert "\n".join(map(str.rstrip, text.read_text("utf-8").strip().splitlines())) in everything, name


def test_what_is_linked_into_packages_has_its_text_too(everything: str) -> None:
    for words in (
        "SQLite",
        "May you do good and not evil",
        "SIL OPEN FONT LICENSE",
        "Bitstream Vera Fonts Copyright",
        "The LaTeX Project Public License",
        "Thai Open Source Software Center",
        # Within cryptography, which the keyring of Linux alone brings.
        *(["OpenSSL Project Authors"] if sys.platform.startswith("linux") else []),
    ):
        assert words in everything, words
    crates = json.loads(
        next(
            file for file in importlib.metadata.files("pydantic_core") or () if file.parent.name == "sboms"
        ).read_text("utf-8")
    )["components"]
    assert len(crates) > 50
    for crate in crates:
        assert (
            f"      {crate['name']} {crate['version']}: {crate['licenses'][0]['expression']} [" in everything
        )


def test_a_wheel_without_a_list_shows_what_is_linked_into_it(everything: str) -> None:
    """What panics of Rust name: tiktoken's wheel says nothing of its libraries."""
    for crate in ("aho-corasick", "fancy-regex", "memchr", "pyo3", "regex-automata"):
        assert re.search(rf"      {crate} \d+\.\d+\.\d+: ", everything), crate
    assert "rustc-hash" in everything
    assert "Robin Stocker" in everything


def test_the_program_comes_first_and_each_text_stands_once(everything: str) -> None:
    own = (ROOT / "LICENSE").read_text("utf-8").strip()
    assert everything.index(own) < everything.index("Notice about Qt\n===")
    assert everything.count("GNU LESSER GENERAL PUBLIC LICENSE\n") == 1
    assert everything.count("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION") < 10
    shared = next(line for line in everything.splitlines() if line.startswith("Text ") and "zipp" in line)
    assert "jaraco.functools" in shared


def test_the_notice_about_qt_says_what_the_lgpl_asks_for(everything: str) -> None:
    version = importlib.metadata.version("PySide6_Essentials")
    notice = everything[everything.index("Notice about Qt\n==") : everything.index("What is bundled\n==")]
    assert f"uses Qt {version}" in notice
    assert "reverse engineer" in notice
    assert "/usr/lib/desktop-chat/_internal" in notice
    assert f"qt-everywhere-src-{version}.tar.xz" in notice
    assert f"PySide6-{version}-src" in notice
    assert "Version 3, 29 June 2007" in everything
    assert "{" not in notice


def test_the_file_is_the_same_whatever_the_order_and_the_run(tmp_path: Path) -> None:
    manifest = [*entries("cryptography"), *entries("jiter"), *entries("zipp"), *python()]
    first = written(manifest, tmp_path, PYTHONHASHSEED="1")
    assert first == written(manifest[::-1], tmp_path, PYTHONHASHSEED="2")
    assert b"\r" not in first
    assert str(ROOT).encode() not in first


@pytest.mark.parametrize(
    ("metadata", "text", "reason"),
    [
        (["License-Expression: GPL-3.0-only"], "text", "GPL-3.0-only"),
        (["License-Expression: MIT AND AGPL-3.0-only"], "text", "AGPL-3.0-only"),
        (["License: Ask the author"], "text", "Ask the author"),
        (["Classifier: License :: OSI Approved :: GNU Affero General Public License v3"], "text", "Affero"),
        ([], "text", "name no licence"),
        (["License-Expression: MIT"], None, "no text"),
    ],
)
def test_a_licence_that_is_not_known_or_has_no_text_ends_the_build(
    folder: Path, metadata: list[str], text: str | None, reason: str
) -> None:
    manifest = installed(folder, *metadata, text=text)
    with pytest.raises(product.Failed) as failure:
        licences.build(manifest + entries("zipp"), product.load())
    assert "example 1.0" in str(failure.value)
    assert reason in str(failure.value)
    assert "zipp" not in str(failure.value)


@pytest.mark.parametrize(
    "metadata",
    [
        "License-Expression: GPL-3.0-only OR (BSD-3-Clause AND MIT)",
        "License: MIT",
        "Classifier: License :: OSI Approved :: MIT License",
    ],
)
def test_a_licence_that_is_known_is_taken_however_it_is_told(folder: Path, metadata: str) -> None:
    text = licences.build(
        installed(folder, metadata, "Project-URL: Source, https://example.com"), product.load()
    )
    assert "example 1.0: " in text
    assert "https://example.com" in text
    assert "The licence of example." in text


def test_the_script_names_all_that_is_missing(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        json.dumps(
            [
                {"path": "a.so", "source": "/a.so", "package": "debian:a-package", "version": "1"},
                {"path": "b.pyc", "source": "/b.py", "package": "not-installed", "version": "2"},
                {"path": "start", "source": "start", "package": "pyinstaller", "version": "0"},
            ]
        )
    )
    command = [sys.executable, SCRIPT, manifest, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "debian:a-package 1: " in done.stderr
    assert "not-installed 2: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/usr/share/doc/libffi8/copyright").exists(), reason="not Debian, or no libffi8")
def test_a_library_of_debian_brings_the_copyright_file_of_its_package() -> None:
    manifest = [{"path": "libffi.so.8", "source": "/a", "package": "debian:libffi8", "version": "3.4.4-1"}]
    text = licences.build(manifest, product.load())
    assert "libffi8 (package of Debian or Ubuntu) 3.4.4-1: MIT" in text
    assert Path("/usr/share/doc/libffi8/copyright").read_text("utf-8").splitlines()[-2].strip() in text


@pytest.mark.parametrize(
    ("expression", "ways"),
    [
        ("MIT", ["MIT"]),
        ("A OR B AND C", ["A", "B C"]),
        ("(A OR B) AND C", ["A C", "B C"]),
        ("Apache-2.0 WITH LLVM-exception OR MIT", ["Apache-2.0 WITH LLVM-exception", "MIT"]),
        ("((A))", ["A"]),
    ],
)
def test_expressions_are_read_as_spdx_defines_them(expression: str, ways: list[str]) -> None:
    assert [" ".join(sorted(way)) for way in licences.alternatives(expression)] == ways


@pytest.mark.parametrize("expression", ["", "A B", "A OR", "(A", "AND A", "A)"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="not a licence expression"):
        licences.alternatives(expression)


def test_every_text_has_an_origin_and_every_name_a_text() -> None:
    known = licences.KNOWN
    assert {file.stem for file in licences.TEXTS.glob("*.txt")} == set(known["texts"])
    used = {text for part in known["components"].values() for text in part["texts"]}
    used |= {text for package in known["packages"].values() for text in package.get("texts", ())}
    used |= {text for texts in known["generic"].values() for text in texts} | set(known["crates"].values())
    assert used == set(known["texts"])
    parts = {part for names in known["within"].values() for part in names} | set(known["files"].values())
    assert parts <= known["components"].keys()
