"""Components: what must never be parted."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tunewright.data.components import UnionFind, find_components
from tunewright.records.example import Example, Message, Source


def example(text: str, group: str | None = None) -> Example:
    return Example((Message("user", text),), "a", Source("t.csv", 1), "t:1", group=group)


def families(component_of: list[int]) -> set[frozenset[int]]:
    return {frozenset(i for i, own in enumerate(component_of) if own == c) for c in component_of}


def test_groups_equal_inputs_and_edges_join() -> None:
    rows = [
        example("a", "g1"),
        example("b", "g1"),
        example("c"),
        example("c"),
        example("d"),
        example("e"),
        example("f"),
    ]
    found = find_components(rows, [(4, 5), (1, 4)])
    assert families(found.tolist()) == {frozenset({0, 1, 4, 5}), frozenset({2, 3}), frozenset({6})}


def test_numbers_do_not_hang_on_the_order_of_rows() -> None:
    rows = [example(f"text {i}", f"g{i % 7}" if i % 3 else None) for i in range(40)]
    order = random.Random(1).sample(range(40), 40)
    shuffled = find_components([rows[i] for i in order])
    assert [shuffled[order.index(i)] for i in range(40)] == find_components(rows).tolist()


def test_no_rows() -> None:
    assert find_components([]).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=25))
def test_union_find_is_reachability(edges: list[tuple[int, int]]) -> None:
    forest = UnionFind(15)
    family = [{i} for i in range(15)]
    for left, right in edges:
        forest.join(left, right)
        joined = family[left] | family[right]
        for i in joined:
            family[i] = joined
    assert families(forest.roots()) == {frozenset(f) for f in family}
