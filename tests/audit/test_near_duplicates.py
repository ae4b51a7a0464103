"""Rows that nearly repeat another row, measured against known plants."""

from __future__ import annotations

import random

import numpy as np

from tunewright.audit.checks import near_duplicates as check
from tunewright.audit.copies import keepers
from tunewright.audit.findings import CheckResult
from tunewright.audit.view import Kind, View
from tunewright.records.example import Example, Message, Source

WORDS = [
    "parcel",
    "garden",
    "station",
    "letter",
    "window",
    "bridge",
    "market",
    "silver",
    "candle",
    "pocket",
    "river",
    "engine",
    "holiday",
    "teacher",
    "kitchen",
    "forest",
    "ticket",
    "mirror",
    "button",
    "orange",
    "doctor",
    "village",
    "winter",
    "dinner",
    "basket",
    "island",
    "summer",
    "planet",
    "guitar",
    "camera",
]
PROMPT = " ".join(
    f"Rule {name}: answer politely and in the words of the house whatever the customer may write."
    for name in WORDS[:10]
)


def example(text: str, target: str = "a", number: int = 1, system: str | None = None) -> Example:
    start = (Message("system", system),) if system else ()
    return Example((*start, Message("user", text)), target, Source("t.csv", number), f"t:{number}")


def questions(n: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    made = {" ".join(rng.sample(WORDS, 9)) + "? " + " ".join(rng.sample(WORDS, 6)) + "." for _ in range(n)}
    return sorted(made)


def run(examples: list[Example], kind: Kind = "classify") -> CheckResult:
    return check.run(View(tuple(examples), kind), check.LIMITS)


def pairs(result: CheckResult) -> set[frozenset[int]]:
    return {frozenset(item.rows) for f in result.findings for item in f.items if f.kind == "near_duplicates.rows"}


def planted(texts: list[str]) -> list[str]:
    """A copy of every text with one small change that does not change what it says."""
    rng = random.Random(1)
    made = []
    for i, text in enumerate(texts):
        words = text.split()
        if i % 4 == 0:
            words.insert(rng.randrange(len(words)), "please")
        elif i % 4 == 1:
            del words[rng.randrange(3)]
        elif i % 4 == 2:
            words[rng.randrange(3)] = "thing"
        else:
            first, _, second = text.partition("? ")
            words = f"{second} {first}?".split()
        made.append(" ".join(words))
    return made


def test_small_changes_are_found_and_nothing_else() -> None:
    texts = questions(400)
    copies = planted(texts[:100])
    examples = [example(text, "a", i) for i, text in enumerate(texts + copies)]
    found = pairs(run(examples))
    wanted = {frozenset((i, len(texts) + i)) for i in range(len(copies))}
    assert len(found & wanted) >= 0.95 * len(wanted)
    assert len(found - wanted) <= 0.05 * len(found)


def test_a_shared_prompt_makes_no_copies() -> None:
    texts = questions(300)
    assert pairs(run([example(text, "a", i, PROMPT) for i, text in enumerate(texts)])) == set()
    assert pairs(run([example(f"{PROMPT}\n\nQuestion: {text}", "a", i) for i, text in enumerate(texts)])) == set()
    inside = [example(f"{PROMPT}\n\nQuestion: {t}", "a", i) for i, t in enumerate(texts + planted(texts[:40]))]
    wanted = {frozenset((i, len(texts) + i)) for i in range(40)}
    assert len(pairs(run(inside)) & wanted) >= 38


def test_numbers_negations_and_labels_keep_rows_apart() -> None:
    base = "the printing machine in the old workshop behind the station shows error"
    texts = [f"{base} 12", f"{base} 13", f"{base} again", f"{base} not again"]
    assert pairs(run([example(t, "a", i) for i, t in enumerate(texts)])) == set()
    same = [f"{base} every morning", f"{base} each morning"]
    assert pairs(run([example(t, "a", i) for i, t in enumerate(same)])) == {frozenset((0, 1))}
    assert pairs(run([example(t, f"label {i}", i) for i, t in enumerate(same)])) == set()


def test_the_slot_of_a_template_is_no_copy() -> None:
    places = ("Berlin", "Paris", "Rome", "Madrid")
    texts = [f"what will the weather in {place} be like on the coming holiday weekend" for place in places]
    assert pairs(run([example(t, "weather", i) for i, t in enumerate(texts)])) == set()


def test_free_answers_must_say_the_same() -> None:
    base = "tell me how the parcel from the market gets to the island in"
    texts = [f"{base} winter please", f"{base} winter"]
    answers = [
        "It goes by ship on Monday and arrives within a few days.",
        "It goes by ship on Monday, and arrives in a few days.",
    ]
    both = [example(t, a, i) for i, (t, a) in enumerate(zip(texts, answers, strict=True))]
    assert pairs(run(both, "generate")) == {frozenset((0, 1))}
    other = [example(texts[0], "By ship.", 1), example(texts[1], "Ask the harbour office about it, they know best.", 2)]
    assert pairs(run(other, "generate")) == set()
    queries = ["SELECT a FROM t WHERE day > '2020'", "SELECT a FROM t WHERE day < '2020'"]
    assert pairs(run([example(t, q, 1) for t, q in zip(texts, queries, strict=True)], "generate")) == set()


def test_turns_of_one_talk_are_no_copies() -> None:
    said = " ".join(WORDS[:28])
    short = Example((Message("user", said),), "a", Source("t.csv", 1), "1")
    turns = (Message("user", said), Message("assistant", "a"), Message("user", "go on"))
    long = Example(turns, "a", Source("t.csv", 2), "2")
    assert pairs(run([short, long], "generate")) == set()
    retold = Example((Message("user", said + " go on"),), "a", Source("t.csv", 2), "2")
    assert pairs(run([short, retold], "generate")) == {frozenset((0, 1))}


def test_whatever_goes_is_joined_to_what_stays() -> None:
    rng = random.Random(3)
    for _ in range(50):
        n = rng.randint(2, 15)
        edges = {(a, b): rng.random() for a in range(n) for b in range(a + 1, n) if rng.random() < 0.3}
        order = np.array(rng.sample(range(n), n), dtype=np.int64)
        gone = keepers(n, [(a, b, s) for (a, b), s in edges.items()], order)
        for thing, (keeper, similarity) in gone.items():
            assert keeper not in gone
            assert edges[min(thing, keeper), max(thing, keeper)] == similarity
            assert order[keeper] < order[thing]
        kept = set(range(n)) - set(gone)
        assert not any(a in kept and b in kept for a, b in edges)


def test_a_chain_of_small_steps_keeps_its_ends() -> None:
    assert keepers(3, [(0, 1, 0.96), (1, 2, 0.97)], np.arange(3)) == {1: (0, 0.96)}
