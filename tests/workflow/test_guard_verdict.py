"""What a verdict makes of guards: what stops a shipment, what is only said, and whose guards count."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desks import MAJORITY, make_project, make_rows, settings_of
from guard_cases import a_guard, report

from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.verdict import decide
from tunewright.records.verdict import Verdict
from tunewright.reporting.front_page import front_page
from tunewright.reporting.html import render_report
from tunewright.systems import registry
from tunewright.workflow.advising.advise_facts import facts_of_guards
from tunewright.workflow.guard.document import latest_report, write_report
from tunewright.workflow.run import RunOptions, run
from tunewright.workflow.study import Hooks

TUNED = {"keywords": {"name": "tuned", "luck": 7}}


def system(name: str, values: Sequence[float], **fields: Any) -> SystemScores:
    given: dict[str, Any] = {"role": "baseline", "simplicity": 1, "declared_budget": 5, "spent_budget": 5}
    return SystemScores(name=name, scores=np.asarray(values, dtype=np.float64), **(given | fields))


def tuned(values: Sequence[float]) -> SystemScores:
    return system("tuned", values, role="candidate", simplicity=9)


def two(fixed: int, broken: int, n: int) -> tuple[list[float], list[float]]:
    """Scores of two systems that differ on so many cases."""
    alike = [1.0] * (n - fixed - broken)
    return [1.0] * fixed + [0.0] * broken + alike, [0.0] * fixed + [1.0] * broken + alike


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Verdict]:
    """A project whose fine-tune wins, with its verdict before anybody looked at guards."""
    fields = {"folds": 2, "min_saving": 1e9}
    root = tmp_path_factory.mktemp("shipped")
    folder = make_project(root, make_rows(90), systems=[MAJORITY, TUNED], fields=fields)
    own = registry.kinds()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "kinds", lambda: {**own, "keywords": "keywords_kind"})
        patch.setenv("TUNEWRIGHT_USER_DIR", str(root / "user"))
        return folder, final(folder)


@pytest.fixture
def shipping(shipped: tuple[Path, Verdict]) -> Path:
    """The same folder, without documents on guards."""
    for path in (shipped[0] / "runs").glob("guard-*"):
        shutil.rmtree(path)
    return shipped[0]


def final(folder: Path, **fields: object) -> Verdict:
    settings = settings_of(folder).model_copy(update=fields)
    return run(settings, folder, RunOptions(final=True), Hooks()).verdict


def fit_key_of(folder: Path) -> str:
    """The key under which the fine-tune was fitted on the first part."""
    value = json.loads((folder / ".tunewright" / "use.json").read_text())
    fits = value["fits"]["tuned"]
    return str(fits[sorted(fits)[0]])


def test_without_guards_it_ships_and_says_that_nobody_looked(shipped: tuple[Path, Verdict]) -> None:
    verdict = shipped[1]
    assert verdict.headline == "SHIP_FINE_TUNE"
    assert verdict.guards == []
    assert any("was not measured for tuned: tunewright guard --system tuned" in line for line in verdict.not_tried)
    assert verdict.next_step.startswith("First look what else it broke: tunewright guard")


def test_a_broken_guard_stops_it_with_its_reason(shipping: Path) -> None:
    write_report(report(fit_key_of(shipping), a_guard("broken"), a_guard("holds", name="format")), shipping)
    verdict = final(shipping)
    assert verdict.headline == "KEEP_SIMPLER"
    told = "Don't use tuned: it wins on the job, but breaks general ability (50 % against 60 % of base)."
    assert verdict.headline_text == told
    assert verdict.use.system == "majority"
    assert verdict.quality == "superior"
    assert [one.result for one in verdict.guards] == ["broken", "holds"]
    page = front_page(verdict)
    assert [(line.name, line.word) for line in page.guards] == [("general ability", "broken"), ("format", "holds")]
    assert "What else must not break" in render_report(verdict)
    latest = latest_report(shipping)
    assert latest is not None
    assert {fact.name: fact.value for fact in facts_of_guards(latest[0], "x")} == {"gates_hold": False}


def test_advice_and_doubt_stop_nothing_and_doubt_is_said(shipping: Path) -> None:
    advice = a_guard("broken", blocks=False, name="latency")
    doubt = [a_guard("unproven"), a_guard("not-checked", name="canaries"), a_guard("holds", name="format"), advice]
    write_report(report(fit_key_of(shipping), *doubt), shipping)
    verdict = final(shipping)
    assert verdict.headline == "SHIP_FINE_TUNE"
    assert [line for line in verdict.not_tried if "What else must not break" in line] == [
        "What else must not break, not checked for tuned: canaries",
        "What else must not break, not proven for tuned: general ability",
    ]
    assert verdict.next_step.endswith("Not shown to hold: general ability, canaries.")


def test_guards_of_another_fit_are_not_taken_and_the_latest_counts(shipping: Path) -> None:
    key, folder = fit_key_of(shipping), shipping
    write_report(report("another", a_guard("broken")), folder)
    assert latest_report(folder, key) is None
    write_report(report(key, a_guard("broken"), created="2026-02-01T00:00:00+00:00"), folder)
    write_report(report(key, a_guard("holds"), created="2026-03-01T00:00:00+00:00"), folder)
    (folder / "runs" / "guard-2027").mkdir()
    (folder / "runs" / "guard-2027" / "guards.json").write_text("{")
    verdict = final(folder)
    assert (verdict.headline, [one.result for one in verdict.guards]) == ("SHIP_FINE_TUNE", ["holds"])


def test_a_project_may_require_that_somebody_looks(shipping: Path) -> None:
    verdict = final(shipping, guards="required")
    assert verdict.headline == "NOT_PROVEN"
    assert "this project requires it: tunewright guard --system tuned" in verdict.headline_text
    assert verdict.next_step == "Measure what else must not break, and run again: tunewright guard --system tuned"


def test_what_is_required_is_to_look_not_to_prove() -> None:
    first, second = two(40, 5, 200)
    inputs = DecisionInputs(
        systems=(system("tfidf", second), tuned(first)),
        min_improvement=0.02,
        candidate="tuned",
        guards_required=True,
    )
    assert decide(inputs).headline == "NOT_PROVEN"
    assert decide(replace(inputs, guards=(a_guard("not-checked"),))).headline == "NOT_PROVEN"
    assert decide(replace(inputs, guards=(a_guard("unproven"),))).headline == "SHIP_FINE_TUNE"
    assert decide(replace(inputs, guards=(a_guard("broken", blocks=False),))).headline == "SHIP_FINE_TUNE"
    assert decide(replace(inputs, guards=(a_guard("holds"), a_guard("broken")))).headline == "KEEP_SIMPLER"
    for guards in ((), (a_guard("broken", name="planted instructions in the job"), a_guard("broken"))):
        assert len(decide(replace(inputs, guards=guards)).headline_text.split()) < 40


def test_a_guard_makes_nothing_ship_that_would_not() -> None:
    first, second = two(3, 30, 200)
    inputs = DecisionInputs(systems=(system("tfidf", second), tuned(first)), min_improvement=0.02, candidate="tuned")
    without, held = decide(inputs), decide(replace(inputs, guards=(a_guard("holds"),)))
    broken = decide(replace(inputs, guards=(a_guard("broken"),)))
    assert without == held == broken
    assert without.headline == "KEEP_SIMPLER"
