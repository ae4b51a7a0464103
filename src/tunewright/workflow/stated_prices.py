"""The prices that a person stated and that can decide whether a candidate saves money.

What was stated is part of what was fixed before a look at the test (``use_keys``), and the headline names it
(``conclude``). Lists and assumptions of this program are no statement of anybody; ``costs.yaml`` decides no headline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tunewright.records.system import traits_of
from tunewright.workflow.models import PRICES
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study

Stated = Mapping[str, object]


def stated_prices(study: Study, outcomes: Sequence[Outcome]) -> Stated:
    """Prices by where they were stated, empty where nobody stated any that the systems of these outcomes use.

    Of answers recorded elsewhere dollars a month or a call; of machines dollars an hour, where a system needs one of
    its own; of tokens the entries of ``prices.yaml``, where a system is billed.

    Raises:
        InputError: ``prices.yaml`` cannot be read.
    """
    able = [outcome for outcome in outcomes if outcome.available]
    found: dict[str, object] = {}
    answers = {outcome.name: _of_answers(outcome) for outcome in able}
    if any(answers.values()):
        found["answers"] = {name: price for name, price in answers.items() if price}
    machine = study.settings.machine_usd_per_hour
    if machine is not None and any(outcome.needs.own_machine for outcome in able):
        found["machine_usd_per_hour"] = float(machine)
    table = study.root / PRICES
    if any(outcome.needs.billed for outcome in able) and table.is_file():
        found["tokens"] = _of_tokens(table)
    return found


def saving_basis(study: Study, outcomes: Sequence[Outcome]) -> str:
    """On what a saving rests, as the end of a sentence."""
    volume = study.settings.volume_per_day
    if "volume_per_day" not in study.settings.model_fields_set:
        return f"at a guessed volume of {volume:,.0f} a day"
    if not stated_prices(study, outcomes):
        return "at listed prices and the stated volume"
    return "at the stated price and volume"


def _of_answers(outcome: Outcome) -> dict[str, float]:
    traits = traits_of(outcome.contestant.system)
    prices = {"usd_per_month": traits.usd_per_month, "usd_per_call": traits.usd_per_call}
    return {name: float(usd) for name, usd in prices.items() if usd is not None and usd >= 0}


def _of_tokens(table: Path) -> list[list[object]]:
    """What an answer costs by the table; what tuning costs decides no saving."""
    from tunewright.prices.own_table import read_own_table

    rows = [
        [entry.model, entry.since.isoformat(), *(getattr(entry.price, part) for part in _TOKEN_PARTS)]
        for entry in read_own_table(table).entries
    ]
    return sorted(rows, key=str)


_TOKEN_PARTS = ("input", "cached", "cache_written", "output")
