"""What desktops, software centres, man and shells are told on Linux: complete, valid and true."""

import configparser
import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import product
import pytest
from linux import tree

from desktop_chat import command_line

ROOT = Path(__file__).resolve().parents[2]

COMPLETIONS = ROOT / "packaging" / "linux" / "completions"
SOURCE = product.load()
AT_HOME = dataclasses.replace(SOURCE, homepage="https://example.invalid/desktop-chat")


def needs(program: str) -> pytest.MarkDecorator:
    missing = not sys.platform.startswith("linux") or shutil.which(program) is None
    return pytest.mark.skipif(missing, reason=f"{program} of a Linux system is missing")


def run(*command: str | Path, text: str = "") -> str:
    answer = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def options() -> set[str]:
    """The options that the program says it has."""
    told = run(sys.executable, "-m", "desktop_chat", "--help")
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", told))


@pytest.fixture
def entry() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(tree.desktop_entry(SOURCE))
    return parser


def test_manual_tells_every_option_and_no_other(options: set[str]) -> None:
    page = tree.manual(SOURCE).decode().replace("\\-", "-")
    sections = dict(re.findall(r"^\.SH (.+)\n((?:(?!\.SH ).*\n)*)", page, re.MULTILINE))
    for section in ("SYNOPSIS", "OPTIONS"):
        told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", sections[section]))
        assert told == options - {"-h"}


def test_manual_tells_every_variable_of_the_environment() -> None:
    page = tree.manual(SOURCE).decode()
    code = (ROOT / "desktop_chat" / "command_line.py").read_text("utf-8")
    read = set(re.findall(r'"((?:DESKTOP_CHAT|OPENAI)_[A-Z_]*[A-Z])"', code))
    assert "DESKTOP_CHAT_PROFILE" in read
    assert [name for name in sorted(read) if name not in page] == []


@needs("man")
def test_manual_is_well_formed(tmp_path: Path) -> None:
    page = tmp_path / "desktop-chat.1"
    page.write_bytes(tree.manual(SOURCE))
    answer = subprocess.run(
        ["man", "--warnings", "--local-file", page],
        capture_output=True,
        text=True,
        env={**os.environ, "MANWIDTH": "80"},
    )
    assert answer.returncode == 0
    assert answer.stderr == ""
    assert "Keep everything that this run reads or writes" in " ".join(answer.stdout.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_offer_every_option_and_no_other(shell: str, options: set[str]) -> None:
    text = (COMPLETIONS / f"desktop-chat.{shell}").read_text("utf-8")
    if shell == "fish":
        offered = {f"--{name}" for name in re.findall(r" -l ([a-z-]+)", text)}
        offered |= {f"-{name}" for name in re.findall(r" -s ([a-z])\b", text)}
    elif shell == "zsh":
        offered = set(re.findall(r"['{,](--?[a-z][a-z-]*)\b", text)) | set(
            re.findall(r"\)(--[a-z-]+)\[", text)
        )
    else:
        offered = set(re.search(r'compgen -W "(.+?)"', text, re.DOTALL)[1].split())  # type: ignore[index]
    assert offered == options


def completed(line: str, folder: Path) -> list[str]:
    """What bash proposes at the end of ``line``, in ``folder``."""
    script = f"""
        source {shlex.quote(str(COMPLETIONS / "desktop-chat.bash"))}
        compopt() {{ :; }}  # bash refuses it outside a completion
        cd {shlex.quote(str(folder))}
        COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        $(complete -p desktop-chat | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return run("bash", "--norc", "-eu", "-c", script).splitlines()


@needs("bash")
def test_bash_completes(tmp_path: Path, options: set[str]) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a file").touch()
    assert set(completed("desktop-chat -", tmp_path)) == options
    assert completed("desktop-chat --pro", tmp_path) == ["--profile"]
    assert completed("desktop-chat --profile a", tmp_path) == ["a folder"]
    assert completed("desktop-chat --profile = a", tmp_path) == ["a folder"]
    assert sorted(completed("desktop-chat --open a", tmp_path)) == ["a file", "a folder"]
    assert sorted(completed("desktop-chat --open =", tmp_path)) == ["a file", "a folder"]
    assert completed("desktop-chat ''", tmp_path) in ([], [""])


@needs("fish")
def test_fish_completes(options: set[str]) -> None:
    script = f"source {COMPLETIONS / 'desktop-chat.fish'}; complete -C 'desktop-chat --'"
    offered = run("fish", "--no-config", "-c", script)
    assert {line.split("\t")[0] for line in offered.splitlines()} == options - {"-h"}


@needs("zsh")
def test_zsh_reads_its_completion() -> None:
    run("zsh", "-n", COMPLETIONS / "desktop-chat.zsh")


def test_every_command_of_the_menu_is_one(entry: configparser.ConfigParser) -> None:
    commands = [section["Exec"] for section in entry.values() if "Exec" in section]
    assert len(commands) == 1 + entry["Desktop Entry"]["Actions"].count(";")
    for command in commands:
        for file in ([], ["/a file"]):
            program, *arguments = shlex.split(command)
            assert program == SOURCE.name
            given = [part for each in arguments for part in (file if each == "%f" else [each])]
            parsed = command_line.parse(given)
            if "%f" in arguments:
                assert parsed.file == (Path(file[0]) if file else None)
            assert parsed.prompt == ""


def test_actions_of_the_menu_are_described(entry: configparser.ConfigParser) -> None:
    actions = entry["Desktop Entry"]["Actions"].rstrip(";").split(";")
    assert [f"Desktop Action {name}" for name in actions] == entry.sections()[1:]
    assert command_line.parse(shlex.split(entry["Desktop Action demo"]["Exec"])[1:]).demo


def test_windows_find_their_entry(entry: configparser.ConfigParser) -> None:
    """By its name on Wayland, by WM_CLASS on X11; the program gives both."""
    code = (ROOT / "desktop_chat" / "application.py").read_text("utf-8")
    assert "setDesktopFileName(APP_ID)" in code
    assert entry["Desktop Entry"]["StartupWMClass"] in re.findall(r'setApplicationName\("(.+)"\)', code)
    assert entry["Desktop Entry"]["Icon"] == SOURCE.app_id


@needs("desktop-file-validate")
def test_entry_of_the_menu_is_valid(tmp_path: Path) -> None:
    path = tmp_path / f"{SOURCE.app_id}.desktop"
    path.write_text(tree.desktop_entry(SOURCE), "utf-8")
    assert run("desktop-file-validate", path) == ""


@needs("appstreamcli")
@pytest.mark.parametrize("source", [SOURCE, AT_HOME], ids=["no home page", "home page"])
def test_metainfo_is_valid(source: product.Product, tmp_path: Path) -> None:
    path = tmp_path / f"{source.app_id}.metainfo.xml"
    path.write_bytes(tree.metainfo(source))
    said = run("appstreamcli", "validate", "--no-net", "--no-color", path)
    # Version 0.16 of Debian 12 does not know the tag that version 1.0 has in place of developer_name.
    remarks = [line for line in said.splitlines() if re.match("[EWI]: ", line)]
    assert [line for line in remarks if not line.endswith("unknown-tag developer")] == []


def test_metainfo_names_addresses_only_of_a_home_page() -> None:
    assert b"http" not in tree.metainfo(dataclasses.replace(SOURCE, homepage=None))
    component = ET.fromstring(tree.metainfo(AT_HOME))
    images = [image.text or "" for image in component.iter("image")]
    assert images
    for image in images:
        address, _, name = image.rpartition("/")
        assert address == f"{AT_HOME.homepage}/raw/v{SOURCE.version}/packaging/screenshots"
        assert (ROOT / "packaging" / "screenshots" / name).is_file()


def test_metainfo_tells_of_every_release() -> None:
    component = ET.fromstring(tree.metainfo(SOURCE))
    releases = [(each.get("version"), each.get("date")) for each in component.iter("release")]
    assert releases == [(each.version, each.date.isoformat()) for each in SOURCE.releases]
    notes = [item.text for item in component.findall(".//release[1]//li")]
    assert notes == [note.replace("`", "") for note in SOURCE.releases[0].notes]


def test_entry_and_metainfo_agree(entry: configparser.ConfigParser) -> None:
    component = ET.fromstring(tree.metainfo(SOURCE))
    assert component.findtext("id") == SOURCE.app_id
    assert component.findtext("launchable") == f"{SOURCE.app_id}.desktop"
    types = [each.text for each in component.iter("mediatype")]
    assert ";".join(map(str, types)) + ";" == entry["Desktop Entry"]["MimeType"]
