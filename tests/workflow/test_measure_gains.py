"""Gains in measures of all answers together: asked again for every draw, and quick for macro F1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import extraction
from tunewright.evaluation.graders.label import LabelGrader
from tunewright.evaluation.text_grader import Measure
from tunewright.project.settings import ProjectSettings
from tunewright.records.answers import Answer, ScoreRow, Status
from tunewright.records.example import Example, Message, Source
from tunewright.records.verdict import DataSummary
from tunewright.statistics.classification import macro_f1
from tunewright.systems.answers import Answers
from tunewright.systems.registry import SystemEntry
from tunewright.workflow.evidence.measure_gains import measure_gains
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.grading import Grading
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.scoring import PartScores
from tunewright.workflow.study import Part, Study

LABELS = ("a", "b", "c")


def _study(targets: Sequence[str], labels: tuple[str, ...], measures: tuple[Measure, ...] = ()) -> Study:
    n = len(targets)
    counts = {"rows_in": n, "rows_used": n, "rows_set_aside": 0, "train": 0, "validation": 0, "test": n}
    counts |= {"exact_duplicates": 0, "near_duplicates": 0, "contradictions": 0}
    part = Part("answers", (), (), tuple(range(n)))
    examples = (Example((Message("user", "x"),), t, Source("f", 1), str(k)) for k, t in enumerate(targets))
    return Study(
        settings=ProjectSettings(),
        root=Path(),
        examples=tuple(examples),
        row_keys=tuple(map(str, range(n))),
        labels=labels,
        regime="answers",
        parts=(part,),
        all_rows=part,
        groups=None,
        data=DataSummary(labels=list(labels), notes=[], **counts),
        test_hash="",
        grading=Grading(LabelGrader(labels), measures),
    )


def _outcome(name: str, targets: Sequence[str], answers: Sequence[str | None]) -> Outcome:
    rows = tuple(
        ScoreRow(name, str(k), "answers", Status.INFRA_FAIL, None, None)
        if answer is None
        else ScoreRow(name, str(k), "answers", Status.OK, float(answer == target), answer)
        for k, (target, answer) in enumerate(zip(targets, answers, strict=True))
    )
    system = Answers(name, None, "answer", "id", 0.0, 0, -1.0)
    return Outcome(Contestant(SystemEntry("answers", name, "", {}), system), None, (), (PartScores(rows, 0, 0),))


def _answers(targets: Sequence[str], share: float, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [t if random.random() < share else LABELS[random.integers(3)] for t in targets]


TARGETS = [LABELS[k % 3] for k in range(150)]
OLD, NEW = _answers(TARGETS, 0.5, 1), _answers(TARGETS, 0.85, 2)


def test_macro_f1_of_labels() -> None:
    study = _study(TARGETS, LABELS)
    (found,) = measure_gains(study, _outcome("new", TARGETS, NEW), _outcome("old", TARGETS, OLD))
    assert found.measure == "macro_f1"
    assert found.reference == pytest.approx(macro_f1(TARGETS, OLD, LABELS), abs=1e-6)
    assert found.score == pytest.approx(macro_f1(TARGETS, NEW, LABELS), abs=1e-6)
    assert found.interval[0] < found.gain < found.interval[1]
    assert found.interval[0] > 0.05
    assert found.p < 0.01


def test_a_measure_of_a_grader_is_asked_and_agrees_with_the_quick_way() -> None:
    measure = Measure("f1", lambda answers, targets: macro_f1(targets, answers, LABELS))
    outcomes = _outcome("new", TARGETS, NEW), _outcome("old", TARGETS, OLD)
    (slow,) = measure_gains(_study(TARGETS, (), (measure,)), *outcomes)
    (quick,) = measure_gains(_study(TARGETS, LABELS), *outcomes)
    assert (slow.reference, slow.score) == (quick.reference, quick.score)
    assert slow.interval == pytest.approx(quick.interval, abs=0.03)
    assert slow.p < 0.01


def test_only_cases_that_both_answered_count() -> None:
    lost: list[str | None] = [None if k < 75 else answer for k, answer in enumerate(NEW)]
    study = _study(TARGETS, LABELS)
    (found,) = measure_gains(study, _outcome("new", TARGETS, lost), _outcome("old", TARGETS, OLD))
    assert found.reference == pytest.approx(macro_f1(TARGETS[75:], OLD[75:], LABELS), abs=1e-6)
    nothing = _outcome("new", TARGETS, [None] * 150)
    assert measure_gains(study, nothing, _outcome("old", TARGETS, OLD)) == []


def test_the_worse_system_gets_the_mirror_image() -> None:
    study = _study(TARGETS, LABELS)
    new, old = _outcome("new", TARGETS, NEW), _outcome("old", TARGETS, OLD)
    (found,), (back,) = measure_gains(study, new, old), measure_gains(study, old, new)
    assert (found.system, found.against) == ("new", "old")
    assert (back.gain, back.interval, back.p) == (-found.gain, (-found.interval[1], -found.interval[0]), found.p)


def test_equal_systems_have_a_p_of_one_and_cases_that_do_not_count_are_left_out() -> None:
    study, old = _study(TARGETS, LABELS), _outcome("old", TARGETS, OLD)
    (same,) = measure_gains(study, old, _outcome("twin", TARGETS, OLD))
    assert (same.gain, same.p) == (0.0, 1.0)
    keep = np.arange(150) >= 75
    (found,) = measure_gains(study, old, _outcome("twin", TARGETS, OLD), keep)
    assert found.score == pytest.approx(macro_f1(TARGETS[75:], OLD[75:], LABELS), abs=1e-6)


def test_counts_of_items_give_what_asking_the_grader_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields of records, some answers of no use: the slow twin asks the grader for every draw."""
    grader = extraction.build({}, GraderContext(Path(), ()))
    made = {k: {"name": f"n{k % 7}", "day": str(k % 5)} for k in range(60)}
    targets = [json.dumps(value) for value in made.values()]
    study = _study(targets, (), extraction.measures({}, GraderContext(Path(), ())))
    monkeypatch.setattr("tunewright.workflow.evidence.measure_gains.MOST_GRADES", 1)

    def outcome(name: str, wrong: int, useless: int) -> Outcome:
        rows = []
        for k, value in made.items():
            text = (
                "no record"
                if k % useless == 0
                else json.dumps({**value, "day": "x" if k % wrong == 0 else value["day"]})
            )
            grade = grader.grade(Answer(text), study.examples[k])
            rows.append(ScoreRow(name, str(k), "answers", grade.status, grade.score, grade.answer, parts=grade.parts))
        return replace(_outcome(name, targets, targets), scores=(PartScores(tuple(rows), 0, 0),))

    new, old = outcome("new", 9, 40), outcome("old", 3, 11)
    quick = measure_gains(study, new, old)
    monkeypatch.setattr("tunewright.workflow.evidence.measure_gains.FINISHES", {})
    slow = measure_gains(study, new, old)
    assert [one.measure for one in quick] == ["micro_f1", "macro_f1"]
    for fast, asked in zip(quick, slow, strict=True):
        assert (fast.score, fast.reference) == (asked.score, asked.reference)
        assert fast.interval == pytest.approx(asked.interval, abs=0.04)
        assert fast.interval != asked.interval
        assert max(fast.p, asked.p) < 0.06
