"""Gates that follow from scores: missing answers, unequal tuning, too few cases, nothing to beat."""

import numpy as np
import pytest
from decision_cases import pair_inputs, system, tuned, two

from tunewright.decision.evidence import gather
from tunewright.decision.gates import score_gates
from tunewright.decision.inputs import DecisionInputs


def failing(inputs: DecisionInputs) -> list[str]:
    return [g.name for g in score_gates(gather(inputs).pairs, inputs) if not g.passed]


def with_missing(n: int, first_missing: int, second_missing: int) -> DecisionInputs:
    first, second = (x.copy() for x in two(n // 10, n // 20, n))
    first[:first_missing] = np.nan
    second[n - second_missing :] = np.nan
    return DecisionInputs(systems=(system("tfidf", second), tuned(first)), min_improvement=0.02, candidate="tuned")


@pytest.mark.parametrize(
    ("n", "first", "second", "passes"),
    [
        (1000, 0, 0, True),
        (1000, 5, 5, True),  # 1 % without both scores
        (1000, 6, 5, False),  # above 1 %
        (1000, 5, 0, True),  # half a point more for one
        (1000, 6, 0, False),
        (100, 1, 0, True),  # one case is forgiven from 50 cases on
        (100, 1, 1, False),
        (50, 1, 0, True),
        (49, 1, 0, False),
        (49, 0, 0, True),
    ],
)
def test_missing_scores(n: int, first: int, second: int, passes: bool) -> None:
    assert ("missing-scores" not in failing(with_missing(n, first, second))) == passes


def budgets(candidate: dict[str, object], baseline: dict[str, object]) -> list[str]:
    first, second = two(20, 10, 200)
    systems = (system("tfidf", second, **baseline), tuned(first, **candidate))
    return failing(DecisionInputs(systems=systems, min_improvement=0.02, candidate="tuned"))


def test_a_baseline_tuned_less_is_unfair_unless_its_grid_is_exhausted() -> None:
    assert budgets({"spent_budget": 8}, {"spent_budget": 3}) == ["tuning-budgets"]
    assert budgets({"spent_budget": 8}, {"spent_budget": 3, "exhausted": True}) == []
    assert budgets({"spent_budget": 8}, {"spent_budget": 8}) == []
    assert budgets({"spent_budget": 3}, {"spent_budget": 8}) == []


def test_recorded_answers_have_an_unknown_budget_and_it_is_said() -> None:
    assert budgets({"spent_budget": 8}, {"spent_budget": 0, "own": False}) == []
    assert budgets({"spent_budget": 8}, {"spent_budget": 0, "declared_budget": None}) == []
    inputs = pair_inputs(20, 10, 200)
    systems = (system("theirs", inputs.systems[0].scores, own=False), inputs.systems[1])
    other = DecisionInputs(systems=systems, min_improvement=0.02, candidate="tuned")
    gate = next(g for g in score_gates(gather(other).pairs, other) if g.name == "tuning-budgets")
    assert gate.passed
    assert "Unknown for theirs" in gate.text


def test_five_cases_or_groups_cannot_prove_anything() -> None:
    assert failing(pair_inputs(5, 0, 5)) == ["enough-cases"]
    assert failing(pair_inputs(6, 0, 6)) == []
    assert failing(pair_inputs(20, 10, 200, groups=np.arange(200) % 5)) == ["enough-cases"]
    assert failing(pair_inputs(20, 10, 200, groups=np.arange(200) % 6)) == []
    # Cross-fitted tests are stricter: seven straight wins.
    assert failing(pair_inputs(6, 0, 6, folds=np.arange(6) % 3)) == ["enough-cases"]


def test_nothing_to_beat() -> None:
    inputs = DecisionInputs(systems=(tuned(np.ones(50)),), min_improvement=0.02, candidate="tuned")
    assert failing(inputs) == ["baselines"]


def test_without_a_candidate_only_missing_scores_matter() -> None:
    first, second = two(20, 10, 200)
    systems = (system("a", first), system("b", second))
    inputs = DecisionInputs(systems=systems, min_improvement=0.02)
    assert [g.name for g in score_gates(gather(inputs).pairs, inputs)] == ["missing-scores"]
    assert failing(inputs) == []
