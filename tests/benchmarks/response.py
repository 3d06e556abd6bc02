"""How soon the program does what it is told: from Enter to the request, from Esc to the closed connection.

Times by the clock, since waiting counts; of several runs the quickest.
"""

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Program, running, server
from tests.benchmarks.stream import BARE

ENTER_SECONDS = 0.1
STOP_SECONDS = 0.05


def measure(*, short: bool = False) -> list[Figure]:
    repeats = 1 if short else 5
    with server(40) as (program, url):
        enter = min(_enter(program, url) for _ in range(repeats))
        request = min(_request(program, url) for _ in range(repeats))
    with server(4_000, 200) as (program, url):
        stop = min(_stop(program, url, "layers") for _ in range(repeats))
        bare = min(_stop(program, url, "bare") for _ in range(repeats))
    return [
        Figure("Enter to the first request", enter * 1000, "ms", ENTER_SECONDS * 1000, request * 1000, BARE),
        Figure("Esc to the closed connection", stop * 1000, "ms", STOP_SECONDS * 1000, bare * 1000, BARE),
    ]


def _enter(program: Program, url: str) -> float:
    with running("tests.benchmarks.layers", "enter", url, "responses") as client:
        return _time(program.line("request ")) - float(client.result()["at"])


def _request(program: Program, url: str) -> float:
    with running("tests.benchmarks.bare", "request", url, "responses") as client:
        program.line("request ")
        return _time(program.line("request ")) - float(client.result()["at"])


def _stop(program: Program, url: str, module: str) -> float:
    with running(f"tests.benchmarks.{module}", "stop", url, "responses") as client:
        at = float(client.result()["at"])
        return _time(program.line("closed ")) - at


def _time(line: str) -> float:
    return float(line.split()[1])
