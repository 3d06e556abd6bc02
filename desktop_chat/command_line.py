"""The command line and the environment, read before anything that takes a while is imported."""

import argparse
import os
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from desktop_chat import __version__

if TYPE_CHECKING:
    from desktop_chat.domain.endpoint import Endpoint


class Options(NamedTuple):
    """What the user asked for. ``profile`` None is the platform's places, or a throw-away with ``demo``;
    ``file`` is opened with the prompt; ``new_chat`` asks for an empty chat where a window is only raised;
    ``imports`` are files to add chats from, without a window."""

    profile: Path | None
    demo: bool
    debug: bool
    screenshot: Path | None
    prompt: str
    file: Path | None = None
    new_chat: bool = False
    imports: tuple[Path, ...] = ()


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options. Ends the process for ``--help``, ``--version`` (0) and bad usage (2)."""
    parser = argparse.ArgumentParser(
        prog="desktop-chat",
        description="A desktop chat client for the OpenAI API and every server that speaks it.",
        epilog="DESKTOP_CHAT_PROFILE=DIR is as --profile DIR. Keys are never taken from the command line.",
    )
    parser.add_argument("--profile", metavar="DIR", help="keep everything of this run under DIR")
    parser.add_argument(
        "--demo",
        action="store_true",
        help="use the built-in demo model: no key, no network, a throw-away profile without --profile",
    )
    parser.add_argument("--debug", action="store_true", help="log more, to standard error too")
    parser.add_argument(
        "--screenshot", metavar="FILE", help="paint the window off screen into a PNG, and end"
    )
    parser.add_argument(
        "--open",
        # What a .desktop file starts may name no file at all.
        nargs="?",
        default="",
        const="",
        metavar="FILE",
        help="open a new chat with the text of FILE, not sent, below PROMPT where there is one",
    )
    parser.add_argument(
        "--new-chat", action="store_true", help="show a new chat, also where the program runs already"
    )
    parser.add_argument(
        "--import",
        action="append",
        default=[],
        dest="imports",
        metavar="FILE",
        help="add the chats of an export of another program, or of this one, and end: no window is shown",
    )
    parser.add_argument("--version", action="version", version=f"desktop-chat {__version__}")
    parser.add_argument(
        "prompt", nargs="?", default="", metavar="PROMPT", help="open a new chat with this text, not sent"
    )
    options = parser.parse_args(arguments)
    if options.imports and (options.prompt or "" in options.imports):
        # A pattern that the shell made several files of, or a variable that is empty.
        parser.error("--import takes the name of one file; it may be given several times")
    profile = options.profile or os.environ.get("DESKTOP_CHAT_PROFILE") or None
    return Options(
        Path(profile) if profile else None,
        options.demo,
        options.debug,
        Path(options.screenshot) if options.screenshot else None,
        options.prompt,
        Path(options.open) if options.open else None,
        options.new_chat,
        tuple(map(Path, options.imports)),
    )


def take_environment(environ: MutableMapping[str, str]) -> tuple["Endpoint | None", str]:
    """The endpoint and the key that ``OPENAI_*`` describe, taken out of ``environ``.

    The SDK applies these variables to every client that leaves an argument open, so none may stay where it
    can see them. The endpoint is None where there is no key or the address is none.
    """
    from desktop_chat.domain.endpoint import (
        OPENAI_BASE_URL,
        Dialect,
        Endpoint,
        EndpointKind,
        KeySource,
        origin_of,
    )

    taken = {
        name: environ.pop(name) for name in list(environ) if name.startswith(("OPENAI_", "AZURE_OPENAI_"))
    }
    key = taken.get("OPENAI_API_KEY", "").strip()
    base_url = taken.get("OPENAI_BASE_URL", "").strip().rstrip("/") or OPENAI_BASE_URL
    try:
        is_openai = origin_of(base_url) == origin_of(OPENAI_BASE_URL)
    except ValueError:
        return None, ""
    if not key:
        return None, ""
    endpoint = Endpoint(
        id="environment",
        name="Environment",
        kind=EndpointKind.OPENAI if is_openai else EndpointKind.COMPATIBLE,
        base_url=base_url,
        dialect=Dialect.RESPONSES if is_openai else Dialect.CHAT_COMPLETIONS,
        key_source=KeySource.ENVIRONMENT,
        organization=taken.get("OPENAI_ORG_ID", "").strip(),
        project=taken.get("OPENAI_PROJECT_ID", "").strip(),
        system_role="developer" if is_openai else "system",
        max_tokens_field="max_completion_tokens" if is_openai else "max_tokens",
    )
    return endpoint, key


def has_display() -> bool:
    """Whether a window can be shown: without an answering display Qt aborts the process."""
    if sys.platform in ("win32", "darwin"):
        return True
    if os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] not in ("", "xcb", "wayland", "wayland-egl"):
        return True
    return _wayland_answers() or _x11_answers()


def _wayland_answers() -> bool:
    name = os.environ.get("WAYLAND_DISPLAY")
    if not name:
        return False
    import socket

    path = Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / name
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _x11_answers() -> bool:
    if not os.environ.get("DISPLAY"):
        return False
    import ctypes

    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    answers = bool(xcb.xcb_connection_has_error(connection) == 0)
    xcb.xcb_disconnect(connection)
    return answers
