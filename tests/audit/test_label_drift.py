"""A changed guideline and a person's own habit are found; noise, and topics that come and go, are not."""

import numpy as np
import pytest
from label_rows import CLASSES, clean, examples_of, sentence

from tunewright.audit.checks.label_drift import LIMITS, change_point, run
from tunewright.audit.view import View

DAYS = [f"2026-{1 + n // 100:02d}-{1 + n % 28:02d}" for n in range(600)]


def _view(targets: list[str], people: list[str] | None = None, times: list[str] | None = None) -> View:
    texts, _ = clean(600, 1)
    tags = [(("annotator", person),) for person in people] if people else None
    return View(examples_of(texts, targets, tags, times), "classify")


def test_a_person_with_a_habit() -> None:
    random = np.random.default_rng(0)
    _, targets = clean(600, 1)
    people = [("ann", "bob", "cem", "dan")[n] for n in random.integers(4, size=600)]
    habit = [n for n in range(600) if people[n] == "dan" and targets[n] == "account"]
    for row in habit[: int(0.8 * len(habit))]:
        targets[row] = "returns"
    result = run(_view(targets, people), LIMITS)
    assert [f.kind for f in result.findings] == ["label_drift.annotator"]
    item = result.findings[0].items[0]
    assert item.why.startswith("dan labels")
    assert "'account'" in item.why
    assert "'returns'" in item.why
    assert set(item.rows) <= set(habit)


def test_a_guideline_that_changed() -> None:
    _, targets = clean(600, 1)
    times = sorted(DAYS)
    moved = [n for n in range(600) if times[n] >= "2026-05" and targets[n] == "account"]
    for row in moved:
        targets[row] = "returns"
    found = run(_view(targets, times=times), LIMITS).findings
    assert [f.kind for f in found] == ["label_drift.time"]
    assert "2026-05-01" in found[0].items[0].why
    assert set(found[0].items[0].rows) <= set(moved)


def test_noise_by_everybody_is_no_drift() -> None:
    random = np.random.default_rng(2)
    _, targets = clean(600, 1)
    targets = [CLASSES[int(random.integers(4))] if random.random() < 0.15 else t for t in targets]
    people = [("ann", "bob", "cem")[n] for n in random.integers(3, size=600)]
    assert run(_view(targets, people, sorted(DAYS)), LIMITS).findings == ()


def test_a_topic_that_comes_late_is_no_drift() -> None:
    texts, targets = clean(600, 1)
    order = sorted(range(600), key=lambda n: targets[n] == "account")
    random = np.random.default_rng(3)
    spoiled = [CLASSES[int(random.integers(4))] if random.random() < 0.1 else targets[n] for n in order]
    view = View(examples_of([texts[n] for n in order], spoiled, None, sorted(DAYS)), "classify")
    assert run(view, LIMITS).findings == ()


def test_change_point_by_hand_and_by_chance() -> None:
    values = np.array([0.0] * 40 + [1.0] * 40)
    cut, chance = change_point(values, np.arange(80.0))
    assert cut == 40
    assert chance < 1e-6
    random = np.random.default_rng(0)
    chances = [change_point((random.random(200) < 0.3).astype(float), np.arange(200.0))[1] for _ in range(300)]
    assert np.mean(np.array(chances) < 0.05) == pytest.approx(0.04, abs=0.03)
    assert change_point(np.ones(10), np.arange(10.0)) == (1, 1.0)


def test_nothing_to_compare_and_other_kinds() -> None:
    _, targets = clean(600, 1)
    empty = run(_view(targets), LIMITS)
    assert (empty.findings, empty.not_checked) == ((), ())
    times = View(_view(targets, times=sorted(DAYS)).examples, "generate")
    assert run(times, LIMITS).findings == ()


def test_meaningless_labels_are_refused() -> None:
    random = np.random.default_rng(4)
    targets = [CLASSES[int(n)] for n in random.integers(4, size=600)]
    result = run(_view(targets, times=sorted(DAYS)), LIMITS)
    assert [n.kind for n in result.not_checked] == ["label_drift.refused"]


def test_rows_that_came_label_by_label_are_not_compared() -> None:
    texts, targets = clean(600, 1)
    order = sorted(range(600), key=lambda n: targets[n])
    random = np.random.default_rng(3)
    # What was written for one class reads like another in a tenth of the rows.
    texts = [sentence(int(random.integers(4)), random) if random.random() < 0.1 else t for t in texts]
    view = View(examples_of([texts[n] for n in order], [targets[n] for n in order], None, sorted(DAYS)), "classify")
    result = run(view, LIMITS)
    assert result.findings == ()
    assert [n.kind for n in result.not_checked] == ["label_drift.sorted"]


def test_people_who_each_wrote_one_class_are_not_compared() -> None:
    texts, targets = clean(600, 1)
    random = np.random.default_rng(3)
    texts = [sentence(int(random.integers(4)), random) if random.random() < 0.3 else t for t in texts]
    tags = [(("annotator", f"writer of {target}"),) for target in targets]
    assert run(View(examples_of(texts, targets, tags), "classify"), LIMITS).findings == ()
