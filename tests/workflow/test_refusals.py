"""What is refused and why, and what is left out of a comparison that goes on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from desks import (
    MAJORITY,
    WORDS_ONLY,
    make_project,
    make_rows,
    run_folders,
    run_project,
    write_answers,
    write_table,
)

from tunewright.errors import InputError
from tunewright.project.settings import SystemEntry
from tunewright.records.verdict import SystemResult, Verdict
from tunewright.statistics.proportions import wilson_interval
from tunewright.workflow.run import RunOptions


def _refused(folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        run_project(folder)
    assert caught.value.hint
    assert run_folders(folder) == []
    return caught.value


def _result(verdict: Verdict, name: str) -> SystemResult:
    return next(system for system in verdict.systems if system.name == name)


# The rows


def test_two_classes_with_four_examples(tmp_path: Path) -> None:
    rows = [row for row in make_rows(12) if row.category != "repair"]
    error = _refused(make_project(tmp_path, rows))
    assert error.code == "split.too_few_rows"
    assert "at least 40" in error.message
    assert error.where == "classes: billing 4, delivery 4"


def test_classes_too_rare_among_enough_rows(tmp_path: Path) -> None:
    rows = make_rows(129)
    few = [row for row in rows if row.category == "billing"][:4] + [row for row in rows if row.category == "delivery"][
        :4
    ]
    error = _refused(make_project(tmp_path, [*few, *(replace(row, category="repair") for row in rows[60:100])]))
    assert error.code == "split.rare_classes"
    assert error.where == "rare classes: billing 4, delivery 4"


def test_one_class_only(tmp_path: Path) -> None:
    error = _refused(make_project(tmp_path, [replace(row, category="billing") for row in make_rows(90)]))
    assert error.code == "split.one_class"
    assert "'billing'" in error.message


def test_twenty_rows_in_all(tmp_path: Path) -> None:
    error = _refused(make_project(tmp_path, make_rows(20)))
    assert error.code == "split.too_few_rows"
    assert error.message.startswith("20 rows")
    assert error.why is not None


def test_an_unknown_column(tmp_path: Path) -> None:
    error = _refused(make_project(tmp_path, make_rows(90), data={"target": "categroy"}))
    assert "categroy" in error.message
    assert "category" in f"{error.where} {error.hint}"


def test_a_missing_file(tmp_path: Path) -> None:
    error = _refused(make_project(tmp_path, make_rows(90), data={"path": "nowhere.csv"}))
    assert "nowhere.csv" in f"{error.message} {error.where}"


def test_no_table_named(tmp_path: Path) -> None:
    assert _refused(make_project(tmp_path, make_rows(90), data={"path": None})).code == "project.no_data"


def test_more_than_one_percent_unusable(tmp_path: Path) -> None:
    rows = make_rows(120)
    rows[10] = replace(rows[10], category="")
    rows[11] = replace(rows[11], text=" ")
    error = _refused(make_project(tmp_path, rows))
    assert error.code == "data.too_many_set_aside"
    assert "tickets.csv:12" in (error.where or "")
    assert "--allow-set-aside" in (error.hint or "")
    allowed = run_project(make_project(tmp_path, rows, data={"allow_set_aside": 0.02}))
    assert (allowed.data.rows_in, allowed.data.rows_used, allowed.data.rows_set_aside) == (120, 118, 2)


# The systems


def test_an_unknown_kind_of_system(tmp_path: Path) -> None:
    error = _refused(make_project(tmp_path, make_rows(90), systems=(MAJORITY, "tfifd")))
    assert error.code == "systems.unknown_kind"
    assert error.hint == "Did you mean 'tfidf'?"


def test_rules_that_are_missing_are_left_out_with_the_reason(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(90), systems=(MAJORITY, WORDS_ONLY, {"rules": "rules.py:route"}))
    verdict = run_project(folder)
    rules = _result(verdict, "rules")
    assert not rules.available
    assert "rules.py does not exist" in (rules.reason or "")
    assert any(line.startswith("rules: ") for line in verdict.not_tried)
    assert _result(verdict, "words").available
    assert not any("What you use today" in warning for warning in verdict.warnings)


def test_an_incumbent_that_cannot_run_is_a_warning(tmp_path: Path) -> None:
    verdict = run_project(make_project(tmp_path, make_rows(90), fields={"incumbent": {"rules": "rules.py:route"}}))
    assert verdict.incumbent == "rules"
    assert any(warning.startswith("What you use today (rules) could not be compared") for warning in verdict.warnings)
    assert "could not be scored" in verdict.today_text
    assert verdict.use.system in (MAJORITY, "words", "rules")


def test_egress_none_forbids_a_system_that_needs_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNEWRIGHT_OFFLINE", raising=False)
    remote = {"keywords": {"network": True}}
    folder = make_project(tmp_path, make_rows(90), systems=(MAJORITY, remote), fields={"egress": "none"})
    error = _refused(folder)
    assert error.code == "run.egress"
    assert "keywords" in error.message
    make_project(tmp_path, make_rows(90), fields={"egress": "none"})
    assert run_project(folder).headline is None
    assert "TUNEWRIGHT_OFFLINE" not in os.environ


# Answers recorded elsewhere


def _with_answers(
    folder: Path, entry: Mapping[str, object], systems: Sequence[SystemEntry] = (MAJORITY, WORDS_ONLY)
) -> Path:
    return make_project(folder, make_rows(120), systems=systems, fields={"incumbent": dict(entry)})


def test_recorded_answers_with_another_id_column(tmp_path: Path) -> None:
    write_answers(tmp_path / "today.csv", make_rows(120), right=0.7, id_column="ticket")
    entry = {"answers": {"use": "today.csv", "id": "ticket", "name": "today"}}
    verdict = run_project(_with_answers(tmp_path, entry))
    today = _result(verdict, "today")
    assert today.n == 120
    assert today.score == pytest.approx(0.7, abs=0.1)
    assert today.budget.declared is None
    assert {paired.system for paired in verdict.incumbent_comparisons} == {MAJORITY, "words"}


def test_recorded_answers_are_found_by_the_id_column_of_the_project(tmp_path: Path) -> None:
    table = [{"ticket": row.id, "text": row.text, "category": row.category} for row in make_rows(120)]
    folder = _with_answers(tmp_path, {"answers": "today.csv"})
    make_project(tmp_path, make_rows(120), data={"id": "ticket"}, fields={"incumbent": {"answers": "today.csv"}})
    write_table(folder / "tickets.csv", table)
    write_answers(folder / "today.csv", make_rows(120), right=0.7, id_column="ticket")
    assert _result(run_project(folder), "answers").n == 120


def test_recorded_answers_in_a_column_of_the_own_table(tmp_path: Path) -> None:
    table = [{**asdict(row), "today": row.category if n % 4 else "billing"} for n, row in enumerate(make_rows(120))]
    folder = _with_answers(tmp_path, {"answers": {"column": "today", "name": "today"}})
    write_table(folder / "tickets.csv", table)
    today = _result(run_project(folder), "today")
    # Every fourth answer is "billing", which is right for a third of these.
    assert (today.n, today.score) == (120, pytest.approx(100 / 120))


def test_recorded_answers_of_other_rows_are_not_available(tmp_path: Path) -> None:
    write_answers(tmp_path / "today.csv", make_rows(120, prefix="Z"), right=0.7)
    today = _result(run_project(_with_answers(tmp_path, {"answers": "today.csv"})), "answers")
    assert not today.available
    assert "'T0" in (today.reason or "")


def test_a_bare_figure_is_shown_with_its_interval_and_never_compared(tmp_path: Path) -> None:
    entry = {"answers": {"figure": 0.87, "cases": 500, "name": "vendor"}}
    verdict = run_project(_with_answers(tmp_path, entry, (MAJORITY, WORDS_ONLY, "keywords")))
    vendor = _result(verdict, "vendor")
    low, high = wilson_interval(435, 500)
    assert not vendor.available
    assert f"87.0% of 500 cases, which could be {float(low):.1%} to {float(high):.1%}" in (vendor.reason or "")
    assert vendor.score is None
    assert verdict.incumbent_comparisons == []
    assert "vendor" not in {paired.system for paired in verdict.baselines}
    assert verdict.use.system != "vendor" or verdict.use.reason == "incumbent"


def test_recorded_answers_that_lack_rows_are_compared_on_what_both_have(tmp_path: Path) -> None:
    write_answers(tmp_path / "today.csv", make_rows(120)[:100], right=0.4)
    verdict = run_project(_with_answers(tmp_path, {"answers": "today.csv"}, (MAJORITY, "keywords")))
    today = _result(verdict, "answers")
    assert (today.n, today.missing) == (100, 20)
    assert any("left 20 cases unanswered; they are compared on what both have" in text for text in verdict.warnings)
    assert {gate.name: gate.passed for gate in verdict.gates}["missing-scores"]
    assert verdict.headline == "SHIP_FINE_TUNE"
    cases = {paired.system: paired.n for paired in verdict.baselines}
    assert cases == {MAJORITY: 120, "answers": 100}


def test_a_candidate_that_lacks_rows_blocks_the_verdict(tmp_path: Path) -> None:
    losing = {"keywords": {"loses": 20}}
    verdict = run_project(make_project(tmp_path, make_rows(120), systems=(MAJORITY, WORDS_ONLY, losing)))
    assert _result(verdict, "keywords").missing == 6
    assert verdict.headline == "CANNOT_JUDGE"
    assert not {gate.name: gate.passed for gate in verdict.gates}["missing-scores"]


# Stopping early


def test_a_fine_tune_is_not_tried_when_a_simple_system_meets_the_target(tmp_path: Path) -> None:
    folder = make_project(
        tmp_path,
        make_rows(120, noise=0.0),
        systems=(WORDS_ONLY, MAJORITY, "keywords"),
        fields={"target": {"metric": "accuracy", "at_least": 0.6}},
    )
    early = run_project(folder)
    skipped = _result(early, "keywords")
    assert not skipped.available
    assert "words already meets the target" in (skipped.reason or "")
    assert "--go-on" in (skipped.reason or "")
    assert early.headline is None
    assert early.target is not None
    assert early.target.result == "met"
    assert any("keywords" in line for line in early.not_tried)

    tried = run_project(folder, RunOptions(go_on=True))
    assert _result(tried, "keywords").available
    assert tried.headline is not None


def test_a_target_out_of_reach_does_not_stop_early(tmp_path: Path) -> None:
    fields = {"target": {"metric": "accuracy", "at_least": 0.999}}
    verdict = run_project(
        make_project(tmp_path, make_rows(120), systems=(MAJORITY, WORDS_ONLY, "keywords"), fields=fields)
    )
    assert _result(verdict, "keywords").available
    assert verdict.target is not None
    assert verdict.target.result in ("missed", "unprovable")
