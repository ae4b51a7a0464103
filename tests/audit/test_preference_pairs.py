"""Pairs that teach nothing, and pairs that teach length."""

from __future__ import annotations

import pytest
from shape_rows import found_by, result_of, row, rows_in, view_of

from tunewright.audit.checks import preference_pairs
from tunewright.records.example import Example

ASK = "Why is the sky blue on most days, and red in the evening?"


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("equal", row(ASK, "Light scatters.", rejected="Light scatters.")),
        ("equal_but_space", row(ASK, "Light scatters.", rejected=" light  scatters.\n")),
        ("one_empty", row(ASK, "Light scatters.", rejected=" ")),
        ("one_empty", row(ASK, "", rejected="Light scatters.")),
        ("prompt_inside", row(ASK, f"{ASK} Light scatters.", rejected="No idea.")),
        ("prompt_inside", row(ASK, "Light scatters.", rejected=f"Human: {ASK}\nNo idea.")),
    ],
)
def test_planted_pairs_are_found(kind: str, bad: Example) -> None:
    good = [row(ASK, "Light scatters.", rejected="No idea."), row("Hi", "Hi there", rejected="Hi?")]
    found = found_by(preference_pairs, [*good, bad], "preference")
    assert list(found) == [kind]
    assert rows_in(found[kind]) == [2]


def test_swapped_pairs_contradict() -> None:
    rows = [row(ASK, "One.", rejected="Two."), row(ASK, "Three.", rejected="Two."), row(ASK, "Two.", rejected="One.")]
    found = found_by(preference_pairs, rows, "preference")
    assert found["contradictory"].items[0].rows == (2, 0)


def lengths(longer: int, shorter: int) -> list[Example]:
    rows = [row(f"Question {n}", "A long answer." * 3, rejected="Short.") for n in range(longer)]
    return rows + [row(f"Other {n}", "Short.", rejected="A long answer." * 3) for n in range(shorter)]


def test_length_bias_is_told_with_the_exact_sign_test() -> None:
    view = view_of(lengths(80, 20), "preference")
    result = result_of(preference_pairs, view)
    numbers = dict(result.numbers)
    assert [f.kind for f in result.findings] == ["preference_pairs.length_bias"]
    assert result.findings[0].severity == "warning"
    assert numbers["preferred_longer_share"] == 0.8
    # 2 * P(X >= 80), X binomial of 100 tosses: sum of C(100, k) / 2^100 over k >= 80, doubled.
    assert numbers["sign_test_p"] == pytest.approx(1.11590e-9, rel=1e-4)


def test_balanced_lengths_and_other_kinds_say_nothing() -> None:
    assert result_of(preference_pairs, view_of(lengths(52, 48), "preference")).findings == ()
    same = [row("a", "b"), row("a", "b")]
    assert found_by(preference_pairs, same) == {}
