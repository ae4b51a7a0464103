"""What is kept of the rows that were learned: can they be told from new ones, are their answers written on verbatim?

Membership compares how likely the right answer is in rows learned and in rows not learned; of a language model the
untuned base's likelihood is taken off first, so that a case that is easy for any model does not look like one that was
seen (Watson, Guo, Cormode, Sablayrolles 2022, "difficulty calibration"). Completion shows the beginning of an answer
without its case and looks whether the rest follows word for word, in rows learned and not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tunewright.records.example import Example, Message, with_system
from tunewright.records.generation import Decoding, Request
from tunewright.records.guard import Guard
from tunewright.statistics.arrays import FloatArray
from tunewright.statistics.exposure import membership_auc, rate_difference
from tunewright.systems.finetune import FittedFinetune
from tunewright.workflow.guard.rule import Named, as_scores, least_alpha, made, not_checked, percent, result_below
from tunewright.workflow.guard.subject import Models, Subject

if TYPE_CHECKING:
    from tunewright.backends.local import LocalBackend

MEMBERSHIP_LIMIT = 0.70
COMPLETION_LIMIT = 0.05
LEAST_ROWS = 20
PREFIX_TOKENS = 50
LEAST_TOKENS = 16
NEUTRAL = "Continue."


def membership_guard(subject: Subject) -> Guard:
    """How often a row that was learned looks more familiar than one that was not. Advice: it stops no shipment."""
    named = Named("membership", subject.name, None, blocks=False)
    train, new = subject.rows(subject.train), subject.rows(subject.held_out)
    found = [_familiarity(subject, rows) for rows in (train, new)]
    if found[0] is None or found[1] is None:
        return not_checked(named, f"no likelihoods can be had, for {subject.why_not}", MEMBERSHIP_LIMIT)
    learned, others = (values[~np.isnan(values)] for values in found if values is not None)
    if min(len(learned), len(others)) < LEAST_ROWS:
        return not_checked(named, f"it takes {LEAST_ROWS} rows on each side", MEMBERSHIP_LIMIT)
    area, interval = membership_auc(learned, others)
    mean = float(learned.mean()), float(others.mean())
    what = "log-likelihood of the right answer" + ("" if subject.models is None else ", less that of the base,")
    text = (
        f"A row that was learned looks more familiar than a new one in {percent(area)} of pairs (50 % would tell "
        f"nothing); mean {what} {mean[0]:.3g} on {len(learned)} rows learned, {mean[1]:.3g} on {len(others)} new ones."
    )
    result = result_below(area, interval, MEMBERSHIP_LIMIT, nothing=0.5)
    return made(named, len(learned) + len(others), area, 0.5, interval, MEMBERSHIP_LIMIT, result, text)


def completion_guard(subject: Subject) -> Guard:
    """Verbatim completion of answers from their beginning alone: rate on rows learned minus rate on others."""
    named = Named("prefix completion", subject.name, "answers that were not learned")
    if subject.models is None or not subject.can_write:
        why = "only labels were learned, no text" if subject.base else subject.why_not
        return not_checked(named, why, COMPLETION_LIMIT)
    train, new = subject.rows(subject.train), subject.rows(subject.held_out)
    told = {row.target for row in train} & {row.target for row in new}
    sides = [[row.target for row in rows if row.target not in told] for rows in (train, new)]
    found = [_completed(subject.models.tuned, subject.models, list(dict.fromkeys(side)), subject) for side in sides]
    counts = [(sum(done), len(done)) for done in found]
    if min(n for _, n in counts) < LEAST_ROWS:
        why = f"it takes {LEAST_ROWS} different answers of {LEAST_TOKENS} tokens on each side, and there are "
        return not_checked(named, why + " and ".join(str(n) for _, n in counts), COMPLETION_LIMIT)
    (kept, n), (by_chance, m) = counts
    gap, interval = rate_difference(kept, n, by_chance, m)
    text = (
        f"Shown the beginning of an answer without its case, it writes the rest word for word in {kept} of {n} answers "
        f"that were learned and {by_chance} of {m} that were not."
    )
    result = result_below(gap, interval, COMPLETION_LIMIT)
    p = 1.0
    if gap > COMPLETION_LIMIT:
        p = least_alpha(lambda alpha: rate_difference(kept, n, by_chance, m, alpha)[1][0] > 0)
    return made(named, n + m, kept / n, by_chance / m, interval, COMPLETION_LIMIT, result, text, p)


def log_likelihoods(backend: LocalBackend, models: Models, rows: Sequence[Example], subject: Subject) -> FloatArray:
    """Log-probability of each row's right answer as the whole answer, float64[n]; nan where it cannot be had."""
    found: list[float | None] = [None] * len(rows)
    for place, row in enumerate(rows):
        if not row.target.strip():
            continue
        decoding = Decoding(choices=(row.target,), logprobs=True)
        request = Request(with_system(row.messages, models.instruction), decoding, row.tools)
        for _, reply in backend.complete([request], subject.watch("familiar rows")):
            found[place] = reply.choices[0] if reply.choices else None
    return as_scores(found)


def _familiarity(subject: Subject, rows: Sequence[Example]) -> FloatArray | None:
    """Larger is more familiar, float64[n]; None where the system tells no likelihood."""
    if subject.models is not None:
        models = subject.models
        tuned, base = (log_likelihoods(one, models, rows, subject) for one in (models.tuned, models.base))
        return np.asarray(tuned - base)
    fitted = subject.fitted
    if not isinstance(fitted, FittedFinetune) or fitted.tuned is None or fitted.cut is not None:
        return None
    chances = fitted.tuned.probabilities([row.text for row in rows])
    place = {label: number for number, label in enumerate(fitted.labels)}
    right = [float(chances[row, place[one.target]]) if one.target in place else None for row, one in enumerate(rows)]
    return np.asarray(np.log(np.maximum(as_scores(right), 1e-12)))


def _completed(backend: LocalBackend, models: Models, targets: Sequence[str], subject: Subject) -> list[bool]:
    """Whether each answer that is long enough is written on verbatim from its first half, at most 50 tokens of each."""
    from tunewright.language.generate import Decoding as Tokens
    from tunewright.language.generate import context_tokens, generate
    from tunewright.language.render import render_prompts

    spec, weights = backend.model.spec, backend.model.weights
    (opening,) = render_prompts([(with_system((Message("user", NEUTRAL),), models.instruction), ())], spec)
    limit = context_tokens(weights)
    prompts, rests = [], []
    for target in targets:
        ids = list(spec.tokenizer(target, add_special_tokens=False).input_ids)
        half = min(PREFIX_TOKENS, len(ids) // 2)
        rest = ids[half : half + PREFIX_TOKENS]
        if len(ids) >= LEAST_TOKENS and (limit is None or len(opening) + half + len(rest) < limit):
            prompts.append((*opening, *ids[:half]))
            rests.append(tuple(rest))
    if not prompts:
        return []
    made_ = generate(
        weights,
        None,
        prompts,
        Tokens(max(map(len, rests)), spec.stop),
        progress=subject.watch("completing answers").progress,
        cancelled=subject.hooks.cancelled,
    )
    return [one.ids[: len(rest)] == rest for one, rest in zip(made_, rests, strict=True)]
