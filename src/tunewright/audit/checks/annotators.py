"""Agreement where several people labelled the same input, and the people who label unlike the rest.

Krippendorff's alpha for the set, agreement with the others for each person. Drift of one person on inputs that nobody
else labelled is ``label_drift``; equal inputs with different labels whoever gave them are ``contradictions``.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.annotator import annotators
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Finding, Fix, Item, NotChecked, Severity
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import percent
from tunewright.records.example import input_digest
from tunewright.statistics.agreement import Scale, krippendorff_alpha, krippendorff_interval
from tunewright.statistics.proportions import wilson_interval

NAME = "annotators"
TITLE = "Annotator agreement"
QUALITY = "consistent"
COST = "seconds"
VERSION = 1
LIMITS: Limits = {
    # Inputs labelled by two people or more, below which nothing is said; pairs of labels for one person.
    "inputs": 20,
    "pairs": 20,
    # Krippendorff 2004, "Content Analysis", page 241: rely on .8, tentative conclusions from .667.
    "reliable": 0.8,
    "tentative": 0.667,
    # A person stands out when surely this much below the agreement of the others among themselves.
    "gap": 0.05,
}
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Labelled:
    """One input: the row and label of each person who labelled it."""

    rows: tuple[int, ...]
    people: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.labels)


def run(view: View, limits: Limits) -> CheckResult:
    """Alpha with its interval, inputs with the most disagreement, and people who stand out."""
    people = annotators(view) if view.kind == "classify" else None
    if people is None:
        return CheckResult()
    shared = _shared(view, people)
    if len(shared) < limits["inputs"]:
        because = f"Only {len(shared):,} inputs were labelled by two people or more."
        hint = f"Let a second person label {int(limits['inputs'])} rows chosen at random, then check again."
        return CheckResult(not_checked=(NotChecked("annotators.few", because, hint),))
    findings = [_agreement(shared, view.seed, limits), _people(shared, limits)]
    numbers = [] if findings[0] is None else list(findings[0].numbers)
    counts, values = _counts(shared)
    alpha = krippendorff_alpha(counts)
    if not numbers and alpha is not None:
        numbers.append(("alpha", alpha))
    if values is not None and len(values) > 2:
        for name, found in (
            ("alpha_ordinal", krippendorff_alpha(counts, "ordinal")),
            ("alpha_interval", krippendorff_alpha(counts, "interval", values)),
        ):
            numbers += [(name, found)] if found is not None else []
    return CheckResult(tuple(f for f in findings if f is not None), (), tuple(numbers))


def _shared(view: View, people: tuple[str | None, ...]) -> list[_Labelled]:
    """Inputs with labels of two people or more; the first label of a person counts."""
    by_input: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row, (example, person) in enumerate(zip(view.examples, people, strict=True)):
        if person is not None and example.target:
            by_input[input_digest(example.messages)].setdefault(person, row)
    return [
        _Labelled(tuple(rows.values()), tuple(rows), tuple(view.examples[row].target for row in rows.values()))
        for rows in by_input.values()
        if len(rows) >= 2
    ]


def _counts(shared: list[_Labelled]) -> tuple[IntArray, list[float] | None]:
    """Labels of each input ``[inputs, K]``; and the numbers behind the columns where all labels are numbers."""
    names = {label for one in shared for label in one.labels}
    numbers = {name: _number(name) for name in names}
    known = {name: number for name, number in numbers.items() if number is not None}
    ordered = sorted(names, key=lambda name: (known.get(name, 0.0), name))
    place = {name: column for column, name in enumerate(ordered)}
    counts = np.zeros((len(shared), len(names)), dtype=np.int64)
    for at, one in enumerate(shared):
        for label in one.labels:
            counts[at, place[label]] += 1
    return counts, [known[name] for name in ordered] if len(known) == len(names) else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _agreement(shared: list[_Labelled], seed: int, limits: Limits) -> Finding | None:
    """Low alpha, with the inputs on which people part most."""
    counts, values = _counts(shared)
    scale: Scale = "ordinal" if values is not None and len(values) > 2 else "nominal"
    alpha = krippendorff_alpha(counts, scale)
    bounds = krippendorff_interval(counts, scale, seed=seed)
    if alpha is None or bounds is None or alpha >= limits["reliable"]:
        return None
    severity: Severity = "warning" if alpha < limits["tentative"] else "note"
    split = sorted((one for one in shared if len(one.counts) > 1), key=lambda one: (_top_share(one), one.rows))
    items = []
    for one in split[:MAX_ITEMS]:
        said = ", ".join(f"'{label}' ({times})" for label, times in one.counts.most_common(5))
        items.append(Item(one.rows, f"{len(one.people)} people labelled this input: {said}.", 1 - _top_share(one)))
    return Finding(
        "annotators.low_agreement",
        severity,
        f"People disagree on {len(split):,} of {len(shared):,} inputs that several labelled",
        f"Krippendorff's alpha is {alpha:.2f} ({bounds[0]:.2f} to {bounds[1]:.2f}); below {limits['tentative']:.2f} "
        "labels say too little, and no model can be shown to be better than its labels.",
        "Read the inputs with the people who labelled them, settle each, and write the rule into the guideline.",
        tuple(items),
        (("alpha", alpha), ("alpha_low", bounds[0]), ("alpha_high", bounds[1])),
        len(split),
    )


def _top_share(one: _Labelled) -> float:
    return one.counts.most_common(1)[0][1] / len(one.labels)


def _people(shared: list[_Labelled], limits: Limits) -> Finding | None:
    """People who agree less with the others than the others among themselves, with their commonest confusions."""
    agreed, pairs, confusions = _pair_table(shared)
    items = []
    for person in sorted(pairs):
        own = sum(agreed[person].values()), sum(pairs[person].values())
        rest = [other for other in pairs if other != person]
        among = sum(agreed[a][b] for a in rest for b in rest), sum(pairs[a][b] for a in rest for b in rest)
        if own[1] < limits["pairs"] or not among[1]:
            continue
        high = float(wilson_interval(own[0], own[1])[1])
        others, share = among[0] / among[1], own[0] / own[1]
        if high >= others - limits["gap"]:
            continue
        often = ", ".join(f"'{a}' where others say '{b}' ({n})" for (a, b), n in confusions[person].most_common(3))
        why = (
            f"{person} agrees with the others in {percent(share)}, they among themselves in {percent(others)}: {often}."
        )
        items += _rows_of(shared, person, why, others - share)
    if not items:
        return None
    number = len({item.why for item in items})
    return Finding(
        "annotators.person",
        "warning",
        f"{number:,} {'person labels' if number == 1 else 'people label'} unlike the rest",
        "One person's habit becomes a pattern that the model learns, and a test that this person labelled rewards it.",
        "Look at the rows with this person; the fault may lie in the guideline. Then relabel what was wrong.",
        tuple(items[:MAX_ITEMS]),
    )


def _pair_table(
    shared: list[_Labelled],
) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]], dict[str, Counter[tuple[str, str]]]]:
    """Agreed pairs and all pairs by person and person; and (own label, other's label) by person."""
    agreed: defaultdict[str, Counter[str]] = defaultdict(Counter)
    pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    confusions: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for one in shared:
        said = list(zip(one.people, one.labels, strict=True))
        for person, label in said:
            for other, other_label in said:
                if other == person:
                    continue
                pairs[person][other] += 1
                agreed[person][other] += label == other_label
                if label != other_label:
                    confusions[person][label, other_label] += 1
    return dict(agreed), dict(pairs), dict(confusions)


def _rows_of(shared: list[_Labelled], person: str, why: str, score: float) -> list[Item]:
    """The rows of a person that most of the others label otherwise, with the label of these."""
    items = []
    for one in shared:
        if person not in one.people:
            continue
        at = one.people.index(person)
        rest = Counter(label for place, label in enumerate(one.labels) if place != at)
        label, times = min(rest.items(), key=lambda entry: (-entry[1], entry[0]))
        if label != one.labels[at] and times * 2 > sum(rest.values()):
            rows = (one.rows[at], *(row for place, row in enumerate(one.rows) if place != at))
            items.append(Item(rows, why, min(1.0, score), fix=Fix("relabel", label)))
    return items
