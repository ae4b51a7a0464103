"""The locked split: shares, components, growth, time, refusals."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.data.components import find_components
from tunewright.data.split import Side, Split, locked_split, sides_by_input
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source, input_digest


def example(text: str, target: str = "a", group: str | None = None, time: str | None = None) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", 1), text, group=group, time=time)


def plain(n: int, classes: int = 4, prefix: str = "text", group_size: int = 0) -> list[Example]:
    return [
        example(f"{prefix} {i}", f"c{i % classes}", f"g{i // group_size}" if group_size else None) for i in range(n)
    ]


def split(rows: Sequence[Example], seed: int = 0, **options: object) -> Split:
    return locked_split(rows, find_components(rows).tolist(), seed=seed, **options)  # type: ignore[arg-type]


def by_digest(rows: Sequence[Example], made: Split) -> dict[str, Side | None]:
    return {input_digest(e.messages): side for e, side in zip(rows, made.sides, strict=True)}


def test_shares_and_strata() -> None:
    rows = plain(1000, classes=7)
    made = split(rows)
    assert Counter(made.sides) == {"train": 700, "validation": 100, "test": 200}
    for label in {e.target for e in rows}:
        sides = Counter(s for e, s in zip(rows, made.sides, strict=True) if e.target == label)
        assert abs(sides["test"] - 0.2 * sides.total()) <= 1
        assert abs(sides["validation"] - 0.1 * sides.total()) <= 1
    assert made.set_aside == ()
    assert made.largest_component_share == 0.001
    assert sorted(made.rows("train") + made.rows("validation") + made.rows("test")) == list(range(1000))


def test_the_seed_changes_the_split_and_nothing_else_does() -> None:
    rows = plain(200)
    assert split(rows, 1).sides == split(rows, 1).sides
    assert split(rows, 1).sides != split(rows, 2).sides


data = st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abc"), st.integers(0, 40)), min_size=90, max_size=160)


@settings(deadline=None, max_examples=40)
@given(data, st.integers(0, 5), st.randoms(use_true_random=False))
def test_sides_do_not_hang_on_row_order_and_components_stay_whole(
    drawn: list[tuple[int, str, int]], seed: int, shuffler: random.Random
) -> None:
    rows = [example(f"text {t} of {g}", target, f"g{g}") for t, target, g in drawn]
    component_of = find_components(rows).tolist()
    try:
        made = locked_split(rows, component_of, seed=seed)
    except InputError as error:
        code, made = error.code, None
    else:
        code = ""
    order = list(range(len(rows)))
    shuffler.shuffle(order)
    shuffled = [rows[i] for i in order]
    if made is None:
        with pytest.raises(InputError) as caught:
            split(shuffled, seed)
        assert caught.value.code == code
        return
    assert by_digest(shuffled, split(shuffled, seed)) == by_digest(rows, made)
    sides_of = {c: {s for own, s in zip(component_of, made.sides, strict=True) if own == c} for c in component_of}
    assert all(len(sides) == 1 for sides in sides_of.values())


def test_equal_inputs_share_a_side_even_if_components_part_them() -> None:
    rows = [*plain(100), example("text 5", "c1")]
    made = locked_split(rows, list(range(101)), seed=0)
    assert made.sides[5] == made.sides[100]


def test_the_test_is_capped() -> None:
    made = split(plain(400), test_cap=30)
    assert Counter(made.sides) == {"train": 330, "validation": 40, "test": 30}
    grouped = split(plain(400, group_size=7), test_cap=30)
    assert 20 <= Counter(grouped.sides)["test"] <= 30


def test_groups_stay_whole_near_the_shares() -> None:
    rows = plain(1000, group_size=9)
    counts = Counter(split(rows).sides)
    assert 185 <= counts["test"] <= 215
    assert 85 <= counts["validation"] <= 115


def test_every_class_of_five_rows_is_tested_and_trained() -> None:
    rows = plain(300, 3) + [example(f"rare {i}", f"r{i % 10}") for i in range(50)]
    made = split(rows)
    for label in {e.target for e in rows}:
        sides = {s for e, s in zip(rows, made.sides, strict=True) if e.target == label}
        assert {"train", "test"} <= sides


def test_a_row_keeps_its_side_when_data_grow() -> None:
    first = plain(300)
    before = split(first)
    previous = sides_by_input(first, before)
    assert len(previous) == 300
    more = plain(2000, prefix="new")
    grown = [*more, *first]
    after = split(grown, previous=previous)
    sides = by_digest(grown, after)
    assert all(sides[digest] == side for digest, side in previous.items())
    counts = Counter(s for e, s in zip(grown, after.sides, strict=True) if e.text.startswith("new"))
    assert abs(counts["test"] - 400) < 60
    assert abs(counts["validation"] - 200) < 45
    # A new row's side does not hang on what else is new, as long as the cap is far.
    few = [*more[:500], *first]
    assert all(sides[digest] == side for digest, side in by_digest(few, split(few, previous=previous)).items())


def test_growth_holds_the_cap() -> None:
    first = plain(300)
    previous = sides_by_input(first, split(first, test_cap=50))
    grown = first + plain(3000, prefix="new")
    made = split(grown, previous=previous, test_cap=100)
    assert 50 <= Counter(made.sides)["test"] <= 100


def test_new_rows_follow_their_component() -> None:
    first = plain(100, group_size=5)
    before = split(first)
    grown = [*first, *(example(f"more {i}", "c0", f"g{i}") for i in range(20))]
    after = split(grown, previous=sides_by_input(first, before))
    assert [after.sides[100 + i] for i in range(20)] == [before.sides[5 * i] for i in range(20)]


def test_a_row_that_bridges_two_sides_is_set_aside() -> None:
    first = plain(100)
    before = split(first)
    train, test = before.rows("train")[0], before.rows("test")[0]
    grown = [*first, example("bridge", "c0")]
    component_of = list(range(101))
    component_of[train] = component_of[test] = component_of[100]
    after = locked_split(grown, component_of, seed=0, previous=sides_by_input(first, before))
    assert after.sides[:100] == before.sides
    assert after.sides[100] is None
    (aside,) = after.set_aside
    assert aside.code == "split.bridging_row"
    assert "(test)" in aside.reason
    assert "(train)" in aside.reason
    without = component_of[:100]
    kept = locked_split(first, without, seed=0, previous=sides_by_input(first, before))
    assert kept.sides == before.sides
    assert any("stay there" in note for note in kept.notes)


def test_a_previous_split_of_other_rows_changes_nothing() -> None:
    rows = plain(200)
    other = plain(100, prefix="other")
    assert split(rows, previous=sides_by_input(other, split(other))).sides == split(rows).sides


def dated(n: int, group_size: int = 0) -> list[Example]:
    return [
        example(
            f"text {i}",
            f"c{i % 3}",
            f"g{i // group_size}" if group_size else None,
            f"2024-{i // 28 + 1:02d}-{i % 28 + 1:02d}",
        )
        for i in range(n)
    ]


def test_the_newest_rows_are_the_test() -> None:
    rows = dated(200)
    made = split(rows, by_time=True)
    assert made.rows("test") == list(range(160, 200))
    assert Counter(made.sides)["validation"] == 20
    shuffled = random.Random(1).sample(rows, 200)
    assert by_digest(shuffled, split(shuffled, by_time=True)) == by_digest(rows, made)


def test_a_component_is_as_new_as_its_newest_row() -> None:
    rows = dated(200)
    component_of = list(range(200))
    component_of[0] = component_of[199]
    made = locked_split(rows, component_of, seed=0, by_time=True)
    assert made.sides[0] == made.sides[199] == "test"
    assert len(made.rows("test")) == 40


def test_equal_times_are_parted_by_hash() -> None:
    rows = [example(f"text {i}", f"c{i % 3}", time="2024-01-31") for i in range(100)]
    made = split(rows, by_time=True)
    assert len(made.rows("test")) == 20
    reverse = rows[::-1]
    assert by_digest(reverse, split(reverse, by_time=True)) == by_digest(rows, made)


def test_time_split_grows_with_the_newest() -> None:
    rows = dated(300)
    first = rows[:200]
    before = split(first, by_time=True)
    after = split(rows, by_time=True, previous=sides_by_input(first, before))
    assert after.sides[:200] == before.sides
    assert [i for i in after.rows("test") if i >= 200] == list(range(280, 300))


def test_times_that_cannot_be_read_are_named() -> None:
    rows = [*dated(100), example("odd", "c0", time="some day"), example("none", "c0")]
    with pytest.raises(InputError) as caught:
        split(rows, by_time=True)
    assert caught.value.code == "split.unreadable_time"
    assert caught.value.message == "2 of 102 rows have no time that can be read."
    assert "('some day')" in (caught.value.where or "")


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        (plain(20), "split.too_few_rows", "20 rows in all"),
        (plain(39), "split.too_few_rows", "39 rows in all"),
        (plain(8, classes=2), "split.too_few_rows", "c0 4, c1 4"),
        (plain(100, classes=1), "split.one_class", "'c0'"),
        (plain(80, classes=20), "split.rare_classes", "c0 4"),
        ([*plain(96), example("x", "rare")], "", ""),
        ([example(f"t {i}", f"u{i}") for i in range(60)] + plain(60, classes=1), "split.rare_classes", "u0 1"),
    ],
)
def test_what_cannot_be_split(rows: list[Example], code: str, said: str) -> None:
    if not code:
        made = split(rows)
        assert any("rare 1" in note for note in made.notes)
        return
    with pytest.raises(InputError) as caught:
        split(rows)
    assert caught.value.code == code
    assert said in str(caught.value)
    assert caught.value.hint


def test_a_group_with_too_many_rows_is_refused_with_the_remedy() -> None:
    rows = [example(f"text {i}", f"c{i % 3}", "Acme" if i < 41 else f"g{i}") for i in range(100)]
    with pytest.raises(InputError) as caught:
        split(rows)
    assert caught.value.message == "The rows cannot be split by group: the group 'Acme' holds 41% of them."
    assert "finer group column" in (caught.value.hint or "")
    rows = [example(f"text {i}", f"c{i % 3}", "Acme" if i < 40 else f"g{i}") for i in range(100)]
    assert split(rows).largest_component_share == 0.4


def test_copies_that_hold_too_many_rows_are_refused() -> None:
    rows = plain(100)
    with pytest.raises(InputError, match="near copies of one another"):
        locked_split(rows, [0 if i < 50 else i for i in range(100)], seed=0)


def test_three_groups_are_too_few() -> None:
    rows = [example(f"text {i}", f"c{i % 2}", f"g{i % 3}") for i in range(99)]
    with pytest.raises(InputError) as caught:
        split(rows)
    assert caught.value.code == "split.too_few_components"
