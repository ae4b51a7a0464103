"""Old test rows written differently are no fresh cases, and honest rows of the same job are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desks import MAJORITY, Row, make_project, make_rows, write_rows

from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source
from tunewright.workflow.refresh.edits import LEAST_ALIKE, Edits, find_edits
from tunewright.workflow.refresh.job import Refreshed, RefreshOptions, refresh
from tunewright.workflow.study import Hooks

OLD = make_rows(100, seed=7, prefix="O")


def _filled(text: str) -> str:
    """A filler after every second word."""
    return " ".join(f"{word} actually" if place % 2 else word for place, word in enumerate(text.split()))


def _reversed(text: str) -> str:
    return " ".join(reversed(text.split()))


def _masked(text: str) -> str:
    """The last letter of every third word is gone."""
    return " ".join(f"{word[:-1]}*" if place % 3 == 2 else word for place, word in enumerate(text.split()))


EDITS = pytest.mark.parametrize("edit", [_filled, _reversed, _masked])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path / "own.csv", OLD)
    return make_project(tmp_path, make_rows(150), systems=[MAJORITY], data={"test": "own.csv"})


def refreshed(folder: Path, rows: list[Row], **options: bool) -> Refreshed:
    return refresh(folder, write_rows(folder / "new.csv", rows), RefreshOptions(**options), Hooks())


@EDITS
@pytest.mark.parametrize("keep_near", [False, True])
def test_an_old_test_written_differently_is_refused(folder: Path, edit: Callable[[str], str], keep_near: bool) -> None:
    with pytest.raises(InputError) as caught:
        refreshed(folder, [replace(row, id=f"X{row.id}", text=edit(row.text)) for row in OLD], keep_near=keep_near)
    assert caught.value.code in ("refresh.rewritten", "refresh.too_few")
    assert not list(folder.glob("tickets.*.csv"))


@EDITS
def test_half_of_the_table_is_too_much(folder: Path, edit: Callable[[str], str]) -> None:
    half = [replace(row, id=f"X{row.id}", text=edit(row.text)) for row in OLD[:40]]
    with pytest.raises(InputError, match="have the words of rows that the project knows") as caught:
        refreshed(folder, [*make_rows(60, seed=21, prefix="N"), *half], keep_near=True)
    assert "came in after" in caught.value.hint


@EDITS
def test_a_few_are_set_aside_with_the_row_that_they_were(folder: Path, edit: Callable[[str], str]) -> None:
    few = [replace(row, id=f"X{row.id}", text=edit(row.text)) for row in OLD[:8]]
    done = refreshed(folder, [*make_rows(120, seed=21, prefix="N"), *few])
    aside = [one for one in done.checked.set_aside if one.code in ("refresh.edited", "refresh.near")]
    assert 7 <= len(aside) <= 10
    edited = [one for one in aside if one.code == "refresh.edited"]
    assert all("put in another way" in one.reason and ".csv" in one.reason for one in edited)
    text = "\n".join(done.lines())
    assert not edited or f"{len(edited)} have the words of known rows, put in another way" in text
    assert done.as_dict()["edited"] == len(edited)


def test_honest_rows_of_the_same_job_pass(folder: Path) -> None:
    done = refreshed(folder, make_rows(300, seed=33, prefix="N"))
    assert len(done.checked.kept) >= 290


def _example(text: str, target: str, line: int) -> Example:
    return Example((Message("user", text),), target, Source("x.csv", line), f"r{line}")


def test_the_most_alike_row_is_that_of_a_slow_count() -> None:
    random = np.random.default_rng(0)
    words = [f"w{number}" for number in range(60)]
    rows = [_example(" ".join(random.choice(words, 12)), str(random.choice(["a", "b"])), line) for line in range(60)]
    rows[50] = _example(rows[3].text + " so then", rows[3].target, 50)
    old, new = rows[:40], rows[40:]
    bags = [{*row.text.split(), f"={row.target}"} for row in rows]
    surprise = {word: np.log(61 / sum(word in bag for bag in bags)) for bag in bags for word in bag}

    def alike(a: set[str], b: set[str]) -> float:
        both = sum(surprise[word] for word in a & b) - 2 * np.log(len(old))
        return max(both, 0.0) / min(sum(surprise[word] for word in bag) for bag in (a, b))

    usual = [max(alike(bags[i], bags[j]) for j in range(40) if i != j) for i in range(40)]
    limit = max(np.quantile(usual, 0.99), LEAST_ALIKE)
    expected = {}
    for place in range(20):
        likes = [alike(bags[40 + place], bags[j]) for j in range(40)]
        if max(likes) > limit:
            expected[place] = int(np.argmax(likes))
    found = find_edits(new, old)
    assert found.rows == expected
    assert found.rows[10] == 3


def test_repeated_old_rows_do_not_make_edits_look_usual() -> None:
    old = [_example(row.text, row.category, line) for line, row in enumerate([*OLD, *OLD[:50]])]
    found = find_edits([_example(_reversed(row.text), row.category, line) for line, row in enumerate(OLD)], old)
    assert (len(found.rows), found.too_many) == (100, True)


def test_nothing_to_compare_is_no_edit() -> None:
    assert find_edits([], [_example("a b", "c", 1)] * 3) == Edits({}, 0.0, 0.0)
    assert find_edits([_example("", "", 1)], [_example("", "", n) for n in range(3)]).rows == {}
