"""Many guards at once: how often an equal model is stopped, what is still found, and what no later command hides."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from guard_cases import a_guard, report
from test_guard_verdict import final, fit_key_of, shipped  # noqa: F401

from tunewright.errors import WorkError
from tunewright.evaluation.suite import items
from tunewright.evaluation.suite.asking import Asked
from tunewright.records.guard import Guard
from tunewright.statistics.exposure import alternatives_for, chance_of_exposure, exposure
from tunewright.workflow.guard.ability import Both, guards_of
from tunewright.workflow.guard.document import write_report
from tunewright.workflow.guard.family import counted_in
from tunewright.workflow.guard.ledger import keep, standing, with_new
from tunewright.workflow.guard.rule import ALPHA, Named, Scores, least_alpha, not_worse

RUNS = 150


def _stops(guards: list[Guard]) -> bool:
    return any(one.blocks and one.result == "broken" for one in guards)


def _equal(random: np.random.Generator) -> list[Guard]:
    """All guards that pairs of answers decide, of two models that are equally good on every item."""
    chosen = items()
    chance = random.beta(2, 1, len(chosen))
    answers = [
        [Asked(one, "", float(right)) for one, right in zip(chosen, random.random(len(chosen)) < chance, strict=True)]
        for _ in range(2)
    ]
    guards, _ = guards_of(Both(*answers), "tuned", "base")
    for name, n in (("planted instructions in the job", 60), ("inventions", 40), ("suite (accuracy)", 300)):
        p = random.beta(2, 1, n)
        scores = Scores((random.random(n) < p).astype(float), (random.random(n) < p).astype(float))
        guards.append(not_worse(Named(name, "tuned", "base"), scores, 0.05, "x"))
    return guards


def test_an_equal_model_is_rarely_stopped_by_any_of_its_guards() -> None:
    random = np.random.default_rng(3)
    found = [_equal(random) for _ in range(RUNS)]
    alone = sum(map(_stops, found)) / RUNS
    together = sum(_stops(counted_in(guards)) for guards in found) / RUNS
    assert alone > 0.06
    # 2.5 % of 150 runs is 3.75; twice its standard error more is 7.6.
    assert together * RUNS <= 7


def test_a_loss_of_ten_points_on_200_items_is_mostly_found() -> None:
    random, found = np.random.default_rng(5), 0
    others = [a_guard("unproven", name=f"other {n}").model_copy(update={"p": 0.5}) for n in range(6)]
    for _ in range(100):
        base = (random.random(200) < 0.8).astype(float)
        luck = random.random(200)
        # 12 of 100 are lost and 2 of 100 gained.
        tuned = np.where(base > 0, (luck >= 0.12 / 0.8).astype(float), (luck < 0.02 / 0.2).astype(float))
        guard = not_worse(Named("general ability", "tuned", "base"), Scores(tuned, base), 0.02, "x")
        found += _stops(counted_in([guard, *others]))
    assert found >= 80


def test_what_is_broken_alone_only_is_unproven_and_says_so() -> None:
    weak = a_guard("broken").model_copy(update={"p": 0.02})
    held = [a_guard("holds", name=name).model_copy(update={"p": 1.0}) for name in ("format", "over-refusal")]
    advice = a_guard("broken", name="latency", blocks=False)
    found = counted_in([weak, *held, advice])
    assert [one.result for one in found] == ["unproven", "holds", "holds", "broken"]
    assert "Alone it would be broken (p = 0.02); with all 3 guards counted in" in found[0].text
    assert "p = 0.06" in found[0].text
    assert counted_in(found) == found
    assert counted_in([weak])[0].result == "broken"
    strong = weak.model_copy(update={"p": 0.008})
    assert counted_in([strong, *held])[0].result == "broken"
    # One that was measured before the chance was written down stays as it is.
    assert counted_in([a_guard("broken"), *held])[0].result == "broken"
    # What could not be measured is no question that was asked.
    left_out = [a_guard("not-checked", name=str(n)) for n in range(9)]
    assert counted_in([strong, *held, *left_out])[0].result == "broken"


def test_bringing_many_logs_hides_no_loss() -> None:
    own = a_guard("broken").model_copy(update={"p": 0.011})
    logs = [a_guard("holds", name=f"log {n} (acc)").model_copy(update={"p": 1.0}) for n in range(30)]
    assert counted_in([own, *logs])[0].result == "broken"
    lost = a_guard("broken", name="lost (acc)").model_copy(update={"p": 0.011})
    assert counted_in([*logs, lost, a_guard("holds")])[30].result == "broken"


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(80), 5)])
def test_the_chance_is_where_the_interval_ends(groups: np.ndarray[tuple[int], np.dtype[np.int64]] | None) -> None:
    random = np.random.default_rng(1)
    base = (random.random(400) < 0.8).astype(float)
    tuned = np.where(random.random(400) < 0.09, 0.0, base)
    tuned[:60] = np.where(random.random(60) < 0.3, 1.0, tuned[:60])
    scores = Scores(tuned, base, groups=groups)
    p = scores.chance_of_loss(0.02)
    assert p == pytest.approx(least_alpha(lambda alpha: scores.interval(alpha)[1] < 0), rel=0.02)
    assert 0 < p < 0.2
    assert scores.chance_of_loss(0.5) == 1.0


def test_the_chance_of_a_canary_is_that_of_its_rank() -> None:
    for count in (1, 4, 8, 20):
        size = alternatives_for(count)
        limit = chance_of_exposure(exposure(8, size), count)
        assert limit == pytest.approx(1 - (1 - 8 / size) ** count)
        assert limit <= ALPHA
        # The very first of all is found with seven other guards counted in.
        assert 8 * chance_of_exposure(exposure(1, size), count) <= ALPHA
    assert chance_of_exposure(0.0, 4) == 1.0


def test_a_broken_guard_stays_until_it_is_measured_again(tmp_path: Path) -> None:
    log, canaries = a_guard("broken", name="t (acc)"), a_guard("broken", name="canaries")
    keep(tmp_path, "fit", [a_guard("holds"), log, canaries])
    keep(tmp_path, "other", [a_guard("holds")])
    found = keep(tmp_path, "fit", [a_guard("holds"), a_guard("not-checked", name="canaries")])
    assert found == [a_guard("holds"), log, canaries] == standing(tmp_path, "fit")
    wider = a_guard("holds", name="t (acc)").model_copy(update={"limit": -0.5})
    fewer = a_guard("holds", name="t (acc)").model_copy(update={"n": 3})
    assert log in keep(tmp_path, "fit", [wider]), "a wider limit is another guard"
    assert log in keep(tmp_path, "fit", [fewer]), "fewer cases take nothing back"
    again = a_guard("holds", name="t (acc)")
    found = keep(tmp_path, "fit", [again])
    assert again in found
    assert log not in found
    assert standing(tmp_path, "other") == [a_guard("holds")]
    assert standing(tmp_path, "third") is None


def test_what_was_not_checked_gives_way_to_what_was() -> None:
    absent, there = a_guard("not-checked"), a_guard("unproven")
    assert with_new([absent], [there]) == [there]
    assert with_new([there], [absent]) == [there]
    assert with_new([absent], [absent]) == [absent]


def test_a_ledger_that_cannot_be_read_is_no_clean_sheet(tmp_path: Path) -> None:
    keep(tmp_path, "fit", [a_guard("broken")])
    (path,) = (tmp_path / ".tunewright" / "guards").iterdir()
    path.write_text("{")
    with pytest.raises(WorkError, match="cannot be read"):
        standing(tmp_path, "fit")


def test_deleting_the_document_turns_nothing_into_a_shipment(shipped: tuple[Path, object]) -> None:  # noqa: F811
    folder = shipped[0]
    key = fit_key_of(folder)
    try:
        keep(folder, key, [a_guard("broken"), a_guard("broken", name="t (acc)")])
        write_report(report(key, a_guard("broken")), folder)
        for path in (folder / "runs").glob("guard-*"):
            shutil.rmtree(path)
        assert final(folder).headline == "KEEP_SIMPLER"
        keep(folder, key, [a_guard("holds")])
        write_report(report(key, a_guard("holds"), created="2030-01-01T00:00:00+00:00"), folder)
        assert final(folder).headline == "KEEP_SIMPLER", "the log was not measured again"
        keep(folder, key, [a_guard("holds", name="t (acc)")])
        assert final(folder).headline == "SHIP_FINE_TUNE"
    finally:
        shutil.rmtree(folder / ".tunewright" / "guards")
        for path in (folder / "runs").glob("guard-*"):
            shutil.rmtree(path)
