"""What the composer gets of a file that the user opens, and what is refused in words."""

import os
import sys
from pathlib import Path

import pytest

from desktop_chat.opened_file import LARGEST, NotOpened, composed
from desktop_chat.ui.transcript.leaves import plain
from desktop_chat.ui.transcript.markdown import parse

LINES = "one\ntwo — 二\n"


def written(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize("name", ["notes.txt", "README.MD", "a.markdown"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_comes_as_it_is(tmp_path: Path, name: str, encoding: str) -> None:
    path = written(tmp_path, name, LINES.replace("\n", "\r\n").encode(encoding))
    assert composed("", path) == LINES
    assert composed("Sum up", path) == f"Sum up\n\n{LINES}"


def test_anything_else_is_a_code_block_below_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, "main.py", "print(1)\n")
    assert composed("Explain", path) == "Explain\n\n`main.py`:\n\n```py\nprint(1)\n```"
    assert composed("", written(tmp_path, "Makefile", "all:")) == "`Makefile`:\n\n```\nall:\n```"


@pytest.mark.parametrize("code", ["```\n", "a ````` b", "~~~\n```py\n```", "``` `", ""])
def test_no_file_gets_out_of_its_block(tmp_path: Path, code: str) -> None:
    path = written(tmp_path, "x.py", code)
    leaves, _ = parse(f"{composed('', path)}\n\nafter", {})
    assert [plain(leaf) for leaf in leaves] == ["x.py:", code.removesuffix("\n"), "after"]


def test_a_name_is_shown_as_one_line_of_plain_text(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no such names")
    path = written(tmp_path, "a`b\n\u202ec.py", "x")
    assert composed("", path).splitlines()[0] == "`a'b c.py`:"
    odd = Path(os.fsdecode(bytes(tmp_path) + b"/\xff.py"))
    odd.write_text("x")
    assert composed("", odd).splitlines()[0] == "`?.py`:"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "not text"),
        (b"caf\xe9", "not text"),
        (b"a\0b", "not text"),
        (b"\xff\xfea", "not text"),
        (b"a" * (LARGEST + 1), "larger than 1 MB"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(NotOpened, match=f"“x.txt” was not opened: it is {reason}"):
        composed("", written(tmp_path, "x.txt", data))


def test_the_largest_file_is_opened(tmp_path: Path) -> None:
    assert len(composed("", written(tmp_path, "x.txt", b"a" * LARGEST))) == LARGEST


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotOpened, match="No such file"):
        composed("", tmp_path / "none.txt")
    with pytest.raises(NotOpened):
        composed("", tmp_path)
    with pytest.raises(NotOpened):
        composed("", tmp_path / "a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no such files")
@pytest.mark.timeout(20)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", Path("/dev/zero")):
        with pytest.raises(NotOpened, match="not a regular file"):
            composed("", path)
