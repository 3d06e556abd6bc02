"""What has to be painted again when something in the view changed or moved."""

from PySide6.QtWidgets import QWidget

from desktop_chat.ui.transcript.arrangement import Arrangement


class Repaints:
    """Knows what ``viewport`` shows, piece by piece: what only moved is scrolled, not painted again."""

    def __init__(self, rows: Arrangement, viewport: QWidget) -> None:
        self._rows, self._viewport = rows, viewport
        self._shown: dict[object, tuple[int, int, object]] = {}

    def forget(self) -> None:
        """Everything looks different."""
        self._shown.clear()

    def update(self) -> None:
        """Have painted what is not as it was."""
        rows, viewport = self._rows, self._viewport
        shown: dict[object, tuple[int, int, object]] = {}
        fresh: dict[object, int] = {}
        for index, y in rows.visible:
            for piece in rows.row(index).take_pieces(-y, rows.view_height - y):
                shown[piece.key] = (y + piece.top, piece.height, piece.look)
                fresh[piece.key] = piece.fresh
        before, self._shown = self._shown, shown
        shift = None
        for key, (y, height, look) in shown.items():
            old = before.get(key)
            if old is not None and old[2] == look and (old[1] == height or fresh[key]):
                shift = y - old[0]
                break
        if shift is None or abs(shift) >= rows.view_height:
            viewport.update()
            return
        if shift:
            viewport.scroll(0, shift)
        width = viewport.width()
        for key, (y, height, look) in shown.items():
            old = before.get(key)
            if old is None or (old[0] + shift, old[2]) != (y, look):
                viewport.update(0, y, width, height)
                if old is not None:
                    viewport.update(0, old[0] + shift, width, old[1])
            elif old[1] != height or fresh[key] < height:
                start = min(fresh[key], old[1], height)
                viewport.update(0, y + start, width, max(height, old[1]) - start)
        for key, (y, height, _look) in before.items():
            if key not in shown:
                viewport.update(0, y + shift, width, height)
        bottom = max((y + height for y, height, _look in shown.values()), default=0)
        if bottom < rows.view_height:
            viewport.update(0, bottom, width, rows.view_height - bottom)
