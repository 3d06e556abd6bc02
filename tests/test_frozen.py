"""What is different in a bundled program. It is this Python that says it was frozen; the bundle itself is
what ``packaging/smoke_test.py`` looks at."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_chat import __version__
from desktop_chat.paths import Profile

ROOT = Path(__file__).parent.parent

FREEZE = """
import json, os, subprocess, sys
sys.frozen, sys.executable, python = True, sys.argv.pop(1), sys.executable
sys._MEIPASS = sys.argv.pop(1)
from desktop_chat.app import main
"""
CHILD = """
try:
    main(["--version"])
except SystemExit:
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    sys.stdout.flush()
    subprocess.run([python, "-c", script])
"""


def frozen(
    script: str, program: Path, *arguments: str, bundle: str = "/bundle", **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", FREEZE + script, str(program), bundle, *arguments],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def environment_of_a_child(**environment: str) -> dict[str, str]:
    """What a program gets that the frozen one starts, which itself was started with ``environment``."""
    done = frozen(CHILD, Path("/bundle/desktop-chat"), **environment)
    said, child = done.stdout.splitlines()
    assert said == f"desktop-chat {__version__}"
    got: dict[str, str] = json.loads(child)
    return got


def test_programs_that_are_started_do_not_load_the_libraries_of_the_bundle() -> None:
    child = environment_of_a_child(
        LD_LIBRARY_PATH="/bundle",
        QT_PLUGIN_PATH="/bundle/plugins",
        QML2_IMPORT_PATH="/bundle/qml",
        _PYI_ARCHIVE_FILE="/bundle/desktop-chat",
        KEPT="yes",
    )
    assert child["KEPT"] == "yes"
    assert not [name for name, value in child.items() if "/bundle" in value]
    assert not [name for name in child if name.startswith("LD_LIBRARY_PATH")]


def test_they_get_the_library_path_that_the_user_set() -> None:
    child = environment_of_a_child(LD_LIBRARY_PATH=f"/bundle{os.pathsep}/mine", LD_LIBRARY_PATH_ORIG="/mine")
    assert child["LD_LIBRARY_PATH"] == "/mine"
    assert "LD_LIBRARY_PATH_ORIG" not in child
    assert environment_of_a_child(LD_LIBRARY_PATH="/mine")["LD_LIBRARY_PATH"] == "/mine"


@pytest.mark.skipif(sys.platform == "darwin", reason="nothing may be added to a signed application")
def test_a_folder_beside_the_program_makes_it_portable(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    (tmp_path / "profile").mkdir()
    shoot = f"sys.exit(main(['--screenshot', {str(picture)!r}, *sys.argv[1:]]))"
    program = tmp_path / "desktop-chat"
    other = tmp_path / "other"
    for arguments in (["--demo"], ["--profile", str(other)]):
        done = frozen(shoot, program, *arguments, bundle=str(ROOT))
        assert done.returncode == 0, done.stderr
        assert list((tmp_path / "profile").iterdir()) == []
    assert (other / "chats.db").exists()
    done = frozen(shoot, program, bundle=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "profile" / "chats.db").exists()


def test_others_keep_the_platforms_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Profile.default()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "desktop-chat"))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert Profile.default() == usual
    monkeypatch.delattr(sys, "frozen")
    (tmp_path / "profile").mkdir()
    assert Profile.default() == usual


@pytest.mark.parametrize(("argument", "code"), [("--version", 0), ("--help", 0), ("--nonsense", 2)])
def test_without_standard_output(argument: str, code: int) -> None:
    """As a windowed program of Windows has none."""
    script = f"sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None\nmain([{argument!r}])"
    assert frozen(script, Path("/bundle/desktop-chat")).returncode == code


REPLACED = """
import pathlib, types
from desktop_chat import frozen
archive = types.SimpleNamespace(_filename=sys.executable)
sys.modules["pyimod02_importers"] = types.SimpleNamespace(pyz_archive=archive)
frozen.hold_modules()
before, program = frozen.is_replaced(), pathlib.Path(sys.executable)
started = program.stat().st_ino
if sys.argv[1] == "upgraded":
    program.with_suffix(".new").write_bytes(b"another")
    program.with_suffix(".new").replace(program)
elif sys.argv[1] == "removed":
    program.unlink()
with open(archive._filename, "rb") as file:
    print(before, os.fstat(file.fileno()).st_ino == started, frozen.is_replaced())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="replaces the file of a running program")
@pytest.mark.parametrize(("what", "replaced"), [("left", False), ("upgraded", True), ("removed", True)])
def test_a_program_that_was_replaced_reads_its_own_modules(tmp_path: Path, what: str, replaced: bool) -> None:
    program = tmp_path / "desktop-chat"
    shutil.copy(Path(sys.executable).resolve(), program)
    done = subprocess.run(
        [program, "-c", FREEZE + REPLACED, program, str(tmp_path), what],
        env=os.environ | {"PYTHONHOME": sys.base_prefix},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["False", "True", str(replaced)], done.stderr
