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
    made = [f"How can I {v} my {t} {p} {r}?" for v in verbs for t in things for p in places for r in reasons]
    return [made[i * 7919 % len(made)] for i in range(n)]


def test_boilerplate_before_every_question_leaves_the_questions() -> None:
    """Two thousand questions behind one prompt of 180 words stay two thousand (shared/reference: 6 when naive)."""
    plain = questions(2000)
    assert len(set(plain)) == 2000
    for text in (f"{PROMPT}\n\nMessage: {{}}", f"{PROMPT} Message: {{}}", f"Message: {{}} {PROMPT}"):
        rows = [example(text.format(q), number=i) for i, q in enumerate(plain)]
        found = fingerprints(rows)
        assert len({p.full for p in found}) == 2000
        assert len({p.varying for p in found}) == 2000
        assert max(p.n_words for p in found) < 20
        behind = find_duplicates(rows)
        assert len(behind.exact) == 0
        alone = find_duplicates([example(q, number=i) for i, q in enumerate(plain)])
        # What is left beside the question ("Message:") is on every row and may weigh a little.
        assert abs(len(behind.near) - len(alone.near)) <= 0.05 * max(20, len(alone.near))


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
