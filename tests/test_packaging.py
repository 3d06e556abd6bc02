"""The two commands of the README, on a copy of the build files with a stand-in for uv: no network."""

import ast
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import desktop_chat
from desktop_chat.paths import APP_ID

ROOT = Path(__file__).resolve().parent.parent
DEV = ROOT / "packaging" / "dev.py"
TEST_COMMAND = "python3 packaging/dev.py test"

posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")

UV = """#!/bin/sh
[ "$1" = --version ] && { echo "uv 9.9.9"; exit 0; }
echo "uv $* python=$UV_PYTHON virtual_env=$VIRTUAL_ENV in $PWD" >>"$UV_LOG"
[ -e "$UV_FAILS" ] && { echo "uv: no network" >&2; exit 2; }
mkdir -p .venv/bin
cat >.venv/bin/python <<'END'
#!/bin/sh
echo "python in $PWD:" "$@"
case "$*" in
    *exit-seven*) exit 7 ;;
    *wait*) exec sleep 60 ;;
    *"ruff check"*) [ ! -e "$LINT_FAILS" ] ;;
esac
END
chmod +x .venv/bin/python
"""


class Checkout:
    """A copy of the project's build files, a stand-in uv on PATH and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a project"
        self.log = folder / "uv.log"
        self.uv_fails = folder / "uv-fails"
        self.lint_fails = folder / "lint-fails"
        self.dev = self.root / "packaging" / "dev.py"
        self.dev.parent.mkdir(parents=True)
        self.dev.write_text(DEV.read_text("utf-8"), "utf-8")
        for name in ("pyproject.toml", "uv.lock"):
            (self.root / name).write_text(f"{name}, first\n")
        programs = folder / "bin"
        programs.mkdir()
        (programs / "uv").write_text(UV)
        (programs / "uv").chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{programs}:/usr/bin:/bin",
            "UV_LOG": str(self.log),
            "UV_FAILS": str(self.uv_fails),
            "LINT_FAILS": str(self.lint_fails),
            "VIRTUAL_ENV": "/somewhere/else",
        }
        for name in ("UV_PYTHON", "UV_PROJECT_ENVIRONMENT"):
            self.environment.pop(name, None)

    def command(self, *arguments: str) -> list[str]:
        # The libraries of the machine at hand are no part of these tests.
        start = "import sys, runpy; sys.platform = 'freebsd'; sys.argv = sys.argv[1:]; "
        return [
            sys.executable,
            "-c",
            start + "runpy.run_path(sys.argv[0], run_name='__main__')",
            str(self.dev),
            *arguments,
        ]

    def call(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.root,
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def syncs(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", DEV)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMPILED = "compileall -q desktop_chat"


def modules(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """What the environment's Python was told to run."""
    return re.findall(r"-m (.*)", done.stdout)


@posix
def test_run_makes_the_environment_and_becomes_the_app(checkout: Checkout, tmp_path: Path) -> None:
    done = checkout.call("run", "--demo", "two words", cwd=tmp_path)
    assert modules(done) == [COMPILED, "desktop_chat --demo two words"]
    assert f"python in {tmp_path}: -P -m desktop_chat --demo two words\n" in done.stdout
    assert done.returncode == 0
    (sync,) = checkout.syncs()
    assert sync.startswith("uv sync --locked --compile-bytecode")
    assert sync.endswith(f" python={sys.executable} virtual_env= in {checkout.root}")


@posix
def test_a_second_run_starts_at_once_and_a_changed_lock_does_not(checkout: Checkout) -> None:
    checkout.call("run")
    checkout.call("run")
    assert len(checkout.syncs()) == 1
    (checkout.root / "uv.lock").write_text("second\n")
    checkout.call("run")
    assert len(checkout.syncs()) == 2
    (checkout.root / ".venv" / "bin" / "python").unlink()
    checkout.call("run")
    assert len(checkout.syncs()) == 3


@posix
def test_exit_codes_and_signals_are_the_programs_own(checkout: Checkout) -> None:
    assert checkout.call("run", "exit-seven").returncode == 7
    with subprocess.Popen(
        checkout.command("run", "wait"), env=checkout.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "wait" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM


@posix
def test_test_checks_first_and_then_becomes_pytest(checkout: Checkout, tmp_path: Path) -> None:
    done = checkout.call("test", cwd=tmp_path)
    pytest_on_all_cores = "pytest -n logical --maxprocesses 4 --dist loadgroup"
    assert modules(done) == [COMPILED, "ruff check .", "ruff format --check .", "mypy", pytest_on_all_cores]
    assert f"in {checkout.root}: -m pytest" in done.stdout


@posix
def test_test_with_arguments_is_pytest_alone(checkout: Checkout) -> None:
    assert modules(checkout.call("test", "-k", "name")) == [COMPILED, "pytest -k name"]
    assert modules(checkout.call("test", "-k", "name")) == ["pytest -k name"]


@posix
def test_lint_that_fails_keeps_the_tests_from_running(checkout: Checkout) -> None:
    checkout.lint_fails.touch()
    done = checkout.call("test")
    assert modules(done) == [COMPILED, "ruff check .", "ruff format --check .", "mypy"]
    assert "Not clean: ruff check ." in done.stderr
    assert done.returncode == 1


@posix
def test_a_failing_uv_ends_in_plain_words_and_is_tried_again(checkout: Checkout) -> None:
    checkout.uv_fails.touch()
    done = checkout.call("run")
    assert done.returncode == 1
    assert "uv: no network" in done.stderr
    assert "network connection" in done.stderr
    assert "Traceback" not in done.stderr
    checkout.uv_fails.unlink()
    assert checkout.call("run").returncode == 0


@posix
@pytest.mark.slow
def test_without_uv_and_without_an_index_it_says_so(checkout: Checkout, tmp_path: Path) -> None:
    checkout.environment["PATH"] = "/usr/bin:/bin"
    checkout.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "none")}
    if any(Path(folder, "uv").exists() for folder in ("/usr/bin", "/bin")):
        pytest.skip("this system brings uv itself")
    done = checkout.call("run")
    assert done.returncode == 1
    assert "uv could not be fetched" in done.stderr
    assert "Traceback" not in done.stderr
    assert checkout.syncs() == []


@pytest.mark.parametrize(("arguments", "code"), [(["-h"], 0), (["--help"], 0), ([], 2), (["walk"], 2)])
def test_usage(arguments: list[str], code: int) -> None:
    done = subprocess.run([sys.executable, DEV, *arguments], capture_output=True, text=True)
    assert done.returncode == code
    assert "run [ARGS]" in done.stdout + done.stderr


def test_an_older_python_is_told_so() -> None:
    """It must get as far as saying it: no syntax newer than the Pythons that are still around."""
    ast.parse(DEV.read_text("utf-8"), feature_version=(3, 6))
    start = "import sys, runpy; sys.version_info = (3, 9, 2); runpy.run_path(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", start, str(DEV)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Desktop Chat needs Python 3.11 or newer; this is Python 3.9.\n")


def test_needs_nothing_but_the_standard_library() -> None:
    imported = set()
    for node in ast.walk(ast.parse(DEV.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= sys.stdlib_module_names


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system libraries are named on Linux only")
def test_missing_libraries_are_named_for_the_package_manager(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = dev.library("libno-such-thing.so.9", "libno9", "no-libs", "no", "libno-9")
    present = dev.library("libc.so.6", "libc6", "glibc", "glibc", "glibc")
    assert dev.missing([absent, present]) == [absent]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dev.Failed, match=r"libno-such-thing\.so\.9\n.*on Debian: libno9"):
        dev.provide([absent, present], [])
    for manager, package in (("zypper", "libno-9"), ("pacman", "no"), ("dnf", "no-libs")):
        (tmp_path / manager).touch(mode=0o755)
        with pytest.raises(dev.Failed, match=rf"sudo {manager} .*{package}$"):
            dev.provide([absent], [])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system programs are named on Linux only")
def test_missing_test_programs_are_named_and_stop_nothing(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    dev.provide([], [dev.program("no-such-program", "none", "none", "none", "none")])
    assert "MISSING, tests that need it will be skipped: no-such-program" in capsys.readouterr().err


def test_ci_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert commands[-1] == f"exec {TEST_COMMAND}"
    assert f"\n    {TEST_COMMAND}\n" in (ROOT / "README.md").read_text("utf-8")


def test_version_and_entry_point() -> None:
    """pyproject.toml declares; a frozen program has no metadata of its own, so the code repeats it."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = declared["project"]
    assert project["version"] == desktop_chat.__version__
    assert declared["tool"]["desktop-chat"]["app-id"] == APP_ID
    module, _, function = project["gui-scripts"]["desktop-chat"].partition(":")
    tree = ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text("utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_files_named_in_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    names = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_readme_tells_every_option() -> None:
    shown = subprocess.run(
        [sys.executable, "-P", "-m", "desktop_chat", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"--[a-z-]+", shown))
    assert options
    assert {
        option for option in options if f"`{option}" not in (ROOT / "README.md").read_text("utf-8")
    } == set()


def test_readme_tells_every_shortcut() -> None:
    from desktop_chat.ui.actions import COMMANDS

    table = (ROOT / "README.md").read_text("utf-8").partition("## Keyboard")[2].partition("\n## ")[0]
    told = {
        key
        for row in table.splitlines()
        if row.startswith("|")
        for key in row.split("|")[1].strip().split(", ")
    }
    # Qt calls it Return; keyboards and this page say Enter.
    shortcuts = {command.shortcuts[0].replace("Return", "Enter") for command in COMMANDS if command.shortcuts}
    assert shortcuts - {"Ctrl+,"} <= told
    assert "| Ctrl+, |" in table
