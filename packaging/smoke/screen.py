"""An X server without a screen whose sockets lie in a root, and what is to be seen on it."""

import os
import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from smoke.program import Process

WIDTH, HEIGHT = 1400, 900
_HEADER = struct.Struct(">25I")
_COLORMAP_ENTRY = 12


class Screen:
    """Xvfb of the host, with the root's /tmp as its own: what runs in the root finds its sockets there."""

    def __init__(self, root: Path) -> None:
        folder = root / "tmp/.screen"
        folder.mkdir(exist_ok=True)
        reading, writing = os.pipe()
        xvfb = (
            f"exec Xvfb -displayfd {writing} -screen 0 {WIDTH}x{HEIGHT}x24 -nolisten tcp -fbdir /tmp/.screen"
        )
        shell = 'mount --bind "$0" /tmp && ' + xvfb
        self._process = Process(
            ["unshare", "--mount", "sh", "-c", shell, str(root / "tmp")], pass_fds=(writing,)
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            raise OSError("Xvfb did not start: " + "\n".join(self._process.error))
        self.env = {"DISPLAY": f":{number}"}
        self._file = folder / "Xvfb_screen0"

    def picture(self) -> "Picture":
        """What is to be seen now."""
        return Picture.of_xwd(self._file.read_bytes())

    def close(self) -> None:
        self._process.popen.terminate()
        self._process.close()


class Picture(NamedTuple):
    """``rows`` hold three bytes a pixel: red, green, blue."""

    width: int
    rows: list[bytes]

    @classmethod
    def of_xwd(cls, data: bytes) -> "Picture":
        """From the frame buffer file of Xvfb: X Window Dump, version 7, 32 bits a pixel (XWDFile.h)."""
        header = _HEADER.unpack_from(data)
        size, width, height, order, bits, line, colors = (header[n] for n in (0, 4, 5, 7, 11, 12, 19))
        assert bits == 32
        begin = size + colors * _COLORMAP_ENTRY
        red, green, blue = (1, 2, 3) if order else (2, 1, 0)
        rows = []
        for number in range(height):
            raw = data[begin + number * line : begin + number * line + 4 * width]
            row = bytearray(3 * width)
            row[0::3], row[1::3], row[2::3] = raw[red::4], raw[green::4], raw[blue::4]
            rows.append(bytes(row))
        return cls(width, rows)

    def colors(self) -> Counter[bytes]:
        """How many pixels have each colour."""
        return Counter(row[at : at + 3] for row in self.rows for at in range(0, len(row), 3))

    def hues(self, least: int = 10) -> set[int]:
        """The sixths of the colour circle that at least so many vivid pixels lie in."""
        found: Counter[int] = Counter()
        for (red, green, blue), pixels in self.colors().items():
            strength = max(red, green, blue) - min(red, green, blue)
            if strength > 80:
                ordered = sorted(((red, 0), (green, 1), (blue, 2)))
                found[ordered[2][1] * 3 + ordered[1][1]] += pixels
        return {hue for hue, pixels in found.items() if pixels >= least}

    def save(self, path: Path) -> None:
        """Write it as a PNG (RFC 2083): 8 bits a channel, no filter."""
        rows = b"".join(b"\0" + row for row in self.rows)
        head = struct.pack(">IIBBBBB", self.width, len(self.rows), 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        body = b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
