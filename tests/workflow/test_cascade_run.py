"""A cascade in a run: its members are fitted once, and the report shows what it is worth with a person behind it."""

from __future__ import annotations

from pathlib import Path

from desks import WORDS_ONLY, fits_made, make_project, make_rows, run_folders, run_project, write_rows

from tunewright.records.verdict import SystemResult, Verdict
from tunewright.workflow.run import RunOptions

HANDING = {"cascade": {"use": "majority > words > person", "name": "handing", "target": 0.8, "sure": 0.8}}


def named(verdict: Verdict, name: str) -> SystemResult:
    return next(system for system in verdict.systems if system.name == name)


def test_members_are_fitted_once_and_the_persons_share_is_shown(tmp_path: Path) -> None:
    make_project(
        tmp_path, make_rows(120, noise=0.1), systems=["majority", WORDS_ONLY, HANDING], data={"test": "test.csv"}
    )
    write_rows(tmp_path / "test.csv", make_rows(60, seed=7, noise=0.1, prefix="X"))
    verdict = run_project(tmp_path, RunOptions(final=True))
    assert sorted(line.partition(",")[0] for line in fits_made(tmp_path)) == ["handing", "majority", "words"]
    words, handing = named(verdict, "words"), named(verdict, "handing")
    assert "majority is not asked (0 %), words answers the rest" in handing.notes[0]
    view = handing.handover
    assert view is not None
    assert view.kept is not None
    assert view.certified is not None
    assert words.score is not None
    assert handing.no_usable_answer == round(view.kept.handed * handing.n) > 0
    assert view.kept.score > max(words.score, view.certified)
    assert words.handover is not None
    assert len(words.handover.curve) > 20
    page = (run_folders(tmp_path)[0] / "report.html").read_text(encoding="utf-8")
    assert "Systems that hand over by themselves" in page
    assert "own errors are not counted" in page
