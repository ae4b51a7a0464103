"""How long the fine-tunes of a run will train on this machine, and what its hours cost, said before it starts.

Arithmetic over the weights, the tokens and the speed of the machine (``training.time_model``), so a range; a run says
what is left once it trains. Nothing is loaded. Called by ``planning``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tunewright.prices.machines import machine_price
from tunewright.records.system import Training, training_of
from tunewright.training.time_model import PROCESSOR, UNPACKED, Range, hours
from tunewright.workflow.costing.training_estimate import hours_text
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.study import Study

CHARACTERS_PER_TOKEN = 4.0
MARKS_PER_ROW = 2
"""Tokens around a text; a chat template adds some more."""
SCORING = 1.5
"""Validation rows are answered after every pass: up to half as much again."""


def training_lines(study: Study, contestants: Sequence[Contestant]) -> list[str]:
    """One sentence on the training of the fine-tunes; none where there is none, or where nothing is known of it."""
    planned = [(one, training_of(one.system)) for one in contestants if one.system.missing() is None]
    known = [(one.name, training) for one, training in planned if training is not None]
    unknown = [one.name for one, training in planned if training is None and one.system.role == "candidate"]
    parts = [f"{name} about {hours_text(_hours(study, training))}" for name, training in known]
    if not parts:
        return []
    total = sum(_hours(study, training).likely for _, training in known)
    price = machine_price(study.settings.machine_usd_per_hour)
    usd = total * price.usd_per_hour
    shown = f"${usd:,.2f}" if usd >= 0.01 else "less than a cent"
    end = f"; not known for {', '.join(unknown)}" if unknown else ""
    return [f"Training, reckoned for this machine: {'; '.join(parts)}{end} ({shown}, price {price.basis})."]


def _hours(study: Study, training: Training) -> Range:
    """Hours of all fits of one system on the machine at hand."""
    from tunewright.training.precision import choose_precision
    from tunewright.training.this_machine import this_device

    precision = choose_precision()
    device = this_device(precision)
    tokens = sum(_tokens(study, row, training.longest) for row in _rows(study))
    flops = training.operations * training.weights * training.passes * tokens
    found = hours(flops, device, PROCESSOR if device.kind == "cpu" else UNPACKED)
    return Range(found.low, found.likely, found.high * SCORING)


def _rows(study: Study) -> Iterator[int]:
    """Training rows of all fits, each as often as it is learned from."""
    for part in study.parts:
        yield from part.train


def _tokens(study: Study, row: int, longest: int) -> float:
    example = study.examples[row]
    characters = sum(len(message.content) for message in example.messages)
    tokens = MARKS_PER_ROW + characters / CHARACTERS_PER_TOKEN
    if longest:
        return min(tokens, longest)
    return tokens + len(example.target) / CHARACTERS_PER_TOKEN
