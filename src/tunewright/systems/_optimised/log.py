"""What a search leaves behind for a person: its trials, one line for every candidate, and plain sentences."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tunewright.records.system import Setting, Trial
from tunewright.statistics.clusters import clustered_standard_error, group_totals
from tunewright.systems._optimised.search import Final, Refused, Search
from tunewright.systems._optimised.table import Candidate, Entry, Table
from tunewright.systems._prompting.compose import Job

Line = Mapping[str, Any]


def _error(table: Table, one: Candidate, count: int) -> float | None:
    """The standard error of a candidate's mean on the first rows, None where nobody knows it."""
    scores, groups = table.scores(one, count), table.groups(count)
    known = ~np.isnan(scores)
    error = clustered_standard_error(group_totals(scores[known], None if groups is None else groups[known]))
    return round(error, 6) if math.isfinite(error) else None


def trial(table: Table, one: Candidate, final: Final, chosen: Candidate) -> Trial:
    """A finalist as a trial: all were scored on the same rows."""
    settings: dict[str, Setting] = {
        "candidate": one.key,
        "origin": one.origin,
        "style": one.style,
        "examples": one.shown.name,
        "characters": round(table.length(one, final.count)),
        "rows": final.count,
        "chosen": one.key == chosen.key,
    }
    error = _error(table, one, final.count)
    if error is not None:
        settings["standard_error"] = error
    return Trial(settings, table.mean(one, final.count), table.entries[one.key].seconds)


def line(table: Table, entry: Entry, job: Job, final: Final | None, chosen: Candidate) -> Line:
    """One candidate of the log, with what became of it."""
    one = entry.candidate
    rows = table.reached(one)
    mean = table.mean(one, rows)
    return {
        "candidate": one.key,
        "parent": one.parent,
        "origin": one.origin,
        "instruction": one.text(job),
        "style": one.style,
        "examples": one.shown.name,
        "characters": round(table.length(one, rows)) if rows else None,
        "calls": entry.calls,
        "rows": rows,
        "score": mean if math.isfinite(mean) else None,
        "standard_error": _error(table, one, rows),
        "finalist": final is not None and one in final.finalists,
        "chosen": one.key == chosen.key,
        "why": entry.why or ("the budget ended before it was asked" if not entry.cells else ""),
    }


def refused_line(refused: Refused) -> Line:
    """A proposal that was never tried."""
    raw = refused.proposal.raw
    return {
        "candidate": hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()[:12],
        "parent": refused.parent,
        "origin": "written by a model",
        "instruction": raw,
        "style": None,
        "examples": None,
        "characters": len(raw),
        "calls": 0,
        "rows": 0,
        "score": None,
        "standard_error": None,
        "finalist": False,
        "chosen": False,
        "why": f"never tried: {refused.proposal.why}",
    }


def notes(search: Search, final: Final | None, chosen: Candidate, text: str, how: str) -> tuple[str, ...]:
    """How the search went, what it chose and why, what its score is worth, and the instruction itself."""
    table, writer = search.table, search.writer
    ledger = table.ledger
    dollars = "unpriced" if ledger.unpriced else f"${ledger.spent_usd:.4f}" if ledger.spent_usd else "no bill"
    cap = f" of at most ${ledger.usd:.2f}" if ledger.usd > 0 else ""
    said = [
        f"searched {how}: {len(table.entries)} candidates, {ledger.spent_calls} of {ledger.calls} calls, "
        f"{dollars}{cap}",
        f"the model that writes instructions was asked {writer.asked} times; "
        f"{writer.usable} of its texts could be tried",
    ]
    if final:
        rule = "the best" if chosen.key == final.best.key else "the shortest within one standard error of the best"
        said.append(
            f"chosen: {rule} of {len(final.finalists)} on {final.count} validation rows, "
            f"{table.mean(chosen, final.count):.3f} against {table.mean(final.best, final.count):.3f}, "
            f"examples: {chosen.shown.name}"
        )
        told = "unknown" if final.honest is None else f"{final.honest:.3f}"
        said.append(
            f"choosing among these in the same way is worth {told} on validation rows that did not choose; the search "
            "for them saw these rows too, so that cases outside it may do worse"
        )
    said.append(f"the instruction: {text}")
    return tuple(said)
