"""How often the same person stands in the data: what many rows repeat is remembered best.

An identity is a value that leads to one person: an e-mail address, a phone number, an account, a full name. The number
of rows that hold it is k. Memorisation grows with repetition (Carlini et al., "Quantifying memorization across neural
language models", 2023), so a person with a large k in answers is the first to redact.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Fix, Item, Quality, Span
from tunewright.audit.privacy.hits import TITLES
from tunewright.audit.privacy.pseudonyms import identity
from tunewright.audit.privacy.rows import SENSITIVE, hits_of, side_of
from tunewright.audit.registry import Limits
from tunewright.audit.view import View

NAME = "identity_exposure"
TITLE = "Repeated persons"
QUALITY: Quality = "privacy-reviewed"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    "confidence": 0.7,  # hits below it do not make an identity
    "rows": 3.0,  # rows in which an identity must stand to be shown
    "house_share": 0.05,  # an identity in a larger share of rows is taken for the house's own contact ...
    "house_rows": 20.0,  # ... where it is in at least so many rows
}
_MOST_PLACES, _EVERY = 50, 2000
_KINDS = (SENSITIVE - {"date_of_birth", "url_login"}) | {"email", "phone", "handle", "person"}


@dataclass(slots=True)
class _Seen:
    rows: list[int] = field(default_factory=list)
    in_targets: int = 0
    spans: list[Span] = field(default_factory=list)


def run(view: View, limits: Limits) -> CheckResult:
    """Identities by the number of their rows, worst first."""
    seen = _identities(view, limits)
    house = max(limits["house_rows"], limits["house_share"] * len(view))
    persons = {who: found for who, found in seen.items() if len(found.rows) < house}
    repeated = {who: found for who, found in persons.items() if len(found.rows) >= limits["rows"]}
    k = np.array([len(found.rows) for found in persons.values()] or [0])
    numbers = (
        ("identities", float(len(persons))),
        ("identities_in_answers", float(sum(found.in_targets > 0 for found in persons.values()))),
        ("rows_with_identities", float(len({row for found in persons.values() for row in found.rows}))),
        ("rows_per_identity_median", float(np.median(k))),
        ("rows_per_identity_most", float(k.max())),
        ("house_contacts", float(len(seen) - len(persons))),
    )
    said = [_item(kind, found) for (kind, _), found in repeated.items() if found.in_targets]
    read = [_item(kind, found) for (kind, _), found in repeated.items() if not found.in_targets]
    findings = [f for f in (_finding(said, True), _finding(read, False)) if f is not None]
    return CheckResult(tuple(findings), (), numbers)


def _identities(view: View, limits: Limits) -> dict[tuple[str, str], _Seen]:
    seen: dict[tuple[str, str], _Seen] = defaultdict(_Seen)
    for row, example in enumerate(view.examples):
        if row % _EVERY == 0:
            view.stop_if_asked()
            view.progress("looking for repeated persons", row / len(view))
        said: set[tuple[str, str]] = set()
        for name, text, hit in hits_of(example, limits["confidence"]):
            value = text[hit.start : hit.end]
            if hit.kind not in _KINDS or (hit.kind == "person" and len(value.split()) < 2):
                continue
            who = (hit.kind, identity(hit.kind, value))
            found = seen[who]
            if not found.rows or found.rows[-1] != row:
                found.rows.append(row)
            if len(found.spans) < _MOST_PLACES:
                found.spans.append(Span(name, hit.start, hit.end, row, hit.kind))
            if side_of(example, name) == "target":
                said.add(who)
        for who in said:
            seen[who].in_targets += 1
    return seen


def _item(kind: str, found: _Seen) -> Item:
    k = len(found.rows)
    answers = f", {found.in_targets:,} of them in answers" if found.in_targets else ""
    why = f"The same {TITLES[kind]} stands in {k:,} rows{answers}."
    score = min(1.0, 0.3 + 0.1 * np.log2(k) + 0.1 * np.log2(1 + found.in_targets))
    return Item(tuple(found.rows[:_MOST_PLACES]), why, float(score), tuple(found.spans), Fix("mask"))


def _finding(items: list[Item], in_answers: bool) -> Finding | None:
    if not items:
        return None
    count = len(items)
    verb = "stands" if count == 1 else "stand"
    worst = sorted(items, key=lambda item: (-item.score, item.rows))
    return Finding(
        f"{NAME}.{'in_answers' if in_answers else 'in_inputs'}",
        "warning" if in_answers else "note",
        f"{count:,} {'person or account' if count == 1 else 'persons or accounts'} {verb} in several rows"
        + (", in answers too" if in_answers else ", in inputs only"),
        "What is repeated is remembered best, and all these rows must change when the person asks to be forgotten.",
        "Redact them with one stand-in per person, which keeps the rows useful.",
        tuple(worst[:MAX_ITEMS]),
        rows_affected=len({row for item in items for row in item.rows}),
    )
