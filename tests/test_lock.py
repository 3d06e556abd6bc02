"""The passphrase of the app lock, as it is kept."""

import json
import stat
import sys
from pathlib import Path

import pytest

from desktop_chat import lock
from desktop_chat.lock import Passphrase


def test_only_the_passphrase_matches_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "passphrase.json"
    lock.write(path, Passphrase.made_of("Käsebrot und Tee"))
    kept = lock.read(path)
    assert kept is not None
    assert kept.matches("Ka\u0308sebrot und Tee"), "as another keyboard composes it"
    assert not kept.matches("Käsebrot und Tee ")
    assert not kept.matches("")
    assert b"Tee" not in path.read_bytes()
    assert (kept.n, kept.r, kept.p) == (2**15, 8, 1)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_passphrase_has_another_salt_each_time() -> None:
    one, other = Passphrase.made_of("x"), Passphrase.made_of("x")
    assert one.salt != other.salt
    assert one.digest != other.digest


def test_a_file_keeps_the_parameters_that_its_hash_was_made_with(tmp_path: Path) -> None:
    path = tmp_path / "passphrase.json"
    # The second test vector of RFC 7914, section 12, as far as 32 bytes go.
    values = {"salt": "TmFDbA==", "digest": "/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI=", "n": 1024, "r": 8}
    path.write_text(json.dumps({**values, "p": 16}))
    kept = lock.read(path)
    assert kept is not None
    assert kept.matches("password")
    assert not kept.matches("Password")
    assert (kept.n, kept.p) == (1024, 16)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"{}",
        b'{"salt": "AA==", "digest": "", "n": 32768, "r": 8, "p": 1}',
        b'{"salt": "AA==", "digest": "AA==", "n": 1073741824, "r": 8, "p": 1}',
        b'{"salt": "AA==", "digest": "AA==", "n": 1000, "r": 8, "p": 1}',
        b'{"salt": "AA==", "digest": "AA==", "n": true, "r": 8, "p": 1}',
        b'{"salt": 7, "digest": "AA==", "n": 2, "r": 8, "p": 1}',
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_used_is_no_lock(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "passphrase.json"
    path.write_bytes(content)
    assert lock.read(path) is None


def test_without_a_file_there_is_no_lock(tmp_path: Path) -> None:
    assert lock.read(tmp_path / "passphrase.json") is None


def test_waits_grow_and_end() -> None:
    assert [lock.wait_after(wrong) for wrong in range(9)] == [0, 1, 2, 4, 8, 16, 30, 30, 30]
    assert lock.wait_after(10**9) == 30
