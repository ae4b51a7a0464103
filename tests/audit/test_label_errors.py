"""Planted wrong labels are found and ranked; clean sets are left alone; overlapping classes are told from slips."""

from __future__ import annotations

import json

import numpy as np
import pytest
from label_rows import CLASSES, clean, sentence, view_of

from tunewright.audit.checks import label_errors
from tunewright.audit.checks.label_errors import LIMITS, run
from tunewright.audit.findings import Finding
from tunewright.audit.view import View


def _planted(rows: int = 400, wrong: int = 20, seed: int = 0) -> tuple[list[str], list[str], set[int]]:
    texts, targets = clean(rows, seed)
    spoiled = np.random.default_rng(seed).choice(rows, wrong, replace=False).tolist()
    for row in spoiled:
        targets[row] = CLASSES[(CLASSES.index(targets[row]) + 1) % 4]
    return texts, targets, set(spoiled)


def _finding(view: View, kind: str) -> Finding | None:
    return next((f for f in run(view, LIMITS).findings if f.kind == kind), None)


def test_slips_come_first_with_the_right_label() -> None:
    texts, targets, spoiled = _planted()
    found = _finding(view_of(texts, targets), "label_errors.slips")
    assert found is not None
    top = [item.rows[0] for item in found.items[:20]]
    assert len(set(top) & spoiled) >= 18
    right = {row: CLASSES[(CLASSES.index(targets[row]) - 1) % 4] for row in spoiled}
    fixes = [(item.rows[0], item.fix) for item in found.items[:20] if item.rows[0] in spoiled]
    assert all(fix is not None and fix.value == right[row] and not fix.safe for row, fix in fixes)
    numbers = dict(found.numbers)
    assert numbers["low"] <= 20 / 400 <= numbers["high"]
    assert sum(item.score for item in found.items) == pytest.approx(found.affected, abs=1)
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)


def test_clean_labels_make_no_finding() -> None:
    assert run(view_of(*clean(400)), LIMITS).findings == ()


def test_classes_that_nobody_can_tell_apart_are_one_finding() -> None:
    random = np.random.default_rng(0)
    kinds = [n % 4 for n in range(600)]
    texts = [sentence(min(kind, 2), random) for kind in kinds]
    # Kinds 2 and 3 share their words but for a hint in most rows.
    texts = [
        f"{text} hint{kind}" if kind >= 2 and random.random() < 0.8 else text
        for text, kind in zip(texts, kinds, strict=True)
    ]
    texts = [f"{text} {text.split()[-1]}" for text in texts]
    targets = [CLASSES[kind] for kind in kinds]
    flip = [n for n, kind in enumerate(kinds) if kind >= 2 and random.random() < 0.15]
    for row in flip:
        targets[row] = CLASSES[5 - kinds[row]]
    found = _finding(view_of(texts, targets), "label_errors.overlap")
    assert found is not None
    assert len(found.items) == 1
    assert "'account'" in found.items[0].why
    assert "'returns'" in found.items[0].why
    assert found.items[0].rows


def test_a_few_slips_both_ways_are_no_overlap() -> None:
    texts, targets = clean(800)
    for n in range(14):
        targets[4 * n + 2 + n % 2] = CLASSES[3 - n % 2]
    found = [f.kind for f in run(view_of(texts, targets), LIMITS).findings]
    assert found == ["label_errors.slips"]


def test_meaningless_labels_are_refused_with_the_reason() -> None:
    texts, _ = clean(400)
    random = np.random.default_rng(5)
    result = run(view_of(texts, [CLASSES[n] for n in random.integers(4, size=400)]), LIMITS)
    assert result.findings == ()
    assert result.not_checked[0].kind == "label_errors.refused"
    assert result.not_checked[0].hint


def test_rare_labels_are_told() -> None:
    texts, targets = clean(300)
    targets[:3] = ["rare"] * 3
    told = [n for n in run(view_of(texts, targets), LIMITS).not_checked if n.kind == "label_errors.rare"]
    assert len(told) == 1
    assert "'rare' (3)" in told[0].because


def test_fields_of_json_answers_are_judged_and_mended() -> None:
    texts, labels, spoiled = _planted()
    targets = [json.dumps({"id": n, "route": label, "note": f"n{n}"}) for n, label in enumerate(labels)]
    result = run(view_of(texts, targets, "generate"), LIMITS)
    found = next(f for f in result.findings if f.kind == "label_errors.slips")
    assert "'route'" in found.title
    item = found.items[0]
    assert item.rows[0] in spoiled
    assert item.fix is not None
    assert item.fix.action == "edit"
    mended = json.loads(str(item.fix.value))
    assert mended["route"] == CLASSES[(CLASSES.index(labels[item.rows[0]]) - 1) % 4]
    assert {k: v for k, v in mended.items() if k != "route"} == {"id": item.rows[0], "note": f"n{item.rows[0]}"}


def test_free_texts_and_preferences_are_not_labels() -> None:
    texts, targets, _ = _planted(200)
    answers = [f"answer {n} to {text}" for n, text in enumerate(texts)]
    for kind, rows in (("generate", answers), ("preference", targets)):
        result = run(view_of(texts, rows, kind), LIMITS)
        assert (result.findings, result.not_checked) == ((), ())


def test_the_same_view_gives_the_same_result() -> None:
    texts, targets, _ = _planted()
    assert run(view_of(texts, targets), LIMITS) == run(view_of(texts, targets), LIMITS)


def test_the_module_is_a_check() -> None:
    assert label_errors.NAME == "label_errors"
    assert label_errors.QUALITY == "correct"
