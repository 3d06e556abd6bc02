"""The words for each kind of error: what happened, what is safe, what can be done, and by which buttons."""

from dataclasses import dataclass
from enum import Enum

from desktop_chat.domain import errors
from desktop_chat.domain.errors import ChatError
from desktop_chat.storage import (
    DatabaseCorrupt,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseReadOnly,
    DatabaseTooNew,
    DatabaseUnavailable,
    DiskFull,
    StorageError,
    StoreClosed,
)


class Action(Enum):
    """What a notice offers to do; the value is the text of its button."""

    ENTER_KEY = "Enter key"
    CHOOSE_MODEL = "Choose a model"
    SHORTEN = "Shorten"
    BILLING = "Open billing page"
    CHECK_ENDPOINT = "Check the endpoint"
    TRY_AGAIN = "Try again"
    SESSION_KEY = "For this session only"
    CONTINUE = "Continue"
    USE_BACKUP = "Use the backup"
    SHOW_BACKUPS = "Show backups folder"
    CHOOSE_BACKUP = "Other backups…"
    SAVE_READABLE = "Save what is readable"
    BEGIN_ANEW = "Begin anew"


@dataclass(frozen=True, slots=True)
class Words:
    """``{endpoint}`` and ``{host}`` are filled in. ``quote`` introduces the error's own message."""

    title: str
    happened: str
    way_out: str
    actions: tuple[Action, ...] = ()
    safe: str = "Your message is safe."
    checks: tuple[str, ...] = ()
    quote: str = ""


_SERVER = "The server says"
_REASON = "The reason given"
_KEPT = "What came so far is kept."
_ONLINE = "Is this computer online?"
_VPN = "Does the address need a VPN, or does a VPN or firewall block it?"
_ADDRESS = "Is the address of the endpoint right, with its port?"
_CHECK = (Action.CHECK_ENDPOINT, Action.TRY_AGAIN)

WORDS: dict[type[ChatError], Words] = {
    ChatError: Words(
        "The request failed", "{endpoint} gave no answer.", "Try again.", (Action.TRY_AGAIN,), quote=_SERVER
    ),
    errors.KeyProblem: Words(
        "The key could not be read",
        "The key of {endpoint} could not be read, so nothing was sent.",
        "Enter the key, or try again.",
        (Action.ENTER_KEY, Action.TRY_AGAIN),
    ),
    errors.EndpointGone: Words(
        "The endpoint of this chat is gone",
        "The endpoint that this chat was held with is not set up any more, so nothing was sent.",
        "Choose a model of another endpoint to go on there.",
        (Action.CHOOSE_MODEL,),
    ),
    errors.KeyMissing: Words(
        "A key is needed",
        "No key is stored for {endpoint}, so nothing was sent.",
        "Enter the key to go on.",
        (Action.ENTER_KEY,),
    ),
    errors.KeyringUnavailable: Words(
        "The keyring is not available",
        "The keyring of this computer could not be used, so nothing was sent.",
        "Unlock the keyring and try again, or enter the key for this session only.",
        (Action.SESSION_KEY, Action.TRY_AGAIN),
        quote=_REASON,
    ),
    errors.TokenCommandFailed: Words(
        "The command gave no token",
        "The command that prints the token of {endpoint} failed, so nothing was sent.",
        "Correct it under Key in the endpoint’s settings, or try again.",
        (Action.ENTER_KEY, Action.TRY_AGAIN),
        quote=_REASON,
    ),
    errors.AttachmentMissing: Words(
        "A file is missing",
        "A file of this chat is not on the disk any more, so nothing was sent to {endpoint}.",
        "Remove it from its message, or attach it again.",
        (Action.SHORTEN,),
        quote=_REASON,
    ),
    errors.Unreachable: Words(
        "No connection",
        "{endpoint} could not be reached.",
        "Check the connection, then try again.",
        _CHECK,
        checks=(_ONLINE, _ADDRESS, _VPN),
    ),
    errors.HostNotFound: Words(
        "Server not found",
        "No server was found under the name {host}.",
        "Check the address and the connection, then try again.",
        _CHECK,
        checks=(_ONLINE, "Is the name in the endpoint's address spelled right?", _VPN),
    ),
    errors.ConnectionRefused: Words(
        "Connection refused",
        "Nothing accepts connections at {host}.",
        "Check the server and the address, then try again.",
        _CHECK,
        checks=("Is the server running?", _ADDRESS, "Does a firewall block the port?"),
    ),
    errors.ConnectionLost: Words(
        "Connection lost",
        "The connection to {endpoint} ended before an answer began.",
        "Check the connection, then try again.",
        _CHECK,
        checks=(_ONLINE, "Did the network change, or the server restart?"),
    ),
    errors.ConnectTimedOut: Words(
        "No connection in time",
        "{host} did not take the connection in time.",
        "Check the address and the connection, then try again.",
        _CHECK,
        checks=(_ONLINE, _ADDRESS, _VPN),
    ),
    errors.TlsFailed: Words(
        "The connection is not secure",
        "The identity of {host} could not be verified, so nothing was sent.",
        "Check the server and this computer, then try again.",
        _CHECK,
        checks=(
            "Are the date and time of this computer right?",
            "Does the endpoint's address have the right name and port, and does the server speak https?",
            "Does a company proxy or virus scanner inspect connections? Then its certificate must be in this "
            "computer's list of trusted ones.",
            "Is the server's own certificate expired or self-signed?",
        ),
        quote=_REASON,
    ),
    errors.ProxyFailed: Words(
        "The proxy did not connect",
        "The proxy of this computer did not connect to {host}.",
        "Check the settings of the proxy, then try again.",
        _CHECK,
        checks=(
            "Are the proxy's address and port right, in the system settings or in HTTPS_PROXY?",
            "Does the proxy ask for a name and a password?",
            "Should the endpoint be reached without it? Then NO_PROXY must name its host.",
        ),
    ),
    errors.NoAnswer: Words(
        "No answer in time",
        "{endpoint} took the request and began no answer in time.",
        "Try again, or allow more time in the settings.",
        (Action.TRY_AGAIN,),
    ),
    errors.Busy: Words(
        "The server is busy", "{endpoint} cannot answer now.", "Try again later.", (Action.TRY_AGAIN,)
    ),
    errors.RateLimited: Words(
        "Rate limit reached",
        "{endpoint} limits how much may be sent in a time, and the limit is reached.",
        "Wait a little, then try again.",
        (Action.TRY_AGAIN,),
        quote=_SERVER,
    ),
    errors.Overloaded: Words(
        "The server is overloaded",
        "{endpoint} has more to do than it can.",
        "Try again in a few minutes, or choose another model.",
        (Action.TRY_AGAIN, Action.CHOOSE_MODEL),
    ),
    errors.ServerFault: Words(
        "The server had a fault",
        "{endpoint} failed while it worked on the request.",
        "Try again. If it lasts, only the provider can help.",
        (Action.TRY_AGAIN,),
        quote=_SERVER,
    ),
    errors.Conflict: Words(
        "The request met a conflict",
        "{endpoint} refused the request because of another one.",
        "Try again in a moment.",
        (Action.TRY_AGAIN,),
        quote=_SERVER,
    ),
    errors.RequestTimedOut: Words(
        "The server stopped waiting",
        "{endpoint} did not get the whole request in time.",
        "Check the connection, then try again.",
        (Action.TRY_AGAIN,),
    ),
    errors.Rejected: Words(
        "The request was rejected",
        "{endpoint} does not take this request.",
        "Check the endpoint and the model.",
        (Action.CHECK_ENDPOINT, Action.CHOOSE_MODEL),
        quote=_SERVER,
    ),
    errors.BadRequest: Words(
        "The request was not understood",
        "{endpoint} does not take this request.",
        "Another model or other parameters may work.",
        (Action.CHOOSE_MODEL, Action.CHECK_ENDPOINT),
        quote=_SERVER,
    ),
    errors.KeyRejected: Words(
        "The key was not accepted",
        "{endpoint} does not accept the key. It may be mistyped, expired or revoked.",
        "Enter a key that is valid.",
        (Action.ENTER_KEY,),
    ),
    errors.AccessDenied: Words(
        "Access denied",
        "{endpoint} knows the key, but the key may not do this.",
        "Choose another model, enter another key, or ask who manages the account.",
        (Action.CHOOSE_MODEL, Action.ENTER_KEY),
        quote=_SERVER,
    ),
    errors.ModelNotFound: Words(
        "Model not found",
        "{endpoint} does not have this model, or the key may not use it.",
        "Choose another model.",
        (Action.CHOOSE_MODEL,),
    ),
    errors.NotFound: Words(
        "Address not found",
        "There is a server at {host}, but nothing under the endpoint's address.",
        "Check the address; it often ends in /v1.",
        (Action.CHECK_ENDPOINT,),
        quote=_SERVER,
    ),
    errors.RequestTooLarge: Words(
        "The request is too large",
        "{endpoint} does not take a request of this size.",
        "Shorten the conversation or the message.",
        (Action.SHORTEN,),
    ),
    errors.ContextExceeded: Words(
        "The conversation is too long",
        "The conversation is longer than this model can read.",
        "Shorten it, or choose a model that reads more.",
        (Action.SHORTEN, Action.CHOOSE_MODEL),
    ),
    errors.QuotaExhausted: Words(
        "No credit left",
        "The account at {endpoint} has no credit left, or has reached its spending limit.",
        "Add credit or raise the limit, then try again.",
        (Action.BILLING, Action.TRY_AGAIN),
    ),
    errors.ContentRefused: Words(
        "The content was refused",
        "A content filter of {endpoint} refused the request.",
        "Change the message, then send it again.",
        quote=_SERVER,
    ),
    errors.Redirected: Words(
        "The server pointed elsewhere",
        "{host} pointed to another address. It was not followed, since the conversation would have gone to "
        "another server.",
        "Enter the right address in the endpoint.",
        (Action.CHECK_ENDPOINT,),
        quote=_SERVER,
    ),
    errors.Broken: Words(
        "The answer broke off",
        "The answer of {endpoint} did not end well.",
        "Continue it, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
        quote=_SERVER,
    ),
    errors.Stalled: Words(
        "The answer stopped coming",
        "{endpoint} sent nothing more for a while.",
        "Continue it, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
    ),
    errors.TookTooLong: Words(
        "The answer took too long",
        "The answer of {endpoint} was not at its end in the time that is set for the endpoint.",
        "Continue it, or allow more time under Requests in the endpoint’s settings.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
    ),
    errors.CutOff: Words(
        "The answer was cut off",
        "The connection to {endpoint} ended before the answer did.",
        "Continue it, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
    ),
    errors.NotAStream: Words(
        "Not an answer",
        "What {endpoint} sent is not an answer of a model.",
        "Check that the address leads to the API, and not to a web page.",
        (Action.CHECK_ENDPOINT, Action.TRY_AGAIN),
        quote=_SERVER,
    ),
    errors.Garbled: Words(
        "The answer is damaged",
        "A part of what {endpoint} sent cannot be read.",
        "Continue the answer, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
    ),
    errors.TooLarge: Words(
        "The answer is too large",
        "{endpoint} sent more than one answer may have, so the rest was not read.",
        "Ask for a shorter answer.",
        (Action.TRY_AGAIN,),
        safe=_KEPT,
    ),
    errors.StreamError: Words(
        "The server stopped with an error",
        "{endpoint} reported an error in the middle of the answer.",
        "Continue it, or try again.",
        (Action.CONTINUE, Action.TRY_AGAIN),
        safe=_KEPT,
        quote=_SERVER,
    ),
}


STORAGE_WORDS: dict[type[StorageError], Words] = {
    StorageError: Words(
        "The chats cannot be saved",
        "The file of your chats could not be read or written.",
        "It is tried again by itself.",
        safe="Your text is kept here.",
        quote=_REASON,
    ),
    DatabaseUnavailable: Words(
        "The file of your chats is out of reach",
        "The file of your chats could not be opened, read or written.",
        "Is its disk or network drive connected? It is tried again by itself.",
        safe="Your text is kept here.",
        quote=_REASON,
    ),
    DiskFull: Words(
        "The disk is full",
        "The disk is full.",
        "Make room on the disk.",
        safe="Your text is kept here and saved as soon as there is room.",
    ),
    DatabaseReadOnly: Words(
        "The chats cannot be changed",
        "The file of your chats or its folder is read-only.",
        "You can read and copy. Allow writing to save what is new.",
        safe="Your chats are safe.",
    ),
    DatabaseLocked: Words(
        "The chats are in use",
        "Another program holds the file of your chats.",
        "Close the other program. It is tried again by itself.",
        safe="Your text is kept here.",
    ),
    DatabaseCorrupt: Words(
        "The file of your chats is damaged",
        "The file of your chats cannot be read.",
        "Quit and start the program again to use a backup, or to save what can be read.",
        safe="Nothing was overwritten, and the damaged file is kept.",
    ),
    DatabaseMissing: Words(
        "The file of your chats is gone",
        "The file of your chats is missing or empty, and there are backups of it.",
        "Quit and start the program again to use a backup.",
        safe="The backups are safe.",
    ),
    DatabaseTooNew: Words(
        "The chats are from a newer version",
        "A newer version of this program wrote the file of your chats.",
        "Update this program to open it.",
        safe="Nothing was changed, and your chats are safe.",
    ),
    StoreClosed: Words(
        "The program is closing",
        "The file of your chats is closed already.",
        "Open the program again to go on.",
        safe="What was saved is safe.",
    ),
}

OPENING_WORDS: dict[type[StorageError], str] = {
    DatabaseUnavailable: "Is its disk or network drive connected?",
    DiskFull: "Make room on the disk.",
    DatabaseReadOnly: "Allow writing to the file and its folder.",
    DatabaseLocked: "Close the other program.",
}
"""What to do where the chats cannot be opened at all, in place of what holds while they are open."""
