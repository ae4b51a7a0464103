"""The details of a verdict on recorded scores, from columns of scores and outcomes to records and gates.

Which statistic fits what stands in ``statistics``; here each is called where the scores allow it. Called by
``scores_verdict`` and, for tables of answers, by ``answers_verdict``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.data.eval_logs._cases import INPUT_TOKENS, OUTPUT_TOKENS, SECONDS, USD
from tunewright.decision.compare import compare, estimate, pair_up
from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.betting import gain_confidence_sequence
from tunewright.statistics.equivalence import equivalence_p, non_inferiority_p
from tunewright.statistics.gains import is_binary
from tunewright.statistics.max_t import max_t_p
from tunewright.statistics.multiplicity import candidate_p_values
from tunewright.statistics.preferences import is_preference, preference
from tunewright.statistics.rare_events import upper_bound
from tunewright.statistics.ratios import Ratio, outer_mean_ratio, quantile_ratio
from tunewright.statistics.repeats import repeated
from tunewright.statistics.sequential import (
    bernoulli_confidence_sequence,
    discordant_e_value,
    two_sided_discordant_e_value,
)
from tunewright.statistics.slices import MIN_CASES, slice_gains
from tunewright.workflow.recorded.paired_scores import SystemColumn, all_tags, tag_values
from tunewright.workflow.recorded.verdict_details import (
    AmountRatio,
    AnyTime,
    CandidateResult,
    PreferenceShare,
    Repetitions,
    SliceGain,
    UnusableRate,
)

DIGITS = 6
ALPHA = 0.025
MIN_PAIRS = 10
_MOST = 1e300


def complete_gains(
    new: FloatArray, old: FloatArray, groups: IntArray | None
) -> tuple[FloatArray, IntArray | None, NDArray[np.bool_]]:
    """Gains of the cases that both scored, their groups (None where no two belong together), and which those are."""
    both = ~(np.isnan(new) | np.isnan(old))
    kept = None if groups is None else groups[both]
    if kept is not None and len(np.unique(kept)) == len(kept):
        kept = None
    return new[both] - old[both], kept, both


def margins(gains: FloatArray, margin: float, groups: IntArray | None) -> tuple[float, float]:
    """p of "worse by the margin" and of "differs by the margin", rounded."""
    return _p(non_inferiority_p(gains, margin, groups)), _p(equivalence_p(gains, margin, groups))


def any_time(new: SystemColumn, old: SystemColumn, groups: IntArray | None, level: float = ALPHA) -> AnyTime | None:
    """Evidence that stays valid while cases are added at the end of the file; None where rows belong together.

    ``level`` is one-sided, for each end of the interval of the gain; proof is an e-value of 1 / level.

    Bets are laid on each case before it is seen, so the cases must stand in the order in which they came, and come at
    random: a file sorted by kind refutes every gain.
    """
    gains, kept, both = complete_gains(new.scores, old.scores, groups)
    if kept is not None or not len(gains):
        return None
    low, high = gain_confidence_sequence(gains, 2 * level)
    interval = (round(low, DIGITS), round(high, DIGITS))
    if not all(is_binary(one.scores[both]) for one in (old, new)):
        return AnyTime(e_value=None, e_value_either=None, rates={}, interval=interval, proof=_p(1 / level))
    fixed, broken = int((gains > 0).sum()), int((gains < 0).sum())
    rates = {}
    for one in (old, new):
        ends = bernoulli_confidence_sequence(float(one.scores[both].sum()), len(gains))
        rates[one.name] = (round(ends[0], DIGITS), round(ends[1], DIGITS))
    return AnyTime(
        e_value=_p(min(float(discordant_e_value(fixed, broken)), _MOST)),
        e_value_either=_p(min(float(two_sided_discordant_e_value(fixed, broken)), _MOST)),
        rates=rates,
        interval=interval,
        proof=_p(1 / level),
    )


def unusable(columns: Sequence[SystemColumn]) -> list[UnusableRate]:
    """Answers of no use (refusals, limits hit) among those that came back at all."""
    found = []
    for column in columns:
        states = [column.status(row)[0] for row in range(len(column.answers))]
        failed, n = states.count(Status.MODEL_FAIL), sum(not state.is_missing for state in states)
        if n:
            found.append(
                UnusableRate(system=column.name, n=n, unusable=failed, at_most=round(upper_bound(failed, n), DIGITS))
            )
    return found


def gain_between(new: SystemColumn, old: SystemColumn) -> float | None:
    """Variance of the cases' own gains once the noise of the answers is taken off; None without repetitions."""
    if min(new.repeated.shape[1], old.repeated.shape[1]) < 2:
        return None
    gains, _, both = complete_gains(new.scores, old.scores, None)
    if len(gains) < 2:
        return None
    noise = 0.0
    for column in (new, old):
        counts = (~np.isnan(column.repeated[both])).sum(axis=1)
        noise += repeated(column.repeated[both]).within * float(np.mean(1 / counts))
    return round(max(float(gains.var(ddof=1)) - noise, 0.0), DIGITS)


def slices(
    new: SystemColumn, old: SystemColumn, wanted: Sequence[str], groups: IntArray | None, seed: int
) -> list[SliceGain]:
    """Gains of every value of the wanted tags, flagged together.

    Raises:
        InputError: a tag that no case has.
    """
    known = all_tags([old, new])
    for tag in wanted:
        if tag not in known:
            raise InputError(
                "verdict.no_tag", f"No case has a tag {tag!r}.", where=f"tags: {', '.join(known) or 'none'}"
            )
    gains, kept, both = complete_gains(new.scores, old.scores, groups)
    rows = np.flatnonzero(both)
    names: list[tuple[str, str]] = []
    places: list[int] = []
    for tag in wanted:
        values = tag_values([old, new], tag, len(both))
        for place, row in enumerate(rows):
            value = values[row]
            if value is not None:
                names.append((tag, value))
                places.append(place)
    if not places:
        return []
    keys = sorted(set(names))
    labels = [str(keys.index(name)) for name in names]
    found = slice_gains(gains[places], labels, None if kept is None else kept[places], seed=seed)
    return [
        SliceGain(
            tag=keys[int(item.name)][0],
            value=keys[int(item.name)][1],
            n=item.n,
            gain=round(item.gain, DIGITS),
            interval=(round(item.low, DIGITS), round(item.high, DIGITS)),
            p=None if item.p is None else _p(item.p),
            p_adjusted=None if item.p_adjusted is None else _p(item.p_adjusted),
            flag=item.flag,
        )
        for item in found
    ]


def worthwhile_tags(columns: Sequence[SystemColumn]) -> list[str]:
    """Tags that part the cases, with at least one value that has enough of them to be judged."""
    found = []
    for tag in all_tags(columns):
        counts = Counter(value for value in tag_values(columns, tag, len(columns[0].scores)) if value is not None)
        if len(counts) > 1 and max(counts.values()) >= MIN_CASES:
            found.append(tag)
    return found


def ratios(new: SystemColumn, old: SystemColumn, groups: IntArray | None, seed: int) -> list[AmountRatio]:
    """Ratios of what answers take, on the cases for which both logs say it."""
    found = []
    for amount in (SECONDS, USD, INPUT_TOKENS, OUTPUT_TOKENS):
        first, second = new.amount(amount), old.amount(amount)
        both = ~(np.isnan(first) | np.isnan(second))
        if both.sum() < MIN_PAIRS:
            continue
        a, b, kept = first[both], second[both], None if groups is None else groups[both]
        found.append(_ratio(amount, "mean", len(a), outer_mean_ratio(a, b, kept, seed=seed)))
        if amount == SECONDS:
            found.append(_ratio(amount, "p50", len(a), quantile_ratio(a, b, 0.5, kept, seed=seed)))
            found.append(_ratio(amount, "p95", len(a), quantile_ratio(a, b, 0.95, kept, seed=seed)))
    return found


def repetitions(columns: Sequence[SystemColumn]) -> list[Repetitions]:
    """Figures of the systems that answered cases more than once."""
    found = []
    for column in columns:
        if column.repeated.shape[1] > 1:
            figures = repeated(column.repeated)
            found.append(
                Repetitions(
                    system=column.name,
                    repetitions=round(figures.repetitions, 3),
                    within=round(figures.within, DIGITS),
                    between=round(figures.between, DIGITS),
                    noise_share=round(figures.noise_share, 4),
                )
            )
    return found


def preferences(columns: Sequence[SystemColumn], groups: IntArray | None, seed: int) -> list[PreferenceShare]:
    """Wins, ties and losses of systems whose every score is 1, 1/2 or 0."""
    found = []
    for column in columns:
        known = ~np.isnan(column.scores)
        scores = column.scores[known]
        if column.repeated.shape[1] > 1 or (column.orders is None and not is_preference(scores)):
            continue
        figures = preference(scores, None if groups is None else groups[known], seed=seed)
        found.append(
            PreferenceShare(
                system=column.name,
                wins=figures.wins,
                ties=figures.ties,
                losses=figures.losses,
                share=round(figures.share, DIGITS),
                interval=(round(figures.interval[0], DIGITS), round(figures.interval[1], DIGITS)),
                p=_p(figures.p),
                flip_rate=None if column.orders is None else round(column.orders.flip_rate, DIGITS),
                first_place_share=None if column.orders is None else round(column.orders.first_place_share, DIGITS),
            )
        )
    return found


def candidates(
    columns: Sequence[SystemColumn], old: SystemColumn, groups: IntArray | None, margin: float, seed: int
) -> list[CandidateResult]:
    """Several candidates against the old system, with p adjusted for their number; none where there is but one."""
    if len(columns) < 2:
        return []
    scored = [SystemScores(name=old.name, role="baseline", simplicity=0, scores=old.scores)]
    scored += [SystemScores(name=c.name, role="candidate", simplicity=1, scores=c.scores) for c in columns]
    inputs = DecisionInputs(systems=tuple(scored), min_improvement=margin, groups=groups, seed=seed)
    pairs = [pair_up(one, scored[0], inputs) for one in scored[1:]]
    tested = compare(pairs, inputs)
    bounds = estimate(pairs, inputs, share_of_alpha=1 / len(columns))
    adjusted = candidate_p_values(np.array([[one.p] for one in tested]))
    everywhere = ~np.any([np.isnan(one.scores) for one in scored], axis=0)
    joint = np.stack([(c.scores - old.scores)[everywhere] for c in columns])
    p_max = max_t_p(joint, None if groups is None else groups[everywhere], seed=seed)
    return [
        CandidateResult(
            system=column.name,
            n=one.estimate.n,
            score=None if np.isnan(column.scores).all() else round(float(np.nanmean(column.scores)), DIGITS),
            gain=round(one.estimate.delta, DIGITS),
            interval=(round(wide.low, DIGITS), round(wide.high, DIGITS)),
            p=_p(one.p),
            p_holm=_p(float(holm)),
            p_max_t=_p(float(together)),
            proven=bool(holm <= ALPHA and one.estimate.low > 0),
        )
        for column, one, wide, holm, together in zip(columns, tested, bounds, adjusted, p_max, strict=True)
    ]


def _ratio(amount: str, figure: str, n: int, ratio: Ratio) -> AmountRatio:
    return AmountRatio.model_validate(
        {
            "amount": amount,
            "figure": figure,
            "n": n,
            "old": _p(ratio.second),
            "new": _p(ratio.first),
            "ratio": None if math.isnan(ratio.ratio) else _p(ratio.ratio),
            "interval": (_p(ratio.low), None if math.isinf(ratio.high) else _p(ratio.high)),
        }
    )


def _p(value: float) -> float:
    return float(f"{value:.6g}")
