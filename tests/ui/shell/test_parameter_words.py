"""What of the parameters counts as set."""

from desktop_chat.domain.parameters import Parameters, is_empty, parameters_from_json, parameters_to_json
from desktop_chat.ui.parameters.words import beyond_the_panel


def test_what_is_empty_is_neither_kept_nor_told_as_set() -> None:
    empty = Parameters(system_prompt="", stop=(), metadata={}, extra_body={})
    assert parameters_to_json(empty) == {}
    assert beyond_the_panel(empty) == []


def test_a_zero_and_an_off_are_values() -> None:
    given = Parameters(temperature=0.0, seed=0, stream=False)
    assert not any(map(is_empty, (0, 0.0, False)))
    assert parameters_from_json(parameters_to_json(given)) == given
