"""What attachments a request may carry."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from desktop_chat.domain.attaching import MAX_FILE, MAX_IMAGE, hashes_of, objection, sent_as_text
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind
from desktop_chat.domain.holds import NotTaken
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, file_text
from desktop_chat.domain.model import Ability

ENDPOINT = Endpoint(
    "e1", "Here", EndpointKind.COMPATIBLE, "http://localhost/v1", Dialect.RESPONSES, takes_files=True
)
IMAGE = Part(PartKind.IMAGE, name="cat.png", data=Attachment("a" * 64, "image/png", 1000, 10, 10))
FILE = Part(PartKind.FILE, "What it says.", name="a.pdf", data=Attachment("b" * 64, "application/pdf", 2000))


def asked(*parts: Part) -> list[Message]:
    return [Message("u", None, Role.USER, list(parts))]


def objected(
    parts: Sequence[Part], endpoint: Endpoint = ENDPOINT, abilities: frozenset[Ability] | None = None
) -> NotTaken | None:
    return objection(endpoint, "m-1", abilities, asked(*parts))


def test_nothing_is_objected_to_where_all_is_taken() -> None:
    assert objected([IMAGE, FILE]) is None
    assert objected([IMAGE, FILE], abilities=frozenset({Ability.IMAGES, Ability.FILES})) is None


def test_what_an_endpoint_or_a_model_does_not_take_is_told() -> None:
    assert objected([IMAGE], replace(ENDPOINT, takes_images=False)) == NotTaken(("Here takes no images.",))
    assert objected([IMAGE], abilities=frozenset()) == NotTaken(("m-1 takes no images.",))
    assert objected([FILE], abilities=frozenset()) == NotTaken(("m-1 takes no files.",), as_text=True)
    both = objected([IMAGE, FILE], abilities=frozenset())
    assert both == NotTaken(("m-1 takes no images.", "m-1 takes no files."))


def test_an_image_that_is_asked_about_is_not_left_out_unasked() -> None:
    rejected = frozenset({"images", "files"})
    now = asked(IMAGE, FILE)
    assert objection(ENDPOINT, "m-1", None, now, rejected) == NotTaken(("m-1 takes no images.",))
    earlier = [*now, Message("a", "u", Role.ASSISTANT), *asked(FILE)]
    assert objection(ENDPOINT, "m-1", None, earlier, rejected) is None


def test_files_go_as_text_only_where_they_were_read() -> None:
    endpoint = replace(ENDPOINT, takes_files=False)
    assert objected([FILE], endpoint) == NotTaken(("Here takes no files.",), as_text=True)
    unread = replace(FILE, text="")
    assert objected([FILE, unread], endpoint) == NotTaken(("Here takes no files.",))
    assert sent_as_text([IMAGE, unread]) == [IMAGE, unread]
    assert objected(sent_as_text([FILE]), endpoint) is None


@pytest.mark.parametrize(("part", "limit"), [(IMAGE, MAX_IMAGE), (FILE, MAX_FILE)])
def test_what_is_too_large_is_told_by_its_name(part: Part, limit: int) -> None:
    assert isinstance(part.data, Attachment)
    assert objected([replace(part, data=replace(part.data, size=limit))]) is None
    larger = objected([replace(part, data=replace(part.data, size=limit + 1))])
    assert larger is not None
    assert larger.reasons[0] == f"{part.name} is larger than {limit // 1_000_000} MB."


def test_all_together_are_limited() -> None:
    assert isinstance(FILE.data, Attachment)
    half = replace(FILE, data=replace(FILE.data, size=MAX_FILE // 2 + 1))
    together = objected([half, half])
    assert together == NotTaken(("All attachments together are larger than 50 MB.",), as_text=True)


def test_only_what_the_user_attached_is_sent_each_content_once() -> None:
    drawn = Message("a", "u", Role.ASSISTANT, [replace(IMAGE, data=Attachment("c" * 64))])
    by_url = replace(IMAGE, data=Attachment("", url="https://example.org/cat.png"))
    messages = [*asked(IMAGE, FILE, by_url), drawn, *asked(IMAGE, *sent_as_text([FILE]))]
    assert hashes_of(messages) == ["a" * 64, "b" * 64]
    assert hashes_of(asked(*sent_as_text([FILE]))) == []


@pytest.mark.parametrize("runs", [(), (1,), (3,), (2, 4, 3), (7, 1), (64,), (65, 63), (1000,)])
def test_the_fence_of_a_file_is_longer_than_any_in_it(runs: tuple[int, ...]) -> None:
    text = "a".join(["", *("`" * run for run in runs), ""])
    fence = "`" * max(3, *(run + 1 for run in runs), 0)
    said = file_text(replace(FILE, text=text))
    assert said == f"Content of the attached file `a.pdf`:\n\n{fence}\n{text}\n{fence}"
