"""How many test cases a claim needs, and what those at hand can show: from plain numbers, a project or a verdict.

Right-or-wrong scores go by how often two systems differ and by the exact test; other scores, and rows in groups, by the
variance of the gain (Miller 2024). Nothing is fitted, graded or opened. Called by ``tunewright cases``.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError
from scipy.special import ndtri

from tunewright.decision.levels import working_alpha
from tunewright.decision.money import DEFAULT_MARGIN
from tunewright.decision.plan import DEFAULT_DISCORDANCE, POWER, UNREALISTIC_CASES, round_up
from tunewright.decision.wording import count, percent, points, usd
from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings
from tunewright.records.verdict import Paired, Verdict
from tunewright.reporting.document import read_verdict
from tunewright.statistics.power import connor_cases, gate_power, minimum_detectable_gain, non_inferiority_cases
from tunewright.statistics.proportions import clopper_pearson_interval
from tunewright.statistics.rare_events import cases_to_bound
from tunewright.statistics.repeats import cases_for_gain, smallest_gain, variance_of_gain
from tunewright.store import Store
from tunewright.workflow.load import load
from tunewright.workflow.prepare import prepare
from tunewright.workflow.recorded.verdict_details import DetailedVerdict
from tunewright.workflow.runs import find_run

EXACT_UP_TO = 200_000
SHOWN_DISCORDANCES = (0.05, 0.10, 0.20, 0.30)
_ALPHA = 0.025
_GUESS = "two systems usually differ on about 20 cases in 100"


@dataclass(frozen=True, slots=True)
class CasesQuestion:
    """What is asked. ``variance`` is that of one case's gain, for scores that are not all right or wrong.

    ``gain_basis`` says where the gain comes from; empty where the person typed it. ``basis`` is that of the rest.
    """

    gain: float = DEFAULT_MARGIN
    power: float = POWER
    n: int | None = None
    discordance: float = DEFAULT_DISCORDANCE
    design_effect: float = 1.0
    variance: float | None = None
    cross_fitted: bool = False
    rate: float | None = None
    usd_per_case: float | None = None
    repetitions: int | None = None
    basis: str = _GUESS
    gain_basis: str = ""

    @property
    def alpha(self) -> float:
        """The one-sided level of the test."""
        return working_alpha(_ALPHA, cross_fitted=self.cross_fitted)


@dataclass(frozen=True, slots=True)
class CasesNeeded:
    """``needed`` finds ``gain`` with the power asked; ``smallest_gain`` and ``power_now`` are those of ``n`` cases.

    ``not_worse_needed`` shows an equal system to be less than ``gain`` worse. ``by_discordance`` is ``needed`` for
    other shares of cases on which two systems differ. ``faultless_needed`` cases without a single event show ``rate``.
    """

    gain: float
    power: float
    n: int | None
    needed: int
    more: int | None
    smallest_gain: float | None
    power_now: float | None
    not_worse_needed: int
    discordance: float | None
    variance: float | None
    by_discordance: dict[str, int]
    usd: float | None
    rate: float | None
    faultless_needed: int | None
    basis: str
    gain_basis: str
    text: str


def cases_needed(question: CasesQuestion) -> CasesNeeded:
    """The answer.

    Raises:
        InputError: a number that no claim can have.
    """
    _check(question)
    needed = needed_cases(question)
    n = question.n
    more = None if n is None else max(needed - n, 0)
    answer = CasesNeeded(
        gain=question.gain,
        power=question.power,
        n=n,
        needed=needed,
        more=more,
        smallest_gain=None if n is None else provable_gain(question, n),
        power_now=None if n is None else round(_power(question, n, question.gain), 4),
        not_worse_needed=_not_worse(question),
        discordance=question.discordance if question.variance is None else None,
        variance=question.variance,
        by_discordance=_by_discordance(question),
        usd=_usd(question, more if more is not None else needed),
        rate=question.rate,
        faultless_needed=None if question.rate is None else cases_to_bound(question.rate),
        basis=question.basis,
        gain_basis=question.gain_basis,
        text="",
    )
    return replace(answer, text=_text(answer))


def needed_cases(question: CasesQuestion) -> int:
    """The fewest cases from which the test finds the gain with the power asked, by enumeration where that is quick.

    Connor's formula (or Miller's, with a variance) is the start; the exact test needs a little more.
    """
    alpha = question.alpha
    if question.variance is not None:
        return _capped(cases_for_gain(question.gain, question.variance, alpha, question.power))
    share = max(question.discordance, question.gain)
    start = connor_cases(question.gain, share, alpha, question.power)
    if start > EXACT_UP_TO:
        return _capped(start * question.design_effect)
    found, step = start, max(1, start // 200)
    while gate_power(found, share, question.gain, alpha) < question.power:
        found += step
    return _capped(found * question.design_effect)


def provable_gain(question: CasesQuestion, n: int) -> float:
    """The smallest gain that ``n`` cases find with the power asked, to a tenth of a point; 1 if none."""
    if question.variance is not None:
        return min(1.0, math.ceil(smallest_gain(n, question.variance, question.alpha, question.power) * 1000) / 1000)
    cases = n / question.design_effect
    gain = minimum_detectable_gain(cases, question.discordance, question.alpha, question.power)
    while gain < 1 and _power(question, n, gain) < question.power:
        gain += 0.001
    return min(1.0, math.ceil(gain * 1000 - 1e-9) / 1000)


def from_verdict(path: Path, question: CasesQuestion, *, gain_typed: bool = False) -> CasesQuestion:
    """The question for the cases of a verdict, with what it saw of how two systems differ.

    That is the comparison that the verdict turned on; without a fine-tune, the best other system against today's. The
    gain is the verdict's smallest worthwhile one unless it was typed.
    """
    verdict = _read(path)
    question = replace(
        question,
        n=question.n if question.n is not None else verdict.test_set.n,
        cross_fitted=verdict.test_set.regime == "cross-fitted",
    )
    if not gain_typed and verdict.min_improvement > 0:
        basis = "the smallest gain worth having, as the verdict has it"
        question = replace(question, gain=verdict.min_improvement, gain_basis=basis)
    measured = _measured(verdict)
    if measured is None or measured[2].n < 2:
        return replace(question, basis=f"{_GUESS}; the verdict compared no two systems")
    return _with_repetitions(_as_seen(question, *measured), verdict)


def from_project(
    settings: ProjectSettings, root: Path, question: CasesQuestion, *, gain_typed: bool = False
) -> CasesQuestion:
    """The question for a project: by its last verdict, else by its rows. Nothing is fitted or written down."""
    if not gain_typed and settings.min_improvement:
        basis = "the smallest gain worth having, as the project states it"
        question, gain_typed = replace(question, gain=settings.min_improvement, gain_basis=basis), True
    try:
        path = find_run(root, None) / "verdict.json"
    except InputError:
        path = None
    if path is not None:
        return from_verdict(path, question, gain_typed=gain_typed)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        study = prepare(settings, root, load(settings, root, store), store).study
        n = len(study.scored) if question.n is None else question.n
        return replace(question, n=n, cross_fitted=study.regime == "cross-fitted")


def _measured(verdict: Verdict) -> tuple[str, str, Paired] | None:
    """(first, second, their comparison): the candidate against the hardest baseline, else the best other system
    against today's; None where no two were compared."""
    if verdict.candidate is not None and verdict.baselines:
        hardest = min(verdict.baselines, key=lambda one: (one.system != verdict.binding, one.interval[0], one.delta))
        return verdict.candidate, hardest.system, hardest
    others = [one for one in verdict.incumbent_comparisons if one.system != verdict.incumbent]
    if verdict.incumbent is None or not others:
        return None
    best = max(others, key=lambda one: one.delta)
    return best.system, verdict.incumbent, best


def _read(path: Path) -> Verdict:
    """A verdict, with or without details; the details stay on it where it has them."""
    try:
        return DetailedVerdict.model_validate_json(path.read_bytes())
    except ValidationError:
        return read_verdict(path)


def _with_repetitions(question: CasesQuestion, verdict: Verdict) -> CasesQuestion:
    """With each case answered so many times, by the two parts of the variance that the verdict saw (Miller 2024).

    Raises:
        InputError: repetitions are asked for, and the verdict knows of none.
    """
    if question.repetitions is None:
        return question
    details = verdict.details if isinstance(verdict, DetailedVerdict) else None
    if details is None or details.gain_between is None or len(details.repetitions) != 2:
        raise _unknown_repetitions(question)
    within = [one.within for one in details.repetitions]
    times = question.repetitions
    variance = variance_of_gain(details.gain_between, within[0], within[1], times, times)
    basis = f"each case answered {times} times by both, as their answers varied before"
    return replace(question, variance=variance, basis=basis)


def _as_seen(question: CasesQuestion, first: str, second: str, paired: Paired) -> CasesQuestion:
    between = f"{first} and {second}"
    if paired.fixed is not None and paired.broken is not None and paired.groups is None:
        # The upper 80 % bound: a pilot that happened to see few differences should not promise too much.
        high = float(clopper_pearson_interval(paired.fixed + paired.broken, paired.n, 1 - POWER)[1])
        basis = (
            f"{between} differed on {paired.fixed + paired.broken} of {paired.n} cases, so perhaps on {percent(high)} "
            "at the upper 80 % bound"
        )
        return replace(question, discordance=high, basis=basis)
    z = -float(ndtri(question.alpha))
    low, high = paired.interval
    variance = ((high - low) / (2 * z)) ** 2 * paired.n
    basis = f"the gain of {between} was known to within {points((high - low) / 2)} on {paired.n} cases"
    return replace(question, variance=variance, basis=basis)


def _power(question: CasesQuestion, n: int, gain: float) -> float:
    if question.variance is not None:
        error = math.sqrt(question.variance / n) if n > 0 else math.inf
        return _normal_cdf(gain / error + float(ndtri(question.alpha))) if error > 0 else 1.0
    cases = int(n / question.design_effect)
    return gate_power(cases, max(question.discordance, gain), gain, question.alpha)


def _not_worse(question: CasesQuestion) -> int:
    if question.variance is not None:
        return _capped(cases_for_gain(question.gain, question.variance, question.alpha, question.power))
    cases = non_inferiority_cases(
        question.gain, question.discordance, question.alpha, question.power, question.design_effect
    )
    return _capped(cases)


def _by_discordance(question: CasesQuestion) -> dict[str, int]:
    if question.variance is not None:
        return {}
    shares = [share for share in SHOWN_DISCORDANCES if share >= question.gain]
    return {f"{share:.2f}": needed_cases(replace(question, discordance=share)) for share in shares}


def _usd(question: CasesQuestion, cases: int) -> float | None:
    return None if question.usd_per_case is None else round(cases * question.usd_per_case, 2)


def _text(answer: CasesNeeded) -> str:
    often = f"{10 * answer.power:g} times in 10"
    claim = f"A gain of {points(answer.gain)} is found {often} with about {count(round_up(answer.needed), 'case')}"
    lines = [f"{claim} ({answer.basis})."]
    if answer.gain_basis:
        lines.append(f"{points(answer.gain).capitalize()}: {answer.gain_basis}.")
    if answer.n is not None and answer.smallest_gain is not None and answer.power_now is not None:
        if answer.smallest_gain >= 1:
            lines.append(f"{count(answer.n, 'case')} cannot show any gain.")
        else:
            lines.append(
                f"The smallest gain that {count(answer.n, 'case')} can show is {points(answer.smallest_gain)}."
            )
        if answer.more:
            chance = percent(answer.power_now)
            lines.append(
                f"They would find a gain of {points(answer.gain)} with probability {chance}; about "
                f"{count(round_up(answer.more), 'more case')} would do."
            )
    if answer.usd is not None:
        lines.append(f"Labelling those would cost {usd(answer.usd)}.")
    lines.append(
        f"To show a system to be less than {points(answer.gain)} worse takes about "
        f"{count(round_up(answer.not_worse_needed), 'case')}."
    )
    if answer.by_discordance:
        shown = ", ".join(f"{round_up(n):,} if {100 * float(share):g}" for share, n in answer.by_discordance.items())
        lines.append(f"By how many cases in 100 the two systems differ on: {shown}.")
    if answer.rate is not None and answer.faultless_needed is not None:
        lines.append(
            f"A failure rate below {percent(answer.rate)} is shown (95 %) by {count(answer.faultless_needed, 'case')} "
            "without a single failure."
        )
    return "\n".join(lines)


def _check(question: CasesQuestion) -> None:
    shares = {"--gain": question.gain, "--power": question.power, "--discordance": question.discordance}
    shares |= {} if question.rate is None else {"--rate": question.rate}
    for flag, value in shares.items():
        if not 0 < value < 1 and not (flag == "--discordance" and value == 1):
            raise InputError(
                "call.value",
                f"{flag} must lie between 0 and 1.",
                where=f"{flag} {value:g}",
                hint="2 points are 0.02, and 80 % is 0.8.",
            )
    if question.repetitions is not None and question.variance is None:
        raise _unknown_repetitions(question)
    if question.power <= question.alpha:
        raise InputError("call.value", "--power must exceed the error rate of the test.", where=f"{question.power:g}")


def _unknown_repetitions(question: CasesQuestion) -> InputError:
    return InputError(
        "call.no_repetitions",
        "What repetitions would gain is not known.",
        where=f"--repetitions {question.repetitions}",
        hint="Name the verdict (as JSON) on two logs in which each case was answered several times.",
    )


def _capped(cases: float) -> int:
    return min(math.ceil(cases - 1e-9), UNREALISTIC_CASES) if math.isfinite(cases) else UNREALISTIC_CASES


def _normal_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
