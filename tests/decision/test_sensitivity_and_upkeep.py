"""One change at a time, and hours of work: assumed until timed."""

from __future__ import annotations

import pytest

from tunewright.decision.cost_line import CostLine, Terms
from tunewright.decision.money import OwnMachine
from tunewright.decision.sensitivity import scenarios
from tunewright.decision.upkeep import Effort, label_time, per_month


def test_every_change_by_hand() -> None:
    prompt = CostLine("prompt", usd_per_call=0.01, error_usd_per_call=0.02, monthly_hours=1)
    again = {"monthly_hours": 4, "retraining_hours": 2, "monthly_usd": 0.0, "retraining_usd": 0.0}
    tuned = CostLine("tuned", once_usd=120, machine=OwnMachine(0.01, 0.1), error_usd_per_call=0.01, **again)
    found = {one.what: one for one in scenarios([prompt, tuned], 10_000, Terms(12, 50, errors=True))}
    assert found["as stated"].usd_per_month == {
        "prompt": pytest.approx(350),
        "tuned": pytest.approx(10 + 73 + 100 + 200),
    }
    assert found["as stated"].cheapest == "prompt"
    assert found["volume x 10"].cheapest == "tuned"
    assert found["volume x 0.1"].usd_per_month["prompt"] == pytest.approx(10 + 20 + 50)
    assert found["a wrong answer x 2"].usd_per_month == {"prompt": pytest.approx(550), "tuned": pytest.approx(483)}
    assert found["price of tokens x 0.5"].usd_per_month["prompt"] == pytest.approx(300)
    assert found["price of machines x 2"].usd_per_month["tuned"] == pytest.approx(383 + 73)
    assert found["hours of work x 2"].usd_per_month["tuned"] == pytest.approx(383 + 200)
    assert found["all made anew once, as when a model ends"].usd_per_month["tuned"] == pytest.approx(383 + 10)
    assert found["retrainings x 2"].usd_per_month["tuned"] == pytest.approx(383 + 2 * 50)
    assert found["retrainings x 0.5"].usd_per_month["tuned"] == pytest.approx(383 - 50)
    assert found["retrainings x 2"].usd_per_month["prompt"] == pytest.approx(350)
    assert len(found) == 16


def test_a_machine_that_is_used_half_as_much_is_two_machines() -> None:
    # 1 million calls a month: 1.904 a second at the peak, 0.5 s each, 60 % busy at most: 1.587 machines.
    line = CostLine("own", machine=OwnMachine(0.5, 1.0))
    found = {one.what: one.usd_per_month["own"] for one in scenarios([line], 1e6, Terms())}
    assert found["as stated"] == pytest.approx(2 * 730)
    assert found["use made of machines x 0.5"] == pytest.approx(4 * 730)
    assert found["use made of machines x 2"] == pytest.approx(730)
    assert not [what for what in found if what.startswith("retrainings")]


def test_bills_of_retraining_follow_its_rate_and_unpriced_ones_stay_so() -> None:
    unpriced = CostLine("not", monthly_usd=None, retraining_usd=None)
    lines = [CostLine("priced", monthly_usd=10, retraining_usd=8), unpriced]
    found = {one.what: one.usd_per_month for one in scenarios(lines, 1000, Terms())}
    assert found["retrainings x 2"] == {"priced": pytest.approx(18), "not": None}
    assert found["retrainings x 0.5"] == {"priced": pytest.approx(6), "not": None}


def test_changes_that_touch_nothing_are_left_out_and_unpriced_stays() -> None:
    lines = [CostLine("free"), CostLine("open", usd_per_call=None)]
    found = scenarios(lines, 1000, Terms(12, None))
    assert [one.what for one in found] == [
        "as stated",
        "volume x 0.1",
        "volume x 10",
        "price of tokens x 0.5",
        "price of tokens x 2",
    ]
    assert all(one.usd_per_month == {"free": 0.0, "open": None} and one.cheapest == "free" for one in found)
    assert scenarios([lines[1]], 1000, Terms())[0].cheapest is None


def test_labelling_until_it_is_timed_and_after() -> None:
    assumed = label_time(1000, Effort())
    assert (assumed.low, assumed.hours, assumed.high) == (10.0, 15.0, 20.0)
    assert "assumed" in assumed.basis
    timed = label_time(1000, Effort(), median_s=18.0, timed=240)
    assert (timed.low, timed.hours, timed.high) == (5.0, 5.0, 5.0)
    assert "median of 240 timed decisions" in timed.basis
    # A median of no decisions is none.
    assert label_time(1000, Effort(), median_s=18.0, timed=0) == assumed


def test_per_month() -> None:
    assert per_month(60.0, 2) == pytest.approx(10.0)
    assert per_month(None, 2) is None
