"""The table of failure modes fits the facts of the decision table, and counts become facts only when they may."""

from __future__ import annotations

import pytest

from tunewright.decision.advice_facts import FACTS
from tunewright.decision.advice_questions import FAILURES
from tunewright.decision.diagnosis import MIXED, ModeShare, Signal, Tags, empty_shares, facts_of, main_failure
from tunewright.decision.failure_modes import BY_ID, BY_KEY, MODES, mode_named


def tags(named: int, errors: int | None = None, **counts: int) -> Tags:
    """Tags with so many of each mode."""
    shares = [
        ModeShare(mode=m.id, title=m.title, n=counts.get(m.id, 0), share=counts.get(m.id, 0) / named, interval=(0, 1))
        for m in MODES
    ]
    assert sum(counts.values()) == named
    total = named * 3 if errors is None else errors
    return Tags(
        errors=total, sample=50, named=named, skipped=0, outside=0, by={"ann": named}, twice=0, agreed=0, blind=0,
        blind_agreed=0, shares=shares, fixes=[],
    )  # fmt: skip


def untagged() -> Tags:
    return tags(1, format=1).model_copy(update={"named": 0, "by": {}, "shares": empty_shares()})


def signal(name: str, count: int, of: int) -> Signal:
    return Signal(name=name, count=count, of=of, share=count / of, interval=(0, 1), text="")


def test_every_share_of_the_decision_table_has_a_mode_and_the_word_that_people_type() -> None:
    assert {mode.fact for mode in MODES if mode.fact} == {name for name in FACTS if name.startswith("share_")}
    assert {mode.main for mode in MODES if mode.main} == set(FAILURES.values())
    assert all(bool(mode.fact) == bool(mode.main) for mode in MODES)


def test_keys_are_single_and_no_command_of_the_screen() -> None:
    assert len(BY_KEY) == len(BY_ID) == len(MODES)
    assert all(len(key) == 1 for key in BY_KEY)
    assert not set(BY_KEY) & set("sugq?")


@pytest.mark.parametrize(
    ("said", "mode"),
    [("f", "facts"), ("Retrieval", "retrieval"), ("behavior", "behaviour"), ("label", "labels"), (" x ", "other")],
)
def test_modes_are_known_by_key_name_and_near_misspelling(said: str, mode: str) -> None:
    found = mode_named(said)
    assert found is not None
    assert found.id == mode


@pytest.mark.parametrize("said", ["", "z", "everything", "format and facts"])
def test_what_is_no_mode_is_none(said: str) -> None:
    assert mode_named(said) is None


def test_shares_of_named_errors_become_facts_and_zero_is_known() -> None:
    facts = facts_of(tags(50, behaviour=35, reasoning=15), {"recall": signal("recall", 90, 100)})
    assert facts["errors_tagged"] == 50.0
    assert (facts["share_behaviour"], facts["share_facts"], facts["recall"]) == (0.7, 0.0, 0.9)
    assert facts["main_failure"] == "behaviour"
    assert set(facts) <= set(FACTS)


def test_without_names_only_what_can_be_told_is_a_fact() -> None:
    signals = {
        one.name: one for one in (signal("form", 5, 50), signal("suspect_labels", 9, 50), signal("no_use", 1, 50))
    }
    assert facts_of(untagged(), signals) == {"share_format": 0.1}
    assert facts_of(untagged(), {}) == {}


@pytest.mark.parametrize(
    ("found", "main"),
    [
        (tags(49, 100, facts=49), None),  # too few of many
        (tags(49, 49, facts=49), "facts"),  # all there are
        (tags(19, 19, facts=19), None),  # all there are, and too few to say
        (tags(50, 100, facts=25, behaviour=25), MIXED),
        # 20 against 10: P(X >= 20) for Binomial(30, 1/2) is 0.0494; 19 against 11 is 0.1002.
        (tags(50, 100, facts=20, behaviour=10, format=10, reasoning=10), "facts"),
        (tags(50, 100, facts=19, behaviour=11, format=10, reasoning=10), MIXED),
        (tags(50, 100, ambiguous=50), MIXED),  # no rule of the table is about these
    ],
)
def test_what_goes_wrong_most_must_lead_beyond_chance(found: Tags, main: str | None) -> None:
    assert main_failure(found) == main
