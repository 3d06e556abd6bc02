"""Reads Python source and says where it breaks the project's rules. Only parses it: imports nothing."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "desktop_chat"
LONGEST_FILE = 600
"""Lines. A longer file holds more than one thing."""

TOP = frozenset(
    {
        "__main__",
        "app",
        "application",
        "command_line",
        "frozen",
        "import_command",
        "instance",
        "network",
        "opened_file",
        "opening",
    }
)
UI = frozenset({"ui"})
SESSION = frozenset(
    {
        *("session", "asking", "answering", "record", "chats", "outbox", "services"),
        *("organising", "undo", "connectivity", "waiting", "indexing"),
        *("turn", "gate", "inspection", "keeping", "exports", "imports"),
        *("counting", "spending", "bookkeeping", "errands", "answer_cache", "diagnostics", "request_log"),
    }
)
SHARED = frozenset({"worker", "paths", "tasks"})
SERVICES = SHARED | frozenset(
    {
        "api",
        "storage",
        "tokens",
        "attachments",
        "tools",
        "settings",
        "credentials",
        "rendering",
        "logs",
        "validation",
        "lock",
        "exporting",
        "importing",
    }
)
DOMAIN = frozenset({"domain"})
ROWS = (TOP, UI, SESSION, SERVICES, DOMAIN)
"""From the top down; a part imports from rows below its own. TOP and SESSION are each one thing in several
files, which may meet; those of SERVICES never meet, except that all may use SHARED."""

STANDARD_LIBRARY = sys.stdlib_module_names - {"sqlite3"}
"""``sqlite3`` is what the system has, and may be older than the fix of the WAL-reset bug: apsw is used."""

HOMES: dict[str, tuple[str, ...]] = {
    "openai": ("api",),
    "httpx2": ("api",),
    "httpcore2": ("api",),
    "anyio": ("api",),
    "apsw": ("storage",),
    "sqlite3": (),
    "tiktoken": ("tokens",),
    "genai_prices": ("tokens",),
    "mcp": ("tools",),
    "pypdf": ("attachments",),
    "charset_normalizer": ("attachments",),
    "striprtf": ("attachments",),
    "jsonschema": ("validation",),
    "referencing": ("validation",),
    "keyring": ("credentials",),
    "dotenv": ("credentials",),
    "platformdirs": ("paths",),
    "pygments": ("rendering",),
    "markdown_it": ("ui.transcript",),
    "ziamath": ("rendering",),
    "qasync": tuple(TOP),
    "shiboken6": ("ui",),
    "PySide6.QtCore": (*TOP, "ui", *SESSION, "settings"),
    "PySide6.QtGui": ("ui",),
    "PySide6.QtWidgets": ("ui",),
    "PySide6.QtSvg": ("ui",),
    "PySide6.QtPrintSupport": ("ui",),
    "PySide6.QtDBus": ("ui",),
    "PySide6.QtNetwork": tuple(TOP),
}
"""Each library, and the only parts that import it."""

APPLICATION = {
    "PySide6.QtWidgets": {"QApplication"},
    "PySide6.QtGui": {"QFileOpenEvent", "QGuiApplication", "QIcon"},
}
"""What TOP needs of Qt to have an application at all."""

CATCHES_ALL = {"tasks", "credentials", "worker", "tokens"}
GUESSES_FORMAT = {"QErrorMessage", "QInputDialog", "QLabel", "QMessageBox", "QProgressDialog", "QTextBrowser"}
"""Widgets that take a text for HTML when it looks so."""
RICH_TEXT = {
    *("setHtml", "insertHtml", "appendHtml", "fromHtml", "setMarkdown", "insertMarkdown", "fromMarkdown"),
    *("RichText", "AutoText", "MarkdownText"),
}
SAFE = "ui.safe"
LINKS = "ui.links"


class Violation(NamedTuple):
    module: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.what}"


class Import(NamedTuple):
    line: int
    module: str
    name: str | None
    """What is taken from the module; None where the module itself is imported."""


def within(module: str, homes: tuple[str, ...]) -> bool:
    return any(module == home or module.startswith(home + ".") for home in homes)


def row_of(part: str) -> int | None:
    return next((index for index, row in enumerate(ROWS) if part in row), None)


def last_name(node: ast.AST) -> str | None:
    """``QLabel`` for ``QLabel``, ``QtWidgets.QLabel`` and ``module.QLabel``."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def shown_literally(text: ast.expr) -> bool:
    """Whether a tool tip, which has no format to set, cannot take this text for HTML."""
    if isinstance(text, ast.IfExp):
        return shown_literally(text.body) and shown_literally(text.orelse)
    return isinstance(text, ast.Constant) or (
        isinstance(text, ast.Call) and last_name(text.func) == "tool_tip"
    )


class Source:
    """One file of the package. ``module`` is its dotted name below the package: ``ui.transcript.view``."""

    def __init__(self, module: str, text: str, *, is_package: bool = False) -> None:
        self.module = module
        self.part = module.partition(".")[0]
        self.is_package = is_package
        self.lines = text.count("\n")
        self.tree = ast.parse(text)
        self._nodes = list(ast.walk(self.tree))

    def violations(self) -> list[Violation]:
        found = [
            *self._imports_up(),
            *self._library_homes(),
            *self._broad_handlers(),
            *self._rich_text(),
            *self._guessing_widgets(),
        ]
        if self.lines > LONGEST_FILE:
            found.append(self._at(self.lines, f"longer than {LONGEST_FILE} lines"))
        return sorted(found, key=lambda violation: violation.line)

    def _at(self, line: int, what: str) -> Violation:
        return Violation(self.module, line, what)

    def imports(self) -> Iterator[Import]:
        """Every import: at any depth, behind TYPE_CHECKING, relative, or by ``import_module``."""
        for node in self._nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(node.lineno, alias.name, None)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node.level, node.module or "")
                for alias in node.names:
                    yield Import(node.lineno, base, alias.name)
            elif isinstance(node, ast.Call) and last_name(node.func) in ("import_module", "__import__"):
                yield Import(node.lineno, self._dynamic(node), None)

    def _absolute(self, level: int, name: str) -> str:
        if level == 0:
            return name
        parents = [PACKAGE, *self.module.split(".")]
        base = parents[: len(parents) - level + self.is_package]
        return ".".join([*base, name] if name else base)

    def _dynamic(self, call: ast.Call) -> str:
        argument = call.args[0] if call.args else None
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            return "?"
        name = argument.value.lstrip(".")
        return self._absolute(len(argument.value) - len(name), name)

    def _imports_up(self) -> Iterator[Violation]:
        row = row_of(self.part)
        if not self.module:
            yield from (self._at(line, "the package imports nothing") for line, _, _ in self.imports())
            return
        if row is None:
            yield self._at(1, f"{self.part} has no row in the architecture")
            return
        for line, module, name in self.imports():
            if module != PACKAGE and not module.startswith(PACKAGE + "."):
                continue
            target = module.split(".")[1] if module != PACKAGE else name or ""
            if not target or target == self.part or (target.startswith("__") and target != "__main__"):
                continue
            target_row = row_of(target)
            if target_row is None:
                yield self._at(line, f"imports {target}, which has no row in the architecture")
            elif target_row < row:
                yield self._at(line, f"imports {target}, which stands above it")
            elif target_row == row and ROWS[row] is SERVICES and target not in SHARED:
                yield self._at(line, f"imports its neighbour {target}")

    def _library_homes(self) -> Iterator[Violation]:
        if not self.module:
            return
        for line, module, name in self.imports():
            top = module.partition(".")[0]
            if module == "?":
                yield self._at(line, "imports a module whose name is not written out")
            elif top == PACKAGE or top in STANDARD_LIBRARY:
                continue
            else:
                library = top
                if top == "PySide6":
                    library = f"{module}.{name}" if module == top else ".".join(module.split(".")[:2])
                if library not in HOMES:
                    yield self._at(line, f"imports {library}, which has no home")
                elif within(self.module, HOMES[library]):
                    continue
                elif self.part not in TOP or name not in APPLICATION.get(library, ()):
                    yield self._at(
                        line, f"imports {library}, whose home is {', '.join(HOMES[library]) or 'nowhere'}"
                    )

    def _broad_handlers(self) -> Iterator[Violation]:
        """A handler that ends by raising again swallows nothing and is no breach."""
        if self.part in CATCHES_ALL:
            return
        for node in self._nodes:
            if isinstance(node, ast.ExceptHandler) and self._catches_all(node.type):
                last = node.body[-1]
                if not (isinstance(last, ast.Raise) and last.exc is None):
                    yield self._at(node.lineno, "catches every exception")
            elif (
                isinstance(node, ast.Call)
                and last_name(node.func) == "suppress"
                and any(self._catches_all(argument) for argument in node.args)
            ):
                yield self._at(node.lineno, "suppresses every exception")

    def _catches_all(self, caught: ast.expr | None) -> bool:
        if isinstance(caught, ast.Tuple):
            return any(self._catches_all(element) for element in caught.elts)
        return caught is None or last_name(caught) in ("Exception", "BaseException")

    def _rich_text(self) -> Iterator[Violation]:
        for node in self._nodes:
            if isinstance(node, ast.Attribute) and node.attr in RICH_TEXT:
                yield self._at(node.lineno, f"{node.attr}: text would become markup")
            elif (
                isinstance(node, ast.Call)
                and last_name(node.func) == "setToolTip"
                and self.module != SAFE
                and not all(shown_literally(text) for text in node.args)
            ):
                yield self._at(node.lineno, "setToolTip with a text that did not go through safe.tool_tip")

    def _guessing_widgets(self) -> Iterator[Violation]:
        for node in self._nodes:
            if isinstance(node, ast.Name | ast.Attribute | ast.alias):
                name = node.name if isinstance(node, ast.alias) else last_name(node)
                if name == "QDesktopServices" and self.module != LINKS:
                    yield self._at(node.lineno, "QDesktopServices outside ui/links.py")
            if self.module == SAFE:
                continue
            used: list[tuple[str | None, int]]
            if isinstance(node, ast.alias):
                used = [(node.name, node.lineno)] if node.asname else []
            elif isinstance(node, ast.ClassDef):
                used = [(last_name(base), node.lineno) for base in node.bases]
            elif isinstance(node, ast.Call):
                used = [(last_name(node.func), node.lineno)]
                if isinstance(node.func, ast.Attribute):
                    used.append((last_name(node.func.value), node.lineno))
            else:
                continue
            for name, line in used:
                if name in GUESSES_FORMAT:
                    yield self._at(line, f"{name} made outside ui/safe.py")


MAP_LINE = re.compile(r"^([\w/]+(?:\.py|/)) {2,}(\S.*)$", re.MULTILINE)


def mapped(docstring: str) -> dict[str, str]:
    """The map in the package's docstring: one line a file, ``path  what it holds``.

    A path is relative to the package; a path that ends in ``/`` stands for a folder and its ``__init__.py``.
    """
    return dict(MAP_LINE.findall(docstring))


def map_path(file: Path, package: Path) -> str:
    """How ``file`` is called in the map."""
    relative = file.relative_to(package).as_posix()
    return relative.removesuffix("__init__.py")


def read(file: Path, package: Path) -> Source:
    parts = file.relative_to(package).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    return Source(module, file.read_text(encoding="utf-8"), is_package=is_package)
