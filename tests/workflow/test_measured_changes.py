"""A change that was measured counts in the account in the place of what is assumed of upkeep."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, run_project

from tunewright.errors import WorkError
from tunewright.records.change import Change, ChangeEffort, ChangeReport, ChangeSystem
from tunewright.records.money import CostPart
from tunewright.workflow.costing.costs import account
from tunewright.workflow.runs import RUNS

TODAY = date(2026, 11, 21)


def effort(*, label_minutes: float, person_minutes: float | None) -> ChangeEffort:
    known = {name: None for name in ("minutes", "bill_usd", "work_usd", "usd")}
    return ChangeEffort.model_validate(
        {
            **known,
            "label_minutes": label_minutes,
            "label_low": label_minutes,
            "label_high": label_minutes,
            "training_minutes": 0.0,
            "person_minutes": person_minutes,
            "basis": [],
        }
    )


def system(name: str, needed: int, taken: ChangeEffort) -> ChangeSystem:
    return ChangeSystem(
        system=name,
        doing="works again",
        reason="",
        score_before=0.0,
        rest_before=None,
        points=[],
        needed=needed,
        needed_interval=None,
        needed_by_draw=[],
        shown=None,
        effort=taken,
        text=f"{name}: works again with {needed} examples.",
    )


def measured(root: Path, name: str, *systems: ChangeSystem, further: tuple[ChangeSystem, ...] | None = None) -> None:
    """A report of one change, or of two where ``further`` says what the systems made of the second."""
    change = Change(name="returns", by="category", cases=9, groups=9, others=90, examples=30, systems=list(systems))
    second = [] if further is None else [change.model_copy(update={"name": "refunds", "systems": list(further)})]
    report = ChangeReport(
        task="Route",
        created="2026-11-21T00:00:00",
        command="tunewright change",
        measure="F1",
        margin=0.03,
        margin_basis="",
        folds=5,
        fits=1,
        changes=[change, *second],
        assumptions=[],
    )
    folder = root / RUNS / name
    folder.mkdir(parents=True)
    (folder / "change.json").write_text(report.model_dump_json(), encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    root = make_project(tmp_path / "desk", make_rows(90), systems=(MAJORITY, WORDS_ONLY))
    run_project(root)
    return root


def upkeep(root: Path, name: str) -> CostPart | None:
    _, money = account(root, None, TODAY)
    found = next(one for one in money.systems if one.system == name)
    return next((part for part in found.monthly if part.part == "retraining"), None)


def test_the_measured_examples_take_the_place_of_the_assumed_ones(desk: Path) -> None:
    before = upkeep(desk, "words")
    assert before is not None
    assert "100 new examples" in before.basis
    measured(desk, "change-2026-11-20-000000-aaaa", system("words", 90, effort(label_minutes=900, person_minutes=0.0)))
    newest = system("words", 20, effort(label_minutes=18, person_minutes=12.0))
    measured(desk, "change-2026-11-21-000000-aaaa", newest)
    after = upkeep(desk, "words")
    assert after is not None
    assert after.hours == pytest.approx(0.5 * 2 / 12, abs=1e-3)
    assert after.usd == before.usd
    assert after.basis == "2 times a year, with 20 examples for a change as measured (change-2026-11-21-000000-aaaa)"
    _, money = account(desk, None, TODAY)
    assert "category returns: words: works again with 20 examples." in money.assumptions[-1]


def test_what_nobody_knows_of_a_change_is_not_taken_for_nothing(desk: Path) -> None:
    before = upkeep(desk, "words")
    unknown = system("words", 20, effort(label_minutes=0, person_minutes=None))
    measured(desk, "change-2026-11-21-000000-aaaa", unknown)
    assert upkeep(desk, "words") == before


def test_one_change_after_which_it_did_not_work_again_leaves_the_assumption(desk: Path) -> None:
    before = upkeep(desk, "words")
    easy = system("words", 20, effort(label_minutes=18, person_minutes=12.0))
    never = easy.model_copy(update={"needed": None, "effort": None})
    measured(desk, "change-2026-11-21-000000-aaaa", easy, further=(never,))
    assert upkeep(desk, "words") == before
    measured(desk, "change-2026-11-22-000000-aaaa", easy, further=())
    assert upkeep(desk, "words") == before
    twice = system("words", 40, effort(label_minutes=48, person_minutes=12.0))
    measured(desk, "change-2026-11-23-000000-aaaa", easy, further=(twice,))
    after = upkeep(desk, "words")
    assert after is not None
    assert after.hours == pytest.approx(0.75 * 2 / 12, abs=1e-3)
    assert "with 30 examples" in after.basis


def test_a_report_that_cannot_be_read_is_said(desk: Path) -> None:
    folder = desk / RUNS / "change-2026-11-21-000000-aaaa"
    folder.mkdir()
    (folder / "change.json").write_text("{}", encoding="utf-8")
    with pytest.raises(WorkError, match="cannot be read") as caught:
        account(desk, None, TODAY)
    assert str(folder) in str(caught.value.where)
