"""Cascades: who answers what, cut-offs with a known optimum, a person at the end, and what is never handed on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tunewright.errors import InputError, WorkError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.generation import Backend
from tunewright.records.system import FitContext, Needs, Setting, SystemRole
from tunewright.records.usage import Spent, Usage
from tunewright.systems import cascade
from tunewright.systems._combined.cascade_rows import has_learned, is_usable, owner_of, parts
from tunewright.systems._combined.thresholds import (
    NEVER,
    Seen,
    answered_by,
    choose,
    choose_kept,
    grid,
    learn_trust,
    score_of,
)
from tunewright.systems.around import Around, Kind, Member, ModelFacts
from tunewright.systems.fitlog import FitLog, Logged

LABELS = ("bill", "repair")


def row(number: int, target: str = "bill", group: str | None = None) -> Example:
    return Example((Message("user", f"case {number}"),), target, Source("t.csv", number), f"r{number}", group=group)


def context() -> FitContext:
    return FitContext(0, LABELS, lambda targets, answers: 0.0)


@dataclass
class Script(Logged):
    """Answers by the number in the text; remembers what it was asked."""

    answers: Mapping[int, Answer]
    asked: list[int] = field(default_factory=list)
    closed: int = 0
    log: FitLog = FitLog()

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        numbers = [int(one.text.split()[1]) for one in inputs]
        self.asked += numbers
        return [self.answers[number] for number in numbers]

    def save(self, folder: Path) -> None:
        self.log.write(folder)

    def close(self) -> None:
        self.closed += 1


@dataclass(eq=False)
class Scripted:
    """A system that answers by a script from the start."""

    name: str
    answers: Mapping[int, Answer]
    needs: Needs = Needs(simplicity=20, seconds_per_call=0.5)
    role: SystemRole = "baseline"
    reason: str | None = None
    made: list[Script] = field(default_factory=list)

    def identity(self) -> Mapping[str, Setting]:
        return {"script": self.name}

    def missing(self) -> str | None:
        return self.reason

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> Script:
        self.made.append(Script(self.answers))
        return self.made[-1]

    def load(self, folder: Path) -> Script:
        return Script(self.answers)


def built(*systems: Scripted, kind: Kind = "classify", person: bool = False, **options: Setting) -> cascade.Cascade:
    known = {one.name: Member(one.name, "scripted", one) for one in systems}
    names = " > ".join([*known, *(["person"] if person else [])])
    return cascade.build_around("c", names, options, Path(), around(kind, known))


def around(kind: Kind, known: Mapping[str, Member]) -> Around:
    def nobody(name: str) -> ModelFacts:
        raise AssertionError(name)

    def no_model(name: str) -> Backend:
        raise AssertionError(name)

    return Around(Path(), "Sort.", kind, no_model, nobody, known.__getitem__)


def two_members(n: int) -> tuple[Scripted, Scripted, list[Example]]:
    """The first is right exactly where it is sure (60 % of cases), the second is right in all the others, and half of
    those; so the best is to hand on exactly the unsure ones, and that gets everything right."""
    rng = np.random.default_rng(4)
    sure = rng.permutation(n) < 0.6 * n
    first = {
        i: Answer("bill" if good else "repair", confidence=float((0.8 if good else 0.3) + 0.1 * rng.random()))
        for i, good in enumerate(sure)
    }
    second = {
        i: Answer("repair" if good and i % 2 else "bill", confidence=0.6, spent=Spent(1, Usage(10, output=2), 0.5))
        for i, good in enumerate(sure)
    }
    return (
        Scripted("quick", first),
        Scripted("dear", second, Needs(30, seconds_per_call=2.0)),
        [row(i) for i in range(n)],
    )


def test_the_known_optimum_is_found_and_only_unsure_cases_are_handed_on() -> None:
    quick, dear, rows = two_members(200)
    fitted = built(quick, dear).fit(rows[:10], rows, context())
    asked_for_choosing = len(dear.made[0].asked)
    answers = fitted.answer([one.inputs for one in rows])
    assert all(answer.text == "bill" for answer in answers)
    assert fitted.trials[0].validation_score >= 0.98
    handed_on = set(dear.made[0].asked[asked_for_choosing:])
    assert handed_on == {i for i, answer in quick.answers.items() if answer.text == "repair"}
    assert fitted.budget.exhausted
    assert fitted.budget.declared == fitted.budget.spent == 2 + 21


def test_the_score_that_is_told_is_not_the_one_that_the_cut_offs_were_picked_by() -> None:
    """Two members that guess: the best of 21 cut-offs looks better than a half on the rows it was picked on."""
    rng = np.random.default_rng(8)
    told, picked = [], []
    for _ in range(30):
        guesses = rng.integers(0, 2, (2, 60))
        first, second = (
            {i: Answer(LABELS[guess], confidence=float(rng.random())) for i, guess in enumerate(one.tolist())}
            for one in guesses
        )
        rows = [row(i) for i in range(60)]
        fitted = built(Scripted("a", first), Scripted("b", second)).fit(rows[:5], rows, context())
        told.append(fitted.trials[0].validation_score)
        picked.append(np.mean([answer.text == "bill" for answer in fitted.answer([one.inputs for one in rows])]))
    assert np.mean(picked) > 0.53
    assert np.mean(told) == pytest.approx(0.5, abs=0.025)


def test_what_was_asked_is_paid_and_told() -> None:
    quick, dear, rows = two_members(200)
    fitted = built(quick, dear).fit(rows[:10], rows, context())
    answers = fitted.answer([one.inputs for one in rows])
    kept = next(i for i, answer in quick.answers.items() if answer.text == "bill")
    passed = next(i for i, answer in quick.answers.items() if answer.text == "repair")
    assert answers[kept].spent is None
    assert answers[passed].spent == Spent(1, Usage(10, output=2), 0.5)
    stages = json.loads(answers[passed].trace)["stages"]
    assert [(one["system"], one["answer"], one["status"]) for one in stages] == [
        ("quick", "repair", "ok"),
        ("dear", "bill", "ok"),
    ]
    assert stages[0]["confidence"] == quick.answers[passed].confidence
    assert len(json.loads(answers[kept].trace)["stages"]) == 1


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    quick, dear, rows = two_members(120)
    system = built(quick, dear, person=True, target=0.9)
    fitted = system.fit(rows[:10], rows, context())
    fitted.save(tmp_path)
    loaded = system.load(tmp_path)
    inputs = [one.inputs for one in rows]
    assert loaded.answer(inputs) == fitted.answer(inputs)
    assert (loaded.notes, loaded.budget, loaded.policy) == (fitted.notes, fitted.budget, fitted.policy)
    fitted.close()
    assert [one.closed for one in (quick.made[0], dear.made[0])] == [1, 1]


def test_a_lost_connection_stays_missing_and_is_never_handed_on() -> None:
    quick, dear, rows = two_members(100)
    lost = Answer(None, Status.INFRA_FAIL, detail="connection lost")
    quick.answers = {**quick.answers, 7: lost}
    fitted = built(quick, dear, person=True, target=0.5).fit(rows[:10], rows, context())
    before = len(dear.made[0].asked)
    (answer,) = fitted.answer([rows[7].inputs])
    assert (answer.text, answer.status, answer.detail) == (None, Status.INFRA_FAIL, "quick: connection lost")
    assert len(dear.made[0].asked) == before


def test_members_without_confidence_hand_on_what_they_cannot_answer() -> None:
    rows = [row(i, json.dumps({"n": i})) for i in range(40)]
    silent = {
        i: Answer(None, Status.MODEL_FAIL, detail="refused")
        if i % 4 == 0
        else Answer("no JSON at all")
        if i % 4 == 1
        else Answer(json.dumps({"n": i}))
        for i in range(40)
    }
    always = {i: Answer(json.dumps({"n": i if i % 4 == 0 else -1})) for i in range(40)}
    fitted = built(Scripted("a", silent), Scripted("b", always), kind="extract").fit(rows[:5], rows, context())
    answers = fitted.answer([one.inputs for one in rows])
    assert [len(json.loads(answer.trace)["stages"]) for answer in answers[:4]] == [2, 2, 1, 1]
    assert [answer.text == one.target for answer, one in zip(answers[:4], rows, strict=False)] == [
        True,
        False,
        True,
        True,
    ]


def test_where_the_last_member_fails_the_most_trusted_answer_before_it_stands() -> None:
    rows = [row(i) for i in range(60)]
    first = {i: Answer("bill" if i % 2 else "repair", confidence=0.9 if i % 2 else 0.2) for i in range(60)}
    last = {i: Answer("bill") if i else Answer(None, Status.MODEL_FAIL, detail="refused") for i in range(60)}
    fitted = built(Scripted("a", first), Scripted("b", last)).fit(rows[:5], rows, context())
    (answer,) = fitted.answer([rows[0].inputs])
    assert (answer.text, answer.status) == ("repair", Status.OK)


def test_a_person_gets_what_nobody_is_sure_of_and_it_counts_as_unsolved() -> None:
    rng = np.random.default_rng(2)
    chance = rng.random(600)
    right = rng.random(600) < np.where(chance > 0.4, 0.99, 0.5)
    answers = {i: Answer("bill" if right[i] else "repair", confidence=float(chance[i])) for i in range(600)}
    rows = [row(i) for i in range(600)]
    fitted = built(Scripted("a", answers), person=True, target=0.95).fit(rows[:5], rows[:300], context())
    found = fitted.answer([one.inputs for one in rows[300:]])
    kept = [answer for answer in found if answer.text is not None]
    handed = [answer for answer in found if answer.text is None]
    assert {(answer.status, answer.detail) for answer in handed} == {(Status.MODEL_FAIL, cascade.HANDED_OVER)}
    assert json.loads(handed[0].trace)["stages"][-1] == {"system": "person"}
    assert 0.5 < len(kept) / 300 < 0.75
    assert sum(answer.text == "bill" for answer in kept) / len(kept) >= 0.95
    assert "shown to be at least 95 % with 90 % certainty" in fitted.notes[1]
    asked, left = re.findall(r"\((\d+) %\)", fitted.notes[0])
    assert f"a person gets what is not sure enough ({left} %)" in fitted.notes[0]
    assert int(asked) + int(left) == 100
    share = sum(answer.text == "bill" for answer in kept) / 300
    assert fitted.trials[0].validation_score == pytest.approx(share, abs=0.1)


def test_a_target_that_is_reached_and_cannot_be_shown_is_said_so() -> None:
    rows = [row(i) for i in range(30)]
    answers = {i: Answer("bill" if i > 9 or i % 3 else "repair", confidence=0.5 + i / 100) for i in range(30)}
    fitted = built(Scripted("a", answers), person=True, target=0.99).fit(rows[:5], rows, context())
    assert "no cut-off is shown to reach 99 %" in fitted.notes[1]
    assert any(answer.text for answer in fitted.answer([one.inputs for one in rows]))


def test_where_no_cut_off_reaches_the_target_a_person_gets_everything() -> None:
    rows = [row(i) for i in range(100)]
    answers = {i: Answer("bill" if i % 4 else "repair", confidence=0.9) for i in range(100)}
    fitted = built(Scripted("a", answers), person=True).fit(rows[:5], rows, context())
    found = fitted.answer([one.inputs for one in rows])
    assert {(one.text, one.detail) for one in found} == {(None, cascade.HANDED_OVER)}
    assert fitted.notes[1] == "every case goes to a person: no cut-off reaches 95 % on these rows (the best 75.0 %)"
    assert fitted.notes[0].startswith("on 100 rows not learned: a is asked, and no answer is sure enough; ")


def test_where_all_members_are_unsure_no_share_is_told_of_them() -> None:
    rows = [row(i) for i in range(100)]
    weak = {i: Answer("bill" if i % 4 else "repair", confidence=0.9) for i in range(100)}
    fitted = built(Scripted("a", weak), Scripted("b", weak), person=True).fit(rows[:5], rows, context())
    assert {one.text for one in fitted.answer([one.inputs for one in rows])} == {None}
    asked = fitted.notes[0].removeprefix("on 100 rows not learned: ").partition(";")[0]
    assert asked in ("a and b are asked, and no answer is sure enough", "b is asked, and no answer is sure enough")
    assert fitted.trials[0].validation_score == 0.0


def test_what_it_needs_is_what_its_members_need() -> None:
    a = Scripted("a", {}, Needs(20, ("models",), seconds_per_call=0.5, own_machine=True))
    b = Scripted("b", {}, Needs(40, network=True, seconds_per_call=1.0), role="candidate", reason="no key")
    system = built(a, b)
    assert system.needs == Needs(45, ("models",), network=True, seconds_per_call=0.5, own_machine=True)
    assert (system.role, system.missing(), system.traits.kinds) == (
        "candidate",
        "b: no key",
        ("classify", "extract", "generate"),
    )
    assert [member.name for member in system.members] == ["a", "b"]
    assert system.identity() != built(b, a).identity()


@pytest.mark.parametrize(
    ("argument", "options", "code"),
    [
        ("a", {}, "cascade.too_short"),
        ("person", {}, "cascade.too_short"),
        (None, {}, "cascade.too_short"),
        ("person > a", {}, "cascade.person"),
        ("a > b", {"target": 0.9}, "cascade.target"),
        ("a > a", {}, "systems.member_twice"),
        ("a > person", {"target": 1.0}, "systems.option_value"),
        ("a > b", {"steps": 1}, "systems.option_value"),
        ("a > b", {"treshold": 1}, "systems.unknown_option"),
    ],
)
def test_what_is_no_cascade_is_refused(argument: str | None, options: Mapping[str, Setting], code: str) -> None:
    known = {name: Member(name, "scripted", Scripted(name, {})) for name in ("a", "b")}
    with pytest.raises(InputError) as caught:
        cascade.build_around("c", argument, options, Path(), around("classify", known))
    assert caught.value.code == code


def test_without_validation_rows_or_any_answer_there_is_no_fit() -> None:
    lost = {i: Answer(None, Status.INFRA_FAIL, detail="no line") for i in range(9)}
    rows = [row(i) for i in range(9)]
    member = Scripted("a", lost)
    with pytest.raises(WorkError, match="no validation rows"):
        built(member, Scripted("b", lost)).fit(rows, [], context())
    with pytest.raises(WorkError) as caught:
        built(member, Scripted("b", lost)).fit(rows, rows, context())
    assert (caught.value.code, caught.value.why) == ("cascade.no_answer", "no line")
    assert member.made[-1].closed == 1


def test_the_walk_is_what_one_gets_case_by_case() -> None:
    rng = np.random.default_rng(0)
    trust, usable = rng.integers(0, 5, (3, 400)) / 5, rng.random((3, 400)) < 0.7
    seen = Seen(trust, rng.random((3, 400)), usable)
    for thresholds in ((0.4, 0.6), (NEVER, 0.2), (0.0, NEVER), (NEVER, NEVER)):
        expected = []
        for case in range(400):
            asked = [stage for stage in range(3) if (*thresholds, 0.0)[stage] < NEVER and usable[stage, case]]
            keeps = [stage for stage in asked if trust[stage, case] >= (*thresholds, 0.0)[stage]]
            expected.append(keeps[0] if keeps else max(asked, key=lambda s: (trust[s, case], -s), default=-1))
        by = answered_by(seen, thresholds)
        assert by.tolist() == expected
        scores = [0.0 if stage < 0 else seen.score[stage, case] for case, stage in enumerate(expected)]
        assert score_of(seen, by).tolist() == scores


def test_fewer_are_handed_on_where_a_dear_stage_gains_less_than_its_standard_error() -> None:
    rng = np.random.default_rng(1)
    trust = np.vstack([rng.random(100), np.full(100, 0.8)])
    score = (rng.random((2, 100)) < np.array([[0.80], [0.83]])).astype(np.float64)
    seen = Seen(trust, score, np.ones((2, 100), dtype=bool))
    (cheap,), tried = choose(seen, 20, [1.0])
    (best,), _ = choose(seen, 20, [0.0])
    assert max(one.score for one in tried) == next(one.score for one in tried if one.threshold == best)
    assert cheap < best
    assert [one.threshold for one in tried] == grid(trust[0], 20)
    assert (len(tried), tried[0].handed_on, tried[-1].handed_on) == (21, 0.0, 1.0)


def test_trust_keeps_the_order_and_tells_how_often_it_is_right() -> None:
    rng = np.random.default_rng(3)
    stated = rng.random(4000)
    truth = 1 / (1 + np.exp(-(0.5 + 0.6 * np.log(stated / (1 - stated)))))
    trust = learn_trust(stated.tolist(), (rng.random(4000) < truth).astype(np.float64))
    assert (trust.slope, trust.offset) == (pytest.approx(0.6, abs=0.08), pytest.approx(0.5, abs=0.12))
    found = trust.of([0.1, 0.5, 0.9, None])
    assert found[0] < found[1] < found[2]
    assert found[1] == pytest.approx(1 / (1 + np.exp(-0.5)), abs=0.03)


def test_a_confidence_that_says_nothing_becomes_the_share_right() -> None:
    scores = np.array([1.0, 0.0] * 20)
    against = learn_trust([0.1, 0.9] * 20, scores)
    assert against.of([0.1, 0.9]).tolist() == pytest.approx([0.5, 0.5])
    none = learn_trust([None] * 40, scores)
    assert none.of([None]).tolist() == [0.5]


def test_nothing_usable_means_everything_to_the_person() -> None:
    kept = choose_kept(np.full(10, -1.0), np.zeros(10), 0.9, 0.9, 20)
    assert (kept.threshold, kept.share, kept.shown) == (NEVER, 0.0, False)


def test_parts_keep_groups_whole_and_hang_on_contents_alone() -> None:
    rows = [row(i, group=f"g{i // 3}") for i in range(90)]
    made = parts(rows, 5)
    assert parts(rows[::-1], 5) == made
    held = [sum(owner_of(one) in part for one in rows) for part in made]
    assert sum(held) == 90
    assert max(held) - min(held) <= 3


def test_an_answer_of_use_is_a_label_a_json_object_or_a_text() -> None:
    assert is_usable(Answer(" Bill"), "classify", LABELS)
    assert not is_usable(Answer("car"), "classify", LABELS)
    assert is_usable(Answer('{"a": 1}'), "extract", ())
    assert not is_usable(Answer("{"), "extract", ())
    assert not is_usable(Answer(" "), "generate", ())
    assert not has_learned(Script({}), [])
    assert has_learned(Script({}), [1.0])
