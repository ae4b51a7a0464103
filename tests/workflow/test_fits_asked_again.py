"""Fits whose validation rows were not all answered: usable, never taken for whole, asked again at the next run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, open_state, study_of
from keywords_kind import Behaviour, FittedKeywords, Keywords

from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.system import FitContext, Needs
from tunewright.store import Store
from tunewright.systems.registry import parse_entry
from tunewright.workflow.fitting import Contestant, FitRecord, Fitter
from tunewright.workflow.study import Hooks, Study


@dataclass
class Line:
    """A connection that loses some rows; ``asked`` counts the rows asked over it."""

    loses: int = 0
    asked: int = 0
    fits: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Calling(FittedKeywords):
    """Asks over a line."""

    line: Line = field(default_factory=Line)

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        self.line.asked += len(inputs)
        lost = Answer(None, Status.INFRA_FAIL, detail="connection lost")
        told = FittedKeywords.answer(self, inputs)
        return [lost if number < self.line.loses else one for number, one in enumerate(told)]


@dataclass(frozen=True)
class Untuned(Keywords):
    """A system that tries nothing, and so is asked its validation rows."""

    line: Line = field(default_factory=Line)

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> Calling:
        self.line.fits.append(len(train))
        return Calling(self.behaviour, line=self.line)

    def load(self, folder: Path) -> Calling:
        return Calling(self.behaviour, line=self.line)


def untuned(line: Line) -> Contestant:
    system = Untuned("untuned", Behaviour("", False, 0), "baseline", Needs(simplicity=40, billed=True), line)
    return Contestant(parse_entry({"keywords": {"name": "untuned"}}), system)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path, make_rows(90), systems=(MAJORITY,))


def fitted(study: Study, store: Store, line: Line) -> FitRecord:
    """The fit as a run of its own finds or makes it."""
    fitter, contestant, part = Fitter(study, store, Hooks()), untuned(line), study.all_rows
    record = fitter.fit(contestant, part)
    assert fitter.fit(contestant, part) == record
    fitter.open(contestant, record).close()
    return record


def test_a_fit_with_lost_rows_is_asked_again_until_all_are_answered(project: Path) -> None:
    line = Line(loses=3)
    with open_state(project) as store:
        study, _ = study_of(project, store)
        rows = len(study.all_rows.validation)
        first = fitted(study, store, line)
        assert first.unanswered == 3
        assert first.validation_score is not None
        note = f"its validation score rests on {rows - 3} of {rows} rows: the others were not answered"
        assert any(one.startswith(note) for one in first.notes)
        line.loses, line.asked = 1, 0
        second = fitted(study, store, line)
        assert (second.unanswered, line.asked) == (1, rows)
        line.loses, line.asked = 0, 0
        whole = fitted(study, store, line)
        assert (whole.unanswered, line.asked, whole.notes) == (0, rows, ())
        line.asked = 0
        assert fitted(study, store, line) == whole
        assert line.asked == 0
        assert whole.key == first.key
    assert len(line.fits) == 1


def test_a_fit_with_every_row_answered_is_never_asked_again(project: Path) -> None:
    line = Line()
    with open_state(project) as store:
        study, _ = study_of(project, store)
        first = fitted(study, store, line)
        line.asked = 0
        assert (fitted(study, store, line), line.asked) == (first, 0)


def test_rows_that_were_all_lost_leave_no_score(project: Path) -> None:
    line = Line(loses=10**6)
    with open_state(project) as store:
        study, _ = study_of(project, store)
        record = fitted(study, store, line)
        assert (record.validation_score, record.notes) == (None, ())
        assert record.unanswered == len(study.all_rows.validation)
