"""Folds and inner splits."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.data.components import find_components
from tunewright.data.folds import folds, inner_split
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source


def rows_of(n: int, classes: int = 4, group_size: int = 0) -> list[Example]:
    return [
        Example(
            (Message("user", f"text {i}"),),
            f"c{i % classes}",
            Source("t.csv", i),
            f"t:{i}",
            group=f"g{i // group_size}" if group_size else None,
        )
        for i in range(n)
    ]


def test_folds_are_even_in_every_class() -> None:
    rows = rows_of(203, classes=5)
    fold_of = folds(rows, list(range(203)), k=5, seed=0)
    assert max(Counter(fold_of.tolist()).values()) - min(Counter(fold_of.tolist()).values()) <= 1
    for label in {e.target for e in rows}:
        counts = Counter(int(f) for e, f in zip(rows, fold_of, strict=True) if e.target == label)
        assert max(counts.values()) - min(counts.values()) <= 1
        assert len(counts) == 5


@settings(deadline=None, max_examples=40)
@given(st.integers(10, 80), st.integers(1, 6), st.integers(2, 5), st.randoms(use_true_random=False))
def test_folds_keep_components_and_ignore_row_order(n: int, size: int, k: int, shuffler: random.Random) -> None:
    rows = rows_of(n, group_size=size)
    component_of = find_components(rows).tolist()
    if len(set(component_of)) < k:
        with pytest.raises(InputError):
            folds(rows, component_of, k=k, seed=1)
        return
    fold_of = folds(rows, component_of, k=k, seed=1)
    assert set(fold_of.tolist()) == set(range(k))
    assert len({(c, int(f)) for c, f in zip(component_of, fold_of, strict=True)}) == len(set(component_of))
    order = list(range(n))
    shuffler.shuffle(order)
    shuffled = [rows[i] for i in order]
    again = folds(shuffled, find_components(shuffled).tolist(), k=k, seed=1)
    assert [int(again[order.index(i)]) for i in range(n)] == fold_of.tolist()


def test_the_seed_changes_folds() -> None:
    rows = rows_of(60)
    one, other = (folds(rows, list(range(60)), k=5, seed=seed).tolist() for seed in (1, 2))
    assert one != other


def test_inner_split_parts_the_given_rows_only() -> None:
    rows = rows_of(200)
    chosen = [i for i in range(200) if i % 5]
    train, validation = inner_split(rows, chosen, list(range(200)), seed=3, share=0.2)
    assert sorted([*train.tolist(), *validation.tolist()]) == chosen
    assert len(validation) == 32
    assert train.tolist() == sorted(train.tolist())
    counts = Counter(rows[i].target for i in validation.tolist())
    assert set(counts.values()) == {8}


def test_inner_split_keeps_components_and_ignores_row_order() -> None:
    rows = rows_of(90, group_size=4)
    component_of = find_components(rows).tolist()
    train, validation = inner_split(rows, range(90), component_of, seed=3, share=0.15)
    assert not {component_of[i] for i in train.tolist()} & {component_of[i] for i in validation.tolist()}
    order = random.Random(1).sample(range(90), 90)
    shuffled = [rows[i] for i in order]
    again, _ = inner_split(shuffled, range(90), find_components(shuffled).tolist(), seed=3, share=0.15)
    assert sorted(order[i] for i in again.tolist()) == train.tolist()


def test_both_parts_of_an_inner_split_have_a_row() -> None:
    rows = rows_of(6, classes=3)
    for share in (0.01, 0.99):
        train, validation = inner_split(rows, range(6), list(range(6)), seed=0, share=share)
        assert len(train)
        assert len(validation)
    with pytest.raises(InputError):
        inner_split(rows, range(6), [0] * 6, seed=0, share=0.2)
