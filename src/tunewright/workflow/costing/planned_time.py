"""How long the fine-tunes of a run will train on this machine, and what its hours cost, said before it starts.

Arithmetic over the weights, the tokens and the speed of the machine (``training.time_model``), so a range; a run says
what is left once it trains. Nothing is loaded. Called by ``planning``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tunewright.prices.machines import machine_price
from tunewright.records.system import Training, training_of
from tunewright.training.time_model import Range, flops_per_token, hours, share_of_peak
from tunewright.workflow.costing.training_estimate import hours_text
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Study

CHARACTERS_PER_TOKEN = 4.0
MARKS_PER_ROW = 2
"""Tokens around a text; a chat template adds some more."""
SCORING = 1.5
"""Validation rows are scored after every pass: up to half as much again."""
WRITING = 2.0
"""Where the answers to them are written: of a fit of ``examples/calls`` that took 83 s (150 rows, 2 folds, a
processor), 49 s were training and 34 s writing, a factor of 1.7."""
NOTHING = Range(0.0, 0.0, 0.0)


def training_lines(study: Study, contestants: Sequence[Contestant]) -> list[str]:
    """One sentence on the training of the fine-tunes; none where there is none, or where nothing is known of it."""
    planned = [(one, training_of(one.system)) for one in contestants if one.system.missing() is None]
    known = [(one.name, training) for one, training in planned if training is not None]
    unknown = [one.name for one, training in planned if training is None and one.system.role == "candidate"]
    if not known:
        return []
    compared = [_compared(study, training) for _, training in known]
    kept = [_kept_for_use(study, training) for _, training in known]
    each = [Range(a.low, a.likely, a.high + b.high) for a, b in zip(compared, kept, strict=True)]
    parts = [f"{name} about {hours_text(time)}" for (name, _), time in zip(known, each, strict=True)]
    # One system wins at most, and it alone is made ready for use.
    low, high = sum(time.low for time in compared), sum(time.high for time in compared) + max(b.high for b in kept)
    price = machine_price(study.settings.machine_usd_per_hour)
    shown = _dollars(low * price.usd_per_hour, high * price.usd_per_hour)
    end = f"; not known for {', '.join(unknown)}" if unknown else ""
    most = "; the most is with the fit on all rows of what wins" if kept[0].high else ""
    return [f"Training, reckoned for this machine: {'; '.join(parts)}{end} ({shown}, price {price.basis}{most})."]


def _compared(study: Study, training: Training) -> Range:
    """Hours of the fits of one system that are compared."""
    return _hours(study, training, (row for part in study.parts for row in part.train))


def _kept_for_use(study: Study, training: Training) -> Range:
    """Hours of its fit on all rows should it win (``release``); with a locked test the fit that was tested is kept."""
    return _hours(study, training, study.all_rows.train) if study.regime == "cross-fitted" else NOTHING


def _hours(study: Study, training: Training, rows: Iterable[int]) -> Range:
    """Hours on the machine at hand; ``rows`` come as often as a fit learns from them."""
    from tunewright.training.precision import choose_precision
    from tunewright.training.this_machine import this_device

    device = this_device(choose_precision())
    tokens = sum(_tokens(study, row, training.longest) for row in rows)
    flops = flops_per_token(training.weights, training.method) * training.passes * tokens
    found = hours(flops, device, share_of_peak(training.weights, device, packed=False, method=training.method))
    return Range(found.low, found.likely, found.high * (WRITING if _writes(study) else SCORING))


def _writes(study: Study) -> bool:
    """Whether fine-tunes write their answers instead of scoring labels."""
    return study.settings.kind != "classify" or several_labels(study.settings)


def _tokens(study: Study, row: int, longest: int) -> float:
    example = study.examples[row]
    characters = sum(len(message.content) for message in example.messages)
    tokens = MARKS_PER_ROW + characters / CHARACTERS_PER_TOKEN
    if longest:
        return min(tokens, longest)
    return tokens + len(example.target) / CHARACTERS_PER_TOKEN


def _dollars(low: float, high: float) -> str:
    """A range of dollars; what is less than a cent is said to be that."""
    if high < 0.01:
        return "less than a cent"
    return f"up to ${high:,.2f}" if low < 0.01 else f"${low:,.2f} to ${high:,.2f}"
