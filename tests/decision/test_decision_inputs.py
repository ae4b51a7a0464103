"""The door of the decision: what does not fit together is refused with a name and a place."""

import numpy as np
import pytest
from decision_cases import pair_inputs, system, tuned

from tunewright.decision.inputs import DecisionInputs
from tunewright.errors import InputError


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"min_improvement": -0.01}, "min_improvement"),
        ({"min_improvement": float("nan")}, "min_improvement"),
        ({"min_improvement": 2.0}, "min_improvement"),
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": 0.5}, "alpha"),
        ({"candidate": "tfidf"}, "candidate"),
        ({"candidate": "nobody"}, "candidate"),
        ({"groups": np.zeros(9, dtype=np.int64)}, "groups"),
        ({"folds": np.zeros((10, 1), dtype=np.int64)}, "folds"),
    ],
)
def test_refusals(fields: dict[str, object], where: str) -> None:
    with pytest.raises(InputError) as refusal:
        pair_inputs(2, 1, 10, **fields)
    assert refusal.value.where == where


@pytest.mark.parametrize("scores", [[0.5, 1.1], [-0.1, 0.0], [np.inf, 0.0]])
def test_scores_outside_the_unit_are_refused(scores: list[float]) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        DecisionInputs(systems=(system("a", scores),), min_improvement=0.02)


def test_same_names_and_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="same name"):
        DecisionInputs(systems=(system("a", [1.0]), system("a", [0.0])), min_improvement=0.02)
    with pytest.raises(InputError, match="same cases"):
        DecisionInputs(systems=(system("a", [1.0]), system("b", [0.0, 1.0])), min_improvement=0.02)


def test_references_are_baselines_and_a_tuned_system_of_today() -> None:
    old = system("old-tune", [1.0], role="candidate")
    other = system("other-tune", [1.0], role="candidate")
    inputs = DecisionInputs(
        systems=(system("a", [1.0]), old, other, tuned([1.0])),
        min_improvement=0.02,
        candidate="tuned",
        incumbent="old-tune",
    )
    assert [s.name for s in inputs.references] == ["a", "old-tune"]


def test_the_incumbent_may_be_missing_from_the_scores() -> None:
    inputs = pair_inputs(2, 1, 10, incumbent="their-api")
    assert inputs.scored_incumbent is None
    assert [s.name for s in inputs.references] == ["tfidf"]
