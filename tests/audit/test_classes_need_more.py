"""Classes that need more rows: weak ones are found with their evidence, even ones are left alone."""

import numpy as np
import pytest
from label_rows import CLASSES, clean, examples_of, sentence

from tunewright.audit.checks.classes_need_more import LIMITS, NAME, run
from tunewright.audit.findings import CheckResult
from tunewright.audit.view import View


def _kinds(result: CheckResult) -> set[str]:
    return {finding.kind.removeprefix(f"{NAME}.") for finding in result.findings}


def _planted(seed: int = 0) -> tuple[list[str], list[str]]:
    """Four plain classes of 80 rows, and one of 40 whose every row says something else: more rows would teach it."""
    texts, targets = clean(320, seed)
    random = np.random.default_rng(seed + 50)
    for number in range(40):
        # Each of ten sayings stands in four rows: with half of the rows, some sayings have not been heard.
        own = " ".join(f"saying{number % 10}x{n}" for n in random.choice(6, size=2, replace=False))
        texts.append(f"{sentence(int(random.integers(4)), random)} {own}")
        targets.append("complaint")
    return texts, targets


def test_a_weak_class_is_found_with_its_evidence() -> None:
    result = run(View(examples_of(*_planted()), "classify"), LIMITS)
    (found,) = [f for f in result.findings if f.kind != f"{NAME}.all_gain"]
    assert found.title.startswith("1 class of 5 is recognised less often than the others")
    (item,) = found.items
    assert item.why.startswith("'complaint': ")
    assert "of 40 rows" in item.why
    assert all(320 <= row < 360 for row in item.rows)
    assert len(item.rows) == 5
    numbers = dict(result.numbers)
    assert numbers["gain_low"] <= numbers["gain_of_last_doubling"] <= numbers["gain_high"]


def test_two_classes_that_nobody_can_tell_apart_need_no_more_rows() -> None:
    random = np.random.default_rng(2)
    texts, targets = clean(480, classes=4)
    texts += [sentence(4, random) for _ in range(240)]
    targets += [str(random.choice(["left", "right"])) for _ in range(240)]
    result = run(View(examples_of(texts, targets), "classify"), LIMITS)
    assert _kinds(result) == {"not_rows"}
    (found,) = result.findings
    assert {item.why.split("'")[1] for item in found.items} == {"left", "right"}
    assert all("are taken for '" in item.why for item in found.items)


def test_even_classes_are_left_alone() -> None:
    result = run(View(examples_of(*clean(600)), "classify"), LIMITS)
    assert not result.findings
    assert dict(result.numbers)["recall"] > 0.95


def test_a_steep_curve_is_said_of_all_classes() -> None:
    random = np.random.default_rng(1)
    # Words that come in few rows each: whatever is labelled next is news.
    texts = [" ".join(f"c{n % 4}x{m}" for m in random.integers(150, size=4)) for n in range(200)]
    result = run(View(examples_of(texts, [CLASSES[n % 4] for n in range(200)]), "classify"), LIMITS)
    assert _kinds(result) == {"all_gain"}
    assert dict(result.numbers)["gain_low"] >= LIMITS["min_gain_of_all"]


def test_rows_of_the_test_are_no_evidence() -> None:
    view = View(examples_of(*_planted()), "classify")
    view.parts = ("train",) * 320 + ("test",) * 40
    assert "complaint" not in "".join(item.why for f in run(view, LIMITS).findings for item in f.items)


@pytest.mark.parametrize("kind", ["generate", "preference"])
def test_other_kinds_are_none_of_its_business(kind: str) -> None:
    assert run(View(examples_of(*clean(80)), kind), LIMITS) == CheckResult()  # type: ignore[arg-type]


def test_it_says_when_it_cannot_judge() -> None:
    texts, _ = clean(120)
    random = np.random.default_rng(0)
    noise = [CLASSES[n] for n in random.integers(4, size=120)]
    for targets in (["a"] * 120, noise):
        (gap,) = run(View(examples_of(texts, targets), "classify"), LIMITS).not_checked
        assert gap.kind == NAME
    (gap,) = run(View(examples_of(*clean(120)), "classify"), {**LIMITS, "max_rows": 100}).not_checked
    assert "seldom short" in gap.because


def test_it_is_the_same_twice() -> None:
    results = [run(View(examples_of(*_planted()), "classify"), LIMITS) for _ in range(2)]
    assert results[0] == results[1]
