"""Like inputs whose answers cannot both be right, and the many that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tunewright.audit.checks import contradictions as check
from tunewright.audit.findings import CheckResult, Finding
from tunewright.audit.view import FloatArray, Kind, View
from tunewright.records.example import Example, Message, Source, ToolCall


def example(text: str, target: str = "a", number: int = 1, system: str | None = None) -> Example:
    start = (Message("system", system),) if system else ()
    return Example((*start, Message("user", text)), target, Source("t.csv", number), f"t:{number}")


def rows(*pairs: tuple[str, str]) -> tuple[Example, ...]:
    return tuple(example(text, target, i + 1) for i, (text, target) in enumerate(pairs))


def run(examples: Sequence[Example], kind: Kind = "classify", meanings: Sequence[int] | None = None) -> CheckResult:
    """``meanings``: rows of one number have equal vectors; rows of different numbers are at right angles."""
    view = View(tuple(examples), kind)
    if meanings is not None:
        of_text = {e.text: meaning for e, meaning in zip(examples, meanings, strict=True)}

        def embed(texts: Sequence[str]) -> FloatArray:
            return np.eye(len(examples), dtype=np.float32)[[of_text[text] for text in texts]]

        view.embed = embed
    return check.run(view, check.LIMITS)


def named(result: CheckResult, kind: str) -> Finding:
    (found,) = [f for f in result.findings if f.kind == f"contradictions.{kind}"]
    return found


def kinds(result: CheckResult) -> set[str]:
    return {f.kind.removeprefix("contradictions.") for f in result.findings}


def test_one_input_with_two_labels() -> None:
    # BANKING77, train: the one contradiction between equal texts.
    examples = rows(
        ("Has my top-up gone through?", "top_up_reverted"),
        ("Has my top up gone through?", "pending_top_up"),
        ("x", "y"),
    )
    found = named(run(examples), "equal")
    assert found.affected == 2
    assert found.items[0].rows == (1, 0)
    assert found.items[0].fix is None
    assert "'pending_top_up' here and 'top_up_reverted' there" in found.items[0].why
    assert found.severity == "error"
    many = (*examples, *(example(f"other {i} words {i}", "y", i) for i in range(300)))
    assert named(run(many), "equal").severity == "warning"


def test_the_label_of_the_majority_is_suggested() -> None:
    examples = rows(("pay", "a"), ("Pay", "b"), ("PAY", "a"), ("pay!", "a"))
    (item,) = named(run(examples), "equal").items
    assert item.rows[0] == 1
    assert item.fix is not None
    assert (item.fix.action, item.fix.value) == ("relabel", "a")
    tied = rows(("pay", "a"), ("Pay", "b"), ("PAY", "a"), ("pay!", "b"))
    assert all(item.fix is None for item in named(run(tied), "equal").items)


def test_another_prompt_or_side_is_no_contradiction() -> None:
    texts = [example("pay", "a", 1, "Sort by topic."), example("pay", "b", 2, "Sort by mood.")]
    assert kinds(run(texts)) == set()
    assert kinds(run(texts, meanings=[0, 0])) == set()
    sides = View(rows(("pay", "a"), ("pay", "b")), "classify", parts=("train", "test"))
    assert check.run(sides, check.LIMITS).findings == ()


def test_nearly_equal_inputs_with_different_labels() -> None:
    place = "in the old workshop behind the northern railway station"
    texts = (f"please describe the remarkable furniture {place} for {w} visitors" for w in ("my", "the"))
    found = named(run([example(t, f"label {i}", i) for i, t in enumerate(texts)]), "near")
    assert found.items[0].rows in {(0, 1), (1, 0)}
    assert 0.95 <= found.items[0].score < 1
    numbers = [f"the machine {place} shows error {n} every morning" for n in (12, 13)]
    assert kinds(run([example(t, f"label {i}", i) for i, t in enumerate(numbers)])) == set()


def test_inputs_of_one_meaning_with_shared_numbers_and_names() -> None:
    # BANKING77, train, at cosine .96.
    examples = rows(
        ("When will my new card be delivered?", "card_arrival"),
        ("When will my card be delivered?", "card_delivery_estimate"),
        ("Can I fly to Rome on Monday?", "a"),
        ("Can I fly to Oslo on Monday?", "b"),
        ("Does it work after 3 days?", "a"),
        ("Will it work when 4 days are over?", "b"),
        ("It works for me", "a"),
        ("It does not work for me", "b"),
    )
    result = run(examples, meanings=[0, 0, 1, 1, 2, 2, 3, 3])
    assert {frozenset(item.rows) for item in named(result, "alike").items} == {frozenset((0, 1))}
    assert dict(result.numbers)["pairs_at_cosine"] == 1
    assert dict(result.numbers)["rows_at_cosine"] == 2
    assert [n.kind for n in run(examples).not_checked] == ["contradictions.alike"]


def test_copies_count_in_the_pairs_at_a_cosine() -> None:
    examples = rows(("how to prove it", "a"), ("How to prove it?", "a"), ("can you show me how", "b"), ("else", "b"))
    numbers = dict(run(examples, meanings=[0, 0, 0, 1]).numbers)
    assert (numbers["pairs_at_cosine"], numbers["rows_at_cosine"]) == (2, 3)


def test_like_inputs_with_one_voice_correct_the_odd_one() -> None:
    examples = rows(
        ("find my pin", "pin_blocked"), *((f"where is {w}", "get_card") for w in ("it now", "the pin", "that"))
    )
    items = named(run(examples, meanings=[0, 0, 0, 0]), "alike").items
    assert {item.rows[0] for item in items} == {0}
    assert {item.fix.value if item.fix else None for item in items} == {"get_card"}


def test_classes_that_divide_like_inputs() -> None:
    examples = rows(*((f"{w} question", label) for w in ("first", "my own", "odd") for label in ("a", "b")))
    texts = [
        replace(e, messages=(Message("user", f"{e.text} {'again' if i % 2 else 'today'}"),))
        for i, e in enumerate(examples)
    ]
    found = named(run(texts, meanings=[0, 0, 1, 1, 2, 2]), "classes")
    assert "3 pairs" in found.items[0].why
    assert set(found.items[0].rows) == set(range(6))


def generated(*answers: str, text: str = "what does it cost") -> list[Example]:
    return [example(text, answer, i) for i, answer in enumerate(answers)]


def test_answers_that_cannot_both_be_right() -> None:
    for answers in (
        ("The fee is 5 euros a month.", "The fee is 10 euros a month."),
        ('{"city": "Rome", "day": 3}', '{"city": "Oslo", "day": 3}'),
        ("First 2 + 2.\n#### 4", "Some other way to count.\n#### 5"),
        ("Yes, you can do that at any time.", "No. That is only possible in the app."),
        ('{"city": "Rome"}', "It is Rome."),
    ):
        assert named(run(generated(*answers), "generate"), "equal").affected == 2, answers


def test_several_good_answers_are_no_contradiction() -> None:
    poems = [
        "The sea is wide and the night is long.",
        "A gull cries over 3 grey stones.",
        "Waves come, waves go; who counts them?",
        "Salt on my lips, 20 miles from home.",
    ]
    examples = [e for i in range(30) for e in generated(*poems, text=f"write a verse about sea number {i}")]
    assert kinds(run(examples, "generate")) == set()
    for answers in (
        ("It costs 1,000 euros.", "It costs 1000.00 euros!"),
        ('{"a": 1, "b": ["x", "y"]}', '{"b": ["y", "x"], "a": 1}'),
        ('{"note": "it was a long and very cold day"}', '{"note": "the day was cold and it was long"}'),
        ("So 2 + 2.\n#### 4", "We count on our fingers.\n#### 4.0"),
    ):
        assert kinds(run(generated(*answers), "generate")) == set(), answers


def test_unlike_answers_alarm_where_like_inputs_have_like_answers() -> None:
    same = [e for i in range(30) for e in generated(*["The parcel goes by ship."] * 2, text=f"way of parcel {i}")]
    odd = generated("Ask at the counter, they know.", "Blue, mostly, with some red.")
    assert "little in common" in named(run([*same, *odd], "generate"), "equal").items[0].why
    assert kinds(run(odd, "generate")) == set()


def test_too_few_like_inputs_to_learn_from_are_told() -> None:
    unlike = ["It opens at nine.", "You need a form with two stamps for that."]
    few = run(
        [example(f"question {n} of many things", f"answer {n}") for n in range(40)] + generated(*unlike), "generate"
    )
    assert kinds(few) == set()
    told = [each for each in few.not_checked if each.kind == "contradictions.unlike"]
    assert len(told) == 1
    assert "1 pair " in told[0].because
    assert "20" in told[0].because
    alone = run([example(f"question {n} of many things", f"answer {n}") for n in range(40)], "generate")
    assert [each.kind for each in alone.not_checked] == ["contradictions.alike"]


def test_inputs_with_several_good_answers_are_told_as_not_judged() -> None:
    words = [f"{a * 5} {b * 7}." for a, b in zip("abcdefghijkl", "mnopqrstuvwx", strict=True)]
    result = run(generated(*words), "generate")
    assert [each.kind for each in result.not_checked if each.kind.endswith("unlike")] == ["contradictions.unlike"]
    assert run(generated("nine euros", "nine euros"), "preference").not_checked == ()


def test_answers_that_differ_as_their_inputs_do() -> None:
    base = "play the song about the old railway station near the harbour by the band"
    examples = [example(f"{base} {n} now please", f'{{"band": "{n}"}}', 1) for n in ("lorem", "loremi")]
    assert kinds(run(examples, "generate", meanings=[0, 0])) == set()
    other = [replace(examples[0], target='{"band": "x"}'), replace(examples[1], target='{"band": "y"}')]
    assert kinds(run(other, "generate", meanings=[0, 0])) <= {"near", "alike"}
    assert kinds(run(other, "generate", meanings=[0, 0])) != set()


def test_tool_calls_that_conflict() -> None:
    def call(name: str, arguments: str) -> Example:
        return replace(example("book it", ""), target_calls=(ToolCall(name, arguments),))

    assert "equal" in kinds(run([call("book", '{"day": 1}'), call("book", '{"day": 2}')], "generate"))
    assert "equal" in kinds(run([call("book", '{"day": 1}'), call("find", '{"day": 1}')], "generate"))
    assert "equal" in kinds(run([call("book", '{"day": 1}'), example("book it", "For which day?")], "generate"))
    assert kinds(run([call("book", '{"day": 1}'), call("book", '{"day": 1}')], "generate")) == set()
    offered = [replace(call("book", f'{{"day": {n}}}'), tools=(f'{{"n": {n}}}',)) for n in (1, 2)]
    assert kinds(run(offered, "generate")) == set()


def test_preference_pairs_never_contradict() -> None:
    pair = [replace(example("pay", t), rejected=(Message("assistant", "x"),)) for t in ("It is 5.", "It is 6.")]
    assert run(pair, "preference") == CheckResult()
