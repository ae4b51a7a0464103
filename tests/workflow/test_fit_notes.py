"""Notes of several fits as one list: no sentence twice with other figures, and none without the parts it is of."""

from __future__ import annotations

from tunewright.workflow.fit_notes import merged_notes


def test_what_one_fit_or_every_fit_says_stands_as_it_is() -> None:
    assert merged_notes([["52 of 120 calls", "the instruction: x"]]) == ["52 of 120 calls", "the instruction: x"]
    assert merged_notes([["a 1", "b"], ["a 1", "b"]]) == ["a 1", "b"]
    assert merged_notes([]) == merged_notes([[], []]) == []


def test_notes_that_differ_in_figures_alone_are_one_with_ranges() -> None:
    fits = [[f"searched by a race: 12 candidates, {calls} of 1,200 calls, ${usd}"] for calls, usd in FIGURES]
    assert merged_notes(fits) == ["over the 3 parts: searched by a race: 12 candidates, 9 to 1,052 of 1,200 calls, "
                                  "$0.0010 to 0.02"]  # fmt: skip


FIGURES = [("52", "0.0100"), ("9", "0.0010"), ("1,052", "0.02")]


def test_a_version_a_name_or_a_digest_is_no_figure() -> None:
    fits = [["through gepa 0.1.4, model m2 a1b2"], ["through gepa 0.1.5, model m3 a1b3"]]
    assert merged_notes(fits) == [
        "part 1 of 2: through gepa 0.1.4, model m2 a1b2",
        "part 2 of 2: through gepa 0.1.5, model m3 a1b3",
    ]


def test_what_some_fits_say_tells_which() -> None:
    fits = [
        ["3 rows were cut", "the instruction: a"],
        ["the instruction: b"],
        ["4 rows were cut", "the instruction: a"],
    ]
    assert merged_notes(fits) == [
        "parts 1 and 3 of 3: 3 to 4 rows were cut",
        "parts 1 and 3 of 3: the instruction: a",
        "part 2 of 3: the instruction: b",
    ]


def test_figures_that_one_fit_says_of_several_things_are_not_mixed() -> None:
    fits = [["stage 1: 0.8 right", "stage 2: 0.6 right"], ["stage 1: 0.7 right", "stage 2: 0.6 right"]]
    assert merged_notes(fits) == [
        "part 1 of 2: stage 1: 0.8 right",
        "stage 2: 0.6 right",
        "part 2 of 2: stage 1: 0.7 right",
    ]
