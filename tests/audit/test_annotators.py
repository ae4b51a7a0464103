"""Agreement of people: low agreement and one odd person are found, good ones left alone."""

import numpy as np
from label_rows import CLASSES, clean, examples_of

from tunewright.audit.checks.annotators import LIMITS, run
from tunewright.audit.view import View


def _view(shared: int, error: dict[str, float], seed: int = 0, column: str = "annotator") -> View:
    """Every person labels each of the shared inputs, wrong with their own chance."""
    random = np.random.default_rng(seed)
    texts, truth = clean(shared, seed)
    rows, targets, tags = [], [], []
    for text, right in zip(texts, truth, strict=True):
        for person, chance in error.items():
            wrong = CLASSES[(CLASSES.index(right) + int(random.integers(1, 4))) % 4]
            rows.append(text)
            targets.append(wrong if random.random() < chance else right)
            tags.append(((column, person),))
    return View(examples_of(rows, targets, tags), "classify")


def test_people_who_disagree() -> None:
    result = run(_view(60, {"ann": 0.4, "bob": 0.4, "cem": 0.4}), LIMITS)
    found = {f.kind: f for f in result.findings}
    low = found["annotators.low_agreement"]
    numbers = dict(low.numbers)
    assert numbers["alpha_low"] < numbers["alpha"] < numbers["alpha_high"]
    assert numbers["alpha"] < 0.667
    assert low.severity == "warning"
    assert low.items[0].score >= low.items[-1].score
    assert len(low.items[0].rows) == 3
    assert "annotators.person" not in found


def test_people_who_agree() -> None:
    result = run(_view(60, {"ann": 0.02, "bob": 0.02, "cem": 0.02}), LIMITS)
    assert result.findings == ()
    assert dict(result.numbers)["alpha"] > 0.85


def test_one_odd_person_is_named_with_rows_and_the_label_of_the_rest() -> None:
    view = _view(80, {"ann": 0.03, "bob": 0.03, "cem": 0.03, "dan": 0.5})
    found = next(f for f in run(view, LIMITS).findings if f.kind == "annotators.person")
    assert found.title.startswith("1 person labels")
    for item in found.items:
        assert item.why.startswith("dan agrees")
        assert view.examples[item.rows[0]].tag("annotator") == "dan"
        assert item.fix is not None
        assert item.fix.value != view.examples[item.rows[0]].target
    assert 25 <= len(found.items) <= 50


def test_too_few_shared_inputs_are_told() -> None:
    result = run(_view(8, {"ann": 0.1, "bob": 0.1}), LIMITS)
    assert [n.kind for n in result.not_checked] == ["annotators.few"]


def test_numbers_are_a_scale() -> None:
    random = np.random.default_rng(0)
    texts, _ = clean(80)
    rows, targets, tags = [], [], []
    for text in texts:
        right = int(random.integers(1, 6))
        for person in ("ann", "bob"):
            rows.append(text)
            targets.append(str(min(5, max(1, right + int(random.integers(-1, 2))))))
            tags.append((("completed_by", person),))
    result = run(View(examples_of(rows, targets, tags), "classify"), LIMITS)
    numbers = dict(result.numbers)
    # Near misses count little on a scale and fully as names.
    assert numbers["alpha_interval"] > 0.6
    assert numbers["alpha"] > 0.6
    assert (
        run(View(examples_of(rows, [f"n{t}" for t in targets], tags), "classify"), LIMITS).findings[0].numbers[0][1]
        < 0.5
    )


def test_sets_without_people_and_other_kinds_are_left_alone() -> None:
    view = _view(60, {"ann": 0.4, "bob": 0.4}, column="colour")
    assert run(view, LIMITS) == run(View(_view(60, {"ann": 0.4, "bob": 0.4}).examples, "generate"), LIMITS)
    assert run(view, LIMITS).findings == ()
