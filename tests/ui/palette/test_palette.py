"""The search of all chats and the commands, in the palette of a real window over a real database."""

import asyncio
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from desktop_chat.domain.listing import Folder
from desktop_chat.session import Phase
from desktop_chat.storage import DiskFull
from desktop_chat.ui.palette.commands import OWN
from desktop_chat.ui.palette.rows import RowKind
from desktop_chat.ui.palette.searching import PAGE
from tests.ui.palette.conftest import Ctrl, add_chat, find, hits, opened, said
from tests.ui.shell.conftest import Running, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


async def test_what_is_typed_is_found_and_enter_opens_it(running: Running) -> None:
    wanted = await add_chat(
        running, "HTTP caching", ["May a proxy say when?", "It adds its own Retry-After."]
    )
    await add_chat(running, "Lisbon", ["Where to?", "To Lisbon."])
    palette = await find(running.window, "retry-after")
    (row,) = hits(palette)
    assert row.text == "HTTP caching"
    assert [row.detail[start:end] for start, end in row.detail_marks] == ["Retry-After"]
    assert palette.count.text().startswith("1 of 1 in 2 chats · ")
    assert said(palette) == [f"HTTP caching, {row.detail}, {row.right}"]
    assert row.right.startswith("Today ")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    await opened(running.window, wanted.id)
    chat = running.window.chat
    assert chat.transcript.hasFocus()
    await until(lambda: chat.find_bar.count.text() == "1 of 1")
    assert chat.find_bar.field.text() == "retry-after"
    assert chat.transcript.selected_text() == "Retry-After"


async def test_enter_waits_for_what_is_found_for_all_that_was_typed(running: Running) -> None:
    other = await add_chat(running, "Ants", ["apples and ants"])
    wanted = await add_chat(running, "Bears", ["apples and bears"])
    palette = await find(running.window, "apples", count=2)
    first = hits(palette)[0].text
    QTest.keyClicks(palette.field, " ants" if first == "Bears" else " bears")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    await opened(running.window, other.id if first == "Bears" else wanted.id)
    assert not palette.isVisible()


async def test_esc_gives_the_focus_back_and_stops_nothing(running: Running) -> None:
    window = running.window
    text = window.chat.composer.text_edit
    QTest.keyClicks(text, "a long answer, please")
    QTest.keyClick(text, Qt.Key.Key_Return)
    session = window.session
    assert session is not None
    await until(lambda: session.phase is Phase.WRITING)
    window.sidebar.list.setFocus()
    QTest.keyClick(window, Qt.Key.Key_K, Ctrl)
    palette = window.palette_
    assert palette.field.hasFocus()
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert window.sidebar.list.hasFocus()
    assert session.is_busy
    session.stop()
    await until(lambda: not session.is_busy)


async def test_a_click_beside_the_card_closes_and_keys_are_no_commands(running: Running) -> None:
    window = running.window
    window.search_chats("abc")
    zoom = running.settings.zoom
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_B, Qt.Key.Key_N):
        QTest.keyClick(window.palette_.field, key, Ctrl)
    assert running.settings.zoom == zoom
    assert window.sidebar.isVisible()
    QTest.keyClick(window.palette_.field, Qt.Key.Key_K, Ctrl)
    assert window.palette_.field.selectedText() == "abc"
    QTest.mouseClick(window.palette_, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not window.palette_.isVisible()


async def test_before_anything_is_typed_there_are_recent_chats_and_filters(running: Running) -> None:
    for title in ("One", "Two"):
        await add_chat(running, title, [title])
    window = running.window
    window.search_chats()
    palette = window.palette_
    await until(lambda: len(hits(palette)) == 2)
    groups = [row.text for row in palette.rows.rows if row.kind is RowKind.GROUP]
    assert groups == ["Recent chats", "Narrow a search with"]
    assert palette.current is not None
    assert palette.current.text == "Two"
    examples = [row.text.partition(":")[0] for row in palette.rows.rows if row.kind is RowKind.FILTER]
    assert sorted(examples) == ["after", "before", "has", "in", "is", "model", "role", "tag"]
    for _ in range(2):
        QTest.keyClick(palette.field, Qt.Key.Key_Down)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.field.text() == "in:"


async def test_filters_are_completed(running: Running) -> None:
    running.chats.save_folder(Folder("f", "My folder"))
    await until(lambda: running.chats.folders)
    chat = await add_chat(running, "Inside", ["needle here"])
    await add_chat(running, "Outside", ["needle there"])
    running.chats.move([chat.id], "f")
    await running.chats.outbox.settle()
    palette = await find(running.window, "needle", count=2)
    QTest.keyClicks(palette.field, " in:fol")
    assert palette.current is not None
    assert palette.current.text == "in:My folder"
    QTest.keyClick(palette.field, Qt.Key.Key_Tab)
    assert palette.field.text() == 'needle in:"My folder" '
    await until(lambda: [row.text for row in hits(palette)] == ["Inside"])


async def test_nothing_found_says_what_helps(running: Running) -> None:
    await add_chat(running, "Lisbon", ["Where to?"])
    palette = await find(running.window, "zzzz", count=0)
    (row,) = palette.rows.rows
    assert (row.kind, row.text) == (RowKind.WORDS, "Nothing found")
    assert not row.can_be_chosen
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


@pytest.mark.parametrize("text", ["c++", "a-b", '"', "user@x.com", "in:", "*", "\0", "()"])
async def test_any_text_is_a_search(running: Running, text: str) -> None:
    await add_chat(running, "Odd", ["c++ a-b user@x.com"])
    window = running.window
    window.search_chats(text)
    palette = window.palette_
    await until(lambda: palette.rows.rows and palette.rows.rows[0].text != "Recent chats")
    expected = {"c++": 1, "a-b": 1, "user@x.com": 1}.get(text, 0)
    assert len(hits(palette)) == expected


async def test_what_is_not_indexed_yet_is_found_by_itself(running: Running) -> None:
    await add_chat(running, "Later", ["a needle"], index=False)
    window = running.window
    window.search_chats("needle")
    await until(lambda: len(hits(window.palette_)) == 1)
    waiting = window.findChild(QLabel, "paletteWaiting")
    assert waiting is not None
    await until(lambda: not waiting.isVisible())


async def test_more_pages_come_on_scrolling(running: Running) -> None:
    for number in range(PAGE + 20):
        await add_chat(running, f"Chat {number}", ["a needle"], index=False)
    running.chats.indexing.wake()
    await running.chats.indexing.settled()
    palette = await find(running.window, "needle", count=PAGE)
    assert palette.count.text().startswith(f"{PAGE} of {PAGE + 20} ")
    bar = palette.list.verticalScrollBar()
    bar.setValue(bar.maximum())
    await until(lambda: len(hits(palette)) == PAGE + 20)
    assert palette.count.text().startswith(f"{PAGE + 20} of {PAGE + 20} ")
    assert len({row.text for row in hits(palette)}) == PAGE + 20


async def test_a_search_that_fails_is_told(running: Running) -> None:
    palette = await find(running.window, "a", count=0)
    palette._searching.failed.emit(DiskFull("broken", Path("chats.db")))
    (row,) = palette.rows.rows
    assert row.text == "The search failed"


async def test_every_command_runs_from_the_palette(running: Running) -> None:
    window = running.window
    window.search_chats("kept")
    palette = window.palette_
    QTest.keyClick(palette.field, Qt.Key.Key_Tab)
    assert palette.field.text() == ">"
    listed = {row.value for row in palette.rows.rows}
    assert listed == {window.actions_[c.id] for c in window.actions_.commands if c.id not in OWN}
    disabled = [row.text for row in palette.rows.rows if not row.is_enabled]
    assert "Rename chat" in disabled
    assert "Rename chat, Chat, F2, not available now" in said(palette)
    QTest.keyClick(palette.field, Qt.Key.Key_Tab)
    assert palette.field.text() == "kept"
    palette.reject()
    window.show_commands()
    QTest.keyClicks(palette.field, "side")
    assert palette.current is not None
    assert (palette.current.text, palette.current.is_checked) == ("Sidebar", True)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert not window.sidebar.isVisible()


async def test_a_command_that_is_not_available_is_not_run(running: Running) -> None:
    window = running.window
    window.show_commands()
    palette = window.palette_
    QTest.keyClicks(palette.field, "rename chat")
    assert [row.text for row in palette.rows.rows] == ["Rename chat"]
    assert palette.current is None
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


@pytest.mark.parametrize(
    ("typed", "first"),
    [("usage", "Usage and cost…"), ("copy an", "Copy last answer"), ("nxt", "Next chat"), ("LARG", "Larger")],
)
async def test_commands_are_found_by_parts_of_their_names(running: Running, typed: str, first: str) -> None:
    running.window.palette_.open_for(f">{typed}")
    assert running.window.palette_.rows.rows[0].text == first


async def test_the_palette_fits_a_small_window_and_every_zoom(running: Running) -> None:
    for number in range(12):
        await add_chat(running, f"Chat {number}", ["a needle"], index=False)
    window = running.window
    palette = await find(window, "needle", count=12)
    for size, zoom in (((420, 400), 100), ((1280, 820), 200), ((420, 400), 200), ((1280, 820), 100)):
        running.settings.change(zoom=zoom)
        window.resize(*size)
        await until(lambda: palette.size() == window.size())
        assert palette.rect().contains(palette._card.geometry())
        assert palette.list.height() > 0
        for part in (palette.count, palette._keys):
            assert part.width() >= part.fontMetrics().horizontalAdvance(part.text())


async def test_counts_and_rows_are_told_to_screen_readers(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(
        "desktop_chat.ui.palette.palette.announce",
        lambda source, text, *, at_once=False: heard.append(text),
    )
    for title in ("One", "Two"):
        await add_chat(running, title, ["a needle"])
    palette = await find(running.window, "needle", count=2)
    await until(lambda: heard)
    assert heard[-1].startswith("2 chats. ")
    assert palette.field.accessibleDescription() == "2 chats"
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    assert heard[-1] == said(palette)[1]


async def test_searches_of_two_windows_leave_each_other_in_peace(running: Running) -> None:
    chat = await add_chat(running, "One", ["a needle"])
    running.window.windows.open(chat.id)
    (other,) = running.window.windows.shown
    await opened(other, chat.id)
    for window in (running.window, other):
        window.palette_.open_for("needle")
    await until(lambda: len(hits(other.palette_)) == 1)
    running.window.palette_.open_for("needle ")
    await until(lambda: len(hits(running.window.palette_)) == 1)


async def test_each_letter_takes_the_place_of_the_search_before(running: Running) -> None:
    await add_chat(running, "One", ["alphabetical"])
    running.window.search_chats()
    palette = running.window.palette_
    for letter in "alphabetical":
        QTest.keyClicks(palette.field, letter)
        await asyncio.sleep(0)
    await until(lambda: len(hits(palette)) == 1)
    assert [row.detail[slice(*row.detail_marks[0])] for row in hits(palette)] == ["alphabetical"]
