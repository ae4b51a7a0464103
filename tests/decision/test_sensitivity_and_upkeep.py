"""One change at a time, and hours of work: assumed until timed."""

from __future__ import annotations

import pytest

from tunewright.decision.cost_line import CostLine, Terms
from tunewright.decision.money import OwnMachine
from tunewright.decision.sensitivity import scenarios
from tunewright.decision.upkeep import Effort, label_time, per_month


def test_every_change_by_hand() -> None:
    prompt = CostLine("prompt", usd_per_call=0.01, error_usd_per_call=0.02, monthly_hours=1)
    tuned = CostLine("tuned", once_usd=120, machine=OwnMachine(0.01, 0.1), error_usd_per_call=0.01, monthly_hours=4)
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
    assert len(found) == 12


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
