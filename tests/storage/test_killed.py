"""Killed at any statement, a change of the history is there or not, and what was acknowledged is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.timeout(900)
def test_killed_at_any_statement_of_what_changes_a_history(tmp_path: Path) -> None:
    """Dies some thirty times; with EVERY_STATEMENT=1 in the environment more than a thousand times."""
    root = Path(__file__).parents[2]
    step = "1" if os.environ.get("EVERY_STATEMENT") else "47"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.storage.killed", str(tmp_path), step],
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) >= 25
