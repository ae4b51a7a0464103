"""``tfidf``: words and character pieces weighed by tf-idf, and a linear model on top.

A linear support vector machine, one label against the rest; its strength is chosen on validation rows over a declared
grid, then it is fitted again on all rows. Confidence is the softmax of its margins at a temperature that is chosen on
the validation rows too. Where a case may have several labels, each whose margin reaches a chosen cut-off is answered
(``_several.py``). Saved as plain arrays and JSON, never as pickled objects.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import Cancelled, WorkError
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs
from tunewright.records.system import LABELS_ALONE, Budget, FitContext, Needs, Setting, SystemRole, Traits, Trial
from tunewright.systems._honest import Scored
from tunewright.systems._several import BoolArray, Cut, indicators, search
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read
from tunewright.systems.temperature import Sigmoid, choose_sigmoid, choose_temperature, softmax

SUMMARY = "word and character n-grams with a linear model; seconds to train"
OPTIONS: Mapping[str, Option] = {
    "character_ngrams": Option(True, "yes or no", "pieces of words catch typos and endings"),
    "min_rows": Option(1, "rows", "a word or piece seen in fewer training rows is left out"),
}
STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights ``[labels, features]`` and offsets ``[labels]``; the margin of a text is ``x @ weights.T + offsets``."""

    weights: FloatArray
    offsets: FloatArray

    def margins(self, features: Any) -> FloatArray:
        """Margins ``[N, labels]`` of sparse features ``[N, features]``."""
        return np.asarray(features @ self.weights.T) + self.offsets


def make_vectorizers(character_ngrams: bool, min_rows: int) -> list[Any]:
    """Unfitted scikit-learn vectorizers: words in ones and twos, then pieces inside words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    common = {"sublinear_tf": True, "strip_accents": "unicode", "min_df": min_rows}
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **common)
    if not character_ngrams:
        return [words]
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **{**common, "min_df": max(2, min_rows)})
    return [words, pieces]


def _features(vectorizers: Sequence[Any], texts: Sequence[str]) -> Any:
    from scipy.sparse import hstack

    return hstack([vectorizer.transform(texts) for vectorizer in vectorizers]).tocsr()


def _train(features: Any, targets: Sequence[str], labels: Sequence[str], strength: float, seed: int) -> LinearModel:
    """Fit on the labels that occur; a label without rows gets a margin below all others."""
    from sklearn.svm import LinearSVC

    present = [label for label in labels if label in set(targets)]
    weights = np.zeros((len(labels), features.shape[1]))
    offsets = np.full(len(labels), -10.0)
    positions = [labels.index(label) for label in present]
    if len(present) == 1:
        offsets[positions] = 10.0
        return LinearModel(weights, offsets)
    model = LinearSVC(C=strength, dual=True, random_state=seed, max_iter=5000)
    model.fit(features, [present.index(target) for target in targets])
    coefficients, intercepts = model.coef_, model.intercept_
    if len(present) == 2:
        coefficients = np.vstack([-coefficients[0], coefficients[0]])
        intercepts = np.array([-intercepts[0], intercepts[0]])
    weights[positions], offsets[positions] = coefficients, intercepts
    return LinearModel(weights, offsets)


def _train_each(features: Any, wanted: BoolArray, strength: float, seed: int) -> LinearModel:
    """One model per label on rows ``[N, labels]`` that have it or not; a label of no row, or of all, needs none."""
    from sklearn.svm import LinearSVC

    weights = np.zeros((wanted.shape[1], features.shape[1]))
    offsets = np.where(wanted.all(axis=0), 10.0, -10.0)
    for place in np.flatnonzero(wanted.any(axis=0) & ~wanted.all(axis=0)):
        model = LinearSVC(C=strength, dual=True, random_state=seed, max_iter=5000).fit(features, wanted[:, place])
        weights[place], offsets[place] = model.coef_[0], float(model.intercept_[0])
    return LinearModel(weights, offsets)


@dataclass(frozen=True, slots=True)
class SeveralLabels:
    """How margins become a set of labels."""

    sigmoid: Sigmoid
    cut: Cut


@dataclass(frozen=True, slots=True)
class FittedTfidf(Logged):
    """Vectorizers, linear model, and the temperature, or what takes its place where a case has several labels."""

    vectorizers: Sequence[Any]
    model: LinearModel
    labels: tuple[str, ...]
    temperature: float
    log: FitLog
    several: SeveralLabels | None = None

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        if not inputs:
            return []
        margins = self.model.margins(_features(self.vectorizers, [item.text for item in inputs]))
        if self.several is not None:
            return self.several.cut.answers(self.several.sigmoid.of(margins), self.labels)
        chances = softmax(margins, self.temperature)
        best = margins.argmax(axis=1)
        return [
            Answer(self.labels[label], confidence=round(float(chances[row, label]), 6))
            for row, label in enumerate(best)
        ]

    def save(self, folder: Path) -> None:
        for number, vectorizer in enumerate(self.vectorizers):
            words = {word: int(position) for word, position in vectorizer.vocabulary_.items()}
            text = json.dumps(words, ensure_ascii=False, sort_keys=True)
            (folder / f"vocabulary-{number}.json").write_text(text, encoding="utf-8")
            np.save(folder / f"idf-{number}.npy", vectorizer.idf_)
        np.save(folder / "weights.npy", self.model.weights)
        np.save(folder / "offsets.npy", self.model.offsets)
        analyzers = [vectorizer.analyzer for vectorizer in self.vectorizers]
        several = None if self.several is None else asdict(self.several)
        head = {"labels": self.labels, "temperature": self.temperature, "analyzers": analyzers, "several": several}
        (folder / "tfidf.json").write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
        self.log.write(folder)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Tfidf:
    """The system before it has seen rows."""

    name: str
    character_ngrams: bool
    min_rows: int
    strengths: tuple[float, ...] = STRENGTHS
    role: SystemRole = "baseline"
    traits: Traits = Traits(LABELS_ALONE)
    needs: Needs = Needs(simplicity=20, seconds_per_call=0.003, own_machine=True)

    def identity(self) -> Mapping[str, Setting]:
        strengths = " ".join(f"{strength:g}" for strength in self.strengths)
        return {"character_ngrams": self.character_ngrams, "min_rows": self.min_rows, "strengths": strengths}

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedTfidf:
        vectorizers = self._vectorizers(train)
        if context.several:
            return self._fit_several(vectorizers, train, validation, context)
        trials, best, temperature, honest = self._search(vectorizers, train, validation, context)
        rows = [*train, *validation]
        final = self._vectorizers(rows)
        features = _features(final, [example.text for example in rows])
        model = _train(features, [example.target for example in rows], context.labels, best, context.seed)
        log = FitLog(tuple(trials), Budget(len(self.strengths), len(trials), exhausted=True), (), honest)
        return FittedTfidf(final, model, context.labels, temperature, log)

    def _fit_several(
        self, vectorizers: Sequence[Any], train: Sequence[Example], validation: Sequence[Example], context: FitContext
    ) -> FittedTfidf:
        features = _features(vectorizers, [example.text for example in train])
        held_out = _features(vectorizers, [example.text for example in validation])
        wanted, right = indicators(train, context.labels), indicators(validation, context.labels)
        sigmoids: dict[float, Sigmoid] = {}

        def chances_of(strength: float) -> FloatArray:
            margins = _train_each(features, wanted, strength, context.seed).margins(held_out)
            sigmoids[strength] = choose_sigmoid(margins, right)
            return sigmoids[strength].of(margins)

        found = search(self.strengths, chances_of, context.labels, train, validation, context)
        rows = [*train, *validation]
        final = self._vectorizers(rows)
        features = _features(final, [example.text for example in rows])
        model = _train_each(features, indicators(rows, context.labels), found.strength, context.seed)
        several = SeveralLabels(sigmoids[found.strength], found.cut)
        return FittedTfidf(final, model, context.labels, 1.0, found.log(), several)

    def _vectorizers(self, rows: Sequence[Example]) -> list[Any]:
        """Vectorizers that know the words of these rows; pieces only where some occur often enough."""
        vectorizers = []
        for vectorizer in make_vectorizers(self.character_ngrams, self.min_rows):
            try:
                vectorizers.append(vectorizer.fit([example.text for example in rows]))
            except ValueError:
                continue
        if not vectorizers:
            raise WorkError(
                "tfidf.no_words", "No text of the training rows holds a word.", hint="Check the input column."
            )
        return vectorizers

    def _search(
        self, vectorizers: Sequence[Any], train: Sequence[Example], validation: Sequence[Example], context: FitContext
    ) -> tuple[list[Trial], float, float, float | None]:
        """All strengths of the grid: trials, the best strength (the weakest among equals), its temperature, and what
        choosing it is worth."""
        features = _features(vectorizers, [example.text for example in train])
        held_out = _features(vectorizers, [example.text for example in validation])
        scored = Scored([example.target for example in validation], context.measure)
        positions = np.array([context.labels.index(target) for target in scored.targets])
        trials: list[Trial] = []
        best: tuple[float, float, float] | None = None
        for number, strength in enumerate(self.strengths):
            if context.cancelled():
                raise Cancelled
            started = time.perf_counter()
            model = _train(features, [example.target for example in train], context.labels, strength, context.seed)
            margins = model.margins(held_out)
            score = scored.add([context.labels[label] for label in margins.argmax(axis=1)])
            trials.append(Trial({"strength": strength}, score, time.perf_counter() - started))
            context.progress("choosing the strength", (number + 1) / len(self.strengths))
            if best is None or score > best[0]:
                best = (score, strength, choose_temperature(margins, positions))
        assert best is not None
        return trials, best[1], best[2], scored.honest()

    def load(self, folder: Path) -> FittedTfidf:
        head = json.loads((folder / "tfidf.json").read_text(encoding="utf-8"))
        made = make_vectorizers(self.character_ngrams, self.min_rows)
        vectorizers = [vectorizer for vectorizer in made if vectorizer.analyzer in head["analyzers"]]
        for number, vectorizer in enumerate(vectorizers):
            words = json.loads((folder / f"vocabulary-{number}.json").read_text(encoding="utf-8"))
            vectorizer.vocabulary = words
            vectorizer.idf_ = np.load(folder / f"idf-{number}.npy", allow_pickle=False)
        model = LinearModel(
            np.load(folder / "weights.npy", allow_pickle=False), np.load(folder / "offsets.npy", allow_pickle=False)
        )
        kept = head.get("several")
        several = None if kept is None else SeveralLabels(Sigmoid(**kept["sigmoid"]), Cut(**kept["cut"]))
        labels = tuple(head["labels"])
        return FittedTfidf(vectorizers, model, labels, head["temperature"], FitLog.read(folder), several)


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Tfidf:
    """The system as named in the project file."""
    values = read(options, OPTIONS, "tfidf")
    return Tfidf(name, bool(values["character_ngrams"]), int(values["min_rows"]))
