"""The passphrase of the app lock: hashed, kept, compared, and how long wrong ones are answered with a wait.

The lock is a curtain over the windows and encrypts nothing. Who can write the profile can remove it, or read
the chats without this program: so the hash is in a file of the profile, where the keyring would add nothing.
What is guarded is the passphrase itself, which its owner may use elsewhere: only a salted hash of it is kept,
slow to guess. Without the file there is no lock, which is also the way in when the passphrase is forgotten.
"""

import base64
import hashlib
import hmac
import json
import secrets
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path

from desktop_chat.paths import write_atomically

COST, BLOCK_SIZE, PARALLEL = 2**15, 8, 1
"""n, r and p of scrypt (RFC 7914): 32 MiB of memory, some 0.1 s."""
MOST_MEMORY = 128 * 2**20
"""Bytes that one comparison may take, whatever a file asks for."""
SALT_BYTES = 16
LONGEST_WAIT = 30
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Passphrase:
    """What is kept of a passphrase: salt and hash in base64, and scrypt's parameters that belong to them."""

    salt: str
    digest: str
    n: int = COST
    r: int = BLOCK_SIZE
    p: int = PARALLEL

    @classmethod
    def made_of(cls, text: str) -> "Passphrase":
        """Hash a new passphrase. It takes a while: for a thread."""
        salt = secrets.token_bytes(SALT_BYTES)
        digest = _digest(text, salt, COST, BLOCK_SIZE, PARALLEL)
        return cls(base64.b64encode(salt).decode(), base64.b64encode(digest).decode())

    def matches(self, text: str) -> bool:
        """Whether ``text`` is the passphrase. It takes a while: for a thread."""
        found = _digest(text, base64.b64decode(self.salt), self.n, self.r, self.p)
        return hmac.compare_digest(found, base64.b64decode(self.digest))


def read(path: Path) -> Passphrase | None:
    """The passphrase that is kept in ``path``; None where there is none, or none that can be used.

    Raises ``OSError`` where the file cannot be read.
    """
    try:
        values = json.loads(path.read_bytes())
        kept = Passphrase(**values)
        numbers = kept.n, kept.r, kept.p
        if not all(type(number) is int and number > 0 for number in numbers):
            return None
        # The memory, and the time as a multiple of ours.
        if 128 * kept.n * kept.r * kept.p > MOST_MEMORY or kept.n < 2 or kept.n & (kept.n - 1):
            return None
        base64.b64decode(kept.salt, validate=True)
        return kept if base64.b64decode(kept.digest, validate=True) else None
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, RecursionError):
        return None


def write(path: Path, kept: Passphrase) -> None:
    """Keep it. Raises ``OSError``."""
    write_atomically(path, json.dumps(asdict(kept), indent=1).encode())


def wait_after(wrong: int) -> int:
    """Seconds until the next attempt, after ``wrong`` wrong ones in a row: 1, 2, 4 and so on, at most
    :data:`LONGEST_WAIT`; never for good."""
    return min(LONGEST_WAIT, 2 ** (wrong - 1)) if 0 < wrong < 10 else LONGEST_WAIT * (wrong > 0)


def _digest(text: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    """As Unicode composes it (NFKC), so that the same passphrase from another keyboard is the same."""
    password = unicodedata.normalize("NFKC", text).encode(errors="surrogatepass")
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=2 * MOST_MEMORY, dklen=32)
