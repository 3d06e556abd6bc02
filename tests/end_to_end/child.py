"""The program as a process of its own that a test can look into.

``python -m tests.end_to_end.child STEPS [ARGUMENT...]`` is ``python -m desktop_chat ARGUMENT...`` that does
``STEPS``, separated by commas, once its window is there:

``ready``  says ``ready`` when everything is loaded
``about``  opens what tells of the program
``details``  opens the details of the answer as soon as it is there
``log``    opens the log
``model``  chooses the model ``m-1``
``watch``  says ``sent`` for each message, how much of the answer the transcript has got (the number of its
           characters, and the SHA-256 of all of them), and ``ended`` when it is over
``send``   as ``watch``, and types Enter in the composer, which has the PROMPT
``slot``, ``task``, ``thread``  raises an uncaught exception there; when the user was told of it, says
           ``told`` and the number of problem dialogs. ``task`` raises two: of a task that the program
           remembers, and of one that nobody does
``hang``   has a thread of the loop's hang for longer than any test lasts
``spawn``  says ``children`` and the variables that a child process has, in JSON
``count``  says ``objects`` and how many the collector of garbage looks at
``file``   has the desktop hand over ``opened.txt`` of the profile, as macOS does; says ``prompt`` as below
``problem``  waits for a problem dialog, and says ``problem`` and what it tells a screen reader, in JSON
``prompt`` says ``prompt`` and the text of the composer, in JSON, each time that another start raises it;
           ``path`` and how many messages the chat has that is shown where that one wants a new chat

All of it is said on standard output, a line each.
"""

import asyncio
import gc
import hashlib
import json
import subprocess
import sys
import threading

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop_chat import app, application
from desktop_chat.domain.message import PartKind
from desktop_chat.instance import Instance
from desktop_chat.ui.problem_dialog import ProblemDialog


def say(*words: object) -> None:
    print(*words, flush=True)


def fail() -> None:
    raise ZeroDivisionError("a mistake on purpose")


async def fail_later() -> None:
    fail()


class Child(application.Program):
    """The program, with the steps done by it."""

    async def run(self, instance: Instance) -> int:
        self.loaded = asyncio.Event()
        if "prompt" in STEPS:
            instance.raised.connect(self.window.raise_with_prompt)
            instance.raised.connect(lambda _: say("prompt", json.dumps(self.window.chat.composer.text)))
            instance.new_chat_wanted.connect(self.window.new_chat)
            instance.new_chat_wanted.connect(
                lambda: say("path", len(self.window.session.tree.path) if self.window.session else None)
            )
        return await super().run(instance)

    async def start(self) -> None:
        await super().start()
        self.tasks.start(self._do_steps(), "steps")

    async def _load_behind_the_window(self) -> None:
        await super()._load_behind_the_window()
        await self._load_to_ask()
        self.loaded.set()

    async def _do_steps(self) -> None:
        for step in STEPS:
            await getattr(self, f"_{step}")()

    async def _ready(self) -> None:
        await self.loaded.wait()
        say("ready")

    async def _prompt(self) -> None:
        pass

    async def _file(self) -> None:
        changed = asyncio.Event()
        self.window.chat.composer.text_edit.textChanged.connect(changed.set)
        event = QFileOpenEvent(str(self.profile.data / "opened.txt"))
        QTimer.singleShot(0, lambda: QApplication.sendEvent(QApplication.instance(), event))
        await changed.wait()
        say("prompt", json.dumps(self.window.chat.composer.text))

    async def _problem(self) -> None:
        await self._dialog_shown()
        (dialog,) = self.window.findChildren(ProblemDialog)
        say("problem", json.dumps(dialog.accessibleDescription()))

    async def _about(self) -> None:
        self.window.about_requested.emit()

    async def _details(self) -> None:
        session = self.window.session
        assert session is not None
        answered = asyncio.Event()
        session.message_changed.connect(lambda _: answered.set())
        await answered.wait()
        self.window.show_answer_details()

    async def _log(self) -> None:
        self.window.open_log()

    async def _model(self) -> None:
        session = self.window.session
        assert session is not None
        assert session.endpoint is not None
        session.set_model(session.endpoint.id, "m-1")

    async def _send(self) -> None:
        await self._watch()
        QTest.keyClick(self.window.chat.composer.text_edit, Qt.Key.Key_Return)

    async def _watch(self) -> None:
        session = self.window.session
        assert session is not None
        shown, digest = 0, hashlib.sha256()

        def text_added(_message_id: str, _kind: PartKind, text: str) -> None:
            nonlocal shown
            shown += len(text)
            digest.update(text.encode())
            say(shown, digest.hexdigest())

        # The window was connected when it showed the session: its slot has run when this one does.
        session.text_added.connect(text_added)
        session.message_added.connect(lambda _: say("sent"))
        session.message_changed.connect(lambda _: say("ended"))

    async def _slot(self) -> None:
        QTimer.singleShot(0, fail)
        await self._be_told()

    async def _task(self) -> None:
        self.tasks.start(fail_later(), "a task of the program's")
        asyncio.ensure_future(fail_later())  # noqa: RUF006
        await self._be_told()

    async def _thread(self) -> None:
        threading.Thread(target=fail).start()
        await self._be_told()

    async def _be_told(self) -> None:
        await self._dialog_shown()
        say("told", len(self.window.findChildren(ProblemDialog)))

    async def _dialog_shown(self) -> None:
        told = asyncio.Event()
        poll = QTimer(self.window, interval=10)
        poll.timeout.connect(lambda: self.window.findChildren(ProblemDialog) and told.set())
        poll.start()
        await told.wait()
        poll.stop()

    async def _hang(self) -> None:
        asyncio.get_running_loop().run_in_executor(None, threading.Event().wait, 600)

    async def _spawn(self) -> None:
        script = "import json, os; print(json.dumps(dict(os.environ)))"
        process = await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", script], text=True)
        say("children", process)

    async def _count(self) -> None:
        say("objects", len(gc.get_objects()))


if __name__ == "__main__":
    STEPS = sys.argv[1].split(",")
    application.Program = Child  # type: ignore[misc]
    sys.exit(app.main(sys.argv[2:]))
