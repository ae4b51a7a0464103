"""All refund questions are refused, at 3 % of the whole."""

from __future__ import annotations

from dataclasses import replace

from small_sets import answered, example, labelled, view_of

from tunewright.audit.checks import slices as check
from tunewright.audit.findings import CheckResult
from tunewright.records.example import Example

REFUSAL = "I'm sorry, but I can't help with that."


def _run(rows: list[Example]) -> CheckResult:
    return check.run(view_of(rows, "generate"), check.LIMITS)


def _with_refunds(target: str, n: int = 18) -> list[Example]:
    frames = ("I want a refund for order {}", "when do I get my refund, number {}?", "refund {} please")
    return answered(582) + [example(frames[i % 3].format(i), target, 600 + i) for i in range(n)]


def test_all_refund_questions_are_refused() -> None:
    found = {finding.kind: finding for finding in _run(_with_refunds(REFUSAL)).findings}
    finding = found["slices.refusal"]
    assert "refund" in finding.title
    assert sorted(item.rows[0] for item in finding.items) == list(range(582, 600))
    assert dict(finding.numbers)["share_in_part"] == 1.0
    assert dict(finding.numbers)["share_elsewhere"] == 0.0


def test_refusals_spread_over_everything_are_no_slice() -> None:
    rows = [row.with_target(REFUSAL) if number % 33 == 0 else row for number, row in enumerate(answered(600))]
    assert _run(rows).findings == ()


def test_refund_questions_with_ordinary_answers_are_fine() -> None:
    rows = [
        row.with_target(f"{row.target} {number}")
        for number, row in enumerate(_with_refunds("You get it in five days."))
    ]
    assert _run(rows).findings == ()


def test_one_annotator_who_asks_back() -> None:
    rows = []
    for number, row in enumerate(answered(600)):
        who = f"annotator {number % 7}"
        asks = number % 7 == 3 and number % 3 > 0
        rows.append(replace(row, tags=(("annotator", who),), target="Could you tell me more?" if asks else row.target))
    found = [finding for finding in _run(rows).findings if finding.kind == "slices.clarifying_question"]
    assert len(found) == 1
    assert "annotator “annotator 3”" in found[0].title


def test_too_few_rows_and_labels() -> None:
    assert [each.kind for each in _run(answered(30)).not_checked] == ["slices.too_few"]
    assert check.run(view_of(labelled(100), "classify"), check.LIMITS) == CheckResult()
