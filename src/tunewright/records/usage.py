"""What an answer took of language models: calls, tokens in the buckets that are billed apart, and dollars."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in the four buckets that are billed apart; each token stands in one bucket only.

    ``input`` are read at the full price, ``cached`` were read from a cache, ``cache_written`` were put into one,
    ``output`` were written (thinking included).
    """

    input: int = 0
    cached: int = 0
    cache_written: int = 0
    output: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.cached + other.cached,
            self.cache_written + other.cache_written,
            self.output + other.output,
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """What one answer took: ``calls`` of a model, their tokens, and dollars; ``usd`` None is unpriced, never 0."""

    calls: int = 0
    usage: Usage = Usage()
    usd: float | None = 0.0

    def __add__(self, other: Spent) -> Spent:
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Spent(self.calls + other.calls, self.usage + other.usage, usd)
