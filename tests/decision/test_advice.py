"""The advice as a whole: its order, what it forbids, what it says of unknown facts, and facts that follow."""

from __future__ import annotations

import json

import pytest
from test_advice_table import ENOUGH, known

from tunewright.decision.advice import Advice, Entry, advise, as_dict
from tunewright.decision.advice_conditions import every, is_, judge, some
from tunewright.decision.advice_facts import Fact, Facts
from tunewright.decision.advice_rule import Words
from tunewright.decision.table import LIMITS


def tuning_of(advice: Advice) -> Entry:
    """What is said about the fine-tune: something always is."""
    return next(entry for entry in advice.entries if entry.lever == "fine_tune")


def test_nothing_known_forbids_nothing_for_good_and_says_what_would_tell() -> None:
    found = advise(Facts.of([]))
    assert [(e.lever, e.stance) for e in found.entries] == [("fine_tune", "hold")]
    assert found.headline.startswith("Do not fine-tune yet.")
    assert "What would tell" in found.headline
    assert len(found.unknown) > 20


def test_a_clear_job_with_a_volume_alone_says_where_to_begin() -> None:
    found = advise(known({"job_clear": True, "volume_per_day": 2000.0}))
    begun = [(e.lever, e.stance, e.rule.id) for e in found.entries]
    assert begun == [
        ("evals", "do", "measure_first"),
        ("prompt", "do", "prompt_to_begin"),
        ("fine_tune", "hold", "otherwise"),
    ]
    assert found.headline.endswith("First: a measure you can trust.")
    assert all(one.name not in ("measure_open", "prompt_open") for one in found.unknown)


def test_the_win_is_over_little_only_where_there_is_a_win() -> None:
    ran = {"prompt_compared": False, "judged": True}
    for headline, shipped in (("SHIP_FINE_TUNE", True), ("KEEP_SIMPLER", False), ("NO_CANDIDATE", False)):
        entry = advise(known({**ran, "headline": headline, "shipped": shipped})).of("prompt")
        assert entry is not None
        assert ("the win" in entry.text) is shipped
        assert entry.rule.id == ("win_without_prompt" if shipped else "prompt_not_compared")


def test_the_first_rule_that_decides_a_lever_decides_it() -> None:
    found = advise(known({**ENOUGH, "main_failure": "behaviour", "kept_alive": False, "curve_crosses": False}))
    tuning = tuning_of(found)
    assert (tuning.stance, tuning.rule.id) == ("no", "nobody_keeps_it")
    assert [rule.id for rule in tuning.also] == ["curve_stays_below", "eligible"]


def test_a_candidate_that_nothing_forbids_is_worth_a_comparison() -> None:
    found = advise(known({**ENOUGH, "main_failure": "behaviour"}))
    assert found.headline.startswith("A fine-tune is worth comparing")
    assert tuning_of(found).rule.id == "eligible"


def test_what_is_to_be_done_now_stands_first_and_what_not_to_do_last() -> None:
    found = advise(known({"tried_prompt": False, "needs_facts": True, "facts_change_days": 1.0, "work": "lookup"}))
    stances = [entry.stance for entry in found.entries]
    assert stances == sorted(stances, key=["do", "try", "hold", "no"].index)
    assert found.entries[-1].lever == "fine_tune"
    assert found.headline.startswith("Do not fine-tune. Facts that change every 1 day never belong into weights.")


def test_a_shipped_fine_tune_is_never_contradicted_by_predictions() -> None:
    predictions = {
        "shipped": True, "judged": True, "headline": "SHIP_FINE_TUNE", "train_rows": 30.0, "curve_crosses": False,
        "target_met": True, "simple_score": 0.99, "smallest_gain": 0.05, "kept_alive": False, "work": "lookup",
        "needs_facts": True, "facts_change_days": 1.0, "task_changes_days": 1.0, "tried_prompt": False,
        "tried_few_shot": False, "labelled": 900.0, "volume_per_day": 1.0, "break_even_per_day": 9.0,
        "errors_tagged": 60.0, "share_facts": 0.9, "share_format": 0.9, "share_reasoning": 0.9, "share_retrieval": 0.9,
        "recall": 0.1, "budget_usd": 0.0, "least_class_rows": 1.0, "closed_answers": True, "classical_as_good": True,
    }  # fmt: skip
    found = advise(known(predictions))
    assert found.headline.startswith("Use the fine-tune.")
    assert tuning_of(found).stance == "do"
    assert found.of("keep") is None


@pytest.mark.parametrize("headline", ["KEEP_SIMPLER", "NOT_PROVEN", "CANNOT_JUDGE"])
def test_no_verdict_but_one_leads_to_the_fine_tune(headline: str) -> None:
    judged = headline != "CANNOT_JUDGE"
    found = advise(known({**ENOUGH, "main_failure": "behaviour", "headline": headline, "judged": judged}))
    assert found.headline.startswith("Do not fine-tune")
    assert found.entries[0].lever in ("keep", "evals")


def test_own_thresholds_move_the_rule_and_are_shown() -> None:
    facts = known({"test_cases": 60.0})
    assert advise(facts).of("evals") is None
    entry = advise(facts, own_limits={"least_test_cases": 100}).of("evals")
    assert entry is not None
    assert "less than 100 (least_test_cases)" in entry.numbers[0].text


def test_measurements_outrank_words_which_stay_visible() -> None:
    facts = Facts.of([Fact("labelled", 200.0, "audit", "audit.json"), Fact("labelled", 900.0, "answer", "you said")])
    assert facts.number("labelled") == 200
    assert facts.known["labelled"].overrules == Fact("labelled", 900.0, "answer", "you said")
    again = Facts.of([Fact("labelled", 900.0, "answer", "you said"), Fact("labelled", 200.0, "audit", "audit.json")])
    assert again == facts


def test_three_truth_values() -> None:
    facts, yes, no, open_ = known({"work": "a"}), is_("work", "a"), is_("work", "b"), is_("recall", 1.0)
    table = [(every(yes, open_), None), (every(no, open_), False), (some(yes, open_), True), (some(no, open_), None)]
    for condition, truth in table:
        assert judge(condition, facts, LIMITS).truth is truth
    assert judge(every(yes, open_), facts, LIMITS).missing == ("recall",)
    assert judge(some(yes, open_), facts, LIMITS).missing == ()


@pytest.mark.parametrize(("fixed", "calls"), [(6.60, 7_943), (500, 601_685), (5_000, 6_016_848), (20_000, 24_067_389)])
def test_break_even_as_worked_by_hand(fixed: float, calls: int) -> None:
    """$.000960 a call today, $.000129 tuned: the published volume, spread over the days of a year."""
    found = advise(known({"usd_fixed": fixed, "usd_per_call_today": 0.000960, "usd_per_call_tuned": 0.000129}))
    assert found.facts.number("break_even_per_day") == pytest.approx(calls / LIMITS["horizon_days"], abs=0.06)


def test_a_fine_tune_that_saves_nothing_never_pays() -> None:
    costs = {"usd_fixed": 7.0, "usd_per_call_today": 0.001, "usd_per_call_tuned": 0.001, "volume_per_day": 1e9}
    found = advise(known(costs))
    assert tuning_of(found).rule.id == "volume_too_small"
    json.dumps(as_dict(found), allow_nan=False)


def test_what_cases_can_show_follows_from_labelled_rows() -> None:
    few, many = advise(known({"labelled": 600.0})).facts, advise(known({"labelled": 10_000.0})).facts
    assert few.number("test_cases") == 600
    assert many.number("test_cases") == 2_000
    assert 0.05 < (few.number("smallest_gain") or 0) < 0.07
    assert 0.025 < (many.number("smallest_gain") or 0) < 0.03
    assert few.known["min_improvement"].value == 0.02


def test_commands_name_the_data_and_the_folder() -> None:
    found = advise(
        known({"has_measure": True, "audit_errors": 2.0, "headline": "KEEP_SIMPLER"}),
        Words("'a b'", "'a b'", "--project 'a b'"),
    )
    commands = {entry.lever: entry.command for entry in found.entries}
    assert commands["data"] == "tunewright review 'a b'"
    assert commands["keep"] == "tunewright report --project 'a b'"


def test_an_unknown_name_of_a_fact_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Facts.of([Fact("no_such_fact", 1.0, "answer", "you said")])
