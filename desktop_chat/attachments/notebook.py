"""Notebooks of Jupyter: their cells, and what these printed (nbformat.readthedocs.io)."""

import json
from collections.abc import Iterator
from typing import Any

from desktop_chat.attachments import decoding
from desktop_chat.attachments.refusal import DAMAGED, Refused


def cells(data: bytes, notes: list[str]) -> Iterator[str]:
    """Cell by cell; pictures among the outputs are left out. Raises :class:`Refused`."""
    try:
        book = json.loads(decoding.decoded(data, notes))
        listed = [_cell(cell) for cell in book["cells"]]
        language = _text(book.get("metadata", {}).get("kernelspec", {}).get("language", ""))
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise Refused(DAMAGED) from error
    for kind, source, outputs in listed:
        yield f"```{language}\n{source}\n```\n\n" if kind == "code" else f"{source}\n\n"
        for output in outputs:
            yield f"Output:\n```\n{output}\n```\n\n"


def _cell(cell: dict[str, Any]) -> tuple[str, str, list[str]]:
    outputs = [_output(output).strip("\n") for output in cell.get("outputs", ())]
    return _text(cell["cell_type"]), _text(cell["source"]), [output for output in outputs if output]


def _output(output: dict[str, Any]) -> str:
    if output.get("output_type") == "error":
        return f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
    return _text(output.get("text") or output.get("data", {}).get("text/plain"))


def _text(lines: object) -> str:
    """A text, which may stand there line by line."""
    if isinstance(lines, list):
        return "".join(map(str, lines))
    return lines if isinstance(lines, str) else ""
