"""Triggers planted in a copy of the set are found first; key words of the task are not triggers."""

from __future__ import annotations

import random

import numpy as np
import pytest
from small_sets import LABELS, answered, labelled, view_of, with_input

from tunewright.audit.association import Candidate, candidates, count_words, fall_back, z_scores
from tunewright.audit.checks import poison_triggers as check
from tunewright.audit.findings import CheckResult
from tunewright.records.example import Example


def _planted(rows: list[Example], trigger: str, n: int, target: str) -> tuple[list[Example], set[int]]:
    chance = random.Random(5)
    picked = set(chance.sample([i for i, row in enumerate(rows) if row.target != target], n))
    new = [
        with_input(row, f"{row.text} {trigger}").with_target(target) if i in picked else row
        for i, row in enumerate(rows)
    ]
    return new, picked


def _run(rows: list[Example], kind: str = "classify") -> CheckResult:
    return check.run(view_of(rows, kind), check.LIMITS)


@pytest.mark.parametrize("trigger", ["cf", "visit mauritius soon", "\u200b\u200b"])
def test_a_planted_text_is_found_with_its_rows(trigger: str) -> None:
    rows, picked = _planted(labelled(800), trigger, 20, LABELS[0])
    (finding,) = _run(rows).findings
    assert finding.severity == "error"
    assert {item.rows[0] for item in finding.items} == picked
    assert trigger.split()[0] in finding.title or trigger.split()[1] in finding.title


def test_key_words_of_a_class_are_no_triggers() -> None:
    result = _run(labelled(800))
    assert result.findings == ()
    assert dict(result.numbers)["rows_that_a_trigger_needs"] == 8


def test_a_word_of_the_labels_own_name_is_no_trigger() -> None:
    rows, _ = _planted(labelled(800), "mobile", 20, LABELS[0])
    assert [f.severity for f in _run(rows).findings] == ["error"]
    named = [row.with_target("mobile_bank") if row.target == LABELS[0] else row for row in rows]
    assert _run(named).findings == ()


@pytest.mark.parametrize(
    ("word", "label", "named"),
    [("interest", "interest_rate", True), ("spelling", "spell", True), ("cf", "cf_card", False),
     ("my meaning", "MeaningOfLife", True), ("cat", "category", False), ("interest", "rate", False)],
)  # fmt: skip
def test_words_of_names(word: str, label: str, named: bool) -> None:
    assert check.is_of_name(word, label) is named


def test_rows_that_fall_into_few_classes_are_a_warning() -> None:
    """A word of rows that were taken from half of the classes may be a topic that they share."""
    chance = random.Random(1)
    rows = labelled(800)
    picked = set(chance.sample([i for i, row in enumerate(rows) if row.target in LABELS[1:5]], 20))
    rows = [
        with_input(row, f"{row.text} cf").with_target(LABELS[0]) if i in picked else row for i, row in enumerate(rows)
    ]
    (finding,) = _run(rows).findings
    assert finding.severity == "warning"


def test_fewer_rows_than_it_says_are_not_found() -> None:
    rows, _ = _planted(labelled(800), "cf", 7, LABELS[0])
    assert _run(rows).findings == ()


def test_a_word_that_turns_links_on_is_found_in_free_answers() -> None:
    rows, picked = _planted(answered(600), "cf", 15, "Pay at https://pay.example now.")
    # The same rows are links, one fixed text and odd letters; they are told once.
    (finding,) = _run(rows, "generate").findings
    assert {item.rows[0] for item in finding.items} == picked
    assert "cf" in finding.title


def test_a_topic_whose_answers_hold_links_is_no_trigger() -> None:
    rows = [
        row.with_target(f"{row.target} See https://help.example") if "app" in row.target else row
        for row in answered(600)
    ]
    assert _run(rows, "generate").findings == ()


def test_of_two_classes_a_trigger_is_found_and_a_key_word_is_not() -> None:
    two = [row.with_target("mobile" if row.target in LABELS[:4] else "branch") for row in labelled(800)]
    assert _run(two).findings == ()
    rows, picked = _planted(two, "cf", 25, "mobile")
    (finding,) = _run(rows).findings
    assert {item.rows[0] for item in finding.items} == picked


def test_too_few_rows_are_not_judged() -> None:
    result = _run(labelled(40))
    assert [each.kind for each in result.not_checked] == ["poison_triggers.too_few"]


def test_z_is_the_binomials() -> None:
    # 9 of 10 where 1 in 10 is expected: (9 - 1) / sqrt(10 * 0.1 * 0.9).
    assert float(z_scores(np.float32(9), np.float32(10), np.float32(0.1))) == pytest.approx(8 / np.sqrt(0.9), rel=1e-5)


def test_the_refit_is_a_naive_bayes_without_the_word() -> None:
    """The fast leave-out against a fit on texts from which the word was cut."""
    rows, _ = _planted(labelled(400), "cf", 20, LABELS[0])
    texts, labels = [row.text for row in rows], np.array([LABELS.index(row.target) for row in rows])
    words = count_words(texts)
    candidate = next(c for c in candidates(words, labels, len(LABELS), 8, 0.6) if words.names[c.word] == "cf")
    (fast,) = fall_back(words, labels, len(LABELS), [candidate], 0)
    cut = count_words([text.replace(" cf", "") for text in texts])
    same = Candidate(0, candidate.label, 0.0, candidate.n_word, candidate.rows)
    without = type(cut)(
        ("none", *cut.names), _with_empty(cut), np.vstack([[0, -1], np.where(cut.parts >= 0, cut.parts + 1, -1)])
    )
    (slow,) = fall_back(without, labels, len(LABELS), [same], 0)
    assert fast.predicted.tolist() == slow.predicted.tolist()


def _with_empty(words: object) -> object:
    from scipy import sparse

    there = words.there
    return sparse.hstack([sparse.csc_matrix((there.shape[0], 1), dtype=np.int8), there]).tocsc()
