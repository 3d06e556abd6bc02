"""Every error has words: what happened, what is safe, what can be done."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop_chat import __version__
from desktop_chat.domain.errors import KINDS, ChatError, KeyRejected, QuotaExhausted, RateLimited, ServerFault
from desktop_chat.domain.events import RetryScheduled
from desktop_chat.storage import (
    Backup,
    DatabaseCorrupt,
    DatabaseMissing,
    DatabaseTooNew,
    DiskFull,
    StorageError,
)
from desktop_chat.ui.notice_words import STORAGE_WORDS
from desktop_chat.ui.notices import (
    Action,
    explain,
    explain_opening,
    explain_retry,
    explain_storage,
    explain_unread,
    retry_countdown,
    retry_status,
    wants_dialog,
)

CANARY = "sk-proj-CANARYabcdefghijklmnop1234"

ACTIONS = {
    "ChatError": {Action.TRY_AGAIN},
    "KeyProblem": {Action.ENTER_KEY, Action.TRY_AGAIN},
    "EndpointGone": {Action.CHOOSE_MODEL},
    "KeyMissing": {Action.ENTER_KEY},
    "KeyringUnavailable": {Action.SESSION_KEY, Action.TRY_AGAIN},
    "TokenCommandFailed": {Action.ENTER_KEY, Action.TRY_AGAIN},
    "AttachmentMissing": {Action.SHORTEN},
    "TookTooLong": {Action.CONTINUE, Action.TRY_AGAIN},
    "Unreachable": {Action.CHECK_ENDPOINT, Action.TRY_AGAIN},
    "HostNotFound": {Action.CHECK_ENDPOINT, Action.TRY_AGAIN},
    "ConnectionRefused": {Action.CHECK_ENDPOINT, Action.TRY_AGAIN},
    "ConnectionLost": {Action.CHECK_ENDPOINT, Action.TRY_AGAIN},
    "ConnectTimedOut": {Action.CHECK_ENDPOINT, Action.TRY_AGAIN},
    "TlsFailed": {Action.CHECK_ENDPOINT, Action.TRY_AGAIN},
    "ProxyFailed": {Action.CHECK_ENDPOINT, Action.TRY_AGAIN},
    "NoAnswer": {Action.TRY_AGAIN},
    "Busy": {Action.TRY_AGAIN},
    "RateLimited": {Action.TRY_AGAIN},
    "Overloaded": {Action.TRY_AGAIN, Action.CHOOSE_MODEL},
    "ServerFault": {Action.TRY_AGAIN},
    "Conflict": {Action.TRY_AGAIN},
    "RequestTimedOut": {Action.TRY_AGAIN},
    "Rejected": {Action.CHECK_ENDPOINT, Action.CHOOSE_MODEL},
    "BadRequest": {Action.CHECK_ENDPOINT, Action.CHOOSE_MODEL},
    "KeyRejected": {Action.ENTER_KEY},
    "AccessDenied": {Action.CHOOSE_MODEL, Action.ENTER_KEY},
    "ModelNotFound": {Action.CHOOSE_MODEL},
    "NotFound": {Action.CHECK_ENDPOINT},
    "RequestTooLarge": {Action.SHORTEN},
    "ContextExceeded": {Action.SHORTEN, Action.CHOOSE_MODEL},
    "QuotaExhausted": {Action.BILLING, Action.TRY_AGAIN},
    "ContentRefused": set(),
    "Redirected": {Action.CHECK_ENDPOINT},
    "Broken": {Action.CONTINUE, Action.TRY_AGAIN},
    "Stalled": {Action.CONTINUE, Action.TRY_AGAIN},
    "CutOff": {Action.CONTINUE, Action.TRY_AGAIN},
    "NotAStream": {Action.CHECK_ENDPOINT, Action.TRY_AGAIN},
    "Garbled": {Action.CONTINUE, Action.TRY_AGAIN},
    "TooLarge": {Action.TRY_AGAIN},
    "StreamError": {Action.CONTINUE, Action.TRY_AGAIN},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_words_of_its_own(kind: str) -> None:
    notice = explain(KINDS[kind](host="api.openai.com"), "OpenAI")

    assert set(notice.actions) == ACTIONS[kind]
    titles = [explain(KINDS[other](), "OpenAI").title for other in KINDS if other != kind]
    assert notice.title not in titles
    assert len(notice.title) <= 40
    assert "safe" in notice.body or "kept" in notice.body
    assert len(notice.body) <= 260
    for text in (notice.title, notice.body, *notice.checks):
        assert "!" not in text
        assert "oops" not in text.lower()
        assert "{" not in text
    assert all(check.endswith(("?", ".")) for check in notice.checks)
    assert notice.body.endswith(".")
    assert notice.brief.endswith(".")
    assert "safe" not in notice.brief


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_text_holds_a_key(kind: str) -> None:
    said = f"Incorrect API key provided: {CANARY}. Authorization: Bearer abcdef0123456789"
    error = KINDS[kind](said, 401, CANARY, "req_1", 3.0, "api.openai.com")
    retry = explain_retry(RetryScheduled(error, 2, 5, 3.0), "OpenAI")
    notice = explain(error, "OpenAI")

    for each in (notice, retry):
        everything = "\n".join((each.title, each.body, each.details, each.summary, *each.checks))
        assert "CANARY" not in everything
        assert "abcdef0123456789" not in everything
        assert "key removed" in everything


def test_billing_is_offered_for_openai_alone() -> None:
    for host in ("llm.example.com", "openai.com.example.net", "notopenai.com", None):
        assert Action.BILLING not in explain(QuotaExhausted(host=host), "X").actions
    assert Action.BILLING in explain(QuotaExhausted(host="https://api.openai.com:443"), "X").actions


def test_details_are_complete_plain_text() -> None:
    error = RateLimited(
        "Slow\x1b[31m down\n\u202enow", 429, "rate_limit_exceeded", "req_9", 18.0, "api.openai.com"
    )
    notice = explain(error, "OpenAI", datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC))

    assert notice.details.splitlines() == [
        "kind: RateLimited",
        "endpoint: OpenAI",
        "host: api.openai.com",
        "status: 429",
        "code: rate_limit_exceeded",
        "request id: req_9",
        "retry-after: 18 s",
        "time: 2026-11-21T03:04:05+00:00",
        "message: Slow[31m down",
        "now",
    ]


def test_a_servers_message_is_quoted_on_one_line_and_shortened() -> None:
    notice = explain(ServerFault("<table>\n" * 400, 500), "OpenAI")

    assert "“<table> <table>" in notice.body
    assert len(notice.body) < 500
    assert "\n" not in notice.body


def test_a_quotation_ends_a_sentence_once() -> None:
    for said, shown in (("Slow down.", "“Slow down.” Your"), ("slow down", "“slow down”. Your")):
        assert shown in explain(RateLimited(said), "OpenAI").body


def test_the_wait_is_told_as_asked_for_or_by_its_cause() -> None:
    asked = explain_retry(RetryScheduled(RateLimited(retry_after=18.0), 2, 5, 18.0), "OpenAI")
    own = explain_retry(RetryScheduled(ServerFault(status=500), 2, 5, 2.0), "OpenAI")

    assert asked.body == (
        "OpenAI asked to wait before the next request. Your message is safe and will be sent again by itself."
    )
    assert own.body.startswith("OpenAI failed while it worked on the request.")
    assert own.body.endswith("will be sent again by itself.")


def test_countdown_words() -> None:
    retry = RetryScheduled(ChatError(), 2, 5, 90.0)

    assert retry_countdown(retry, 6.2) == "Retrying in 7 s · attempt 2 of 5"
    assert retry_countdown(retry, 75) == "Retrying in 1 min 15 s · attempt 2 of 5"
    assert retry_countdown(retry, 0) == "Retrying now · attempt 2 of 5"
    assert retry_status(retry, 7) == "Retrying in 7 s (attempt 2 of 5)"


def test_a_short_wait_has_no_dialog() -> None:
    assert [wants_dialog(delay) for delay in (0.5, 1.0, 1.1, 18.0)] == [False, False, True, True]


def test_an_unknown_kind_has_the_words_of_its_family() -> None:
    class Newer(KeyRejected): ...

    assert explain(Newer(), "X").title == explain(KeyRejected(), "X").title
    KINDS.pop("Newer", None)


STORAGE_ERRORS = [StorageError, *StorageError.__subclasses__(), DatabaseMissing]


@pytest.mark.parametrize("kind", STORAGE_ERRORS, ids=lambda kind: kind.__name__)
def test_every_storage_error_has_words_of_its_own(kind: type[StorageError]) -> None:
    notice = explain_storage(kind("database or disk is full", Path("/profile/chats.db")))

    titles = [explain_storage(other("", Path("x"))).title for other in STORAGE_ERRORS if other is not kind]
    assert notice.title not in titles
    assert "safe" in notice.body or "kept" in notice.body
    assert "!" not in notice.title + notice.body
    assert notice.body.endswith(".")
    assert "/profile/chats.db" in notice.details
    assert f"kind: {kind.__name__}" in notice.details


@pytest.mark.parametrize("kind", STORAGE_ERRORS, ids=lambda kind: kind.__name__)
def test_what_opened_but_cannot_be_read_offers_only_what_can_be_done_with_it(
    kind: type[StorageError],
) -> None:
    notice = explain_unread(kind("reason", Path("/profile/chats.db")))
    assert (notice.actions, notice.close) == ((Action.TRY_AGAIN,), "Quit")


def test_a_full_disk_is_told_as_it_is() -> None:
    assert explain_storage(DiskFull("full", Path("chats.db"))).body == (
        "The disk is full. Your text is kept here and saved as soon as there is room. Make room on the disk."
    )


@pytest.mark.parametrize("needs", ["", "0.2.0", __version__])
def test_chats_of_a_newer_version_can_be_gone_back_from(needs: str) -> None:
    path = Path("/profile/chats.db")
    backup = Backup(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 1, Path("/profile/backups/chats-1.db"), needs, 1)
    notice = explain_opening(DatabaseTooNew("schema 2", path, backup=backup, needs=needs))
    assert set(notice.actions) == {Action.USE_BACKUP, Action.SHOW_BACKUPS, Action.TRY_AGAIN}
    again, back = notice.checks
    assert "0.2.0" in again if needs == "0.2.0" else "the newer version" in again
    assert "backups/chats-1.db" in back
    assert f"{backup.made_at.astimezone():%Y-%m-%d, %H:%M}" in back

    nothing_to_use = explain_opening(DatabaseTooNew("schema 2", path, needs=needs))
    assert nothing_to_use.actions == (Action.TRY_AGAIN,)
    assert "no copy" in nothing_to_use.checks[1]


@pytest.mark.parametrize("kind", STORAGE_WORDS, ids=lambda kind: kind.__name__)
def test_chats_that_cannot_be_opened_are_not_said_to_be_open(kind: type[StorageError]) -> None:
    notice = explain_opening(kind("reason", Path("/profile/chats.db")))
    ways = {
        DatabaseCorrupt: (Action.SAVE_READABLE, Action.BEGIN_ANEW),
        DatabaseMissing: (Action.BEGIN_ANEW,),
    }
    assert notice.actions == ways.get(kind, (Action.TRY_AGAIN,))
    assert "by itself" not in notice.body or kind is StorageError
    assert "Your text is kept here" not in notice.body or kind is StorageError
    assert "You can read" not in notice.body


def test_where_the_chats_are_damaged_all_ways_out_are_offered() -> None:
    path = Path("/profile/chats.db")
    backup = Backup(datetime(2026, 11, 21, tzinfo=UTC), 1, Path("/profile/backups/chats-1.db"), "", 1)
    notice = explain_opening(DatabaseCorrupt("reason", path), backup)
    assert notice.actions == (
        Action.USE_BACKUP,
        Action.SAVE_READABLE,
        Action.CHOOSE_BACKUP,
        Action.BEGIN_ANEW,
    )
    assert f"{backup.made_at.astimezone():%Y-%m-%d, %H:%M}" in notice.checks[0]
    assert "kept as it is" in notice.body
    missing = explain_opening(DatabaseMissing("chats.db is missing, but its log is there", path))
    assert missing.actions == (Action.SAVE_READABLE, Action.BEGIN_ANEW)
    assert "no backup" in missing.body
