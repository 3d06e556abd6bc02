"""Settings: declared limits, atomic files, and nothing lost from a file that cannot be read."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, endpoint_to_json
from desktop_chat.domain.limits import Limits
from desktop_chat.settings import FIELDS, MAX_PLACES, Settings

ENDPOINT = Endpoint(
    "id-1", "Mine", EndpointKind.COMPATIBLE, "http://localhost:1/v1", Dialect.CHAT_COMPLETIONS
)


def test_every_field_takes_its_own_default_and_says_what_it_is() -> None:
    for field in FIELDS.values():
        assert field.check(field.default) == field.default
        assert field.description


def test_changes_are_read_back_by_the_next_run(qapp: object, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings = Settings(path)
    settings.change(theme="dark", zoom=150, endpoints=(ENDPOINT,), idle_timeout=5)
    settings.close()
    again = Settings(path)
    assert (again.theme, again.zoom, again.endpoints) == ("dark", 150, (ENDPOINT,))
    assert again.limits() == Limits(5, 10.0, 120.0, 5.0)
    assert again.complaints == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["settings.json"]


@pytest.mark.parametrize(
    "change",
    [{"zoom": 20}, {"zoom": "100"}, {"theme": "blue"}, {"attempts": True}, {"connect_timeout": float("nan")}],
)
def test_what_does_not_fit_is_refused_whole(qapp: object, tmp_path: Path, change: dict[str, object]) -> None:
    settings = Settings(tmp_path / "settings.json")
    with pytest.raises(ValueError, match=next(iter(change))):
        settings.change(send_with_enter=False, **change)
    assert settings.send_with_enter is True


def test_each_change_is_told_once(qapp: object, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    told: list[str] = []
    settings.changed.connect(told.append)
    settings.change(zoom=120, theme="system")
    settings.change(zoom=120)
    assert told == ["zoom"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"a":' * 100_000])
def test_an_unreadable_file_is_kept_aside_and_the_defaults_hold(
    qapp: object, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    settings = Settings(path)
    assert settings.complaints
    assert settings.theme == "system"
    assert (tmp_path / "settings.json.damaged").read_text() == text
    settings.change(theme="dark")
    settings.close()
    assert json.loads(path.read_text())["theme"] == "dark"


def test_a_bad_value_falls_back_alone_and_unknown_names_are_kept(qapp: object, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"version": 1, "zoom": 9000, "theme": "light", "from_the_future": [1]}))
    settings = Settings(path)
    assert (settings.zoom, settings.theme) == (100, "light")
    assert len(settings.complaints) == 1
    settings.change(zoom=110)
    settings.close()
    written = json.loads(path.read_text())
    assert written["from_the_future"] == [1]
    assert written["zoom"] == 110


def test_a_number_beyond_every_float_falls_back(qapp: object, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"connect_timeout": 1' + "0" * 400 + ', "theme": "light"}')
    settings = Settings(path)
    assert (settings.connect_timeout, settings.theme) == (10.0, "light")
    assert len(settings.complaints) == 1


@pytest.mark.parametrize(
    "endpoints",
    [
        {},
        [1],
        [{"id": "x"}],
        [{"id": "x", "name": "x", "kind": "openai", "base_url": "ftp://x", "dialect": "responses"}],
        [{"id": "x", "name": "x", "kind": "nonsense", "base_url": "http://x", "dialect": "responses"}],
        [{"id": "x", "name": 5, "kind": "openai", "base_url": "http://x", "dialect": "responses"}],
        [
            {
                "id": "x",
                "name": "x",
                "kind": "compatible",
                "base_url": "https://thief.example/v1",
                "dialect": "responses",
                "key_source": "environment",
            }
        ],
    ],
)
def test_endpoints_that_are_none_are_told_of(qapp: object, tmp_path: Path, endpoints: object) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"endpoints": endpoints}))
    settings = Settings(path)
    assert settings.endpoints == ()
    assert settings.complaints


def test_one_bad_endpoint_leaves_the_others_alone_and_stays_in_the_file(qapp: object, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    bad = {
        "id": "id-2",
        "name": "Newer",
        "kind": "quantum",
        "base_url": "https://x/v1",
        "dialect": "responses",
    }
    twice = {**endpoint_to_json(ENDPOINT), "name": "Twice"}
    path.write_text(json.dumps({"endpoints": [bad, endpoint_to_json(ENDPOINT), twice, 7]}))
    settings = Settings(path)
    assert settings.endpoints == (ENDPOINT,)
    assert [complaint.split(" is left out")[0] for complaint in settings.complaints] == [
        "The endpoint Newer",
        "The endpoint Twice",
        "An endpoint",
    ]
    settings.change(endpoints=(ENDPOINT, replace(ENDPOINT, id="id-3")), zoom=120)
    settings.close()
    again = json.loads(path.read_text())["endpoints"]
    assert [item["id"] for item in again[:2]] == ["id-1", "id-3"]
    assert again[2:] == [bad, twice, 7]


def test_a_window_that_holds_nothing_is_told_of(qapp: object, tmp_path: Path) -> None:
    """Else every request would be held back."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"own_prices": {"e1": {"m-1": {"context": "000"}}}}))
    settings = Settings(path)
    assert settings.own_prices == {}
    assert len(settings.complaints) == 1


def test_the_default_endpoint_stands_in_for_an_unknown_one(qapp: object, tmp_path: Path) -> None:
    temporary = Endpoint("env", "Environment", EndpointKind.OPENAI, "https://x/v1", Dialect.RESPONSES)
    settings = Settings(tmp_path / "settings.json", (temporary,))
    assert settings.endpoint(None) == temporary
    settings.change(endpoints=(ENDPOINT,), default_endpoint="id-1")
    assert settings.endpoint("gone") == ENDPOINT
    assert settings.endpoint("env") == temporary
    settings.close()
    assert "env" not in (tmp_path / "settings.json").read_text().replace("environment", "")


def test_a_folder_that_cannot_be_written_is_told_and_the_value_holds(qapp: object, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    settings = Settings(tmp_path / "settings.json")
    settings.path = blocked / "settings.json"
    reasons: list[str] = []
    settings.not_saved.connect(reasons.append)
    settings.change(theme="dark")
    settings.close()
    from PySide6.QtCore import QCoreApplication

    QCoreApplication.processEvents()
    assert settings.theme == "dark"
    assert len(reasons) == 1


def test_places_are_bounded_and_those_that_cannot_be_used_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings = Settings(path)
    for i in range(MAX_PLACES + 5):
        settings.keep_place(f"c{i}", ("m", 1, i, -7))
    settings.keep_place("c5", ("m", 1, 0, 0))
    settings.keep_place("c6", None)
    settings.close()
    data = json.loads(path.read_text())
    data["places"] |= {"bad": "x", "worse": ["m", 1, 2.5, 0], "flag": ["m", True, 2, 0]}
    path.write_text(json.dumps(data))
    again = Settings(path)
    assert again.complaints == []
    assert len(again.places) == MAX_PLACES - 1
    assert list(again.places)[-1] == "c5"
    assert again.places["c7"] == ["m", 1, 7, -7]
    assert "c0" not in again.places
    again.close()
