"""What went wrong, in words: with ``notice_words`` the only place that turns an error kind into a sentence.

Every notice says what happened, what is safe and what can be done. What a server said is quoted as plain
text, on one line, and with anything that looks like a key taken out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from desktop_chat import __version__
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.events import RetryScheduled
from desktop_chat.domain.redaction import without_keys
from desktop_chat.storage import (
    Backup,
    DatabaseCorrupt,
    DatabaseMissing,
    DatabaseTooNew,
    Salvaged,
    StorageError,
)
from desktop_chat.ui.counts import counted
from desktop_chat.ui.notice_words import OPENING_WORDS, STORAGE_WORDS, WORDS, Action, Words
from desktop_chat.ui.safe import one_line

__all__ = [
    "Action",
    "Notice",
    "explain",
    "explain_opening",
    "explain_put_back",
    "explain_put_in_place",
    "explain_recovered",
    "explain_retry",
    "explain_salvaged",
    "explain_storage",
    "moment",
    "retry_countdown",
    "retry_status",
    "storage_reason",
    "throttle_status",
    "wants_dialog",
]

LONGEST_QUOTE = 240
"""Characters of a server's message within a sentence; the details hold all of it."""

SHORTEST_DIALOG_WAIT = 1.0
"""Seconds. A shorter wait is over before its dialog could be read."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An error in words. ``checks`` are questions to go through, one a line. ``brief`` is the body for where
    no message was at stake, and ``close`` is the text of the button that takes no action. ``is_done``
    says that it tells of no problem, but of what was done about one.

    ``summary`` is what else the server said, in a few short lines; ``details`` is all that is known, for
    copying. All are plain text and hold no key.
    """

    title: str
    body: str
    actions: tuple[Action, ...]
    details: str
    summary: str = ""
    checks: tuple[str, ...] = ()
    brief: str = ""
    close: str = "Close"
    is_done: bool = False


def explain(error: ChatError, endpoint_name: str, now: datetime | None = None) -> Notice:
    """``error`` in words, for the endpoint of that name. ``now`` is the time told in the details."""
    words = _words_of(error)
    names = {"endpoint": _one_line(endpoint_name), "host": _one_line(error.host or endpoint_name)}
    sentences = [words.happened.format(**names)]
    message = _one_line(error.message)
    quoted = bool(words.quote and message)
    if quoted:
        sentences.append(f"{words.quote}: {_quoted(message)}")
    brief = [*sentences, words.way_out]
    sentences += [words.safe, words.way_out]
    actions = tuple(
        action for action in words.actions if action is not Action.BILLING or _is_openai(error.host)
    )
    return Notice(
        title=words.title,
        body=" ".join(sentences),
        actions=actions,
        details=_details(error, endpoint_name, now),
        summary=_summary(error, with_message=not quoted or len(message) > LONGEST_QUOTE),
        checks=words.checks,
        brief=" ".join(brief),
    )


def explain_storage(error: StorageError, now: datetime | None = None) -> Notice:
    """A failure of the open database in words; what can be done has no button of its own."""
    words = _storage_words(error)
    return _storage_notice(error, [words.safe, words.way_out], (), now)


def explain_unread(error: StorageError, now: datetime | None = None) -> Notice:
    """Why what was just opened cannot be read; it can be tried again, or the program ends."""
    return replace(explain_storage(error, now), actions=(Action.TRY_AGAIN,), close="Quit")


def storage_reason(error: StorageError) -> str:
    """What happened to the database in one sentence, where nothing was at stake."""
    return _storage_words(error).happened


def explain_opening(error: StorageError, backup: Backup | None = None, now: datetime | None = None) -> Notice:
    """Why the chats cannot be opened; it can be tried again, or the program ends. Where a newer version wrote
    them and there is a copy from before, that can be used; where they are damaged the newest good one,
    ``backup``, or what can still be read.
    """
    if isinstance(error, DatabaseTooNew):
        return _explain_too_new(error, now)
    if isinstance(error, DatabaseCorrupt):
        return _explain_damaged(error, backup, now)
    words = _storage_words(error)
    kinds = (kind for kind in type(error).__mro__ if kind in OPENING_WORDS)
    kind = next(kinds, None)
    way_out = [OPENING_WORDS[kind]] if kind else [words.safe, words.way_out]
    return replace(_storage_notice(error, way_out, (Action.TRY_AGAIN,), now), close="Quit")


def _explain_too_new(error: DatabaseTooNew, now: datetime | None) -> Notice:
    words = _storage_words(error)
    # A version that is being developed can make a schema newer than its own of yesterday.
    needs = error.needs if error.needs != __version__ else ""
    if needs:
        again = f"Install version {_one_line(needs)} or a newer one again to open it."
    else:
        again = "Install the newer version again to open it."
    backup = error.backup
    if backup is None:
        other = "There is no copy from before that this version could open."
        actions: tuple[Action, ...] = (Action.TRY_AGAIN,)
    else:
        other = (
            f"Or go back to the copy of {moment(backup.made_at)}, from before the change: "
            f"backups/{_one_line(backup.path.name)}. What was written since is then kept in that folder."
        )
        actions = (Action.USE_BACKUP, Action.TRY_AGAIN, Action.SHOW_BACKUPS)
    notice = _storage_notice(error, [words.safe], actions, now)
    return replace(notice, checks=(again, other), close="Quit")


def _explain_damaged(error: DatabaseCorrupt, backup: Backup | None, now: datetime | None) -> Notice:
    is_gone = isinstance(error, DatabaseMissing)
    ways: list[str] = []
    actions: list[Action] = []
    if backup is not None:
        ways.append(f"Use the newest good backup. It is of {moment(backup.made_at)}.")
        actions.append(Action.USE_BACKUP)
    if not is_gone or "log" in error.message:
        ways.append("Save what can still be read of the file into a new one.")
        actions.append(Action.SAVE_READABLE)
    if backup is not None:
        ways.append("Choose another backup.")
        actions.append(Action.CHOOSE_BACKUP)
    ways.append("Begin anew, without any chats.")
    actions.append(Action.BEGIN_ANEW)
    kept = "" if is_gone else "Whatever you choose, the file is kept as it is in the folder “backups”."
    none = "" if backup is not None else "There is no backup that can be used."
    notice = _storage_notice(error, [each for each in (none, kept) if each], tuple(actions), now)
    return replace(notice, checks=tuple(ways), close="Quit")


def explain_recovered(happened: str, kept: Path | None) -> Notice:
    """The chats can be opened again; the damaged file is ``kept``."""
    body = f"{happened} What was there is kept as backups/{_one_line(kept.name)}." if kept else happened
    details = _rows((("kept", kept),))
    return Notice("The chats are open again", body, (Action.SHOW_BACKUPS,), details, is_done=True)


def explain_salvaged(salvaged: Salvaged, kept: Path | None) -> Notice:
    """What could be read of the damaged file, which is ``kept``."""
    read = f"{counted(salvaged.chats, 'chat')} with {counted(salvaged.messages, 'message')} could be read."
    lost = f" {counted(salvaged.unreadable, 'record')} could not." if salvaged.unreadable else ""
    return explain_recovered(read + lost, kept)


def explain_put_in_place(other: Path | None) -> Notice:
    """The file of the chats was deleted or replaced while the program runs, and written again; ``other`` is
    what had taken its place."""
    was = "replaced by another" if other else "deleted"
    body = f"The file of your chats was {was} while the program runs. All your chats were written again."
    if other:
        body += f" The other file is kept as backups/{_one_line(other.name)}."
    actions = (Action.SHOW_BACKUPS,) if other else ()
    return Notice("The file of your chats is back", body, actions, _rows((("kept", other),)), is_done=True)


def explain_put_back(backup: Backup, kept: Path) -> Notice:
    """The chats are what ``backup`` is; what they were before is in the copy ``kept``."""
    body = (
        f"Your chats are what they were on {moment(backup.made_at)}. What the newer version had is kept in "
        f"backups/{_one_line(kept.name)}; to open it, install that version again and put the copy in the "
        f"place of the file of your chats."
    )
    details = _rows((("used", backup.path), ("kept", kept)))
    return Notice("The backup is in use", body, (Action.SHOW_BACKUPS,), details, is_done=True)


def _storage_words(error: StorageError) -> Words:
    return next(STORAGE_WORDS[kind] for kind in type(error).__mro__ if kind in STORAGE_WORDS)


def _storage_notice(
    error: StorageError, advice: list[str], actions: tuple[Action, ...], now: datetime | None
) -> Notice:
    words = _storage_words(error)
    sentences = [words.happened]
    message = _one_line(error.message)
    if words.quote and message:
        sentences.append(f"{words.quote}: {_quoted(message)}")
    rows = (
        ("kind", type(error).__name__),
        ("file", error.path),
        ("time", _told(now)),
        ("message", error.message),
    )
    body = " ".join(sentences + advice)
    return Notice(words.title, body, actions, _rows(rows), _one_line(str(error.path)))


def explain_retry(retry: RetryScheduled, endpoint_name: str) -> Notice:
    """A wait before the next attempt, in words. Its actions are the dialog's own."""
    notice = explain(retry.error, endpoint_name)
    name = _one_line(endpoint_name)
    if retry.error.retry_after is not None:
        happened = f"{name} asked to wait before the next request."
    else:
        words = _words_of(retry.error)
        happened = words.happened.format(endpoint=name, host=_one_line(retry.error.host or endpoint_name))
    body = f"{happened} Your message is safe and will be sent again by itself."
    return Notice(notice.title, body, (), notice.details, _summary(retry.error))


def retry_countdown(retry: RetryScheduled, seconds: float) -> str:
    """``Retrying in 7 s · attempt 2 of 5``; ``seconds`` is what is left of the wait."""
    return f"{_retrying(seconds)} · attempt {retry.attempt} of {retry.attempts}"


def retry_status(retry: RetryScheduled, seconds: float) -> str:
    """``Retrying in 7 s (attempt 2 of 5)``: the same for a status line."""
    return f"{_retrying(seconds)} (attempt {retry.attempt} of {retry.attempts})"


def throttle_status(seconds: float | None) -> str:
    """Why a request that nothing is wrong with has not left yet; None where it waits for another to end."""
    if seconds is None:
        return "Waiting for another request to end"
    return f"Waiting {max(seconds, 0):.0f} s: as many requests a minute as you allow"


def wants_dialog(delay: float) -> bool:
    """Whether a wait of ``delay`` seconds is long enough for a dialog of its own."""
    return delay > SHORTEST_DIALOG_WAIT


def _words_of(error: ChatError) -> Words:
    return next(WORDS[kind] for kind in type(error).__mro__ if kind in WORDS)


def _retrying(seconds: float) -> str:
    whole = max(0, -int(-seconds // 1))
    if whole == 0:
        return "Retrying now"
    minutes, rest = divmod(whole, 60)
    return f"Retrying in {minutes} min {rest} s" if minutes else f"Retrying in {rest} s"


def _is_openai(host: str | None) -> bool:
    name = (host or "").removeprefix("https://").split("/")[0].split(":")[0].lower()
    return name == "openai.com" or name.endswith(".openai.com")


def _one_line(text: str) -> str:
    return without_keys(one_line(text))


def _quoted(message: str) -> str:
    """``message`` as a quotation that ends a sentence, once."""
    text = _shortened(message, LONGEST_QUOTE)
    return f"“{text}”" if text.endswith((".", "!", "?", "…")) else f"“{text}”."


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _seconds(value: float) -> str:
    return f"{value:g} s" if value < 120 else f"{value / 60:.0f} min"


def _summary(error: ChatError, *, with_message: bool = True) -> str:
    status = " ".join(str(part) for part in (error.status, error.code) if part)
    facts = [f"request {error.request_id}"] if error.request_id else []
    if error.retry_after is not None:
        facts.append(f"retry-after {_seconds(error.retry_after)}")
    if error.host and not facts and not status:
        facts.append(error.host)
    lines = (status, " · ".join(facts), error.message if with_message else "")
    return "\n".join(line for line in map(_one_line, lines) if line)


def _details(error: ChatError, endpoint_name: str, now: datetime | None) -> str:
    return _rows(
        (
            ("kind", type(error).__name__),
            ("endpoint", endpoint_name),
            ("host", error.host),
            ("status", error.status),
            ("code", error.code),
            ("request id", error.request_id),
            ("retry-after", None if error.retry_after is None else f"{error.retry_after:g} s"),
            ("time", _told(now)),
            ("message", error.message or None),
        )
    )


def moment(at: datetime) -> str:
    """The user's local time."""
    return f"{at.astimezone():%Y-%m-%d, %H:%M}"


def _told(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _rows(rows: Iterable[tuple[str, object]]) -> str:
    return "\n".join(
        f"{name}: " + "\n".join(map(_one_line, str(value).splitlines()))
        for name, value in rows
        if value is not None
    )
