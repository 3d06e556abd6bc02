"""Identifiers that sort by the time they were made."""

import secrets
import time
import uuid


def new_id() -> str:
    """A UUIDv7 (RFC 9562, section 5.7) as its 36-character text.

    ``uuid.uuid7`` of the standard library needs Python 3.14. The identifier only names things; the
    order of things is always a database sequence, since a clock can jump.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
