"""The usage window over a real ledger."""

import asyncio
import csv
import gc
import json
import weakref
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.ledger import Grouping, LedgerEntry, Purpose, UsageReport
from desktop_chat.settings import Settings
from desktop_chat.storage import DatabaseLocked, Store
from desktop_chat.tasks import Tasks
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.times import clock
from desktop_chat.ui.usage import UsageCard
from desktop_chat.ui.usage.bars import Measure
from desktop_chat.ui.usage.periods import Range, Span
from desktop_chat.ui.usage.reading import PAGE

from .conftest import FAILED, NOW, STOPPED, UNPRICED, Show, entry, until


async def filled(store: Store, *entries: LedgerEntry) -> None:
    for each in entries:
        await store.record_attempt(each)


async def shown(card: UsageCard) -> UsageCard:
    await until(lambda: card.latest is not None)
    return card


async def changed(card: UsageCard, act: Any) -> None:
    """Do ``act``, and wait for what it makes the card show."""
    before = card.latest
    act()
    await until(lambda: card.latest is not before)


def figures(card: UsageCard) -> list[str]:
    return [each.accessibleName() for each in card.cards.cards]


def rows(card: UsageCard) -> list[list[str]]:
    model = card.requests.requests
    places = range(model.columnCount())
    return [[model.index(row, place).data() for place in places] for row in range(model.rowCount())]


def button(card: UsageCard, name: str) -> Any:
    found = card.findChild(QWidget, name)
    assert found is not None, name
    return found


async def test_a_month_of_requests(card: Show, store: Store, settings: Settings) -> None:
    settings.change(budget_month="20", budget_day="5")
    await filled(store, entry(), FAILED, STOPPED, UNPRICED, entry(timedelta(days=40)))
    usage = await shown(card())
    *exact, first_token = figures(usage)
    assert exact == [
        "Cost: ≥ $0.062, of $20 budget, $0.031 estimated, 1 request without a known price",
        "Requests: 4, 1 failed",
        "Tokens in / out: 33.6k / 3.7k, 79% of input cached",
    ]
    # To 2 %.
    assert first_token.startswith("First token, median: 0.4")
    assert rows(usage) == [
        [
            clock(NOW, seconds=True),
            "gpt-5.2",
            "Trip to Lisbon",
            "11,204",
            "1,231",
            "0.41 s",
            "$0.031",
            "req_8f2c41d09b",
        ],
        [
            clock(NOW.replace(hour=11), seconds=True),
            "gpt-5.2",
            "Trip to Lisbon",
            "–",
            "–",
            "–",
            "–",
            "Rate limit reached (429)",
        ],
        [
            f"20 Nov {clock(NOW)}",
            "gpt-5.2",
            "Trip to Lisbon",
            "≈ 11,204",
            "≈ 1,231",
            "0.41 s",
            "≈ $0.031",
            "Stopped · req_8f2c41d09b",
        ],
        [
            f"19 Nov {clock(NOW)}",
            "llama-3",
            "Trip to Lisbon",
            "11,204",
            "1,231",
            "0.41 s",
            "unknown",
            "req_8f2c41d09b",
        ],
    ]
    await changed(usage, lambda: usage.head.range.choose(Range.TODAY))
    assert figures(usage)[0] == "Cost: $0.031, of $5 budget"
    await changed(usage, lambda: usage.head.range.choose(Range.YEAR))
    assert figures(usage)[1] == "Requests: 5, 1 failed"


async def test_all_time_begins_with_the_first_request(card: Show, store: Store) -> None:
    await filled(store, entry(), entry(timedelta(days=100)))
    usage = await shown(card())
    await changed(usage, lambda: usage.head.range.choose(Range.ALL))
    assert usage.latest is not None
    # The request was on 13 August, in a week that begins when the user's weeks do.
    assert date(2026, 8, 7) <= usage.latest.frame.span.first <= date(2026, 8, 13)
    assert usage.latest.frame.unit.value == "week"
    assert figures(usage)[1] == "Requests: 2, none failed"


async def test_days_that_the_user_chooses(card: Show, store: Store, qtbot: QtBot) -> None:
    await filled(store, entry(), entry(timedelta(days=40)), entry(timedelta(days=41)))
    usage = await shown(card())
    assert not usage.head.dates.isVisible()
    await changed(usage, lambda: usage.head.range.choose(Range.CHOSEN))
    assert usage.head.dates.isVisible()
    assert usage.head.dates.first.hasFocus()
    assert figures(usage)[1] == "Requests: 1, none failed", "what was shown before is where it begins"
    day = usage.head.dates.first.date().fromString("2026-10-12", "yyyy-MM-dd")
    # Earlier than the other one, which is the first now.
    await changed(usage, lambda: usage.head.dates.last.setDate(day))
    assert usage.latest is not None
    assert usage.latest.frame.span == Span(date(2026, 10, 12), date(2026, 11, 1))
    assert figures(usage)[1] == "Requests: 1, none failed"


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (Grouping.MODEL, ["gpt-5.2", "small"]),
        (Grouping.ENDPOINT, ["OpenAI", "Other"]),
        (Grouping.PURPOSE, ["Chats", "Titles"]),
        (Grouping.CHAT, ["Trip to Lisbon", "deleted chat"]),
    ],
)
async def test_requests_are_told_apart(card: Show, store: Store, by: Grouping, names: list[str]) -> None:
    other = entry(
        model="small",
        endpoint_id="o",
        endpoint_name="Other",
        purpose=Purpose.TITLE,
        conversation_id="gone",
    )
    await filled(store, entry(), entry(), other)
    usage = await shown(card())
    if by is not Grouping.MODEL:
        await changed(usage, lambda: usage.head.by.choose(by))
    button(usage, "usageAsTable").click()
    table = usage.chart_table
    model = table.model()
    heads = [model.headerData(at, Qt.Orientation.Horizontal) for at in range(model.columnCount())]
    assert heads == ["Day", *names, "Total"]
    assert table.isVisible()
    assert not usage.chart.isVisible()
    values = [model.index(model.rowCount() - 1, at).data() for at in range(len(heads))]
    assert values == ["Sat 21 Nov", "$0.062", "$0.031", "$0.093"]


async def test_nothing_yet(card: Show, store: Store) -> None:
    usage = await shown(card())
    told = "No requests yet. What each of them took and cost will be here."
    assert usage.chart.accessibleName() == f"Chart: {told}"
    assert not usage.head.export.isEnabled()
    assert not button(usage, "usageCopyPicture").isEnabled()
    await filled(store, entry(timedelta(days=3)))
    await changed(usage, lambda: usage.head.range.choose(Range.TODAY))
    assert usage.chart.accessibleName() == "Chart: No requests in this time."


async def test_tokens_are_shown_where_no_price_is_known(card: Show, store: Store) -> None:
    await filled(store, UNPRICED)
    usage = await shown(card())
    assert usage.measure.value is Measure.TOKENS
    assert usage.caption.text() == "By day, highest 12,435 tokens on Thu 19 Nov"
    usage.measure.choose(Measure.COST)
    assert usage.chart.accessibleName() == "Chart: Nothing of this time has a known cost."
    assert figures(usage)[0] == "Cost: unknown, 1 request without a known price"


async def test_more_requests_come_while_one_scrolls(card: Show, store: Store) -> None:
    await filled(store, *(entry(timedelta(seconds=number)) for number in range(2 * PAGE + 5)))
    usage = await shown(card())
    model, bar = usage.requests.requests, usage.requests.verticalScrollBar()
    assert model.rowCount() == PAGE
    bar.setValue(bar.maximum())
    await until(lambda: model.rowCount() == 2 * PAGE)
    bar.setValue(bar.maximum())
    await until(lambda: model.rowCount() == 2 * PAGE + 5)
    times = [row[0] for row in rows(usage)]
    expected = (NOW - timedelta(seconds=number) for number in range(2 * PAGE + 5))
    assert times == [clock(when, seconds=True) for when in expected]
    assert not model.canFetchMore(model.index(-1, -1))
    # A request is made meanwhile: what is read is not moved, and no page is read again.
    bar.setValue(bar.maximum() // 2)
    top = usage.requests.indexAt(usage.requests.viewport().rect().topLeft()).data()
    await filled(store, entry(-timedelta(seconds=1)))
    await changed(usage, usage.refresh)
    assert model.rowCount() == 2 * PAGE + 6
    assert rows(usage)[0][0] == clock(NOW.replace(second=1), seconds=True)
    assert usage.requests.indexAt(usage.requests.viewport().rect().topLeft()).data() == top


class Slow:
    """A store whose reports come when they are let."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[Grouping] = []
        self.cancelled = 0
        self.let = asyncio.Event()
        self.error: DatabaseLocked | None = None

    async def usage(self, boundaries: Sequence[float], by: Grouping) -> UsageReport:
        self.asked.append(by)
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return await self._store.usage(boundaries, by)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_the_last_of_several_questions_is_answered(card: Show, store: Store) -> None:
    await filled(store, entry())
    slow = Slow(store)
    usage = card(slow)
    await until(lambda: usage.head.status.text() == "Adding up…")
    for by in (Grouping.CHAT, Grouping.PURPOSE, Grouping.ENDPOINT):
        usage.head.by.choose(by)
    slow.let.set()
    await shown(usage)
    assert slow.asked == [Grouping.MODEL, Grouping.ENDPOINT]
    assert usage.latest is not None
    assert usage.latest.query.by is Grouping.ENDPOINT
    assert usage.head.status.text() == ""


async def test_what_is_read_when_it_closes_is_forgotten(card: Show, store: Store) -> None:
    slow = Slow(store)
    usage = card(slow)
    await until(lambda: slow.asked)
    usage.reject()
    await until(lambda: slow.cancelled)
    assert usage.latest is None


async def test_a_failure_is_told_and_can_be_tried_again(card: Show, store: Store, tmp_path: Path) -> None:
    await filled(store, entry())
    slow = Slow(store)
    slow.let.set()
    slow.error = DatabaseLocked("database is locked", tmp_path)
    usage = card(slow)
    await until(usage.notice.isVisible)
    told = "The usage could not be read. Another program holds the file of your chats."
    assert usage.notice.accessibleDescription() == told
    slow.error = None
    usage.notice.pressed.emit()
    await shown(usage)
    assert not usage.notice.isVisible()


async def test_a_request_that_is_made_is_shown_soon(card: Show, store: Store) -> None:
    usage = await shown(card())
    await filled(store, entry())

    def made() -> None:
        for _ in range(5):
            usage.refresh()

    await changed(usage, made)
    assert figures(usage)[1] == "Requests: 1, none failed"
    assert len(rows(usage)) == 1


def chosen(host: QWidget, path: Path) -> None:
    """Choose ``path`` in the dialog that is open."""
    dialog = host.findChild(QFileDialog, "saveDialog")
    assert dialog is not None
    dialog.fileSelected.emit(str(path))
    dialog.close()


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_requests_are_exported(
    card: Show, store: Store, host: QWidget, tmp_path: Path, kind: str
) -> None:
    await filled(store, entry(), FAILED, entry(timedelta(days=40)))
    usage = await shown(card())
    usage.head.exported.emit(kind)
    proposed = host.findChild(QFileDialog, "saveDialog").selectedFiles()[0]
    assert Path(proposed).name == f"Usage 2026-11-01 to 2026-11-21.{kind}"
    path = tmp_path / f"usage.{kind}"
    chosen(host, path)
    await until(lambda: usage.head.status.text() == f"2 requests written to usage.{kind}")
    text = path.read_text("utf-8-sig")
    made = list(csv.DictReader(text.splitlines())) if kind == "csv" else json.loads(text)
    assert len(made) == 2


async def test_an_export_that_fails_is_told(card: Show, store: Store, host: QWidget, tmp_path: Path) -> None:
    await filled(store, entry())
    usage = await shown(card())
    usage.head.exported.emit("csv")
    chosen(host, tmp_path / "no such folder" / "usage.csv")
    await until(lambda: host.findChild(QMessageBox, "exportProblem"))
    box = host.findChild(QMessageBox, "exportProblem")
    assert box.text().startswith("usage.csv could not be written: ")
    assert "no such folder" in box.text()
    assert box.text().endswith("What was there before is untouched.")
    assert usage.head.status.text() == ""
    box.close()


async def test_a_screen_reader_finds_a_dialog_with_two_tables(card: Show, store: Store) -> None:
    await filled(store, entry())
    usage = await shown(card())
    found = QAccessible.queryAccessibleInterface(usage)
    assert (found.text(QAccessible.Text.Name), found.role()) == ("Usage", QAccessible.Role.Dialog)
    button(usage, "usageAsTable").click()
    for table, name in ((usage.chart_table, "Chart as a table"), (usage.requests, "Requests")):
        interface = QAccessible.queryAccessibleInterface(table)
        assert interface.role() == QAccessible.Role.Table
        assert interface.text(QAccessible.Text.Name) == name
        model = table.model()
        # The heads of columns and rows are cells too.
        across = model.columnCount() + 1
        assert interface.childCount() == (model.rowCount() + 1) * across
        first = interface.child(across + 1)
        assert first.text(QAccessible.Text.Name) == model.index(0, 0).data()
        assert first.role() == QAccessible.Role.Cell


async def test_keys_stay_in_the_card_and_escape_gives_the_focus_back(
    card: Show, store: Store, host: QWidget, qtbot: QtBot
) -> None:
    await filled(store, entry())
    before = QApplication.focusWidget()
    usage = await shown(card())
    assert usage.head.range.hasFocus()
    seen: list[QObject] = []
    while (at := QApplication.focusWidget()) not in seen:
        assert at is not None
        assert usage.isAncestorOf(at)
        seen.append(at)
        qtbot.keyClick(at, Qt.Key.Key_Tab)
    assert {usage.chart, usage.requests, usage.head.export, usage.measure} <= set(seen)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not usage.isVisible()
    assert QApplication.focusWidget() is before


async def test_the_chart_is_copied(card: Show, store: Store, theme: Theme) -> None:
    await filled(store, entry())
    usage = await shown(card())
    await changed(usage, lambda: usage.head.range.choose(Range.WEEK))
    button(usage, "usageCopyTable").click()
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0] == "Day\tgpt-5.2\tTotal"
    assert lines[-1] == "Sat 21 Nov\t$0.031\t$0.031"
    button(usage, "usageCopyPicture").click()
    picture: QImage = QApplication.clipboard().image()
    assert picture.width() > 2 * usage.chart.width()
    assert usage.head.status.text() == "The chart was copied as a picture"
    QApplication.clipboard().clear()


@pytest.mark.parametrize("zoom", [50, 100, 150, 300])
@pytest.mark.parametrize("size", [(420, 400), (1280, 820), (1920, 1080)])
async def test_it_fits_into_its_window(
    card: Show, store: Store, host: QWidget, theme: Theme, size: tuple[int, int], zoom: int
) -> None:
    theme.set_zoom(zoom)
    host.resize(*size)
    await filled(store, entry(), FAILED)
    usage = await shown(card())
    usage.grab()
    QApplication.sendPostedEvents()
    visible = usage.geometry().intersected(host.rect())
    assert visible.width() >= min(size[0] - 2 * theme.px(8), theme.px(900)) - 2
    shadow = theme.px(31)
    assert usage.height() - 2 * shadow <= size[1]
    # No control is cut off at its side, where the width is enough for any.
    if size[0] >= theme.px(400):
        area = usage._area
        assert area.horizontalScrollBar().maximum() == 0
        for name in ("usageRange", "usageBy", "usageExport", "usageClose", "usageCopyTable"):
            place = button(usage, name)
            assert place.width() >= place.sizeHint().width(), name
            right = place.mapTo(area.viewport(), place.rect().bottomRight()).x()
            assert right <= area.viewport().rect().right(), name


async def test_it_is_restyled_while_it_is_open(card: Show, store: Store, theme: Theme) -> None:
    await filled(store, entry())
    usage = await shown(card())
    light = usage.grab().toImage()
    theme.set_mode("dark")
    theme.set_zoom(150)
    assert usage.requests.verticalHeader().defaultSectionSize() == round(31 * 1.5)
    assert usage.grab().toImage().pixelColor(usage.rect().center()) != light.pixelColor(light.rect().center())


async def test_what_takes_long_can_be_cancelled(card: Show, store: Store, qtbot: QtBot) -> None:
    await filled(store, entry())
    slow = Slow(store)
    slow.let.set()
    usage = await shown(card(slow))
    slow.let.clear()
    before = usage.latest
    usage.head.by.choose(Grouping.CHAT)
    assert not usage.head.cancel_button.isVisible()
    await until(usage.head.cancel_button.isVisible)
    assert usage.head.status.text() == "Adding up…"
    qtbot.mouseClick(usage.head.cancel_button, Qt.MouseButton.LeftButton)
    assert not usage.head.cancel_button.isVisible()
    assert usage.head.status.text() == ""
    await until(lambda: slow.cancelled)
    slow.let.set()
    assert usage.latest is before
    await changed(usage, lambda: usage.head.by.choose(Grouping.PURPOSE))


async def test_an_export_can_be_cancelled(card: Show, store: Store, host: QWidget, tmp_path: Path) -> None:
    await filled(store, entry())
    usage = await shown(card())
    usage.head.exported.emit("csv")
    path = tmp_path / "usage.csv"
    path.write_text("before")
    chosen(host, path)
    assert usage.head.status.text() == "Writing usage.csv…"
    usage.head.cancel_requested.emit()
    assert usage.head.status.text() == "The export was cancelled"
    await store.ledger(0, 1)
    assert path.read_text() == "before"


async def test_an_export_goes_on_when_the_window_is_closed(
    card: Show, store: Store, host: QWidget, tmp_path: Path
) -> None:
    await filled(store, entry())
    usage = await shown(card())
    usage.head.exported.emit("csv")
    chosen(host, tmp_path / "usage.csv")
    usage.reject()
    await until((tmp_path / "usage.csv").exists)


async def test_nothing_is_left_of_one_that_was_closed(
    theme: Theme, host: QWidget, store: Store, settings: Settings, tasks: Tasks
) -> None:
    await filled(store, entry())
    usage = await shown(UsageCard(theme, host, store, settings, tasks))
    usage.show()
    usage.reject()
    seen = weakref.ref(usage)
    usage.deleteLater()
    del usage
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    await asyncio.sleep(0)
    gc.collect()
    assert seen() is None
