"""Every rule of the decision table fires on its condition and does not just beside it; unknown is never "no"."""

from __future__ import annotations

import string

import pytest

from tunewright.decision.advice import advise
from tunewright.decision.advice_conditions import facts_of, judge, limits_of, words
from tunewright.decision.advice_facts import FACTS, Fact, Facts, Value
from tunewright.decision.advice_rule import LEVERS, Rule
from tunewright.decision.table import LIMITS, TABLE

Values = dict[str, Value]
TAGGED: Values = {"errors_tagged": 50.0, "shipped": False}
ENOUGH: Values = {"train_rows": 200.0, "closed_answers": True, "least_class_rows": 20.0, **TAGGED, "judged": False}

# rule -> facts on which it fires, facts that just keep it from firing (laid over the former)
CASES: dict[str, list[tuple[Values, Values]]] = {
    "job_unclear": [({"job_clear": False}, {"job_clear": True})],
    "cannot_judge": [({"headline": "CANNOT_JUDGE"}, {"headline": "NOT_PROVEN"})],
    "no_measure": [({"has_measure": False}, {"has_measure": True})],
    "measure_first": [
        ({"job_clear": True}, {"job_clear": False}),
        ({"job_clear": True, "volume_per_day": 2000.0}, {"has_measure": False}),
        ({"job_clear": True}, {"labelled": 600.0}),
    ],
    "prompt_to_begin": [
        ({"job_clear": True, "work": "sorting"}, {"work": "lookup"}),
        ({"job_clear": True}, {"tried_prompt": True}),
        ({"job_clear": True, "volume_per_day": 10.0}, {"volume_per_day": 9.0}),
        ({"job_clear": True}, {"headline": "KEEP_SIMPLER"}),
    ],
    "few_test_cases": [({"test_cases": 49.0}, {"test_cases": 50.0})],
    "private_rows": [({"private_rows": 1.0}, {"private_rows": 0.0})],
    "audit_errors": [({"audit_errors": 1.0}, {"audit_errors": 0.0})],
    "people_disagree": [
        ({"human_agreement": 0.59, "main_failure": "form"}, {"human_agreement": 0.6}),
        ({"main_failure": "labels", "human_agreement": 0.9}, {"main_failure": "facts"}),
    ],
    "errors_are_labels": [
        ({"errors_tagged": 50.0, "share_labels": 0.2}, {"share_labels": 0.19}),
        ({"errors_tagged": 50.0, "share_labels": 0.2}, {"errors_tagged": 49.0}),
    ],
    "labels_follow_nothing": [({"labels_learnable": False}, {"labels_learnable": True})],
    "suspect_rows": [
        ({"suspect_labels": 0.05, "contradicting_rows": 0.0}, {"suspect_labels": 0.049}),
        ({"suspect_labels": 0.0, "contradicting_rows": 0.02}, {"contradicting_rows": 0.019}),
    ],
    "target_met": [
        ({"simple_low": 0.9, "target": 0.9}, {"simple_low": 0.899}),
        ({"target_met": True}, {"shipped": True}),
    ],
    "no_headroom": [
        ({"headroom": 0.029, "smallest_gain": 0.03}, {"headroom": 0.03}),
        ({"simple_score": 0.97, "ceiling": 0.98, "smallest_gain": 0.03}, {"ceiling": 1.0}),
    ],
    "errors_want_facts": [
        ({**TAGGED, "share_facts": 0.5, "main_failure": "behaviour"}, {"share_facts": 0.49}),
        ({"main_failure": "facts", **TAGGED, "share_facts": 0.0}, {"main_failure": "format"}),
    ],
    "errors_of_form": [
        ({**TAGGED, "share_format": 0.5, "main_failure": "facts"}, {"share_format": 0.49}),
        ({**TAGGED, "share_format": 0.5}, {"shipped": True}),
    ],
    "errors_of_reasoning": [({**TAGGED, "share_reasoning": 0.5, "main_failure": "facts"}, {"share_reasoning": 0.49})],
    "retrieval_misses": [
        ({**TAGGED, "share_retrieval": 0.3, "main_failure": "facts", "recall": 0.95}, {"share_retrieval": 0.29}),
        ({"recall": 0.89, "main_failure": "facts", **TAGGED, "share_retrieval": 0.0}, {"recall": 0.9}),
    ],
    "facts_change": [({"needs_facts": True, "facts_change_days": 89.0}, {"facts_change_days": 90.0})],
    "needs_facts": [({"needs_facts": True, "tried_retrieval": False}, {"tried_retrieval": True})],
    "calculation": [({"work": "calculation"}, {"work": "writing"})],
    "lookup": [({"work": "lookup"}, {"work": "sorting"})],
    "task_changes": [({"task_changes_days": 89.0}, {"task_changes_days": 90.0})],
    "small_volume": [({"volume_per_day": 9.0}, {"volume_per_day": 10.0})],
    "prompt_first": [({"tried_prompt": False}, {"tried_prompt": True})],
    "prompt_not_compared": [
        ({"prompt_compared": False}, {"prompt_compared": True}),
        ({"prompt_compared": False}, {"shipped": True}),
    ],
    "win_without_prompt": [
        ({"prompt_compared": False, "shipped": True}, {"prompt_compared": True}),
        ({"prompt_compared": False, "shipped": True}, {"shipped": False}),
    ],
    "few_shot_first": [
        ({"tried_few_shot": False, "labelled": 5.0}, {"labelled": 4.0}),
        ({"tried_few_shot": False, "labelled": 5.0}, {"judged": True}),
    ],
    "closed_answers": [({"closed_answers": True, "train_rows": 50.0}, {"train_rows": 49.0})],
    "other_model": [({"tried_prompt": True, "tried_other_model": False}, {"tried_other_model": True})],
    "few_rows": [({"train_rows": 49.0}, {"train_rows": 50.0})],
    "thin_classes": [({**ENOUGH, "least_class_rows": 19.0}, {"least_class_rows": 20.0})],
    "nobody_keeps_it": [({"kept_alive": False}, {"kept_alive": True})],
    "budget": [({"budget_usd": 96.0, "train_rows": 50.0}, {"budget_usd": 97.0})],
    "curve_stays_below": [({"curve_crosses": False}, {"curve_crosses": True})],
    "volume_too_small": [({"volume_per_day": 99.0, "break_even_per_day": 100.0}, {"volume_per_day": 100.0})],
    "data_stays": [({"data_may_leave": False}, {"data_may_leave": True})],
    "too_slow": [({"latency_limit_ms": 499.0, "api_latency_ms": 500.0}, {"latency_limit_ms": 500.0})],
    "pilot": [
        ({**ENOUGH, "train_rows": 199.0, "main_failure": "behaviour"}, {"train_rows": 200.0}),
        ({**ENOUGH, "train_rows": 50.0, "main_failure": "behaviour"}, {"train_rows": 49.0}),
    ],
    "eligible": [
        ({**ENOUGH, "share_behaviour": 0.4, "main_failure": "facts"}, {"share_behaviour": 0.39}),
        ({**ENOUGH, "main_failure": "behaviour"}, {"least_class_rows": 19.0}),
        ({**ENOUGH, "main_failure": "behaviour"}, {"judged": True}),
    ],
    "classical_as_good": [({"classical_as_good": True}, {"classical_as_good": False})],
    "gates_fail": [({"gates_hold": False}, {"gates_hold": True})],
    "base_ends": [
        ({"base_ends_days": 364.0, "provider_notice_days": 180.0}, {"base_ends_days": 365.0}),
        ({"base_ends_days": 900.0, "provider_notice_days": 179.0}, {"provider_notice_days": 180.0}),
    ],
    "ship": [({"shipped": True}, {"shipped": False})],
    "keep_simpler": [({"headline": "KEEP_SIMPLER"}, {"headline": "SHIP_FINE_TUNE"})],
    "not_proven": [({"headline": "NOT_PROVEN"}, {"headline": "KEEP_SIMPLER"})],
}
BY_ID = {rule.id: rule for rule in TABLE}
BY_RUN = ("win_without_prompt", "ship")


def known(values: Values) -> Facts:
    return Facts.of([Fact(name, value, "answer", "you said") for name, value in values.items()])


def fired(values: Values, rule: Rule) -> bool | None:
    facts = advise(known(values)).facts
    return judge(rule.condition, facts, LIMITS).truth


@pytest.mark.parametrize("name", [rule.id for rule in TABLE if rule.id != "otherwise"])
def test_a_rule_fires_on_its_condition_and_not_just_beside_it(name: str) -> None:
    for firing, beside in CASES[name]:
        assert fired(firing, BY_ID[name]) is True, firing
        assert fired({**firing, **beside}, BY_ID[name]) is False, beside


def test_no_rule_is_without_a_case_and_none_is_of_a_rule_that_is_gone() -> None:
    assert {*CASES, "otherwise"} == set(BY_ID)
    assert len(BY_ID) == len(TABLE)


def test_where_nothing_is_known_only_the_last_rule_holds() -> None:
    truths = {rule.id: judge(rule.condition, Facts.of([]), LIMITS).truth for rule in TABLE}
    assert [name for name, truth in truths.items() if truth] == ["otherwise"]
    # What only a run can say is known to be absent before there is one; all the rest is unknown, not false.
    assert [name for name, truth in truths.items() if truth is False] == ["win_without_prompt", "ship"]


@pytest.mark.parametrize("name", [rule.id for rule in TABLE if rule.id not in ("otherwise", *BY_RUN)])
def test_a_rule_without_its_facts_is_silent_and_names_them(name: str) -> None:
    found = judge(BY_ID[name].condition, Facts.of([]), LIMITS)
    assert found.truth is None
    assert found.missing
    assert set(found.missing) <= set(facts_of(BY_ID[name].condition))


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.id)
def test_texts_and_conditions_name_only_what_exists(rule: Rule) -> None:
    assert rule.title
    assert rule.source
    assert rule.would_change
    assert words(rule.condition, LIMITS)
    assert set(facts_of(rule.condition)) <= set(FACTS)
    assert set(limits_of(rule.condition)) <= set(LIMITS)
    for text in (rule.would_change, *(says.text for says in rule.says)):
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= {*FACTS, *LIMITS}
    for says in rule.says:
        assert says.lever in LEVERS
        assert says.command.startswith("tunewright ")


def test_every_threshold_is_read_by_a_rule_or_a_derived_fact() -> None:
    in_texts = " ".join([t for rule in TABLE for t in (rule.would_change, *(s.text for s in rule.says))])
    derived = {"hours_per_1000_labels", "usd_per_hour", "usd_training", "pilot_rows", "default_gain", "horizon_days"}
    compared = {name for rule in TABLE for name in limits_of(rule.condition)}
    assert {name for name in LIMITS if name not in compared | derived and f"{{{name}}}" not in in_texts} == set()
