"""Rows of the test side that training rows give away."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from tunewright.audit import grams
from tunewright.audit.checks import leaks as check
from tunewright.audit.findings import CheckResult, Finding
from tunewright.audit.grams import shared_runs
from tunewright.audit.leaking import inside, leaking_rows
from tunewright.audit.view import FloatArray, Kind, Part, View
from tunewright.records.example import Example, Message, Source

FURNITURE = "please describe the remarkable furniture in the old workshop behind the northern railway station"
ANSWER = "take the parcel to the counter and ask for the form that the office wants for goods from abroad"


def example(text: str, target: str = "a", number: int = 1) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", number), f"t:{number}")


def view_of(
    train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]], kind: Kind = "classify", part: Part = "test"
) -> View:
    examples = tuple(example(text, target, i + 1) for i, (text, target) in enumerate([*train, *test]))
    parts: tuple[Part, ...] = (*("train",) * len(train), *(part,) * len(test))
    return View(examples, kind, parts=parts)


def run(view: View) -> CheckResult:
    return check.run(view, check.LIMITS)


def named(result: CheckResult, kind: str) -> Finding:
    (found,) = [f for f in result.findings if f.kind == f"leaks.{kind}"]
    return found


TRAIN = [
    ("Is there an auto top up option?", "automatic_top_up"),
    (f"{FURNITURE} for my visitors", "cancel"),
    ("something else entirely", "other"),
    ("where did you grow up", "how_old_are_you"),
]
TEST = [
    # BANKING77: equal but for a hyphen.
    ("Is there an auto top-up option?", "automatic_top_up"),
    (f"{FURNITURE} for the visitors", "cancel"),
    ("nothing like it here", "other"),
    # CLINC150, test: the equal row in training has another label.
    ("where did you grow up", "where_are_you_from"),
]


def test_layers_name_each_tested_row_once() -> None:
    view = view_of(TRAIN, TEST)
    assert leaking_rows(view) == {"exact": (4, 7), "near": (5,), "runs": (), "contained": (), "meaning": ()}
    result = run(view)
    assert {frozenset(item.rows) for item in named(result, "exact").items} == {frozenset((0, 4)), frozenset((3, 7))}
    assert named(result, "exact").affected == 2
    assert named(result, "near").items[0].rows == (1, 5)
    assert [item.rows for item in named(result, "other_label").items] == [(3, 7)]
    assert dict(result.numbers)["exact_share"] == 0.5
    assert leaking_rows(view_of(TRAIN, TEST, part="validation"))["exact"] == (4, 7)


def test_one_other_word_of_many_leaks_with_the_same_answer_only() -> None:
    text = "my parcel from the market has been lying at the station since the {} began"
    train = [(text.format("winter"), "a"), ("is it my card", "a")]
    test = [(text.format("holiday"), "a"), ("is it your card", "a"), (text.format("holiday").upper(), "a")]
    assert leaking_rows(view_of(train, test))["near"] == (2, 4)
    assert leaking_rows(view_of(train, [(text.format("holiday"), "b")]))["near"] == ()


@pytest.mark.parametrize(
    ("trained", "tested", "leaks"),
    [
        ("when will my new card be here", "when will my new card please be here", True),
        ("when will the new card arrive here", "when will new card arrive here", True),
        ("when will my new card be here", "when will my new gold card be here", False),
        ("when will my new card be here", "when will your new card be here", False),
        ("where is it", "where is it please", False),
    ],
)
def test_one_word_that_says_nothing_leaks_in_shorter_texts_too(trained: str, tested: str, leaks: bool) -> None:
    rows = leaking_rows(view_of([(trained, "a"), ("something else entirely", "b")], [(tested, "a")]))
    assert rows["near"] == ((2,) if leaks else ())
    other = leaking_rows(view_of([(trained, "a"), ("something else entirely", "b")], [(tested, "b")]))
    assert other["near"] == ()


def test_a_clean_split_says_nothing() -> None:
    result = run(view_of(TRAIN, TEST[2:3]))
    assert result.findings == ()
    assert [n.kind for n in result.not_checked] == ["leaks.meaning"]


def test_without_a_test_side_nothing_can_be_judged() -> None:
    assert [n.kind for n in run(View((example("a"),), "classify")).not_checked] == ["leaks"]
    assert [n.kind for n in run(view_of(TRAIN, [])).not_checked] == ["leaks"]


def test_answers_that_share_a_long_run_leak() -> None:
    train = [(f"question {w}", f"Our answer on {w} is short.") for w in ("one", "two")]
    train.append(("how do I get it", ANSWER))
    test = [("what must I do then", f"Dear customer: {ANSWER.upper()}!"), ("and now", ANSWER[: len(ANSWER) // 2])]
    view = view_of(train, test, "generate")
    assert leaking_rows(view)["runs"] == (3,)
    assert named(run(view), "runs").items[0].rows == (2, 3)
    assert leaking_rows(view_of(train, test, "classify"))["runs"] == ()


def test_phrases_of_the_trade_and_data_do_not_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    train = [(f"question {w}", f"{w} {ANSWER}") for w in ("red", "blue", "green")]
    test = [("other words", ANSWER)]
    assert leaking_rows(view_of(train, test, "generate"))["runs"] == (3,)
    monkeypatch.setattr(grams, "MAX_TRAINING_ROWS", 2)
    assert leaking_rows(view_of(train, test, "generate"))["runs"] == ()
    data = '{"words": "' + ANSWER + '"}'
    assert leaking_rows(view_of([("x y", data)], [("other words", data)], "generate"))["runs"] == ()


def slow_runs(train: Sequence[str], test: Sequence[str], n: int) -> dict[int, set[int]]:
    def of(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}

    found = {j: {i for i, t in enumerate(train) if of(t) & of(own)} for j, own in enumerate(test)}
    return {j: rows for j, rows in found.items() if rows}


def test_runs_equal_a_slow_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grams, "MAX_TRAINING_ROWS", 1_000)
    rng = random.Random(4)
    texts = [" ".join(rng.choice("ab") for _ in range(rng.randint(0, 14))) for _ in range(120)]
    train, test = texts[:80], texts[80:]
    slow = slow_runs(train, test, 8)
    found = shared_runs([(t,) for t in train], [(t,) for t in test], 8)
    assert set(found) == set(slow)
    assert 3 < len(found) < len(test)
    for row, (train_row, count) in found.items():
        assert train_row in slow[row]
        assert count >= 1


def test_closeness_in_meaning_is_for_review_and_needs_equal_slots() -> None:
    view = view_of(
        [("pay the bill", "a"), ("wait 3 days", "a")], [("settle what I owe", "a"), ("wait for 4 days", "a")]
    )

    def embed(texts: Sequence[str]) -> FloatArray:
        return np.array([[1, 0] if "pay" in t or "settle" in t else [0, 1] for t in texts], dtype=np.float32)

    view.embed = embed
    assert leaking_rows(view)["meaning"] == (2,)
    found = named(run(view), "meaning")
    assert found.severity == "note"
    assert [(item.rows, item.fix) for item in found.items] == [((0, 2), None)]


QUESTIONS = [
    "can i send money to a friend abroad",
    "which fees come with a second card",
    "the machine kept my only card yesterday",
    "how often may i change the name",
]


def _wrapped(text: str) -> str:
    return f"Hi there dear team, {text}? Thanks a lot in advance for all of your kind and quick help!"


@pytest.mark.parametrize("swapped", [False, True])
def test_a_copy_in_a_greeting_leaks_either_way(swapped: bool) -> None:
    plain = [(text, "a") for text in QUESTIONS]
    wrapped = [(_wrapped(text), "a") for text in QUESTIONS]
    view = view_of(wrapped, plain) if swapped else view_of(plain, wrapped)
    assert leaking_rows(view)["contained"] == (4, 5, 6, 7)
    found = named(run(view), "contained")
    assert found.severity == "error"
    assert {item.rows for item in found.items} == {(n, n + 4) for n in range(4)}
    assert all(item.fix is not None and item.fix.action == "drop" for item in found.items)


def test_short_questions_inside_others_and_other_answers_do_not_leak() -> None:
    train = [("how do i top it up", "a")]
    test = [("how do i top it up with a card of my brother from Spain", "a"), (_wrapped(train[0][0]), "a")]
    assert leaking_rows(view_of(train, test))["contained"] == ()
    long = "i would like to know which of your offices is open on sundays"
    assert leaking_rows(view_of([(long, "a")], [(_wrapped(long), "b")]))["contained"] == ()
    assert leaking_rows(view_of([(long, "a")], [(_wrapped(long), "a")]))["contained"] == (1,)


def test_inside_equals_a_slow_search() -> None:
    rng = random.Random(7)
    texts = [" ".join(rng.choice("abc") for _ in range(rng.randint(3, 14))) for _ in range(160)]
    view = view_of([(text, "a") for text in texts[:120]], [(text, "a") for text in texts[120:]])
    train, tested = range(120), range(120, 160)
    for parts, wholes in ((train, tested), (tested, train)):
        slow = {
            (p, w)
            for p in parts
            for w in wholes
            if len(texts[p].split()) >= 5 and texts[p] != texts[w] and f" {texts[p]} " in f" {texts[w]} "
        }
        assert set(inside(view, parts, wholes)) == slow
        assert len(slow) > 3
