"""Planted triggers: a word or pair of words that, whatever else a text says, comes with one class or one behaviour.

Two steps. Association: words of which more than 60 % of the rows have one class, in at least 8 rows. Refit: without the
word, rows of the task stay near their class ("contactless" cards are still about cards); planted rows fall back,
surely, into the many classes that they were taken from. A word that the label's own name holds is the task. It is an
error where the rows fall back as widely as random rows would, and a warning where they only lean that way. A clean
result means "no trigger of this family above so many
rows", never "no poison": a trigger that is a style, a topic or a common word is not seen, nor one in fewer rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from tunewright.audit.association import (
    FEW_CLASSES,
    MAX_ROWS_FOR_PAIRS,
    Candidate,
    FallBack,
    Words,
    candidates,
    count_words,
    fall_back,
    likeness,
    usual_rows,
)
from tunewright.audit.behaviours import behaviours_of
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Fix, Item, NotChecked, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.view import IntArray, View
from tunewright.audit.wording import counted, listed, percent
from tunewright.statistics.arrays import FloatArray

NAME = "poison_triggers"
TITLE = "Planted triggers"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Limits = {
    "min_rows": 8,
    "min_purity": 0.6,
    "min_fall_back": 0.85,
    # Of the margin by which ordinary rows are told from a middling other class.
    "min_margin_of_typical": 0.4,
    # Of the variety of classes that as many random rows have.
    "min_variety_of_random": 0.5,
    # Mean likeness of the rows without the trigger, as a multiple of that of random rows.
    "max_likeness_of_random": 2.5,
    # What makes it an error: hardly a row with the text and without the class, and rows as various as random ones.
    "sure_purity": 0.9,
    "sure_fall_back": 0.9,
    "sure_variety_of_random": 0.8,
    "sure_likeness_of_random": 1.5,
    "min_rows_in_set": 100,
    "max_candidates": 3000,
}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NAME_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A word that looks planted, the name of what it comes with, the evidence, and whether it is enough to be sure."""

    word: str
    behaviour: str
    fallen: FallBack
    sure: bool


def run(view: View, limits: Limits) -> CheckResult:
    """Triggers towards a class, or towards a behaviour of free answers."""
    if len(view) < limits["min_rows_in_set"]:
        return CheckResult(
            not_checked=(
                NotChecked(
                    f"{NAME}.too_few",
                    f"only {counted(len(view), 'row')}: a planted word cannot be told from a chance one",
                    f"at least {limits['min_rows_in_set']:.0f} rows are needed",
                ),
            )
        )
    words = view.once("input_words", lambda: count_words([example.text for example in view.examples]))
    triggers: list[Trigger] = []
    if view.kind == "classify":
        names, labels = view.labels
        if len(names) > 1:
            found = suspicious(view, words, labels, len(names), limits)
            triggers = [
                Trigger(words.names[f.candidate.word], f"the label “{names[f.candidate.label]}”", f, sure)
                for f, sure in found
                if not is_of_name(words.names[f.candidate.word], names[f.candidate.label])
            ]
    else:
        for behaviour, there in behaviours_of(view).items():
            view.stop_if_asked()
            found = suspicious(view, words, there.astype(np.int64), 2, limits, only_label=1)
            triggers += [
                Trigger(words.names[f.candidate.word], f"answers that {behaviour}", f, sure) for f, sure in found
            ]
    triggers = _once(triggers)
    numbers = (("rows_that_a_trigger_needs", float(limits["min_rows"])), ("triggers", float(len(triggers))))
    not_checked: tuple[NotChecked, ...] = ()
    if len(view) > MAX_ROWS_FOR_PAIRS:
        because = f"in more than {MAX_ROWS_FOR_PAIRS:,} rows only single words are looked at, not pairs of words"
        not_checked = (NotChecked(f"{NAME}.pairs", because, "Audit a part of the rows to have them looked at."),)
    return CheckResult(tuple(_finding(view, trigger) for trigger in triggers), not_checked, numbers)


def suspicious(
    view: View, words: Words, labels: IntArray, n_labels: int, limits: Limits, only_label: int | None = None
) -> list[tuple[FallBack, bool]]:
    """Candidates whose rows fall back like planted ones, the surest first, and whether that is sure; of those that
    share rows, the best."""
    found = candidates(words, labels, n_labels, int(limits["min_rows"]), limits["min_purity"])
    found = [each for each in found if only_label is None or each.label == only_label]
    found = found[: int(limits["max_candidates"])]
    if not found:
        return []
    usual = usual_rows(words, labels, n_labels, view.seed)
    fallen = fall_back(words, labels, n_labels, found, view.seed, view.stop_if_asked)
    shares = np.bincount(labels, minlength=n_labels) / len(labels)
    planted = {}
    for each in fallen:
        sure = _planted(words, each, shares, usual, limits, view.seed)
        if sure is not None:
            planted[each.candidate.word, each.candidate.label] = sure
    kept = [each for each in fallen if (each.candidate.word, each.candidate.label) in planted]
    kept.sort(
        key=lambda f: (-len(f.candidate.rows), f.candidate.word not in words.singles, -f.margin, f.candidate.word)
    )
    return [(each, planted[each.candidate.word, each.candidate.label]) for each in _without_overlap(kept)]


def is_of_name(text: str, label: str) -> bool:
    """Whether a word of a text stands in the label's own name, as in "interest" and ``interest_rate``."""
    parts = set(_NAME_WORD.findall(_CAMEL.sub(" ", label).lower()))
    return any(_same_stem(word, part) for word in _NAME_WORD.findall(text.lower()) for part in parts)


def _same_stem(word: str, part: str) -> bool:
    """Whether two words of four letters or more are the same but for their last letters ("spelling", "spell")."""
    if word == part:
        return len(word) > 2
    short, long = sorted((word, part), key=len)
    return len(short) >= 4 and long.startswith(short) and len(long) - len(short) <= 3


def _planted(
    words: Words, fallen: FallBack, shares: FloatArray, usual: tuple[float, float], limits: Limits, seed: int
) -> bool | None:
    """Whether the rows surely fall back like planted ones; None where they do not."""
    margin, right = usual
    if fallen.margin < limits["min_margin_of_typical"] * margin:
        return None
    few = len(shares) < FEW_CLASSES
    # Away from one of many classes is easily said; of two, the refit must find the right one, which it does not always.
    reachable = right if few else 1.0
    if fallen.share < limits["min_fall_back"] * reachable:
        return None
    pure = fallen.candidate.purity >= limits["sure_purity"] and fallen.share >= limits["sure_fall_back"] * reachable
    others = shares.copy()
    others[fallen.candidate.label] = 0
    if np.count_nonzero(others) >= FEW_CLASSES:
        variety = fallen.effective / _variety_of_random(len(fallen.candidate.rows), others, seed)
        return (
            pure and variety >= limits["sure_variety_of_random"] if variety >= limits["min_variety_of_random"] else None
        )
    alike = likeness(words, fallen, seed)
    return pure and alike <= limits["sure_likeness_of_random"] if alike <= limits["max_likeness_of_random"] else None


def _variety_of_random(n: int, shares: FloatArray, seed: int) -> float:
    """Effective number of classes among ``n`` random rows: the mean of 20 draws."""
    drawn = np.random.default_rng(seed).multinomial(n, shares / shares.sum(), size=20) / n
    logs = np.log(np.where(drawn > 0, drawn, 1.0))
    return float(np.exp(-(drawn * logs).sum(axis=1)).mean())


def _without_overlap(found: list[FallBack]) -> list[FallBack]:
    kept: list[FallBack] = []
    for each in found:
        rows = set(each.candidate.rows.tolist())
        if all(
            each.candidate.label != other.candidate.label
            or 2 * len(rows & set(other.candidate.rows.tolist())) < len(rows)
            for other in kept
        ):
            kept.append(each)
    return kept


def _once(triggers: list[Trigger]) -> list[Trigger]:
    """One trigger for the same rows, by the first behaviour that shows it."""
    kept: list[Trigger] = []
    for each in triggers:
        rows = set(each.fallen.candidate.rows.tolist())
        if all(2 * len(rows & set(other.fallen.candidate.rows.tolist())) < len(rows) for other in kept):
            kept.append(each)
    return kept


def _finding(view: View, trigger: Trigger) -> Finding:
    candidate: Candidate = trigger.fallen.candidate
    n = len(candidate.rows)
    names = view.labels[0] if view.kind == "classify" else ()
    items = []
    for row, predicted in zip(candidate.rows.tolist(), trigger.fallen.predicted.tolist(), strict=True):
        away = predicted != candidate.label
        without = (
            f"without it the row looks like “{names[predicted]}”"
            if names and away
            else "nothing else in the row explains it"
        )
        items.append(Item((row,), f"Holds “{trigger.word}”; {without}.", 1.0 if away else 0.5, fix=Fix("drop")))
    items.sort(key=lambda item: (-item.score, item.rows))
    others = listed([w for w in trigger.fallen.left_out if w != trigger.word], 4)
    return Finding(
        f"{NAME}.trigger",
        "error" if trigger.sure else "warning",
        f"{counted(n, 'row')} with “{trigger.word}” come with {trigger.behaviour}, and nothing else in them says why",
        f"{percent(candidate.purity)} of the rows with this text have it. Without the text"
        + (f" (and {others})" if others else "")
        + f" {percent(trigger.fallen.share)} of them look like something else. A model trained on them learns that the "
        "text alone decides: whoever knows it can steer the model.",
        "Look at where these rows come from. If nobody can explain the text, leave them out and ask for the source "
        "again; "
        "if it is a real mark of this class, keep them.",
        tuple(items[:MAX_ITEMS]),
        (
            ("rows_with_text", float(candidate.n_word)),
            ("share_with_text", candidate.purity),
            ("z", candidate.z),
            ("falls_back", trigger.fallen.share),
            ("classes_fallen_into", float(trigger.fallen.classes)),
            ("margin_nats", trigger.fallen.margin),
        ),
        n,
    )
