"""Score rows of systems on the diagnosed cases, found where a run or an earlier diagnosis made them, else asked now.

What a lever gets from a changed system is kept under a key of its own, so that a stopped diagnosis goes on from there.
Called by ``bench``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tunewright.errors import Cancelled, TunewrightError
from tunewright.evaluation.runner import Question, score
from tunewright.records.answers import ScoreRow
from tunewright.records.system import FittedSystem, traits_of
from tunewright.store import Store
from tunewright.workflow.fitting import Contestant, FitRecord, Fitter
from tunewright.workflow.study import Hooks, Part, Rows, Study


@dataclass(frozen=True, slots=True)
class Answers:
    """What one system said to the diagnosed cases: score rows in their order, or why there are none."""

    name: str
    rows: tuple[ScoreRow, ...] = ()
    fits: tuple[FitRecord, ...] = ()
    reason: str | None = None

    @property
    def seconds(self) -> float:
        """Seconds that its fits took."""
        return sum(fit.training_seconds for fit in self.fits)


class Asker:
    """Asks systems about the scored rows of parts, once per row."""

    def __init__(self, study: Study, store: Store, hooks: Hooks) -> None:
        self.fitter = Fitter(study, store, hooks)
        self._study, self._store, self._hooks = study, store, hooks

    def answers(self, contestant: Contestant, parts: Sequence[Part]) -> Answers:
        """Answers of a system as it is; a system that cannot run says why and stops nobody."""
        reason = unfit(contestant, self._study.settings.kind) or contestant.system.missing()
        if reason is not None:
            return Answers(contestant.name, reason=reason)
        return self._guarded(contestant.name, lambda: self._fitted(contestant, parts))

    def changed(
        self, name: str, parts: Sequence[Part], keys: Sequence[str], make: Callable[[int], FittedSystem]
    ) -> Answers:
        """Answers of something that ``make`` opens for each part; ``keys`` name it by content, part by part."""

        def ask() -> Answers:
            rows: list[ScoreRow] = []
            for number, part in enumerate(parts):
                rows += self._complete(name, keys[number], part, partial(make, number))
            return Answers(name, tuple(rows))

        return self._guarded(name, ask)

    def _fitted(self, contestant: Contestant, parts: Sequence[Part]) -> Answers:
        rows, fits = list[ScoreRow](), list[FitRecord]()
        for part in parts:
            fit = self.fitter.fit(contestant, part)
            rows += self._complete(contestant.name, fit.key, part, partial(self.fitter.open, contestant, fit))
            fits.append(fit)
        return Answers(contestant.name, tuple(rows), tuple(fits))

    def _guarded(self, name: str, ask: Callable[[], Answers]) -> Answers:
        try:
            return ask()
        except Cancelled:
            raise
        except TunewrightError as error:
            return Answers(name, reason=" ".join([error.message, *(f"({text})" for _, text in error.details())]))
        except Exception as error:
            # What a library throws here concerns one system; the others go on.
            return Answers(name, reason=f"it failed with {type(error).__name__}: {error}"[:300])
        finally:
            self._hooks.progress(name, "done", 1.0)

    def _complete(self, name: str, key: str, part: Part, make: Callable[[], FittedSystem]) -> list[ScoreRow]:
        stored = {row.row_key: row for row in self._store.scores(key, part.name) if row.repetition == 0}
        row_keys = [self._study.row_keys[row] for row in part.scored]
        missing = [
            row
            for row, row_key in zip(part.scored, row_keys, strict=True)
            if row_key not in stored or stored[row_key].status.is_missing
        ]
        if missing:
            fitted = make()
            try:
                stored |= self._ask(name, fitted, key, part, tuple(missing))
            finally:
                fitted.close()
        return [stored[row_key] for row_key in row_keys]

    def _ask(self, name: str, fitted: FittedSystem, key: str, part: Part, rows: Rows) -> dict[str, ScoreRow]:
        by_key = {self._study.row_keys[row]: self._study.examples[row] for row in rows}
        questions = [Question(row_key, example) for row_key, example in by_key.items()]
        grader, new = self._study.grading.grader, dict[str, ScoreRow]()
        for batch in score(fitted, questions, grader, fit_key=key, part=part.name, cancelled=self._hooks.cancelled):
            self._store.append_scores(batch)
            new |= {row.row_key: row for row in batch}
            self._hooks.progress(name, f"{part.name}: answering", len(new) / len(questions))
        return new


def unfit(contestant: Contestant, kind: str) -> str | None:
    """Why a system cannot give the kind of answer that the job wants; systems that say nothing can give any."""
    kinds = traits_of(contestant.system).kinds
    if kind in kinds:
        return None
    return f"it can do jobs of the kind {' or '.join(kinds) or 'none'}, and this one is {kind}"
