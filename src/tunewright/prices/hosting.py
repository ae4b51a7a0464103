"""What machines for language models cost by the hour, what one was seen to do, and which ones people train on.

Dated data in ``data/hosting.yaml``. The small server that serves a classical system is in ``machines``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tunewright.prices.dated import Source, UsdRange, entries, source, table, usd_range

_NAME = "hosting.yaml"


@dataclass(frozen=True, slots=True)
class HostingOffer:
    """A card by the hour, busy or not: ``dedicated`` with a provider of models, ``rental`` as a bare machine."""

    id: str
    provider: str
    card: str
    kind: str
    usd_per_hour: UsdRange | None
    source: Source


@dataclass(frozen=True, slots=True)
class ServingSpeed:
    """What one machine was measured to serve within its latency limits."""

    model: str
    size: str
    card: str
    input_tokens: int
    output_tokens: int
    calls_per_second: float
    output_tokens_per_second: float
    source: Source


@dataclass(frozen=True, slots=True)
class OwnTraining:
    """A way to train a usual model on cards of one's own or rented ones."""

    answers: str
    size: str
    method: str
    card: str
    cards: int
    serve_cards: int


@cache
def hosting_offers() -> tuple[HostingOffer, ...]:
    """All offers of the table, in its order."""
    return tuple(
        HostingOffer(
            str(item["id"]),
            str(item["provider"]),
            str(item["card"]),
            str(item["kind"]),
            usd_range(item.get("usd_per_hour")),
            source(item),
        )
        for item in entries(_part("offers"), _NAME)
    )


@cache
def serving_speeds() -> tuple[ServingSpeed, ...]:
    """All measured speeds."""
    return tuple(
        ServingSpeed(
            str(item["model"]),
            str(item["size"]),
            str(item["card"]),
            int(str(item["input_tokens"])),
            int(str(item["output_tokens"])),
            float(str(item["calls_per_second"])),
            float(str(item["output_tokens_per_second"])),
            source(item),
        )
        for item in entries(_part("speeds"), _NAME)
    )


@cache
def own_trainings() -> tuple[OwnTraining, ...]:
    """Ways to train on cards of one's own."""
    return tuple(
        OwnTraining(
            str(item["answers"]),
            str(item["size"]),
            str(item["method"]),
            str(item["card"]),
            int(str(item["cards"])),
            int(str(item.get("serve_cards", 1))),
        )
        for item in entries(_part("own"), _NAME)
    )


def dedicated_offer(name: str) -> HostingOffer | None:
    """The offer under an id, or None."""
    return next((offer for offer in hosting_offers() if offer.id == name), None)


def rental_range(card: str) -> tuple[UsdRange | None, tuple[Source, ...]]:
    """Lowest and highest rent of a card by the hour with their sources; None where nobody's price is known."""
    known = [(o.usd_per_hour, o.source) for o in hosting_offers() if o.card == card and o.kind == "rental"]
    prices = [price for price, _ in known if price is not None]
    if not prices:
        return None, ()
    return (min(low for low, _ in prices), max(high for _, high in prices)), tuple(where for _, where in known)


def speed_of(size: str, card: str) -> ServingSpeed | None:
    """What a model of this size was measured to serve on this card, or None."""
    return next((speed for speed in serving_speeds() if (speed.size, speed.card) == (size, card)), None)


def _part(name: str) -> object:
    whole = table(_NAME)
    return whole.get(name) if isinstance(whole, dict) else None
