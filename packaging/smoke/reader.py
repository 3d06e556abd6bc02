"""Runs in the root, by its own Python with PyGObject: reads and uses windows as a screen reader does.

A line on standard input is a command in JSON, a line on standard output its answer: ``["tree"]`` gives all
that is shown as ``[path, role, name, text]``, the outermost first; ``["press", path]`` does the first action
of an object, ``["write", path, text]`` replaces its text; both give whether that worked. A path is the place
of each ancestor among its siblings.
"""

import json
import sys
import warnings

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

LARGEST = 300
"""Children of one object that are looked at."""


def tree(accessible, path, found):
    try:
        if len(path) > 1 and not accessible.get_state_set().contains(Atspi.StateType.SHOWING):
            return
        text = accessible.get_text_iface()
        words = Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text)) if text else ""
        role = accessible.get_role_name()
        role = "push button" if role == "button" else role  # its name since AT-SPI 2.54
        found.append([path, role, accessible.get_name(), words or accessible.get_description()])
        for place in range(min(accessible.get_child_count(), LARGEST)):
            child = accessible.get_child_at_index(place)
            if child is not None:
                tree(child, [*path, place], found)
    except GLib.Error:
        return  # gone while it was asked


def at(path):
    accessible = Atspi.get_desktop(0)
    for place in path:
        accessible = accessible.get_child_at_index(place)
    return accessible


def do(what, path=(), text=""):
    if what == "tree":
        desktop, found = Atspi.get_desktop(0), []
        for place in range(desktop.get_child_count()):
            program = desktop.get_child_at_index(place)
            if program is not None:
                program.clear_cache()
                tree(program, [place], found)
        return found
    try:
        if what == "press":
            return Atspi.Action.do_action(at(path).get_action_iface(), 0)
        return Atspi.EditableText.set_text_contents(at(path).get_editable_text_iface(), text)
    except (GLib.Error, AttributeError, TypeError):
        return False  # gone, or of another kind, since it was found


if __name__ == "__main__":
    # What replaces these functions is not in every release of AT-SPI.
    warnings.simplefilter("ignore", DeprecationWarning)
    Atspi.init()
    for line in sys.stdin:
        print(json.dumps(do(*json.loads(line))), flush=True)
