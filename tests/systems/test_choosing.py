"""Choosing between ways of asking: the same rows for all, an honest figure, and no choice through a broken line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from talking import Talking, around

from tunewright.errors import WorkError
from tunewright.records.example import Example, Message, Source
from tunewright.records.generation import Request
from tunewright.records.system import FitContext
from tunewright.systems import few_shot, prompt
from tunewright.systems._prompting.choosing import NOTHING, Tried, cross_fitted, require_answered
from tunewright.systems.few_shot import FewShot
from tunewright.systems.fitlog import FitLog
from tunewright.systems.prompt import Prompt

LABELS = ("bill", "repair")


def row(number: int) -> Example:
    target = LABELS[number % 2]
    return Example((Message("user", f"{target} {number}"),), target, Source("t.csv", number), f"r{number}")


ROWS = [row(number) for number in range(200)]


def context() -> FitContext:
    return FitContext(0, LABELS, lambda targets, answers: 0.0)


def number_of(request: Request) -> int:
    return int("".join(c for c in request.messages[-1].content if c.isdigit()))


def knows(request: Request) -> str:
    return "bill" if "bill" in request.messages[-1].content else "repair"


def is_reminded(request: Request) -> bool:
    return "Label:" in request.messages[-1].content


def plain_cross_fit(scores: list[list[float]], size: int) -> float:
    """The same, row by row, for rows that fall into parts of one size."""
    count, found = len(scores[0]), []
    for place in range(count):
        others = [other for other in range(count) if other // size != place // size]
        totals = [sum(choice[other] for other in others) for choice in scores]
        found.append(scores[totals.index(max(totals))][place])
    return sum(found) / count


def test_the_best_of_equal_choices_gets_what_it_is_worth_and_not_what_luck_gave() -> None:
    drawn = [(np.random.default_rng(seed).random((6, 50)) < 0.5).astype(float) for seed in range(200)]
    assert np.mean([one.mean(axis=1).max() for one in drawn]) > 0.56
    assert np.mean([cross_fitted(one) for one in drawn]) == pytest.approx(0.5, abs=0.03)
    for one in drawn[:20]:
        assert cross_fitted(one) == pytest.approx(plain_cross_fit(one.tolist(), 10))


def test_a_choice_that_is_best_everywhere_keeps_its_score() -> None:
    assert cross_fitted(np.array([[0, 1, 0, 1, 0, 1, 0.0], [1, 1, 1, 1, 1, 1, 0]])) == pytest.approx(6 / 7)
    assert cross_fitted(np.array([[1.0], [0.0]])) == 1.0


def test_only_rows_that_all_answered_are_compared() -> None:
    scores = np.ones((2, 200))
    scores[0, :4] = 0.0
    scores[1, :2] = np.nan
    tried = Tried(("style", "style"), ("a", "b"), scores, (0.0, 0.0))
    assert [trial.validation_score for trial in tried.trials] == [pytest.approx(196 / 198), 1.0]
    assert NOTHING.trials == ()
    assert NOTHING.honest is None
    assert tried.and_then(NOTHING) is tried


@pytest.mark.parametrize(("rows", "missing", "fails"), [(100, 1, False), (100, 2, True), (99, 1, True), (99, 0, False)])
def test_one_in_a_hundred_may_be_missing(rows: int, missing: int, fails: bool) -> None:
    scores = np.ones((1, rows))
    scores[0, :missing] = np.nan
    if not fails:
        require_answered(scores)
        return
    with pytest.raises(WorkError) as caught:
        require_answered(scores, ["", "connection lost"])
    assert caught.value.code == "prompt.few_answers"
    assert "connection or the spending cap" in str(caught.value)
    assert "connection lost" in str(caught.value)
    assert "pays only for what is missing" in str(caught.value)


@pytest.mark.parametrize("build", [prompt.build_around, few_shot.build_around])
def test_an_outage_while_choosing_stops_the_fit_and_asks_no_further(build: Callable[..., Prompt | FewShot]) -> None:
    asked: list[Request] = []

    def say(request: Request) -> str | None:
        asked.append(request)
        return None if len(asked) > 30 else knows(request)

    made = build("s", "small", {"repair": 0}, Path(), around(Talking(say)))
    with pytest.raises(WorkError) as caught:
        made.fit(ROWS[100:], ROWS[:50], context())
    assert caught.value.code == "prompt.few_answers"
    assert len(asked) == 50


def test_a_hard_row_that_is_lost_for_one_style_decides_nothing(tmp_path: Path) -> None:
    def say(request: Request) -> str | None:
        wrong = LABELS[knows(request) == "bill"]
        if is_reminded(request):
            return wrong if number_of(request) in (7, 8) else knows(request)
        return None if number_of(request) == 7 else wrong if number_of(request) == 8 else knows(request)

    system = prompt.build_around("p", "small", {"tuning_rows": 100}, Path(), around(Talking(say)))
    fitted = system.fit(ROWS[100:], ROWS[:100], context())
    assert [trial.validation_score for trial in fitted.trials] == [pytest.approx(98 / 99)] * 3
    assert fitted.style == "brief"
    assert fitted.validation_score == pytest.approx(98 / 99)
    fitted.save(tmp_path)
    assert system.load(tmp_path).validation_score == fitted.validation_score


def test_the_figure_of_a_chosen_style_is_what_it_does_on_rows_that_did_not_choose_it() -> None:
    def say(request: Request) -> str:
        if is_reminded(request):
            return "bill"
        early, brief = number_of(request) < 30, "Labels:" not in request.messages[0].content
        return knows(request) if early == brief else LABELS[knows(request) == "bill"]

    system = prompt.build_around("p", "small", {"tuning_rows": 60}, Path(), around(Talking(say)))
    fitted = system.fit(ROWS[100:], ROWS[:60], context())
    assert [trial.validation_score for trial in fitted.trials] == [0.5, 0.5, 0.5]
    assert fitted.style == "brief"
    # Parts of twelve rows: "listed" is best outside the first two and wrong there, "reminded" outside no part alone.
    assert fitted.validation_score == pytest.approx((0 + 0 + 6 + 0 + 0) / 60)


def test_nothing_chosen_has_no_figure_and_old_logs_are_read(tmp_path: Path) -> None:
    system = prompt.build_around("p", "small", {"style": "brief"}, Path(), around(Talking(knows)))
    assert system.fit(ROWS[100:], ROWS[:10], context()).validation_score is None
    (tmp_path / "fit.json").write_text('{"trials": [], "budget": {"declared": 0, "spent": 0}, "notes": []}')
    assert FitLog.read(tmp_path).validation_score is None
