"""The view with a person behind it: what is kept, what may be promised, and what has no view."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.decision.handover import handover
from tunewright.records.answers import ScoreRow, Status
from tunewright.statistics.means import mean_interval


def score_row(number: int, score: float | None, confidence: float | None, status: Status = Status.OK) -> ScoreRow:
    return ScoreRow("fit", f"row-{number}", "test", status, score, "x", confidence)


def rows_of(n: int = 200, wrong_below: float = 0.3) -> list[ScoreRow]:
    """Confidence 1/n to 1, right from ``wrong_below`` on."""
    return [score_row(i, float((i + 1) / n > wrong_below), (i + 1) / n) for i in range(n)]


def test_the_curve_falls_where_unsure_answers_are_kept() -> None:
    view = handover(rows_of(), None, None, target=0.9, person=False)
    assert view is not None
    assert [point.handed for point in view.curve] == pytest.approx([i / 40 for i in range(40)])
    by_share = {round(point.handed, 3): point for point in view.curve}
    assert (by_share[0.0].kept, by_share[0.0].score) == (200, 0.7)
    assert (by_share[0.3].kept, by_share[0.3].score) == (140, 1.0)
    assert by_share[0.2].interval == pytest.approx(mean_interval(np.repeat([1.0, 0.0], [140, 20])), abs=1e-6)
    assert view.certified is None
    assert view.area == pytest.approx(np.mean(np.cumsum([0.0] * 140 + [1.0] * 60) / np.arange(1, 201)), abs=1e-6)


def test_the_share_at_which_the_target_is_shown_is_certain_enough() -> None:
    view = handover(rows_of(), None, None, target=0.9, person=False)
    assert view is not None
    assert view.at_target is not None
    scores = np.repeat([1.0, 0.0], [140, view.at_target.kept - 140])
    assert mean_interval(scores, None, 0.025, "exact")[0] >= 0.9
    one_step_more = np.repeat([1.0, 0.0], [140, view.at_target.kept + 10 - 140])
    assert mean_interval(one_step_more, None, 0.025, "exact")[0] < 0.9
    nothing = handover(rows_of(20), None, None, target=0.95, person=False)
    assert nothing is not None
    assert nothing.at_target is None


def test_a_system_that_hands_over_is_judged_on_what_it_keeps() -> None:
    rows = rows_of(100, 0.0) + [score_row(i, 0.0, None, Status.MODEL_FAIL) for i in range(100, 150)]
    rows += [score_row(i, None, None, Status.INFRA_FAIL) for i in range(150, 160)]
    view = handover(rows, None, None, target=None, person=True)
    assert view is not None
    assert view.kept is not None
    assert (view.kept.handed, view.kept.kept, view.kept.score) == (pytest.approx(1 / 3, abs=1e-6), 100, 1.0)
    assert view.certified == pytest.approx(0.025 ** (1 / 100), abs=1e-6)
    assert view.curve[0] == view.kept
    assert view.area is None


def test_a_system_that_hands_everything_over_has_a_view_without_a_curve() -> None:
    rows = [score_row(i, 0.0, None, Status.MODEL_FAIL) for i in range(50)]
    view = handover(rows, None, None, target=0.9, person=True)
    assert view is not None
    assert (view.person, view.kept, view.certified, view.curve, view.at_target) == (True, None, None, [], None)


def test_cases_in_groups_and_folds_promise_less() -> None:
    rng = np.random.default_rng(3)
    right = np.repeat(rng.random(40) < 0.8, 5)
    rows = [score_row(i, float(good), 0.5, Status.OK) for i, good in enumerate(right)]
    alone = handover(rows, None, None, target=None, person=True)
    groups, folds = np.arange(200) // 5, np.arange(200) // 50
    together = handover(rows, groups, None, target=None, person=True)
    folded = handover(rows, groups, folds, target=None, person=True)
    assert alone is not None
    assert together is not None
    assert folded is not None
    assert alone.certified is not None
    assert together.certified is not None
    assert folded.certified is not None
    assert folded.certified <= together.certified < alone.certified


def test_without_a_confidence_there_is_no_view() -> None:
    assert handover([score_row(1, 1.0, None)], None, None, target=None, person=False) is None
    assert handover([score_row(1, None, 0.5, Status.INFRA_FAIL)], None, None, target=None, person=False) is None
    everything = handover([score_row(1, 0.0, None, Status.MODEL_FAIL)], None, None, target=None, person=True)
    assert everything is not None
    assert (everything.kept, everything.curve, everything.certified) == (None, [], None)
