"""What a classifier that has not seen a row thinks of its label, and when its opinion is worth nothing.

Logistic regression over five folds on the vectors of the inputs where there are vectors, on TF-IDF otherwise. A second
round is fitted without the rows that the first doubts, and ranks them. Called by the checks of labels, through
``View.once``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from tunewright.audit.confident import ConfidentJoint, confident_joint, likely_class, noise_flags
from tunewright.audit.folds import FOLDS, components, fold_of_rows, picked, row_keys
from tunewright.audit.softmax_fit import SoftmaxFit, fit_softmax
from tunewright.audit.view import View
from tunewright.statistics.agreement import cohen_kappa
from tunewright.statistics.means import mean_interval

Floats = NDArray[np.float32]
IntArray = NDArray[np.int64]

MIN_PER_CLASS = 5
MAX_ROWS = 100_000
# Rows times classes, and features times classes, that are held at once (four bytes each, some ten times over).
MAX_CELLS = 50_000_000
MAX_WEIGHTS = 8_000_000
MAX_FEATURES = 50_000
# Neighbours' votes compare all rows with all; they add half a point of average precision.
MAX_ROWS_FOR_VOTES = 30_000
NEIGHBOURS = 10
MAX_SHARE_FOR_VOTES = 0.05
STRENGTH = 10.0
FIRST_STEPS, SECOND_STEPS = 20, 12
# A gradient that is still so long, as a share of the first, means that the fit has not arrived.
MAX_SLOPE = 0.25
MIN_KAPPA = 0.2
MAX_NOISE = 0.5
# So many rows, rows for each label and solver steps are enough to say that labels do not follow from the inputs, if
# agreement is no more than so many standard errors above chance. Against one label for nearly all rows nothing shows.
UNLEARNABLE_ROWS = 200
UNLEARNABLE_PER_CLASS = 10
UNLEARNABLE_STEPS = 5
UNLEARNABLE_MAJORITY = 0.8
UNLEARNABLE_ERRORS = 2.5
VOTE_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why labels cannot be judged, and what would help.

    ``unlearnable`` counts the labels where they do not follow from their inputs and are enough to say so; else 0.
    """

    because: str
    hint: str = ""
    unlearnable: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class OutOfSample:
    """Opinions on the labels of some rows, from models that saw neither the row nor a copy of it.

    ``rows`` ``[n]`` numbers in the view, ``labels`` ``[n]`` numbers in ``names``, ``first`` and ``second`` ``[n, K]``
    probabilities of the two rounds, ``votes`` ``[n, K]`` shares of the nearest neighbours (None for large sets),
    ``groups`` ``[n]`` the component of each row, ``joint`` from the first round. ``steps`` is the fewest solver steps
    of a fold, ``slope`` the largest gradient left. ``left_out``: labels with too few rows, and how many; ``unsampled``:
    rows beyond the most that are judged.
    """

    rows: IntArray
    labels: IntArray
    names: tuple[str, ...]
    first: Floats
    second: Floats
    votes: Floats | None
    groups: IntArray
    joint: ConfidentJoint
    steps: int
    slope: float
    features: str
    left_out: tuple[tuple[str, int], ...] = ()
    unsampled: int = 0


def judged_targets(view: View) -> OutOfSample | Refusal:
    """Opinions on the targets as labels, made once per view; a refusal where they are worth nothing."""
    return view.once("out_of_sample", lambda: judge(view, [example.target or None for example in view.examples]))


def judge(view: View, labels: Sequence[str | None]) -> OutOfSample | Refusal:
    """Opinions on one label for each row of the view (None: this row has none), or why there are none."""
    numbered = _number(view, labels)
    if isinstance(numbered, Refusal):
        return numbered
    rows, numbers, names, left_out, unsampled = numbered
    inputs, name = features(view, rows, len(names))
    folds = fold_of_rows(view, rows, numbers)
    fitted = cross_fit(inputs, numbers, folds, len(names), view.stop_if_asked, view.progress)
    if isinstance(fitted, Refusal):
        return fitted
    first, second, joint, steps, slope = fitted
    groups = components(view)[rows]
    votes = neighbour_votes(inputs, numbers, groups, len(names)) if len(rows) <= MAX_ROWS_FOR_VOTES else None
    result = OutOfSample(
        rows, numbers, names, first, second, votes, groups, joint, steps, slope, name, left_out, unsampled
    )
    return gate(numbers, first, groups, joint, steps, slope) or result


def gate(
    labels: IntArray, probabilities: Floats, groups: IntArray, joint: ConfidentJoint, steps: int, slope: float
) -> Refusal | None:
    """Why these probabilities say nothing about labels; None where they do.

    A solver that stopped at once predicts all classes alike, and confident learning then calls nearly all labels wrong.
    """
    retry = "Judge a sample of the labels by hand; with an encoder (vectors) or more rows the check may work."
    likely = likely_class(probabilities)
    right = (likely == labels).astype(np.float64)
    sizes = np.bincount(labels)
    enough = len(labels) >= max(UNLEARNABLE_ROWS, UNLEARNABLE_PER_CLASS * len(sizes)) and steps >= UNLEARNABLE_STEPS
    random = len(labels) if enough and _like_chance(labels, likely) else 0
    if steps < 1 or slope > MAX_SLOPE:
        return Refusal(f"the classifier did not learn: {steps} solver steps, gradient still {slope:.0%}", retry, random)
    low, _ = mean_interval(right, groups)
    majority = float(sizes.max()) / len(labels)
    if low <= majority:
        return Refusal(
            f"a classifier is right for {right.mean():.0%} of unseen rows (surely {low:.0%}), no more than always "
            f"answering the commonest label ({majority:.0%})",
            retry,
            random,
        )
    kappa = cohen_kappa(labels, likely)
    mostly = len(labels) if enough and joint.noise >= MAX_NOISE else 0
    if kappa <= MIN_KAPPA:
        because = f"a classifier agrees with the labels hardly better than chance (kappa {kappa:.2f})"
        return Refusal(because, retry, mostly)
    if joint.noise >= MAX_NOISE:
        because = f"{joint.noise:.0%} of the labels would be wrong, which says more about the classifier"
        return Refusal(because, retry, mostly)
    return None


def _like_chance(labels: IntArray, likely: IntArray) -> bool:
    """Whether agreement is what independent labels of these shares give; never where one label has nearly all rows.

    The standard error of agreement under independence is ``sqrt(e (1 - e) / n)`` with chance agreement ``e`` (Cohen
    1960, equation 9).
    """
    count = len(labels)
    given, said = np.bincount(labels) / count, np.bincount(likely, minlength=int(labels.max()) + 1) / count
    chance = float(given @ said[: len(given)])
    above = float((labels == likely).mean()) - chance
    common = float(given.max()) > UNLEARNABLE_MAJORITY
    return not common and above <= UNLEARNABLE_ERRORS * float(np.sqrt(chance * (1 - chance) / count))


def cross_fit(
    features: Any,
    labels: IntArray,
    folds: IntArray,
    classes: int,
    stop: Callable[[], None] = lambda: None,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> tuple[Floats, Floats, ConfidentJoint, int, float] | Refusal:
    """Two rounds of out-of-sample probabilities, the joint of the first, fewest steps and largest slope.

    The second round starts from each fold's first weights, which saw the same rows and no others.
    """
    first = np.zeros((len(labels), classes), dtype=np.float32)
    fits: list[SoftmaxFit] = []
    used = np.unique(folds).tolist()
    for fold in used:
        stop()
        progress("labels", len(fits) / (2 * len(used)))
        inside = folds == fold
        learn = np.flatnonzero(~inside)
        if not _all_classes(labels[learn], classes):
            return Refusal("copies or groups hold all rows of a label together", "Label rows from more sources.")
        fits.append(fit_softmax(features[learn], labels[learn], classes, STRENGTH, FIRST_STEPS))
        first[inside] = fits[-1].probabilities(features[np.flatnonzero(inside)])
    joint = confident_joint(labels, first)
    doubted = noise_flags(labels, first, joint)
    second = np.zeros_like(first)
    for number, fold in enumerate(used):
        stop()
        progress("labels", 0.5 + number / (2 * len(used)))
        inside = folds == fold
        learn = np.flatnonzero(~inside & ~doubted)
        if not _all_classes(labels[learn], classes):
            learn = np.flatnonzero(~inside)
        again = fit_softmax(features[learn], labels[learn], classes, STRENGTH, SECOND_STEPS, fits[number].weights)
        second[inside] = again.probabilities(features[np.flatnonzero(inside)])
    return first, second, joint, min(fit.steps for fit in fits), max(fit.slope for fit in fits)


def neighbour_votes(features: Any, labels: IntArray, groups: IntArray, classes: int) -> Floats:
    """Labels of the ten nearest rows outside the row's own group, weighted by cosine, as shares ``[n, classes]``.

    ``features`` are unit vectors ``[n, width]``, an array or a sparse matrix. A row without like rows has shares 0.
    """
    count = len(labels)
    votes = np.zeros((count, classes), dtype=np.float32)
    if scipy.sparse.issparse(features):
        # Words of many rows cost most of the time and hardly tell rows apart.
        common = np.asarray((features != 0).sum(axis=0)).ravel() > max(MAX_SHARE_FOR_VOTES * count, 20)
        features = features[:, np.flatnonzero(~common)]
    columns = features.T
    for start in range(0, count, VOTE_BLOCK):
        rows = np.arange(start, min(start + VOTE_BLOCK, count))
        likeness = features[rows] @ columns
        nearest = _nearest_sparse if scipy.sparse.issparse(likeness) else _nearest_dense
        for row, (others, weights) in zip(rows.tolist(), nearest(likeness, groups[rows], groups), strict=True):
            np.add.at(votes[row], labels[others], weights)
    totals = votes.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(votes, totals, out=votes, where=totals > 0))


def _nearest_dense(likeness: Floats, own: IntArray, groups: IntArray) -> Iterator[tuple[IntArray, Floats]]:
    """The nearest rows of each row and their cosines, from cosines ``[rows, n]``; those of its group are left out."""
    for line, group in zip(likeness, own.tolist(), strict=True):
        line[groups == group] = 0
        best = np.argpartition(line, -NEIGHBOURS)[-NEIGHBOURS:] if len(line) > NEIGHBOURS else np.arange(len(line))
        yield best, np.maximum(line[best], 0)


def _nearest_sparse(likeness: Any, own: IntArray, groups: IntArray) -> Iterator[tuple[IntArray, Floats]]:
    """The same from a sparse matrix, whose missing cosines are zero."""
    for place, group in enumerate(own.tolist()):
        inside = slice(likeness.indptr[place], likeness.indptr[place + 1])
        others, cosines = likeness.indices[inside], likeness.data[inside]
        cosines = np.where(groups[others] == group, 0, cosines)
        if len(cosines) > NEIGHBOURS:
            best = np.argpartition(cosines, -NEIGHBOURS)[-NEIGHBOURS:]
            others, cosines = others[best], cosines[best]
        yield others, cosines


def features(view: View, rows: IntArray, classes: int = 1) -> tuple[Any, str]:
    """Unit vectors of some rows: the encoder's, or sparse TF-IDF of words and pairs of words; and their name.

    With many ``classes`` fewer words are kept, to bound the weights of a fit.
    """
    if view.vectors is not None:
        return view.vectors[rows], "vectors"
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [view.prints[row].varying for row in rows.tolist()]
    spaced = sum(text.count(" ") for text in texts) > 0.05 * sum(map(len, texts))
    vectorizer = TfidfVectorizer(
        analyzer="word" if spaced else "char",
        token_pattern=r"(?u)\w+" if spaced else None,
        ngram_range=(1, 2),
        sublinear_tf=True,
        min_df=2 if len(texts) >= 200 else 1,
        max_features=max(500, min(MAX_FEATURES, MAX_WEIGHTS // classes)),
        dtype=np.float32,
    )
    try:
        return vectorizer.fit_transform(texts).tocsr(), "tf-idf"
    except ValueError:  # no word occurs twice
        return scipy.sparse.csr_matrix((len(texts), 1), dtype=np.float32), "tf-idf"


def _number(
    view: View, labels: Sequence[str | None]
) -> tuple[IntArray, IntArray, tuple[str, ...], tuple[tuple[str, int], ...], int] | Refusal:
    """Rows to judge, their label numbers, the labels, labels left out with their rows, and rows beyond the limit."""
    sizes: dict[str, int] = {}
    for label in labels:
        if label is not None:
            sizes[label] = sizes.get(label, 0) + 1
    names = sorted(name for name, size in sizes.items() if size >= MIN_PER_CLASS)
    left_out = sorted((name, size) for name, size in sizes.items() if size < MIN_PER_CLASS)
    if len(names) < 2:
        return Refusal(f"fewer than two labels have {MIN_PER_CLASS} rows or more", "Label more rows of each class.")
    number = {name: place for place, name in enumerate(names)}
    rows = np.array([row for row, label in enumerate(labels) if label in number], dtype=np.int64)
    kept = rows
    most = min(MAX_ROWS, MAX_CELLS // len(names))
    if len(rows) > most:
        kept = rows[picked(row_keys(view, rows), most)]
    numbers = np.array([number[str(labels[row])] for row in kept.tolist()], dtype=np.int64)
    held = _spread(view, kept, numbers, len(names))
    if not held.all():
        left_out += [(names[place], sizes[names[place]]) for place in np.flatnonzero(~held).tolist()]
        stay = held[numbers]
        kept, numbers = kept[stay], (np.cumsum(held) - 1)[numbers[stay]]
        names = [name for name, ok in zip(names, held.tolist(), strict=True) if ok]
        if len(names) < 2:
            return Refusal(
                "copies or groups hold nearly all rows of each label together", "Label rows of more sources."
            )
    return kept, numbers, tuple(names), tuple(sorted(left_out)), len(rows) - most if len(rows) > most else 0


def _spread(view: View, rows: IntArray, numbers: IntArray, classes: int) -> NDArray[np.bool_]:
    """Which labels have rows in every training side, and five of them, ``[classes]``."""
    folds = fold_of_rows(view, rows, numbers)
    table = np.zeros((classes, FOLDS), dtype=np.int64)
    np.add.at(table, (numbers, folds), 1)
    sizes = table.sum(axis=1)
    return np.asarray((sizes >= MIN_PER_CLASS) & (sizes - table.max(axis=1) >= 2))


def _all_classes(labels: IntArray, classes: int) -> bool:
    return bool((np.bincount(labels, minlength=classes) > 0).all())
