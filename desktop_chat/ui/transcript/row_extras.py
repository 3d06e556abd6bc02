"""What a row shows beside its texts: steps of tools above, pictures, files and sources below."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from PySide6.QtCore import QLocale, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QImage

from desktop_chat.domain.message import Attachment, CallStatus, Part, PartKind, ToolCall
from desktop_chat.ui.addresses import host as address_host
from desktop_chat.ui.addresses import parsed
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.transcript.citations import Source
from desktop_chat.ui.transcript.leaves import LINE_BREAK, Inline, visible
from desktop_chat.ui.transcript.row_actions import Action, Button
from desktop_chat.ui.transcript.text import Text, make_text

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.row import Row

FEW = 5
"""Steps or sources that are shown before the rest is asked for."""
MAX_SHOWN, MAX_LINES = 6000, 120
"""Characters and lines of a tool's arguments, and of its result, that are shown."""
MAX_PICTURES = 20
PICTURE_HEIGHT = 320
"""The most that a picture is high, in the design's pixels."""
ALL_STEPS, ALL_SOURCES = "steps", "sources"
"""Marks of a row: what of it the user unfolded. The others are ids of tool calls."""

_WORDS = {
    "web_search": ("Searching the web", "Searched the web", "The web search failed"),
    "file_search": ("Searching files", "Searched files", "The file search failed"),
    "code_interpreter": ("Running code", "Ran code", "The code failed"),
    "image_generation": ("Making an image", "Made an image", "The image could not be made"),
    "computer": ("Using a computer", "Used a computer", "The computer could not be used"),
    "shell": ("Running commands", "Ran commands", "The commands failed"),
    "local_shell": ("Running commands", "Ran commands", "The commands failed"),
    "apply_patch": ("Changing files", "Changed files", "The files could not be changed"),
    "mcp_list_tools": ("Asking for tools: {}", "Asked for tools: {}", "No tools came: {}"),
}
_NAMED = ("Calling {}", "Called {}", "{} failed")


class Shape(Enum):
    STEP = auto()
    PICTURE = auto()
    FILE = auto()
    HEADING = auto()
    SOURCE = auto()
    MORE = auto()
    NOTE = auto()


@dataclass(slots=True)
class Item:
    """One thing with its place in its zone. ``mark`` is what a click on it folds or unfolds, ``part`` the
    place of the attachment that a click opens."""

    shape: Shape
    box: QRectF
    label: str
    detail: str = ""
    aside: str = ""
    icon: str = ""
    url: str = ""
    mark: str = ""
    part: str = ""
    is_open: bool = False
    status: CallStatus | None = None
    image: QImage | None = None
    texts: list[tuple[Text, float, float]] = field(default_factory=list)
    """What an unfolded step shows, with the places within the box."""


@dataclass(slots=True)
class Zone:
    """Items one below the other, and their height."""

    items: list[Item] = field(default_factory=list)
    height: int = 0

    def add(self, item: Item, space: int) -> None:
        self.items.append(item)
        self.height = round(item.box.bottom()) + space

    def buttons(self, left: float, top: float) -> Iterator[Button]:
        """What can be clicked, with the zone's top left corner at ``left`` and ``top`` of the row."""
        for item in self.items:
            if item.mark:
                box = QRectF(item.box)
                if item.is_open:
                    box.setHeight(min(box.height(), item.texts[0][2]) if item.texts else box.height())
                yield Button(Action.TOGGLE, box.translated(left, top), item.label, key=item.mark)
            elif item.part:
                yield Button(Action.OPEN, item.box.translated(left, top), f"Open {item.label}", key=item.part)

    def source_at(self, x: float, y: float) -> Item | None:
        """The source at a point of the zone that leads somewhere."""
        return next((item for item in self.items if item.url and item.box.contains(x, y)), None)


def call_words(part: Part, *, streaming: bool) -> str:
    """A tool call in plain words, on one line."""
    call = part.data
    if not isinstance(call, ToolCall):
        return ""
    name = one_line(part.name)[:80]
    if call.kind in ("function", "custom_tool", "mcp"):
        words = _NAMED
        if call.kind == "function" and not call.result:
            words = ("Asking for {}", "Asked for {}", "{} failed")
    else:
        kind = one_line(call.kind.replace("_", " "))[:80]
        words = _WORDS.get(call.kind, (f"Using {kind}", f"Used {kind}", f"{kind} failed".capitalize()))
        name = name or kind
    if call.status is CallStatus.FAILED:
        text = words[2]
    elif call.status is CallStatus.DONE:
        text = words[1]
    else:
        text = words[0] + ("…" if streaming else " (not finished)")
    return text.replace("{}", name or "a tool")


def steps(row: "Row") -> Zone:
    """The tool calls of an answer."""
    formats = row.formats
    px = formats.px
    zone = Zone()
    calls = [part for part in row.message.parts if part.kind is PartKind.TOOL_CALL]
    hidden = len(calls) - FEW if len(calls) > FEW + 1 and ALL_STEPS not in row.marks else 0
    if hidden > 0:
        label = f"{hidden} earlier steps"
        zone.add(Item(Shape.MORE, _line(row, zone, px(28)), label, mark=ALL_STEPS), px(2))
    for part in calls[max(0, hidden) :]:
        call = part.data
        if not isinstance(call, ToolCall):
            continue
        words = call_words(part, streaming=row.is_streaming)
        asked = call.arguments if call.kind in ("web_search", "file_search") else ""
        aside = f"{part.seconds:.1f} s" if part.seconds is not None and part.seconds >= 0.05 else ""
        item = Item(
            Shape.STEP,
            _line(row, zone, px(32)),
            words,
            one_line(asked.partition("\n")[0][:300]),
            aside,
            status=call.status if call.status is not CallStatus.RUNNING or row.is_streaming else None,
        )
        if call.arguments or call.result:
            item.mark, item.is_open = call.id, call.id in row.marks
        if item.is_open:
            _unfold(row, item, call)
        zone.add(item, px(4))
    if zone.items:
        zone.height += px(6)
    return zone


def _unfold(row: "Row", item: Item, call: ToolCall) -> None:
    formats = row.formats
    px = formats.px
    y, room = item.box.height() + px(4), row.width - px(2 * 14)
    for title, text in (("Input", call.arguments), ("Result", call.result)):
        if text:
            heading = make_text(Inline(title), formats.meta_bold, room, px(18), formats)
            item.texts.append((heading, px(14), y))
            y += heading.height + px(2)
            body = make_text(Inline(_shown(text)), formats.code_font, room, formats.code_pitch, formats)
            item.texts.append((body, px(14), y))
            y += body.height + px(8)
    item.box.setHeight(y + px(4))


def _shown(text: str) -> str:
    """The begin of ``text``, and how much more there is."""
    lines = text[:MAX_SHOWN].split("\n")[:MAX_LINES]
    begin = "\n".join(lines)
    more = len(text) - len(begin)
    shown = visible(begin) + (f"\n… and {more:,} more characters" if more > 1 else "")
    return shown.replace("\n", LINE_BREAK)


def things(row: "Row", width: int) -> Zone:
    """The pictures, files, lost parts and sources of a message; ``width`` is the room that they have."""
    px = row.formats.px
    zone = Zone()
    pictures = 0
    for place, part in enumerate(row.message.parts):
        if isinstance(part.data, Attachment):
            if part.kind is PartKind.IMAGE and part.data.hash and pictures < MAX_PICTURES:
                pictures += 1
                item, space = _picture(row, zone, part, part.data, width), px(8)
            else:
                item, space = _file(row, zone, part, part.data, width), px(6)
            item.part = str(place)
            zone.add(item, space)
    lost = sum(part.kind is PartKind.UNKNOWN for part in row.message.parts)
    if lost:
        words = "This message holds something that this version of the program cannot show."
        zone.add(Item(Shape.NOTE, _line(row, zone, px(24), width), words, icon="circle-alert"), px(6))
    _add_sources(row, zone, width)
    return zone


def _picture(row: "Row", zone: Zone, part: Part, attachment: Attachment, width: int) -> Item:
    px = row.formats.px
    ratio = QGuiApplication.primaryScreen().devicePixelRatio()
    most = QSize(width, px(PICTURE_HEIGHT))
    name = one_line(part.name) or "Picture"
    image, missing = None, True
    if row.images is not None:
        wanted = round(most.width() * ratio), round(most.height() * ratio)
        image = row.images.get(attachment, *wanted)
        missing = image is None and row.images.is_missing(attachment, *wanted)
    if image is not None:
        size = (image.size().toSizeF() / ratio).toSize()
    elif attachment.width > 0 and attachment.height > 0 and not missing:
        size = QSize(attachment.width, attachment.height)
        if size.width() > most.width() or size.height() > most.height():
            size.scale(most, Qt.AspectRatioMode.KeepAspectRatio)
    else:
        size = QSize(min(width, px(240)), px(40))
    box = QRectF(0, zone.height, size.width(), size.height())
    detail = "cannot be shown" if missing else ""
    return Item(Shape.PICTURE, box, name, detail, icon="image", image=image)


def _file(row: "Row", zone: Zone, part: Part, attachment: Attachment, width: int) -> Item:
    px, metrics = row.formats.px, QFontMetricsF(row.formats.thought_font)
    name = one_line(part.name) or "File"
    size = QLocale(QLocale.Language.English).formattedDataSize(
        attachment.size, 1, QLocale.DataSizeFormat.DataSizeSIFormat
    )
    icon = "image" if part.kind is PartKind.IMAGE else "file"
    if attachment.url:
        # Nothing is fetched to be shown: only the server that was asked has seen it.
        icon, size = "link", address_host(parsed(attachment.url))
    needed = metrics.horizontalAdvance(f"{name}  {size}") + px(52)
    box = QRectF(0, zone.height, min(float(width), needed), px(32))
    return Item(Shape.FILE, box, name, size, icon=icon)


def _add_sources(row: "Row", zone: Zone, width: int) -> None:
    sources = row.citations.sources
    # While text streams in, a list that grows below it would move with each line.
    if not sources or row.is_user or row.is_streaming:
        return
    px = row.formats.px
    zone.add(Item(Shape.HEADING, _line(row, zone, px(22), width), "Sources"), 0)
    folds = len(sources) > FEW + 1
    shown = sources if not folds or ALL_SOURCES in row.marks else sources[:FEW]
    for source in shown:
        box = _line(row, zone, px(28), width)
        label, detail = one_line(source.title)[:400], host(source)
        if label == detail:
            detail = ""
        zone.add(Item(Shape.SOURCE, box, label, detail, str(source.number), url=source.url), 0)
    if folds:
        is_open = ALL_SOURCES in row.marks
        label = "Show fewer sources" if is_open else f"Show all {len(sources)} sources"
        zone.add(
            Item(Shape.MORE, _line(row, zone, px(28), width), label, mark=ALL_SOURCES, is_open=is_open), 0
        )
    zone.height += px(8)


def host(source: Source) -> str:
    """The host of a source's address, as it is asked for, without a leading ``www.``."""
    try:
        name = urlsplit(source.url).hostname or ""
        return one_line(name.encode("idna").decode() if not name.isascii() else name).removeprefix("www.")
    except (ValueError, UnicodeError):
        return ""


def _line(row: "Row", zone: Zone, height: int, width: int | None = None) -> QRectF:
    return QRectF(0, zone.height, row.width if width is None else width, height)
