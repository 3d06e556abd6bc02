"""A real, hostile loopback server that speaks both dialects of the API.

``Server`` runs in the caller's event loop, ``ServerThread`` in a thread of its own, and
``python -m tests.server`` in a process of its own. What it does with a request is a script: the next one of
its queue, else its default, which answers properly. ``faults`` holds the scripts of everything that goes
wrong on the wire.
"""

from tests.server.http import Exchange, Script, Server, ServerThread

__all__ = ["Exchange", "Script", "Server", "ServerThread"]
