"""What helps to find a mistake, in one file that the user looks at before it is saved: nothing of a chat, and
no key, is in it. Collecting blocks: for a thread."""

import io
import json
import platform
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop_chat import logs, paths
from desktop_chat.settings import FIELDS

_SHOWN = frozenset(
    {
        *("id", "kind", "dialect", "key_source", "api_version", "system_role", "max_tokens_field", "proxy"),
        *("default_model", "title_model", "token_lifetime", "requests_per_minute", "parallel_requests"),
        *("attempts", "connect_timeout", "first_event_timeout", "idle_timeout", "total_timeout"),
        *("fallback_models", "falls_back", "takes_images", "takes_files"),
    }
)
"""What is told of an endpoint as it is; of the rest, which may name people and
computers, only that it is set."""
_PLAIN = {"version", *FIELDS} - {
    *("endpoints", "default_endpoint", "endpoint_budgets", "own_prices", "favourite_models", "rejected"),
    *("places", "window_geometry"),
}
"""The settings that are told as they are."""
_CRASH_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Document:
    """One file of the diagnostics. ``name`` is that in the archive, ``about`` says what is in it."""

    name: str
    about: str
    text: str


def collect(profile: paths.Profile, facts: Iterable[str], keys: Sequence[str] = ()) -> list[Document]:
    """What there is to tell. ``facts`` are lines that only others know, of the screen for example.

    ``keys`` are taken out of all of it. Raises ``OSError``.
    """
    documents = [
        Document("about.txt", "Versions and this computer", _about(facts)),
        Document("settings.json", "Settings, without names", _settings(profile.settings)),
        Document("files.txt", "Sizes of your files", _sizes(profile)),
    ]
    for file in reversed(logs.files(profile.logs)):
        lines = file.read_text("utf-8", "replace").split("\n")
        documents.append(Document(file.name, "The log", "\n".join(map(_without_bodies, lines))))
    crash = profile.logs / "crash.log"
    if crash.is_file() and crash.stat().st_size:
        text = crash.read_bytes()[-_CRASH_BYTES:].decode("utf-8", "replace")
        documents.append(Document(crash.name, "Where the program crashed", text))
    return [Document(each.name, each.about, _without_person(each.text, keys)) for each in documents]


def archive(documents: Iterable[Document]) -> bytes:
    """``documents`` as a zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for document in documents:
            file.writestr(document.name, document.text)
    return made.getvalue()


def _about(facts: Iterable[str]) -> str:
    return "\n".join([*facts, f"{platform.platform()}, {platform.machine()}", ""])


def _settings(path: Path) -> str:
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        return "{}\n"
    except ValueError as error:
        return f"The settings cannot be read: {error}\n"
    if not isinstance(values, dict):
        return "The settings are no object.\n"
    shown = {name: values[name] if name in _PLAIN else "[set]" for name in values}
    if isinstance(endpoints := values.get("endpoints"), list):
        shown["endpoints"] = [_endpoint(each) for each in endpoints]
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def _endpoint(value: object) -> object:
    if not isinstance(value, dict):
        return "[not an object]"
    return {name: each if name in _SHOWN else "[set]" for name, each in value.items() if each not in ("", [])}


def _sizes(profile: paths.Profile) -> str:
    found = []
    for folder, pattern in ((profile.data, "chats.db*"), (profile.backups, "*"), (profile.config, "*.json*")):
        for file in sorted(folder.glob(pattern)) if folder.is_dir() else ():
            if file.is_file():
                found.append(f"{file.stat().st_size:>15,}  {folder.name}/{file.name}")
    attachments = [file.stat().st_size for file in profile.attachments.rglob("*") if file.is_file()]
    found.append(f"{sum(attachments):>15,}  {len(attachments)} attachments")
    return "\n".join(found) + "\n"


def _without_bodies(line: str) -> str:
    """A line of the log without what was asked and answered, where that was written to it."""
    if not any(f'"{name}"' in line for name in logs.BODIES):
        return line
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return "[left out: a line that is not whole]"
    if isinstance(values, dict):
        values |= {name: "[left out]" for name in logs.BODIES if name in values}
    return json.dumps(values, ensure_ascii=False)


def _without_person(text: str, keys: Sequence[str]) -> str:
    """``text`` without keys and without the name that the user's folder has."""
    home = str(Path.home())
    for written in (home, json.dumps(home)[1:-1]):
        if len(written) > 1:
            text = re.sub(re.escape(written) + r"(?=[/\\\"'\s]|$)", "~", text)
    return logs.redact(text, keys)
