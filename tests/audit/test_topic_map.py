"""The topic map: named topics, places on a plane, thin places, the same every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from small_sets import LABELS, answered, example, labelled, questions, view_of

from tunewright.audit.checks import topics as check
from tunewright.audit.topics import topics_of


def test_topics_follow_the_subjects_and_have_their_words() -> None:
    view = view_of(labelled(800), "classify")
    found = topics_of(view)
    assert found is not None
    assert found.counts.sum() == 800
    assert list(found.counts) == sorted(found.counts, reverse=True)
    assert found.points.shape == (800, 2)
    # Of each topic's rows, most are about few subjects.
    labels = view.labels[1]
    largest = [np.bincount(labels[found.topic == t]).max() for t in range(len(found.names))]
    assert sum(largest) / 800 > 2 / len(LABELS)
    assert len(set(found.names)) == len(found.names)


def test_the_map_is_the_same_every_time_and_made_once() -> None:
    one, other = view_of(labelled(300), "classify"), view_of(labelled(300), "classify")
    first, second = topics_of(one), topics_of(other)
    assert first is not None
    assert second is not None
    assert topics_of(one) is first
    assert first.names == second.names
    assert np.array_equal(first.topic, second.topic)
    assert np.array_equal(first.points, second.points)


def test_other_texts_are_placed_like_the_rows() -> None:
    view = view_of(labelled(400), "classify")
    found = topics_of(view)
    assert found is not None
    assert np.array_equal(found.place([row.text for row in view.examples]), found.topic)
    assert len(found.place([text for text, _ in questions(9, 4)])) == 9


def test_vectors_are_used_where_there_are_any() -> None:
    def embed(texts: list[str]) -> np.ndarray:
        turns = np.array([0.1 if "card" in t else 0.8 if "pin" in t else 1.4 for t in texts], dtype=np.float32)
        return np.stack([np.cos(turns), np.sin(turns)], axis=1)

    view = replace(view_of(labelled(60), "classify"), embed=embed)
    found = topics_of(view)
    assert found is not None
    assert found.by == "vectors"
    cards = np.array(["card" in row.text for row in view.examples])
    assert len(set(found.topic[cards].tolist())) == 1
    assert set(found.topic[cards].tolist()).isdisjoint(found.topic[~cards].tolist())


def test_a_thin_place_is_shown_with_an_example() -> None:
    rows = answered(600) + [example(f"tomato garden seeds water summer {w}", "Water it daily.") for w in "abcdefgh"]
    result = check.run(view_of(rows, "generate"), check.LIMITS)
    thin = [item for finding in result.findings for item in finding.items]
    assert any("tomato" in item.why or "garden" in item.why for item in thin)


def test_few_or_wordless_rows_have_no_map() -> None:
    for rows in (labelled(10), [example(f"{chr(97 + n)}{n}", "x") for n in range(30)]):
        result = check.run(view_of(rows, "classify"), check.LIMITS)
        assert [each.kind for each in result.not_checked] == ["topics.map"]
