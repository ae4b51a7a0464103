"""Wrong labels: slips to any class and to like classes, other spellings, mistyped ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from tunewright.audit.planting._defect import Defect, Planted, changing, draw
from tunewright.audit.planting._texts import LabelColumn, label_column, needs_labels
from tunewright.audit.view import View
from tunewright.records.example import Example

# Labels go wrong more often than other things.
SHARE_OF_FLIPS = 0.05
NEAREST_CLASSES = 3
# A label that is respelled or mistyped must be common in its right form.
COMMON_ROWS = 12
# Slips of the hand are rare beside their label.
SLIPS_PER_LABEL = 3


def _column(view: View) -> LabelColumn:
    column = label_column(view)
    if column is None:
        raise ValueError("the data has no labels")
    return column


def _relabelled(column: LabelColumn, place: int, label: str) -> Callable[[Example], Example]:
    return lambda example: column.put(example, column.values[place], label)


def _uniform(view: View, rng: np.random.Generator, n: int) -> Planted:
    column = _column(view)
    names = sorted(column.counts())
    change = {}
    for place in _rows(column, rng, max(n, round(SHARE_OF_FLIPS * len(view)))):
        others = [name for name in names if name != column.values[place]]
        change[place] = _relabelled(column, place, others[int(rng.integers(len(others)))])
    return changing(view, "flip", change)


def _confusable(view: View, rng: np.random.Generator, n: int) -> Planted:
    column = _column(view)
    near = _nearest(view, column)
    change = {}
    for place in _rows(column, rng, max(n, round(SHARE_OF_FLIPS * len(view)))):
        others = near[column.values[place]]
        change[place] = _relabelled(column, place, others[int(rng.integers(len(others)))])
    return changing(view, "flip", change)


def _rows(column: LabelColumn, rng: np.random.Generator, n: int) -> list[int]:
    return draw(rng, [place for place, value in enumerate(column.values) if value], n)


def _nearest(view: View, column: LabelColumn) -> dict[str, list[str]]:
    """For each label the labels whose mean words are nearest (cosine of TF-IDF centroids)."""
    names = sorted(column.counts())
    number = {name: i for i, name in enumerate(names)}
    codes = np.array([number.get(value, -1) for value in column.values])
    words = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform([e.text for e in view.examples])
    centres = np.vstack([np.asarray(words[codes == i].mean(axis=0)) for i in range(len(names))])
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    close = centres @ centres.T
    np.fill_diagonal(close, -1.0)
    order = np.argsort(-close, axis=1, kind="stable")[:, : min(NEAREST_CLASSES, len(names) - 1)]
    return {name: [names[other] for other in order[i]] for i, name in enumerate(names)}


def _needs_confusable(view: View) -> str | None:
    because = needs_labels(view)
    if because is None and len(_column(view).counts()) <= NEAREST_CLASSES:
        return "with so few labels every slip is one to a like label"
    shared = Counter(word for example in view.examples for word in set(re.findall(r"\w\w+", example.text.lower())))
    return because or (None if max(shared.values(), default=0) > 1 else "the inputs share no words")


def _variants(view: View, rng: np.random.Generator, n: int) -> Planted:
    column = _column(view)
    common = _common(column)
    names = [common[i] for i in sorted(rng.choice(len(common), min(3, len(common)), replace=False).tolist())]
    change = {}
    for name in names:
        mine = [place for place, value in enumerate(column.values) if value == name]
        for place in draw(rng, mine, min(max(2, n // len(names)), len(mine) // 4)):
            change[place] = _relabelled(column, place, _respelled(name, rng))
    return changing(view, "spelling", change)


def _slips(view: View, rng: np.random.Generator, n: int) -> Planted:
    column = _column(view)
    names = [name for name in _common(column) if len(name) >= 5 and name.isascii() and not any(map(str.isdigit, name))]
    each = min(SLIPS_PER_LABEL, -(-n // max(len(names), 1)))
    change = {}
    for i in draw(rng, range(len(names)), n):
        mine = [place for place, value in enumerate(column.values) if value == names[i]]
        wrong = {_mistyped(names[i], rng) for _ in range(4 * each)} - set(column.values)
        for place, label in zip(draw(rng, mine, each), sorted(wrong), strict=False):
            change[place] = _relabelled(column, place, label)
    return changing(view, "mistyped", change)


def _common(column: LabelColumn) -> list[str]:
    return [
        name for name, count in sorted(column.counts().items()) if count >= COMMON_ROWS and any(map(str.isalpha, name))
    ]


def _needs_common(view: View) -> str | None:
    if view.kind != "classify":
        return "the targets are texts, not labels"
    return None if _common(_column(view)) else f"no label of letters has {COMMON_ROWS} rows"


def _respelled(name: str, rng: np.random.Generator) -> str:
    ways = (name.upper(), name.capitalize(), name.replace("_", " "), name.replace("_", "-"), name + " ", name + ".")
    other = [way for way in ways if way != name]
    return other[int(rng.integers(len(other)))]


def _mistyped(name: str, rng: np.random.Generator) -> str:
    """Two neighbouring letters swapped, or one lost, behind the first."""
    places = [i for i in range(1, len(name) - 1) if name[i] != name[i + 1] and name[i : i + 2].isalpha()]
    place = places[int(rng.integers(len(places)))] if places else len(name) - 1
    if places and rng.random() < 0.5:
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    return name[:place] + name[place + 1 :]


_REFUSED = ("label_errors.refused",)
DEFECTS = (
    Defect("uniform_flips", "Labels flipped to any other", ("label_errors.slips",), needs_labels, _uniform, _REFUSED),
    Defect(
        "confusable_flips",
        "Labels flipped to a like one",
        ("label_errors.slips", "label_errors.overlap"),
        _needs_confusable,
        _confusable,
        _REFUSED,
    ),
    Defect("spelling_variants", "Labels in another spelling", ("label_spelling.variants",), _needs_common, _variants),
    Defect("mistyped_labels", "Labels mistyped", ("label_spelling.slips",), _needs_common, _slips),
)
