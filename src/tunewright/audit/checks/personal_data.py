"""Personal data in a row: in answers, where a model learns to say it, and in inputs, where it learns from it.

Structured data (addresses, numbers) is found by shape and check digit; names only by cues and by what a single group's
rows hold. What is not looked for is said.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tunewright.audit.fields import text_of, texts
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
from tunewright.audit.privacy import ids_learned, presidio
from tunewright.audit.privacy.hits import Hit, without_overlaps
from tunewright.audit.privacy.names import of_one_group
from tunewright.audit.privacy.recognise import find_personal
from tunewright.audit.privacy.rows import SENSITIVE, WEAK, in_words, side_of
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "personal_data"
TITLE = "Personal data"
QUALITY: Quality = "privacy-reviewed"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    "confidence": 0.5,  # hits below it are not reported
    "name_model": 0.0,  # 1: names in prose too, with presidio-analyzer, which must be installed
    "shared_rows": 10.0,  # a value in the answers of so many rows ...
    "shared_share": 0.01,  # ... and of this share of all rows is a house's own contact
    "format_rows": 5.0,  # rows that must hold a format of record numbers before it is learned
    "group_rows": 2.0,  # rows of one group that must hold a string before it counts as that customer's
}
_EVERY = 5000
_MODEL_KINDS = (("person", "names of persons"), ("place", "places"), ("organisation", "organisations"))
_ADVICE = (
    "Look at the rows, then write a copy with consistent stand-ins (tunewright redact FILE -o OUT) or leave the rows "
    "out; what are stand-ins already can be approved."
)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """One sighting per kind of personal data. Which side it is on is told later: it hangs on weights, which may change
    while the words of a row stay.
    """
    spans: dict[str, list[Span]] = defaultdict(list)
    surest: dict[str, float] = defaultdict(float)
    for field, text in texts(example):
        for hit in _hits(text, limits):
            spans[hit.kind].append(Span(field, hit.start, hit.end, kind=hit.kind))
            surest[hit.kind] = max(surest[hit.kind], hit.confidence)
    return tuple(
        Sighting(kind, in_words([kind] * len(found)), surest[kind], tuple(found), Fix("mask"))
        for kind, found in sorted(spans.items())
    )


def conclude(view: View, found: Mapping[int, tuple[Sighting, ...]], limits: Limits) -> CheckResult:
    """Findings by side and by how much the kind tells; record numbers and group-only strings from all rows."""
    shared = _shared_values(view, found, limits)
    queues: dict[str, list[Item]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for row in sorted(found):
        for queue, spans, score in _sorted_out(view.examples[row], found[row], shared, counts):
            place = "answer" if queue.endswith("targets") or queue == "shared_contacts" else "input"
            why = f"The {place} holds {in_words(span.kind for span in spans)}."
            queues[queue].append(Item((row,), why, score, spans, Fix("mask")))
    learned = _record_numbers(view, found, limits)
    counts["record_id"] += len(learned)
    findings = [_finding(queue, queues[queue], len(view)) for queue in _QUEUES if queues[queue]]
    findings += [f for f in (_record_finding(learned), _group_finding(view, limits)) if f is not None]
    numbers = tuple((kind, float(count)) for kind, count in sorted(counts.items()) if count)
    return CheckResult(tuple(findings), _not_checked(limits), numbers)


def _hits(text: str, limits: Limits) -> Sequence[Hit]:
    hits = find_personal(text, limits["confidence"])
    if limits["name_model"] < 1:
        return hits
    return without_overlaps([*hits, *presidio.find(text)])


def _shared_values(view: View, found: Mapping[int, tuple[Sighting, ...]], limits: Limits) -> set[str]:
    """Values that stand in the answers of many rows: a house's own hotline, not a customer's number."""
    rows: dict[str, set[int]] = defaultdict(set)
    for row, sightings in found.items():
        example = view.examples[row]
        for span in (span for sighting in sightings for span in sighting.spans):
            if side_of(example, span.field) == "target":
                rows[_value(example, span)].add(row)
    fewest = max(limits["shared_rows"], limits["shared_share"] * len(view))
    return {value for value, where in rows.items() if len(where) >= fewest}


def _value(example: Example, span: Span) -> str:
    return text_of(example, span.field)[span.start : span.end].casefold()


def _sorted_out(
    example: Example, sightings: Sequence[Sighting], shared: set[str], counts: Counter[str]
) -> list[tuple[str, tuple[Span, ...], float]]:
    """(queue, spans, score) of a row: each queue once."""
    spans: dict[str, list[Span]] = defaultdict(list)
    scores: dict[str, float] = defaultdict(float)
    for sighting in sightings:
        kind = sighting.kind
        for span in sighting.spans:
            side = side_of(example, span.field)
            counts[f"{kind}.in_{side}s"] += 1
            if _value(example, span) in shared and kind not in SENSITIVE:
                queue = "shared_contacts"
            elif kind in WEAK:
                queue = f"weak_in_{side}s"
            else:
                queue = f"sensitive_in_{side}s" if kind in SENSITIVE else f"in_{side}s"
            spans[queue].append(span)
            scores[queue] = max(scores[queue], sighting.score)
    return [(queue, tuple(found), scores[queue]) for queue, found in spans.items()]


# queue -> (severity, what the title says, why it hurts)
_QUEUES: dict[str, tuple[Severity, str, str]] = {
    "sensitive_in_targets": (
        "error",
        "hold account, identity or birth data in the answer",
        "A model learns to say its answers: what stands there can come out word for word, to anybody who asks.",
    ),
    "in_targets": (
        "warning",
        "hold names, addresses or numbers of persons in the answer",
        "A model learns to say its answers: what stands there can come out word for word, to anybody who asks.",
    ),
    "sensitive_in_inputs": (
        "warning",
        "hold account, identity or birth data in the input",
        "Inputs are learned less than answers, but the data set itself now needs the care that such data needs.",
    ),
    "in_inputs": (
        "warning",
        "hold names, addresses or numbers of persons in the input",
        "Inputs are learned less than answers, but the persons may ask for their data, and the set must answer for it.",
    ),
    "weak_in_targets": (
        "note",
        "hold user names, machine addresses or codes in the answer",
        "Alone they name nobody; beside a name or in another register they may.",
    ),
    "weak_in_inputs": (
        "note",
        "hold user names, machine addresses or codes in the input",
        "Alone they name nobody; beside a name or in another register they may.",
    ),
    "shared_contacts": (
        "note",
        "hold a contact that stands in the answers of many rows",
        "It is probably your own hotline or mailbox, which a model should say; if it is a person's, redact it.",
    ),
}


def _finding(queue: str, items: list[Item], rows: int) -> Finding:
    severity, what, why = _QUEUES[queue]
    worst = sorted(items, key=lambda item: (-item.score, item.rows))
    count = len(items)
    numbers = (("share_of_rows", count / rows),)
    return Finding(
        f"{NAME}.{queue}", severity, f"{count:,} {_rows(count)} {_verb(what, count)}", why, _ADVICE,
        tuple(worst[:MAX_ITEMS]), numbers, count,
    )  # fmt: skip


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def _verb(what: str, count: int) -> str:
    return what.replace("hold", "holds", 1) if count == 1 else what


def _record_numbers(view: View, found: Mapping[int, tuple[Sighting, ...]], limits: Limits) -> list[Item]:
    """Order and customer numbers in formats that this data repeats; what is of another kind already stays that."""
    rows = ("\n".join(text for _, text in texts(example)) for example in view.examples)
    formats = ids_learned.learn(rows, int(limits["format_rows"]))
    items = []
    for row, example in enumerate(view.examples) if formats else ():
        if row % _EVERY == 0:
            view.stop_if_asked()
            view.progress("looking for record numbers", row / len(view))
        known = [span for sighting in found.get(row, ()) for span in sighting.spans]
        spans = tuple(
            Span(field, hit.start, hit.end, kind=hit.kind)
            for field, text in texts(example)
            for hit in ids_learned.find(text, formats)
            if all(s.field != field or hit.end <= s.start or hit.start >= s.end for s in known)
        )
        if spans:
            answers = any(side_of(example, span.field) == "target" for span in spans)
            why = f"It holds {in_words(['record_id'] * len(spans))}{', some in the answer' if answers else ''}."
            items.append(Item((row,), why, 0.8 if answers else 0.5, spans, Fix("mask")))
    return items


def _record_finding(items: list[Item]) -> Finding | None:
    if not items:
        return None
    count = len(items)
    return Finding(
        f"{NAME}.record_ids",
        "note",
        f"{count:,} {_rows(count)} {_verb('hold', count)} order, customer or like numbers in a format of this data",
        "Such a number leads to a person for everybody who has the register; in an answer it will be made up or "
        "repeated.",
        "Mask them where the number itself is not what the model must learn (tunewright redact FILE --record-numbers).",
        tuple(sorted(items, key=lambda item: (-item.score, item.rows))[:MAX_ITEMS]),
        rows_affected=count,
    )


def _group_finding(view: View, limits: Limits) -> Finding | None:
    """Strings with a capital that only one group's rows hold: names that no cue announced, or that group's products."""
    rows = [(n, e.group, e) for n, e in enumerate(view.examples) if e.group is not None]
    lines = [(group, "\n".join(text for _, text in texts(example))) for _, group, example in rows]
    strings = of_one_group(lines, fewest_rows=int(limits["group_rows"]))
    items = []
    for string, (_, places) in strings.items():
        numbers = tuple(rows[place][0] for place in places)
        spans = tuple(
            Span(field, start, start + len(string), number, "person")
            for number in numbers[:50]
            for field, text in texts(view.examples[number])
            if (start := text.find(string)) >= 0
        )
        why = f"A word with a capital stands in {len(numbers)} rows of one group and in no other group."
        items.append(Item(numbers[:50], why, 0.3, spans, Fix("mask")))
    if not items:
        return None
    return Finding(
        f"{NAME}.one_group_only",
        "note",
        f"{len(items):,} capitalised {'string' if len(items) == 1 else 'strings'} in the rows of one group only",
        "Names that nothing announces look like this; so do a customer's own products and places.",
        "Look through them once and mask the names (tunewright review FILE).",
        tuple(items[:MAX_ITEMS]),
        rows_affected=len({number for item in items for number in item.rows}),
    )


def _not_checked(limits: Limits) -> tuple[NotChecked, ...]:
    if limits["name_model"] >= 1:
        return ()
    hint = "pip install presidio-analyzer with a spaCy model, then set personal_data.name_model to 1"
    return tuple(
        NotChecked(
            f"{NAME}.{kind}",
            f"{what} in free prose need a name model"
            + ("; only names that a cue announces were looked for." if kind == "person" else "; none was used."),
            hint,
        )
        for kind, what in _MODEL_KINDS
    )
