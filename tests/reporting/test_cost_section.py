"""The money of a verdict as a section of the report and as lines: figures, crossings, unpriced parts, escaping."""

from __future__ import annotations

import re

import pytest
from sample_verdicts import ship

from tunewright.records.money import BreakEvenPoint, CostPart, Money, Scenario, SystemMoney
from tunewright.reporting.cost_chart import cost_figure, short_number
from tunewright.reporting.cost_section import cost_view, hours, money_view, price_of_answer, text_lines
from tunewright.reporting.html import render_report
from tunewright.reporting.tuning_table import TuningRow, money_range, time_range, tuning_table


def system(name: str, once: float | None, per_call: float | None, seconds: float | None = None) -> SystemMoney:
    return SystemMoney(
        system=name,
        once=[
            CostPart(part="training", usd=once, hours=0.0, basis="3 started hours"),
            CostPart(part="labelling", usd=0.0, hours=9.0, basis="600 examples"),
        ],
        monthly=[CostPart(part="review", usd=0.0, hours=2.0, basis="assumed")],
        usd_per_call=per_call,
        seconds_per_call=seconds,
        machine_usd_per_hour=None if seconds is None else 0.05,
        error_usd_per_call=None,
        error_basis="unpriced",
        whole_usd_per_month=None if per_call is None or once is None else once / 12 + per_call * 60_800,
    )


def account() -> Money:
    return Money(
        calls_per_month=60_800,
        months=12,
        usd_per_hour_of_work=None,
        errors_counted=False,
        systems=[
            system("prompt:<large>", 0.0, 0.00096),
            system("finetune:small", 500.0, 0.000129),
            system("prompt:odd", 0.0, None),
        ],
        break_even=[
            BreakEvenPoint(
                system="finetune:small",
                against="prompt:<large>",
                counted="bills",
                calls_per_month=[50_140.0],
                payback_months=9.9,
                text="At equal quality: finetune:small from about 50,100 calls a month on.",
            )
        ],
        scenarios=[
            Scenario(
                what="as stated",
                usd_per_month={"prompt:<large>": 58.37, "finetune:small": 49.51, "prompt:odd": None},
                cheapest="finetune:small",
            )
        ],
        retirements=["large: gpt-4o (OpenAI) will be taken away on 2027-01-14."],
        assumptions=["Work is shown in hours and left out of the sums."],
    )


def test_the_table_says_unpriced_and_never_zero() -> None:
    view = money_view(account())
    rows = dict(view.systems.rows)
    assert rows["prompt:<large>"] == ["$0", "9 h", "$58", "$0", "2 h", "unpriced", "$58"]
    assert rows["finetune:small"] == ["$500", "9 h", "$7.84", "$0", "2 h", "unpriced", "$50"]
    assert rows["prompt:odd"] == ["$0", "9 h", "unpriced", "$0", "2 h", "unpriced", "unpriced"]
    assert dict(view.scenarios.rows) == {
        "prompt:<large>": ["$58"],
        "finetune:small": ["$50 (cheapest)"],
        "prompt:odd": ["unpriced"],
    }
    assert "bills, one-off costs over 12 months" in view.caption


def test_the_chart_draws_priced_systems_and_a_dot_where_they_cross() -> None:
    svg = cost_figure(account(), "finetune:small", "prompt:<large>")
    assert "finetune:small" in svg
    assert "prompt:&lt;large&gt;" in svg
    assert "prompt:odd" not in svg
    assert svg == cost_figure(account(), "finetune:small", "prompt:<large>")
    # The dots are markers that are used, beside the paths of lines and ticks.
    uses = len(re.findall("<use ", svg))
    apart = account().model_copy(update={"systems": [system("a", 0.0, 0.001), system("b", 0.0, 0.002)]})
    assert uses == len(re.findall("<use ", cost_figure(apart, None, None))) + 1
    nothing = account().model_copy(update={"systems": [system("a", None, 0.001)]})
    assert cost_figure(nothing, None, None) == ""


def test_whole_machines_are_steps_in_the_chart() -> None:
    stepped = account().model_copy(update={"systems": [system("own", 0.0, 0.0, seconds=0.5)]})
    flat = account().model_copy(update={"systems": [system("own", 0.0, 0.0, seconds=1e-6)]})
    assert cost_figure(stepped, None, None) != cost_figure(flat, None, None)


def test_the_report_shows_it_and_escapes_names() -> None:
    page = render_report(ship().model_copy(update={"money": account()}))
    assert 'id="cost-volume"' in page
    assert "prompt:&lt;large&gt;" in page
    assert "prompt:<large>" not in page
    assert "will be taken away on 2027-01-14" in page
    assert 'href="#cost-volume"' in page
    without = render_report(ship())
    assert 'id="cost-volume"' not in without
    assert cost_view(ship()) is None


def test_lines_for_a_terminal() -> None:
    text = "\n".join(text_lines(money_view(account())))
    assert "! large: gpt-4o" in text
    assert "At equal quality: finetune:small" in text
    assert "Work is shown in hours" in text
    assert re.search(r"as stated +\$58 +\$50 \(cheapest\) +unpriced", text)


def test_words() -> None:
    assert (hours(9.0), hours(0.254), hours(0.0)) == ("9 h", "0.25 h", "0 h")
    assert (price_of_answer(None), price_of_answer(0.00096)) == ("unpriced", "$0.96 per 1,000")
    assert (short_number(1e6), short_number(2000), short_number(10)) == ("1 M", "2 k", "10")


@pytest.mark.parametrize(
    ("range_", "text"), [(None, "not said"), ((0.2, 0.5), "12 to 30 min"), ((1.2, 2.9), "1.2 to 2.9 h")]
)
def test_times(range_: tuple[float, float] | None, text: str) -> None:
    assert time_range(range_) == text


def test_the_table_of_offers() -> None:
    notes = ("closed", "https://example.org (2026)")
    rows = [
        TuningRow("A", "there", True, (0.5, 0.5), None, (5.0, 6.0), notes),
        TuningRow("B", "there", True, None, (0.2, 0.5), None, notes),
        TuningRow("C", "here", False, None, None, (3.0, 3.0), ("no",)),
    ]
    lines = tuning_table(rows)
    assert lines[1].split() == ["A", "there", "$0.50", "not", "said", "$5", "to", "$6", "[1]"]
    assert lines[2].split() == ["B", "there", "unpriced", "12", "to", "30", "min", "unpriced", "[1]"]
    assert lines[3].split() == ["C", "here", "not", "offered", "-", "$3", "[2]"]
    assert lines[-2:] == ["[1] closed; https://example.org (2026)", "[2] no"]
    assert money_range(None) == "unpriced"
