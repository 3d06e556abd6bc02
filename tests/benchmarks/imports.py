"""How fast an export is imported, and in how much memory.

``python -m tests.benchmarks.imports [--gigabytes N]`` makes an export of ChatGPT of that size (0.13 GB have
100,000 messages), imports it into a new profile by the command, twice, and tells messages a second and the
most memory that the process had.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.importing.exports import chatgpt_chat

WORDS = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "is",
    "that",
    "it",
    "was",
    "for",
    "on",
    "as",
    "with",
    "be",
    "by",
    "this",
    "are",
    "from",
    "at",
    "or",
    "an",
    "have",
    "not",
    "they",
    "which",
    "one",
    "you",
    "were",
    "all",
    "her",
    "she",
    "there",
    "would",
    "their",
    "we",
    "him",
    "been",
    "has",
    "when",
    "who",
    "will",
    "no",
    "more",
    "if",
    "out",
    "so",
    "up",
    "said",
    "what",
    "about",
    "than",
    "into",
    "them",
    "can",
    "only",
    "other",
    "time",
    "new",
    "some",
    "could",
    "these",
    "two",
    "may",
    "first",
    "then",
    "do",
    "any",
    "like",
    "my",
    "now",
    "over",
    "such",
    "our",
    "man",
    "me",
    "even",
    "most",
    "made",
    "after",
    "also",
    "did",
    "many",
    "off",
    "before",
    "must",
    "well",
    "back",
    "through",
    "years",
    "much",
    "function",
    "return",
    "value",
    "list",
    "résumé",
    "naïve",
    "日本語",
    "привет",
    "loop",
    '"quoted"',
    "**bold**",
    "`code`",
]
TURNS = 10
"""Messages of a chat."""
LENGTH = 160
"""Words of a message, on average."""


def make(path: Path, size: int) -> int:
    """Write an export of about ``size`` bytes; how many messages it has."""
    chance = random.Random(7)
    number = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        while file.tell() < size:
            texts = (" ".join(chance.choices(WORDS, k=chance.randint(10, 2 * LENGTH))) for _ in range(TURNS))
            file.write(("," if number else "") + json.dumps(chatgpt_chat(number, texts)))
            number += 1
        file.write("]")
    return number * TURNS


def peak(process: "subprocess.Popen[str]") -> float:
    """The most memory that a process has had, in MB, while it runs; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) / 1000 if lines else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=0.13)
    parser.add_argument("--folder", type=Path, help="where the files are made; a temporary one else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        export = Path(folder, "conversations.json")
        messages = make(export, round(options.gigabytes * 1e9))
        print(f"{export.stat().st_size / 1e9:.2f} GB, {messages:,} messages")
        profile = Path(folder, "profile")
        for words in ("first", "again"):
            start = time.monotonic()
            command = [
                sys.executable,
                "-m",
                "desktop_chat",
                "--profile",
                str(profile),
                "--import",
                str(export),
            ]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
            most = 0.0
            while process.poll() is None:
                most = max(most, peak(process))
                time.sleep(0.05)
            seconds = time.monotonic() - start
            assert process.stdout is not None
            print(f"{words}: {process.stdout.read().strip()}")
            print(f"  {seconds:.1f} s, {messages / seconds:,.0f} messages/s, at most {most:.0f} MB")


if __name__ == "__main__":
    main()
