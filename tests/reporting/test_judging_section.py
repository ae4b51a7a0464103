"""The judge in the report and on the terminal: never accuracy, always with what to do."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from sample_verdicts import ship

from tunewright.records.judging import JudgedGain, JudgedSystem, Judging
from tunewright.records.verdict import Gate, Verdict
from tunewright.reporting.html import render_report
from tunewright.reporting.judging_section import judging_view
from tunewright.reporting.terminal import print_verdict

ASK = "A language model judged, and nobody has checked it. Judge 200 cases yourself: tunewright label . --judgements"


def judging(*, admitted: bool) -> Judging:
    known = {"sensitivity": 0.91, "specificity": 0.84, "youden_low": 0.66, "agreement": 0.74, "flip_rate": 0.01}
    return Judging(
        judge="referee",
        tested=admitted,
        admitted=admitted,
        labelled=400 if admitted else 0,
        cases=200 if admitted else 0,
        **(known if admitted else dict.fromkeys(known)),
        asked_again=100 if admitted else 0,
        order_flip_rate=None,
        length_gap=0.12 if admitted else None,
        length_interval=(0.04, 0.2) if admitted else None,
        ceiling=0.81 if admitted else None,
        ceiling_cases=100 if admitted else 0,
        same_family=["tuned <b>"],
        looks=int(admitted),
        other_rubric=0,
        judged_by=["ann"] if admitted else [],
        gain=0.041 if admitted else None,
        interval=(0.004, 0.078) if admitted else None,
        systems=[
            JudgedSystem(
                system="tuned <b>",
                passed=0.8,
                people=200 if admitted else 0,
                people_rate=0.71 if admitted else None,
                sensitivity=0.92 if admitted else None,
                specificity=0.8 if admitted else None,
                corrected=0.83 if admitted else None,
                corrected_interval=(0.77, 0.9) if admitted else None,
            )
        ],
        gains=[
            JudgedGain(
                system="tfidf",
                judged=0.093,
                gain=0.041 if admitted else None,
                interval=(0.004, 0.078) if admitted else None,
                people=200 if admitted else 0,
            )
        ],
        reasons=[] if admitted else ["people judged 0 of at least 100 cases"],
        notes=["The judge likes long answers."] if admitted else [],
        text="The judge referee was held against people." if admitted else ASK,
    )


def judged(*, admitted: bool) -> Verdict:
    gate = Gate(name="judge", passed=admitted, text="It agrees." if admitted else ASK)
    return ship().model_copy(update={"judging": judging(admitted=admitted), "gates": [gate]})


def terminal(verdict: Verdict) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_verdict(verdict, console)
    stream = console.file
    assert isinstance(stream, io.StringIO)
    return " ".join(stream.getvalue().split())


def test_without_a_judge_there_is_no_section() -> None:
    assert judging_view(ship()) is None
    assert 'id="judging"' not in render_report(ship())
    assert "Right answers" in render_report(ship())


@pytest.mark.parametrize("admitted", [True, False])
def test_scores_are_the_judges_rate_and_never_right_answers(admitted: bool) -> None:
    page, shown = render_report(judged(admitted=admitted)), terminal(judged(admitted=admitted))
    assert "The judge&#39;s rate" in page
    assert "the judge's rate, %" in shown
    assert "Right answers" not in page
    assert "right answers" not in shown


def test_an_admitted_judge_shows_its_checks_and_the_gain_that_decides() -> None:
    page = re.sub(r"\s+", " ", render_report(judged(admitted=True)))
    assert 'href="#judging"' in page
    for part in ("+9.3", "+4.1 (+0.4 to +7.8)", "0.74", "at least 0.6", "83.0", "77.0 to 90.0", "0.81", "+12.0"):
        assert part in page, part
    assert "tuned &lt;b&gt;" in page
    assert "<b>" not in page
    assert "The judge likes long answers." in terminal(judged(admitted=True))


def test_an_unchecked_judge_says_what_to_do_once() -> None:
    view = judging_view(judged(admitted=False))
    assert view is not None
    assert view.gains == []
    assert "tunewright label . --judgements" in view.text
    shown = terminal(judged(admitted=False))
    assert shown.count("tunewright label . --judgements") == 1
    page = render_report(judged(admitted=False))
    assert "+9.3" not in page[page.index('id="judging"') : page.index('id="cases"')]
