"""The desktop's own screenshot, asked for over a real bus."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.attachments.conftest import image

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("dbus-run-session") is None, reason="no D-Bus here"
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("done", "30 × 20"),
        ("cancelled", "nothing"),
        ("elsewhere", "What the desktop took cannot be read."),
        ("none", "This desktop takes no screenshots for programs."),
    ],
)
def test_what_the_desktop_answers(answer: str, expected: str, tmp_path: Path) -> None:
    image(30, 20).save(str(tmp_path / "shot.png"))
    command = ["dbus-run-session", "--", sys.executable, str(ROOT / "tests/ui/attachments/portal.py")]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, answer, str(tmp_path / "shot.png")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.strip() == expected, done.stderr
