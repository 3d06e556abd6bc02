"""Jobs for the helper process that misbehave."""

import os
import socket
import sys
import time


def echo(**arguments: object) -> object:
    return arguments


def fail() -> None:
    raise ValueError("no such thing")


def spin() -> None:
    while True:
        pass


def sleep(**_arguments: object) -> None:
    time.sleep(600)


def crash() -> None:
    os.abort()


def hoard() -> int:
    return len([bytearray(1 << 24) for _ in range(1 << 10)])


def garbage() -> None:
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"\xff" * 100)
        except OSError:
            continue
    sys.exit(0)


def chatter() -> str:
    print("not an answer")
    os.write(1, b"neither")
    return "the answer"


def surroundings() -> dict[str, object]:
    return {
        "environment": sorted(os.environ),
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        "pid": os.getpid(),
        "nice": os.nice(0) if hasattr(os, "nice") else 0,
    }


def forbid_network() -> None:
    """From now on whatever would reach out of this process fails, and stays on record."""

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "urllib.")):
            reached.append(f"{event} {arguments}")
            raise PermissionError(event)

    sys.addaudithook(look)


reached: list[str] = []


def what_was_reached() -> list[str]:
    return reached


def reach() -> None:
    socket.create_connection(("127.0.0.1", 9))


def misfit() -> object:
    return object()
