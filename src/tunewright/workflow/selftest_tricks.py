"""The tricks of the selftest: each fools a naive comparison and must not fool the program."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tunewright.records.answers import ScoreRow, Status
from tunewright.records.example import Example
from tunewright.records.system import FitContext, FittedSystem, Needs, Setting, SystemRole
from tunewright.statistics.mcnemar import one_sided_exact
from tunewright.systems.registry import SystemEntry
from tunewright.systems.tfidf import Tfidf
from tunewright.workflow.conclude import Judged
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.selftest import Desk, Trick

TODAY, CANDIDATE = "today", "fine-tune"
PICKS = 10
SHARE_OF_ROWS = 0.8
LOST_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class StandIn:
    """A linear model in the part of any system, fitted on a random part of the training rows."""

    name: str
    role: SystemRole
    sample: int | None = None
    needs: Needs = Needs(simplicity=20, seconds_per_call=0.003)

    @property
    def _inner(self) -> Tfidf:
        return Tfidf(self.name, self.role == "candidate", 1, strengths=(1.0,))

    def identity(self) -> Mapping[str, Setting]:
        return {**self._inner.identity(), "sample": -1 if self.sample is None else self.sample}

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedSystem:
        rows = list(train)
        if self.sample is not None:
            rng = np.random.default_rng([context.seed, self.sample])
            kept = rng.choice(len(rows), max(2, int(SHARE_OF_ROWS * len(rows))), replace=False)
            rows = [rows[position] for position in sorted(kept)]
        return self._inner.fit(rows, validation, context)

    def load(self, folder: Path) -> FittedSystem:
        return self._inner.load(folder)


def labels_shuffled(desk: Desk) -> Trick:
    """Targets dealt out at random: nothing can be learned."""
    rng = np.random.default_rng(desk.settings.seed)
    rows = [*desk.train, *desk.test]
    targets = rng.permutation([example.target for example in rows])
    shuffled = [example.with_target(str(target)) for example, target in zip(rows, targets, strict=True)]
    train, test = shuffled[: len(desk.train)], shuffled[len(desk.train) :]
    _, _, judged = desk.with_rows(train, test).run(_pair())
    by_heart = _accuracy_on_training_rows(desk, train)
    return _trick(
        "labels shuffled",
        "Every label was dealt out at random, so that nothing can be learned.",
        f"measured on the rows that it was trained on, the fine-tune has {by_heart:.1%} right: ship it",
        judged,
        held=judged.decision.headline != "SHIP_FINE_TUNE",
    )


def test_copied_into_training(desk: Desk) -> Trick:
    """The candidate has seen the test rows."""
    _, honest, _ = desk.run(_pair())
    train = [*desk.train, *desk.test]
    known = _accuracy_on_training_rows(desk, train, desk.test)
    before = float(np.nanmean(honest[0].score_values))
    _, _, judged = desk.run(_pair(), train=train)
    named = next((gate for gate in judged.decision.gates if gate.name == "leaks"), None)
    return _trick(
        "test copied into training",
        f"All {len(desk.test)} test rows were put among the training rows.",
        f"the fine-tune has {known:.1%} right against {before:.1%} today: ship it",
        judged,
        held=judged.decision.headline == "CANNOT_JUDGE" and named is not None and bool(named.rows),
    )


def best_of_ten_on_the_test(desk: Desk) -> Trick:
    """Ten fine-tunes that are equally good, and the luckiest on the test is shown."""
    today = _contestant(_Relabelled(StandIn(TODAY, "candidate", sample=0), "baseline"))
    candidates = [_contestant(StandIn(f"{CANDIDATE} {n}", "candidate", sample=n)) for n in range(1, PICKS + 1)]
    _, outcomes, judged = desk.run([today, *candidates])
    base = outcomes[0].score_values
    luckiest = max(outcomes[1:], key=lambda outcome: float(np.nanmean(outcome.score_values)))
    gain = float(np.nanmean(luckiest.score_values) - np.nanmean(base))
    fixed = int(np.nansum(luckiest.score_values > base))
    broken = int(np.nansum(luckiest.score_values < base))
    p_value = float(one_sided_exact(fixed, broken))
    return _trick(
        "best of ten picked on the test",
        "Ten equally good fine-tunes were tried, and the best on the test was shown.",
        f"the best of ten gains {100 * gain:+.1f} points (p = {p_value:.3f}, as if it were the only one): ship it",
        judged,
        held=judged.decision.headline != "SHIP_FINE_TUNE",
    )


def a_model_that_changes_nothing(desk: Desk) -> Trick:
    """The candidate answers exactly what today's system answers."""
    today = _contestant(StandIn(TODAY, "baseline"))
    same = _contestant(_Relabelled(StandIn(CANDIDATE, "baseline"), "candidate"))
    _, outcomes, judged = desk.run([today, same])
    score = float(np.nanmean(outcomes[1].score_values))
    return _trick(
        "a model that changes nothing",
        "The fine-tune answers every case exactly as today's system does.",
        f"the fine-tune has {score:.1%} right, no worse than today: ship it",
        judged,
        held=judged.decision.headline != "SHIP_FINE_TUNE",
    )


def rows_that_never_came_back(desk: Desk) -> Trick:
    """Some of the candidate's wrong answers get lost on the way."""
    study, outcomes, judged = desk.run(_pair(), change=_lose_wrong_answers)
    kept = outcomes[1].score_values
    lost = int(np.isnan(kept).sum())
    before = float(np.nanmean(outcomes[0].score_values))
    return _trick(
        "rows that never came back",
        f"{lost} of {len(study.scored)} answers of the fine-tune, all of them wrong, were lost on the way.",
        f"on the rows that came back the fine-tune has {np.nanmean(kept):.1%} right against {before:.1%}: ship it",
        judged,
        held=judged.decision.headline == "CANNOT_JUDGE" or lost <= 0.01 * len(study.scored),
    )


TRICKS: tuple[Callable[[Desk], Trick], ...] = (
    labels_shuffled,
    test_copied_into_training,
    best_of_ten_on_the_test,
    a_model_that_changes_nothing,
    rows_that_never_came_back,
)


@dataclass(frozen=True, slots=True)
class _Relabelled:
    """A stand-in in another role, with the same answers."""

    inner: StandIn
    role: SystemRole

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def needs(self) -> Needs:
        return self.inner.needs

    def identity(self) -> Mapping[str, Setting]:
        return self.inner.identity()

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedSystem:
        return self.inner.fit(train, validation, context)

    def load(self, folder: Path) -> FittedSystem:
        return self.inner.load(folder)


def _pair() -> list[Contestant]:
    return [_contestant(StandIn(TODAY, "baseline")), _contestant(StandIn(CANDIDATE, "candidate"))]


def _contestant(system: StandIn | _Relabelled) -> Contestant:
    return Contestant(SystemEntry("tfidf", system.name, None, {}), system)


def _accuracy_on_training_rows(desk: Desk, train: Sequence[Example], asked: Sequence[Example] | None = None) -> float:
    """What a comparison without a held-out part would report."""
    labels = tuple(sorted({example.target for example in train}))
    context = FitContext(desk.settings.seed, labels, lambda _targets, _answers: 0.0)
    fitted = StandIn(CANDIDATE, "candidate").fit(train, train[:20], context)
    rows = train if asked is None else asked
    answers = fitted.answer([example.inputs for example in rows])
    return float(np.mean([a.text == e.target for a, e in zip(answers, rows, strict=True)]))


def _lose_wrong_answers(outcomes: list[Outcome]) -> list[Outcome]:
    """The same outcomes, with up to a tenth of the candidate's rows, all wrong ones, missing."""
    candidate = outcomes[1]
    left = itertools.count(int(LOST_SHARE * len(candidate.rows)), -1)

    def lost(row: ScoreRow) -> ScoreRow:
        if row.score == 0 and next(left) > 0:
            return replace(row, status=Status.INFRA_FAIL, score=None, answer=None)
        return row

    parts = tuple(replace(part, rows=tuple(lost(row) for row in part.rows)) for part in candidate.scores)
    return [outcomes[0], replace(candidate, scores=parts)]


def _trick(name: str, what: str, naive: str, judged: Judged, *, held: bool) -> Trick:
    decision = judged.decision
    failed = [gate for gate in decision.gates if not gate.passed]
    text = failed[0].text if failed else decision.headline_text
    return Trick(name, what, naive, text, decision.headline, held)
