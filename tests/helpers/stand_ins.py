"""Stand-ins for programs that other systems have: scripts on PATH that write down how they were called."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EPOCH = 1_750_000_000

SCRIPT = """#!{python}
import json, os, sys
text = "" if sys.stdin.isatty() else sys.stdin.read()
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
call = dict(program=name, arguments=arguments, text=text, environment=dict(os.environ))
with open({log!r}, "a", encoding="utf-8") as log:
    log.write(json.dumps(call) + "\\n")
{behaviour}
"""

DRIVER = """
import importlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
import product
product.BUILD = pathlib.Path(sys.argv[3])
bundle, dist = map(pathlib.Path, sys.argv[4:])
module = importlib.import_module(sys.argv[2])
if hasattr(module, "PAUSE"):
    module.PAUSE = 0
try:
    print(module.build(product.load(), bundle, dist))
except product.Unavailable as reason:
    sys.exit(f"unavailable: {reason}")
except product.Failed as failure:
    sys.exit(f"failed: {failure}")
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a stand-in: ``text`` is what it read, ``environment`` what it was given."""

    program: str
    arguments: list[str]
    text: str
    environment: dict[str, str]


class Workshop:
    """A folder where a format is built by a process whose PATH has nothing but stand-ins, and ``tools``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dist = folder / "dist"
        self.build_folder = folder / "build"
        self.programs = folder / "programs"
        self._log = folder / "calls"
        self.programs.mkdir()
        self.build_folder.mkdir()

    def add(self, name: str, behaviour: str = "") -> None:
        """A stand-in ``name``; its ``behaviour`` is Python that finds ``arguments`` and ``text``."""
        path = self.programs / name
        path.write_text(
            SCRIPT.format(python=sys.executable, log=str(self._log), behaviour=behaviour), "utf-8"
        )
        path.chmod(0o755)

    def link(self, tool: str) -> None:
        """The real program of this path."""
        (self.programs / Path(tool).name).symlink_to(tool)

    @property
    def calls(self) -> list[Call]:
        if not self._log.exists():
            return []
        return [Call(**json.loads(line)) for line in self._log.read_text("utf-8").splitlines()]

    def told(self, program: str) -> list[list[str]]:
        """The arguments of every call of ``program``."""
        return [call.arguments for call in self.calls if call.program == program]

    def build(self, module: str, bundle: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """``build()`` of a module of packaging/, with ``environment`` and no other variable that matters."""
        kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "SYSTEMROOT") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-c", DRIVER, ROOT / "packaging", module, self.build_folder, bundle, self.dist],
            env={**kept, "PATH": str(self.programs), "SOURCE_DATE_EPOCH": str(EPOCH), **environment},
            capture_output=True,
            text=True,
            timeout=100,
        )
