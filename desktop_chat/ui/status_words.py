"""What a chat is doing, in words."""

import time
from dataclasses import dataclass

from desktop_chat.domain.counting import CHARACTERS_PER_TOKEN
from desktop_chat.session import ChatSession, Phase
from desktop_chat.ui.notices import retry_status, throttle_status
from desktop_chat.ui.status import OFFLINE, READY, WRITING


@dataclass(frozen=True, slots=True)
class Status:
    """``words`` and the name of the dot's ``color`` are for the status line; ``below`` goes below the answer
    that is being written."""

    words: str
    color: str
    below: str = ""


def status_of(session: ChatSession, characters: int) -> Status:
    """``characters`` is how many of the answer came so far."""
    if session.phase is Phase.WAITING and session.retry is not None:
        words = retry_status(session.retry, session.retry_at - time.monotonic())
        return Status(words, "warn", words)
    if session.phase is Phase.THROTTLED:
        until = session.throttled_until
        words = throttle_status(until and until - time.monotonic())
        return Status(words, "warn", words)
    if session.phase is Phase.OFFLINE:
        return Status(OFFLINE, "warn", "Will be sent when you are online   Esc to stop")
    if session.phase is Phase.SUMMARISING:
        return Status("Summarising older messages…", "accent")
    if session.is_busy:
        return Status(WRITING, "accent", _progress(session, characters))
    if session.is_offline:
        return Status(OFFLINE, "warn")
    return Status(READY, "ok") if session.endpoint is not None else Status("No endpoint", "warn")


def _progress(session: ChatSession, characters: int) -> str:
    seconds = time.monotonic() - session.phase_since
    if session.phase is Phase.UNLOCKING:
        return "Waiting for the keyring…   Esc to stop"
    if session.phase is Phase.SENDING or not characters:
        waited = f"   {seconds:.0f} s" if seconds >= 2 else ""
        return f"Waiting for the answer…{waited}   Esc to stop"
    tokens = max(1, characters // CHARACTERS_PER_TOKEN)
    speed = f"   ≈ {tokens / seconds:.0f} tok/s" if seconds >= 1 else ""
    return f"{WRITING} ≈ {tokens:,} tokens{speed}   Esc to stop"
