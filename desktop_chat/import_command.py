"""``desktop-chat --import FILE``: chats added to a profile without a window."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from desktop_chat.attachments import Attachments
from desktop_chat.domain.archive import Progress
from desktop_chat.imports import Imports, Outcome
from desktop_chat.instance import Instance
from desktop_chat.paths import Profile
from desktop_chat.storage import StorageError, Store


def run(paths: Sequence[Path], profile: Profile) -> int:
    """Import files, and print what was added, and what was skipped and why. Returns the exit code: 0, or 1
    where nothing could be read or kept, or 130 where it was interrupted: what was added by then stays."""
    instance = Instance(profile)
    try:
        if not instance.claim_in_silence():
            return _complain(
                "the program runs on this profile: choose “Import chats…” there, or quit it first"
            )
        return asyncio.run(_import(paths, profile))
    except KeyboardInterrupt:
        _complain("interrupted; what was added by then stays")
        return 130
    except (StorageError, OSError) as error:
        return _complain(str(error))
    finally:
        instance.release()


async def _import(paths: Sequence[Path], profile: Profile) -> int:
    store = await Store.open(profile.database, profile.backups)
    attachments = Attachments(profile.attachments)

    async def opened() -> Store:
        return store

    async def added() -> None:
        """The program indexes what is new when it starts."""

    imports = Imports(opened, attachments, added)
    outcome = Outcome()
    try:
        for path in paths:
            outcome = outcome.and_then(await imports.run(path, _tell))
    finally:
        attachments.close()
        await store.close()
    print(outcome.words())
    for line in outcome.report().splitlines():
        print(_plain(line))
    return 0 if outcome.has_read else 1


def _tell(progress: Progress) -> None:
    """On a terminal only, on one line that is written again and again."""
    if sys.stderr is not None and sys.stderr.isatty() and progress.total:
        share = 100 * progress.done // progress.total
        end = "\n" if progress.done >= progress.total else "\r"
        print(f"{share:3} %, {progress.messages:,} messages", end=end, file=sys.stderr, flush=True)


def _complain(text: str) -> int:
    print(f"desktop-chat: {_plain(text)}", file=sys.stderr)
    return 1


def _plain(text: str) -> str:
    """Without what would move the cursor or change the colours of a terminal."""
    shown = "".join(char if char.isprintable() else "\ufffd" for char in text)
    encoding = sys.stdout.encoding if sys.stdout is not None else "utf-8"
    return shown.encode(encoding or "utf-8", "replace").decode(encoding or "utf-8")
