"""What a person is told to do next, in numbers that look as rough as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, open_state, run_project, study_of

from tunewright.decision.verdict import Decision
from tunewright.records.verdict import Use
from tunewright.workflow.words import next_step


def _decision(needed: int | None) -> Decision:
    return Decision(
        headline="NOT_PROVEN",
        headline_text="",
        today_text="",
        quality=None,
        borderline=False,
        binding=None,
        use=Use(system=None, reason="none", text=""),
        baselines=(),
        incumbent_comparisons=(),
        target=None,
        gates=(),
        smallest_provable_gain=None,
        needed_cases=needed,
    )


@pytest.mark.parametrize(
    ("needed", "said"),
    [(3726, "about 3,700 more cases"), (141, "about 51 more cases"), (90, "about 1 more case and")],
)
def test_two_digits_as_in_the_headline(tmp_path: Path, needed: int, said: str) -> None:
    folder = make_project(tmp_path, make_rows(90), systems=(MAJORITY,))
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    assert said in next_step(study, _decision(needed), [])


def test_the_volume_of_a_project_is_stated_only_where_it_is(tmp_path: Path) -> None:
    systems = (MAJORITY,)
    silent = run_project(make_project(tmp_path / "a", make_rows(90), systems=systems))
    assert (silent.volume_per_day, silent.volume_stated) == (1000, False)
    stated = run_project(make_project(tmp_path / "b", make_rows(90), systems=systems, fields={"volume_per_day": 1000}))
    assert (stated.volume_per_day, stated.volume_stated) == (1000, True)
