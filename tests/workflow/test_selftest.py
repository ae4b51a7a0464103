"""The selftest: every trick fools a naive comparison on these very rows, and none fools the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desks import make_project, make_rows, open_state, settings_of

from tunewright.errors import InputError
from tunewright.workflow.load import load
from tunewright.workflow.selftest import Trick, selftest
from tunewright.workflow.study import Hooks

HOOKS = Hooks()


def _tricks(folder: Path, n: int) -> dict[str, Trick]:
    make_project(folder, make_rows(n, noise=0.25))
    settings = settings_of(folder)
    with open_state(folder) as store:
        tricks = selftest(load(settings, folder, store).examples, settings, store, HOOKS)
    return {trick.name: trick for trick in tricks}


def _percents(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"([+-]?\d+\.\d+)(?:%| points)", text)]


@pytest.fixture(scope="module")
def tricks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trick]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TUNEWRIGHT_USER_DIR", str(tmp_path_factory.mktemp("user")))
        return _tricks(tmp_path_factory.mktemp("desk"), 200)


def test_every_trick_fails_to_fool_the_program(tricks: dict[str, Trick]) -> None:
    assert len(tricks) == 5
    assert {name for name, trick in tricks.items() if not trick.held} == set()
    assert all(trick.headline != "SHIP_FINE_TUNE" for trick in tricks.values())
    assert all("ship it" in trick.naive for trick in tricks.values())


def test_shuffled_labels_look_learned_on_the_rows_learned_from(tricks: dict[str, Trick]) -> None:
    (by_heart,) = _percents(tricks["labels shuffled"].naive)
    assert by_heart > 90


def test_a_copied_test_looks_better_than_it_is(tricks: dict[str, Trick]) -> None:
    trick = tricks["test copied into training"]
    copied, honest = _percents(trick.naive)
    assert copied > honest + 5
    assert trick.headline == "CANNOT_JUDGE"
    assert "word for word" in trick.program
    assert "All 80 test rows" in trick.what


def test_the_best_of_ten_looks_like_a_gain(tricks: dict[str, Trick]) -> None:
    (gain,) = _percents(tricks["best of ten picked on the test"].naive)
    assert gain > 0


def test_a_model_that_changes_nothing_looks_no_worse(tricks: dict[str, Trick]) -> None:
    trick = tricks["a model that changes nothing"]
    assert "no worse than today" in trick.naive
    assert trick.headline in ("KEEP_SIMPLER", "NOT_PROVEN")


def test_lost_wrong_answers_look_like_a_gain(tricks: dict[str, Trick]) -> None:
    trick = tricks["rows that never came back"]
    kept, today = _percents(trick.naive)
    assert kept > today
    assert trick.headline == "CANNOT_JUDGE"
    assert re.match(r"[1-9]\d* of 80 answers", trick.what)


def test_rows_that_cannot_be_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too few"):
        _tricks(tmp_path, 30)
