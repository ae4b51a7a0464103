"""Prices by pair of right and given answer: which entry counts, what stays unpriced."""

from __future__ import annotations

import pytest

from tunewright.decision.error_costs import ErrorCosts, error_bill
from tunewright.errors import InputError


def test_the_most_particular_entry_counts() -> None:
    costs = ErrorCosts({("pain", "billing"): 900, ("pain", "*"): 500, ("*", "pain"): 1, ("*", "*"): 4, ("ok", "ok"): 2})
    assert costs.of("pain", "billing") == 900
    assert costs.of("pain", "other") == 500
    assert costs.of("billing", "pain") == 1
    assert costs.of("billing", "other") == 4
    assert costs.of("billing", "billing") == 0
    assert costs.of("ok", "ok") == 2
    assert ErrorCosts({}, 3.0).of("a", "b") == 3.0
    assert ErrorCosts({}, None).of("a", "b") is None
    assert ErrorCosts({("a", ""): 7}).of("a", "") == 7


def test_a_bill_by_hand() -> None:
    costs = ErrorCosts({("pain", "*"): 500, ("*", ""): 5}, otherwise=4)
    pairs = [("pain", "pain"), ("pain", "billing"), ("billing", "pain"), ("billing", None), ("billing", "billing")]
    bill = error_bill(pairs, costs)
    assert bill.usd_per_call == pytest.approx((500 + 4 + 5) / 5)
    assert bill.dearest[0] == ("pain", "billing", 1, 500)
    assert bill.unpriced == ()


def test_a_table_of_equal_prices_is_the_price_of_an_error() -> None:
    pairs = [("a", "a"), ("a", "b"), ("b", None), ("b", "b")]
    flat = error_bill(pairs, ErrorCosts({}, 4.0))
    assert flat.usd_per_call == error_bill(pairs, ErrorCosts({("*", "*"): 4.0})).usd_per_call == pytest.approx(2.0)


def test_a_pair_that_occurs_without_a_price_leaves_the_bill_open() -> None:
    costs = ErrorCosts({("a", "b"): 10})
    bill = error_bill([("a", "b"), ("b", "a"), ("b", None)], costs)
    assert bill.usd_per_call is None
    assert bill.unpriced == (("b", ""), ("b", "a"))
    # A pair without a price that does not occur is no matter.
    assert error_bill([("a", "b"), ("b", "b")], costs).usd_per_call == 5.0


def test_misspelt_labels_and_no_cases() -> None:
    assert ErrorCosts({("payn", "*"): 1, ("*", ""): 1, ("a", "b"): 1}).unknown_labels(["a", "b"]) == ["payn"]
    with pytest.raises(InputError):
        error_bill([], ErrorCosts({}))
