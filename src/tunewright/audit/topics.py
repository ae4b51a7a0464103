"""The topic map: inputs grouped by what they are about, named by their distinctive words, with places on a plane.

From vectors where there are any, else from words (TF-IDF, reduced by SVD). Made once a view; the report draws it, and
several checks look at each topic by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline

from tunewright.audit.languages import little_words
from tunewright.audit.view import FloatArray, IntArray, View
from tunewright.data.normalise import normal_form

MIN_ROWS = 20
MAX_TOPICS = 30
# Topics are fitted on a sample of this size; the other rows are placed afterwards, so many at a time.
MAX_FITTED = 20_000
BLOCK = 50_000
SVD_WIDTH = 64
NAME_WORDS = 3
# k-means spreads a small topic over large ones. Rows this far from every middle, and so like one another, are one of
# their own; a few such topics are added.
FAR, ALIKE = 0.35, 0.6
MIN_ROWS_OF_SMALL, MAX_SMALL, MAX_FAR_ROWS = 5, 10, 3_000
MAX_CHARS = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class TopicMap:
    """Topics of a set's inputs, largest first.

    ``topic`` int64 ``[rows]`` is the number of each row's topic, ``points`` float32 ``[rows, 2]`` its place on a plane
    (the two main directions of the space), ``closeness`` float32 ``[rows]`` its cosine with the middle of its topic,
    ``centres`` unit vectors ``[topics, width]``. ``by`` says what the map is made from. ``place`` gives the topics of
    other texts.
    """

    topic: IntArray
    names: tuple[str, ...]
    points: FloatArray
    closeness: FloatArray
    centres: FloatArray
    by: str
    place: Callable[[Sequence[str]], IntArray]

    @property
    def counts(self) -> IntArray:
        """Rows of each topic."""
        return np.bincount(self.topic, minlength=len(self.names)).astype(np.int64)


def topics_of(view: View) -> TopicMap | None:
    """The topic map of a view; None where there are too few rows to speak of topics."""
    return view.once("topics", lambda: _topics(view))


def _topics(view: View) -> TopicMap | None:
    if len(view) < MIN_ROWS:
        return None
    texts = [print_.normal[:MAX_CHARS] for print_ in view.prints]
    picked = _sample(len(view), view.seed)
    vectors = view.vectors
    if vectors is not None and view.embed is not None:
        embed = view.embed
        space, by = np.asarray(vectors, dtype=np.float32), "vectors"

        def to_space(others: Sequence[str]) -> FloatArray:
            return np.asarray(embed(others), dtype=np.float32)
    else:
        pipeline = _word_space([texts[row] for row in picked], view.seed)
        if pipeline is None:
            return None
        fitted = pipeline
        space, by = _in_blocks(fitted, texts, view), "words"

        def to_space(others: Sequence[str]) -> FloatArray:
            return _unit(fitted.transform([normal_form(text[:MAX_CHARS]) for text in others]))

    view.stop_if_asked()
    count = int(np.clip(round(np.sqrt(len(view)) / 2.5), 2, MAX_TOPICS))
    fit = KMeans(n_clusters=count, n_init=2, max_iter=100, random_state=view.seed).fit(space[picked])
    centres = _with_small_topics(_unit(fit.cluster_centers_), space[picked])
    order, topic, closeness = _by_size(centres, space)
    names = _names([texts[row] for row in picked], topic[picked], len(order))
    return TopicMap(
        topic, names, _plane(space, picked), closeness, order, by, lambda others: _nearest(to_space(others), order)[0]
    )


def _sample(n: int, seed: int) -> IntArray:
    if n <= MAX_FITTED:
        return np.arange(n, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(n, MAX_FITTED, replace=False)).astype(np.int64)


def _word_space(texts: Sequence[str], seed: int) -> Pipeline | None:
    """From texts to reduced TF-IDF; None where no word stands in two texts."""
    words = TfidfVectorizer(
        min_df=2, max_df=0.5, sublinear_tf=True, stop_words=sorted(little_words()), dtype=np.float32
    )
    try:
        width = len(words.fit(texts).vocabulary_)
    except ValueError:
        return None
    if width < 4:
        return None
    reduce = TruncatedSVD(min(SVD_WIDTH, width - 1), n_iter=3, random_state=seed)
    pipeline: Pipeline = make_pipeline(words, reduce).fit(texts)
    return pipeline


def _in_blocks(pipeline: Pipeline, texts: Sequence[str], view: View) -> FloatArray:
    space = np.empty((len(texts), pipeline[-1].n_components), dtype=np.float32)
    for start in range(0, len(texts), BLOCK):
        view.stop_if_asked()
        space[start : start + BLOCK] = _unit(pipeline.transform(texts[start : start + BLOCK]))
    return space


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _nearest(space: FloatArray, centres: FloatArray) -> tuple[IntArray, FloatArray]:
    topic = np.zeros(len(space), dtype=np.int64)
    closeness = np.zeros(len(space), dtype=np.float32)
    for start in range(0, len(space), BLOCK):
        likeness = space[start : start + BLOCK] @ centres.T
        topic[start : start + BLOCK] = likeness.argmax(axis=1)
        closeness[start : start + BLOCK] = likeness.max(axis=1)
    return topic, closeness


def _with_small_topics(centres: FloatArray, space: FloatArray) -> FloatArray:
    """The centres, and those of tight groups of rows that lie far from all of them."""
    far = np.flatnonzero(_nearest(space, centres)[1] < FAR)[:MAX_FAR_ROWS]
    left = space[far]
    found = [centres]
    while len(found) <= MAX_SMALL and len(left) >= MIN_ROWS_OF_SMALL:
        alike = left @ left.T >= ALIKE
        leader = int(alike.sum(axis=1).argmax())
        if alike[leader].sum() < MIN_ROWS_OF_SMALL:
            break
        found.append(_unit(left[alike[leader]].mean(axis=0, keepdims=True)))
        left = left[~alike[leader]]
    return np.concatenate(found)


def _by_size(centres: FloatArray, space: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
    """Centres with the largest topic first (topics without rows left out), and each row's topic and closeness."""
    topic, closeness = _nearest(space, centres)
    counts = np.bincount(topic, minlength=len(centres))
    order = [place for place in np.argsort(-counts, kind="stable").tolist() if counts[place]]
    rank = np.zeros(len(centres), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return centres[order], rank[topic], closeness


def _plane(space: FloatArray, picked: IntArray) -> FloatArray:
    """Coordinates on the two main directions, each turned so that its largest loading is positive."""
    middle = space[picked].mean(axis=0)
    _, _, directions = np.linalg.svd(_covariance(space[picked] - middle))
    main = directions[:2]
    largest = np.abs(main).argmax(axis=1)
    main = main * np.sign(main[np.arange(len(main)), largest])[:, None]
    points = np.empty((len(space), len(main)), dtype=np.float32)
    for start in range(0, len(space), BLOCK):
        points[start : start + BLOCK] = (space[start : start + BLOCK] - middle) @ main.T
    return points


def _covariance(centred: FloatArray) -> FloatArray:
    return np.asarray(centred.T @ centred / len(centred), dtype=np.float64).astype(np.float32)


def _names(texts: Sequence[str], topic: IntArray, count: int) -> tuple[str, ...]:
    """For each topic its most distinctive words: p(word | topic) log(p(word | topic) / p(word))."""
    counter = CountVectorizer(binary=True, min_df=2, stop_words=sorted(little_words()), dtype=np.float32)
    try:
        there = counter.fit_transform(texts)
    except ValueError:
        return tuple(f"topic {number + 1}" for number in range(count))
    member = sparse.csr_matrix((np.ones(len(topic), np.float32), (topic, np.arange(len(topic)))), (count, len(topic)))
    sizes = np.maximum(np.bincount(topic, minlength=count), 1)[:, None]
    within = np.asarray((member @ there).todense()) / sizes
    overall = np.asarray(there.mean(axis=0)).ravel()
    weight = within * np.log(np.maximum(within, 1e-9) / np.maximum(overall, 1e-9))
    words = counter.get_feature_names_out()
    best = np.argsort(-weight, axis=1, kind="stable")[:, :NAME_WORDS]
    return tuple(
        ", ".join(str(words[w]) for w in row if weight[number, w] > 0) or f"topic {number + 1}"
        for number, row in enumerate(best)
    )
