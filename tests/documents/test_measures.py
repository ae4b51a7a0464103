"""Recall and reciprocal rank against values worked out by hand."""

from __future__ import annotations

import pytest

from tunewright.documents.measures import mean_reciprocal_rank, recall_at_k

FOUND = [["a", "b", "c"], ["x", "a"], [], ["q"]]
KNOWN = [{"b"}, {"a", "z"}, {"m"}, set()]


def test_recall_is_the_mean_share_of_known_passages_and_leaves_out_questions_without() -> None:
    assert recall_at_k(FOUND, KNOWN, 1) == 0.0
    assert recall_at_k(FOUND, KNOWN, 2) == pytest.approx((1 + 0.5 + 0) / 3)


def test_a_rank_counts_from_the_first_known_passage() -> None:
    assert mean_reciprocal_rank(FOUND, KNOWN) == pytest.approx((0.5 + 0.5 + 0) / 3)


def test_without_known_passages_there_is_no_measure() -> None:
    with pytest.raises(ValueError, match="no question"):
        recall_at_k(FOUND[:1], [set()], 1)
    with pytest.raises(ValueError, match="no question"):
        mean_reciprocal_rank([], [])
    with pytest.raises(ValueError, match="1 or more"):
        recall_at_k(FOUND, KNOWN, 0)
