"""Start-up and shutdown, told in order.

1. The command line and the environment are read. ``--version`` ends here: neither Qt has been imported, nor
   anything else that takes a while.
2. The profile's folders are made. With ``--import`` chats are added then, and the program ends.
3. A display is looked for; without one Qt would abort the process.
4. A file to open is read, and the profile is claimed. Where another process has it, the prompt is handed
   over and this one ends.
   Then come the log and the handlers for uncaught exceptions: they are the first process's alone.
5. The window is built and painted, while a thread opens the database.
6. Behind the window, in threads: the list of chats is read, the transcript is imported, and the database
   is checked. openai and keyring follow when the user begins to write, and a helper process for the colours
   of code and for formulas when there are any.
7. The loop runs until the last window closes, the session manager quits or a signal comes.
8. Answers are stopped and saved, tasks cancelled, connections closed, the database is closed last.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from desktop_chat import frozen
from desktop_chat.command_line import has_display, parse, take_environment
from desktop_chat.paths import WORKER_FLAG, Profile

IDLE_SECONDS = 0.02
"""How long an idle thread takes to end, on a busy machine too."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The program, or its helper process. Returns its exit code."""
    if getattr(sys, "frozen", False):
        frozen.clean(os.environ)
        frozen.hold_modules()
        if (sys.argv[1:] if arguments is None else arguments)[:1] == [WORKER_FLAG]:
            from desktop_chat.worker import serve

            serve()
            return 0
    with frozen.console():
        options = parse(arguments)

    import contextlib
    import tempfile

    os.umask(0o077)
    endpoint, key = take_environment(os.environ)
    with contextlib.ExitStack() as stack:
        if options.profile is not None:
            profile = Profile.at(options.profile)
        elif options.demo:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="desktop-chat-demo-"))
            profile = Profile.at(Path(folder))
        else:
            profile = Profile.default()
        try:
            profile.create()
        except OSError as error:
            print(f"desktop-chat: the profile cannot be used: {error}", file=sys.stderr)
            return 1
        if options.imports:
            from desktop_chat import import_command

            with frozen.console():
                return import_command.run(options.imports, profile)
        if options.screenshot is not None:
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
        elif not has_display():
            print("desktop-chat: no display answers; --screenshot FILE works without one", file=sys.stderr)
            return 1

        from desktop_chat.application import HELPER, run

        code = run(options, profile, endpoint, key)
    _leave(code, HELPER)
    return code


def _leave(code: int, helper: str) -> None:
    """End at once where a helper thread hangs, in a name lookup say: Python would wait for it."""
    import logging
    import threading

    helpers = [thread for thread in threading.enumerate() if thread.name.startswith(helper)]
    for thread in helpers:
        thread.join(IDLE_SECONDS)
    if any(thread.is_alive() for thread in helpers):
        logging.shutdown()
        os._exit(code)
