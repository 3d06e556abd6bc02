"""Our own format, which :mod:`desktop_chat.domain.interchange` describes: nothing is lost, and ids are kept.

A file has its folders and tags first, then its chats, then the ledger. Attachments lie beside it, named by
their hash, where they were exported too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from desktop_chat.domain import interchange
from desktop_chat.domain.archive import Entries, File, History, Library, Skipped
from desktop_chat.domain.message import Attachment, Part
from desktop_chat.importing.formats import Format
from desktop_chat.importing.records import Record
from desktop_chat.importing.shaping import Odd, number
from desktop_chat.importing.source import Source


def _takes(record: Record) -> bool:
    return record.key in ("chats", "ledger") and record.head.get("format") == interchange.FORMAT


def _read(record: Record, source: Source) -> Iterator[History | Library | Entries | Skipped]:
    if number(record.head.get("version")) > interchange.VERSION:
        if record.number == 1:
            yield Skipped(source.path.name, "A newer version of Desktop Chat wrote it.")
        return
    if record.number == 1:
        yield from _library(record.head, source)
    try:
        if record.key == "ledger":
            yield Entries((interchange.entry_from_json(record.value),))
        else:
            yield _with_files(interchange.history_from_json(record.value), source)
    except ValueError as error:
        raise Odd(str(error)) from error


FORMAT = Format("Desktop Chat", _takes, _read)


def _library(head: dict[str, Any], source: Source) -> Iterator[Library | Skipped]:
    try:
        drafts = interchange.drafts_from_json(head.get("drafts"))
        yield Library(
            tuple(map(interchange.folder_from_json, head.get("folders") or ())),
            tuple(map(interchange.tag_from_json, head.get("tags") or ())),
            drafts,
            _files((draft.parts for draft in drafts.values()), source)[0],
        )
    except (ValueError, TypeError) as error:
        yield Skipped(source.path.name, f"Its folders and tags were left out: {error}.")


def _with_files(history: History, source: Source) -> History:
    """With the attachments that are in the export; what has only its name left is shown as missing."""
    drafts = (draft.parts for draft in history.drafts.values())
    files, missing = _files((*(message.parts for message in history.messages), *drafts), source)
    notes = (f"attachments that are not in the export: {missing}",) if missing else ()
    return replace(history, files=files, notes=notes)


def _files(all_parts: Iterable[Iterable[Part]], source: Source) -> tuple[tuple[File, ...], int]:
    """The files of parts that are in the export, and how many are not."""
    files: dict[str, File] = {}
    missing: set[str] = set()
    for parts in all_parts:
        for part in parts:
            if not isinstance(part.data, Attachment) or not part.data.hash:
                continue
            hash = part.data.hash
            if hash not in files and hash not in missing:
                file = source.file(f"attachments/{hash}", part.data.media_type)
                if file is None:
                    missing.add(hash)
                else:
                    files[hash] = replace(file, key=hash)
    return tuple(files.values()), len(missing)
