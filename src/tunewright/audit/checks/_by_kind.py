"""From what was seen in rows to findings: one finding per kind, in the words that the check gives for it.

Helper of the checks of shape; it knows nothing of what is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from tunewright.audit.findings import MAX_ITEMS, Finding, Fix, Item, Severity
from tunewright.audit.registry import Sighting

MIN_ROWS_FOR_SHARES = 20

Found = Mapping[int, tuple[Sighting, ...]]


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind is told: ``one`` is the title for a single row, ``many`` the title with ``{n}`` for more."""

    severity: Severity
    one: str
    many: str
    why: str
    advice: str


def items_of(found: Found, kind: str) -> list[Item]:
    """What was seen of one kind, as evidence, in the order of the rows."""
    return [
        Item((row,), sighting.why, sighting.score, sighting.spans, sighting.fix)
        for row, sightings in found.items()
        for sighting in sightings
        if sighting.kind == kind
    ]


def finding_of(kind: str, words: Words, items: Iterable[Item], numbers: Mapping[str, float] | None = None) -> Finding:
    """The finding that these items make, worst first; the count in its title and ``rows_affected`` is of rows."""
    ordered = sorted(items, key=lambda item: (-item.score, item.rows))
    rows = len({item.rows[0] for item in ordered})
    title = words.one if rows == 1 else words.many.format(n=f"{rows:,}")
    shown = tuple(ordered[:MAX_ITEMS])
    told = tuple((numbers or {}).items())
    return Finding(kind, words.severity, title, words.why, words.advice, shown, told, rows)


def mended(finding: Finding, fix_of: Callable[[Item], Fix | None]) -> Finding:
    """The finding with a suggested fix for each item that is shown."""
    return replace(finding, items=tuple(replace(item, fix=fix_of(item)) for item in finding.items))


def softer(words: Words) -> Words:
    """The same words as a note, for what so many rows show that it may be meant."""
    advice = f"So many rows show this that it may be meant: look at a few. If it is not: {words.advice}"
    return replace(words, severity="note", advice=advice)


def findings_of(
    name: str, found: Found, words: Mapping[str, Words], skip: Collection[str] = (), soft: Collection[str] = ()
) -> tuple[Finding, ...]:
    """One finding per kind that was seen, in the order of ``words``; kinds in ``skip`` are left out, those in ``soft``
    are notes. What is seen of a row is remembered without its words, so edits are made afterwards, by ``mended``.

    Raises:
        KeyError: a kind was seen that has no words.
    """
    seen = {sighting.kind for sightings in found.values() for sighting in sightings}
    untold = seen - set(words)
    if untold:
        raise KeyError(sorted(untold)[0])
    return tuple(
        finding_of(f"{name}.{kind}", softer(told) if kind in soft else told, items_of(found, kind))
        for kind, told in words.items()
        if kind in seen and kind not in skip
    )


def common_kinds(found: Found, kinds: Iterable[str], rows: int, share: float) -> frozenset[str]:
    """Kinds that at least a share of all rows shows, where there are enough rows (20) to speak of shares."""
    return frozenset(kind for kind in kinds if rows >= MIN_ROWS_FOR_SHARES and rows_with(found, kind) >= share * rows)


def rows_with(found: Found, kind: str) -> int:
    """How many rows show a kind."""
    return sum(any(sighting.kind == kind for sighting in sightings) for sightings in found.values())
