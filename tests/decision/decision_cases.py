"""Small comparisons for the tests of the decision: systems with a chosen number of fixed and broken cases."""

from __future__ import annotations

from typing import Any

import numpy as np

from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.statistics.arrays import FloatArray


def system(name: str, scores: Any, **fields: Any) -> SystemScores:
    """A baseline unless told otherwise, fairly tuned, with the scores given."""
    given = {"role": "baseline", "simplicity": 1, "declared_budget": 5, "spent_budget": 5} | fields
    return SystemScores(name=name, scores=np.asarray(scores, dtype=np.float64), **given)


def tuned(scores: Any, **fields: Any) -> SystemScores:
    return system("tuned", scores, **({"role": "candidate", "simplicity": 9} | fields))


def two(fixed: int, broken: int, n: int, right: int | None = None) -> tuple[FloatArray, FloatArray]:
    """Scores (first, second): ``fixed`` cases only the first has right, ``broken`` only the second, the rest alike."""
    alike = n - fixed - broken
    both = alike * 4 // 5 if right is None else right
    rest = [1.0] * both + [0.0] * (alike - both)
    first = np.array([1.0] * fixed + [0.0] * broken + rest)
    second = np.array([0.0] * fixed + [1.0] * broken + rest)
    return first, second


def pair_inputs(fixed: int, broken: int, n: int, **fields: Any) -> DecisionInputs:
    """The candidate ``tuned`` against the one baseline ``tfidf``."""
    first, second = two(fixed, broken, n)
    given = {"min_improvement": 0.02, "candidate": "tuned"} | fields
    return DecisionInputs(systems=(system("tfidf", second), tuned(first)), **given)
