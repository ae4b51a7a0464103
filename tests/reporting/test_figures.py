"""Figures: equal bytes, the page's colours, escaped names, and no trace in matplotlib's settings."""

from __future__ import annotations

import re

import matplotlib
from sample_odd_verdicts import hostile, no_candidate
from sample_verdicts import keep_simpler, ship

from tunewright.records.verdict import Verdict
from tunewright.reporting.figures import comparison_figure, gain_figure, shortened


def both(verdict: Verdict) -> str:
    return comparison_figure(verdict) + gain_figure(verdict)


def test_equal_verdicts_give_equal_bytes_whatever_the_settings() -> None:
    first = both(ship())
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "lines.linewidth": 9, "svg.hashsalt": "x"}):
        second = both(ship())
    assert first == second


def test_the_settings_of_matplotlib_are_left_alone() -> None:
    before = dict(matplotlib.rcParams)
    both(ship())
    assert dict(matplotlib.rcParams) == before


def test_nothing_is_left_of_the_file_around_the_drawing() -> None:
    svg = both(hostile())
    assert not re.search(r"https?:|xmlns|<\?xml|DOCTYPE|<style|<metadata|xlink|font-family", svg)
    assert not re.search(r"@\d+@|#0[1-5]0[1-5]0[1-5]", svg)
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {"#000000"}


def test_ids_are_unique_over_both_figures_and_all_references_hold() -> None:
    svg = both(ship())
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]*)"', svg) + re.findall(r"url\(#([^)]*)\)", svg)
    assert used
    assert set(used) <= set(ids)


def test_names_are_escaped_and_cut() -> None:
    svg = both(hostile())
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert shortened("a\n b" + "x" * 99, 10) == "a bxxxxxx…"


def test_the_alternative_text_holds_every_number() -> None:
    found = re.search(r'aria-label="([^"]*)"', comparison_figure(ship()))
    assert found
    for part in ("majority 14.8 %", "rules.py:route 87.2 %", "finetune:minilm 94.3 % (92.2 to 95.9 %)"):
        assert part in found[1]


def test_marks_do_not_rest_on_colour_and_lines_are_named() -> None:
    assert "target 92 %" in comparison_figure(ship())
    assert "rules.py:route (today)" in comparison_figure(ship())
    gains = gain_figure(keep_simpler())
    assert "no difference" in gains
    assert "worth it from 2 points" in gains
    assert "\u22120.7 points" in gains


def test_without_a_candidate_or_scores_nothing_is_drawn() -> None:
    assert gain_figure(no_candidate()) == ""
    assert comparison_figure(ship().model_copy(update={"systems": [ship().systems[5]]})) == ""
