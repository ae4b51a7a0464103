"""Keys, tokens and passwords in a row. A secret in training data is lost: it must be revoked, not only masked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from tunewright.audit.fields import texts
from tunewright.audit.findings import (
    MAX_ITEMS,
    CheckResult,
    Cost,
    Finding,
    Fix,
    Item,
    NotChecked,
    Quality,
    Severity,
    Span,
)
from tunewright.audit.privacy import secrets
from tunewright.audit.privacy.hits import without_overlaps
from tunewright.audit.privacy.rows import in_words, side_of
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.audit.wording import counted
from tunewright.records.example import Example

NAME = "secrets"
TITLE = "Keys and passwords"
QUALITY: Quality = "privacy-reviewed"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Limits = {
    "confidence": 0.5,  # hits below it are not reported
    "sure": 0.8,  # from here on a hit is an error, below it a warning
}
_MASK = Fix("mask")


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """One sighting per kind; the words hold a digest and the last four characters, never the value."""
    spans: dict[str, list[Span]] = defaultdict(list)
    labels: dict[str, set[str]] = defaultdict(set)
    surest: dict[str, float] = defaultdict(float)
    for field, text in texts(example):
        for hit in without_overlaps(secrets.find(text)):
            if hit.confidence >= limits["confidence"]:
                spans[hit.kind].append(Span(field, hit.start, hit.end, kind=hit.kind))
                labels[hit.kind].add(secrets.label(text[hit.start : hit.end]))
                surest[hit.kind] = max(surest[hit.kind], hit.confidence)
    return tuple(
        Sighting(kind, ", ".join(sorted(labels[kind])), surest[kind], tuple(found), _MASK)
        for kind, found in sorted(spans.items())
    )


def conclude(view: View, found: Mapping[int, tuple[Sighting, ...]], limits: Limits) -> CheckResult:
    """Sure ones as an error, announced random strings and quoted words as a warning."""
    sure: list[Item] = []
    likely: list[Item] = []
    counts: Counter[str] = Counter()
    for row in sorted(found):
        for sighting in found[row]:
            sides = [side_of(view.examples[row], span.field) for span in sighting.spans]
            counts.update(f"{sighting.kind}.in_{side}s" for side in sides)
            where = "answer" if "target" in sides else "input"
            what = in_words([sighting.kind] * len(sides), secrets.TITLES)
            item = Item((row,), f"The {where} holds {what} ({sighting.why}).", sighting.score, sighting.spans, _MASK)
            (sure if sighting.score >= limits["sure"] else likely).append(item)
    findings = []
    if sure:
        findings.append(_finding("found", "error", sure, "hold a key, token or password"))
    if likely:
        findings.append(_finding("likely", "warning", likely, "hold what looks like a key or password"))
    unseen = NotChecked(
        f"{NAME}.unannounced",
        "Random strings without a word such as key or token beside them are not looked for: too many are none.",
        "run a scanner of your own providers' formats over the files too",
    )
    return CheckResult(tuple(findings), (unseen,), tuple((k, float(n)) for k, n in sorted(counts.items())))


def _finding(kind: str, severity: Severity, items: list[Item], what: str) -> Finding:
    rows = len({item.rows[0] for item in items})
    verb = what.replace("hold", "holds", 1) if rows == 1 else what
    return Finding(
        f"{NAME}.{kind}",
        severity,
        f"{counted(rows, 'row')} {verb}",
        "Whoever has the data has the key, and a model trained on it may say it.",
        "Revoke the key where it was given out, then mask it here. Masking alone does not help.",
        tuple(sorted(items, key=lambda item: (-item.score, item.rows))[:MAX_ITEMS]),
        rows_affected=rows,
    )
