"""Which system is called best on validation: the higher score, and of equals the simpler; a fit on a broken line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from desks import run_project
from keywords_kind import Behaviour, Keywords
from test_remote_run import asked, messages, project, right

from misbehaving import Answer, Server, error
from tunewright.project.settings import SystemEntry as Entry
from tunewright.records.system import Budget, Needs
from tunewright.records.verdict import SystemResult
from tunewright.systems.registry import SystemEntry
from tunewright.workflow.conclude import choose_candidate, part_lines
from tunewright.workflow.explore import best_first
from tunewright.workflow.fitting import Contestant, FitRecord
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.scoring import PartScores

# Equal to a person; the sums differ in their last bits.
SUM, SAME = (0.1 + 0.2), 0.3


def outcome(name: str, simplicity: int, scores: Sequence[float]) -> Outcome:
    system = Keywords(name, Behaviour("", False, 0), "candidate", Needs(simplicity=simplicity))
    fits = tuple(
        FitRecord(key=name, validation_score=score, budget=Budget(1, 1), notes=(), training_seconds=0.0, latency=None)
        for score in scores
    )
    parts = (PartScores((), 0, 0),) * len(fits)
    return Outcome(Contestant(SystemEntry("keywords", name, None, {}), system), None, fits, parts)


def test_of_fine_tunes_that_are_equal_on_validation_the_simpler_is_taken_in_every_part() -> None:
    assert SUM > SAME
    able = [outcome("large", 80, (SUM, SUM)), outcome("small", 60, (SAME, SAME))]
    for order in (able, able[::-1]):
        chosen = choose_candidate(order)
        assert chosen is not None
        assert chosen.name == "small"
        assert "small 2 times" in part_lines(order, chosen)[0]
    better = choose_candidate([*able, outcome("right", 90, (0.9, 0.9))])
    assert better is not None
    assert better.name == "right"


def test_before_the_test_the_simpler_of_equals_is_called_best() -> None:
    found = [("large", SUM, 80), ("small", SAME, 60), ("poor", 0.2, 10)]
    told: list[dict[str, Any]] = [{"name": name, "score": score, "simplicity": place} for name, score, place in found]
    made = [SystemResult.model_construct(**one) for one in told]
    assert [one.name for one in sorted(made, key=best_first)] == ["small", "large", "poor"]


def test_a_tuned_prompt_is_not_chosen_over_a_broken_line_and_the_next_run_pays_for_the_rest(tmp_path: Path) -> None:
    lost: list[int] = []

    def some_fail(place: int, body: dict[str, Any]) -> Answer:
        if place % 20 == 13:
            lost.append(place)
            return error(500)
        return right(place, body)

    tuned: Entry = {"prompt": {"use": "far", "name": "asked"}}
    with Server(some_fail) as server:
        made = project(tmp_path, server, "majority", tuned)
        first = asked(run_project(made))
        server.behaviour = right
        second = asked(run_project(made))
        twice = sum(count - 1 for count in messages(server).values())
    assert lost
    assert not first.available
    assert "connection or the spending cap" in str(first.reason)
    assert second.available
    assert second.missing == 0
    assert twice <= len(lost)
