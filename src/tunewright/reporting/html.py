"""The report as one HTML file that needs nothing else: no network, no font, no script.

Puts the views of this room into the templates. Everything that comes from a verdict is escaped; only the figures
are drawn as markup, and they escape their own texts. The main job and ``report`` call ``render_report``.
"""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tunewright.records.verdict import DataSummary, Verdict
from tunewright.reporting import evidence, words
from tunewright.reporting.cases import between, case_list, shown
from tunewright.reporting.categories import category_table, confusion_views, field_table
from tunewright.reporting.cost_section import cost_view
from tunewright.reporting.figures import comparison_figure, gain_figure
from tunewright.reporting.front_page import front_page, provable_lines, score_name, volume_words
from tunewright.reporting.handover import handover_view
from tunewright.reporting.judging_section import GAIN_HEADINGS, SYSTEM_HEADINGS, judging_view
from tunewright.reporting.learned_section import learned_view, share_line
from tunewright.reporting.lookup import on_validation
from tunewright.reporting.measures import measure_table, model_table
from tunewright.reporting.parts_section import measure_rows, part_tables

_TEMPLATE = "report.html.j2"
_OPTION = re.compile(r"(?<!\S)--[a-z][\w-]*")
_MINUS = re.compile(r"(?<![\w.])-(?=[$\d])")


def render_report(verdict: Verdict, *, texts: bool = True) -> str:
    """The whole report.

    Args:
        verdict: what to show; nothing else is read.
        texts: False leaves out the texts of the cases, their row names and their answers.

    Returns:
        HTML; equal verdicts give equal text.
    """
    handover = handover_view(verdict)
    money = cost_view(verdict)
    return (
        environment()
        .get_template(_TEMPLATE)
        .render(
            verdict=verdict,
            created=words.moment(verdict.created),
            page=front_page(verdict),
            score_name=score_name(verdict),
            on_validation=on_validation(verdict),
            figures=[Markup(comparison_figure(verdict)), Markup(gain_figure(verdict))],
            systems=evidence.system_rows(verdict),
            further_headings=evidence.FURTHER_HEADINGS,
            costs=evidence.cost_rows(verdict),
            one_basis=evidence.one_basis(verdict),
            volume=volume_words(verdict),
            against_baselines=evidence.baseline_rows(verdict),
            against_today=evidence.today_rows(verdict),
            provable=provable_lines(verdict),
            bayes=evidence.bayes_line(verdict),
            worth=words.set_points(verdict.min_improvement),
            categories=category_table(verdict),
            fields=field_table(verdict),
            measures=measure_table(verdict),
            models=model_table(verdict),
            confusions=confusion_views(verdict),
            parts=part_tables(verdict),
            measure_gains=measure_rows(verdict),
            learned=learned_view(verdict),
            share_line=share_line(verdict),
            handover=handover,
            judging=judging_view(verdict),
            judged_headings=SYSTEM_HEADINGS,
            gain_headings=GAIN_HEADINGS,
            money=money,
            money_figure=Markup(money.figure if money else ""),
            handover_figure=Markup(handover.figure if handover else ""),
            texts=texts,
            fixed=case_list(verdict.fixed_cases),
            broken=case_list(verdict.broken_cases),
            between=between(verdict),
            data_rows=_data_rows(verdict.data),
        )
    )


def environment() -> Environment:
    """How the pages of the program are made: everything escaped, and a missing value is an error."""
    made = Environment(
        loader=PackageLoader("tunewright.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters["prose"] = _prose
    made.filters["shown"] = shown
    made.filters["count"] = words.count
    return made


def _finalize(value: object) -> object:
    """The last look at every value: no missing value becomes a word by accident, no control character passes."""
    assert value is not None, "a missing value reached the page without a word for it"
    if isinstance(value, str) and not isinstance(value, Markup):
        return words.clean(value)
    return value


def _prose(text: str) -> Markup:
    """Words and figures as a page sets them: a real minus, no line break before a percent sign or inside an option."""
    safe = str(escape(words.clean(text)))
    safe = _MINUS.sub("\u2212", safe).replace(" %", "\u00a0%")
    return Markup(_OPTION.sub(r'<span class="whole">\g<0></span>', safe))


def _data_rows(data: DataSummary) -> list[tuple[str, str]]:
    """The data in the order of its way: in, set aside, used, split, found."""
    balance = f"{words.count(data.rows_in)} = {words.count(data.rows_used)} + {words.count(data.rows_set_aside)}"
    return [
        ("Rows in = used + set aside", balance),
        ("Categories", words.count(len(data.labels))),
        ("Used for learning", words.count(data.train)),
        ("Used for choosing (validation)", words.count(data.validation)),
        ("Used for the decision (test)", words.count(data.test)),
        ("Exact duplicates", words.count(data.exact_duplicates)),
        ("Near duplicates", words.count(data.near_duplicates)),
        ("Same text, different answers", words.count(data.contradictions)),
    ]
