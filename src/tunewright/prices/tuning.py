"""What providers take for fine-tuning and for asking the result: dated prices, and the arithmetic of a training bill.

``data/tuning.yaml`` holds the offers. A person's own table (``own_table``) stands above them. Prices of asking models
that nobody tuned are in ``models``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from tunewright.prices.dated import Source, UsdRange, day, entries, number, source, table, usd_range
from tunewright.prices.models import MILLION, FlatPrice
from tunewright.prices.own_table import OwnTable


@dataclass(frozen=True, slots=True)
class TuningOffer:
    """One provider's offer for one class of models; dollars per million tokens, None where unknown.

    ``answers`` is the usual question it answers, ``dedicated`` the id of a machine in ``hosting`` that must be paid by
    the hour to serve the result on ``cards`` cards, ``asking`` the price of the tuned model (where ``tunable`` is
    False: of the model itself). ``new_jobs_until`` is the last day of new training.
    """

    id: str
    answers: str
    model: str
    provider: str
    tunable: bool
    train: UsdRange | None
    asking: FlatPrice | None
    dedicated: str | None
    cards: int
    storage_usd_per_gb_month: float | None
    new_jobs_until: date | None
    remark: str
    source: Source


@cache
def tuning_offers() -> tuple[TuningOffer, ...]:
    """All offers of the table, in its order."""
    name = "tuning.yaml"
    made = []
    for item in entries(table(name), name):
        where = source(item)
        read, written, cached = number(item.get("input")), number(item.get("output")), number(item.get("cached"))
        asking = None
        if read is not None and written is not None:
            kept = read if cached is None else cached
            asking = FlatPrice(read, kept, read, written, f"{where.url}, {where.as_of}")
        made.append(
            TuningOffer(
                id=str(item["id"]),
                answers=str(item["answers"]),
                model=str(item["model"]),
                provider=str(item["provider"]),
                tunable=bool(item.get("tunable", True)),
                train=usd_range(item.get("train")),
                asking=asking,
                dedicated=None if item.get("dedicated") is None else str(item["dedicated"]),
                cards=int(str(item.get("cards", 1))),
                storage_usd_per_gb_month=number(item.get("storage_gb_month")),
                new_jobs_until=day(item.get("new_jobs_until")),
                remark=str(item.get("remark", "")),
                source=where,
            )
        )
    return tuple(made)


def with_own_prices(offer: TuningOffer, own: OwnTable | None, when: date) -> TuningOffer:
    """The offer with what the person's own table says on that day of its model or id, which stands above the list."""
    stated = None if own is None else own.entry(offer.model, when) or own.entry(offer.id, when)
    if stated is None:
        return offer
    train = offer.train if stated.train is None else (stated.train, stated.train)
    return replace(offer, asking=stated.price, train=train, source=Source(stated.price.basis, stated.since.isoformat()))


def training_tokens(tokens: int, epochs: int, validation_tokens: int = 0) -> int:
    """Tokens that a bill counts: those of training in each epoch, and those of validation.

    (Ori, Fine-tuning billing: 5 M tokens x 3 epochs + 1 M of validation are 16 M.)
    """
    return tokens * epochs + validation_tokens


def training_usd(price: UsdRange | None, billed_tokens: int) -> UsdRange | None:
    """Dollars of a training job; None where the price is unknown."""
    return None if price is None else (price[0] * billed_tokens / MILLION, price[1] * billed_tokens / MILLION)
