"""Planted wrong labels are found and ranked; clean sets are left alone; overlapping classes are told from slips."""

from __future__ import annotations

import json

import numpy as np
import pytest
from label_rows import CLASSES, clean, sentence, view_of

from tunewright.audit.checks import label_errors
from tunewright.audit.checks.label_errors import LIMITS, run
from tunewright.audit.findings import Finding
from tunewright.audit.out_of_sample import OutOfSample, judged_targets
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
    assert 14 <= found.affected <= 22
    assert numbers["clear"] == found.affected / 400
    assert sum(item.score for item in found.items) == pytest.approx(found.affected, abs=1)
    assert found.severity == "warning"
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)


def test_clean_labels_make_no_finding() -> None:
    assert run(view_of(*clean(400)), LIMITS).findings == ()


def _hard(classes: int, rows: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Right labels of short texts whose few telling words the next classes use too."""
    random = np.random.default_rng(seed)
    texts = []
    for kind in range(classes):
        for _ in range(rows):
            near = (kind + random.integers(2, size=3)) % classes
            own = [f"k{k}x{n}" for k, n in zip(near.tolist(), random.integers(3, size=3).tolist(), strict=True)]
            texts.append(" ".join([*own, *(f"common{n}" for n in random.integers(60, size=3))]))
    return texts, [f"class{kind}" for kind in range(classes) for _ in range(rows)]


def test_hard_right_labels_are_no_error_and_not_counted_as_wrong() -> None:
    view = view_of(*_hard(40, 8))
    judged = judged_targets(view)
    assert isinstance(judged, OutOfSample)
    # Confident learning counts far more than a tenth of right labels as wrong here.
    assert judged.joint.errors > 0.1 * len(view)
    result = run(view, LIMITS)
    assert 0.4 < dict(result.numbers)["agreement"] < 0.8
    assert dict(result.numbers)["clearly_another_label"] < 0.05
    found = next((f for f in result.findings if f.kind == "label_errors.slips"), None)
    assert found is None or found.severity != "error"
    if found is not None:
        assert "no proof" in found.why
        assert "merely hard" in found.why


def test_a_few_clear_rows_are_a_note_unless_their_share_is_sure() -> None:
    texts, targets, _ = _planted(800, 1)
    found = _finding(view_of(texts, targets), "label_errors.slips")
    assert found is not None
    assert found.severity == "note"
    assert found.title == "1 label looks wrong to models that have not seen them, by a clear margin"


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


def _random(rows: int, classes: int = 4) -> View:
    texts, _ = clean(rows)
    labels = np.random.default_rng(5).integers(classes, size=rows)
    return view_of(texts, [CLASSES[n] for n in labels])


@pytest.mark.parametrize(("rows", "classes"), [(400, 4), (1000, 2)])
def test_random_labels_are_a_warning_with_the_reason(rows: int, classes: int) -> None:
    result = run(_random(rows, classes), LIMITS)
    assert [(f.kind, f.severity, f.affected) for f in result.findings] == [
        ("label_errors.unlearnable", "warning", rows)
    ]
    for cause in ("random", "input column", "does not say it"):
        assert cause in result.findings[0].advice
    assert result.not_checked[0].kind == "label_errors.refused"
    assert result.not_checked[0].hint


def test_labels_of_which_most_are_wrong_are_a_warning() -> None:
    texts, targets = clean(600)
    random = np.random.default_rng(0)
    for row in np.flatnonzero(random.random(600) < 0.6).tolist():
        targets[row] = CLASSES[(CLASSES.index(targets[row]) + 1 + int(random.integers(3))) % 4]
    assert [f.kind for f in run(view_of(texts, targets), LIMITS).findings] == ["label_errors.unlearnable"]


def test_few_rows_and_one_common_label_are_not_called_random() -> None:
    few = run(_random(120), LIMITS)
    assert few.findings == ()
    assert few.not_checked[0].kind == "label_errors.refused"
    texts, _ = clean(400)
    common = ["a" if n else "b" for n in np.random.default_rng(1).integers(12, size=400)]
    assert run(view_of(texts, common), LIMITS).findings == ()


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
