"""Guards and documents of guards as tests of the workflow need them."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.records.guard import Guard, GuardReport


def report(fit_key: str, *guards: Guard, created: str = "2026-01-01T00:00:00+00:00") -> GuardReport:
    return GuardReport(
        created=created, task="", system="tuned", fit_key=fit_key, base=None, guards=list(guards), command="c"
    )


def a_guard(result: str, *, blocks: bool = True, name: str = "general ability") -> Guard:
    return Guard.model_validate(
        {
            "name": name, "system": "tuned", "against": "base", "n": 9, "score": 0.5, "reference": 0.6,
            "interval": (-0.2, 0.0), "limit": -0.02, "result": result, "blocks": blocks, "text": f"It {result}.",
        }
    )  # fmt: skip


def by_name(guards: Sequence[Guard]) -> dict[str, Guard]:
    return {one.name: one for one in guards}
