"""A transcript of ten thousand messages and an answer that streams in, for a screen reader.

Says ``ready``, what is asked of it, and ``caret`` and what is selected when that changes. SIGTERM ends it.
"""

import json
import resource
import signal
import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import Transcript

COUNT = 10_000
LAST = """Some **bold** words, and [a page](https://example.org/page). A second sentence.

Not [example.org](https://evil.example/page).

```python
a = 1
```
"""
SENTENCES = 40


def say(*words: object) -> None:
    print(*words, flush=True)


def message(number: int) -> Message:
    if number == COUNT - 1:
        return Message("last", None, Role.ASSISTANT, [Part(PartKind.TEXT, LAST)], model="gpt-5.2")
    role = Role.ASSISTANT if number % 2 else Role.USER
    text = f"Message **{number}** of many, with [a link](https://example.org/{number})."
    return Message(str(number), None, role, [Part(PartKind.TEXT, text)], model="gpt-5.2")


def main() -> None:
    app = QApplication(["transcript"])
    signal.signal(signal.SIGTERM, lambda *_: app.quit())
    window = QMainWindow()
    view = Transcript(Theme("light"), lambda error: ("", ""))
    view.announce = "sentences"
    window.setCentralWidget(view)
    window.resize(900, 700)
    window.show()
    view.setFocus()
    view.set_path([message(number) for number in range(COUNT)], lambda one: [one])
    view.regenerate_requested.connect(lambda one: say("regenerate", one))
    view.edit_requested.connect(lambda one: say("edit", one))
    view.selection_changed.connect(lambda: say("caret", json.dumps(view.selected_text())))
    growing = Message("growing", None, Role.ASSISTANT, [], State.STREAMING, model="gpt-5.2")
    came = 0

    def more() -> None:
        nonlocal came
        if came == 0:
            view.add_message(growing)
        if came < SENTENCES:
            text = f"Sentence number {came} is here. "
            growing.append(PartKind.TEXT, text)
            view.append_text("growing", PartKind.TEXT, text)
        elif growing.state is State.STREAMING and window.windowTitle() == "end":
            growing.state = State.COMPLETE
            view.update_message("growing")
        came += 1

    timer = QTimer(window, interval=100)
    timer.timeout.connect(more)
    view.edit_requested.connect(lambda _: (window.setWindowTitle("end"), timer.start()))
    say("ready")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    app.exec()
    say("grown", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)


if __name__ == "__main__":
    main()
    sys.exit(0)
