"""What the transcript alone costs: ``QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.transcript``.

CPU times of this process, each beside a fixed loop timed in the same run; the ratio compares machines.
"""

import gc
import time
from collections.abc import Callable, Iterable

import psutil
from PySide6.QtWidgets import QApplication

from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import Transcript, preload
from tests.benchmarks.sample import CHARACTERS_PER_TOKEN, markdown

SHORT, LONG = 4_000, 40_000
TOKENS_A_FLUSH = 8
MESSAGES = 10_000
WIDTH, HEIGHT = 744, 768

HOSTILE_SHAPES: dict[str, Callable[[], str]] = {
    "one table": lambda: "| a | b | c |\n|---|---|---|\n" + "| some words | and more | 12.5 |\n" * 500,
    "one list": lambda: "- an item with **some** words in it\n" * 500,
    "one paragraph": lambda: "Some words that never end, and `more` of them. " * 400,
    "one code block": lambda: "```python\n" + "def run(item: int) -> int:\n    return item + 1\n\n" * 350,
}


def calibration() -> float:
    """CPU seconds of a fixed loop, the best of three."""

    def once() -> float:
        started, total = time.process_time(), 0
        for number in range(500_000):
            total += number * number % 7
        return time.process_time() - started

    return min(once() for _ in range(3))


class Bench:
    def __init__(self) -> None:
        self.app = QApplication.instance() or QApplication([])
        self.view = Transcript(Theme("light"), lambda error: ("", ""))
        self.view.resize(WIDTH, HEIGHT)
        self.view.show()
        preload()
        self.show(conversation(10))

    def settle(self) -> None:
        """Run the loop until all is painted."""
        for _ in range(4):
            self.app.processEvents()
        while not self.view.is_settled:
            self.app.processEvents()

    def show(self, messages: Iterable[Message]) -> None:
        self.view.set_path(list(messages), lambda one: [one])
        self.settle()

    def stream(self, text: str, tokens_a_flush: int) -> tuple[float, list[float]]:
        """CPU seconds of the whole stream, and of each flush with its repaint."""
        message = Message("stream", None, Role.ASSISTANT, [], State.STREAMING, model="model")
        self.show([*conversation(10), message])
        step, flushes = tokens_a_flush * CHARACTERS_PER_TOKEN, []
        for at in range(0, len(text), step):
            piece = text[at : at + step]
            message.append(PartKind.TEXT, piece)
            started = time.process_time()
            self.view.append_text("stream", PartKind.TEXT, piece)
            self.app.processEvents()
            flushes.append(time.process_time() - started)
            while not self.view.is_settled:
                started = time.process_time()
                self.app.processEvents()
                flushes[-1] += time.process_time() - started
                time.sleep(0.001)
        message.state = State.COMPLETE
        self.view.update_message("stream")
        self.settle()
        return sum(flushes), flushes


def conversation(count: int) -> list[Message]:
    texts = [markdown(100 + 37 * number) for number in range(20)]
    return [
        Message(
            str(number),
            None,
            Role.ASSISTANT if number % 2 else Role.USER,
            [Part(PartKind.TEXT, texts[number % 20] if number % 2 else "A question of some words?")],
            model="model",
        )
        for number in range(count)
    ]


def main() -> None:
    bench, loop = Bench(), calibration()

    def tell(what: str, value: float, unit: str, target: float | None) -> None:
        wanted = "" if target is None else f"target {target:g}"
        seconds = value * {"µs a token": 1e-6, "ms": 1e-3}.get(unit, 0)
        ratio = f"{seconds / loop:.5f} x the loop" if seconds else ""
        print(f"{what:<44}{value:9.1f} {unit:<12}{wanted:<14}{ratio}")

    print(f"the loop: {loop * 1e3:.0f} ms")
    bench.stream(markdown(SHORT), TOKENS_A_FLUSH)
    total, _flushes = bench.stream(markdown(SHORT), TOKENS_A_FLUSH)
    tell(f"stream {SHORT:,} tokens, {TOKENS_A_FLUSH} a flush", total / SHORT * 1e6, "µs a token", 280)
    total, flushes = bench.stream(markdown(LONG), TOKENS_A_FLUSH)
    tenth = len(flushes) // 10
    tell(f"stream {LONG:,} tokens, {TOKENS_A_FLUSH} a flush", total / LONG * 1e6, "µs a token", 280)
    tell("its last tenth, times the first", sum(flushes[-tenth:]) / sum(flushes[:tenth]), "", 1.3)
    total, flushes = bench.stream(markdown(SHORT), 1000)
    tell("1,000 tokens in one flush", max(flushes) * 1e3, "ms", 30)
    for name, text in HOSTILE_SHAPES.items():
        total, flushes = bench.stream(text(), TOKENS_A_FLUSH)
        tenth = len(flushes) // 10
        tokens = len(text()) / CHARACTERS_PER_TOKEN
        tell(f"{name} of {tokens:,.0f} tokens", total / tokens * 1e6, "µs a token", None)
        tell(
            "its last tenth, times the second",
            sum(flushes[-tenth:]) / sum(flushes[tenth : 2 * tenth]),
            "",
            None,
        )
    messages = conversation(MESSAGES)
    bench.show(conversation(2))
    gc.collect()
    process = psutil.Process()
    before, started = process.memory_info().rss, time.process_time()
    bench.view.set_path(messages, lambda one: [one])
    bench.app.processEvents()
    tell(f"open {MESSAGES:,} messages", (time.process_time() - started) * 1e3, "ms", 50)
    bench.settle()
    tell("memory it adds", (process.memory_info().rss - before) / 1e6, "MB", 12)
    steps = []
    bar = bench.view.verticalScrollBar()
    for _ in range(150):
        started = time.process_time()
        bar.setValue(bar.value() - 120)
        bench.app.processEvents()
        steps.append(time.process_time() - started)
    tell("a turn of the wheel into unseen messages", sum(steps) / len(steps) * 1e3, "ms", 16)
    tell("the slowest of 150", max(steps) * 1e3, "ms", None)
    bench.view.close()


if __name__ == "__main__":
    main()
