"""Who gets the parameters of a chat."""

from dataclasses import dataclass

from desktop_chat.domain.endpoint import Dialect


@dataclass(frozen=True, slots=True)
class Target:
    """Who gets the parameters: a model, by the dialect of its endpoint (``dialect``), and the names of what
    it said that it does not take."""

    model: str = ""
    dialect: Dialect = Dialect.RESPONSES
    rejected: frozenset[str] = frozenset()
