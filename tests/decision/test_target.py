"""The target line: met, missed or unprovable by the exact bound, alone and in groups."""

import numpy as np
import pytest
from decision_cases import system

from tunewright.decision.inputs import DecisionInputs
from tunewright.decision.target import judge_target, needed_right
from tunewright.records.verdict import Target
from tunewright.statistics.proportions import clopper_pearson_interval


def judged(right: int, n: int, goal: float, *, size: int = 1, metric: str = "accuracy") -> Target:
    scores = np.array([1.0] * right + [0.0] * (n - right))
    inputs = DecisionInputs(
        systems=(system("tfidf", scores),),
        min_improvement=0.02,
        groups=np.arange(n) // size if size > 1 else None,
        target=(metric, goal),
    )
    target = judge_target(inputs, "tfidf")
    assert target is not None
    return target


def test_the_known_example() -> None:
    # 95 % on 120 cases needs 119 right (exact lower bound of 119/120: 95.44 %; of 118/120: 94.11 %).
    assert needed_right(0.95, 120) == 119
    assert judged(119, 120, 0.95).result == "met"
    short = judged(118, 120, 0.95)
    assert short.result == "unprovable"
    assert short.text == (
        "Target not provable here: tfidf reaches 98.3 % on 120 cases. 95 % on 120 cases needs 119 right."
    )


def test_missed() -> None:
    target = judged(80, 120, 0.95)
    assert target.result == "missed"
    assert target.text == ("Target missed: tfidf reaches 66.7 % on 120 cases, at best 75 %; asked for is 95 %.")


def test_too_few_cases_for_any_proof() -> None:
    assert needed_right(0.95, 71) is None
    assert needed_right(0.95, 72) == 72
    assert judged(60, 60, 0.95).text.endswith("95 % needs at least 72 cases, all right.")
    assert judged(60, 60, 1.0).text.endswith("No number of cases proves 100 %.")


@pytest.mark.parametrize(("goal", "n"), [(0.5, 40), (0.8, 97), (0.9, 300), (0.99, 400)])
def test_the_needed_number_is_the_edge(goal: float, n: int) -> None:
    right = needed_right(goal, n)
    assert right is not None
    assert clopper_pearson_interval(right, n)[0] >= goal
    assert clopper_pearson_interval(right - 1, n)[0] < goal
    assert judged(right, n, goal).result == "met"
    assert judged(right - 1, n, goal).result == "unprovable"


def test_groups_count_for_fewer_cases() -> None:
    assert judged(400, 400, 0.95).result == "met"
    grouped = judged(400, 400, 0.95, size=8)
    assert grouped.result == "unprovable"
    assert "in groups they count as" in grouped.text


def test_no_target_no_system_and_no_bound() -> None:
    inputs = DecisionInputs(systems=(system("a", np.ones(9)),), min_improvement=0.02)
    assert judge_target(inputs, "a") is None
    asked = DecisionInputs(systems=inputs.systems, min_improvement=0.02, target=("accuracy", 0.9))
    for unscored in (None, "their-api"):
        target = judge_target(asked, unscored)
        assert target is not None
        assert (target.system, target.result) == (unscored, "unprovable")
    assert judged(120, 120, 0.9, metric="macro_f1").result == "unprovable"
