"""Answers checked against schemas in the real helper: right and wrong ones, and those that want too much."""

import json
import socket
from typing import Any

import pytest

from desktop_chat import validation, worker
from desktop_chat.validation import check_answer, check_schema

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def problems(text: str, schema: dict[str, Any] | None) -> list[str]:
    return check_answer(text, schema).result(60)


def of_schema(schema: dict[str, Any], *, strict: bool = False) -> list[str]:
    return check_schema(schema, strict=strict).result(60)


def test_an_answer_that_fits() -> None:
    assert problems('{"name": "Ada", "age": 36}', PERSON) == []
    assert problems(" [1]\n", None) == []


def test_what_is_wrong_is_told_with_its_place() -> None:
    assert problems('{"name": "Ada", "age": -1}', PERSON) == ["$.age: -1 is less than the minimum of 0"]
    assert problems('{"name": "Ada"}', PERSON) == ["$: 'age' is a required property"]
    assert len(problems(json.dumps([0] * 100), {"items": {"type": "string"}})) == validation.MOST_PROBLEMS


@pytest.mark.parametrize("text", ["", "Sure: {}", '{"a": NaN}', '{"a": 1', "```json\n{}\n```"])
def test_no_json(text: str) -> None:
    (problem,) = problems(text, None)
    assert problem.startswith("It is not JSON")


def test_json_is_an_object_or_an_array() -> None:
    assert problems('"text"', None) == ["It is neither an object nor an array."]
    assert problems("[" * 100_000, None) == ["It is nested too deep."]


def test_a_pattern_that_runs_away_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "SECONDS", 0.3)
    with pytest.raises(worker.WorkerError):
        problems(json.dumps("a" * 40 + "!"), {"pattern": "^(a+)+$"})
    assert problems("{}", {"type": "object"}) == []


def test_nothing_is_fetched_for_a_schema() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/schema.json"
        (problem,) = problems("{}", {"$ref": url})
        assert url in problem
        assert url in of_schema({"$ref": url})[0]
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_schemas() -> None:
    assert of_schema(PERSON, strict=True) == []
    assert of_schema({"type": "strin"})[0].startswith("$.type: 'strin' is not")
    assert "leads nowhere" in of_schema({"$ref": "#/$defs/missing"})[0]
    assert of_schema({"$ref": "#/$defs/it", "$defs": {"it": PERSON}}) == []
    assert "pattern" in problems('"a"', {"pattern": "("})[0]


def test_strict_wants_closed_objects() -> None:
    inner = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"]}
    schema = {**PERSON, "properties": {"name": {"anyOf": [inner]}, "age": {"items": inner}}}
    assert of_schema(schema) == []
    told = of_schema(schema, strict=True)
    assert "$.properties.name.anyOf[0]: strict needs “additionalProperties”: false." in told
    assert "$.properties.age.items: strict needs all properties to be required: b." in told
    assert of_schema({"type": "array"}, strict=True) == ["$: has to be an object."]
