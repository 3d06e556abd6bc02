"""The full table, by pytest. Nothing is asserted: a figure that missed its target says so."""

import pytest

from tests.benchmarks.__main__ import main


@pytest.mark.timeout(1800)
def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print()
        assert main([])
