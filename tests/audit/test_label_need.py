"""How many rows there are for what is asked, thin classes, and rows to label next."""

from dataclasses import replace

import numpy as np
import pytest
from label_rows import clean, examples_of, sentence, view_of

from tunewright.audit.checks.label_need import LIMITS, run
from tunewright.audit.view import View


def _kinds(view: View) -> list[str]:
    return [f.kind for f in run(view, LIMITS).findings]


# The decision table of the program, rows 10 to 12: below 50, 50 to 199, 200 and 20 of each class.
@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        (40, ["label_need.too_few", "label_need.thin_classes"]),
        (49, ["label_need.too_few", "label_need.thin_classes"]),
        (50, ["label_need.pilot", "label_need.thin_classes"]),
        (199, ["label_need.pilot"]),
        (200, []),
    ],
)
def test_the_decision_table(rows: int, kinds: list[str]) -> None:
    assert _kinds(view_of(*clean(rows))) == kinds


def test_copies_count_once() -> None:
    texts, targets = clean(40)
    view = view_of(texts * 6, targets * 6)
    assert dict(run(view, LIMITS).numbers)["different_training_rows"] == 40
    assert _kinds(view)[0] == "label_need.too_few"


def test_test_rows_do_not_count() -> None:
    view = view_of(*clean(240))
    view.parts = ("train",) * 120 + ("test",) * 120
    assert _kinds(view) == ["label_need.pilot"]


def test_thin_classes_worst_first() -> None:
    texts, targets = clean(300)
    targets[:5], targets[5:12] = ["tiny"] * 5, ["small"] * 7
    found = next(f for f in run(view_of(texts, targets), LIMITS).findings if f.kind == "label_need.thin_classes")
    assert [item.why.split("'")[1] for item in found.items] == ["tiny", "small"]
    assert dict(found.numbers)["rows_missing"] == 15 + 13
    assert found.title.startswith("2 of 6 classes")


def test_generated_answers_are_counted_without_classes() -> None:
    texts, _ = clean(120)
    assert _kinds(view_of(texts, [f"answer {n}" for n in range(120)], "generate")) == ["label_need.pilot"]


def test_next_rows_are_uncertain_and_the_control_is_as_large() -> None:
    texts, targets = clean(300)
    random = np.random.default_rng(9)
    doubtful = [f"{sentence(0, random)} {sentence(1, random)}" for _ in range(60)]
    sure = [sentence(2, random) for _ in range(200)]
    view = View(examples_of([*texts, *doubtful, *sure], [*targets, *[""] * 260]), "classify")
    found = {f.kind: f for f in run(view, LIMITS).findings}
    chosen, control = found["label_need.next"], found["label_need.control"]
    assert len(chosen.items) == len(control.items) == LIMITS["next"]
    among = [sum(300 <= item.rows[0] < 360 for item in f.items) for f in (chosen, control)]
    assert among[0] > 40 > 25 > among[1]
    assert len({item.rows[0] for item in chosen.items}) == len(chosen.items)


def test_rows_of_one_group_are_different_rows() -> None:
    texts, targets = clean(120)
    rows = [replace(row, group=f"customer {n // 6}") for n, row in enumerate(examples_of(texts, targets))]
    assert dict(run(View(rows, "classify"), LIMITS).numbers)["different_training_rows"] == 120


def test_too_little_known_to_choose() -> None:
    texts, _ = clean(80)
    view = view_of(texts, ["a"] * 20 + [""] * 60)
    assert [n.kind for n in run(view, LIMITS).not_checked] == ["label_need.next"]
