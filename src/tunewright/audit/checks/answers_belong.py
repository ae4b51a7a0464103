"""Whether answers stand beside their own inputs: columns that slipped when they were joined, answers that were moved.

An answer shares more words with its own input than with others (mean TF-IDF cosine .54 against .03 in GSM8K, .29
against .03 in MTS-Dialog). Where it does not, but does with the input one row up or down, the column has slipped; where
answer and input are each other's best match in different rows, it was shuffled or swapped. For answers that are texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Item, NotChecked, Quality, Severity
from tunewright.audit.registry import Limits
from tunewright.audit.view import View

NAME = "answers_belong"
TITLE = "Answers at their inputs"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    # Fewer rows say too little; more are not looked at.
    "rows": 100,
    "most_rows": 50_000,
    # Own pairs are above others by so many standard errors, and by such a share of the others' cosine.
    "errors": 4.0,
    "above": 0.25,
    # A slip: by at most so many rows, over at least so many; its own pairs are no more alike than others.
    "shift": 3,
    "slipped_rows": 20,
    "slipped_cosine": 0.1,
    # A pair is unlike if it is no more alike than others, or than such a share of the mean of own pairs.
    "unlike": 0.2,
    # An answer belongs elsewhere if it is so much more alike to that input, and each is the other's best match.
    "lead": 0.2,
    "words": 5,
    "suspects": 2_000,
    # A warning: from so many such rows and such a share of the rows on; fewer are said where own pairs are so alike.
    "warning_rows": 5,
    "warning_share": 0.02,
    "alike": 0.25,
}
COMPARED_CHARS = 4_000
BLOCK = 250
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Unit TF-IDF vectors of inputs and answers ``[n, words]`` of some ``rows`` ``[n]``; the cosine ``own`` of each
    pair and the mean ``other`` of each input with all other answers, ``[n]``."""

    rows: IntArray
    inputs: Any
    answers: Any
    own: FloatArray
    other: FloatArray


def run(view: View, limits: Limits) -> CheckResult:
    """Slipped, shuffled and swapped answers."""
    if view.kind == "classify":
        return CheckResult()
    rows = [n for n, e in enumerate(view.examples) if e.target.strip() and e.text.strip()]
    if len(rows) < limits["rows"]:
        return CheckResult()
    pairs = _pairs(view, np.array(rows[: int(limits["most_rows"])], dtype=np.int64))
    if pairs is None:
        return _unknown("inputs and answers have no words", 0.0, 0.0)
    view.stop_if_asked()
    own, other = float(pairs.own.mean()), float(pairs.other.mean())
    slipped, left = _slipped(pairs, limits)
    found = _elsewhere(view, pairs, left, limits)
    findings = tuple(finding for finding in (slipped, found) if finding is not None)
    numbers = (("cosine_own", own), ("cosine_other", other))
    if _above(pairs.own, pairs.other, limits) or (findings and findings[0].severity == "warning"):
        gap = f"Answers beyond the first {len(pairs.rows):,} were not compared with their inputs."
        gaps = (NotChecked("answers_belong.rest", gap),) if len(pairs.rows) < len(rows) else ()
        return CheckResult(findings, gaps, numbers)
    return _unknown("inputs share no more words with their own answers than with others", own, other)


def _unknown(because: str, own: float, other: float) -> CheckResult:
    because = f"Whether answers stand beside their own inputs cannot be told: {because}."
    hint = "Read twenty rows: if the answers are not to these inputs, the columns were joined wrongly."
    numbers = (("cosine_own", own), ("cosine_other", other))
    return CheckResult(not_checked=(NotChecked("answers_belong", because, hint),), numbers=numbers)


def _pairs(view: View, rows: IntArray) -> _Pairs | None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    inputs = [view.examples[row].text[-COMPARED_CHARS:] for row in rows.tolist()]
    answers = [view.examples[row].target[:COMPARED_CHARS] for row in rows.tolist()]
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\w+", sublinear_tf=True, max_features=100_000, dtype=np.float32)
    try:
        both = vectorizer.fit_transform([*inputs, *answers]).tocsr()
    except ValueError:  # no word at all
        return None
    left, right = both[: len(rows)], both[len(rows) :]
    own = _cosines(left, right)
    total = np.asarray(right.sum(axis=0), dtype=np.float64).ravel()
    return _Pairs(rows, left, right, own, (left @ total - own) / (len(rows) - 1))


def _cosines(left: Any, right: Any) -> FloatArray:
    return np.asarray(left.multiply(right).sum(axis=1), dtype=np.float64).ravel()


def _above(own: FloatArray, other: FloatArray, limits: Limits) -> bool:
    """Whether pairs are more alike than chance, surely and by more than a trifle."""
    difference = own - other
    error = float(difference.std()) / np.sqrt(len(difference))
    return bool(difference.mean() > max(limits["errors"] * error, limits["above"] * float(other.mean())))


def _slipped(pairs: _Pairs, limits: Limits) -> tuple[Finding | None, IntArray]:
    """The longest stretch of rows whose answers stand a few rows away, and the places outside it."""
    places = np.arange(len(pairs.rows))
    best: tuple[float, int, int, int] | None = None
    for size in range(1, int(limits["shift"]) + 1):
        for shift in (size, -size):
            at = places[max(0, -shift) : len(places) - max(0, shift)]
            there = _cosines(pairs.inputs[at], pairs.answers[at + shift])
            start, end, gain = _stretch(there - pairs.own[at])
            part = slice(at[0] + start, at[0] + end)
            if end - start < limits["slipped_rows"] or (best and gain <= best[0]):
                continue
            fits = there[start:end].mean() >= limits["slipped_cosine"]
            fits &= _above(there[start:end], pairs.other[part], limits)
            if fits and not _above(pairs.own[part], pairs.other[part], limits):
                best = (gain, shift, part.start, part.stop)
    if best is None:
        return None, places
    _, shift, first, last = best
    distance, way = abs(shift), "below" if shift > 0 else "above"
    by = f"{distance} {'row' if distance == 1 else 'rows'} {way}"
    within = places[first:last]
    items = tuple(
        Item((int(pairs.rows[n]), int(pairs.rows[n + shift])), f"Its answer seems to stand {by}.")
        for n in within[:MAX_ITEMS].tolist()
    )
    finding = Finding(
        "answers_belong.slipped",
        "warning",
        f"{len(within):,} answers in a row have slipped: they fit the input {distance} {_rows(distance)} away",
        "A model that is tuned on answers to other inputs learns to ignore the input.",
        f"Look at how the columns were joined: from these rows on, the right answer stands {by}.",
        items,
        (("share", len(within) / len(places)), ("shift", float(shift))),
    )
    return finding, np.concatenate([places[:first], places[last:]])


def _rows(number: int) -> str:
    return "row" if number == 1 else "rows"


def _stretch(gains: FloatArray) -> tuple[int, int, float]:
    """The consecutive places with the largest sum of gains: start, end (not in it), sum."""
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(sums)
    end = int(np.argmax(sums - lowest))
    return int(np.argmin(sums[: end + 1])), end, float(sums[end] - lowest[end])


def _elsewhere(view: View, pairs: _Pairs, places: IntArray, limits: Limits) -> Finding | None:
    """Answers that are the best match of another input, which is theirs, and hardly match their own."""
    unlike = pairs.own <= np.maximum(pairs.other, limits["unlike"] * float(pairs.own.mean()))
    suspects = places[unlike[places]]
    most, total = int(limits["suspects"]), len(suspects)
    if total > most:
        suspects = suspects[np.linspace(0, total - 1, most).round().astype(np.int64)]
    suspects, match, cosine = _moved(view, pairs, suspects, unlike, limits)
    number = len(suspects)
    share = number * max(1.0, total / most) / len(pairs.rows)
    many = number >= limits["warning_rows"] and share >= limits["warning_share"]
    if not number or not (many or float(pairs.own.mean()) >= limits["alike"]):
        return None
    severity: Severity = "warning" if many else "note"
    of = f" of {most:,} suspected" if total > most else ""
    items = tuple(
        Item(
            (int(pairs.rows[here]), int(pairs.rows[there])),
            f"The answer of another row shares far more words with this input ({score:.2f} against "
            f"{pairs.own[here]:.2f}), and fits no other input better.",
            min(1.0, float(score)),
        )
        for here, there, score in zip(suspects.tolist(), match.tolist(), cosine.tolist(), strict=True)
    )
    return Finding(
        "answers_belong.elsewhere",
        severity,
        f"{number:,}{of} {'input fits' if number == 1 else 'inputs fit'} the answer of another row, not their own",
        "A model that is tuned on answers to other inputs learns to ignore the input.",
        "Look at how the columns were joined or sorted; compare each row with the one beside it.",
        items[:MAX_ITEMS],
        (("share", share),),
        number,
    )


def _moved(
    view: View, pairs: _Pairs, suspects: IntArray, unlike: NDArray[np.bool_], limits: Limits
) -> tuple[IntArray, IntArray, FloatArray]:
    """Suspects whose best answer stands elsewhere and fits no input better, the most alike first: the suspect, where
    its answer stands, and their cosine."""
    match, cosine = _best(view, pairs.inputs[suspects], pairs.answers)
    # The answer that fits better must not fit its own input: an answer to a like question does. Answers of a few words
    # fit many inputs by chance.
    words = np.diff(pairs.answers.indptr)
    sure = (cosine - pairs.own[suspects] >= limits["lead"]) & unlike[match]
    sure &= (words[match] >= limits["words"]) & (words[suspects] >= limits["words"])
    suspects, match, cosine = suspects[sure], match[sure], cosine[sure]
    _, back = _best(view, pairs.answers[match], pairs.inputs)
    sure = cosine >= back - 1e-6
    order = np.argsort(-cosine[sure], kind="stable")
    return suspects[sure][order], match[sure][order], cosine[sure][order]


def _best(view: View, left: Any, right: Any) -> tuple[IntArray, FloatArray]:
    """For each row of ``left`` the most alike row of ``right`` (the first of equals), and the cosine."""
    columns = right.T.tocsr()
    match, cosine = np.zeros(left.shape[0], dtype=np.int64), np.zeros(left.shape[0])
    for start in range(0, left.shape[0], BLOCK):
        view.stop_if_asked()
        likeness = (left[start : start + BLOCK] @ columns).toarray()
        match[start : start + BLOCK] = likeness.argmax(axis=1)
        cosine[start : start + BLOCK] = likeness.max(axis=1)
    return match, cosine
