"""Programs of the system that make and sign installers: run, and explained where they fail."""

import os
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence

from product import Failed

SECRETS = ("WINDOWS_CERTIFICATE", "MACOS_CERTIFICATE", "APPLE_API_KEY")
"""What the names of variables with secrets begin with. Only the program that needs one is given it."""


def without_secrets() -> dict[str, str]:
    """The variables of this process that any program may see."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SECRETS)}


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, text: str = "") -> str:
    """Run ``command`` with ``text`` on its standard input, and return its standard output.

    It gets this process's environment without secrets, and ``environment``. Raises :class:`product.Failed`
    with what the program said; never with its arguments beyond the first, which may name what is secret.
    """
    name = " ".join(command[:2])
    try:
        answer = subprocess.run(
            command,
            env=without_secrets() | dict(environment or {}),
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise Failed(f"{name} could not be started: {error}") from error
    if answer.returncode != 0:
        said = f"{answer.stdout}{answer.stderr}".strip()
        raise Failed(f"{name} ended with code {answer.returncode}:\n{said}")
    return answer.stdout


def find(names: Collection[str]) -> str | None:
    """The first program of ``names`` that PATH has."""
    return next((found for name in names if (found := shutil.which(name))), None)
