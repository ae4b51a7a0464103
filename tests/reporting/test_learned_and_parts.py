"""Overfitting seen, parts of the cases, measures and shares of the gain: in the report and on the terminal."""

from __future__ import annotations

import io

from rich.console import Console
from sample_verdicts import cannot_judge, not_proven, ship

from tunewright.records.learned import Gap, Learned, RowLosses
from tunewright.records.slices import MeasureGain, SliceGain
from tunewright.records.verdict import Verdict
from tunewright.reporting.html import render_report
from tunewright.reporting.learned_section import learned_view, share_line, share_of, share_range
from tunewright.reporting.parts_section import MOST_SHOWN, measure_lines, part_lines, part_tables
from tunewright.reporting.terminal import print_verdict

SEEN = Learned(
    new_rows="test",
    gaps=[
        Gap(rows="training", n=500, score=1.0, interval=(0.992, 1.0)),
        Gap(rows="test", n=600, score=0.908, interval=(0.882, 0.929)),
    ],
    train_minus_test=0.092,
    train_minus_test_interval=(0.07, 0.118),
    near_minus_far=None,
    near_minus_far_interval=None,
    hard_rows=["T-<b>17</b>", "T-18"],
    losses=RowLosses(
        rows=500, median_by_epoch=[0.9, 0.2], early=100, late=390, never=10, of_hard_rows=[[3.14, 2.06], []]
    ),
    text="It has its own rows nearly by heart.",
)


def part(name: str, gain: float, *, flagged: bool, against: str = "tfidf", n: int = 50) -> SliceGain:
    return SliceGain(
        slice=name,
        system="finetune:minilm",
        against=against,
        n=n,
        score=0.8 + gain,
        reference=0.8,
        gain=gain,
        interval=(gain - 0.1, gain + 0.1),
        p_adjusted=0.01 if flagged else 0.5,
        flagged=flagged,
    )


def full(verdict: Verdict) -> Verdict:
    shares = [-3.0, 0.0, 0.463, 0.505, 1.0]
    systems = [
        system.model_copy(
            update={
                "learned": SEEN if system.name == "embedding" else None,
                "reachable": share,
                "reachable_interval": (share - 0.2, share + 0.2) if share == 0.463 else (share, share),
            }
        )
        for system, share in zip(verdict.systems, shares, strict=False)
    ]
    slices = [
        part("channel: mail", 0.02, flagged=False),
        part("category: billing", -0.14, flagged=True),
        part("language: German", 0.12, flagged=True),
    ]
    measure = MeasureGain(
        measure="macro_f1", system="finetune:minilm", against="embedding", score=0.941, reference=0.905, gain=0.036,
        interval=(0.012, 0.06), p=0.004,
    )  # fmt: skip
    return verdict.model_copy(
        update={
            "systems": [*systems, *verdict.systems[len(systems) :]],
            "slices": slices,
            "measure_gains": [measure],
            "reachable_from": "rules.py:route",
        }
    )


def printed(verdict: Verdict, width: int) -> str:
    stream = io.StringIO()
    print_verdict(verdict, Console(file=stream, width=width), None)
    return stream.getvalue()


def test_the_terminal_has_the_share_as_a_column_and_names_flagged_parts_alone() -> None:
    wide = [line.split() for line in printed(full(ship()), 100).splitlines()]
    assert [">", "finetune:minilm", "94.3", "(92.2-95.9)", "58", "/", "15", "100", "11", "13", "6.9", "min"] in wide
    narrow = printed(full(ship()), 80)
    assert [">", "finetune:minilm", "94.3", "(92.2-95.9)", "58", "/", "15", "100", "11", "13"] in [
        line.split() for line in narrow.splitlines()
    ]
    assert max(map(len, narrow.splitlines())) <= 80
    text = " ".join(narrow.split())
    assert (
        "Parts Against tfidf, finetune:minilm is worse in category: billing (-14 points, 50 cases); better in 1 of "
        "3 parts: language: German (+12 points, 50 cases)." in text
    )
    assert "channel: mail" not in text
    assert "Measure macro f1 of finetune:minilm 0.941, of embedding 0.905: +0.036 (+0.012 to +0.060), p 0.0040." in text
    assert "rules.py:route (0, what you use today) to finetune:minilm (100, the best here)" in text


def test_nothing_is_added_where_there_is_nothing() -> None:
    text = printed(ship(), 80)
    assert not any(word in text for word in ("Parts", "Measure"))
    page = render_report(ship())
    assert not any(name in page for name in ('id="parts"', 'id="learned"'))
    assert (learned_view(ship()), part_tables(ship())) == (None, [])


def test_the_share_of_the_gain_is_a_column_of_every_comparison() -> None:
    """Also where the gain is not shown; not while the test is closed, and not for a single system."""
    line = "% of gain: -, for a gain from rules.py:route, which you use today, to the best here is not shown."
    assert share_line(ship()) == line
    assert line in " ".join(printed(ship(), 80).split())
    assert "% of gain<" in render_report(ship())
    assert share_line(ship().model_copy(update={"stage": "explore"})) == ""
    assert share_line(ship().model_copy(update={"systems": ship().systems[:1]})) == ""
    nobody = share_line(ship().model_copy(update={"incumbent": None, "incumbent_comparisons": []}))
    assert nobody == "% of gain: -, for a gain from the simplest to the best here is not shown."


def test_where_todays_system_is_the_best_the_gain_counts_from_the_simplest() -> None:
    shares = {"majority": 0.0, "rules.py:route": 1.0, "tfidf": 0.5}
    verdict = ship().model_copy(
        update={
            "reachable_from": "majority",
            "systems": [s.model_copy(update={"reachable": shares.get(s.name)}) for s in ship().systems],
        }
    )
    text = " ".join(printed(verdict, 80).split())
    assert "from majority (0, the simplest) to rules.py:route (100, the best here)" in text
    assert ["rules.py:route", "87.2", "(84.3-89.6)", "today", "100", "3", "0.3"] in [
        line.split() for line in printed(verdict, 80).splitlines()
    ]


def test_a_verdict_that_cannot_be_judged_names_no_parts() -> None:
    text = printed(full(cannot_judge()), 80)
    assert "Parts" not in text
    assert "Measure" not in text


def test_the_report_shows_everything_and_hides_row_names_with_texts() -> None:
    page = render_report(full(ship()))
    for word in ('id="parts"', 'id="learned"', "category: billing", "macro f1", "nearly by heart", "% of gain"):
        assert word in page
    assert "T-<b>17" not in page
    assert "T-&lt;b&gt;17&lt;/b&gt;</bdi> (loss 3.1, 2.1); <bdi>T-18</bdi></dd>" in page
    assert "T-&lt;b&gt;17" not in render_report(full(ship()), texts=False)


def test_cells_of_what_was_learned() -> None:
    view = learned_view(full(ship()))
    assert view is not None
    assert view.table.headings == ["Training rows", "Validation", "Test", "Training minus new, points"]
    assert view.table.rows == [
        ("embedding", ["100.0 % (99.2 to 100.0 %)", "-", "90.8 % (88.2 to 92.9 %)", "+9.2 (+7.0 to +11.8)"])
    ]
    assert view.texts == [("embedding", SEEN.text)]


def test_shares_in_words() -> None:
    majority, _, tfidf, *_ = full(ship()).systems
    assert (share_of(majority), share_range(majority.reachable_interval)) == ("<0", "")
    assert (share_of(tfidf), share_range(tfidf.reachable_interval)) == ("46", "26 to 66")
    assert share_of(ship().systems[0]) == "-"


def test_long_tables_are_cut_and_flags_come_first() -> None:
    many = [part(f"tag: {k}", 0.01, flagged=k == 59) for k in range(60)]
    (table,) = part_tables(ship().model_copy(update={"slices": many}))
    assert (len(table.rows), table.more) == (MOST_SHOWN, 20)
    assert (table.rows[0].part, table.rows[0].flag) == ("tag: 59", "better")
    losing = [part(f"tag: {k}", -0.1 - k / 100, flagged=True) for k in range(5)]
    (line,) = part_lines(ship().model_copy(update={"slices": losing}))
    assert line.startswith("Against tfidf, finetune:minilm is worse in tag: 4 (-14 points")
    assert line.endswith("and 2 more.")
    assert measure_lines(ship()) == []


def test_a_part_that_gains_where_all_cases_together_show_nothing_says_why_both_are_true() -> None:
    gaining = [part("tag: a", 0.3, flagged=True), part("tag: b", 0.0, flagged=False)]
    (proven,) = part_lines(ship().model_copy(update={"slices": gaining}))
    assert proven == "Against tfidf, finetune:minilm is better in 1 of 2 parts: tag: a (+30 points, 50 cases)."
    (line,) = part_lines(not_proven().model_copy(update={"slices": gaining}))
    assert line.removeprefix(proven[:-1]).startswith(", although all cases together do not show it")
    today = [part("tag: a", 0.3, flagged=True, against="rules.py:route")]
    (beside,) = part_lines(not_proven().model_copy(update={"slices": today}))
    assert "although" not in beside
