"""The rules that keep the house in order, read from the source. Each rule is shown a breach too."""

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.helpers.architecture import (
    HOMES,
    LONGEST_FILE,
    PACKAGE,
    ROWS,
    STANDARD_LIBRARY,
    Source,
    map_path,
    mapped,
    read,
)

ROOT = Path(__file__).resolve().parent.parent
CODE = ROOT / PACKAGE
FILES = sorted(CODE.rglob("*.py"))

# Written so that the patterns do not match themselves.
UNWELCOME = re.compile(
    r"/wor[k]/|/tmp[/]\w|/roo[t]/|/hom[e]/\w|(?<![\w/.])share[d]/|\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b"
)
"""Paths of somebody's own machine, and marks of unfinished work."""


def project_files() -> list[Path]:
    """What belongs to the project: tracked by git, or new and not ignored; all but caches without git."""
    files = [file for top in (PACKAGE, "tests", "packaging", "resources") for file in (ROOT / top).rglob("*")]
    if shutil.which("git"):
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listing = subprocess.run(command, cwd=ROOT, capture_output=True)
        if listing.returncode == 0:
            files = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file() and "__pycache__" not in file.parts]


@pytest.mark.parametrize("file", FILES, ids=lambda file: map_path(file, CODE) or "__init__.py")
def test_rules_hold(file: Path) -> None:
    assert [str(violation) for violation in read(file, CODE).violations()] == []


def test_map_tells_the_truth() -> None:
    described = mapped(ast.get_docstring(ast.parse((CODE / "__init__.py").read_text("utf-8"))) or "")
    existing = {map_path(file, CODE): file for file in FILES}
    del existing[""]
    missing = [f"{path:<36}{summary(existing[path])}" for path in sorted(existing.keys() - described.keys())]
    assert missing == [], "to be added to the map in desktop_chat/__init__.py"
    assert described.keys() - existing.keys() == set(), "in the map, but there is no such file"


def summary(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").partition("\n")[0]


def test_no_file_is_too_long() -> None:
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "packaging").rglob("*.py")]
    assert [file for file in files if file.read_text("utf-8").count("\n") > LONGEST_FILE] == []


def test_nothing_unfinished_or_private_is_left() -> None:
    found = []
    for file in project_files():
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{file.relative_to(ROOT)}: {match[0]}" for match in UNWELCOME.finditer(text)]
    assert found == []


def breaches(module: str, text: str) -> list[str]:
    return [violation.what for violation in Source(module, text).violations()]


@pytest.mark.parametrize(
    ("module", "text", "what"),
    [
        ("session", "from desktop_chat.ui.theme import Theme", "imports ui, which stands above it"),
        ("session", "from desktop_chat import ui", "imports ui, which stands above it"),
        ("domain.message", "import desktop_chat.session", "imports session, which stands above it"),
        ("ui.theme", "import desktop_chat.app as main", "imports app, which stands above it"),
        (
            "api.reply",
            "def late():\n    from desktop_chat.storage import Store",
            "imports its neighbour storage",
        ),
        ("api.reply", "from .. import storage", "imports its neighbour storage"),
        ("api.reply", "from ..storage.store import Store", "imports its neighbour storage"),
        ("tasks", "from .settings import Settings", "imports its neighbour settings"),
        (
            "api.reply",
            "if TYPE_CHECKING:\n    from desktop_chat.settings import Settings",
            "imports its neighbour settings",
        ),
        (
            "api",
            "import importlib\nimportlib.import_module('desktop_chat.tools')",
            "imports its neighbour tools",
        ),
        (
            "api.client",
            "from importlib import import_module\nimport_module('..ui', 'x')",
            "imports ui, which stands above it",
        ),
        (
            "api",
            "import importlib\nimportlib.import_module(name)",
            "imports a module whose name is not written out",
        ),
        ("gadgets", "", "gadgets has no row in the architecture"),
        ("session", "import desktop_chat.gadgets", "imports gadgets, which has no row in the architecture"),
        ("session", "import openai", "imports openai, whose home is api"),
        ("session", "from openai.types import chat", "imports openai, whose home is api"),
        ("ui.dialog", "def f():\n    __import__('keyring')", "imports keyring, whose home is credentials"),
        ("ui.dialog", "import pygments.lexers", "imports pygments, whose home is rendering"),
        ("ui.transcript.formulas", "import ziamath", "imports ziamath, whose home is rendering"),
        ("worker", "from desktop_chat.rendering import colours", "imports its neighbour rendering"),
        (
            "session",
            "from PySide6.QtPrintSupport import QPrinter",
            "imports PySide6.QtPrintSupport, whose home is ui",
        ),
        ("storage.store", "import sqlite3", "imports sqlite3, whose home is nowhere"),
        ("session", "from PySide6.QtGui import QIcon", "imports PySide6.QtGui, whose home is ui"),
        ("session", "from PySide6 import QtWidgets", "imports PySide6.QtWidgets, whose home is ui"),
        ("app", "from PySide6.QtWidgets import QDialog", "imports PySide6.QtWidgets, whose home is ui"),
        ("app", "import PySide6.QtWidgets", "imports PySide6.QtWidgets, whose home is ui"),
        (
            "ui.view",
            "from PySide6 import QtWebEngineCore",
            "imports PySide6.QtWebEngineCore, which has no home",
        ),
        ("ui.view", "import requests", "imports requests, which has no home"),
        ("session", "try:\n    f()\nexcept Exception:\n    g()", "catches every exception"),
        ("session", "try:\n    f()\nexcept (ValueError, BaseException):\n    g()", "catches every exception"),
        ("session", "try:\n    f()\nexcept:\n    raise ValueError", "catches every exception"),
        ("session", "with contextlib.suppress(Exception):\n    f()", "suppresses every exception"),
        ("ui.view", "document.setHtml(text)", "setHtml: text would become markup"),
        ("ui.safe", "label.setTextFormat(Qt.TextFormat.RichText)", "RichText: text would become markup"),
        (
            "ui.view",
            "button.setToolTip(f'{title}' if title else '')",
            "setToolTip with a text that did not go through safe.tool_tip",
        ),
        ("ui.view", "QLabel(title)", "QLabel made outside ui/safe.py"),
        ("ui.view", "QtWidgets.QLabel(title)", "QLabel made outside ui/safe.py"),
        ("ui.view", "class Title(QLabel):\n    pass", "QLabel made outside ui/safe.py"),
        ("ui.view", "QMessageBox.warning(self, title, text)", "QMessageBox made outside ui/safe.py"),
        ("ui.view", "from PySide6.QtWidgets import QLabel as Text", "QLabel made outside ui/safe.py"),
        (
            "ui.view",
            "from PySide6.QtGui import QDesktopServices",
            "QDesktopServices outside ui/links.py",
        ),
        ("ui.view", "QtGui.QDesktopServices.openUrl(url)", "QDesktopServices outside ui/links.py"),
        ("session", "a = 1\n" * (LONGEST_FILE + 1), f"longer than {LONGEST_FILE} lines"),
    ],
)
def test_a_breach_is_seen(module: str, text: str, what: str) -> None:
    assert breaches(module, text) == [what]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (
            "app",
            "from desktop_chat.ui.main_window import MainWindow\nfrom PySide6.QtWidgets import QApplication",
        ),
        ("chats", "from desktop_chat.session import ChatSession"),
        ("session", "from desktop_chat import __version__\nfrom desktop_chat.api import Api"),
        ("api.client", "from desktop_chat import paths\nfrom .errors import classify\nimport openai, httpx2"),
        ("ui.transcript.blocks", "import markdown_it\nfrom PySide6 import QtGui\nfrom ..safe import label"),
        ("ui.view", "def shown(box: QMessageBox) -> QMessageBox.StandardButton:\n    return box.result()"),
        ("ui.view", "button.setToolTip(safe.tool_tip(title) if title else 'Send')"),
        ("credentials", "try:\n    f()\nexcept Exception:\n    g()"),
        ("storage.store", "try:\n    f()\nexcept BaseException:\n    undo()\n    raise"),
        ("ui.safe", "QLabel(text)"),
        ("ui.links", "QDesktopServices.openUrl(url)"),
    ],
)
def test_what_is_allowed_passes(module: str, text: str) -> None:
    assert breaches(module, text) == []


def test_a_package_resolves_relative_imports_from_itself() -> None:
    package = Source("api", "from .client import Client\nfrom ..storage import Store", is_package=True)
    assert [violation.what for violation in package.violations()] == ["imports its neighbour storage"]


def test_the_package_itself_imports_nothing() -> None:
    assert Source("", "import openai", is_package=True).violations()


def test_unwelcome_words_are_seen() -> None:
    for text in ("/wor" + "k/x", "/tm" + "p/x", "/home" + "/me", "see share" + "d/y", "TO" + "DO: later"):
        assert UNWELCOME.search(text), text
    assert not UNWELCOME.search("/usr/share/icons, networks, 'http://shared.example/'")


def test_every_dependency_has_a_home() -> None:
    """The table names what pyproject.toml asks for, by the name it is imported under."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    modules = {
        "pyside6-essentials": "PySide6.QtCore",
        "markdown-it-py": "markdown_it",
        "python-dotenv": "dotenv",
    }
    for requirement in project["dependencies"]:
        name = re.split(r"[^\w-]", requirement)[0].lower()
        assert HOMES.get(modules.get(name, name.replace("-", "_"))), f"{name} has no home"


def test_the_rows_share_no_part() -> None:
    assert len(frozenset().union(*ROWS)) == sum(len(row) for row in ROWS)
    assert "sqlite3" not in STANDARD_LIBRARY
