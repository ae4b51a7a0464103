"""Rows of the test and validation side that training rows give away, in layers: equal inputs, nearly equal ones,
answers that share a run of 13 words, inputs that stand whole in others, inputs close in meaning.

All but the last make a score look better than it is; report it with and without these rows (``leaking.leaking_rows``).
Closeness in meaning is for review: training should be close to what it is tested on.
"""

from __future__ import annotations

from collections.abc import Callable

from tunewright.audit.copies import name_of
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Fix, Item, NotChecked, Quality
from tunewright.audit.leaking import LAYERS, Layer, Leaking, LeakingPair, leaking
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import percent

NAME = "leaks"
TITLE = "Leaks into the test"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Limits = {
    # Share of the tested rows that a layer concerns: an error above the one, a warning above the other.
    "error_share": 0.1,
    "warning_share": 0.005,
    # In a narrow field most tested rows have a training row at cosine .9 (half of BANKING77's); closer ones are shown.
    "shown_cosine": 0.95,
}
_ADVICE = (
    "Drop the training rows (then the test stays comparable), or the tested ones, or split again by Tunewright, which "
    "keeps copies on one side. Until then report the score with and without these rows."
)
_WHY = "A system that has seen the test rows in training scores better than it will with new inputs."


def run(view: View, limits: Limits) -> CheckResult:
    found = leaking(view)
    if not found.tested:
        because = "no row is marked as test or validation"
        return CheckResult(not_checked=(NotChecked("leaks", because, "Name the test file, or let Tunewright split."),))
    findings = [
        *_layer(view, found, "exact", "have an equal row in training", _exact_why, limits),
        *_other_answer(view, found),
        *_layer(view, found, "near", "have a nearly equal row in training", _near_why, limits),
        *_layer(view, found, "runs", "share 13 words or more of the answer with a training row", _runs_why, limits),
        *_layer(view, found, "contained", "hold a whole training input or stand in one", _contained_why, limits),
        *_layer(view, found, "meaning", "are close in meaning to a training row", _meaning_why, limits),
    ]
    numbers = tuple((f"{layer}_share", len(found.rows(layer)) / found.tested) for layer in LAYERS)
    numbers += (("rows_sharing_a_run_in_the_input", float(found.input_runs)),)
    return CheckResult(tuple(findings), _not_checked(view, found), numbers)


def _not_checked(view: View, found: Leaking) -> tuple[NotChecked, ...]:
    if found.left_out is None:
        return (NotChecked("leaks.meaning", view.no_vectors, "Install the encoder to see test rows in other words."),)
    return (NotChecked("leaks.left_out", found.left_out),) if found.left_out else ()


def _layer(
    view: View, found: Leaking, layer: Layer, what: str, why: Callable[[View, LeakingPair], str], limits: Limits
) -> list[Finding]:
    review = layer == "meaning"
    pairs = [p for p in found.pairs[layer] if not review or p.similarity >= limits["shown_cosine"]]
    rows = {pair.row for pair in pairs}
    if not pairs:
        return []
    worst = sorted(pairs, key=lambda pair: (-pair.similarity, pair.row, pair.train_row))[:MAX_ITEMS]
    fix = None if review else Fix("drop")
    items = tuple(Item((p.train_row, p.row), why(view, p), p.similarity, fix=fix) for p in worst)
    share = len(rows) / found.tested
    severity = "note" if review or share < limits["warning_share"] else "warning"
    if not review and share >= limits["error_share"]:
        severity = "error"
    return [
        Finding(
            f"leaks.{layer}",
            "error" if severity == "error" else "warning" if severity == "warning" else "note",
            f"{len(rows):,} of {found.tested:,} tested rows {what}",
            _WHY
            if not review
            else "Some of these may be test rows in other words; most are what a test should be like.",
            _ADVICE
            if not review
            else "Read the closest pairs. Nothing needs to be done where they ask different things.",
            items,
            (("share", share), ("pairs", float(len(pairs)))),
            rows_affected=len(rows),
        )
    ]


def _other_answer(view: View, found: Leaking) -> list[Finding]:
    """Equal inputs on both sides that carry different labels: one of the two is wrong."""
    if view.kind != "classify":
        return []
    pairs = [p for p in found.pairs["exact"] if view.examples[p.row].target != view.examples[p.train_row].target]
    rows = {p.row for p in pairs}
    if not pairs:
        return []
    items = tuple(
        Item(
            (p.train_row, p.row),
            f"Labelled {view.examples[p.train_row].target!r} in training and {view.examples[p.row].target!r} in "
            f"{name_of(view.examples[p.row])}.",
        )
        for p in pairs[:MAX_ITEMS]
    )
    return [
        Finding(
            "leaks.other_label",
            "warning",
            f"{len(rows):,} tested {'row has' if len(rows) == 1 else 'rows have'} another label than a training row",
            "One of the two labels is wrong, or the input lacks what tells the classes apart.",
            "Correct the wrong one of each pair.",
            items,
            rows_affected=len(rows),
        )
    ]


def _exact_why(view: View, pair: LeakingPair) -> str:
    return f"Its input is equal to the tested {name_of(view.examples[pair.row])}."


def _near_why(view: View, pair: LeakingPair) -> str:
    return f"Its input is {percent(pair.similarity)} alike to the tested {name_of(view.examples[pair.row])}."


def _runs_why(view: View, pair: LeakingPair) -> str:
    runs = f"{pair.runs} runs" if pair.runs > 1 else "a run"
    return f"It shares {runs} of 13 words with the answer of the tested {name_of(view.examples[pair.row])}."


def _contained_why(view: View, pair: LeakingPair) -> str:
    longer = view.prints[pair.train_row].n_words > view.prints[pair.row].n_words
    holds = "holds all of" if longer else "stands whole in"
    return f"Its input {holds} the tested {name_of(view.examples[pair.row])}."


def _meaning_why(view: View, pair: LeakingPair) -> str:
    return f"Cosine {pair.similarity:.2f} to the tested {name_of(view.examples[pair.row])}."
