"""Answers that stand beside another input: slipped columns, shuffled ones, swapped rows; and sets that cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from label_rows import view_of

from tunewright.audit.checks.answers_belong import LIMITS, run
from tunewright.audit.findings import CheckResult
from tunewright.audit.view import Kind


def _set(rows: int = 200, seed: int = 0) -> tuple[list[str], list[str]]:
    """Questions, and answers that take up words of theirs."""
    random = np.random.default_rng(seed)
    texts, answers = [], []
    for _ in range(rows):
        words = [f"w{n}" for n in random.integers(800, size=8)]
        texts.append(" ".join(["please tell us about", *words]))
        answers.append(" ".join(["our answer is", *words[:5], *(f"z{n}" for n in random.integers(50, size=4))]))
    return texts, answers


def _run(texts: list[str], answers: list[str], kind: Kind = "generate") -> CheckResult:
    return run(view_of(texts, answers, kind), LIMITS)


def test_answers_at_their_inputs_are_left_alone() -> None:
    result = _run(*_set())
    assert (result.findings, result.not_checked) == ((), ())
    numbers = dict(result.numbers)
    assert numbers["cosine_own"] > 5 * numbers["cosine_other"]


@pytest.mark.parametrize(("shift", "way"), [(1, "1 row below"), (-2, "2 rows above")])
def test_a_slipped_column_says_by_how_many_rows(shift: int, way: str) -> None:
    texts, answers = _set()
    moved = answers[-shift:] + answers[:-shift]
    result = _run(texts, moved)
    found = result.findings[0]
    assert (found.kind, found.severity) == ("answers_belong.slipped", "warning")
    assert dict(found.numbers)["shift"] == shift
    assert found.affected >= 195
    assert way in found.items[0].why
    assert all(moved[there] == answers[here] for here, there in (item.rows for item in found.items))


def test_a_slip_in_the_middle_of_a_file_is_found_from_where_it_begins() -> None:
    texts, answers = _set()
    moved = [*answers[:120], "our answer is none", *answers[120:-1]]
    (found,) = _run(texts, moved).findings
    assert found.kind == "answers_belong.slipped"
    assert {item.rows[0] for item in found.items} >= set(range(122, 197))
    assert min(item.rows[0] for item in found.items) >= 118


def test_shuffled_answers_are_a_warning() -> None:
    texts, answers = _set()
    order = np.random.default_rng(1).permutation(200).tolist()
    (found,) = _run(texts, [answers[n] for n in order]).findings
    assert (found.kind, found.severity) == ("answers_belong.elsewhere", "warning")
    assert found.affected > 100
    assert all(order[there] == here for here, there in (item.rows for item in found.items))


def test_two_swapped_rows_are_named_and_equal_questions_are_not() -> None:
    texts, answers = _set()
    texts[50], answers[50] = texts[40], answers[40]
    answers[7], answers[90] = answers[90], answers[7]
    (found,) = _run(texts, answers).findings
    assert found.severity == "note"
    assert {item.rows for item in found.items} == {(7, 90), (90, 7)}


def test_answers_without_words_of_their_input_cannot_be_judged() -> None:
    texts, _ = _set()
    random = np.random.default_rng(2)
    verdicts = [" ".join(f"verdict{n}" for n in random.integers(60, size=6)) for _ in texts]
    result = _run(texts, verdicts)
    assert result.findings == ()
    assert [n.kind for n in result.not_checked] == ["answers_belong"]
    assert result.not_checked[0].hint
    assert [n.kind for n in _run(texts, ["!"] * 200).not_checked] == ["answers_belong"]


def test_labels_and_few_rows_are_not_its_business() -> None:
    texts, answers = _set()
    assert _run(texts, answers[1:] + answers[:1], "classify") == CheckResult()
    assert _run(texts[:99], answers[1:100]) == CheckResult()
    assert _run(texts, answers[1:] + answers[:1], "preference").findings


def test_the_same_view_gives_the_same_result() -> None:
    texts, answers = _set()
    order = np.random.default_rng(1).permutation(200).tolist()
    shuffled = [answers[n] for n in order]
    assert _run(texts, shuffled) == _run(texts, shuffled)
