"""``python -m tests.server [--port N] [--text TEXT] [--deltas N] [--pause S]``

Prints its URL, then serves until it is killed.
"""

import argparse
import asyncio

from tests.server import Server
from tests.server.faults import many
from tests.server.wire import WORDS, answer


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--text", default=WORDS, help="what it answers")
    parser.add_argument("--deltas", type=int, default=0, help="answer so many tiny pieces at full speed")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two events")
    options = parser.parse_args()
    default = many(options.deltas, "word ") if options.deltas else answer(options.text, pause=options.pause)
    server = Server(default)
    await server.start(options.port)
    print(server.url, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
