"""Break-even volumes against published figures, a slow obvious twin, whole machines, and unpriced parts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.decision.break_even import (
    break_even,
    break_even_calls,
    break_even_text,
    calls_that_pay_a_month,
    payback_months,
)
from tunewright.decision.cost_line import CostLine, Terms, added, answering_usd, counted, monthly_usd, whole_usd
from tunewright.decision.money import OwnMachine

PROMPT, TUNED = 0.000960, 0.000129  # GPT-5.4-mini with a cached prompt; a tuned Qwen3-8B
TERMS = Terms(months=12)
prices = st.floats(0.0001, 1.0)
fixed = st.floats(0.0, 10_000.0)


@pytest.mark.parametrize(("cost", "calls"), [(6.60, 7_943), (500, 601_685), (5_000, 6_016_848), (20_000, 24_067_389)])
def test_published_break_even_volumes(cost: float, calls: int) -> None:
    assert break_even_calls(cost, 0.0, TUNED, PROMPT) == pytest.approx(calls, abs=1)


def test_break_even_at_the_edges() -> None:
    assert break_even_calls(10.0, 0.0, 0.002, 0.001) is None
    assert break_even_calls(10.0, 0.0, 0.001, 0.001) is None
    assert break_even_calls(0.0, 10.0, 0.001, 0.001) == 0.0
    assert break_even_calls(0.0, 10.0, 0.001, 0.002) == 0.0


@pytest.mark.parametrize(
    ("usd_per_hour", "millions", "share"), [(2.69, 2.05, 0.024), (3.99, 3.03, 0.036), (8.00, 6.08, 0.072)]
)
def test_a_machine_that_is_paid_busy_or_not(usd_per_hour: float, millions: float, share: float) -> None:
    calls = calls_that_pay_a_month(usd_per_hour * 730, PROMPT)
    assert calls / 1e6 == pytest.approx(millions, abs=0.005)
    assert calls / (32.258 * 3600 * 730) == pytest.approx(share, abs=0.0006)


@settings(deadline=None, max_examples=25)
@given(prices, prices, fixed, fixed)
def test_straight_lines_cross_where_the_formula_says(c: float, d: float, f: float, g: float) -> None:
    first, second = CostLine("a", once_usd=f, usd_per_call=c), CostLine("b", once_usd=g, usd_per_call=d)
    found = break_even(first, second, TERMS)
    volume = None if c == d else (f - g) / (d - c) / TERMS.months
    if volume is None or not 1.01 < volume < 0.99e9:
        assert len(found.crossings) <= 1
        return
    assert [turn.calls_per_month for turn in found.crossings] == [pytest.approx(volume, rel=1e-4)]
    cheaper, dearer = ("a", "b") if c < d else ("b", "a")
    assert found.crossings[0].cheaper == cheaper
    assert found.at_first == dearer


def test_whole_machines_make_steps_and_every_change_is_found() -> None:
    # A machine at $73 a month carries 1 call a second at its peak; a call elsewhere costs a cent.
    own = CostLine("own", machine=OwnMachine(0.6, 0.1))
    paid = CostLine("paid", usd_per_call=0.0002)
    found = break_even(own, paid, TERMS)
    assert found.at_first == "paid"
    assert found.crossings[0].cheaper == "own"
    assert found.crossings[0].calls_per_month == pytest.approx(365_000, rel=1e-6)
    # The slow twin: a fine walk over the volumes must see the same cheaper one everywhere.
    turns = [turn.calls_per_month for turn in found.crossings]
    for step in range(1, 800):
        calls = 10 ** (step / 100)
        a, b = whole_usd(own, calls, TERMS), whole_usd(paid, calls, TERMS)
        assert a is not None
        assert b is not None
        if abs(a - b) < 1e-3 or any(abs(calls / turn - 1) < 0.02 for turn in turns):
            continue
        passed = [turn for turn in found.crossings if turn.calls_per_month <= calls]
        assert (passed[-1].cheaper if passed else found.at_first) == ("own" if a < b else "paid"), calls


def test_unpriced_stays_open() -> None:
    open_line, known = CostLine("open", usd_per_call=None), CostLine("known", usd_per_call=0.1)
    assert not break_even(open_line, known, TERMS).priced
    assert payback_months(open_line, known, 100, TERMS) == (None, "unpriced")
    for hole in (
        CostLine("x", once_usd=None),
        CostLine("x", monthly_usd=None),
        CostLine("x", machine=OwnMachine(1, None)),
    ):
        assert whole_usd(hole, 100, TERMS) is None
        assert not break_even(hole, known, TERMS).priced
    text = break_even_text(open_line, known, break_even(open_line, known, TERMS), (None, "unpriced"), 100)
    assert "unpriced" in text
    assert added(1.0, None) is None
    assert added() == 0


def test_payback() -> None:
    new, old = CostLine("new", once_usd=600, usd_per_call=0.001), CostLine("old", usd_per_call=0.004)
    assert payback_months(new, old, 100_000, TERMS) == (pytest.approx(2.0), "pays")
    assert payback_months(replace(new, once_usd=0), old, 100_000, TERMS) == (0.0, "at-once")
    assert payback_months(old, new, 100_000, TERMS) == (None, "never")


def test_work_counts_only_where_it_has_a_price_and_errors_only_where_all_have_one() -> None:
    line = CostLine("a", once_hours=24, monthly_hours=2, usd_per_call=0.01, error_usd_per_call=0.1)
    assert whole_usd(line, 1000, Terms(12)) == pytest.approx(10)
    assert whole_usd(line, 1000, Terms(12, 50)) == pytest.approx(10 + 100 + 24 * 50 / 12)
    assert monthly_usd(line, 1000, Terms(12, None, errors=True)) == pytest.approx(110)
    unknown = replace(line, name="b", error_usd_per_call=None)
    assert counted([line], Terms(errors=True)).errors
    assert not counted([line, unknown], Terms(errors=True)).errors
    assert monthly_usd(unknown, 1000, Terms(errors=True)) is None


def test_billed_answers_and_a_machine_add_up() -> None:
    both = CostLine("a", usd_per_call=0.001, machine=OwnMachine(0.1, 1.0))
    assert answering_usd(both, 10_000) == pytest.approx(10 + 730)


def test_what_is_said() -> None:
    tuned, prompt = CostLine("tuned", once_usd=500, usd_per_call=TUNED), CostLine("prompt", usd_per_call=PROMPT)
    found = break_even(tuned, prompt, TERMS)
    text = break_even_text(tuned, prompt, found, payback_months(tuned, prompt, 60_800, TERMS), 60_800)
    assert "prompt is cheaper at first, tuned from about 50,100 calls a month (1,650 a day) on." in text
    assert "tuned has paid for itself after 9.9 months" in text
