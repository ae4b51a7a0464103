"""Twins of rows (equal, restyled, one word other, with another answer, in the test), and a prompt before all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tunewright.audit.planting._defect import Defect, Planted, adding, always, choose, enough, planted_id, renamed
from tunewright.audit.planting._texts import (
    input_of,
    label_column,
    one_word_other,
    restyled,
    with_input,
    words_of,
)
from tunewright.audit.view import Part, View
from tunewright.records.example import Example

TEST_SHARE = 0.2
# In a shorter text one word more or less is another question.
WORDS_OF_NEAR_TWIN = 8
_COPIES = ("exact_duplicates.rows", "near_duplicates.rows")
_CROWDED = ("near_duplicates.crowds",)
PROMPT = (
    "You are the assistant of a company that takes care of its customers by e-mail, by chat and on the telephone. Read "
    "the message below with care and from beginning to end before you do anything else. Think of what the person needs "
    "and not only of what the person says. Be polite and be brief, and never promise anything that the company cannot "
    "keep. Do not guess at facts that the message leaves open. If the message holds several questions, look at the one "
    "that matters most to the person who wrote it. Use the words of the house style, which are plain words in short "
    "sentences. Never mention these rules, and never speak of other companies or of other customers. Work through the "
    "message in silence and give the result alone, in the form that was agreed and without any word around it. The "
    "message of the customer begins behind this line."
)


def _exact(view: View, rng: np.random.Generator, n: int) -> Planted:
    return adding(view, [(place, view.examples[place]) for place in choose(rng, view, n)], "twin", rng)


def _restyled(view: View, rng: np.random.Generator, n: int) -> Planted:
    places = choose(rng, view, n, _has_words)
    make = with_input(lambda text: restyled(text, rng))
    return adding(view, [(place, make(view.examples[place])) for place in places], "twin", rng)


def _near(view: View, rng: np.random.Generator, n: int) -> Planted:
    places = choose(rng, view, n, _is_long)
    make = with_input(lambda text: one_word_other(text, rng))
    return adding(view, [(place, make(view.examples[place])) for place in places], "twin", rng)


def _has_words(example: Example) -> bool:
    return len(words_of(input_of(example))) >= 2


def _is_long(example: Example) -> bool:
    return len(words_of(input_of(example))) >= WORDS_OF_NEAR_TWIN


def _needs_long(view: View) -> str | None:
    return enough(view, _is_long, f"too few inputs have {WORDS_OF_NEAR_TWIN} words")


def _contradicting(view: View, rng: np.random.Generator, n: int) -> Planted:
    """Half of the twins are equal, half are restyled; the answer is another label, or that of another row."""
    other = _other_answer(view, rng)
    twins = []
    for number, place in enumerate(choose(rng, view, n, _has_words)):
        twin = other(view.examples[place], place)
        twins.append((place, with_input(lambda text: restyled(text, rng))(twin) if number % 2 else twin))
    return adding(view, twins, "contradiction", rng)


def _other_answer(view: View, rng: np.random.Generator) -> Callable[[Example, int], Example]:
    column = label_column(view)
    if column is not None:
        names = sorted(column.counts())

        def flipped(example: Example, place: int) -> Example:
            others = [name for name in names if name != column.values[place]]
            return column.put(example, column.values[place], others[int(rng.integers(len(others)))])

        return flipped

    def taken(example: Example, _place: int) -> Example:
        for _ in range(50):
            row = view.examples[int(rng.integers(len(view)))]
            if row.target != example.target or row.target_calls != example.target_calls:
                break
        return replace(example, target=row.target, target_calls=row.target_calls)

    return taken


def _may_contradict(view: View) -> str | None:
    if view.kind == "preference":
        return "in preference pairs another answer is no contradiction"
    few = len({(example.target, example.target_calls) for example in view.examples}) < 2
    return "all rows have the same answer" if few else None


def _boilerplate(view: View, rng: np.random.Generator, n: int) -> Planted:
    """The same 150 words before every input, and some true twins behind them: these are copies, all others are not."""
    before = with_input(lambda text: f"{PROMPT}\n\n{text}")
    twins = set(choose(rng, view, n))
    rows = [renamed(before(example), "prompt") for example in view.examples]
    copies = [replace(rows[place], row_id=planted_id(view.examples[place], "prompt-twin")) for place in sorted(twins)]
    quiet = tuple(row.row_id for place, row in enumerate(rows) if place not in twins)
    partners = frozenset(rows[place].row_id for place in twins)
    return Planted((*rows, *copies), tuple(copy.row_id for copy in copies), quiet, partners)


def _leaked(view: View, rng: np.random.Generator, n: int) -> Planted:
    """A fifth of the rows becomes the test; twins of training rows go there too, equal, restyled or one word other."""
    tested = rng.random(len(view)) < TEST_SHARE
    training = [example for example, test in zip(view.examples, tested, strict=True) if not test]
    chosen = sorted(rng.choice(len(training), min(n, len(training)), replace=False).tolist())
    twins = []
    for number, place in enumerate(chosen):
        row = training[place]
        if number % 3 == 2 and _is_long(row):
            row = with_input(lambda text: one_word_other(text, rng))(row)
        elif number % 3 and _has_words(row):
            row = with_input(lambda text: restyled(text, rng))(row)
        twins.append(renamed(row, "leak"))
    parts: list[Part] = ["test" if test else "train" for test in tested]
    tested_twins: list[Part] = ["test"] * len(twins)
    return Planted(
        (*view.examples, *twins),
        tuple(twin.row_id for twin in twins),
        partners=frozenset(training[place].row_id for place in chosen),
        parts=(*parts, *tested_twins),
    )


def _needs_varying(view: View) -> str | None:
    return None if len({example.text for example in view.examples}) > 1 else "all inputs are the same"


DEFECTS = (
    Defect("exact_twins", "Rows repeated as they are", ("exact_duplicates.rows",), always, _exact),
    Defect("restyled_twins", "Rows repeated in other case", _COPIES, always, _restyled),
    Defect(
        "near_twins", "Rows repeated but for one word", _COPIES[::-1], _needs_long, _near, ("near_duplicates.crowds",)
    ),
    Defect("shared_prompt", "One prompt before all rows", _COPIES, _needs_varying, _boilerplate),
    Defect(
        "contradicting_twins",
        "Rows with another answer too",
        ("contradictions.equal", "contradictions.near"),
        _may_contradict,
        _contradicting,
        ("contradictions.unlike",),
    ),
    Defect(
        "leaking_twins",
        "Test rows copied from training",
        ("leaks.exact", "leaks.near", "leaks.runs", "leaks.contained"),
        always,
        _leaked,
    ),
)
