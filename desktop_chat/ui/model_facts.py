"""What is known of a model for the one who chooses: context, price, abilities, its end, favourites."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from desktop_chat.chats import Chats
from desktop_chat.domain.endpoint import Endpoint, EndpointKind
from desktop_chat.domain.model import Ability, Model
from desktop_chat.settings import Settings
from desktop_chat.tokens.shutdowns import Shutdown, shutdown_of
from desktop_chat.ui.counts import short_count
from desktop_chat.ui.times import day

ANNOUNCED = (EndpointKind.OPENAI, EndpointKind.AZURE)
"""Whose models OpenAI announces the end of: another server may serve one of the same name for ever."""

ABILITIES = {
    Ability.IMAGES: ("image", "reads images"),
    Ability.FILES: ("file", "reads files"),
    Ability.REASONING: ("brain", "reasons"),
    Ability.TOOLS: ("wrench", "calls tools"),
    Ability.JSON_SCHEMA: ("braces", "answers by a JSON schema"),
    Ability.AUDIO: ("audio-lines", "hears or speaks"),
}
"""The icon and the name of each, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Facts:
    """``context`` is in tokens, prices are in US dollars a million tokens; None where nobody knows.

    ``ends`` is the first day without the model, and ``ending`` the announcement where it names no day.
    """

    context: int | None = None
    input: Decimal | None = None
    output: Decimal | None = None
    abilities: frozenset[Ability] = frozenset()
    ends: date | None = None
    ending: str = ""

    @property
    def words(self) -> str:
        """Context and price: ``400k context · $1.25 in · $10 out``; empty where neither is known."""
        found = [f"{short_count(self.context)} context"] if self.context else []
        if self.input is not None and self.output is not None:
            if self.input or self.output:
                found += [f"{_rate(self.input)} in", f"{_rate(self.output)} out"]
            else:
                found.append("free")
        return " · ".join(found)

    @property
    def warning(self) -> str:
        """When the model ends: ``ends on 3 Jan 2027``; empty where no end is known."""
        if self.ends is not None:
            return f"ends on {day(self.ends, year=True)}"
        return "will end" if self.ending else ""


def _rate(amount: Decimal) -> str:
    """``$14``, ``$0.05``, ``$0.40``, ``$0.075``: all digits that a price has, cents in twos."""
    exact = amount.normalize()
    digits = -int(exact.as_tuple().exponent)
    return f"${exact:f}" if digits <= 0 or digits > 2 else f"${exact:.2f}"


class ModelFacts:
    """Looks facts up, and keeps favourites in the settings."""

    def __init__(self, chats: Chats, settings: Settings) -> None:
        self._spending = chats.spending
        self._settings = settings

    def of(self, endpoint: Endpoint, model: Model) -> Facts:
        """What is known now; the user's own word on prices and context goes first."""
        facts = Facts(
            self._spending.window(endpoint, model.id) or model.context,
            abilities=model.abilities or frozenset(),
        )
        sheet = self._spending.sheet(endpoint, model.id)
        if sheet is not None:
            facts = replace(facts, input=sheet.rates[0].input, output=sheet.rates[0].output)
        end = end_of(endpoint, model)
        return facts if end is None else replace(facts, ends=end.on, ending=end.sentence)

    async def look_up(self, endpoint: Endpoint, model: str) -> None:
        """Find the prices of a model, so that :meth:`of` knows them."""
        await self._spending.find_sheet(endpoint, model)

    def favourites(self, endpoint: Endpoint) -> list[str]:
        return self._settings.favourite_models.get(endpoint.id, [])

    def toggle_favourite(self, endpoint: Endpoint, model: str) -> bool:
        """Whether the model is a favourite from now on."""
        names = self.favourites(endpoint)
        kept = [name for name in names if name != model] if model in names else [*names, model]
        others = {id: of for id, of in self._settings.favourite_models.items() if id != endpoint.id}
        self._settings.change(favourite_models={**others, endpoint.id: kept} if kept else others)
        return model in kept


def end_of(endpoint: Endpoint, model: Model | str) -> Shutdown | None:
    """When ``model`` ends at ``endpoint``; None where nothing is known."""
    if endpoint.kind in ANNOUNCED:
        return shutdown_of(model)
    if isinstance(model, Model) and model.shuts_down is not None:
        return Shutdown(model.shuts_down)
    return None
