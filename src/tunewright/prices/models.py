"""What the tokens of a hosted model cost on a given day.

A person's own table stands above the list of genai-prices, which comes with that package and is never fetched. What
neither knows is unpriced: None, never 0. Called by ``backends.http`` for the bill and for the dollar cap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

from tunewright.records.usage import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

MILLION = 1_000_000


class TokenPrice(Protocol):
    """The price of one model on one day."""

    @property
    def basis(self) -> str:
        """Where the figure comes from, with its date."""
        ...

    def usd(self, usage: Usage) -> float | None:
        """Dollars for these tokens; None where one of them has no price."""
        ...


@dataclass(frozen=True, slots=True)
class FlatPrice:
    """Dollars per million tokens of each bucket, as a person states them."""

    input: float
    cached: float
    cache_written: float
    output: float
    basis: str

    def usd(self, usage: Usage) -> float | None:
        dollars = (
            usage.input * self.input
            + usage.cached * self.cached
            + usage.cache_written * self.cache_written
            + usage.output * self.output
        )
        return dollars / MILLION


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A model in the list of genai-prices, priced as of one day; tiers by length of input are the list's."""

    model: ModelInfo
    provider: Provider
    when: datetime
    basis: str

    def usd(self, usage: Usage) -> float | None:
        from genai_prices import Usage as ListedUsage

        read = usage.input + usage.cached + usage.cache_written
        prices = self.model.get_prices(self.when)
        if (read and prices.input_mtok is None) or (usage.output and prices.output_mtok is None):
            return None
        listed = ListedUsage(
            input_tokens=read,
            cache_read_tokens=usage.cached,
            cache_write_tokens=usage.cache_written,
            output_tokens=usage.output,
        )
        try:
            return float(self.model.calc_price(listed, self.provider, genai_request_timestamp=self.when).total_price)
        except (ValueError, ArithmeticError):
            return None


Lookup = Callable[[str, str, date], TokenPrice | None]


def listed_price(model: str, base_url: str, when: date) -> TokenPrice | None:
    """The price that genai-prices lists for a model of the provider behind this address, or None.

    The provider is known by the address alone: a server of one's own is unpriced, whatever its model is called.
    """
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        return None
    noon = datetime.combine(when, time(12), tzinfo=UTC)
    try:
        provider, info = get_snapshot().find_provider_model(model, None, None, base_url)
    except LookupError:
        return None
    basis = f"genai-prices {version('genai-prices')}: {provider.id}/{info.id}, as of {when.isoformat()}"
    return ListedPrice(info, provider, noon, basis)


def worst_usd(price: TokenPrice, read: int, written: int) -> float | None:
    """The most that a call can cost which reads ``read`` tokens and writes ``written``, whichever buckets they fall in.

    A price may grow with the length of the input, so that a shorter one is never dearer; None where unpriced.
    """
    whole = Usage(output=written)
    ways = [
        price.usd(replace(whole, input=read)),
        price.usd(replace(whole, cached=read)),
        price.usd(replace(whole, cache_written=read)),
    ]
    known = [usd for usd in ways if usd is not None]
    return max(known) if len(known) == len(ways) else None
