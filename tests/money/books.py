"""A server that keeps its own books: what it would bill for each request, whatever becomes of it."""

import asyncio
import json
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from desktop_chat.domain.titles import TITLE_PROMPT
from desktop_chat.session import CONTINUE_PROMPT
from tests.server import Exchange, faults, wire

WORDS = ("time", "year", "people", "way", "day", "man", "thing", "woman", "life", "child", "world", "school")
"""Each is one token with the space before it."""
MODELS = ("gpt-9", "gpt-9-mini", "mystery")
TITLE_MODEL = "gpt-9-nano"
"""Of its own, since titles are not asked for in such words: what it reports is no count to learn from."""
THRESHOLD = 300
"""Input tokens from which on a longer context costs more."""

# Dollars a million tokens: input, cached, written to the cache, output; by model, tier and longer context.
_RATES = {
    ("gpt-9", "", False): ("1.25", "0.125", "1.5625", "10"),
    ("gpt-9", "", True): ("2.5", "0.125", "1.5625", "15"),
    ("gpt-9", "flex", False): ("0.625", "0.0625", "0.78125", "5"),
    ("gpt-9", "priority", False): ("2.5", "0.25", "3.125", "20"),
    ("gpt-9-mini", "", False): ("0.05", "0.005", "0.05", "0.4"),
    (TITLE_MODEL, "", False): ("0.025", "0.0025", "0.025", "0.2"),
}


def price_file(url: str, day: str) -> bytes:
    """The same prices as the program reads them: those of a provider at ``url``."""

    def amounts(model: str, tier: str = "") -> dict[str, Any]:
        names = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "output_mtok")
        found: dict[str, Any] = dict(zip(names, _RATES[model, tier, False], strict=True))
        if (longer := _RATES.get((model, tier, True))) is not None:
            for name, amount in zip(names, longer, strict=True):
                if amount != found[name]:
                    tiers = [{"start": THRESHOLD, "price": amount}]
                    found[name] = {"base": found[name], "tiers": tiers}
        return found

    models: list[dict[str, Any]] = [
        {"id": name, "match": {"regex": f"^{name}(-20.*)?$"}, "prices": amounts(name)}
        for name in ("gpt-9", "gpt-9-mini", TITLE_MODEL)
    ]
    models[0]["price_variants"] = [
        {"when": {"service_tier": tier}, "prices": amounts("gpt-9", tier)} for tier in ("flex", "priority")
    ]
    provider = {"id": "openai", "name": "Books", "api_pattern": url.replace(".", "\\."), "models": models}
    return json.dumps({"fetched": day, "providers": [provider]}).encode()


@dataclass
class Bill:
    """What one request costs, in picodollars; None where this server has no price for its model.

    ``is_reported`` tells whether the client was told its tokens (or that there is nothing to pay).
    """

    request_id: str
    model: str
    amount: int | None
    input: int
    output: int
    is_reported: bool


class Books:
    """Answers at random. ``stalls`` is set while it waits for the client to stop, and has ``sent`` so far."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.bills: list[Bill] = []
        self.stalls = asyncio.Event()
        self.sent = ""
        self.continue_tokens = 0
        """What :data:`CONTINUE_PROMPT` takes."""

    async def serve(self, exchange: Exchange) -> None:
        """The script of the server."""
        roll = self.random
        body = exchange.json
        is_title = TITLE_PROMPT in exchange.body.decode()
        words, *others = (
            [f" {roll.choice(WORDS)}" for _ in range(roll.randint(1, 60))] for _ in range(body.get("n", 1))
        )
        beside = [_other(index + 1, other) for index, other in enumerate(others)]
        more = sum(map(len, others))
        kinds = {"whole": 60, "silent_usage": 6, "cut": 8, "error": 4, "refused": 8, "later": 8, "lost": 4}
        if not is_title:
            kinds |= {"stall": 8, "mute": 4, "long wait": 2}
        kind = roll.choices(list(kinds), list(kinds.values()))[0]
        if is_title and kind in ("silent_usage", "cut", "lost"):
            kind = "whole"  # the prompt of titles is not made of words that are counted here
        request_id = f"req_{len(self.bills)}"
        head = {"x-request-id": request_id}
        taken = self._input(body, exchange.chat)
        if kind in ("refused", "later", "long wait", "error"):
            self._bill(request_id, body["model"], 0, 0, reported=True)
        match kind:
            case "whole":
                usage = self._usage(taken, len(words) + more)
                tier = roll.choice([None, None, "default", "flex", "priority"])
                amount = _amount(body["model"], usage, tier)
                bill = Bill(request_id, body["model"], amount, usage["in"], usage["out"], True)
                self.bills.append(bill)
                named = body["model"] + roll.choice(["", "-2026-01-01"])
                await _answer(exchange, head, beside, words, usage, tier, named)
            case "silent_usage":
                self._bill(request_id, body["model"], taken, len(words) + more)
                await _answer(exchange, head, beside, words, None, None, body["model"])
            case "cut":
                words = words[: roll.randint(1, len(words))]
                self._bill(request_id, body["model"], taken, len(words) + more)
                begun = [*wire.opening(exchange.chat), *beside, *_texts(exchange.chat, words)]
                await faults.built(lambda _: begun, head)(exchange)
            case "stall":
                self._bill(request_id, body["model"], taken, len(words) + more)
                await exchange.head(200, head)
                for item in [*wire.opening(exchange.chat), *beside, *_texts(exchange.chat, words)]:
                    await exchange.send(item)
                await self._wait(exchange, "".join(words))
            case "mute":
                self._bill("", body["model"], taken, 0)
                await self._wait(exchange, "")
            case "lost":
                self._bill("", body["model"], taken, 0)
                await faults.close_before_head(exchange)
            case "error":
                failed = wire.sse({"type": "error", "error": {"message": "No."}}, "error")
                await faults.raw(failed, headers=head)(exchange)
            case "refused":
                await faults.status(roll.choice([401, 403, 404, 413]), headers=head)(exchange)
            case "later":
                await faults.status(roll.choice([429, 500, 503]), headers=head)(exchange)
            case "long wait":
                await faults.status(429, headers={**head, "retry-after": "60"})(exchange)

    async def _wait(self, exchange: Exchange, sent: str) -> None:
        self.sent = sent
        self.stalls.set()
        await exchange.closed.wait()

    def _bill(self, request_id: str, model: str, taken: int, given: int, *, reported: bool = False) -> None:
        usage = {"in": taken, "out": given, "cached": 0, "written": 0}
        amount = 0 if reported else _amount(model, usage, None)
        self.bills.append(Bill(request_id, model, amount, taken, given, reported))

    def _input(self, body: dict[str, Any], chat: bool) -> int:
        """The tokens of a request by the published formula, as this server counts: from what came."""
        messages = [message["content"] for message in body["messages" if chat else "input"]]
        if body.get("instructions"):
            messages.append(body["instructions"])
        return 3 + sum(4 + self._text(text) for text in messages)

    def _text(self, text: str) -> int:
        return self.continue_tokens if text == CONTINUE_PROMPT else len(text.split())

    def _usage(self, taken: int, given: int) -> dict[str, int]:
        cached = self.random.randint(0, taken)
        return {
            "in": taken,
            "out": given + (thought := self.random.choice([0, 0, 17, 1234])),
            "cached": cached,
            "written": self.random.choice([0, self.random.randint(0, taken - cached)]),
            "thought": thought,
        }


def _amount(model: str, usage: dict[str, int], tier: str | None) -> int | None:
    """Picodollars, in whole numbers only."""
    if model == "mystery":
        return None
    named = tier if (model, tier, False) in _RATES and tier else ""
    longer = usage["in"] > THRESHOLD and (model, named, True) in _RATES
    rates = [int(Decimal(rate) * 1_000_000) for rate in _RATES[model, named, longer]]
    plain = usage["in"] - usage["cached"] - usage["written"]
    counts = (plain, usage["cached"], usage["written"], usage["out"])
    return sum(rate * count for rate, count in zip(rates, counts, strict=True))


def _texts(chat: bool, words: list[str]) -> list[bytes]:
    return [wire.delta(chat, word, number + 1) for number, word in enumerate(words)]


def _other(index: int, words: list[str]) -> bytes:
    """All of another answer to the same request, which comes before the first one does."""
    choice = {"index": index, "delta": {"content": "".join(words)}, "finish_reason": "stop"}
    return wire.sse({"id": "c1", "model": "gpt-9", "choices": [choice]})


async def _answer(
    exchange: Exchange,
    head: dict[str, str],
    beside: list[bytes],
    words: list[str],
    usage: dict[str, int] | None,
    tier: str | None,
    model: str,
) -> None:
    """A whole answer with this usage, in the dialect of the request."""
    names = ("prompt", "completion") if exchange.chat else ("input", "output")
    reported = usage and {
        f"{names[0]}_tokens": usage["in"],
        f"{names[1]}_tokens": usage["out"],
        f"{names[0]}_tokens_details": {
            "cached_tokens": usage["cached"],
            "cache_write_tokens": usage["written"],
        },
        f"{names[1]}_tokens_details": {"reasoning_tokens": usage["thought"]},
    }
    if exchange.chat:
        end = [wire.chunk({}, "stop"), wire.sse({"model": model, "choices": [], "usage": reported})]
        if tier:
            end.append(wire.sse({"model": model, "choices": [], "usage": reported, "service_tier": tier}))
        end = [wire.sse({"model": model, "choices": [], "service_tier": tier}), *end[:2], wire.DONE]
    else:
        response = wire.response(usage=reported, model=model, service_tier=tier)
        end = [wire.event("response.completed", 9999, response=response)]
    items = [*wire.opening(exchange.chat), *beside, *_texts(exchange.chat, words), *end]
    await faults.built(lambda _: items, head)(exchange)
