"""Scoring planted defects with checks that find, miss, exaggerate or cannot judge; and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.audit.small_sets import labelled, view_of, with_input
from typer.testing import CliRunner

from tunewright.audit import planted as planting
from tunewright.audit import run as running
from tunewright.audit.findings import CheckResult, Finding, Item, NotChecked
from tunewright.audit.planted import SelfTest, self_test
from tunewright.audit.planted_score import Score, together
from tunewright.audit.planting._defect import Defect, Planted, adding, always, changing, choose
from tunewright.audit.run import AuditOptions
from tunewright.audit.view import View
from tunewright.cli.main import app
from tunewright.errors import Cancelled, InputError
from tunewright.workflow.auditing.audit_selftest import AuditSelfTest, by_check

BAD = "#bad#"
Says = Callable[[View], CheckResult]


def mark(view: View, rng: np.random.Generator, n: int) -> Planted:
    places = choose(rng, view, 2 * n)
    bad = {place: lambda row: with_input(row, row.text + BAD) for place in places[:n]}
    quiet = {place: lambda row: with_input(row, row.text + "#fine#") for place in places[n:]}
    return changing(view, "mark", bad, quiet)


def repeat(view: View, rng: np.random.Generator, n: int) -> Planted:
    return adding(view, [(place, view.examples[place]) for place in choose(rng, view, n)], "twin", rng)


MARKED = Defect("marked", "Marked rows", ("finder.rows",), always, mark, ("finder.refused",))
TWINS = Defect("twins", "Twins", ("finder.rows",), always, repeat)


def finding(view: View, items: list[tuple[int, ...]], kind: str = "finder.rows", title: str = "3 rows") -> CheckResult:
    found = Finding(kind, "warning", title, "", "", tuple(Item(rows, "so it is") for rows in items))
    return CheckResult((found,) if items else ())


def rows_with(view: View, text: str) -> list[int]:
    return [place for place, row in enumerate(view.examples) if text in row.text]


def tried(
    monkeypatch: pytest.MonkeyPatch, says: Says, *defects: Defect, view: View | None = None, **more: object
) -> SelfTest:
    check = SimpleNamespace(
        NAME="finder", TITLE="Finder", QUALITY="correct", COST="seconds", VERSION=1, LIMITS={}, run=lambda v, _: says(v)
    )
    monkeypatch.setattr(running, "all_checks", lambda: [check])
    monkeypatch.setattr(planting, "all_checks", lambda: [check, SimpleNamespace(NAME="idle")])
    monkeypatch.setattr(planting, "all_defects", lambda: list(defects))
    return self_test(view or view_of(labelled(200), "classify"), **more)  # type: ignore[arg-type]


def test_a_check_that_finds_all_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    score = tried(monkeypatch, lambda v: finding(v, [(r,) for r in rows_with(v, BAD)]), MARKED).scores[0]
    assert (score.planted, score.found, score.false_alarms, score.quiet, score.quiet_flagged) == (10, 10, 0, 10, 0)
    assert score.recall == score.precision == 1
    low, high = score.recall_interval or (0, 0)
    # Wilson 1927 for 10 of 10 at 95 %: n / (n + z^2) = 10 / 13.8415.
    assert (low, high) == (pytest.approx(10 / (10 + 1.959964**2)), 1)


def test_a_check_that_misses_and_flags_look_alikes(monkeypatch: pytest.MonkeyPatch) -> None:
    def says(view: View) -> CheckResult:
        bad, fine = rows_with(view, BAD), rows_with(view, "#fine#")
        plain = [row for row in range(len(view)) if row not in {*bad, *fine}] if bad else []
        return finding(view, [(r,) for r in (*bad[:4], *fine[:5], *plain[:1])])

    score = tried(monkeypatch, says, MARKED).scores[0]
    assert (score.found, score.false_alarms, score.quiet_flagged) == (4, 6, 5)
    assert (score.recall, score.precision) == (0.4, 0.4)
    assert len(score.missed) == 6
    assert all(row.endswith("+ mark") for row in score.missed)
    assert sum(row.endswith("+ look-alike") for row in score.wrongly_flagged) == 5


def test_what_was_flagged_before_counts_neither_way(monkeypatch: pytest.MonkeyPatch) -> None:
    flag_cards: Says = lambda v: finding(v, [(r,) for r in rows_with(v, "card")])  # noqa: E731
    score = tried(monkeypatch, flag_cards, MARKED).scores[0]
    assert score.untouched_flagged == len(rows_with(view_of(labelled(200), "classify"), "card")) > 0
    assert score.false_alarms == score.found == 0
    assert score.planted + score.flagged_before == 10
    assert score.precision is None
    everything: Says = lambda v: finding(v, [(r,) for r in range(len(v))])  # noqa: E731
    all_flagged = tried(monkeypatch, everything, MARKED).scores[0]
    assert all_flagged.status == "could not judge"
    assert "before" in (all_flagged.because or "")


def test_twins_count_and_their_sources_are_no_false_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    def says(view: View) -> CheckResult:
        first: dict[str, int] = {}
        items = []
        for place, row in enumerate(view.examples):
            if row.source in first:
                items += [(first[row.source], place), (first[row.source],)]
            first.setdefault(row.source, place)
        return finding(view, items)

    score = tried(monkeypatch, says, TWINS).scores[0]
    assert (score.planted, score.found, score.false_alarms) == (10, 10, 0)


def test_a_check_that_cannot_judge_has_no_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = CheckResult(not_checked=(NotChecked("finder.refused", "too few rows"),))
    score = tried(monkeypatch, lambda _: refusal, MARKED).scores[0]
    assert (score.status, score.because, score.recall) == ("could not judge", "too few rows", None)

    def in_part(view: View) -> CheckResult:
        return replace(finding(view, [(row,) for row in rows_with(view, BAD)[:3]]), not_checked=refusal.not_checked)

    assert tried(monkeypatch, in_part, MARKED).scores[0].recall == 0.3, "what was judged counts"
    other = CheckResult(not_checked=(NotChecked("finder.other", "no model"),))
    assert tried(monkeypatch, lambda _: other, MARKED).scores[0].recall == 0


def test_a_defect_of_the_set_is_found_by_news_not_by_old_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    def turn(view: View, _rng: np.random.Generator, _n: int) -> Planted:
        return Planted(tuple(sorted(view.examples, key=lambda row: row.text)), ())

    ordered = Defect("ordered", "Order", ("finder.order",), always, turn, of_the_set=True, times=3)

    def in_order(view: View) -> bool:
        return [row.text for row in view.examples] == sorted(row.text for row in view.examples)

    sees: Says = lambda v: finding(v, [()] if in_order(v) else [], "finder.order", "Sorted")  # noqa: E731
    score = tried(monkeypatch, sees, ordered).scores[0]
    assert (score.times, score.planted, score.found, score.recall) == (3, 3, 3, 1)
    blind: Says = lambda v: finding(v, [()], "finder.order", f"{len(v) + in_order(v)} rows are sorted")  # noqa: E731
    assert tried(monkeypatch, blind, ordered).scores[0].found == 0


def test_the_interval_of_pieces_counts_pieces() -> None:
    one = Score("t", "T", "scored", planted=10, found=10, by_check=(("finder", 10, 0),))
    both = together([one, replace(one, found=0, by_check=(("finder", 0, 0),))])
    assert (both.planted, both.found, both.times, both.by_check) == (20, 10, 2, (("finder", 10, 0),))
    low, high = both.recall_interval or (0, 0)
    assert low < 0.1
    assert high > 0.9
    assert together([replace(one, status="could not judge"), one]) == one


def test_the_line_of_a_check_answers_for_what_all_missed_only_if_it_is_the_first() -> None:
    score = Score("t", "T", "scored", planted=10, found=8, by_check=(("one", 5, 1), ("two", 3, 0)))
    lines = {line.check: line for line in by_check([score, Score("u", "U", "not planted")])}
    assert (lines["one"].planted, lines["one"].found, lines["one"].false_alarms) == (7, 5, 1)
    assert (lines["two"].recall, lines["two"].precision) == (1, 1)


def test_rows_without_unique_ids_and_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [replace(row, row_id="same + id") for row in labelled(300)]
    result = tried(
        monkeypatch,
        lambda v: finding(v, [(r,) for r in rows_with(v, BAD)]),
        MARKED,
        view=view_of(rows, "classify"),
        most_rows=120,
    )
    assert (result.rows, result.rows_given) == (120, 300)
    assert (result.scores[0].planted, result.scores[0].found) == (10, 10)


def test_the_same_seed_gives_the_same_scores_and_another_seed_other_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    blind: Says = lambda _: CheckResult()  # noqa: E731

    def missed(seed: int) -> tuple[str, ...]:
        view = replace(view_of(labelled(200), "classify"), seed=seed)
        return tried(monkeypatch, blind, MARKED, view=view).scores[0].missed

    assert missed(1) == missed(1)
    assert missed(1) != missed(2)
    twice = tried(monkeypatch, blind, replace(MARKED, times=2)).scores[0]
    assert twice.planted == 20
    assert len(twice.missed) > 10, "each copy holds the defect in other rows"


def test_only_defects_of_the_checks_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(MARKED, name="other", kinds=("elsewhere.rows",))
    result = tried(monkeypatch, lambda _: CheckResult(), MARKED, other, options=AuditOptions(only=("finder",)))
    assert [score.name for score in result.scores] == ["marked"]
    assert result.untried == ()
    assert tried(monkeypatch, lambda _: CheckResult(), MARKED).untried == ("idle",)
    with pytest.raises(InputError, match="Nothing is planted for idle"):
        tried(monkeypatch, lambda _: CheckResult(), MARKED, options=AuditOptions(only=("idle",)))


def test_a_check_alone_has_the_figures_that_it_has_among_others() -> None:
    """Of twins that two checks may find, neither is blamed for those that are the other's."""
    view = view_of(labelled(240), "classify")
    together_, alone = (
        AuditSelfTest("rows", "classify", False, self_test(view, AuditOptions(only=only)), only)
        for only in (("exact_duplicates", "near_duplicates"), ("near_duplicates",))
    )
    (line,) = alone.checks
    assert line.check == "near_duplicates"
    shared = {score.name: score for score in together_.result.scores if "near_duplicates" in dict_of(score)}
    of_alone = {score.name: score for score in alone.result.scores}
    assert shared.keys() == of_alone.keys() >= {"restyled_twins", "near_twins"}
    assert all(dict_of(shared[name]) == dict_of(score) for name, score in of_alone.items())
    assert [line.check for line in together_.checks] == ["exact_duplicates", "near_duplicates"]
    assert line in together_.checks


def dict_of(score: Score) -> dict[str, tuple[int, int]]:
    return {check: (found, wrong) for check, found, wrong in score.by_check}


def test_where_nothing_applies_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def says(_: View) -> CheckResult:
        raise AssertionError("no check was asked for")

    score = tried(monkeypatch, says, replace(MARKED, applies=lambda _: "it makes no sense")).scores[0]
    assert (score.status, score.because) == ("not planted", "it makes no sense")


def test_a_handful_of_planted_rows_is_no_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(MARKED, plant=lambda v, rng, _: mark(v, rng, 3))
    score = tried(monkeypatch, lambda _: CheckResult(), few).scores[0]
    assert (score.status, score.recall) == ("not planted", None)


def test_too_few_rows_and_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="too few"):
        self_test(view_of(labelled(20), "classify"))
    with pytest.raises(Cancelled):
        tried(
            monkeypatch,
            lambda _: CheckResult(),
            MARKED,
            view=View(tuple(labelled(200)), "classify", cancelled=lambda: True),
        )


def test_vectors_are_made_once_per_text(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def embed(texts: object) -> np.ndarray:  # type: ignore[type-arg]
        made.extend(texts)  # type: ignore[call-overload]
        return np.ones((len(list(texts)), 2), dtype=np.float32)  # type: ignore[call-overload]

    def says(view: View) -> CheckResult:
        assert view.vectors is not None
        assert view.vectors.shape == (len(view), 2)
        return CheckResult()

    tried(monkeypatch, says, MARKED, TWINS, view=View(tuple(labelled(200)), "classify", embed=embed))
    assert len(made) == len(set(made)) <= 200 + 2 * 10


def test_the_real_checks_find_what_is_planted_in_small_data() -> None:
    only = ("text_debris", "secrets", "exact_duplicates", "near_duplicates", "label_spelling", "invisible_characters")
    result = self_test(view_of(labelled(240), "classify"), AuditOptions(only=only))
    scores = {score.name: score for score in result.scores if score.status == "scored"}
    assert {"mojibake", "template_tokens", "secrets", "exact_twins", "spelling_variants", "zero_width"} <= set(scores)
    assert all(scores[name].recall == 1 for name in ("mojibake", "template_tokens", "secrets", "zero_width"))
    assert all(score.quiet_flagged == 0 for name, score in scores.items() if name != "shared_prompt")


def test_the_command_prints_a_table_and_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"text": row.text, "label": row.target}) for row in labelled(120)]
    Path("rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    call = [
        "audit",
        "rows.jsonl",
        "--self-test",
        "--no-vectors",
        "--check",
        "secrets",
        "--check",
        "injection",
        "--seed",
        "3",
    ]
    table = CliRunner().invoke(app, call)
    assert table.exit_code == 0, table.output
    assert "Keys and passwords" in table.output
    assert "120 rows, without vectors, seed 3" in table.output
    assert not list(tmp_path.glob("runs")), "nothing is written"
    printed = CliRunner().invoke(app, [*call, "--json"])
    document = json.loads(printed.stdout)
    assert {entry["name"]: entry["recall"] for entry in document["defects"]}["secrets"] == 1
    assert {line["check"] for line in document["checks"]} == {"secrets", "injection"}
    wrong = CliRunner().invoke(app, ["audit", "rows.jsonl", "--self-test", "--check", "nothing", "--json"])
    assert wrong.exit_code == 2
