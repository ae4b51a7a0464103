"""The figures of an audit's page: the topic map as inline SVG, and the bars of the class balance.

Equal input gives equal bytes, as in ``figures``, whose drawing rules are used. Only the page calls it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.view import View
from tunewright.reporting.audit_privacy import Cover
from tunewright.reporting.figures import ACCENT, INK, LINE, MUTED, WARM, WIDTH_IN, canvas, inline_svg
from tunewright.reporting.words import counted, hundredths

HEIGHT_IN = 5.0
MOST_POINTS, FEWEST_OF_A_TOPIC = 2_000, 10
MOST_NUMBERED = 60
MOST_LARGE, MOST_SMALL = 25, 15


@dataclass(frozen=True, slots=True, eq=False)
class TopicMap:
    """Rows on a plane, and the topics that they fall into.

    ``points`` are places ``[n, 2]``, ``cluster`` the topic of each ``[n]`` (-1: none); ``names``, ``sizes`` (rows in
    the whole set) and ``thin`` (too few rows for what is asked) have one entry a topic.
    """

    points: NDArray[np.float32]
    cluster: NDArray[np.int64]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    thin: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One class: its rows, its share in words, and the length of its bar in percent of the longest."""

    label: str
    rows: int
    share: str
    length: float


@dataclass(frozen=True, slots=True)
class Balance:
    """The largest classes and the smallest, largest first; ``between`` classes of the middle are only counted."""

    large: tuple[Bar, ...]
    between: int
    small: tuple[Bar, ...]
    classes: int


def class_balance(view: View, cover: Cover) -> Balance | None:
    """The classes with their rows; None where answers are no classes or there are no rows."""
    if view.kind != "classify" or not len(view):
        return None
    first: dict[str, int] = {}
    for row, example in enumerate(view.examples):
        first.setdefault(example.target, row)
    counts = Counter(example.target for example in view.examples)
    order = sorted(counts, key=lambda label: (-counts[label], label))
    whole = len(order) <= MOST_LARGE + MOST_SMALL
    large = order if whole else order[:MOST_LARGE]
    small = [] if whole else order[-MOST_SMALL:]

    def bar(label: str) -> Bar:
        rows = counts[label]
        pieces = cover.text(first[label], "target", longest=60)
        name = "".join(piece.text for piece in pieces).strip() if pieces is not None else "(not shown)"
        return Bar(
            name or "(empty)", rows, f"{hundredths(rows / len(view), len(view))} %", 100 * rows / counts[order[0]]
        )

    return Balance(
        tuple(bar(label) for label in large),
        len(order) - len(large) - len(small),
        tuple(bar(label) for label in small),
        len(order),
    )


def topic_figure(topics: TopicMap) -> str:
    """The map: a dot a row, a number a topic, thin topics in the warning colour. Empty where there are no points."""
    if not len(topics.points):
        return ""
    with canvas("topics", (WIDTH_IN, HEIGHT_IN), (0.01, 0.01, 0.98, 0.98)) as sheet:
        axes = sheet.axes
        axes.set_xticks([])
        axes.set_yticks([])
        axes.patch.set_visible(False)
        for spine in axes.spines.values():
            spine.set_color(LINE)
        drawn = sample(topics.cluster)
        for topic in sorted(set(topics.cluster[drawn].tolist())):
            places = topics.points[drawn[topics.cluster[drawn] == topic]]
            colour = _colour(topics, topic)
            axes.plot(places[:, 0], places[:, 1], "o", color=colour, markersize=3.2, markeredgewidth=0, alpha=0.55)
        for topic in range(min(len(topics.names), MOST_NUMBERED)):
            members = topics.points[topics.cluster == topic]
            if len(members):
                x, y = np.median(members, axis=0).tolist()
                weight = "bold" if topics.thin[topic] else "normal"
                axes.text(x, y, str(topic + 1), ha="center", va="center", color=INK, fontsize=12, fontweight=weight)
    rows, names = counted(len(topics.points), "row"), counted(len(topics.names), "topic")
    alternative = f"Topic map: {rows} in {names}, {sum(topics.thin)} of them thin. The table holds the same topics."
    return inline_svg(sheet.svg, "topics", [], alternative)


def sample(cluster: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which rows are drawn: every n-th of each topic, and of a small topic at least a few, so that it is seen."""
    chosen = []
    for topic in np.unique(cluster):
        members = np.flatnonzero(cluster == topic)
        wanted = max(FEWEST_OF_A_TOPIC, round(MOST_POINTS * len(members) / len(cluster)))
        places = np.linspace(0, len(members) - 1, min(wanted, len(members))).round().astype(np.int64)
        chosen.append(members[places])
    return np.sort(np.concatenate(chosen))


def _colour(topics: TopicMap, topic: int) -> str:
    if topic < 0:
        return LINE
    return WARM if topics.thin[topic] else (ACCENT, MUTED)[topic % 2]
