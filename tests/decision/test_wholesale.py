"""Kinds of cases lost one and all: by hand, against an obvious loop, and what does not count."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.decision.wholesale import Kind, each_once, failure_lines, wholesale_failures

NAMES = ["billing"] * 4 + ["repair"] * 3 + ["returns"] * 2 + ["delivery"] * 3
OLD = np.array([1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0], dtype=float)
NEW = np.array([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], dtype=float)


def test_by_hand() -> None:
    # billing is lost; repair keeps one; returns are two; of delivery the old one has a third.
    (failure,) = wholesale_failures("tune", NEW, "rules", OLD, {"category": NAMES})
    assert (failure.kind, failure.name, failure.n, failure.right) == ("category", "billing", 4, 3)
    assert failure.text == "tune has none of the 4 cases of category 'billing' right; rules has 3."
    assert wholesale_failures("rules", OLD, "tune", NEW, {"category": NAMES}) == []


def test_exactly_half_is_not_most() -> None:
    assert wholesale_failures("a", np.zeros(4), "b", np.array([1.0, 1, 0, 0]), {"group": ["g"] * 4}) == []


def test_unanswered_cases_and_cases_without_a_group_do_not_count() -> None:
    scores, other = np.array([0.0, 0, np.nan, 0]), np.ones(4)
    assert wholesale_failures("a", scores, "b", other, {"group": ["g", "g", "g", None]}) == []
    (failure,) = wholesale_failures("a", scores, "b", other, {"group": ["g", "g", "g", "g"]})
    assert failure.n == 3
    assert wholesale_failures("a", np.zeros(3), "b", np.ones(3), {"group": [None] * 3}) == []


case = st.tuples(st.sampled_from([0.0, 0.0, 0.5, 1.0, np.nan]), st.sampled_from([0.0, 0.5, 1.0, np.nan]))
table = st.lists(st.tuples(case, st.sampled_from(["a", "b", None])), max_size=30)


@settings(deadline=None, max_examples=80)
@given(table)
def test_against_an_obvious_loop(rows: list[tuple[tuple[float, float], str | None]]) -> None:
    kinds: dict[Kind, list[str | None]] = {"group": [name for _, name in rows]}
    scores, other = np.array([r[0][0] for r in rows]), np.array([r[0][1] for r in rows])
    expected = set()
    for name in ("a", "b"):
        inside = [pair for pair, of in rows if of == name and not np.isnan(sum(pair))]
        if len(inside) >= 3 and all(new == 0 for new, _ in inside) and sum(old for _, old in inside) > len(inside) / 2:
            expected.add((name, len(inside), sum(old for _, old in inside)))
    found = wholesale_failures("x", scores, "y", other, kinds)
    assert {(failure.name, failure.n, failure.right) for failure in found} == expected


def test_of_two_the_stronger_rival_is_named_and_long_lists_are_cut() -> None:
    weak = wholesale_failures("a", np.zeros(3), "weak", np.array([1.0, 1, 0]), {"group": ["g"] * 3})
    strong = wholesale_failures("a", np.zeros(3), "strong", np.ones(3), {"group": ["g"] * 3})
    assert each_once([*weak, *strong]) == strong
    assert each_once([*strong, *weak]) == strong
    many = wholesale_failures("a", np.zeros(21), "b", np.ones(21), {"group": [f"g{n // 3}" for n in range(21)]})
    assert failure_lines(many)[4:] == [many[4].text, "The same in 2 more groups or categories."]
    assert failure_lines([]) == []
