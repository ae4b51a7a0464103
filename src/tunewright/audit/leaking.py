"""Rows of the test and validation side that the training side gives away, in layers. Shared by the check of leaks and
by whoever scores a system with and without them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tunewright.audit.agreement import same_slots
from tunewright.audit.grams import answer_runs, shared_runs
from tunewright.audit.languages import little_words
from tunewright.audit.lexical import same_target
from tunewright.audit.neighbours import MAX_INPUTS, MAX_WORDS, close_pairs
from tunewright.audit.reworded import reworded
from tunewright.audit.view import View
from tunewright.data.leaks import find_leaks

Layer = Literal["exact", "near", "runs", "contained", "meaning"]
# Share of words kept in a rewording: one other word among ten. A word that says nothing may be more or less in a text
# of six words already (``reworded.MIN_WORDS_ONE_MORE``).
MIN_REWORDED = 0.9
SAYING_NOTHING = little_words() | frozenset(
    [
        "actually",
        "really",
        "very",
        "also",
        "kindly",
        "currently",
        "basically",
        "simply",
        "again",
        "already",
        "still",
        "bitte",
        "mal",
        "noch",
    ]
)
LAYERS: tuple[Layer, ...] = ("exact", "near", "runs", "contained", "meaning")
MIN_COSINE = 0.9
# An input of fewer words stands in others by chance; one of fewer than the second number does so unless what stands
# around it is the same in so many tested rows.
MIN_CONTAINED_WORDS = 5
MIN_CONTAINED_ALONE = 10
MIN_FRAMED_ROWS = 3


@dataclass(frozen=True, slots=True)
class LeakingPair:
    """A row that is tested on (``row``) and a training row that resembles it; ``similarity`` is measured, in [0, 1];
    for runs of words their number is in ``runs``."""

    row: int
    train_row: int
    similarity: float
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Leaking:
    """Pairs by layer, by tested row and most similar first. A row counts in its first layer only. ``left_out`` says
    what the layer of meaning did not compare; it is None where there are no vectors. ``input_runs`` counts tested rows
    whose input shares a run of 13 words with a training input: told as a number only, for documents are quoted."""

    pairs: dict[Layer, tuple[LeakingPair, ...]]
    tested: int
    input_runs: int
    left_out: str | None

    def rows(self, layer: Layer) -> tuple[int, ...]:
        """Tested rows of a layer, ascending."""
        return tuple(sorted({pair.row for pair in self.pairs[layer]}))


def leaking_rows(view: View) -> dict[Layer, tuple[int, ...]]:
    """Rows of the validation and test side by the first layer in which training rows give them away.

    All but ``meaning`` are evidence: a score is to be reported without them. ``meaning`` is for review.
    """
    found = leaking(view)
    return {layer: found.rows(layer) for layer in LAYERS}


def leaking(view: View) -> Leaking:
    """All layers, made once per view."""
    return view.once("leaking", lambda: _leaking(view))


def _leaking(view: View) -> Leaking:
    train, tested = view.rows_of("train"), sorted((*view.rows_of("validation"), *view.rows_of("test")))
    pairs: dict[Layer, tuple[LeakingPair, ...]] = {layer: () for layer in LAYERS}
    if not train or not tested:
        return Leaking(pairs, len(tested), 0, "")
    prints = [view.prints[row] for row in (*train, *tested)]
    report = find_leaks([view.examples[r] for r in train], [view.examples[r] for r in tested], prints)
    for layer, leaks in (("exact", report.exact), ("near", report.near)):
        made = (LeakingPair(tested[one.test_row], train[one.train_row], one.similarity) for one in leaks)
        pairs["exact" if layer == "exact" else "near"] = tuple(made)
    view.stop_if_asked()
    settled = {pair.row for layer in LAYERS for pair in pairs[layer]}
    worded = _reworded(view, train, [row for row in tested if row not in settled])
    pairs["near"] = tuple(sorted((*pairs["near"], *worded), key=lambda p: (p.row, -p.similarity, p.train_row)))
    settled |= {pair.row for pair in worded}
    pairs["runs"] = _runs(view, train, [row for row in tested if row not in settled])
    view.stop_if_asked()
    settled |= {pair.row for pair in pairs["runs"]}
    pairs["contained"] = _contained(view, train, [row for row in tested if row not in settled])
    settled |= {pair.row for pair in pairs["contained"]}
    pairs["meaning"], left_out = _meaning(view, train, [row for row in tested if row not in settled])
    inputs = shared_runs([(view.prints[r].normal,) for r in train], [(view.prints[r].normal,) for r in tested])
    return Leaking(pairs, len(tested), len(inputs), left_out)


def _reworded(view: View, train: Sequence[int], tested: Sequence[int]) -> list[LeakingPair]:
    """Tested rows that differ from a training row in one word of ten or more, in one word that says nothing, or in the
    order of sentences, and have its answer: one word may well make another question, which has another answer."""
    first: dict[str, int] = {}
    for row in train:
        first.setdefault(view.prints[row].full, row)
    rows = [*first.values(), *tested]
    equal: defaultdict[str, list[int]] = defaultdict(list)
    for row in tested:
        equal[view.prints[row].normal].append(row)
    found = []
    for left, right, similarity in reworded([view.prints[row] for row in rows]):
        if left >= len(first) or right < len(first):
            continue
        if similarity < MIN_REWORDED and not _adds_nothing(view, rows[left], rows[right]):
            continue
        for row in equal[view.prints[rows[right]].normal]:
            if same_target(view, rows[left], row):
                found.append(LeakingPair(row, rows[left], similarity))
    return found


def _adds_nothing(view: View, left: int, right: int) -> bool:
    """Whether one text is the other with one word more, a little one such as "please" or "the"."""
    a, b = sorted((Counter(view.prints[row].normal.split()) for row in (left, right)), key=Counter.total)
    return a.total() < b.total() and all(word in SAYING_NOTHING for word in b - a)


def _runs(view: View, train: Sequence[int], tested: Sequence[int]) -> tuple[LeakingPair, ...]:
    """Answers that share long runs of words with training answers; labels share nothing."""
    if view.kind == "classify":
        return ()
    found = shared_runs([answer_runs(view.examples[r]) for r in train], [answer_runs(view.examples[r]) for r in tested])
    pairs = []
    for place, (train_place, count) in found.items():
        row = tested[place]
        n_runs = max(1, sum(max(0, len(text.split()) - 12) for text in answer_runs(view.examples[row])))
        pairs.append(LeakingPair(row, train[train_place], min(1.0, count / n_runs), count))
    return tuple(pairs)


def _contained(view: View, train: Sequence[int], tested: Sequence[int]) -> tuple[LeakingPair, ...]:
    """Tested rows whose input holds a whole training input, or stands in one, and that have its answer: a greeting or
    thanks around a copy. The similarity is the share of words that both have; one pair for each tested row."""
    pairs = [(row, part, part) for part, row in inside(view, train, tested)]
    pairs += [(row, train_row, row) for row, train_row in inside(view, tested, train)]
    pairs = [pair for pair in pairs if same_target(view, pair[1], pair[0])]
    frames = [_frame(view.prints[part].normal, view.prints[a + b - part].normal) for a, b, part in pairs]
    rows_of: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for (row, _, _), frame in zip(pairs, frames, strict=True):
        rows_of[frame].add(row)
    best: dict[int, LeakingPair] = {}
    for (row, train_row, part), frame in zip(pairs, frames, strict=True):
        share = view.prints[part].n_words / view.prints[row + train_row - part].n_words
        alone = view.prints[part].n_words >= MIN_CONTAINED_ALONE
        if (alone or len(rows_of[frame]) >= MIN_FRAMED_ROWS) and (row not in best or share > best[row].similarity):
            best[row] = LeakingPair(row, train_row, share)
    return tuple(best[row] for row in sorted(best))


def _frame(part: str, whole: str) -> tuple[str, str]:
    """What stands before and behind a part."""
    before, _, behind = f" {whole} ".partition(f" {part} ")
    return before.strip(), behind.strip()


def inside(view: View, parts: Sequence[int], wholes: Sequence[int]) -> list[tuple[int, int]]:
    """(part, whole) of rows whose whole input, of five words or more, stands word by word in a longer input.

    Inputs are found by their first five words and their length, so the work grows with the number of words.
    """
    # Only the runs of the smaller side, which is the tested one, are kept in memory.
    few = len(wholes) <= len(parts)
    grams = {gram for row in wholes for _, gram in _grams(view.prints[row].normal.split())} if few else None
    known: defaultdict[str, defaultdict[int, dict[str, list[int]]]] = defaultdict(lambda: defaultdict(dict))
    for row in parts:
        text = view.prints[row].normal
        words = text.split()
        first = " ".join(words[:MIN_CONTAINED_WORDS])
        if len(words) >= MIN_CONTAINED_WORDS and (grams is None or first in grams):
            known[first][len(words)].setdefault(text, []).append(row)
    found = []
    for row in wholes:
        words = view.prints[row].normal.split()
        for start, gram in _grams(words):
            for length, texts in known[gram].items() if gram in known else ():
                if length < len(words) and start + length <= len(words):
                    found += [(part, row) for part in texts.get(" ".join(words[start : start + length]), ())]
    return found


def _grams(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Each run of five words, and where it begins."""
    for start in range(len(words) - MIN_CONTAINED_WORDS + 1):
        yield start, " ".join(words[start : start + MIN_CONTAINED_WORDS])


def _meaning(view: View, train: Sequence[int], tested: Sequence[int]) -> tuple[tuple[LeakingPair, ...], str | None]:
    vectors = view.vectors
    if vectors is None:
        return (), None
    left = [row for row in tested if 0 < view.prints[row].n_words <= MAX_WORDS]
    right = list({view.prints[r].full: r for r in reversed(train) if 0 < view.prints[r].n_words <= MAX_WORDS}.values())
    said = []
    if len(left) < len(tested):
        said.append(f"{len(tested) - len(left):,} tested inputs of more than {MAX_WORDS} words were left out")
    if len(left) * len(right) > MAX_INPUTS**2:
        left = left[: max(1, MAX_INPUTS**2 // len(right))]
        said.append(f"only the first {len(left):,} tested inputs were compared by meaning")
    if not left or not right:
        return (), "; ".join(said)

    def between(share: float) -> None:
        view.stop_if_asked()
        view.progress("comparing test with training", share)

    best: dict[int, LeakingPair] = {}
    for i, j, cosine in close_pairs(vectors[left], vectors[right], MIN_COSINE, between):
        row, train_row = left[i], right[j]
        if row in best and best[row].similarity >= cosine:
            continue
        if same_slots(view.examples[row].text, view.examples[train_row].text):
            best[row] = LeakingPair(row, train_row, cosine)
    return tuple(best[row] for row in sorted(best)), "; ".join(said)
