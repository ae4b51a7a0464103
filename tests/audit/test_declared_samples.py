"""A check that looks at a part of the rows says so: how many of how many, and the seed. On small sets none does."""

from __future__ import annotations

import pytest
from small_sets import example, questions

from tunewright.audit.checks import order_of_rows, poison_triggers, shortcuts, topics
from tunewright.audit.findings import CheckResult
from tunewright.audit.view import View


def view_of(n: int = 200, seed: int = 3) -> View:
    rows = tuple(example(text, label, number) for number, (text, label) in enumerate(questions(n)))
    return View(rows, "classify", seed=seed)


def said(result: CheckResult) -> dict[str, str]:
    return {item.kind: item.because for item in result.not_checked}


@pytest.mark.parametrize("check", [order_of_rows, poison_triggers, shortcuts, topics])
def test_a_small_set_is_looked_at_whole(check: object) -> None:
    assert not said(check.run(view_of(), check.LIMITS))  # type: ignore[attr-defined]


def test_shortcuts_name_their_sample() -> None:
    result = shortcuts.run(view_of(), {**shortcuts.LIMITS, "max_rows": 120})
    assert said(result) == {
        "shortcuts.sample": "looks and origin were judged on 120 of 200 rows, drawn with seed 3",
    }


def test_neighbours_in_order_name_their_sample() -> None:
    result = order_of_rows.run(view_of(), {**order_of_rows.LIMITS, "most_pairs": 50})
    assert said(result) == {
        "order_of_rows.sample": "likeness was measured on 50 of 199 pairs of neighbours, drawn with seed 3",
    }


def test_topics_name_their_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.audit.topics.MAX_FITTED", 80)
    monkeypatch.setattr(topics, "MAX_FITTED", 80)
    result = topics.run(view_of(), topics.LIMITS)
    assert said(result) == {"topics.sample": "topics were found in 80 of 200 rows, drawn with seed 3"}


def test_triggers_say_when_pairs_of_words_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.audit.association.MAX_ROWS_FOR_PAIRS", 150)
    monkeypatch.setattr(poison_triggers, "MAX_ROWS_FOR_PAIRS", 150)
    view = view_of()
    result = poison_triggers.run(view, poison_triggers.LIMITS)
    assert said(result) == {
        "poison_triggers.pairs": "in more than 150 rows only single words are looked at, not pairs of words",
    }
    assert not any(" " in name for name in view.once("input_words", lambda: None).names)  # type: ignore[attr-defined]
