"""When providers take models away, from the dated table ``data/retirement.yaml``; the day of asking is handed in.

A model that is not in the table has no known end, which is no promise. Called by the costs of a project.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from tunewright.prices.dated import Source, day, entries, source, table

WARN_DAYS = 365


@dataclass(frozen=True, slots=True)
class Retirement:
    """The end of some models: on ``ends``, or not before ``not_before`` where no day is announced."""

    provider: str
    models: tuple[str, ...]
    ends: date | None
    not_before: date | None
    replacement: str
    source: Source

    @property
    def day(self) -> date:
        """The day that is known."""
        known = self.ends or self.not_before
        assert known is not None, "an entry without a day"
        return known


@cache
def retirements() -> tuple[Retirement, ...]:
    """All ends of the table."""
    name = "retirement.yaml"
    made = []
    for item in entries(table(name), name):
        models = item["models"]
        assert isinstance(models, list)
        made.append(
            Retirement(
                str(item["provider"]),
                tuple(str(model) for model in models),
                day(item.get("ends")),
                day(item.get("not_before")),
                str(item.get("replacement", "")),
                source(item),
            )
        )
    return tuple(made)


def base_name(model: str) -> str:
    """The base model of a name as a project writes it: without provider and, for a tuned copy, without its suffix.

    ``ft:gpt-4o-2024-08-06:desk::x`` is ``gpt-4o-2024-08-06``: a tuned copy ends with its base.
    """
    name = model.strip().lower().rsplit("/", 1)[-1]
    return name.split(":")[1] if name.startswith("ft:") else name


def retirement_of(model: str, today: date, within_days: int = WARN_DAYS) -> Retirement | None:
    """The end of a model that lies behind or within so many days of today; None where none is known."""
    name = base_name(model)
    last = today + timedelta(days=within_days)
    found = [entry for entry in retirements() if name in entry.models and entry.day <= last]
    return min(found, key=lambda entry: entry.day, default=None)


def retirement_text(model: str, entry: Retirement, today: date) -> str:
    """The warning in a sentence."""
    if entry.ends is None:
        sure = f"may be taken away from {entry.day.isoformat()} on; no day is announced"
    else:
        sure = f"{'was' if entry.ends <= today else 'will be'} taken away on {entry.day.isoformat()}"
    instead = f"; its maker names {entry.replacement}" if entry.replacement else ""
    return f"{model} ({entry.provider}) {sure}{instead}. Source: {entry.source.url}, {entry.source.as_of}."
