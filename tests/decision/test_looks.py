"""A win at a second look at the same cases must hold at that look's share of the level; nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from decision_cases import pair_inputs

from tunewright.decision.levels import look_level
from tunewright.decision.verdict import decide
from tunewright.errors import InputError
from tunewright.statistics.mcnemar import one_sided_exact


def test_a_small_win_ships_at_the_first_look_alone() -> None:
    assert decide(pair_inputs(27, 12, 600)).headline == "SHIP_FINE_TUNE"
    later = decide(pair_inputs(27, 12, 600, look=2, incumbent="tfidf"))
    assert one_sided_exact(27, 12) > look_level(2)
    assert later.headline == "NOT_PROVEN"
    assert "this is look 2" in later.headline_text
    assert "0.42 %" in later.headline_text
    assert later.use.system == "tfidf"


def test_a_great_win_ships_at_any_look() -> None:
    assert one_sided_exact(60, 5) < look_level(9)
    assert decide(pair_inputs(60, 5, 600, look=9)).headline == "SHIP_FINE_TUNE"


def test_keeping_what_is_simpler_needs_no_further_proof() -> None:
    assert decide(pair_inputs(20, 22, 2000, look=7)).headline == "KEEP_SIMPLER"


def test_looks_are_counted_from_one() -> None:
    with pytest.raises(InputError, match="counted from 1"):
        pair_inputs(3, 2, 50, look=0)


def test_who_tries_again_until_it_ships_rarely_does() -> None:
    """Six equally good fine-tunes one after another on the same 300 cases: false SHIPs in all stay near 2.5 %."""
    chance = np.random.default_rng(5)
    runs, shipped, careless = 150, 0, 0
    for _ in range(runs):
        tries = [chance.multinomial(300, [0.1, 0.1, 0.8])[:2] for _ in range(6)]
        shipped += any(
            decide(pair_inputs(int(b), int(c), 300, look=k, min_improvement=0.0)).headline == "SHIP_FINE_TUNE"
            for k, (b, c) in enumerate(tries, start=1)
        )
        careless += any(one_sided_exact(int(b), int(c)) <= 0.025 for b, c in tries)
    assert shipped / runs <= 0.0375 + 3 * (0.0375 * 0.9625 / runs) ** 0.5
    assert careless / runs > 0.1


def test_what_is_not_shipped_at_this_look_is_not_called_better_either() -> None:
    first = decide(pair_inputs(27, 12, 600, incumbent="tfidf"))
    assert first.today_text.startswith("tuned is better than tfidf")
    assert (first.quality, first.baselines[0].proven_better, first.stopped_by_look) == ("superior", True, False)
    later = decide(pair_inputs(27, 12, 600, look=2, incumbent="tfidf"))
    assert later.today_text.startswith("At a first look tuned would be shown to be better than tfidf")
    assert later.quality not in (None, "superior")
    assert not later.baselines[0].proven_better
    assert not later.incumbent_comparisons[0].proven_better
    assert later.stopped_by_look
    # The interval keeps its 95 %.
    assert later.baselines[0].interval == first.baselines[0].interval


def test_a_great_gain_is_called_better_at_any_look() -> None:
    later = decide(pair_inputs(60, 5, 600, look=9, incumbent="tfidf"))
    assert later.today_text.startswith("tuned is better than tfidf")
    assert (later.quality, later.baselines[0].proven_better) == ("superior", True)
