"""Running cost, wrong answers, the margin that pays: worked examples and unknown prices."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.decision.money import (
    InProcess,
    OwnMachine,
    PaidPerCall,
    Workload,
    cost_record,
    default_margin,
    margin_from_error_cost,
    running_cost,
    wrong_answers,
)
from tunewright.errors import InputError

relaxed = settings(deadline=None, max_examples=60)

LOAD = Workload(calls_per_day=2000)


def test_workload() -> None:
    assert LOAD.calls_per_month == pytest.approx(60_800)
    assert LOAD.peak == pytest.approx(5 * 2000 / 86_400)
    assert Workload(2000, 7.0).peak == 7.0
    with pytest.raises(InputError):
        Workload(-1)


def test_in_process_costs_no_machine_and_says_so() -> None:
    cost = running_cost(LOAD, InProcess())
    assert (cost.usd_per_month, cost.machines) == (0.0, 0)
    assert "no machine of its own" in cost.basis


def test_machines_by_the_hour() -> None:
    # 2,000 calls a day fit one machine; a dedicated H100 at $8 an hour is $5,840 a month.
    assert running_cost(LOAD, OwnMachine(0.2, 8.0)).usd_per_month == 5840.0
    # 100 calls a second of 0.05 s at 60 % utilisation: ceil(8.33) = 9 machines.
    cost = running_cost(Workload(1e6, 100.0), OwnMachine(0.05, 2.0))
    assert (cost.machines, cost.usd_per_month) == (9, 9 * 2.0 * 730)
    # Exactly six machines' worth of work needs six.
    assert running_cost(Workload(1e6, 60.0), OwnMachine(0.06, 2.0)).machines == 6


def test_calls_paid_one_by_one() -> None:
    # 2,000 tokens in of which 1,800 cached and 150 out: $0.00096 a call in a published price example.
    assert running_cost(LOAD, PaidPerCall(0.00096)).usd_per_month == pytest.approx(58.37)


@pytest.mark.parametrize("hosting", [OwnMachine(0.2, None), PaidPerCall(None)])
def test_an_unknown_price_is_never_zero(hosting: OwnMachine | PaidPerCall) -> None:
    cost = running_cost(LOAD, hosting)
    assert cost.usd_per_month is None
    assert cost.basis.startswith("Unpriced")
    record = cost_record(cost, wrong_answers(LOAD, 0.9, (0.85, 0.94), 4.0))
    assert (record.usd_per_month, record.low, record.high) == (None, None, None)


@pytest.mark.parametrize("bad", [(0.0, 0.5), (0.1, 0.0), (0.1, 1.5)])
def test_impossible_machines_are_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(InputError):
        OwnMachine(bad[0], 1.0, bad[1])


def test_wrong_answers() -> None:
    wrong = wrong_answers(LOAD, 0.9, (0.85, 0.94), 4.0)
    assert (wrong.per_month, wrong.low, wrong.high) == (6080.0, 3648.0, 9120.0)
    assert (wrong.usd, wrong.usd_low, wrong.usd_high) == (24_320.0, 14_592.0, 36_480.0)
    unpriced = wrong_answers(LOAD, 0.9, (0.85, 0.94), None)
    assert (unpriced.per_month, unpriced.usd) == (6080.0, None)


def test_cost_record() -> None:
    running = running_cost(LOAD, OwnMachine(0.2, 8.0))
    record = cost_record(running, wrong_answers(LOAD, 0.9, (0.85, 0.94), 4.0))
    assert (record.usd_per_month, record.low, record.high) == (5840.0, 20_432.0, 42_320.0)
    assert record.wrong_answers_usd_per_month == 24_320.0
    plain = cost_record(running, None)
    assert (plain.low, plain.high, plain.wrong_answers_per_month) == (5840.0, 5840.0, None)


def test_default_margin() -> None:
    assert default_margin(None).gain == 0.02
    assert default_margin(0.9).gain == 0.02
    assert default_margin(0.5).gain == 0.05
    assert default_margin(1.0).gain == 0.02
    assert "tenth of the errors (50 %)" in default_margin(0.5).basis


def test_margin_from_error_cost() -> None:
    # 60,800 calls a month at $4 a wrong answer: a point of accuracy is worth $2,432. $5,840 of machine and $1,200 once
    # over 12 months ($100) need 2.4424 points.
    margin = margin_from_error_cost(LOAD, 4.0, extra_usd_per_month=5840.0, one_off_usd=1200.0)
    assert margin.gain == 0.0245
    assert (margin.gain - 0.0001) * 60_800 * 4.0 < 5940.0 <= margin.gain * 60_800 * 4.0
    assert "$5,940 of extra cost a month" in margin.basis


def test_margin_has_a_floor_and_a_ceiling() -> None:
    cheap = margin_from_error_cost(LOAD, 4.0, extra_usd_per_month=-500.0, one_off_usd=10.0)
    assert (cheap.gain, cheap.basis.startswith("The floor of 0.2 points")) == (0.002, True)
    assert margin_from_error_cost(LOAD, 0.001, extra_usd_per_month=5840.0, one_off_usd=0.0).gain == 1.0


@pytest.mark.parametrize(("price", "extra"), [(4.0, None), (0.0, 10.0)])
def test_margin_falls_back_when_nothing_follows(price: float, extra: float | None) -> None:
    margin = margin_from_error_cost(LOAD, price, extra_usd_per_month=extra, one_off_usd=0.0, best_validation_score=0.6)
    assert margin.gain == 0.04
    assert "Not from the cost of errors" in margin.basis


@relaxed
@given(st.floats(0.01, 100), st.floats(0, 1e5), st.floats(0, 1e5))
def test_the_margin_pays(price: float, extra: float, one_off: float) -> None:
    margin = margin_from_error_cost(LOAD, price, extra_usd_per_month=extra, one_off_usd=one_off)
    assert 0.002 <= margin.gain <= 1
    if margin.gain < 1:
        assert margin.gain * 60_800 * price >= (extra + one_off / 12) * (1 - 1e-9) - 1e-6
