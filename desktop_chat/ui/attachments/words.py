"""Attachments in words: what one is, what it takes, what of it is sent."""

from dataclasses import replace

from PySide6.QtCore import QLocale

from desktop_chat.domain.counting import approximate, image_tokens
from desktop_chat.domain.message import Attachment, Part, PartKind, file_text, is_sent_as_text
from desktop_chat.ui.addresses import host, parsed
from desktop_chat.ui.safe import one_line


def attachment_of(part: Part) -> Attachment:
    """The attachment of a part that is one. Raises ``TypeError`` for another."""
    if not isinstance(part.data, Attachment):
        raise TypeError(f"{part.kind} is no attachment")
    return part.data


def name_of(part: Part) -> str:
    """What the attachment is called, in one line."""
    return one_line(part.name) or ("Image" if part.kind is PartKind.IMAGE else "File")


def tokens_of(part: Part, model: str) -> int | None:
    """About what an attachment takes; None where only the server can tell: of a file that it reads itself."""
    data = attachment_of(part)
    if part.kind is PartKind.IMAGE:
        return image_tokens(model, data.width, data.height, data.detail)
    if not is_sent_as_text(part):
        return None
    # Asked at every key: not put together, since it may be of millions of characters.
    return approximate(part.text) + approximate(file_text(replace(part, text="")))


def short_tokens(tokens: int) -> str:
    """``765 tokens``, ``1.9k tokens``."""
    if tokens < 1000:
        return f"{tokens} tokens" if tokens != 1 else "1 token"
    return f"{tokens / 1000:.1f}k tokens" if tokens < 100_000 else f"{round(tokens / 1000):,}k tokens"


def short_size(size: int) -> str:
    """``48.2 kB``: decimal units, as file managers have them."""
    kind = QLocale.DataSizeFormat.DataSizeSIFormat
    return QLocale(QLocale.Language.English).formattedDataSize(size, 1, kind)


def aside_of(part: Part, model: str) -> str:
    """What stands behind the name: the tokens, or the size of a file that is sent itself, or whose server
    an image is on."""
    data = attachment_of(part)
    if data.url:
        return host(parsed(data.url))
    tokens = tokens_of(part, model)
    return short_size(data.size) if tokens is None else short_tokens(tokens)


def was_sent(part: Part) -> str:
    """What there is of an attachment that a message has, in one sentence."""
    data = attachment_of(part)
    if data.url:
        return f"An image that {host(parsed(data.url))} gave to whoever serves the model."
    if part.kind is PartKind.IMAGE:
        size = f"{data.width:,} × {data.height:,} pixels, " if data.width and data.height else ""
        return f"{size}{short_size(data.size)}"
    kind = f"{short_size(data.size)}, {data.media_type}"
    return f"Sent as this text, read of a file: {kind}" if data.as_text else kind


def sent_as(part: Part, model: str) -> str:
    """What of an attachment is sent, in one sentence."""
    data = attachment_of(part)
    tokens = tokens_of(part, model)
    if data.url:
        where = host(parsed(data.url))
        return f"The address is sent, and whoever serves the model fetches the image from {where}."
    if part.kind is PartKind.IMAGE:
        size = f"{data.width:,} × {data.height:,} pixels, {short_size(data.size)}"
        return f"The image as you see it is sent: {size}, ≈ {short_tokens(tokens or 0)}."
    if data.as_text:
        return f"This text is sent, and not the file: ≈ {short_tokens(tokens or 0)}."
    return f"The file itself is sent, as it is: {short_size(data.size)}, {data.media_type}."
