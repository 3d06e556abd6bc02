"""The baselines: the same work with nothing of the program around it.

``python -m tests.benchmarks.bare WHAT …``; WHAT is one of:

``window``: Qt alone, to its first paint. ``stream``, ``request``, ``stop``: the SDK alone on a bare asyncio
loop, which reads the events as dicts and throws them away.
"""

import asyncio
import sys
import time

from tests.benchmarks.processes import report


def window() -> None:
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication, QMainWindow, QPlainTextEdit

    class Window(QMainWindow):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.UpdateRequest:
                print(f"first paint after {time.process_time():.3f} s of CPU", flush=True)
                self.removeEventFilter(self)
            return False

    application = QApplication([])
    shown = Window()
    shown.setCentralWidget(QPlainTextEdit())
    shown.resize(1280, 820)
    shown.installEventFilter(shown)
    shown.show()
    application.exec()


async def stream(url: str, dialect: str, repeats: int) -> None:
    """Report the CPU seconds of each whole stream."""
    from openai import AsyncOpenAI, AsyncStream

    client = AsyncOpenAI(api_key="none", base_url=url, max_retries=0)
    path, body = _request(dialect)
    used = []
    for _ in range(repeats):
        began = time.process_time()
        async for _event in await client.post(
            path, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
        ):
            pass
        used.append(time.process_time() - began)
    await client.close()
    report({"cpu": used})


async def request(url: str, dialect: str) -> None:
    """Report when the second request left; the first one has warmed up what is made on first use."""
    from openai import AsyncOpenAI, AsyncStream

    path, body = _request(dialect)
    left = 0.0
    for _ in range(2):
        client = AsyncOpenAI(api_key="none", base_url=url, max_retries=0)
        left = time.monotonic()
        answer = await client.post(
            path, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
        )
        async for _event in answer:
            break
        await answer.close()
        await client.close()
    report({"at": left})


async def stop(url: str, dialect: str) -> None:
    """Report when a stream was closed in its middle."""
    from openai import AsyncOpenAI, AsyncStream

    client = AsyncOpenAI(api_key="none", base_url=url, max_retries=0)
    path, body = _request(dialect)
    answer = await client.post(path, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object])
    read = 0
    async for _event in answer:
        read += 1
        if read == 20:
            break
    at = time.monotonic()
    await answer.close()
    report({"at": at})
    await client.close()


def _request(dialect: str) -> tuple[str, dict[str, object]]:
    text = "Go on."
    if dialect == "responses":
        return "/responses", {"model": "m-1", "input": text, "stream": True}
    messages = [{"role": "user", "content": text}]
    return "/chat/completions", {"model": "m-1", "messages": messages, "stream": True}


def main(what: str, *arguments: str) -> None:
    match what:
        case "window":
            window()
        case "stream":
            asyncio.run(stream(arguments[0], arguments[1], int(arguments[2])))
        case "request":
            asyncio.run(request(*arguments))
        case "stop":
            asyncio.run(stop(*arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
