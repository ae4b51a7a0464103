"""The sensitivity line of the report: shown for the hardest system, never as certainty, and only where it is known."""

from __future__ import annotations

import pytest
from sample_parts import changed
from sample_verdicts import ship

from tunewright.records.verdict import Bayes, Verdict
from tunewright.reporting.evidence import baseline_rows, bayes_line
from tunewright.reporting.html import render_report


def with_bayes(better: float, worthwhile: float) -> Verdict:
    verdict = ship()
    pairs = [
        pair.model_copy(update={"bayes": Bayes(better=better, worthwhile=worthwhile)})
        if pair.system == verdict.binding
        else pair
        for pair in verdict.baselines
    ]
    return changed(verdict, {"baselines": [pair.model_dump() for pair in pairs]})


def test_it_is_said_of_the_hardest_system() -> None:
    verdict = with_bayes(0.9876, 0.5)
    line = bayes_line(verdict)
    assert line is not None
    assert line.startswith("Sensitivity, not the test")
    assert f"better than {verdict.binding} with probability 98.8 %" in line
    assert line.endswith("2 points with 50.0 %.")
    assert "Sensitivity, not the test" in render_report(verdict)


def test_it_is_left_out_where_nothing_is_known() -> None:
    assert bayes_line(ship()) is None
    assert "Sensitivity" not in render_report(ship())


@pytest.mark.parametrize(
    ("better", "worthwhile", "said"),
    [(1.0, 0.0, ("over 99.9 %", "under 0.1 %")), (0.999, 0.001, ("99.9 %", "0.1 %"))],
)
def test_it_is_never_certain(better: float, worthwhile: float, said: tuple[str, str]) -> None:
    line = bayes_line(with_bayes(better, worthwhile))
    assert line is not None
    assert f"probability {said[0]}" in line
    assert line.endswith(f"with {said[1]}.")


def test_the_gate_is_shown_where_mid_p_is_the_gate() -> None:
    verdict = ship()
    pair = verdict.baselines[0]
    asked = pair.model_copy(update={"test": "mid-p-mcnemar", "p_exact": 0.031, "p_mid": 0.022})
    row = baseline_rows(changed(verdict, {"baselines": [asked.model_dump()]}))[0]
    assert (row.test, row.p_gate, row.p_mid) == ("mid-p McNemar", row.p_mid, row.p_mid)
    assert row.p_gate != baseline_rows(changed(verdict, {"baselines": [pair.model_dump()]}))[0].p_gate
