"""Fitting the stages of a pipeline, each on rows as it will read them: with the answers of the stages before it.

A stage that learns must not read answers to rows that the stage before has learned, for those are better than any to
come: such a stage is fitted twice more, each time on one half of the rows, and answers the other half (stacking;
Wolpert 1992). Called by ``pipeline``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.records.answers import Answer
from tunewright.records.example import Example
from tunewright.records.system import Budget, FitContext, FittedSystem, Member, System, traits_of
from tunewright.systems._arrived import require_arrived
from tunewright.systems._combined.cascade_rows import has_learned
from tunewright.systems._combined.members import close_all
from tunewright.systems._combined.pipeline_rows import Pass, Said, halves, reads_plain, said, staged_row

# With fewer validation rows a half of them teaches nothing, and the answers are taken as they are.
FEWEST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Stage:
    """One member; ``column`` holds its own targets (empty: none), ``learns`` says whether it needs any."""

    member: Member
    column: str
    learns: bool
    last: bool

    @property
    def name(self) -> str:
        return self.member.name


@dataclass(slots=True)
class _Rows:
    """Rows with what the stages so far said to each; ``lost`` are those that a stage did not answer.

    Of these, ``failed`` are those to which it had nothing to say: they count as wrong, others as missing.
    """

    rows: Sequence[Example]
    earlier: list[list[Said]] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.earlier = [[] for _ in self.rows]

    def take(self, stage: str, answers: Sequence[Answer], how: Pass) -> None:
        for place, answer in enumerate(answers):
            self.earlier[place].append(said(stage, answer))
            if place in self.lost:
                continue
            if answer.status.is_missing:
                self.lost.add(place)
            elif how == "replace" and answer.text is None:
                self.lost.add(place)
                self.failed.add(place)


@dataclass(slots=True)
class StageFitter:
    """Fits stages one after another and keeps what they said."""

    stages: Sequence[Stage]
    how: Pass
    context: FitContext
    train: _Rows
    validation: _Rows
    notes: list[str] = field(default_factory=list)

    def fit_all(self) -> tuple[FittedSystem, ...]:
        """Every stage, in order; when one fails, those before it are closed."""
        fitted: list[FittedSystem] = []
        try:
            for number, stage in enumerate(self.stages):
                if self.context.cancelled():
                    raise Cancelled
                self.context.progress(f"stage {stage.name}", number / len(self.stages))
                fitted.append(self._fit(stage, self._seen(stage, self.train), self._seen(stage, self.validation)))
                if not stage.last:
                    self._listen(number, stage, fitted[-1])
        except BaseException:
            close_all(fitted)
            raise
        return tuple(fitted)

    def _seen(self, stage: Stage, rows: _Rows, places: Sequence[int] | None = None) -> list[Example]:
        """Rows as a stage is fitted on them: with its own targets, without rows that it has none for or never sees."""
        answered = rows is self.validation or self._listens()
        found = []
        for place in range(len(rows.rows)) if places is None else places:
            row = rows.rows[place]
            target = row.target if stage.last else row.tag(stage.column) if stage.column else ""
            if target is None or place in rows.lost:
                continue
            found.append((self._as_read(stage, rows, place) if answered else row).with_target(target))
        return found

    def _as_read(self, stage: Stage, rows: _Rows, place: int) -> Example:
        return staged_row(rows.rows[place], rows.earlier[place], self.how, reads_plain(stage.member))

    def _listens(self) -> bool:
        """Whether training rows are answered too: a stage behind the first learns from them."""
        return any(stage.learns for stage in self.stages[1:])

    def _fit(self, stage: Stage, train: list[Example], validation: list[Example]) -> FittedSystem:
        if stage.last:
            if self.train.rows and not train:
                raise WorkError("pipeline.no_answer", "The stages before the last one answered no row.")
            return self.context.fit(stage.member.system, train, validation)
        if not stage.column:
            return stage.member.system.fit(train, [], replace(self.context, labels=(), several=False, fit_other=None))
        if not train or not validation:
            raise InputError(
                "pipeline.no_column",
                f"No row has a value in a column {stage.column!r} besides input and target, which the stage "
                f"{stage.name!r} learns from.",
                where="systems: pipeline: targets",
                hint=f"Columns of the table besides input and target: {', '.join(_columns(self.train.rows)) or 'none'}",
            )
        return stage.member.system.fit(train, validation, self._own_context(train, validation))

    def _own_context(self, train: Sequence[Example], validation: Sequence[Example]) -> FitContext:
        """Labels and measure of a stage with a column of its own: the share of values that it gets right."""
        labels = tuple(sorted({row.target for row in (*train, *validation)}))
        usual = FitContext(self.context.seed, labels, _share_right)
        return replace(usual, progress=self.context.progress, cancelled=self.context.cancelled)

    def _listen(self, number: int, stage: Stage, fitted: FittedSystem) -> None:
        """What a stage says to all rows that later stages are fitted on."""
        answers = self._answers(stage, fitted, self.validation, range(len(self.validation.rows)))
        if stage.member.system.needs.network:
            require_arrived(answers, f"Later stages would be fitted, behind {stage.name},")
        scores = self._scores(stage, answers)
        enough = sum(score is not None for score in scores) >= FEWEST_ROWS
        if stage.learns and enough and has_learned(fitted, scores):
            answers = self._by_halves(stage, self.validation, lambda known: (self._seen(stage, self.train), known))
            scores = self._scores(stage, answers)
        known = [score for score in scores if score is not None]
        if known:
            share = sum(known) / len(known)
            self.notes.append(
                f"stage {number + 1}, {stage.name}: {share:.3f} right on {len(known)} validation rows "
                f"(column {stage.column!r})"
            )
        on_train: Sequence[Answer] = ()
        if self._listens():
            validation = self._seen(stage, self.validation)
            on_train = (
                self._by_halves(stage, self.train, lambda half: (half, validation))
                if stage.learns
                else self._answers(stage, fitted, self.train, range(len(self.train.rows)))
            )
        self.validation.take(stage.name, answers, self.how)
        self.train.take(stage.name, on_train, self.how)

    def score(self, last: FittedSystem) -> float | None:
        """The score of the whole on validation rows, as on rows that no stage has learned; None without such rows.

        It is the one that the last stage had while it chose its settings. A last stage that chose nothing answers the
        rows as it read them; one that learns may have learned these, and is fitted once more for each half of them.
        Rows that an earlier stage failed on count as wrong.

        Raises:
            WorkError: no row was scored, though stages have learned.
        """
        stage, rows = self.stages[-1], self.validation
        there = [place for place in range(len(rows.rows)) if place not in rows.lost]
        own = last.validation_score
        if own is None and last.trials:
            own = max(trial.validation_score for trial in last.trials)
        if own is None and there:
            known = self._own_scores(stage, last, there)
            own = sum(known) / len(known) if known else None
        if own is not None and there:
            return own * len(there) / (len(there) + len(rows.failed))
        if rows.failed:
            return 0.0
        if rows.rows and any(one.learns for one in self.stages):
            raise WorkError("pipeline.no_answer", "The stages answered no validation row.")
        return None

    def _own_scores(self, stage: Stage, last: FittedSystem, places: Sequence[int]) -> list[float]:
        """Scores of the last stage's answers to these validation rows, without those that are missing."""
        rows = self.validation
        if not stage.learns:
            answers = self._answers(stage, last, rows, places)
        elif all(halves(rows.rows)):
            everyone = self._by_halves(stage, rows, lambda half: (self._seen(stage, self.train), half))
            answers = [everyone[place] for place in places]
        else:
            train = self._seen(stage, self.train)
            twin = self._fit(stage, train, train)
            try:
                answers = self._answers(stage, twin, rows, places)
            finally:
                twin.close()
        scores = self.context.grade([rows.rows[place] for place in places], answers)
        return [score for score in scores if score is not None]

    def _scores(self, stage: Stage, answers: Sequence[Answer]) -> list[float | None]:
        """1 or 0 for each validation row; None where the row has no target of this stage or the answer is missing."""
        if not stage.column:
            return []
        targets = [row.tag(stage.column) for row in self.validation.rows]
        return [
            None if target is None or answer.status.is_missing else float(answer.text == target)
            for target, answer in zip(targets, answers, strict=True)
        ]

    def _answers(self, stage: Stage, fitted: FittedSystem, rows: _Rows, places: Sequence[int]) -> list[Answer]:
        return fitted.answer([self._as_read(stage, rows, place).inputs for place in places])

    def _by_halves(
        self, stage: Stage, rows: _Rows, fit_rows: Callable[[list[Example]], tuple[list[Example], list[Example]]]
    ) -> list[Answer]:
        """Answers to each half of the rows by the stage fitted with the other half; ``fit_rows`` takes that half."""
        first, second = halves(rows.rows)
        answers: dict[int, Answer] = {}
        for known, asked in ((first, second), (second, first)):
            twin = self._fit(stage, *fit_rows(self._seen(stage, rows, known)))
            try:
                answers.update(zip(asked, self._answers(stage, twin, rows, asked), strict=True))
            finally:
                twin.close()
        return [answers[place] for place in range(len(rows.rows))]


def fit_stages(
    stages: Sequence[Stage],
    how: Pass,
    train: Sequence[Example],
    validation: Sequence[Example],
    context: FitContext,
) -> tuple[tuple[FittedSystem, ...], list[str], float | None]:
    """The fitted stages, what a person should know of each, and the score of the whole (see ``StageFitter.score``).

    Raises:
        InputError: a column of targets holds nothing.
        WorkError: earlier stages answered no row.
    """
    fitter = StageFitter(stages, how, context, _Rows(train), _Rows(validation))
    fitted = fitter.fit_all()
    try:
        score = fitter.score(fitted[-1])
    except BaseException:
        close_all(fitted)
        raise
    if fitter.validation.lost:
        fitter.notes.append(f"{len(fitter.validation.lost)} validation rows got no answer from a stage before the last")
    own = [f"{stage.name}: {note}" for stage, one in zip(stages, fitted, strict=True) for note in one.notes]
    return fitted, [*fitter.notes, *own], score


def budget_of(fitted: Sequence[FittedSystem]) -> Budget:
    """The tuning of all stages together."""
    budgets = [one.budget for one in fitted]
    declared = [budget.declared for budget in budgets if budget.declared is not None]
    known = len(declared) == len(budgets)
    spent = sum(budget.spent for budget in budgets)
    return Budget(sum(declared) if known else None, spent, all(budget.exhausted for budget in budgets))


def require_kind(system: System, kind: str, name: str) -> None:
    """A stage can give what is wanted of it.

    Raises:
        InputError: it cannot.
    """
    if kind not in traits_of(system).kinds:
        wanted = {"classify": "values of a column", "extract": "JSON", "generate": "text of its own"}[kind]
        raise InputError(
            "pipeline.kind",
            f"The stage {name!r} cannot answer with {wanted}.",
            where="systems: pipeline",
            hint="Take a language model for this stage, or name a column for one that learns labels.",
        )


def _share_right(targets: Sequence[str], answers: Sequence[str]) -> float:
    return sum(t == a for t, a in zip(targets, answers, strict=True)) / max(len(targets), 1)


def _columns(rows: Sequence[Example]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name, _ in row.tags))
