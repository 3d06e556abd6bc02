"""What must not be shown, and what stands for it: values of secret headers, and what looks like a key.

The second line of defence behind the secrets that are known by value, so rather a word too many is taken out
than a key too few. ``secrecy`` asks the user about a text, and so has to be sure.
"""

import re

REDACTED = "[redacted]"
"""What stands for a secret, after the scheme where there is one: ``Bearer [redacted]``."""
KEY_REMOVED = "[key removed]"
"""The same in a sentence for the user."""

SECRET_HEADERS = frozenset(
    ("authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie", "set-cookie")
)
"""Headers whose values are never shown or written to a file, in lower case."""

_KEY_LIKE = re.compile(
    r"(\bbearer\s+)[^\s\"',;&)]{6,}"
    r"|(\b(?:api[-_ ]?key|authorization)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]{8,}"
    r"|\b(?:sk|pk|rk|gsk|xai|hf|r8|sess|ek)[-_][\w*.…-]{6,}"
    r"|\bAIza[\w-]{20,}",
    re.IGNORECASE,
)


def without_keys(text: str, instead: str = KEY_REMOVED) -> str:
    """``text`` with ``instead`` for what looks like a key; the name or scheme before one stays."""
    return _KEY_LIKE.sub(lambda found: f"{found[1] or found[2] or ''}{instead}", text)
