"""Prefix sums of heights that change."""

from collections.abc import Iterable


class Heights:
    """A Fenwick tree of integer heights that can also grow and shrink at its end; every step is O(log n)."""

    def __init__(self, values: Iterable[int] = ()) -> None:
        self._values = list(values)
        self._tree = [0, *self._values]
        for i in range(1, len(self._tree)):
            parent = i + (i & -i)
            if parent < len(self._tree):
                self._tree[parent] += self._tree[i]
        self.total = sum(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: int) -> int:
        return self._values[index]

    def __setitem__(self, index: int, value: int) -> None:
        change = value - self._values[index]
        if not change:
            return
        self._values[index] = value
        self.total += change
        i = index + 1
        while i < len(self._tree):
            self._tree[i] += change
            i += i & -i

    def append(self, value: int) -> None:
        i = len(self._tree)
        node, child = value, i - 1
        while child > i - (i & -i):
            node += self._tree[child]
            child -= child & -child
        self._tree.append(node)
        self._values.append(value)
        self.total += value

    def truncate(self, length: int) -> None:
        """Keep only the first ``length`` heights."""
        if length < len(self._values):
            del self._tree[length + 1 :]
            del self._values[length:]
            self.total = self.before(length)

    def before(self, index: int) -> int:
        """The sum of the heights before ``index``."""
        total = 0
        while index:
            total += self._tree[index]
            index -= index & -index
        return total

    def find(self, y: int) -> int:
        """The index of the height that covers ``y``; the first or last one for a ``y`` outside.

        Raises IndexError where there are no heights.
        """
        if not self._values:
            raise IndexError("no heights")
        index, step = 0, 1 << (len(self._values).bit_length() - 1)
        while step:
            if index + step <= len(self._values) and self._tree[index + step] <= y:
                index += step
                y -= self._tree[index]
            step >>= 1
        return min(index, len(self._values) - 1)
