"""What the transcript alone costs: ``python -m tests.benchmarks.transcript [--short] [NAME …]``.

Offscreen and in this process. Times are CPU times of the process (of all its threads, not of the one that
colours code, which is a process of its own and has a row). Each stands beside its target, beside the same
work done by Qt's own ways of showing Markdown (``rivals``), and beside a fixed loop that compares machines.
"""

import argparse
import gc
import os
import time
from collections.abc import Callable, Sequence

import psutil

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import Transcript, preload, view
from desktop_chat.ui.transcript.find import Query
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.rivals import OneDocument, Ours, Rival, SetMarkdown
from tests.benchmarks.sample import CHARACTERS_PER_TOKEN, markdown

WAIT = QEventLoop.ProcessEventsFlag.WaitForMoreEvents
TOKENS_A_FLUSH = 8
FRAME = view.FRAME
WIDTH, HEIGHT = 744, 768
MESSAGES, RIVAL_MESSAGES = 10_000, 300
"""A rival that opened 10,000 messages would take minutes: it opens fewer, and the ratio says how many."""

SHAPES: dict[str, Callable[[float], str]] = {
    "mixed text, 40,000 tokens": lambda scale: markdown(round(40_000 * scale)),
    "a table of 2,000 rows": lambda scale: (
        "| a | b | c |\n|---|---|---|\n" + "| some words | and more | 12.5 |\n" * round(2_000 * scale)
    ),
    "a paragraph of 200 kB": lambda scale: (
        "Some words that never end, and `more` of them. " * round(4_255 * scale)
    ),
    "a code block of 5,000 lines": lambda scale: (
        "```python\n" + "def run(item: int) -> int:\n    return item + 1\n\n" * round(1_667 * scale)
    ),
}


def calibration() -> float:
    """CPU seconds of a fixed loop, the best of three."""

    def once() -> float:
        started, total = time.process_time(), 0
        for number in range(500_000):
            total += number * number % 7
        return time.process_time() - started

    return min(once() for _ in range(3))


def conversation(count: int) -> list[Message]:
    """Questions and answers of about a thousand characters on average."""
    texts = [markdown(100 + 37 * number) for number in range(20)]
    return [
        Message(
            str(number),
            None,
            Role.ASSISTANT if number % 2 else Role.USER,
            [Part(PartKind.TEXT, texts[number % 20] if number % 2 else "A question of some words?")],
            created_at=1_790_000_000 + 60 * number,
            model="model",
        )
        for number in range(count)
    ]


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Bench:
    """The views, and what is done with them."""

    def __init__(self) -> None:
        self.app = QApplication.instance() or QApplication([])
        # Each flush is to be laid out and painted, as the rivals do, not as many as fit into a frame.
        view.FRAME = 0.0
        self.view = Transcript(Theme("light"), lambda error: ("", ""))
        self.ours = Ours(self.view)
        self.place(self.ours)
        preload()
        self.show(self.ours, conversation(10))

    def rivals(self) -> list[Rival]:
        """New ones, on the screen."""
        found: list[Rival] = [SetMarkdown(), OneDocument()]
        for rival in found:
            self.place(rival)
        return found

    def place(self, rival: Rival) -> None:
        rival.widget.resize(WIDTH, HEIGHT)
        rival.widget.show()

    def settle(self, rival: Rival) -> None:
        """Run the loop until all is painted."""
        for _ in range(4):
            self.app.processEvents()
        while not rival.is_settled:
            self.app.processEvents(WAIT)

    def show(self, rival: Rival, messages: list[Message], streaming: Message | None = None) -> None:
        rival.show(messages, streaming)
        self.settle(rival)

    def cpu(self, work: Callable[[], object]) -> float:
        """CPU seconds of some work with the repaint that follows."""
        started = time.process_time()
        work()
        self.app.processEvents()
        return time.process_time() - started

    def stream(self, rival: Rival, text: str, tokens_a_flush: int = TOKENS_A_FLUSH) -> list[float]:
        """CPU seconds of each flush with its repaint. The chat has ten messages before it."""
        message = Message("stream", None, Role.ASSISTANT, [], State.STREAMING, model="model")
        self.show(rival, [*conversation(10), message], message)
        step, flushes = tokens_a_flush * CHARACTERS_PER_TOKEN, []
        for at in range(0, len(text), step):
            flushes.append(self.cpu(lambda at=at: rival.add(text[at : at + step])))  # type: ignore[misc]
            while not rival.is_settled:
                flushes[-1] += self.cpu(lambda: self.app.processEvents(WAIT))
        message.state = State.COMPLETE
        return flushes

    def paced(self, rival: Rival, tokens: int, rate: int) -> float:
        """The share of a core that a stream of ``rate`` tokens a second needs, in 30 reads a second."""
        message = Message("stream", None, Role.ASSISTANT, [], State.STREAMING, model="model")
        self.show(rival, [*conversation(10), message], message)
        text, reads = markdown(tokens), 30
        step = rate * CHARACTERS_PER_TOKEN // reads
        pieces = (text[at : at + step] for at in range(0, len(text), step))
        loop = QEventLoop()
        timer = QTimer(interval=1000 // reads, timerType=Qt.TimerType.PreciseTimer)

        def read() -> None:
            piece = next(pieces, None)
            if piece is None:
                loop.quit()
            else:
                rival.add(piece)

        timer.timeout.connect(read)
        began, spent = time.perf_counter(), time.process_time()
        timer.start()
        loop.exec()
        timer.stop()
        return (time.process_time() - spent) / (time.perf_counter() - began)


def streaming(bench: Bench, scale: float) -> list[Figure]:
    """A whole answer at full speed, eight tokens a flush."""
    tokens = round(4_000 * scale)
    text = markdown(tokens)
    bench.stream(bench.ours, text)
    ours = bench.stream(bench.ours, text)
    found = []
    for rival in bench.rivals():
        theirs = bench.stream(rival, text)
        per_token = sum(theirs) / tokens * 1e6
        if not found:
            what = f"stream {tokens:,} tokens, {TOKENS_A_FLUSH} a flush"
            value = sum(ours) / tokens * 1e6
            found.append(Figure(what, value, "µs/token", 250, per_token, rival.name))
            found.append(
                Figure(
                    "  a flush, p99",
                    percentile(ours, 0.99) * 1e3,
                    "ms",
                    8,
                    percentile(theirs, 0.99) * 1e3,
                    rival.name,
                )
            )
            found.append(
                Figure("  a flush, the longest", max(ours) * 1e3, "ms", 16, max(theirs) * 1e3, rival.name)
            )
        else:
            found.insert(1, Figure("  the same", found[0].value, "µs/token", None, per_token, rival.name))
        rival.widget.close()
    return found


def growth(bench: Bench, scale: float) -> list[Figure]:
    """Texts that never end: the last tenth against the first."""
    found = []
    for what, text in SHAPES.items():
        flushes = bench.stream(bench.ours, text(scale))
        tenth = max(1, len(flushes) // 10)
        first, last = sum(flushes[:tenth]) * 1e3, sum(flushes[-tenth:]) * 1e3
        found.append(Figure(f"{what}: the last tenth", last, "ms", None, first, "the first tenth", 1.3))
        found.append(Figure("  a flush, p99", percentile(flushes, 0.99) * 1e3, "ms", 8))
        found.append(Figure("  a flush, the longest", max(flushes) * 1e3, "ms", 16))
    return found


def real_time(bench: Bench, scale: float) -> list[Figure]:
    """150 tokens a second, as they come: the share of one core."""
    tokens = round(3_000 * scale)
    view.FRAME = FRAME
    ours = bench.paced(bench.ours, tokens, 150) * 100
    view.FRAME = 0.0
    rival = bench.rivals()[1]
    return [
        Figure(
            "150 tokens/s in real time",
            ours,
            "% of a core",
            8,
            bench.paced(rival, tokens, 150) * 100,
            rival.name,
        )
    ]


def opening(bench: Bench, scale: float) -> list[Figure]:
    """A long chat: opened, scrolled, resized."""
    messages = conversation(round(MESSAGES * scale))
    bench.show(bench.ours, conversation(2))
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    opened = bench.cpu(lambda: bench.ours.show(messages))
    bench.settle(bench.ours)
    grown = (process.memory_info().rss - before) / 1e6
    steps, jump, resized = _moves(bench, bench.ours)
    count = max(20, round(RIVAL_MESSAGES * min(1.0, scale * 4)))
    rival = OneDocument()
    bench.place(rival)
    theirs = bench.cpu(lambda: rival.show(conversation(count)))
    rival_steps, rival_jump, rival_resized = _moves(bench, rival)
    rival.widget.close()
    against = f"{rival.name}, {count} messages"
    return [
        Figure(f"open {len(messages):,} messages", opened * 1e3, "ms", 50, theirs * 1e3, against),
        Figure("  the memory it adds", grown, "MB", 15),
        Figure(
            "a wheel step into unseen text, p99",
            percentile(steps, 0.99) * 1e3,
            "ms",
            12,
            percentile(rival_steps, 0.99) * 1e3,
            against,
        ),
        Figure("  the longest", max(steps) * 1e3, "ms", None),
        Figure("jump to the top", jump * 1e3, "ms", 20, rival_jump * 1e3, against),
        Figure("resize", resized * 1e3, "ms", 15, rival_resized * 1e3, against),
    ]


def _moves(bench: Bench, rival: Rival) -> tuple[list[float], float, float]:
    bar = rival.widget.verticalScrollBar()
    steps = []
    for _ in range(300):
        steps.append(bench.cpu(lambda: bar.setValue(bar.value() - 120)))
    jump = bench.cpu(lambda: bar.setValue(0))
    bench.settle(rival)
    bar.setValue(bar.maximum() // 2)
    bench.settle(rival)
    resized = max(bench.cpu(lambda by=by: rival.widget.resize(WIDTH - by, HEIGHT)) for by in (30, 60, 90, 0))  # type: ignore[misc]
    return steps, jump, resized


def finding(bench: Bench, scale: float) -> list[Figure]:
    """From the key press to the first hit, in messages that were never laid out."""
    count = round(MESSAGES * scale)
    messages = conversation(count)
    place = count // 2 | 1
    messages[place].parts[:] = [Part(PartKind.TEXT, "A **needle** in all of the hay.")]
    bench.show(bench.ours, messages)
    finder = bench.view.finder
    started, steps = time.process_time(), []
    finder.find(Query("needle in all"))
    while not finder.total:
        steps.append(bench.cpu(lambda: None))
    first = time.process_time() - started
    while not finder.is_complete:
        steps.append(bench.cpu(lambda: None))
    finder.find(None)
    rival = OneDocument()
    bench.place(rival)
    fewer = max(20, round(RIVAL_MESSAGES * min(1.0, scale * 4)))
    rival.show(messages[place - fewer : place + 1])
    theirs = bench.cpu(lambda: rival.widget.document().find("needle in all"))
    rival.widget.close()
    against = f"{rival.name}, {fewer} messages"
    return [
        Figure(f"find in {count:,} messages, first hit", first * 1e3, "ms", 60, theirs * 1e3, against),
        Figure("  the longest step", max(steps) * 1e3, "ms", 16),
    ]


def copying(bench: Bench, scale: float) -> list[Figure]:
    """Select all and copy, as text, HTML and Markdown."""
    count = round(1_000 * scale)
    bench.show(bench.ours, conversation(count))
    view = bench.view
    started, steps = time.process_time(), []
    steps.append(bench.cpu(view.select_all))
    steps.append(bench.cpu(view.copy_selection))
    while view.copier.is_busy:
        steps.append(bench.cpu(lambda: None))
    spent = time.process_time() - started
    # A clipboard that holds an object of Python when the program ends takes it down, off screen.
    QGuiApplication.clipboard().clear()
    rival = OneDocument()
    bench.place(rival)
    fewer = max(20, round(RIVAL_MESSAGES * min(1.0, scale * 4)))
    rival.show(conversation(fewer))
    rival.widget.selectAll()
    theirs = bench.cpu(rival.widget.copy)
    QGuiApplication.clipboard().clear()
    rival.widget.close()
    against = f"{rival.name}, {fewer} messages"
    return [
        Figure(f"select all, copy {count:,} messages", spent * 1e3, "ms", 500, theirs * 1e3, against),
        Figure("  the longest step", max(steps) * 1e3, "ms", 16),
    ]


MEASUREMENTS: dict[str, Callable[[Bench, float], list[Figure]]] = {
    "streaming": streaming,
    "growth": growth,
    "real_time": real_time,
    "opening": opening,
    "finding": finding,
    "copying": copying,
}


def main(arguments: list[str] | None = None) -> list[Figure]:
    """Measure, print, and give the figures back."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.transcript", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the work")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(MEASUREMENTS)}")
    options = parser.parse_args(arguments)
    bench, loop = Bench(), calibration()
    figures = []
    for name, measure in MEASUREMENTS.items():
        if not options.names or name in options.names:
            figures += measure(bench, 0.1 if options.short else 1.0)
    bench.view.close()
    print(table(figures))
    print(
        f"\nthe fixed loop: {loop * 1e3:.0f} ms; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores",
        flush=True,
    )
    return figures


if __name__ == "__main__":
    main()
