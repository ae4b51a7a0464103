"""Rows that repeat another row, and answers behind many questions."""

from __future__ import annotations

from dataclasses import replace

from tunewright.audit.checks import exact_duplicates as check
from tunewright.audit.findings import CheckResult, Finding
from tunewright.audit.view import Kind, View
from tunewright.records.example import Example, Message, Source, ToolCall

LONG = "Please restart the device and try the whole thing again tomorrow."


def example(text: str, target: str = "a", number: int = 1, file: str = "t.csv") -> Example:
    return Example((Message("user", text),), target, Source(file, number), f"t:{number}")


def rows(*pairs: tuple[str, str]) -> tuple[Example, ...]:
    return tuple(example(text, target, i + 1) for i, (text, target) in enumerate(pairs))


def distinct(n: int, file: str = "t.csv") -> tuple[Example, ...]:
    return tuple(example(f"question {i} of the customer", "b", 100 + i, file) for i in range(n))


def run(examples: tuple[Example, ...], kind: Kind = "classify", **limits: float) -> CheckResult:
    return check.run(View(examples, kind), {**check.LIMITS, **limits})


def named(result: CheckResult, kind: str) -> Finding:
    (found,) = [f for f in result.findings if f.kind == f"exact_duplicates.{kind}"]
    return found


def kinds(result: CheckResult) -> set[str]:
    return {f.kind.removeprefix("exact_duplicates.") for f in result.findings}


def test_copies_go_and_one_stays() -> None:
    examples = (*rows(("Pay my bill?", "pay"), ("pay my  BILL", "pay"), ("Pay my bill", "pay")), *distinct(30))
    found = named(run(examples), "rows")
    assert [item.rows for item in found.items] == [(1, 0), (2, 0)]
    assert found.affected == 2
    assert all(item.fix is not None and item.fix.action == "drop" and not item.fix.safe for item in found.items)
    assert "3 times" in found.items[0].why


def test_only_copies_equal_in_every_byte_are_safe_to_drop() -> None:
    examples = (*rows(("Pay my bill?", "pay"), ("Pay my bill?", "pay"), ("pay my bill", "pay")), *distinct(30))
    fixes = {item.rows[0]: item.fix for item in named(run(examples), "rows").items}
    assert {row: fix is not None and fix.safe for row, fix in fixes.items()} == {1: True, 2: False}
    weighed = (*examples[:1], replace(examples[1], target_weight=0.5), *examples[2:])
    fixes = {item.rows[0]: item.fix for item in named(run(weighed), "rows").items}
    assert not any(fix is not None and fix.safe for fix in fixes.values())


def test_another_label_or_another_tool_is_no_copy() -> None:
    examples = (*rows(("pay", "a"), ("pay", "b")), *distinct(30))
    assert kinds(run(examples)) == set()
    offered = (replace(examples[0], tools=('{"name": "x"}',)), replace(examples[0], tools=('{"name": "y"}',)))
    assert kinds(run((*offered, *distinct(30)))) == set()
    called = tuple(replace(examples[0], target="", target_calls=(ToolCall("f", v),)) for v in ('{"a": 1}', '{"a": 2}'))
    assert kinds(run((*called, *distinct(30)), "generate")) == set()


def test_the_most_complete_approved_and_newest_row_stays() -> None:
    plain = example("pay", "a", 1)
    tagged = replace(plain, tags=(("origin", "phone"),), source=Source("t.csv", 2))
    old = replace(plain, time="2024-01-02", source=Source("t.csv", 3))
    new = replace(plain, time="2025-01-02", source=Source("t.csv", 4))
    approved = replace(plain, tags=(("approved", "yes"),), source=Source("t.csv", 5))
    for copies, kept in (
        ((plain, tagged), 1),
        ((old, new), 1),
        ((tagged, approved), 1),
        ((plain, plain), 0),
        ((plain, old, new), 2),
    ):
        items = named(run((*copies, *distinct(30))), "rows").items
        assert {item.rows[1] for item in items} == {kept}
        assert {item.rows[0] for item in items} == set(range(len(copies))) - {kept}


def test_heavy_examples_are_named_with_a_weight() -> None:
    examples = (*(example("pay", "a", i) for i in range(60)), *distinct(400))
    found = named(run(examples), "heavy")
    assert "60 times" in found.items[0].why
    assert found.items[0].fix is not None
    assert (found.items[0].fix.action, found.items[0].fix.value) == ("weigh", "3")
    assert kinds(run((*(example("pay", "a", i) for i in range(9)), *distinct(400)))) == {"rows"}


def test_a_step_that_takes_too_much_of_a_file_stops_and_asks() -> None:
    copied = tuple(example(f"order {i % 20} please", "a", i, "copied.csv") for i in range(40))
    single = rows(("other words", "a"), ("other words", "a"))
    result = run((*copied, *single, *distinct(300)))
    stop = named(result, "too_many")
    assert "20 of 40" in stop.title
    assert "copied.csv" in stop.title
    fixed = {item.rows[0] for item in named(result, "rows").items if item.fix is not None}
    assert fixed == {41}
    allowed = run((*copied, *single, *distinct(300)), removed_share=0.6)
    assert "too_many" not in kinds(allowed)
    assert all(item.fix is not None for item in named(allowed, "rows").items)


def test_no_set_of_copies_goes_as_a_whole() -> None:
    examples = tuple(example(f"text {i % 7}", f"l{i % 3}", i) for i in range(100))
    items = named(run(examples, removed_share=1.0), "rows").items
    gone = {item.rows[0] for item in items}
    assert not gone & {item.rows[1] for item in items}
    left = {(examples[i].text, examples[i].target) for i in range(100) if i not in gone}
    assert left == {(e.text, e.target) for e in examples}
    assert len(left) == 100 - len(gone)


def test_one_answer_behind_many_questions_is_told_for_texts_only() -> None:
    examples = (*(example(f"why does part {i} fail", LONG, i) for i in range(6)), *distinct(300))
    found = named(run(examples, "generate"), "answers")
    assert found.severity == "note"
    assert "6 different inputs" in found.items[0].why
    assert kinds(run(examples, "classify")) == set()


def test_short_and_structured_answers_may_repeat() -> None:
    for target in (
        "4",
        '{"intent": "weather", "place": "here", "day": "of today", "unit": "c"}',
        "SELECT a FROM b WHERE c = d",
    ):
        assert kinds(run(tuple(example(f"question {i}", target, i) for i in range(40)), "generate")) == set()


def test_a_preference_pair_counts_with_its_other_answer() -> None:
    first = replace(example("pay", "good"), rejected=(Message("assistant", "bad"),))
    other = replace(first, rejected=(Message("assistant", "worse"),))
    assert kinds(run((first, other, *distinct(30)), "preference")) == set()
    assert kinds(run((first, first, *distinct(30)), "preference")) == {"rows"}


def test_copies_on_two_sides_of_a_split_are_left_to_the_leaks() -> None:
    examples = (*rows(("pay", "a"), ("pay", "a")), *distinct(30))
    view = View(examples, "classify", parts=("train", "test", *("train",) * 30))
    assert check.run(view, check.LIMITS).findings == ()
