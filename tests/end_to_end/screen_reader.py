"""Reads and drives a window as a screen reader does, over AT-SPI.

Run by the system's Python, which has PyGObject; knows nothing of the program. A line on standard input is a
command in JSON, a line on standard output its answer:

``{"do": "tree"}``                             everything that is shown, the outermost first
``{"do": "press", "path": [...]}``             the first action of an object
``{"do": "write", "path": [...], "text": …}``  the text of an editable object

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
        for place in range(accessible.get_child_count() if len(path) < DEEPEST else 0):
            child = accessible.get_child_at_index(place)
            if child is not None:
                tell(child, [*path, place], found)
    except GLib.Error:
        return  # gone while it was asked


def do(command):
    if command["do"] == "tree":
        found = []
        for place in range(desktop().get_child_count()):
            child = desktop().get_child_at_index(place)
            if child is not None:
                child.clear_cache()
                tell(child, [place], found)
        return found
    accessible = at(command["path"])
    if command["do"] == "press":
        return Atspi.Action.do_action(accessible.get_action_iface(), 0)
    return Atspi.EditableText.set_text_contents(accessible.get_editable_text_iface(), command["text"])


if __name__ == "__main__":
    Atspi.init()
    for line in sys.stdin:
        print(json.dumps(do(json.loads(line))), flush=True)
