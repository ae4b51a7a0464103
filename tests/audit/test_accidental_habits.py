"""Shares of habits against what was expected."""

from __future__ import annotations

from small_sets import answered, labelled, view_of

from tunewright.audit.checks import accidental_habits as check
from tunewright.audit.findings import CheckResult
from tunewright.audit.habits import HABITS, habits_in
from tunewright.audit.view import Deployment
from tunewright.records.example import Example


def _refusing(n: int, of: int = 200) -> list[Example]:
    rows = answered(of)
    return [row.with_target("I'm sorry, but I can't help with that.") if i < n else row for i, row in enumerate(rows)]


def _run(rows: list[Example], **expected: float) -> CheckResult:
    return check.run(view_of(rows, "generate", Deployment(expected=tuple(expected.items()))), check.LIMITS)


def test_more_refusals_than_expected() -> None:
    (finding,) = _run(_refusing(30), refusal=0.02).findings
    assert finding.kind == "accidental_habits.refusal"
    assert [item.rows[0] for item in finding.items] == list(range(30))
    assert "15 %" in finding.title
    assert "2.0 %" in finding.title


def test_as_many_as_expected_or_within_chance_is_fine() -> None:
    assert _run(_refusing(30), refusal=0.14).findings == ()
    assert _run(_refusing(6), refusal=0.02).findings == ()


def test_outside_the_interval_but_not_much_off_is_fine() -> None:
    # 800 of 2,000 against 35 %: no chance, but only 1.14 times.
    assert _run(_refusing(800, 2000), refusal=0.35).findings == ()


def test_fewer_than_expected_is_told_without_rows_to_act_upon() -> None:
    (finding,) = _run(answered(200), clarifying_question=0.1).findings
    assert finding.items == ()


def test_without_expectation_nothing_is_judged() -> None:
    result = _run(_refusing(100))
    assert result.findings == ()
    assert [each.kind for each in result.not_checked] == ["accidental_habits.expectation"]
    assert dict(result.numbers)["share_refusal"] == 0.5


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    kinds = {each.kind: each for each in _run(answered(50), refusals=0.1).not_checked}
    assert "refusal" in kinds["accidental_habits.unknown"].hint


def test_answers_of_another_assistant_need_no_expectation() -> None:
    rows = answered(100)
    rows[3] = rows[3].with_target("As an AI language model, I think the card is blocked.")
    (finding,) = _run(rows).findings
    assert finding.kind == "accidental_habits.self_reference"
    assert [item.rows for item in finding.items] == [(3,)]


def test_one_closing_under_many_different_answers() -> None:
    rows = [row.with_target(row.target + " Let me know if you need anything else!") for row in answered(100)]
    (finding,) = _run(rows).findings
    assert finding.kind == "accidental_habits.closing"
    assert finding.affected == 100
    same = [row.with_target("It is done. Let me know if you need anything else!") for row in answered(100)]
    assert _run(same).findings == ()


def test_labels_have_no_habits() -> None:
    assert check.run(view_of(labelled(100), "classify"), check.LIMITS) == CheckResult()


def test_habits_of_one_answer() -> None:
    assert habits_in("Try this:\n- one\n- two") >= {"list"}
    assert "list" not in habits_in("Call 1. or 2 - whichever you like best today")
    assert habits_in("**Bold** claim about cards and pins") == {"markdown"}
    assert habits_in("Great, it is on its way 🎉") == {"emoji"}
    assert habits_in("Look at https://bank.example for the whole list") == {"link"}
    assert habits_in("Is that what you wanted to know today?") == {"ends_with_question"}
    assert habits_in("yes") == {"short"}
    assert habits_in("") == frozenset()
    assert all(
        habit in HABITS for text in ("I can't help with that.", "As an AI language model") for habit in habits_in(text)
    )
