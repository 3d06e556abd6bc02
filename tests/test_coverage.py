"""The page of what the API offers and what this program does: each test that it names as proof exists."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = TESTS / "coverage.md"
SOURCE = TESTS.parents[1] / "shared" / "facts" / "coverage.md"
PROOF = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| (?!What \||---)(.+?) \| (\w+) \| (.*) \|$", re.MULTILINE)
WORKS = ("tools", "desktop")

ROWS = ROW.findall(PAGE.read_text("utf-8"))


def names(file: Path) -> set[str]:
    """The tests of a file."""
    tree = ast.parse(file.read_text("utf-8"))
    found = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {name for name in found if name.startswith("test_")}


def test_every_proof_exists() -> None:
    proofs = sorted(set(PROOF.findall(PAGE.read_text("utf-8"))))
    tests = {file: names(TESTS / file) if (TESTS / file).is_file() else set() for file, _ in proofs}
    assert [f"{file}::{name}" for file, name in proofs if name not in tests[file]] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_row_says_what_it_has_to(row: tuple[str, str, str]) -> None:
    _, state, proof = row
    reason = PROOF.sub("", proof).strip(" ;")
    match state:
        case "done":
            assert PROOF.search(proof)
        case "part":
            assert PROOF.search(proof)
            assert reason
        case "later":
            assert proof.startswith(WORKS)
        case "no":
            assert reason
        case _:
            pytest.fail(f"{state} is no state")


def test_no_row_stands_twice() -> None:
    assert [what for what, times in Counter(what for what, _, _ in ROWS).items() if times > 1] == []


def test_every_line_of_a_table_is_a_row() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    sections = PAGE.read_text("utf-8").count("\n## ")
    assert len(lines) == len(ROWS) + 2 * sections


@pytest.mark.skipif(not SOURCE.is_file(), reason="the list that the page answers is not part of the project")
def test_no_row_of_the_list_is_left_out() -> None:
    """Row by row: of its first four sections each row has one here, or more."""
    listed = SOURCE.read_text("utf-8").split("\n## E.")[0]
    asked = sum(line.startswith("|") for line in listed.splitlines()) - 2 * listed.count("\n## ")
    answered = PAGE.read_text("utf-8").split("\n## Beyond")[0].count("\n| ") - listed.count("\n## ")
    assert answered >= asked
