"""A process to be killed: streams an answer into a database and says what was saved.

``python -m tests.storage.writer FOLDER``. A line on standard output is how many characters of the answer are
saved; the answer is :func:`words` and is finished and reopened again and again on the way.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from desktop_chat.domain.message import PartKind, State
from tests.storage.samples import begun, opened, text


def words(number: int) -> str:
    """The ``number``-th piece of the answer."""
    return f"{number:06d} "


async def main(folder: Path) -> None:
    async with opened(folder) as store:
        conversation, _, answer = await begun(store)
        print(conversation.id, answer.id, flush=True)
        for number in itertools.count():
            answer.append(PartKind.TEXT, words(number))
            await store.append(answer.id, [text(words(number))], durable=number % 10 == 0)
            print(len(answer.text), flush=True)
            if number % 7 == 0:
                answer.state = State.COMPLETE
                await store.finish(answer)
                await store.reopen(answer.id)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
