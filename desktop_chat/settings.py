"""Every preference once: type, default, limits, description.

``settings.json`` holds those that differ from their default, and never a secret. It is written atomically by
a thread of its own. A value that cannot be used falls back to its default, an endpoint that cannot be
used is left out and stays in the file, and a file that cannot be read is kept beside the new one; all of it
is told in ``complaints``. Names that this version does not know are kept, so that going back to an older
version and forth again loses nothing.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, overload

from PySide6.QtCore import QObject, Signal

from desktop_chat.domain.endpoint import Endpoint, KeySource, endpoint_from_json, endpoint_to_json
from desktop_chat.domain.holds import Scope
from desktop_chat.domain.limits import Limits, limits_of
from desktop_chat.domain.listing import Sort
from desktop_chat.domain.money import parse_amount
from desktop_chat.paths import write_atomically

VERSION = 1
MAX_PLACES = 200
"""Chats whose place is kept; those left longest ago go first."""
OWN_PRICE = ("input", "output", "cached", "context")
"""What the user can say of a model: dollars a million tokens, and the tokens that its window holds."""
WINDOW_DIGITS = 9
"""Of the largest window that is believed."""

T = TypeVar("T")


@dataclass(eq=False)
class Field(Generic[T]):
    """One preference. ``read`` turns JSON into the value and ``write`` the value into JSON."""

    default: T
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[T, ...] = ()
    read: Callable[[Any], T] | None = None
    write: Callable[[T], Any] | None = None
    name: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "Field[T]": ...
    @overload
    def __get__(self, instance: "Settings", owner: type) -> T: ...
    def __get__(self, instance: "Settings | None", owner: type) -> "Field[T] | T":
        return self if instance is None else cast(T, instance._values.get(self.name, self.default))

    def check(self, value: Any) -> T:
        """``value`` as this preference's type; raises ``ValueError`` with a plain sentence."""
        if isinstance(self.default, float) and isinstance(value, int) and not isinstance(value, bool):
            # As text, since an integer beyond every float would raise OverflowError.
            value = float(str(value))
        if type(value) is not type(self.default):
            raise ValueError(f"{self.name}: {value!r} is not a {type(self.default).__name__}.")
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name}: {value!r} is not one of {', '.join(map(str, self.choices))}.")
        if self.minimum is not None and self.maximum is not None:
            number: Any = value
            if not self.minimum <= number <= self.maximum:
                raise ValueError(
                    f"{self.name}: {number} is not between {self.minimum:g} and {self.maximum:g}."
                )
        return value


def _endpoint_from_json(data: Any) -> Endpoint:
    endpoint = endpoint_from_json(data)
    if endpoint.key_source is KeySource.ENVIRONMENT:
        # Else a profile from elsewhere could send this user's OPENAI_API_KEY to a host of its choice.
        raise ValueError("the key of the environment is for the environment's own endpoint")
    return endpoint


def _write_endpoints(endpoints: tuple[Endpoint, ...]) -> list[dict[str, Any]]:
    return [endpoint_to_json(endpoint) for endpoint in endpoints]


def _read_places(data: Any) -> dict[str, list[Any]]:
    """What cannot be used is left out: a lost place is no reason to complain."""
    if not isinstance(data, dict):
        return {}
    usable = [
        (chat, place)
        for chat, place in data.items()
        if isinstance(place, list) and [type(value) for value in place] == [str, int, int, int]
    ]
    return dict(usable[-MAX_PLACES:])


def _read_amount(data: Any) -> str:
    """An amount of dollars as text; empty for none."""
    if not isinstance(data, str):
        raise ValueError(f"{data!r} is not an amount of dollars as text.")
    return str(parse_amount(data)) if data else ""


def _read_amounts(data: Any) -> dict[str, str]:
    if not isinstance(data, dict):
        raise ValueError("endpoint_budgets: not an object")
    return {endpoint: _read_amount(amount) for endpoint, amount in data.items()}


def _read_lists(data: Any) -> dict[str, list[str]]:
    if not isinstance(data, dict):
        raise ValueError("favourite_models: not an object")
    return {
        endpoint: [model for model in models if isinstance(model, str)]
        for endpoint, models in data.items()
        if isinstance(models, list)
    }


def _read_days(data: Any) -> dict[str, str]:
    """ISO dates by name; what cannot be used is left out: a lost day is no reason to complain."""
    found = data.items() if isinstance(data, dict) else ()
    return {name: day for name, day in found if isinstance(day, str) and _is_date(day)}


def _read_names(data: Any) -> list[str]:
    return [name for name in data if isinstance(name, str)] if isinstance(data, list) else []


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _read_rejected(data: Any) -> dict[str, dict[str, list[str]]]:
    if not isinstance(data, dict):
        raise ValueError("rejected: not an object")
    return {endpoint: _read_lists(models) for endpoint, models in data.items() if isinstance(models, dict)}


def _read_own_price(name: str, data: Any) -> str:
    """As :func:`_read_amount`; a window is a whole number of tokens, and may be larger than any amount."""
    if name != "context":
        return _read_amount(data)
    if not isinstance(data, str) or not data.isascii() or not data.isdecimal() or len(data) > WINDOW_DIGITS:
        raise ValueError(f"{data!r} is not a number of tokens as text.")
    if not int(data):
        raise ValueError("A window holds more than 0 tokens.")
    return data


def _read_own_prices(data: Any) -> dict[str, dict[str, dict[str, str]]]:
    if not isinstance(data, dict):
        raise ValueError("own_prices: not an object")
    prices: dict[str, dict[str, dict[str, str]]] = {}
    for endpoint, models in data.items():
        if not isinstance(models, dict) or not all(isinstance(values, dict) for values in models.values()):
            raise ValueError("own_prices: not an object of objects")
        prices[endpoint] = {
            model: {name: _read_own_price(name, values[name]) for name in OWN_PRICE if values.get(name)}
            for model, values in models.items()
        }
    return prices


class Settings(QObject):
    """The preferences of one profile, as attributes. ``changed`` carries the name of each that changed.

    ``not_saved`` carries the reason when the file could not be written; the values hold for this run.
    """

    changed = Signal(str)
    not_saved = Signal(str)

    theme = Field("system", "Light, dark, or as the system", choices=("system", "light", "dark"))
    zoom = Field(100, "Size of text and controls, in per cent", 50, 300)
    text_font = Field("", "The family of texts; empty for the system's own")
    code_font = Field("", "The family of code; empty for the system's own")
    text_size = Field(14, "Of the text of a chat, in pixels at 100 %", 11, 24)
    wrap_code = Field(False, "Wrap long lines in code")
    announce = Field(
        "sentences",
        "When a screen reader says an answer: as its sentences come, at its end, or never",
        choices=("sentences", "end", "never"),
    )
    send_with_enter = Field(True, "Enter sends; else Ctrl+Enter does")
    attempts = Field(5, "How often a request is tried in all", 1, 10)
    connect_timeout = Field(10.0, "Seconds until a connection stands", 1, 600)
    first_event_timeout = Field(120.0, "Seconds until the first word of an answer", 1, 3600)
    idle_timeout = Field(60.0, "Seconds between two pieces of an answer", 1, 3600)
    endpoints: Field[tuple[Endpoint, ...]] = Field((), "Where requests go", write=_write_endpoints)
    default_endpoint = Field("", "The endpoint of new chats, by its id")
    budget_day = Field("", "US dollars a day; empty for no limit", read=_read_amount)
    budget_month = Field("", "US dollars a month; empty for no limit", read=_read_amount)
    budget_chat = Field("", "US dollars a chat; empty for no limit", read=_read_amount)
    endpoint_budgets: Field[dict[str, str]] = Field(
        {}, "US dollars a month, by the id of an endpoint", read=_read_amounts
    )
    own_prices: Field[dict[str, dict[str, dict[str, str]]]] = Field(
        {}, "Prices and windows that the user set, by endpoint and model", read=_read_own_prices
    )
    favourite_models: Field[dict[str, list[str]]] = Field(
        {}, "Models that are listed first, by the id of an endpoint", read=_read_lists
    )
    rejected: Field[dict[str, dict[str, list[str]]]] = Field(
        {}, "What models said that they do not take, by endpoint and model", read=_read_rejected
    )
    key_days: Field[dict[str, str]] = Field(
        {}, "When keys were put into the keyring, as ISO dates, by the id of an endpoint", read=_read_days
    )
    scan_secrets = Field(True, "Ask before something is sent that looks like a key")
    keep_evidence = Field(True, "Keep what is sent and received, to be looked at")
    evidence_days = Field(30, "Days for which that is kept", 1, 3650)
    lock_minutes = Field(
        15,
        "Minutes without a key or the mouse until the app lock locks; 0 for never",
        choices=(0, 1, 5, 15, 60),
    )
    log_level = Field("info", "What is written to the log", choices=("warning", "info", "debug"))
    log_bodies = Field(False, "Write what is sent and received to the log, too")
    backups = Field(True, "Copy the chats by itself, at most once an hour")
    backup_folder = Field("", "The folder of these copies; empty for the one in the profile")
    cache_answers = Field(False, "Answer a request at temperature 0 that was answered before from here")
    window_geometry = Field("", "Place and size of the window, as Qt saves it, in base64")
    places: Field[dict[str, list[Any]]] = Field(
        {}, "Where chats were left: message, part, offset and y, by chat", read=_read_places
    )
    sidebar_width = Field(264, "Pixels", 180, 600)
    details_width = Field(272, "Pixels", 220, 600)
    list_sort = Field(Sort.USED.value, "What chats are sorted by", choices=tuple(sort.value for sort in Sort))
    open_folders: Field[list[str]] = Field([], "The ids of folders whose chats are listed", read=_read_names)
    sidebar_visible = Field(True, "Whether the list of chats is shown")
    details_visible = Field(True, "Whether the details panel is shown")

    def __init__(self, path: Path, temporary_endpoints: tuple[Endpoint, ...] = ()) -> None:
        """Read ``path``. ``temporary_endpoints`` (the environment's) are offered too, and never written."""
        super().__init__()
        self.path = path
        self.complaints: list[str] = []
        self._temporary = temporary_endpoints
        self._values: dict[str, Any] = {}
        self._unknown: dict[str, Any] = {}
        self._unreadable: list[Any] = []
        """Endpoints that cannot be used, as the file has them: they stay in it."""
        self._writer = ThreadPoolExecutor(1, "settings")
        self._load()

    def change(self, **values: Any) -> None:
        """Set preferences by name. Raises ``ValueError`` with a plain sentence; then none is set."""
        checked = {name: FIELDS[name].check(value) for name, value in values.items()}
        changed = [name for name, value in checked.items() if getattr(self, name) != value]
        if not changed:
            return
        self._values |= checked
        self._writer.submit(self._write, self._to_json())
        for name in changed:
            self.changed.emit(name)

    def keep_place(self, chat: str, place: tuple[str, int, int, int] | None) -> None:
        """Keep where a chat was left; None for its end, which needs no keeping."""
        places = {key: value for key, value in self.places.items() if key != chat}
        if place is not None:
            places[chat] = list(place)
        self.change(places=dict(list(places.items())[-MAX_PLACES:]))

    def limits(self, endpoint: Endpoint | None = None) -> Limits:
        """For every endpoint, or with the own limits of ``endpoint`` in their place."""
        limits = Limits(self.attempts, self.connect_timeout, self.first_event_timeout, self.idle_timeout)
        return limits if endpoint is None else limits_of(endpoint, limits)

    def key_stored(self, endpoint_id: str) -> None:
        """Remember that an endpoint's key was put into the keyring today."""
        today = datetime.now().astimezone().date().isoformat()
        self.change(key_days={**self.key_days, endpoint_id: today})

    def reject(self, endpoint_id: str, model: str, name: str) -> None:
        """Remember that a model does not take ``name``: see ``Request.rejected``."""
        names = self.rejected_by(endpoint_id, model)
        if name not in names:
            models = {**self.rejected.get(endpoint_id, {}), model: sorted({*names, name})}
            self.change(rejected={**self.rejected, endpoint_id: models})

    def rejected_by(self, endpoint_id: str, model: str) -> frozenset[str]:
        """What a model said that it does not take."""
        return frozenset(self.rejected.get(endpoint_id, {}).get(model, ()))

    def forget_rejected(self, endpoint_id: str, model: str | None = None, name: str | None = None) -> None:
        """Try again what a model, or with None all of an endpoint, did not take; with ``name`` that alone."""
        models = {} if model is None else dict(self.rejected.get(endpoint_id, {}))
        left = [known for known in models.pop(model or "", []) if name is not None and known != name]
        if model is not None and left:
            models[model] = left
        kept = {id: models for id, models in self.rejected.items() if id != endpoint_id}
        self.change(rejected={**kept, endpoint_id: models} if models else kept)

    def budget(self, scope: Scope, endpoint_id: str = "") -> Decimal | None:
        """US dollars that may be spent; None for no limit. ``endpoint_id`` is for ``Scope.ENDPOINT``."""
        amount = {
            Scope.DAY: self.budget_day,
            Scope.MONTH: self.budget_month,
            Scope.CHAT: self.budget_chat,
            Scope.ENDPOINT: self.endpoint_budgets.get(endpoint_id, ""),
        }[scope]
        return parse_amount(amount) if amount else None

    @property
    def all_endpoints(self) -> tuple[Endpoint, ...]:
        """Those of the file, then those of this run only."""
        return self.endpoints + self._temporary

    def endpoint(self, endpoint_id: str | None) -> Endpoint | None:
        """The endpoint of that id; of None or an unknown id the default one; None where there is none."""
        by_id = {endpoint.id: endpoint for endpoint in self.all_endpoints}
        wanted = endpoint_id if endpoint_id in by_id else self.default_endpoint
        return by_id.get(wanted) or next(iter(by_id.values()), None)

    def close(self) -> None:
        """Wait until the last change is on disk."""
        self._writer.shutdown()

    def _load(self) -> None:
        try:
            data = json.loads(self.path.read_bytes())
            if not isinstance(data, dict):
                raise ValueError("not an object")
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError) as error:
            self.complaints.append(f"The settings could not be read ({error}). The defaults are used.")
            self._keep_aside()
            return
        data.pop("version", None)
        for name, value in data.items():
            field = FIELDS.get(name)
            if field is None:
                self._unknown[name] = value
                continue
            try:
                if field is Settings.endpoints and isinstance(value, list):
                    value = self._usable(value)
                self._values[name] = field.read(value) if field.read else field.check(value)
            except ValueError as error:
                self.complaints.append(f"A setting could not be used, its default is: {error}")
        if self.complaints:
            self._keep_aside()

    def _usable(self, items: list[Any]) -> tuple[Endpoint, ...]:
        found: dict[str, Endpoint] = {}
        for item in items:
            try:
                endpoint = _endpoint_from_json(item)
                if endpoint.id in found:
                    raise ValueError(f"{endpoint.id[:80]} is the id of another, too")
                found[endpoint.id] = endpoint
            except ValueError as error:
                name = item.get("name") if isinstance(item, dict) else None
                which = f"The endpoint {name[:80]}" if isinstance(name, str) else "An endpoint"
                self.complaints.append(f"{which} is left out, and stays in the file as it is: {error}.")
                self._unreadable.append(item)
        return tuple(found.values())

    def _keep_aside(self) -> None:
        try:
            write_atomically(self.path.with_name(f"{self.path.name}.damaged"), self.path.read_bytes())
        except OSError as error:
            self.complaints.append(f"The old settings could not be kept aside ({error}).")

    def _to_json(self) -> bytes:
        values = {
            name: field.write(value) if (field := FIELDS[name]).write else value
            for name, value in self._values.items()
        }
        if self._unreadable:
            values["endpoints"] = [*values.get("endpoints", ()), *self._unreadable]
        data = {"version": VERSION, **self._unknown, **values}
        return json.dumps(data, indent=2, ensure_ascii=False).encode("utf-8", "replace") + b"\n"

    def _write(self, data: bytes) -> None:
        try:
            write_atomically(self.path, data)
        except OSError as error:
            self.not_saved.emit(str(error))


FIELDS: dict[str, Field[Any]] = {
    name: value for name, value in vars(Settings).items() if isinstance(value, Field)
}
"""Every preference by its name."""
