"""Reads and drives a window as a screen reader does, over AT-SPI.

Run by the system's Python, which has PyGObject; knows nothing of the program. A line on standard input is a
command in JSON, a line on standard output its answer:

``{"do": "tree"}``                             everything that is shown, the outermost first
``{"do": "press", "path": [...]}``             the first action of an object
``{"do": "write", "path": [...], "text": …}``  the text of an editable object
``{"do": "walk", "path": [...], "texts": n}``  role and name of each child, the text's begin of every n-th
``{"do": "caret", "path": [...], "to": n}``    moves the caret; tells where it is then
``{"do": "select", "path": [...], "from": n, "to": n}``  selects; tells what is selected then, and how often
``{"do": "around", "path": [...], "at": n}``   the character, word, sentence and line at an offset, the
                                               attributes, and the place on the screen with the offset there
``{"do": "show", "path": [...], "at": n}``     scrolls to an offset
``{"do": "heard", "for": [...]}``              events of these kinds that came, as [kind, detail, text]

An object is told as its ``path`` (the place of each ancestor among its siblings), ``role``, ``name``,
``description``, ``text`` (null where it has none), ``actions`` and ``states``.
"""

import json
import sys
import warnings

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

DEEPEST = 40
MOST = 50
"""Children of one object that the tree has: the last ones."""

# The functions that replace these are not in every release of AT-SPI.
warnings.simplefilter("ignore", DeprecationWarning)


def desktop():
    return Atspi.get_desktop(0)


def at(path):
    accessible = desktop()
    for place in path:
        accessible = accessible.get_child_at_index(place)
    return accessible


def text_of(accessible):
    text = accessible.get_text_iface()
    return Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text)) if text else None


def actions_of(accessible):
    action = accessible.get_action_iface()
    if not action:
        return []
    return [Atspi.Action.get_action_name(action, n) for n in range(Atspi.Action.get_n_actions(action))]


def tell(accessible, path, found):
    """Add ``accessible`` and what is shown below it to ``found``."""
    try:
        states = accessible.get_state_set()
        if len(path) > 1 and not states.contains(Atspi.StateType.SHOWING):
            return
        found.append(
            {
                "path": path,
                "role": accessible.get_role_name(),
                "name": accessible.get_name(),
                "description": accessible.get_description(),
                "text": text_of(accessible),
                "actions": actions_of(accessible),
                "states": sorted(state.value_nick for state in states.get_states()),
            }
        )
        for place in range(accessible.get_child_count() if len(path) < DEEPEST else 0)[-MOST:]:
            child = accessible.get_child_at_index(place)
            if child is not None:
                tell(child, [*path, place], found)
    except GLib.Error:
        return  # gone while it was asked


def walk(accessible, texts):
    found = []
    for place in range(accessible.get_child_count()):
        item = accessible.get_child_at_index(place)
        text = Atspi.Text.get_text(item.get_text_iface(), 0, 20) if place % texts == 0 else None
        found.append([item.get_role_name(), item.get_name(), text])
    return found


def around(text, at):
    found = []
    for name in ("CHAR", "WORD", "SENTENCE", "LINE"):
        piece = Atspi.Text.get_string_at_offset(text, at, getattr(Atspi.TextGranularity, name))
        found.append(piece.content)
    run = Atspi.Text.get_attribute_run(text, at, False)
    box = Atspi.Text.get_character_extents(text, at, Atspi.CoordType.SCREEN)
    there = Atspi.Text.get_offset_at_point(text, box.x + 1, box.y + box.height // 2, Atspi.CoordType.SCREEN)
    return [*found, list(run), [box.x, box.y, box.width, box.height], there]


EVENTS = []


def listen(kinds):
    """The events that came since the last time; begins to listen where nobody did."""
    if not EVENTS:
        EVENTS.append(None)
        listener = Atspi.EventListener.new(lambda event: EVENTS.append(told(event)))
        for kind in kinds:
            listener.register(kind)
        EVENTS.append(listener)
    context = GLib.MainContext.default()
    while context.iteration(False):
        pass
    heard, EVENTS[2:] = EVENTS[2:], []
    return heard


def told(event):
    text = event.any_data
    return [event.type, event.detail1, text if isinstance(text, str) else ""]


def do(command):
    if command["do"] == "tree":
        found = []
        for place in range(desktop().get_child_count()):
            child = desktop().get_child_at_index(place)
            if child is not None:
                child.clear_cache()
                tell(child, [place], found)
        return found
    if command["do"] == "heard":
        return listen(command["for"])
    accessible = at(command["path"])
    text = accessible.get_text_iface()
    if command["do"] == "walk":
        return walk(accessible, command["texts"])
    if command["do"] == "caret":
        Atspi.Text.set_caret_offset(text, command["to"])
        return Atspi.Text.get_caret_offset(text)
    if command["do"] == "select":
        Atspi.Text.add_selection(text, command["from"], command["to"])
        selected = Atspi.Text.get_selection(text, 0)
        return [selected.start_offset, selected.end_offset, Atspi.Text.get_n_selections(text)]
    if command["do"] == "around":
        return around(text, command["at"])
    if command["do"] == "show":
        return Atspi.Text.scroll_substring_to(text, command["at"], command["at"], Atspi.ScrollType.ANYWHERE)
    if command["do"] == "press":
        return Atspi.Action.do_action(accessible.get_action_iface(), 0)
    return Atspi.EditableText.set_text_contents(accessible.get_editable_text_iface(), command["text"])


if __name__ == "__main__":
    Atspi.init()
    for line in sys.stdin:
        print(json.dumps(do(json.loads(line))), flush=True)
