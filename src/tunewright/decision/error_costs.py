"""What wrong answers cost where it matters which: a price for each pair of right and given answer.

A chest pain filed under billing is not as bad as a bill filed under chest pain. Pairs that are not listed cost what any
wrong answer costs, and are unpriced where nobody said what that is. Cases that must pass are counted elsewhere
(``critical``): no price buys them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunewright.errors import InputError

ANY = "*"
NO_ANSWER = ""


@dataclass(frozen=True, slots=True)
class ErrorCosts:
    """Dollars by (right answer, given answer); ``*`` stands for any, an empty given answer for none of use.

    The most particular entry counts: the pair itself, then the right answer with ``*``, then ``*`` with the given one,
    then ``*`` with ``*``, then ``otherwise``. A right answer costs nothing unless its own pair is listed.
    """

    usd: Mapping[tuple[str, str], float]
    otherwise: float | None = None

    def of(self, right: str, given: str) -> float | None:
        """Dollars of one answer; None where it is unpriced."""
        if (right, given) in self.usd:
            return self.usd[right, given]
        if right == given:
            return 0.0
        for pair in ((right, ANY), (ANY, given), (ANY, ANY)):
            if pair in self.usd:
                return self.usd[pair]
        return self.otherwise

    def unknown_labels(self, labels: Sequence[str]) -> list[str]:
        """Names in the table that are no answers of this task: most likely misspelt."""
        known = {*labels, ANY, NO_ANSWER}
        return sorted({name for pair in self.usd for name in pair if name not in known})


@dataclass(frozen=True, slots=True)
class ErrorBill:
    """Mean dollars of wrong answers over all answers (None where a pair that occurred is unpriced), and the dearest."""

    usd_per_call: float | None
    n: int
    dearest: tuple[tuple[str, str, int, float], ...]
    unpriced: tuple[tuple[str, str], ...]


def error_bill(pairs: Sequence[tuple[str, str | None]], costs: ErrorCosts, most: int = 3) -> ErrorBill:
    """The bill of (right, given) pairs, given None being no usable answer.

    ``dearest``: (right, given, how often, dollars together), largest first.

    Raises:
        InputError: there are no pairs.
    """
    if not pairs:
        raise InputError("money.no_cases", "There are no scored cases to price.", where="error costs")
    counts: dict[tuple[str, str], int] = {}
    for right, given in pairs:
        key = (right, NO_ANSWER if given is None else given)
        counts[key] = counts.get(key, 0) + 1
    priced = {key: costs.of(*key) for key in counts}
    unpriced = tuple(sorted(key for key, usd in priced.items() if usd is None))
    bills = [(right, given, n, n * (priced[right, given] or 0.0)) for (right, given), n in counts.items()]
    dearest = sorted((bill for bill in bills if bill[3] > 0), key=lambda bill: (-bill[3], bill[0], bill[1]))[:most]
    whole = None if unpriced else sum(bill[3] for bill in bills) / len(pairs)
    return ErrorBill(whole, len(pairs), tuple(dearest), unpriced)
