"""Token trees: every row can be read off the tree again, each token is there once, ancestors are intervals."""

from __future__ import annotations

import numpy as np
from families import row_of, sharing_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.training.rows import TokenRow
from tunewright.training.tree import TokenTree, common_tokens, merge, read_tokens


@st.composite
def token_rows(draw: st.DrawFn, most: int = 8, longest: int = 9) -> list[TokenRow]:
    """Rows over few token ids, so that prefixes, duplicates and prefixes of whole rows are common."""
    rows = []
    for _ in range(draw(st.integers(1, most))):
        ids = draw(st.lists(st.integers(3, 5), min_size=2, max_size=longest))
        choices = st.sampled_from([0.0, 0.0, 0.5, 1.0, 3.0])
        weights = [0.0, *draw(st.lists(choices, min_size=len(ids) - 1, max_size=len(ids) - 1))]
        if not any(weights):
            weights[-1] = 1.0
        rows.append(TokenRow.of(ids, weights))
    return rows


def parents(tree: TokenTree) -> list[int]:
    """The parent of each token, found from the depths alone."""
    found, path = [], {-1: -1}
    for place, depth in enumerate(tree.positions.tolist()):
        found.append(path[depth - 1])
        path[depth] = place
    return found


def spelled(tree: TokenTree, place: int) -> tuple[int, ...]:
    """The token ids from the root down to a token."""
    above, ids = parents(tree), []
    while place >= 0:
        ids.append(int(tree.ids[place]))
        place = above[place]
    return tuple(reversed(ids))


@settings(max_examples=60)
@given(token_rows())
def test_rows_can_be_read_off(rows: list[TokenRow]) -> None:
    tree = merge(rows)
    assert len(tree.rows) == len(rows)
    for row, own in zip(rows, tree.rows, strict=True):
        wanted = {
            (tuple(row.ids[:t].tolist()), int(row.ids[t])): float(row.weights[t]) for t in np.flatnonzero(row.weights)
        }
        found = {
            (spelled(tree, int(tree.sources[p])), int(tree.targets[p])): float(w)
            for p, w in zip(own.places, own.weights, strict=True)
        }
        assert found == wanted


@settings(max_examples=60)
@given(token_rows())
def test_each_token_once_and_weights_add_up(rows: list[TokenRow]) -> None:
    tree = merge(rows)
    prefixes = {tuple(row.ids[: t + 1].tolist()) for row in rows for t in range(read_tokens(row))}
    spellings = [spelled(tree, place) for place in range(tree.tokens)]
    assert sorted(spellings) == sorted(prefixes)
    pairs = list(zip(tree.sources.tolist(), tree.targets.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert pairs == sorted(pairs)
    totals = np.zeros(len(pairs))
    for own in tree.rows:
        np.add.at(totals, own.places, own.weights)
    np.testing.assert_allclose(tree.weights, totals)
    np.testing.assert_allclose(tree.weights.sum(), sum(row.weight for row in rows), rtol=1e-6)


@settings(max_examples=60)
@given(token_rows())
def test_ancestors_are_intervals(rows: list[TokenRow]) -> None:
    tree = merge(rows)
    above = parents(tree)
    for i in range(tree.tokens):
        ancestors, at = set(), i
        while at >= 0:
            ancestors.add(at)
            at = above[at]
        assert {j for j in range(tree.tokens) if j <= i < tree.ends[j]} == ancestors


def test_chain_and_forest() -> None:
    row = row_of([5, 6, 7, 8], {1: 1.0, 3: 1.0})
    assert merge([row]).is_chain
    assert merge([row]).ids.tolist() == [5, 6, 7], "the last trained token is predicted, not read"
    assert merge([row, row, row_of([5, 6], {1: 2.0})]).is_chain
    assert merge([row, row]).weights.tolist() == [2.0, 2.0]
    forest = merge([row, row_of([9, 9, 9], {2: 1.0})])
    assert not forest.is_chain
    assert forest.positions.tolist() == [0, 1, 2, 0, 1]
    assert not merge([row, row_of([5, 6, 9, 9], {3: 1.0})]).is_chain


def test_rows_without_anything_to_predict() -> None:
    tree = merge([row_of([5, 6, 7], {}), row_of([8, 9], {1: 1.0})])
    assert tree.ids.tolist() == [5, 8]
    assert tree.rows[0].places.tolist() == []
    empty = merge([row_of([5, 6], {})])
    assert (empty.tokens, len(empty.targets), len(empty.rows)) == (1, 0, 1)


def test_large_ids_sort_as_numbers() -> None:
    rows = [row_of([first, 4, 5], {2: 1.0}) for first in (70_000, 3, 256, 255, 70_000)]
    assert merge(rows).ids.tolist() == [3, 4, 255, 4, 256, 4, 70_000, 4]


def test_common_tokens() -> None:
    a = np.array([1, 2, 3], dtype=np.int32)
    assert common_tokens(a, a) == 3
    assert common_tokens(a, a[:2]) == 2
    assert common_tokens(a, a[::-1]) == 0
    assert merge(sharing_rows()).tokens < sum(row.tokens for row in sharing_rows()) - 40
