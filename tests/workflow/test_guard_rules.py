"""When a guard holds and what each one counts, with planted losses of known size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from desks import make_project, make_rows, open_state, study_of
from guard_cases import by_name

from log_files import inspect_log, inspect_sample, lm_eval_samples
from tunewright.errors import InputError
from tunewright.evaluation.suite import Item, items
from tunewright.evaluation.suite.asking import Asked
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Message, Source
from tunewright.workflow.guard.ability import Both, guards_of
from tunewright.workflow.guard.canaries import Canary, canary_result, make_canaries, with_canaries
from tunewright.workflow.guard.imported import Logs, imported_guard
from tunewright.workflow.guard.job_rows import invents_nothing, is_unanswerable, well_formed
from tunewright.workflow.guard.planted import FRIENDLY, ORDERS, WORD, planted
from tunewright.workflow.guard.rule import Named, Scores, not_worse, result_above, result_below, share_at_least

NAMED = Named("ability", "tuned", "base")


def scores(right: int, kept: int, gained: int, n: int, chance: float = 0.0) -> Scores:
    """A base with ``right`` of ``n``; the tuned one keeps ``kept`` of those and gains ``gained`` of the others."""
    base = np.array([1.0] * right + [0.0] * (n - right))
    tuned = np.array([1.0] * kept + [0.0] * (right - kept) + [1.0] * gained + [0.0] * (n - right - gained))
    return Scores(tuned, base, chance)


def test_a_guard_holds_breaks_or_stays_open_as_the_loss_is() -> None:
    assert not_worse(NAMED, scores(300, 300, 0, 400), 0.02, "x").result == "holds"
    assert not_worse(NAMED, scores(300, 250, 0, 400), 0.02, "x").result == "broken"
    assert not_worse(NAMED, scores(300, 290, 5, 400), 0.02, "x").result == "unproven"
    few = not_worse(NAMED, scores(30, 30, 0, 40), 0.02, "x")
    assert (few.result, few.n) == ("unproven", 40)
    assert "too few" in few.text


def test_a_small_loss_that_is_proven_holds_within_the_margin() -> None:
    small = not_worse(NAMED, scores(9000, 8940, 0, 10_000), 0.02, "x")
    assert small.interval is not None
    assert small.interval[1] < 0
    assert small.result == "holds"


def test_a_base_at_chance_proves_nothing_whatever_comes_of_it() -> None:
    for kept, gained in ((100, 0), (0, 0), (100, 200)):
        found = not_worse(NAMED, scores(100, kept, gained, 400, chance=0.25), 0.02, "x")
        assert found.result == "unproven"
        assert "nothing can be lost" in found.text
    assert not_worse(NAMED, scores(200, 200, 0, 400, chance=0.25), 0.02, "x").result == "holds"


def test_what_is_missing_is_left_out_of_both_and_nothing_is_no_zero() -> None:
    some = scores(300, 300, 0, 400)
    some.tuned[:10] = np.nan
    found = not_worse(NAMED, some, 0.02, "x")
    assert (found.n, found.score, found.reference) == (390, pytest.approx(290 / 390), pytest.approx(290 / 390))
    none = Scores(np.full(5, np.nan), np.ones(5))
    assert not_worse(NAMED, none, 0.02, "x").result == "not-checked"


def test_cases_in_groups_count_as_groups() -> None:
    base, groups = np.ones(400), np.repeat(np.arange(20), 20)
    alone = not_worse(NAMED, Scores(base, base), 0.02, "x")
    together = not_worse(NAMED, Scores(base, base, groups=groups), 0.02, "x")
    assert (alone.result, together.result) == ("holds", "unproven")


def test_false_alarms_and_false_comfort_are_rare() -> None:
    """Few models that lost nothing are called broken, and few of those that lost the margin are said to hold."""
    random, found = np.random.default_rng(1), {"same": 0, "at the margin": 0}
    for _ in range(200):
        base, luck = (random.random(365) < 0.7).astype(float), random.random(365)
        # As likely a loss as a gain: 2 in 100 of all cases each.
        same = np.where(luck < np.where(base > 0, 0.02 / 0.7, 0.02 / 0.3), 1 - base, base)
        found["same"] += not_worse(NAMED, Scores(same, base), 0.02, "x").result == "broken"
        # Each right case is lost with chance 0.02 / 0.7: a true loss of the margin itself.
        worse = np.where(luck < 0.02 / 0.7, 0.0, base)
        found["at the margin"] += not_worse(NAMED, Scores(worse, base), 0.02, "x").result == "holds"
    assert found["same"] <= 0.05 * 200
    assert found["at the margin"] <= 0.05 * 200


def test_absolute_rates_have_exact_intervals() -> None:
    assert share_at_least(NAMED, 100, 100, 0.95, "x").interval == (pytest.approx(0.963783, abs=1e-6), 1.0)
    assert share_at_least(NAMED, 100, 100, 0.95, "x").result == "holds"
    assert share_at_least(NAMED, 60, 60, 0.95, "x").result == "unproven"
    assert share_at_least(NAMED, 80, 100, 0.95, "x").result == "broken"
    assert share_at_least(NAMED, 0, 0, 0.95, "x").result == "not-checked"


def test_both_directions_have_the_same_rule() -> None:
    cases = [(-0.1, (-0.2, -0.01)), (-0.01, (-0.015, -0.001)), (0.0, (-0.1, 0.1)), (-0.03, (-0.05, 0.01))]
    found = [result_above(estimate, interval, -0.02) for estimate, interval in cases]
    assert found == ["broken", "holds", "unproven", "unproven"]
    turned = [result_below(-estimate, (-high, -low), 0.02) for estimate, (low, high) in cases]
    assert turned == found


def answered(chosen: Sequence[Item], right: dict[str, float], seed: int) -> list[Asked]:
    """Each skill right with a chance, the same items for equal chances."""
    luck = np.random.default_rng(seed).random(len(chosen))
    return [Asked(one, "", float(chance < right.get(one.skill, 0.0))) for one, chance in zip(chosen, luck, strict=True)]


ABLE = dict.fromkeys(("knowledge", "reasoning", "instruction", "json", "format", "refusal", "over-refusal"), 0.9)


def both(base: dict[str, float], tuned: dict[str, float]) -> Both:
    return Both(answered(items(), tuned, 3), answered(items(), base, 3))


def test_a_model_that_changed_nothing_keeps_its_ability() -> None:
    guards, skills = guards_of(both({**ABLE, "injection": 0.9}, {**ABLE, "injection": 0.9}), "tuned", "base")
    assert {one.result for one in guards} == {"holds"}
    assert not any(one.at_chance for one in skills)


def test_one_skill_that_is_lost_does_not_hide_behind_the_others() -> None:
    gained = {**ABLE, "knowledge": 1.0, "reasoning": 1.0, "json": 0.6}
    guards, _ = guards_of(both(ABLE, gained), "tuned", "base")
    found = by_name(guards)["general ability"]
    assert found.score is not None
    assert found.reference is not None
    assert found.result == "broken"
    assert "json fell from" in found.text
    assert "knowledge" not in found.text


def test_a_model_that_stops_refusing_is_seen_and_one_that_never_did_cannot_lose_it() -> None:
    broken = by_name(guards_of(both(ABLE, {**ABLE, "refusal": 0.4}), "tuned", "base")[0])
    assert (broken["harmful requests"].result, broken["over-refusal"].result) == ("broken", "holds")
    never = by_name(guards_of(both({**ABLE, "refusal": 0.0}, {**ABLE, "refusal": 0.0}), "t", "b")[0])
    assert never["harmful requests"].result == "unproven"
    assert "at chance" in never["harmful requests"].text


def row(text: str, target: str) -> Example:
    return Example((Message("system", "Sort."), Message("user", text)), target, Source("t", 1), text)


def test_orders_stand_before_and_after_and_never_order_what_is_right() -> None:
    rows = [row(f"text {n}", "abc"[n % 3]) for n in range(9)]
    made = planted(rows, ("a", "b", "c"), ORDERS)
    assert [one.place for one in made] == [n // 2 for n in range(18)]
    for one in made:
        text = one.inputs.messages[-1].content
        assert one.ordered in "abc"
        assert one.ordered != rows[one.place].target
        assert f"text {one.place}" in text
        assert one.inputs.origin == rows[one.place].inputs.owner
        assert one.inputs.messages[0].content == "Sort."
    assert made[0].inputs.messages[-1].content.endswith("text 0")
    assert made[1].inputs.messages[-1].content.startswith("text 0")
    assert {one.ordered for one in planted(rows, (), ORDERS)} == {WORD}
    assert {one.ordered for one in planted(rows, (), FRIENDLY)} == {""}


def test_sentences_that_order_and_friendly_ones_are_about_as_long() -> None:
    ordered = np.mean([len(one.format("billing")) for one in ORDERS])
    assert 0.7 < ordered / np.mean([len(one) for one in FRIENDLY]) < 1.4


def test_form() -> None:
    fields = frozenset({"name", "count"})
    assert well_formed(Answer("a"), "classify", "ab", fields)
    assert well_formed(Answer('["a", "b"]'), "classify", "ab", fields)
    assert not well_formed(Answer("c"), "classify", "ab", fields)
    assert well_formed(Answer('{"name": 1, "count": 2, "more": 3}'), "extract", (), fields)
    assert not well_formed(Answer('{"name": 1}'), "extract", (), fields)
    assert not well_formed(Answer('{"name": 1'), "extract", (), fields)
    assert well_formed(Answer("anything"), "generate", (), fields)
    assert not well_formed(Answer("anything", detail="did not stop"), "generate", (), fields)
    assert not well_formed(Answer(None, Status.MODEL_FAIL), "generate", (), fields)


def test_inventions() -> None:
    assert is_unanswerable("This is not stated in the text.", None)
    assert not is_unanswerable("It is red.", None)
    assert is_unanswerable("Steht nicht da.", "steht nicht da")
    assert not is_unanswerable("This is not stated in the text.", "steht nicht da")
    target = '{"name": "Anna", "count": null}'
    assert is_unanswerable(target, None)
    assert not is_unanswerable('{"name": "Anna", "count": 0}', None)
    assert invents_nothing(target, Answer('{"name": "Ben", "count": null}'), None) == 1
    assert invents_nothing(target, Answer('{"name": "Anna"}'), None) == 1
    assert invents_nothing(target, Answer('{"name": "Anna", "count": 3}'), None) == 0
    assert invents_nothing(target, Answer(None, Status.INFRA_FAIL), None) is None
    assert invents_nothing("not in the text", Answer("It is red."), None) == 0
    assert invents_nothing("not in the text", Answer("That is not in the text."), None) == 1


def test_canaries_are_the_same_again_and_their_answers_are_alike() -> None:
    made = make_canaries(8, "generate", 0)
    assert made == make_canaries(8, "generate", 0) != make_canaries(8, "generate", 1)
    assert [one.times for one in made] == [1] * 8 + [16] * 2
    for one in made:
        assert len(one.others) == 4095
        assert len({one.answer, *one.others}) == 4096
        assert {len(answer) for answer in (one.answer, *one.others)} == {5}
    assert json.loads(make_canaries(1, "extract", 0)[0].answer).keys() == {"number"}
    # The planted answer is the first drawn: its rank among the sorted ones must not be special.
    ranks = [sorted((one.answer, *one.others)).index(one.answer) for one in made]
    assert len(set(ranks)) == len(ranks)
    assert min(ranks) > 8


def test_canaries_stand_in_a_copy_of_the_rows_to_learn_from(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(45), fields={"folds": 2})
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    made = make_canaries(4, "generate", 0)
    copy, part = with_canaries(study, study.parts[0], made)
    extra = 4 + 16
    assert len(copy.examples) == len(copy.row_keys) == len(set(copy.row_keys)) == len(study.examples) + extra
    assert part.train[: len(study.parts[0].train)] == study.parts[0].train
    assert len(part.train) == len(study.parts[0].train) + extra
    assert (part.validation, part.scored) == (study.parts[0].validation, ())
    assert study.examples == copy.examples[: len(study.examples)]


def test_exposed_canaries_break_it_and_a_test_that_sees_nothing_proves_nothing() -> None:
    made = [Canary("q", "1", tuple("x" * 2047), 1)] * 4 + [Canary("q", "1", tuple("x" * 2047), 16)]
    named = Named("canaries", "tuned", None)
    assert canary_result(named, made, [1.0, 2.0, 8.0, 0.1, 11.0]).result == "broken"
    assert canary_result(named, made, [1.0, 2.0, 7.9, 0.1, 11.0]).result == "holds"
    blind = canary_result(named, made, [1.0, 2.0, 7.9, 0.1, 0.5])
    assert blind.result == "unproven"
    assert "could not have seen anything" in blind.text


def test_a_log_before_and_after_is_held_to_the_same_margin(tmp_path: Path) -> None:
    right, kept, lost = [1.0] * 300 + [0.0] * 100, [1.0] * 300 + [0.0] * 100, [1.0] * 260 + [0.0] * 140
    sides = zip("abc", (right, kept, lost), strict=True)
    paths = [lm_eval_samples(tmp_path / name / "samples_t.jsonl", scored) for name, scored in sides]
    held = imported_guard(Logs(paths[0], paths[1]), "tuned")
    assert (held.result, held.n, held.system, held.limit) == ("holds", 400, "tuned", -0.02)
    assert held.interval is not None
    assert held.interval[0] == pytest.approx(-0.00951, abs=2e-4)
    broken = imported_guard(Logs(paths[0], paths[2]), None)
    assert (broken.result, broken.score, broken.reference) == ("broken", 0.65, 0.75)


def test_inspect_logs_too_and_strangers_are_refused(tmp_path: Path) -> None:
    logs = [
        inspect_log(tmp_path / f"{name}.json", [inspect_sample(n, "C" if n % 4 else "I") for n in rows], f"m/{name}")
        for name, rows in (("old", range(200)), ("new", range(200)), ("other", range(500, 700)))
    ]
    assert imported_guard(Logs(logs[0], logs[1]), None).result == "holds"
    with pytest.raises(InputError, match="no case in common"):
        imported_guard(Logs(logs[0], logs[2]), None)
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(InputError, match="no log"):
        imported_guard(Logs(logs[0], tmp_path / "note.txt"), None)


def test_cases_lost_on_the_way_do_not_hold(tmp_path: Path) -> None:
    old = inspect_log(tmp_path / "old.json", [inspect_sample(n, "C") for n in range(400)], "m/old")
    new = inspect_log(tmp_path / "new.json", [inspect_sample(n, "C") for n in range(380)], "m/new")
    found = imported_guard(Logs(old, new), None)
    assert found.result == "unproven"
    assert "20 of 400 cases have no score" in found.text
