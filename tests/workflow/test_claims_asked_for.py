"""Another gate and a strong claim from the project file to the verdict, the plan, the ledger and the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, open_state, run_project, study_of

from tunewright.decision.money import Margin
from tunewright.reporting.html import render_report
from tunewright.workflow.planning import plan_text
from tunewright.workflow.run import RunOptions
from tunewright.workflow.use_keys import margins_hash
from tunewright.workflow.words import claim_lines

MID_P = "Wins on independent right-or-wrong cases are tested by mid-p, as this project asks."
STRONG = "A strong claim: a better fine-tune ships only when its gain is shown to reach what is worth paying for."


def test_the_wishes_of_a_project_reach_the_verdict_and_its_report(tmp_path: Path) -> None:
    fields = {"gate": "midp", "strong": True, "min_improvement": 0.03}
    folder = make_project(tmp_path, make_rows(1500), systems=(MAJORITY, "keywords"), fields=fields)
    verdict = run_project(folder, RunOptions(final=True))
    assert (verdict.headline, verdict.strong) == ("SHIP_FINE_TUNE", True)
    (paired,) = verdict.baselines
    assert paired.test == "mid-p-mcnemar"
    assert paired.interval[0] >= 0.03
    assert paired.bayes is not None
    assert verdict.test_set.text.endswith(f"{MID_P} {STRONG}")
    assert "300 cases decide. For a gain of 3 points at least 1,000 are advised." in verdict.warnings
    page = render_report(verdict)
    for said in ("mid-p McNemar", "A strong claim", "Sensitivity, not the test", "tested by mid-p"):
        assert said in page


def test_the_plan_and_the_ledger_know_of_them(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(1500), systems=(MAJORITY, "keywords"))
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    assert claim_lines(study) == []
    wishes: list[dict[str, object]] = [{"gate": "midp"}, {"strong": True}, {"gate": "midp", "strong": True}]
    asked = [replace(study, settings=study.settings.model_copy(update=wish)) for wish in wishes]
    assert [claim_lines(one) for one in asked] == [[MID_P], [STRONG], [MID_P, STRONG]]
    assert MID_P in plan_text(asked[2], [])
    assert STRONG in plan_text(asked[2], [])
    margin = Margin(0.02, "")
    assert len({margins_hash(one, [], margin) for one in (study, *asked)}) == 4


@pytest.mark.parametrize("rows", [90, 150])
def test_few_rows_keep_the_exact_test_and_say_so(tmp_path: Path, rows: int) -> None:
    folder = make_project(tmp_path, make_rows(rows), systems=(MAJORITY, "keywords"), fields={"gate": "midp"})
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    assert study.regime == "cross-fitted"
    assert claim_lines(study) == ["The exact test holds, not mid-p: that is for 100 locked cases or more."]
    assert f"Only {rows} cases decide: below 200 a verdict rests on a handful of answers." in plan_text(study, [])
