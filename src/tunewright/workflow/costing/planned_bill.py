"""What a run may be billed for, said before it starts: which models, and the most that their answers can cost.

A server on this machine may bill as well as a distant one; what neither the person's table nor the list prices is said
to have no known price, never to be free. Called by ``planning``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tunewright.errors import InputError
from tunewright.prices.models import TokenPrice, worst_usd
from tunewright.records.system import System, traits_of
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.models import PRICES, REMOTE
from tunewright.workflow.study import Study

if TYPE_CHECKING:
    from tunewright.backends.http_client import HttpModel

# Tokens allowed for instructions, labels and examples in front of a case; what a prompt is, only its fit decides.
INSTRUCTIONS = 4_000
DEFAULT_WRITTEN = 512
CENT = 0.01


@dataclass(frozen=True, slots=True)
class Asked:
    """A model behind a server that one system, or the judge, asks about the cases."""

    model: str
    by: str
    written: int
    steps: int


def billed_lines(study: Study, contestants: Sequence[Contestant]) -> list[str]:
    """Sentences on what is billed; none where no model behind a server is asked."""
    asked = [*_asked(study, contestants), *_judges(study)]
    if not asked:
        return []
    models = list(dict.fromkeys(one.model for one in asked))
    parts = [_of_model(study, model, [one for one in asked if one.model == model]) for model in models]
    cap = study.settings.max_usd_per_run
    end = (
        "Tuning, timing and what is asked again come on top; max_usd_per_run can cap a run."
        if cap is None
        else f"The run stops before ${cap:g} are passed (max_usd_per_run)."
    )
    return [f"Billed by whoever runs the server: {'; '.join(parts)}. {end}"]


def _of_model(study: Study, model: str, asked: Sequence[Asked]) -> str:
    names = f"{model} (asked by {', '.join(dict.fromkeys(one.by for one in asked))})"
    price = _price(study, model)
    worst = None if price is None else [_worst(study, price, one) for one in asked]
    if worst is None or any(usd is None for usd in worst):
        return f"{names}, price unknown (state it in {PRICES} beside the project file)"
    usd = sum(usd for usd in worst if usd is not None)
    if usd == 0:
        return f"{names}, $0 by its stated price"
    shown = f"${usd:,.2f}" if usd >= CENT else f"${usd:.1g}"
    return f"{names}, up to {shown} for its answers (reckoned with {INSTRUCTIONS:,} tokens of instructions a call)"


def _worst(study: Study, price: TokenPrice, asked: Asked) -> float | None:
    """The most that one round over the cases can cost: a token per byte read, and all that may be written."""
    total = 0.0
    for row in study.scored:
        read = sum(len(message.content.encode("utf-8", "replace")) for message in study.examples[row].messages)
        usd = worst_usd(price, INSTRUCTIONS + read + (asked.steps - 1) * asked.written, asked.written)
        if usd is None:
            return None
        total += asked.steps * usd
    return total


def _asked(study: Study, contestants: Sequence[Contestant]) -> Iterator[Asked]:
    served = [name for name, entry in study.settings.models.items() if REMOTE in entry]
    for contestant in contestants:
        for system in _with_members(contestant.system):
            if not system.needs.billed:
                continue
            traits = traits_of(system)
            # A kind that does not say which model it asks may ask any.
            for name in [name for name in traits.models if name in served] or served:
                yield Asked(name, contestant.name, traits.max_tokens or DEFAULT_WRITTEN, max(traits.steps, 1))


def _with_members(system: System) -> Iterator[System]:
    """The systems that ask for themselves: a system without members, or all that one is made of."""
    members = traits_of(system).members
    if not members:
        yield system
    for member in members:
        yield from _with_members(member.system)


def _judges(study: Study) -> Iterator[Asked]:
    grader = study.settings.grader
    for options in grader.values() if isinstance(grader, dict) else ():
        name = str(options.get("model", ""))
        if REMOTE in study.settings.models.get(name, {}):
            yield Asked(name, "the grader", DEFAULT_WRITTEN, 1)


def judge_leaves(study: Study) -> bool:
    """Whether the grader asks a model that does not run on this machine."""
    found = [_model(study, one.model) for one in _judges(study)]
    return any(model is not None and not model.local for model in found)


def _model(study: Study, name: str) -> HttpModel | None:
    """The model as its entry says; None where the entry cannot be read, which the run says by itself."""
    try:
        from tunewright.backends.http_client import http_model

        return http_model(name, study.settings.models[name])
    except (ImportError, InputError):
        return None


def _price(study: Study, name: str) -> TokenPrice | None:
    """The price of today, or None: also where the table cannot be read, which the run says by itself."""
    from tunewright.prices.own_table import price_of, read_own_table

    model, table = _model(study, name), study.root / PRICES
    if model is None:
        return None
    try:
        own = read_own_table(table) if table.is_file() else None
    except InputError:
        return None
    return price_of(model.openai, model.base_url, datetime.now(UTC).date(), own)
