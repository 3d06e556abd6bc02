"""The branches of a conversation, as rows of a map."""

from dataclasses import dataclass

from desktop_chat.domain.conversation import Tree


@dataclass(frozen=True, slots=True)
class Branch:
    """Messages one below the other, up to where versions part or the path ends.

    ``first`` and ``last`` are the ids of its ends, ``length`` counts its messages. ``depth`` is in how many
    side branches it lies. ``version`` of ``versions`` counts from 1, at its first message. ``goes_on`` says
    that more hangs below its last message, ``is_side`` that it leaves the line of its parent; where it does
    not, it goes on with it, or ``begins``. ``is_active`` says that it is on the path that is shown.
    """

    first: str
    last: str
    length: int
    depth: int
    version: int
    versions: int
    begins: bool
    is_side: bool
    goes_on: bool
    is_active: bool


def branches(tree: Tree) -> list[Branch]:
    """All branches of ``tree``, each below the one that it leaves.

    Of the versions at one place, the one on the active path goes on in the line of what is above, or the
    newest where none is; the others stand before it, each one step further in. So the depth grows with
    branches off branches, not with the length of a chat in which every answer has versions.
    """
    active = {message.id for message in tree.path}
    found: list[Branch] = []
    # A stack, since a chat may be deeper than Python's own.
    waiting = _parting(tree.children(None), active, 0, is_begin=True)
    while waiting:
        first, depth, is_side, version, versions = waiting.pop()
        last, length = first, 1
        while len(below := tree.children(last)) == 1:
            last, length = below[0], length + 1
        begins, is_active = tree[first].parent_id is None, first in active
        found.append(
            Branch(first, last, length, depth, version, versions, begins, is_side, bool(below), is_active)
        )
        waiting += _parting(below, active, depth)
    return found


_Waiting = tuple[str, int, bool, int, int]


def _parting(ids: list[str], active: set[str], depth: int, *, is_begin: bool = False) -> list[_Waiting]:
    """What stands at a place where versions part, the first of the map last."""
    if not ids:
        return []
    main = next((id for id in ids if id in active), ids[-1])
    numbered = [(id, number, len(ids)) for number, id in enumerate(ids, start=1)]
    sides = [
        (id, depth if is_begin else depth + 1, not is_begin, number, count)
        for id, number, count in numbered
        if id != main
    ]
    line = [(id, depth, False, number, count) for id, number, count in numbered if id == main]
    return line + sides[::-1]
