"""Writes that the disk refuses are kept in order and written when it takes them again."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from desktop_chat.outbox import Outbox
from desktop_chat.storage import DiskFull
from desktop_chat.tasks import Tasks


class Disk:
    """Takes writes while it is not full."""

    def __init__(self) -> None:
        self.full = False
        self.written: list[int] = []

    def write(self, number: int) -> Callable[[], Awaitable[None]]:
        async def write() -> None:
            await asyncio.sleep(0)
            if self.full:
                raise DiskFull("the disk is full", Path("chats.db"))
            self.written.append(number)

        return write


@pytest.mark.anyio
async def test_refused_writes_are_kept_in_order_and_told_once(qapp: object) -> None:
    disk, failures = Disk(), []
    tasks = Tasks(failures.append)
    outbox = Outbox(tasks, retry_seconds=0)
    told: list[str] = []
    recovered = asyncio.Event()
    outbox.blocked.connect(lambda error: told.append(type(error).__name__))
    outbox.recovered.connect(recovered.set)
    await outbox.write(disk.write(1))
    disk.full = True
    for number in (2, 3, 4):
        await outbox.write(disk.write(number))
    assert outbox.is_blocked
    assert told == ["DiskFull"]
    assert not await outbox.flush()
    disk.full = False
    await outbox.write(disk.write(5))
    await recovered.wait()
    assert disk.written == [1, 2, 3, 4, 5]
    assert not outbox.is_blocked
    await tasks.close()
    assert failures == []


@pytest.mark.anyio
async def test_two_that_try_at_once_write_nothing_twice(qapp: object) -> None:
    disk = Disk()
    tasks = Tasks(lambda error: None)
    outbox = Outbox(tasks, retry_seconds=3600)
    disk.full = True
    for number in range(20):
        await outbox.write(disk.write(number))
    disk.full = False
    await asyncio.gather(outbox.flush(), outbox.flush(), outbox.flush())
    assert disk.written == list(range(20))
    await tasks.close()


@pytest.mark.anyio
async def test_a_mistake_is_not_taken_for_a_full_disk(qapp: object) -> None:
    tasks = Tasks(lambda error: None)

    async def wrong() -> None:
        raise TypeError("a mistake")

    with pytest.raises(TypeError):
        await Outbox(tasks).write(wrong)
    await tasks.close()


@pytest.mark.anyio
async def test_a_mistake_among_refused_writes_holds_up_no_other(qapp: object) -> None:
    disk, failures = Disk(), []
    failed, recovered = asyncio.Event(), asyncio.Event()

    def report(error: BaseException) -> None:
        failures.append(error)
        failed.set()

    tasks = Tasks(report)
    outbox = Outbox(tasks, retry_seconds=0)
    outbox.recovered.connect(recovered.set)

    async def wrong() -> None:
        raise TypeError("a mistake")

    disk.full = True
    await outbox.write(disk.write(1))
    await outbox.write(wrong)
    await outbox.write(disk.write(2))
    disk.full = False
    await failed.wait()
    await outbox.write(disk.write(3))
    await recovered.wait()
    assert disk.written == [1, 2, 3]
    assert [type(failure) for failure in failures] == [TypeError]
    await tasks.close()
