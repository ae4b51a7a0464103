"""What a system takes of language models per answer: means of what its answers say, for the money and the report."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.records.answers import Answer, ScoreRow
from tunewright.records.usage import Spent
from tunewright.records.verdict import PerAnswer

DIGITS = 3
USD_DIGITS = 9


def per_answer(answers: Sequence[Answer | ScoreRow], *, none_asked: bool = False) -> PerAnswer | None:
    """Means over answers; None where none asked a model. One that asked none among others that did took nothing.

    ``none_asked``: the system may ask a model and says so when it does, so that answers without a word took nothing.
    """
    answered = [answer for answer in answers if not answer.status.is_missing]
    if not answered or not (none_asked or any(answer.spent for answer in answered)):
        return None
    n = len(answered)
    total = sum((answer.spent or Spent() for answer in answered), Spent())
    usage = total.usage
    return PerAnswer(
        n=n,
        calls=round(total.calls / n, DIGITS),
        input_tokens=round(usage.input / n, DIGITS),
        cached_tokens=round(usage.cached / n, DIGITS),
        cache_written_tokens=round(usage.cache_written / n, DIGITS),
        output_tokens=round(usage.output / n, DIGITS),
        usd=None if total.usd is None else round(total.usd / n, USD_DIGITS),
    )
