"""The check of the checks: each kind of defect is planted in a copy of the data, and the checks are asked for it.

Every defect has a copy of its own. In one shared copy defects would hide and make one another: flipped labels blunt the
classes that triggers are told by, twins of flipped rows are contradictions, a prompt before all rows changes every
text. Apart, each figure is about one thing; and it costs little, for only the checks that may find the defect run, what
row checks saw in untouched rows is remembered, and vectors are made once per text.

What was flagged before planting is told apart: a row that a check had flagged already neither counts as found nor as a
false alarm.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from zlib import crc32

import numpy as np

import tunewright.audit.planting as folder
from tunewright.audit.planted_score import Score, score, together
from tunewright.audit.planting._defect import FEWEST, MARK, Defect, Planted, source_id
from tunewright.audit.registry import all_checks
from tunewright.audit.result import AuditResult
from tunewright.audit.run import AuditOptions, run_audit
from tunewright.audit.view import FloatArray, Part, View
from tunewright.errors import InputError
from tunewright.records.example import Example

# More rows are sampled: the figures would hardly move, and they are about the checks, not about the rows.
MOST_ROWS = 5_000
FEWEST_ROWS = 60
SHARE_PLANTED = 0.03
MOST_PLANTED = 100


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How each defect fared in ``rows`` rows, a sample of ``rows_given``. ``untried`` are checks that were asked for
    and for which nothing was planted here."""

    rows: int
    rows_given: int
    seed: int
    scores: tuple[Score, ...]
    untried: tuple[str, ...]
    seconds: float


def all_defects() -> list[Defect]:
    """Every defect of the folder, by file and in the order of the file."""
    names = sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if not m.name.startswith("_"))
    modules = [importlib.import_module(f"{folder.__name__}.{name}") for name in names]
    return [defect for module in modules for defect in module.DEFECTS]


def self_test(view: View, options: AuditOptions | None = None, most_rows: int = MOST_ROWS) -> SelfTest:
    """Plant, audit and score; with ``options.only``, the defects that these checks may find.

    All checks that may find a defect are asked for it, those that were not named too: a defect that one check leaves to
    another is no miss of either.

    Raises:
        InputError: there are too few rows to plant anything, or there is nothing to plant for these checks.
        Cancelled: the person asked to stop.
    """
    started = time.perf_counter()
    wanted = options or AuditOptions()
    if len(view) < FEWEST_ROWS:
        raise InputError(
            "audit.self_test_few",
            f"{len(view)} rows are too few for a self-test.",
            why="What is planted must be rare among the rows, and enough to speak of a recall.",
            hint=f"Give at least {FEWEST_ROWS} rows.",
        )
    base = _sampled(view, most_rows)
    defects = _defects_for(wanted.only)
    bench = _Bench(base, replace(wanted, memory=wanted.memory or _Memory(), processes=0))
    reasons = {defect.name: defect.applies(base) for defect in defects}
    apply = [defect for defect in defects if reasons[defect.name] is None]
    bench.audit_untouched([check for defect in apply for check in defect.checks])
    scores = []
    for number, defect in enumerate(defects):
        view.progress(defect.title, number / len(defects))
        because = reasons[defect.name]
        left_out = Score(defect.name, defect.title, "not planted", because)
        scores.append(left_out if because else bench.try_out(defect))
    view.progress("self-test", 1.0)
    tried = {check for score_ in scores if score_.status == "scored" for check, _, _ in score_.by_check}
    names = (check.NAME for check in all_checks() if not wanted.only or check.NAME in wanted.only)
    untried = tuple(name for name in names if name not in tried)
    return SelfTest(len(base), len(view), view.seed, tuple(scores), untried, time.perf_counter() - started)


def _defects_for(checks: Sequence[str]) -> list[Defect]:
    """Defects that these checks may find; all where none are named."""
    defects = all_defects()
    chosen = [defect for defect in defects if not checks or set(defect.checks) & set(checks)]
    if not chosen:
        known = sorted({check for defect in defects for check in defect.checks})
        raise InputError(
            "audit.nothing_planted",
            f"Nothing is planted for {', '.join(checks)}.",
            where="--check",
            hint=f"Checks with planted defects: {', '.join(known)}",
        )
    return chosen


@dataclass(slots=True)
class _Bench:
    """The untouched rows, what was flagged in them, and the means to try a defect out."""

    base: View
    options: AuditOptions
    _before: AuditResult | None = None

    def audit_untouched(self, checks: Sequence[str]) -> None:
        """What is flagged before anything is planted."""
        if checks:
            self._before = run_audit(self.base, replace(self.options, only=tuple(checks)))

    def try_out(self, defect: Defect) -> Score:
        """Plant one defect, each time in a fresh copy, run the checks that may find it, and count."""
        return together([self._once(defect, number) for number in range(defect.times)])

    def _once(self, defect: Defect, number: int) -> Score:
        started = time.perf_counter()
        rng = np.random.default_rng([self.base.seed, crc32(defect.name.encode()), number])
        planted = defect.plant(self.base, rng, how_many(len(self.base)))
        if len(planted.rows) < FEWEST and not defect.of_the_set:
            because = f"only {len(planted.rows)} rows are fit for it"
            return Score(defect.name, defect.title, "not planted", because)
        checks = defect.checks
        copy = _view_of(self.base, planted.examples, planted.parts)
        after = run_audit(copy, replace(self.options, only=checks))
        before, untouched = self._before, self.base
        if planted.parts is not None:
            untouched = _view_of(self.base, self.base.examples, _parts_of(self.base.examples, planted))
            before = run_audit(untouched, replace(self.options, only=checks))
        if before is None:
            raise RuntimeError("the untouched rows were not audited")
        seconds = time.perf_counter() - started
        return score(defect, planted, (untouched.examples, before), after, seconds)


def how_many(rows: int) -> int:
    """Rows to plant: 3 % of them, at least 10 and at most 100, and never more than a tenth."""
    return max(FEWEST, min(max(10, round(SHARE_PLANTED * rows)), MOST_PLANTED, rows // 10))


def _sampled(view: View, most: int) -> View:
    """A view of at most so many rows, drawn and shuffled (a file sorted by class would hide a planted order), under
    ids that are unique."""
    order = np.random.default_rng(view.seed).permutation(len(view))[:most].tolist()
    embed = None if view.embed is None else _Remembered(view.embed)
    rows = _unique([view.examples[place] for place in order])
    return _view_of(replace(view, embed=embed), tuple(rows), None)


def _unique(rows: Sequence[Example]) -> list[Example]:
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        name = row.row_id.replace(MARK, "+")
        seen[name] = seen.get(name, 0) + 1
        found.append(replace(row, row_id=name if seen[name] == 1 else f"{name} ({seen[name]})"))
    return found if len({row.row_id for row in found}) == len(found) else _numbered(found)


def _numbered(rows: Sequence[Example]) -> list[Example]:
    return [replace(row, row_id=f"{row.row_id} #{number}") for number, row in enumerate(rows)]


def _view_of(base: View, examples: tuple[Example, ...], parts: tuple[Part, ...] | None) -> View:
    """The same means of looking, at other rows. Nothing is known of deployment, for nothing was planted there."""
    return View(
        examples,
        base.kind,
        parts,
        embed=base.embed,
        no_vectors=base.no_vectors,
        seed=base.seed,
        cancelled=base.cancelled,
    )


def _parts_of(examples: Sequence[Example], planted: Planted) -> tuple[Part, ...]:
    """The sides that the untouched rows have in the copy."""
    added = set(planted.rows)
    rows = zip(planted.examples, planted.parts or (), strict=True)
    side = {source_id(row.row_id): part for row, part in rows if row.row_id not in added}
    return tuple(side[example.row_id] for example in examples)


@dataclass(slots=True)
class _Remembered:
    """Vectors that are made once per text: a copy differs from the untouched rows in a few."""

    embed: Callable[[Sequence[str]], FloatArray]
    _known: dict[str, FloatArray] = field(default_factory=dict)

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors ``[texts, width]``."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self.embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])


@dataclass(slots=True)
class _Memory:
    """What row checks saw, for as long as the self-test runs."""

    _kept: dict[tuple[str, int, str, str], str] = field(default_factory=dict)

    def get_many(self, check: str, version: int, limits: str, digests: Sequence[str]) -> Mapping[int, str]:
        """What is known, by place in ``digests``."""
        found = ((place, self._kept.get((check, version, limits, digest))) for place, digest in enumerate(digests))
        return {place: text for place, text in found if text is not None}

    def put_many(self, check: str, version: int, limits: str, found: Sequence[tuple[str, str]]) -> None:
        """Keep (digest, text) pairs."""
        self._kept.update({(check, version, limits, digest): text for digest, text in found})
