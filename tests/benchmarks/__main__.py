"""``python -m tests.benchmarks [--short] [NAME …]``: prints the table."""

import argparse
import os
import platform
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks import (
    context,
    details,
    evidence,
    growth,
    history,
    keys,
    opening,
    response,
    start,
    stream,
    tokens,
)
from tests.benchmarks.figures import Figure, table

MEASUREMENTS = {
    "start": start.measure,
    "stream": stream.measure,
    "growth": growth.measure,
    "response": response.measure,
    "opening": opening.measure,
    "keys": keys.measure,
    "tokens": tokens.measure,
    "context": context.measure,
    "evidence": evidence.measure,
    "details": details.measure,
    "history": history.measure,
}


def main(arguments: list[str] | None = None) -> list[Figure]:
    """Measure, print, and give the figures back."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="smaller, once and side by side: whether it works at all"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(MEASUREMENTS)}")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(MEASUREMENTS):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    chosen = [measure for name, measure in MEASUREMENTS.items() if not options.names or name in options.names]
    # Side by side they disturb each other, which does not matter where the figures do not.
    with ThreadPoolExecutor(os.cpu_count() if options.short else 1) as threads:
        parts = list(threads.map(lambda measure: measure(short=options.short), chosen))
    figures = [figure for part in parts for figure in part]
    print(table(figures))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores{load}", flush=True)
    return figures


if __name__ == "__main__":
    main()
