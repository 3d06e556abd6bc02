"""Histories such as people have: ``python -m tests.benchmarks.histories FOLDER [--chats N] [--no-index]``.

Makes a profile of 100,000 chats with 1,000,000 messages, some 1.2 GB of text. It is always the same for the
same number, but for the time at which chats went to the trash: now. Words are drawn by Zipf's law from
60,000, most of them invented; beside them stand numbers, names and code that only one message has. One chat
in sixteen is in Chinese or Japanese, one in eleven in a language with accents. A message in twelve has a
second version. Chats lie in folders, have tags, are archived, pinned and in the trash.
"""

import argparse
import json
import random
import time
from bisect import bisect
from contextlib import closing
from itertools import accumulate, islice
from pathlib import Path
from typing import NamedTuple

from desktop_chat.domain.listing import COLORS
from desktop_chat.domain.titles import title_key
from desktop_chat.paths import Profile
from desktop_chat.storage.database import Database, Row
from desktop_chat.storage.indexing import index_slice

CHATS = 100_000
MESSAGES_A_CHAT = 10
WORDS = 60_000
SENTENCES = 60_000
YEARS = 3
FOLDERS, TAGS = 40, 16
UNTIL = 1_790_000_000.0
"""The last turn: Unix time, September 2026."""
MODELS = ("gpt-5.2", "gpt-5.2-mini", "gpt-4.1", "anthropic/claude-sonnet-4.5", "llama3.3:70b", "o4-mini")

_HEAD = """
the of and to a in is that it for as with on be this are you by or not an from at can have if which
will when has one your all was but they their use there other more we time these so no also may than
first into only some do used any such each how new then what code function value data file error
server request user result type list string return example using number called should
"""
COMMON = tuple(_HEAD.split())
"""The words at the head of the law, the most frequent first."""

_CODE = (
    "```python\ndef {0}_{1}({2}: int, limit: int = {3}) -> list[str]:\n"
    '    rows = fetch("{1}", timeout={3})\n    return [row.{2} for row in rows if row.{0} > {3}]\n```'
)


class Size(NamedTuple):
    """How much was made; ``text`` in bytes of UTF-8."""

    chats: int
    messages: int
    text: int


class Language:
    """Sentences of one language, to be put together to messages."""

    def __init__(self, chance: random.Random, words: list[str], sentences: int, space: str = " ") -> None:
        # By Zipf and Mandelbrot: the frequency falls with the rank, less so for the first ones.
        weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
        total = weights[-1]
        self.words = words
        self.rare = words[len(words) // 2 :]
        self.sentences = []
        for _ in range(sentences):
            drawn = [words[bisect(weights, chance.random() * total)] for _ in range(chance.randint(6, 22))]
            end = "。" if not space else ". "
            self.sentences.append(space.join(drawn).capitalize() + end)

    def text(self, chance: random.Random, sentences: int) -> str:
        return "".join(chance.choices(self.sentences, k=sentences))


def vocabulary(
    chance: random.Random, count: int, letters: tuple[str, str] = ("bcdfghklmnprstvw", "aeiou")
) -> list[str]:
    """Different words of one to five syllables, the shorter ones first."""
    found: dict[str, None] = dict.fromkeys(COMMON) if letters[1] == "aeiou" else {}
    length = 1.0
    while len(found) < count:
        length = min(5.0, length + 40 / count)
        syllables = max(1, round(chance.gauss(length, 0.6)))
        word = "".join(chance.choice(letters[0]) + chance.choice(letters[1]) for _ in range(syllables))
        found.setdefault(word + chance.choice(("", "", "n", "r", "s", "t", "ng")))
    return list(found)


def _characters(chance: random.Random, first: int, count: int, words: int) -> list[str]:
    """Words of one to three characters, of which some are far more frequent."""
    return [
        "".join(chr(first + int(count * chance.random() ** 3)) for _ in range(chance.randint(1, 3)))
        for _ in range(words)
    ]


class Histories:
    """Chats and their messages, in the order of time."""

    def __init__(self, chats: int, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.chats = chats
        pool = max(500, min(SENTENCES, chats))
        words = max(3_000, min(WORDS, 2 * chats))
        chance = self.chance
        self.plain = Language(chance, vocabulary(chance, words), pool)
        accented = vocabulary(chance, words // 3, ("bcçdfgñlmnprsßtv", "aeéèioöuüà"))
        self.accented = Language(chance, accented, pool // 4)
        self.chinese = Language(chance, _characters(chance, 0x4E00, 6_000, words // 4), pool // 4, "")
        self.japanese = Language(chance, _characters(chance, 0x3042, 150, words // 8), pool // 8, "")

    def language(self) -> Language:
        drawn = self.chance.random()
        for share, language in ((0.04, self.chinese), (0.06, self.japanese), (0.15, self.accented)):
            if drawn < share:
                return language
        return self.plain

    def message(self, language: Language, *, is_answer: bool) -> str:
        """Questions are short, answers long, a few of them very."""
        chance = self.chance
        count = int(chance.lognormvariate(2.75, 0.7) if is_answer else chance.lognormvariate(1.6, 0.9)) + 1
        paragraphs = []
        while count > 0:
            paragraphs.append(language.text(chance, min(count, chance.randint(2, 6))))
            count -= 5
        if chance.random() < 0.6:
            paragraphs.append(
                f"{chance.choice(self.plain.rare)} {chance.getrandbits(40):x}, {chance.randrange(10**6)}."
            )
        if chance.random() < (0.3 if is_answer else 0.08):
            names = chance.choices(self.plain.words[60:], k=3)
            paragraphs.append(_CODE.format(*names, chance.randrange(10_000)))
        return "\n\n".join(paragraphs)

    def title(self, language: Language) -> str:
        words = self.chance.choices(language.words[: len(language.words) // 4], k=self.chance.randint(2, 5))
        return (" " if language in (self.plain, self.accented) else "").join(words).capitalize()[:80]

    def write(self, db: Database) -> Size:
        """Add all of them to a new database, in transactions of 500 chats."""
        chance = self.chance
        _organise(db, chance)
        size, message_seq = Size(0, 0, 0), 0
        span = YEARS * 365 * 86_400.0
        numbers = iter(range(1, self.chats + 1))
        while some := list(islice(numbers, 500)):
            conversations, messages, parts, tags = [], [], [], []
            for seq in some:
                used = UNTIL - span * (1 - seq / self.chats)
                language = self.language()
                chat = f"{seq:08x}-0000-7000-8000-{chance.getrandbits(48):012x}"
                title = self.title(language)
                made = used - chance.random() * 5_000
                parent, leaf, model = None, None, chance.choice(MODELS)
                for number in range(2 * max(1, int(chance.expovariate(1 / (MESSAGES_A_CHAT / 2)) + 0.1))):
                    is_answer = number % 2 == 1
                    for version in range(2 if chance.random() < 1 / 12 else 1):
                        message_seq += 1
                        text = self.message(language, is_answer=is_answer)
                        leaf = f"{seq:08x}-{number:04x}-7000-8{version:03x}-{message_seq:012x}"
                        state = (
                            ("assistant", model, "stop", len(text), len(text) // 4)
                            if is_answer
                            else ("user", *(None,) * 4)
                        )
                        messages.append(
                            (message_seq, leaf, chat, parent, made + number * 30 + version, *state)
                        )
                        parts.append((message_seq, 0, "text", text, None))
                        if not is_answer and chance.random() < 0.03:
                            parts.append(
                                (message_seq, 1, "image", "", f"{chance.choice(self.plain.words)}.png")
                            )
                        size = Size(seq, message_seq, size.text + len(text.encode()))
                    parent = leaf
                conversations.append(
                    (
                        *(seq, chat, int(used * 1e6), title, title_key(title), leaf, made, used),
                        f"folder-{chance.randrange(FOLDERS)}" if chance.random() < 0.3 else None,
                        *(chance.random() < 50 / CHATS, chance.random() < 0.2, chance.random() < 0.005),
                        time.time() if chance.random() < 0.01 else None,
                    )
                )
                tags += [(seq, tag) for tag in range(1, TAGS + 1) if chance.random() < 0.02]
            with db.transaction(durable=False):
                _write(db, conversations, messages, parts, tags)
        return size


def _organise(db: Database, chance: random.Random) -> None:
    with db.transaction():
        for number in range(FOLDERS):
            parent = f"folder-{chance.randrange(number)}" if number > 9 else None
            db.execute(
                "INSERT INTO folder (id, name, parent_id, position) VALUES (?, ?, ?, ?)",
                (f"folder-{number}", f"Folder {number}", parent, number),
            )
        for number in range(1, TAGS + 1):
            color = COLORS[number % len(COLORS)]
            db.execute(
                "INSERT INTO tag (seq, id, name, key, color) VALUES (?, ?, ?, ?, ?)",
                (number, f"tag-{number}", f"Tag {number}", f"tag {number}", color),
            )


def _write(
    db: Database, conversations: list[Row], messages: list[Row], parts: list[Row], tags: list[Row]
) -> None:
    db.execute_many(
        "INSERT INTO conversation (seq, id, sequence, title, title_key, active_leaf, created_at, used_at, "
        "folder_id, pinned, archived, unread, deleted_at, title_source, parameters, origin) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'model', '{}', '')",
        conversations,
    )
    db.execute_many(
        "INSERT INTO message (seq, id, conversation_id, parent_id, created_at, role, model, finish_reason, "
        "input_tokens, output_tokens, state, cached_tokens, reasoning_tokens) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'complete', 0, 0)",
        messages,
    )
    db.execute_many(
        "INSERT INTO part (message_seq, position, kind, text, name) VALUES (?, ?, ?, ?, ?)", parts
    )
    db.execute_many("INSERT INTO conversation_tag (conversation_seq, tag_seq) VALUES (?, ?)", tags)


def make(folder: Path, chats: int, *, index: bool = True) -> dict[str, float]:
    """A profile in ``folder``, which must not have one yet; what was made, and how long it took in seconds.
    The same is in ``histories.json`` there."""
    profile = Profile.at(folder)
    profile.create()
    began = time.monotonic()
    with closing(Database(profile.database, profile.backups)) as db:
        size = Histories(chats).write(db)
        written = time.monotonic()
        ((bare,),) = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        while index and index_slice(db, 2.0, 20_000):
            pass
        indexed = time.monotonic()
        ((full,),) = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    made = size._asdict() | {
        "bytes": bare,
        "index": full - bare,
        "writing": written - began,
        "indexing": indexed - written,
    }
    (folder / "histories.json").write_text(json.dumps(made), "utf-8")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.histories", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chats", type=int, default=CHATS)
    parser.add_argument("--no-index", action="store_true")
    options = parser.parse_args()
    for name, value in make(options.folder, options.chats, index=not options.no_index).items():
        print(f"{name}: {value:,.2f}")


if __name__ == "__main__":
    main()
