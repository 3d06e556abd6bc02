"""The answer that is streamed: Markdown of the kinds that models write, in pieces of four characters."""

CHARACTERS_PER_TOKEN = 4

_SECTION = """\
## Section {number}: why the queue is bounded

A queue without a bound turns a slow consumer into a **memory leak**: the producer never learns that it
should wait, and the process dies far from the cause. With a bound, `put` blocks and the pressure travels
back to where the work comes from. That is *back-pressure*, and it costs one argument; see
[the manual](https://example.org/queue?section={number}) for the details of its fairness.

1. Choose the bound by memory, not by time: at most {number}0 items of 4 kB.
2. Decide what a full queue means:
   - wait, when the source can wait;
   - drop the oldest, when only the newest matters;
   - refuse, when someone is there to be told.
3. Measure the time an item waits, and alarm on its 99th percentile.

```python
async def consume(queue: asyncio.Queue[Item], stop: asyncio.Event) -> int:
    \"\"\"Handle items until ``stop`` is set. Returns how many there were.\"\"\"
    handled = {number}
    while not stop.is_set():
        item = await queue.get()
        try:
            handled += await item.handle(retries=3, timeout=2.5)  # may raise
        except TimeoutError as error:
            log.warning("item %s took too long: %s", item.id, error)
        finally:
            queue.task_done()
    return handled
```

| strategy | waits | loses | memory | when |
|---|---|---|---:|---|
| block | yes | nothing | {number} MB | batch work, pipes |
| drop oldest | no | old items | {number} MB | sensors, positions |
| refuse | no | new items | {number} MB | requests of people |

> A bound is a decision about whom to disappoint; without one the decision is made by the kernel.

"""


def markdown(tokens: int) -> str:
    """A text of that many tokens."""
    length = tokens * CHARACTERS_PER_TOKEN
    text, number = "", 0
    while len(text) < length:
        number += 1
        text += _SECTION.format(number=number)
    return text[:length]
