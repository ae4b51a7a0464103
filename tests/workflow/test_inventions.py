"""What is made up where the right answer is that there is none, counted for every system of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, WORDS, make_project, make_rows, run_project

from tunewright.records.answers import Answer, Status
from tunewright.workflow.inventions import made_up_share

NONE = "not stated"


def test_only_a_usable_answer_to_an_unanswerable_case_is_made_up() -> None:
    targets = [NONE, NONE, NONE, NONE, "Paris"]
    lost = Answer(None, Status.INFRA_FAIL)
    answers = [Answer("Rome"), Answer("That is not stated."), Answer(None, Status.MODEL_FAIL), lost, Answer("Rome")]
    assert made_up_share(targets, answers, NONE) == pytest.approx(1 / 3)
    assert made_up_share(targets[-1:], answers[-1:], NONE) is None


def test_a_field_that_is_filled_without_a_word_for_it_is_made_up() -> None:
    targets = ['{"name": "Ada", "phone": null}'] * 3
    answers = [Answer('{"name": "Ada", "phone": "1"}'), Answer('{"name": "Eve"}'), Answer("no JSON")]
    assert made_up_share(targets, answers, NONE) == pytest.approx(2 / 3)


@pytest.mark.parametrize("label", [next(iter(WORDS)), None])
def test_a_run_counts_it_where_the_project_names_the_words(label: str | None, tmp_path: Path) -> None:
    named = {} if label is None else {"unanswerable": label}
    made = make_project(tmp_path, make_rows(60), systems=[MAJORITY], fields={"folds": 3, **named})
    verdict = run_project(made)
    (found,) = verdict.systems
    if label is None:
        assert "made_up" not in found.measures
        return
    recall = next(one.recall for one in found.classes if one.label == label)
    assert recall is not None
    assert found.measures["made_up"] == pytest.approx(1 - recall, abs=1e-5)
