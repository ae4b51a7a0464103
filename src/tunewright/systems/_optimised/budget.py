"""What a search for a prompt may spend, counted call by call: a number of calls, and dollars where a person caps them.

A call is counted with what its reply says it took, whether it was paid now or lay on the shelf, so that a search that
was killed takes the same way again. Before dollars are spent the most that a call can cost is reckoned from the replies
seen: with prices a per token read and b per token written, each reply says that a <= usd / read and b <= usd / written.
Tokens from a cache are cheaper and say nothing; those put into one may be dearer, and are reckoned apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.records.generation import Request
from tunewright.records.usage import Spent, Usage

# Tokens that a template may put around a message; the texts themselves are never more tokens than bytes.
AROUND_A_MESSAGE = 16


@dataclass(frozen=True, slots=True)
class Rates:
    """The most that a token can cost in each bucket, in dollars, as far as replies have shown it."""

    input: float = math.inf
    cache_written: float = math.inf
    output: float = math.inf

    @property
    def known(self) -> bool:
        """Whether the price of a call has a bound."""
        return math.isfinite(self.input) and math.isfinite(self.output)

    @property
    def per_read(self) -> float:
        """Of a token read, whether it is put into a cache or not; a bucket that was never used is not expected."""
        return self.input if math.isinf(self.cache_written) else max(self.input, self.cache_written)

    def after(self, usd: float, usage: Usage) -> Rates:
        """What is known after a reply that took so much and cost ``usd``."""
        return Rates(
            min(self.input, _each(usd, usage.input)),
            min(self.cache_written, _each(usd, usage.cache_written)),
            min(self.output, _each(usd, usage.output)),
        )


@dataclass(slots=True)
class Ledger:
    """Calls and dollars declared and spent; ``usd`` 0 is no cap in dollars.

    A call of a model whose price is not known yet goes alone, so that the first is the one call that nothing bounds.
    """

    calls: int
    usd: float = 0.0
    spent_calls: int = 0
    spent_usd: float = 0.0
    unpriced: bool = False
    _rates: dict[str, Rates] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Calls left; 0 where the dollars are spent."""
        return 0 if self.usd > 0 and self.spent_usd >= self.usd else self.calls - self.spent_calls

    @property
    def share(self) -> float:
        """The share of the budget that is spent, 0 to 1."""
        dollars = self.spent_usd / self.usd if self.usd > 0 else 0.0
        return min(1.0, max(self.spent_calls / self.calls, dollars))

    def room(self, model: str, requests: Sequence[Request]) -> int:
        """How many of these requests, from the first, may be asked now without passing the budget."""
        left = min(self.left, len(requests))
        if self.usd <= 0 or left == 0:
            return left
        if model not in self._rates or not self._rates[model].known:
            return 1
        total = self.spent_usd
        for number, request in enumerate(requests[:left]):
            total += self._most(model, request)
            if total > self.usd:
                return number
        return left

    def count(self, model: str, request: Request, spent: Spent | None, status: Status) -> None:
        """Write one call down; a call that failed counts as a call, and as dollars where it may have been billed.

        Raises:
            InputError: dollars are capped and the model has no price.
        """
        self.spent_calls += 1
        usd = None if spent is None else spent.usd
        if usd is None and status.is_missing:
            known = self.usd > 0 and model in self._rates and self._rates[model].known
            self.spent_usd += self._most(model, request) if known else 0.0
            return
        if usd is None or spent is None:
            self.unpriced = True
            if self.usd > 0:
                raise _unpriced(model)
            return
        self.spent_usd += usd
        self._rates[model] = self._rates.get(model, Rates()).after(usd, spent.usage)

    def _most(self, model: str, request: Request) -> float:
        """The most that a request can cost, in dollars."""
        rates = self._rates[model]
        read, written = most_tokens(request)
        return read * rates.per_read + written * rates.output


def _each(usd: float, tokens: int) -> float:
    return usd / tokens if tokens else math.inf


def most_tokens(request: Request) -> tuple[int, int]:
    """The most tokens that a request can take: read (its bytes, and the template's) and written."""
    decoding = request.decoding
    texts = [message.content for message in request.messages] + [*request.tools, *decoding.choices]
    texts += [text for text in (decoding.schema, decoding.regex) if text]
    read = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return read + AROUND_A_MESSAGE * (1 + len(request.messages)), decoding.max_tokens


def _unpriced(model: str) -> InputError:
    return InputError(
        "optimised_prompt.unpriced",
        f"There is a budget in dollars, but no price is known for the model {model!r}.",
        where="systems: optimised_prompt, option usd",
        why="A budget cannot be kept for calls whose price nobody knows.",
        hint="State the price in prices.yaml (zeros where it is free), or declare the budget in calls alone.",
    )
