"""What is saved to find a mistake by: all that helps, and nothing that is somebody's."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from desktop_chat import diagnostics, logs
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind
from desktop_chat.paths import Profile
from desktop_chat.settings import Settings

ENDPOINT = Endpoint(
    "id-1",
    "CANARY work",
    EndpointKind.COMPATIBLE,
    "https://canary.example/v1",
    Dialect.CHAT_COMPLETIONS,
    organization="CANARY",
    headers=(("X-Team", "CANARY"),),
    token_command="get-token --user CANARY",
    proxy_url="http://CANARY:3128",
    requests_per_minute=20,
)


@pytest.fixture
def profile(qapp: object, tmp_path: Path) -> Profile:
    made = Profile.at(tmp_path)
    made.create()
    settings = Settings(made.settings)
    settings.change(
        endpoints=(ENDPOINT,),
        zoom=150,
        places={"CANARY": ["a", 1, 2, 3]},
        own_prices={"CANARY": {"m": {"input": "1"}}},
    )
    settings.close()
    made.database.write_bytes(b"CANARY" * 100)
    (made.logs / f"{logs.LOG_NAME}.1").write_text("an older line\n")
    (made.logs / logs.LOG_NAME).write_text(
        json.dumps({"message": "asked", "request": "CANARY", "response": "CANARY"})
        + f"\n{json.dumps({'message': f'no file {Path.home()}/x and {Path.home()}ster'})}\nkey-to-be-known\n"
    )
    (made.logs / "crash.log").write_text("Segmentation fault")
    return made


def test_what_helps_is_there_and_what_is_somebodys_is_not(profile: Profile) -> None:
    documents = diagnostics.collect(profile, ["Screen 1 x 1"], ["key-to-be-known"])
    texts = {document.name: document.text for document in documents}
    assert list(texts) == [
        *("about.txt", "settings.json", "files.txt"),
        *(logs.LOG_NAME, f"{logs.LOG_NAME}.1", "crash.log"),
    ]
    assert "Screen 1 x 1" in texts["about.txt"]
    settings = json.loads(texts["settings.json"])
    assert settings["zoom"] == 150
    assert settings["endpoints"][0]["requests_per_minute"] == 20
    assert settings["endpoints"][0]["token_command"] == "[set]"
    assert "600  " in texts["files.txt"]
    assert json.loads(texts[logs.LOG_NAME].splitlines()[0])["message"] == "asked"
    for text in texts.values():
        assert "canary" not in text.lower()
        assert "key-to-be-known" not in text
        assert f"{Path.home()}/x" not in text
    assert f"{Path.home()}ster" in texts[logs.LOG_NAME]


def test_a_line_that_broke_off_tells_nothing_of_a_chat(profile: Profile) -> None:
    with (profile.logs / logs.LOG_NAME).open("a") as log:
        log.write('{"message": "asked", "request": "CANARY and the disk was fu')
    assert all("CANARY" not in document.text for document in diagnostics.collect(profile, []))


def test_a_setting_of_a_newer_version_may_be_anything(profile: Profile) -> None:
    values = json.loads(profile.settings.read_bytes()) | {"future": {"secret": "CANARY"}}
    profile.settings.write_text(json.dumps(values))
    assert "CANARY" not in str(diagnostics.collect(profile, []))


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"endpoints": [1, {}]}', b""])
def test_settings_that_cannot_be_read_are_told(profile: Profile, content: bytes) -> None:
    profile.settings.write_bytes(content)
    assert diagnostics.collect(profile, [])[1].text


def test_an_empty_profile_has_something_to_tell(tmp_path: Path) -> None:
    assert [document.name for document in diagnostics.collect(Profile.at(tmp_path), ["a"])] == [
        *("about.txt", "settings.json", "files.txt"),
    ]


def test_the_archive_holds_the_documents() -> None:
    made = diagnostics.archive([diagnostics.Document("a.txt", "", "ä")])
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.read("a.txt").decode() == "ä"
