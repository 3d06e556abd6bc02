"""Rich text; the only home of ``striprtf``, which only the helper imports."""

from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from desktop_chat.attachments.refusal import DAMAGED, Refused


def pieces(data: bytes, _notes: list[str]) -> Iterator[str]:
    """All of it. Raises :class:`Refused`."""
    try:
        # Bytes beyond ASCII are written as \'xx, so that nothing is lost.
        yield rtf_to_text(data.decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call] # its types are missing
    except (LookupError, OverflowError, TypeError, ValueError) as error:
        raise Refused(DAMAGED) from error
