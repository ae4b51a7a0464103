"""Coverage of deployment, and telling training rows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from small_sets import answered, labelled, questions, view_of

from tunewright.audit.checks import coverage, drift_from_deployment
from tunewright.audit.findings import CheckResult
from tunewright.audit.view import Deployment, FloatArray

SAME = tuple(text for text, _ in questions(120, seed=7))
OTHER = tuple(f"the garden needs {n} tomato seeds and water before summer" for n in range(120))


def _coverage(inputs: tuple[str, ...]) -> CheckResult:
    return coverage.run(view_of(answered(300), "generate", Deployment(inputs=inputs)), coverage.LIMITS)


def _drift(inputs: tuple[str, ...]) -> CheckResult:
    view = view_of(labelled(300), "classify", Deployment(inputs=inputs))
    return drift_from_deployment.run(view, drift_from_deployment.LIMITS)


def test_inputs_of_the_same_kind_are_covered() -> None:
    result = _coverage(SAME)
    assert result.findings == ()
    assert dict(result.numbers)["coverage"] > 0.85


def test_inputs_of_another_kind_are_shown() -> None:
    (finding,) = _coverage(SAME[:40] + OTHER[:60]).findings
    assert finding.severity == "warning"
    assert len(finding.items) == 5
    assert all("tomato" in item.why for item in finding.items)
    assert 0.35 < dict(finding.numbers)["coverage"] < 0.45


def test_vectors_are_used_where_there_are_any() -> None:
    def embed(texts: Sequence[str]) -> FloatArray:
        # "garden" is one direction, everything else lies near another.
        rows = [[1.0, 0.0, 0.01 * (len(t) % 7)] if "garden" in t else [0.0, 1.0, 0.01 * (len(t) % 7)] for t in texts]
        vectors = np.array(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    view = replace(view_of(answered(300), "generate", Deployment(inputs=SAME[:30] + OTHER[:20])), embed=embed)
    assert dict(coverage.run(view, coverage.LIMITS).numbers)["coverage"] == 0.6


def test_what_is_shown_hides_addresses_and_numbers() -> None:
    secret = tuple(f"tomato seeds for jo{n}@mail.example, phone 0170 1234{n:03d}" for n in range(60))
    (finding,) = _coverage(secret).findings
    assert all("@" not in item.why and "1234" not in item.why for item in finding.items)


def test_without_inputs_nothing_is_judged() -> None:
    assert [each.kind for each in _coverage(()).not_checked] == ["coverage.deployment"]
    assert [each.kind for each in _drift(()).not_checked] == ["drift_from_deployment.deployment"]


def test_one_source_cannot_be_told_apart() -> None:
    result = _drift(SAME)
    assert result.findings == ()
    assert dict(result.numbers)["auc_low"] < 0.6


def test_another_source_is_told_apart_by_its_words() -> None:
    findings = {finding.kind: finding for finding in _drift(OTHER).findings}
    assert dict(findings["drift_from_deployment.words"].numbers)["auc"] > 0.99
    assert "“garden”" in findings["drift_from_deployment.words"].why


def test_longer_inputs_are_told() -> None:
    longer = tuple(f"{text} {text} {text}" for text in SAME)
    assert "drift_from_deployment.length" in {finding.kind for finding in _drift(longer).findings}
