"""The varying part of inputs: what all rows share must not make them copies."""

from __future__ import annotations

from tunewright.data.duplicates import find_duplicates
from tunewright.data.fingerprint import fingerprints
from tunewright.records.example import Example, Message, Source

PROMPT = " ".join(f"Rule {i}: read the message of the customer with care and be polite." for i in range(14))


def example(text: str, system: str | None = None, number: int = 1) -> Example:
    start = (Message("system", system),) if system else ()
    return Example((*start, Message("user", text)), "a", Source("t.csv", number), f"t:{number}")


def questions(n: int) -> list[str]:
    """Distinct twelve-word questions."""
    verbs = ["open", "close", "block", "find", "replace", "verify", "change", "top up", "order", "cancel"]
    things = ["card", "account", "pin", "loan", "transfer", "address", "phone number", "statement", "limit", "app"]
    places = [
        "at home",
        "abroad",
        "in the branch",
        "online",
        "by phone",
        "in Paris",
        "at night",
        "on Sunday",
        "at work",
    ]
    reasons = ["because I moved", "since it broke", "for my mother", "after the theft", "before my trip"]
    openings = ["How can I", "When may we", "Where do I", "Why must I", "Could you", "Please help me", "I want to"]
    made = [
        f"{o} {v} my {t} {p} {r}?" for o in openings for v in verbs for t in things for p in places for r in reasons
    ]
    return [made[i * 7919 % len(made)] for i in range(n)]


def test_boilerplate_before_every_question_leaves_the_questions() -> None:
    """Two thousand questions behind one prompt of 190 words stay two thousand."""
    for text, n in ((f"{PROMPT}\n\nMessage: {{}}", 2000), (f"{PROMPT} Message: {{}}", 200), (f"On {{}} {PROMPT}", 200)):
        found = fingerprints([example(text.format(q), number=i) for i, q in enumerate(questions(n))])
        assert len({p.full for p in found}) == n
        assert len({p.varying for p in found}) == n
        assert max(p.n_words for p in found) < 20


def test_boilerplate_makes_no_copies() -> None:
    plain = questions(400)
    alone = find_duplicates([example(q, number=i) for i, q in enumerate(plain)])
    behind = find_duplicates([example(f"{PROMPT}\n\n{q}", number=i) for i, q in enumerate(plain)])
    assert len(behind.exact) == 0
    assert [pair[:2] for pair in behind.near] == [pair[:2] for pair in alone.near]


def test_true_copies_behind_boilerplate_are_found() -> None:
    rows = [example(f"{PROMPT}\n{q}", number=i) for i, q in enumerate([*questions(100), *questions(10)])]
    assert len(find_duplicates(rows).exact) == 10


def test_several_templates() -> None:
    plain = questions(60)
    openings = ["Sort this message of a customer into one desk:", "Which desk should answer the following message now?"]
    rows = [example(f"{openings[i % 2]} {q}", number=i) for i, q in enumerate(plain)]
    assert [p.varying for p in fingerprints(rows)] == [q.lower() for q in plain]


def test_a_row_of_boilerplate_alone_stays_whole() -> None:
    opening = "please sort this message of a customer now:"
    rows = [example(f"{opening} {q}", number=i) for i, q in enumerate(questions(20))] + [example(opening)]
    assert fingerprints(rows)[-1].varying == opening


def test_a_few_rows_have_no_boilerplate() -> None:
    rows = [example("my new card has not arrived yet today"), example("my new card has not arrived yet tomorrow")]
    assert [p.varying for p in fingerprints(rows)] == [r.text for r in rows]


def test_many_copies_of_one_row_are_no_boilerplate() -> None:
    rows = [example("where is my new bank card please")] * 50 + [example(q) for q in questions(30)]
    assert fingerprints(rows)[0].varying == "where is my new bank card please"


def test_short_ways_of_speaking_stay() -> None:
    rows = [
        example(f"How do I {q}") for q in ["pay", "call", "write", "ask", "go", "leave", "stop", "sit", "run", "see"]
    ]
    assert fingerprints(rows)[0].varying == "how do i pay"


def test_system_prompts_tell_full_inputs_apart_only() -> None:
    same, other = fingerprints([example("hello there", "Be kind."), example("Hello, there!", "Be brief.")])
    assert same.full != other.full
    assert same.normal == other.normal == "hello there"
