"""Importing the SDK: a first import that fails half-way is tried again."""

import subprocess
import sys

PROGRAM = """
import asyncio, sys
from desktop_chat.api import Api

class Fails:
    times = {times}
    def find_spec(self, name, path=None, target=None):
        if name == "pydantic._internal._validators" and self.times:
            self.times -= 1
            raise ImportError("cannot import name 'import_string' from partially initialized module")

sys.meta_path.insert(0, Fails())

async def main():
    api = Api()
    try:
        await api.load()
    except ImportError:
        Fails.times = 0
        sys.meta_path.pop(0)
        await api.load()
        print("later")
    else:
        print("at once")
    await api.close()

asyncio.run(main())
"""


def said(times: int) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{times}", str(times))], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_an_import_that_fails_by_accident_is_tried_again() -> None:
    assert said(2) == "at once"


def test_what_failed_does_not_fail_for_ever() -> None:
    assert said(1000) == "later"
