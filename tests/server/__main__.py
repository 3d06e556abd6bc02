"""``python -m tests.server [--port N] [--text TEXT] [--deltas N] [--pause S] …``; ``--help`` tells the rest.

Prints its URL, then serves until it is killed.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from tests.server import Exchange, Script, Server
from tests.server.faults import many
from tests.server.wire import WORDS, answer, steady


def logged(script: Script) -> Script:
    """``script``, with a line of standard output for its request and one for its client's going."""

    async def play(exchange: Exchange) -> None:
        print(f"request {exchange.at:.6f}", flush=True)
        try:
            await script(exchange)
        except (asyncio.CancelledError, ConnectionError):
            print(f"closed {exchange.closed_at or time.monotonic():.6f}", flush=True)
            raise

    return play


def script(options: argparse.Namespace) -> Script:
    if options.deltas:
        return many(options.deltas, "word ")
    if options.piece:
        text = options.text_file.read_text("utf-8") if options.text_file else options.text
        pieces = [text[at : at + options.piece] for at in range(0, len(text), options.piece)]
        return steady(pieces, options.rate)
    return answer(options.text, pause=options.pause)


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--text", default=WORDS, help="what it answers, a word an event")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two events")
    parser.add_argument("--deltas", type=int, default=0, help="answer so many tiny pieces at full speed")
    parser.add_argument("--piece", type=int, default=0, help="characters of one event; all are sent at once")
    parser.add_argument("--text-file", type=Path, help="with --piece: what it answers")
    parser.add_argument("--rate", type=float, default=0.0, help="with --piece: events a second instead")
    parser.add_argument("--log", action="store_true", help="print when requests come and clients go")
    options = parser.parse_args()
    server = Server(logged(script(options)) if options.log else script(options))
    await server.start(options.port)
    print(server.url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
