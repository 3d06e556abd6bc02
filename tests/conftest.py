"""What holds for every test: nothing of the user is read or touched, and nothing goes wrong unheard."""

import gc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before Qt is imported: without a display it aborts the process, and on one the windows would take the focus.
if sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Before keyring is imported, which reads it once: no test gets at the user's keyring.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

import pytest
from hypothesis import HealthCheck, settings

HOME_VARIABLES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
XDG_VARIABLES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
NOBODY = 65534

# How long an example takes says nothing on a busy machine.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", settings.get_profile("here"), max_examples=25, derandomize=True, database=None, print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run what takes many seconds a test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is slow, unless it is asked for, by the option or by its name."""
    if config.getoption("--slow") or any("::" in str(argument) for argument in config.args):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


def pytest_configure(config: pytest.Config) -> None:
    # Said by the offscreen platform for every window with a fixed size: it has no window manager to tell.
    config.addinivalue_line("qt_log_ignore", "This plugin does not support propagateSizeHints")


def collect() -> None:
    """A full collection that stays cheap: what survives one is global, and left out of those to come."""
    gc.collect()
    gc.freeze()


def pytest_collection_finish() -> None:
    collect()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def no_loose_ends() -> Iterator[None]:
    """Fails a test that leaves a task pending, or a task's exception unread: asyncio only logs these.

    Coroutines that were never awaited and unclosed resources reach pytest as warnings, which are errors here.
    They too are found when the objects die, so the test's garbage goes while the test can still be blamed.
    """
    kept = _Kept()
    logger = logging.getLogger("asyncio")
    logger.addHandler(kept)
    try:
        yield
        collect()
    finally:
        logger.removeHandler(kept)
    if kept.records:
        pytest.fail("asyncio: " + "\n".join(logging.Formatter().format(record) for record in kept.records))


@pytest.fixture(autouse=True)
def a_home_of_its_own(
    no_loose_ends: None, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every test has an empty home, no proxy and no API key, whatever the machine has."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith(("OPENAI_", "AZURE_OPENAI_", "DESKTOP_CHAT_")):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name in HOME_VARIABLES:
        monkeypatch.setenv(name, str(home))
    for name in XDG_VARIABLES:
        folder = home / name.lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(folder))


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """The test runs as a user whom permission bits bind, unlike root; gives a folder of this user's own.

    What the test needs has to be imported before: the interpreter's own folders may be closed to this user.
    """
    with tempfile.TemporaryDirectory(prefix="desktop-chat-") as name:
        if sys.platform == "win32" or os.geteuid() != 0:
            yield Path(name)
            return
        os.chown(name, NOBODY, NOBODY)
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)
            os.setegid(0)
