"""The menu of a message: every action, also those that a button shows only on hover."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QAction, QContextMenuEvent, QKeySequence
from PySide6.QtWidgets import QMenu

from desktop_chat.domain.context import Place, is_sendable
from desktop_chat.domain.message import State
from desktop_chat.domain.structured import looks_like_json
from desktop_chat.ui.addresses import elided, shown
from desktop_chat.ui.links import open_link
from desktop_chat.ui.transcript.clipboard import MARKDOWN, PLAIN
from desktop_chat.ui.transcript.excerpt import Excerpt
from desktop_chat.ui.transcript.keyboard import DETAILS, SELECT_MESSAGE
from desktop_chat.ui.transcript.leaves import clean
from desktop_chat.ui.transcript.link_places import addresses
from desktop_chat.ui.transcript.row import LABELS, Action

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.pointer import Pointer
    from desktop_chat.ui.transcript.view import Transcript

T = TypeVar("T")

MAX_ENTRIES = 20
"""Links or code blocks that a submenu lists."""
MAX_LABEL = 60


def show_context_menu(view: "Transcript", pointer: "Pointer", event: QContextMenuEvent) -> None:
    """Open the menu of what the pointer is at, or of the message that the keyboard is at."""
    if event.reason() == QContextMenuEvent.Reason.Keyboard:
        if view.has_current():
            view.menu_of_current()
        return
    menu = menu_at(view, pointer, QPointF(event.pos()))
    if menu is not None:
        menu.popup(event.globalPos())


def menu_at(view: "Transcript", pointer: "Pointer", point: QPointF) -> QMenu | None:
    """The menu of what is at a point of the viewport."""
    at = pointer.spot_at(point)
    if at is None:
        return None
    code = at[1].part, at[1].block
    link, said = pointer.link_at(point), pointer.link_text_at(point)
    menu = view.menu(at[0], link=link, link_text=said, code=code)
    _add_formula(menu, view, at[0], point)
    return menu


def show_menu_of_current(view: "Transcript") -> None:
    """Open the menu of the message that the keyboard is at, which is in view."""
    y = next((top for index, top in view.rows.visible if index == view.current), 0)
    rect = view.row_rect(view.current, y)
    point = QPoint(rect.left() + view.theme.px(12), max(0, min(rect.bottom(), view.viewport().height()) - 8))
    view.menu(view.current).popup(view.viewport().mapToGlobal(point))


def fill_menu(
    menu: QMenu,
    view: "Transcript",
    index: int,
    link: str,
    code: tuple[int, int] | None,
    link_text: str = "",
) -> None:
    """Add the entries for a message; ``link`` and ``code`` (part, block) are what the pointer is at.

    ``link_text`` is what the link says.
    """
    row = view.rows.row(index)
    message = row.message
    if link:
        _add(menu, "Open link").triggered.connect(lambda: open_link(link, view, link_text))
        _add(menu, "Copy link address").triggered.connect(lambda: view.copy(shown(link)))
        menu.addSeparator()
    if not view.selection.is_empty:
        _add(menu, "Copy selection", QKeySequence.StandardKey.Copy).triggered.connect(
            lambda: view.copy_selection()
        )
        _add(menu, "Copy as Markdown").triggered.connect(lambda: view.copy_selection(MARKDOWN))
        _add(menu, "Copy as plain text").triggered.connect(lambda: view.copy_selection(PLAIN))
        menu.addSeparator()
    if code is not None:
        view.code.add_here(menu, index, *code)
    _add(menu, "Copy message").triggered.connect(lambda: view.trigger(index, Action.COPY))
    if not row.is_user:
        if view.selection.is_empty:
            _add(menu, "Copy as Markdown").triggered.connect(
                lambda: view.copier.copy(Excerpt([message]), MARKDOWN)
            )
            _add(menu, "Copy as plain text").triggered.connect(
                lambda: view.copier.copy(Excerpt([message]), PLAIN)
            )
        view.code.add_list(menu, index)
        _add_list(menu, "Copy step", view.parts.steps(index), view.copy)
        titles = {source.url: source.title for source in row.citations.sources}
        _add_list(
            menu, "Sources", view.parts.sources(index), lambda url: open_link(url, view, titles.get(url, ""))
        )
        links = [(elided(shown(url), MAX_LABEL), url) for url in addresses(row.body)[:MAX_ENTRIES]]
        _add_list(menu, "Links", links, lambda url: open_link(url, view))
    _add_list(menu, "Open attachment", view.parts.attachments(index), view.attachment_requested.emit)
    menu.addSeparator()
    if message.state is not State.STREAMING:
        actions = [Action.EDIT] if row.is_user else [Action.REGENERATE, Action.EDIT]
        if row.offered is not None:
            actions.insert(0, row.offered)
        for action in actions:
            entry = _add(menu, LABELS[action])
            entry.triggered.connect(lambda _checked=False, action=action: view.trigger(index, action))
        if is_sendable(message):
            _add_places(menu, view, message.id)
    if len(row.versions) > 1:
        here = row.versions.index(message.id) if message.id in row.versions else 0
        for label, action, possible in (
            ("Previous version", Action.PREVIOUS, here > 0),
            ("Next version", Action.NEXT, here + 1 < len(row.versions)),
        ):
            entry = _add(menu, label)
            entry.setEnabled(possible)
            entry.triggered.connect(lambda _checked=False, action=action: view.trigger(index, action))
    if message.state is not State.STREAMING:
        _add_branching(menu, view, index)
    if row.thought_label:
        label = "Hide reasoning" if row.unfolded else "Show reasoning"
        _add(menu, label).triggered.connect(lambda: view.trigger(index, Action.FOLD))
    for label, mark in view.parts.entries(index):
        entry = _add(menu, label.replace("&", "&&"))
        entry.triggered.connect(lambda _checked=False, mark=mark: view.parts.toggle(index, mark))
    if not row.is_user and looks_like_json(message.text):
        _add(menu, LABELS[Action.TREE]).triggered.connect(lambda: view.trigger(index, Action.TREE))
    if not row.is_user and message.state is not State.STREAMING:
        _add(menu, LABELS[Action.DETAILS], DETAILS).triggered.connect(
            lambda: view.trigger(index, Action.DETAILS)
        )
    menu.addSeparator()
    _add(menu, "Select this message", SELECT_MESSAGE).triggered.connect(lambda: view.select_message(index))
    _add(menu, "Select all", QKeySequence.StandardKey.SelectAll).triggered.connect(view.select_all)


def _add_branching(menu: QMenu, view: "Transcript", index: int) -> None:
    """Offer what can be done with the versions and the branches of a message."""
    if len(view.rows.row(index).versions) > 1:
        actions = [Action.COMPARE, Action.BRANCHES, Action.FORK, Action.DELETE]
    else:
        actions = [Action.FORK, Action.DELETE]
    for action in actions:
        entry = _add(menu, LABELS[action])
        entry.triggered.connect(lambda _checked=False, action=action: view.trigger(index, action))


def _add_places(menu: QMenu, view: "Transcript", message_id: str) -> None:
    """Offer to send a message always, or never, and to see what is sent."""
    sight = view.rows.sight
    for label, place, chosen in (
        ("Always send", Place.PINNED, sight.pinned),
        ("Never send", Place.LEFT_OUT, sight.left_out),
    ):
        entry = _add(menu, label)
        entry.setCheckable(True)
        entry.setChecked(message_id in chosen)
        entry.triggered.connect(
            lambda on, place=place: view.place_requested.emit(message_id, place if on else Place.SENT)
        )
    _add(menu, "What is sent…").triggered.connect(view.context_requested)


def _add_formula(menu: QMenu, view: "Transcript", index: int, point: QPointF) -> None:
    """Offer the TeX of the formula at a point of the viewport, above all else."""
    y = point.y() - dict(view.rows.visible)[index]
    tex = view.rows.row(index).formula_at(point.x() - view.column_left, y)
    if tex:
        entry = QAction("Copy formula as TeX", menu)
        entry.triggered.connect(lambda: view.copy(clean(tex)))
        menu.insertAction(menu.actions()[0], entry)
        menu.insertSeparator(menu.actions()[1])


def _add(menu: QMenu, label: str, key: QKeySequence.StandardKey | str | None = None) -> QAction:
    # As text: a shortcut of the menu's own would compete with the view's.
    hint = (
        "\t" + QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) if key is not None else ""
    )
    return menu.addAction(label + hint)


def _add_list(menu: QMenu, title: str, entries: list[tuple[str, T]], use: Callable[[T], object]) -> None:
    if not entries:
        return
    submenu = menu.addMenu(title)
    for label, value in entries[:MAX_ENTRIES]:
        short = label if len(label) <= MAX_LABEL else label[:MAX_LABEL] + "…"
        entry = submenu.addAction(short.replace("&", "&&"))
        entry.triggered.connect(lambda _checked=False, value=value: use(value))
