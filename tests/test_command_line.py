"""The command line and the environment, as scripts rely on them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_chat import __version__
from desktop_chat.command_line import parse, take_environment
from desktop_chat.domain.endpoint import Dialect, EndpointKind, KeySource


def start(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "desktop_chat", *arguments],
        env=kept | environment,
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["--import", "a.json", "b.json"], ["--import", ""]])
def test_an_import_of_what_was_not_meant_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)
    assert "--import takes the name of one file" in capsys.readouterr().err


def test_the_version_needs_no_display_and_no_qt() -> None:
    script = (
        "import sys\nfrom desktop_chat.app import main\n"
        "try:\n    main(['--version'])\n"
        "finally:\n    heavy = {'PySide6', 'openai', 'httpx2', 'keyring', 'tiktoken', 'apsw', 'qasync'}\n"
        "    print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.stdout == f"desktop-chat {__version__}\n"
    assert result.stderr.strip() == "[]"
    assert result.returncode == 0


def test_bad_usage_exits_2() -> None:
    assert start("--no-such-option").returncode == 2


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
@pytest.mark.parametrize("display", [{}, {"DISPLAY": ":4242"}, {"WAYLAND_DISPLAY": "none"}])
def test_without_a_display_one_line_says_so(tmp_path: Path, display: dict[str, str]) -> None:
    result = start("--profile", str(tmp_path), **display)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "--screenshot" in result.stderr


def test_a_profile_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = start("--profile", str(tmp_path / "file"), QT_QPA_PLATFORM="offscreen")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1


def test_the_profile_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKTOP_CHAT_PROFILE", "/there")
    assert parse([]).profile == Path("/there")
    assert parse(["--profile", "/here"]).profile == Path("/here")


def test_a_file_to_open_may_be_named_or_not() -> None:
    assert parse([]).file is None
    assert parse(["--open"]).file is None
    assert parse(["--open", "a b.txt"]).file == Path("a b.txt")
    both = parse(["--open", "x.txt", "Hello"])
    assert (both.file, both.prompt) == (Path("x.txt"), "Hello")


def test_openai_variables_are_taken_away_and_describe_one_endpoint() -> None:
    environ = {
        "OPENAI_API_KEY": " sk-1 ",
        "OPENAI_ORG_ID": "org",
        "OPENAI_PROJECT_ID": "proj",
        "OPENAI_CUSTOM_HEADERS": "x: y",
        "PATH": "/bin",
    }
    endpoint, key = take_environment(environ)
    assert environ == {"PATH": "/bin"}
    assert key == "sk-1"
    assert endpoint is not None
    assert (endpoint.name, endpoint.kind, endpoint.dialect) == (
        "Environment",
        EndpointKind.OPENAI,
        Dialect.RESPONSES,
    )
    assert (endpoint.organization, endpoint.project, endpoint.key_source) == (
        "org",
        "proj",
        KeySource.ENVIRONMENT,
    )


def test_another_base_url_makes_it_a_compatible_server() -> None:
    endpoint, _ = take_environment({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://localhost:1234/v1/"})
    assert endpoint is not None
    assert endpoint.base_url == "http://localhost:1234/v1"
    assert endpoint.kind is EndpointKind.COMPATIBLE
    assert endpoint.dialect is Dialect.CHAT_COMPLETIONS


@pytest.mark.parametrize(
    "environ", [{}, {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "not a url"}, {"OPENAI_API_KEY": ""}]
)
def test_without_a_key_or_an_address_there_is_no_endpoint(environ: dict[str, str]) -> None:
    assert take_environment(environ) == (None, "")
