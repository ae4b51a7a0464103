"""Labels that are one class under several spellings: case, white space, punctuation, forms of a number, slips.

Whether a label is the right one for its row is another question. Nothing is merged here; a person says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from rapidfuzz.distance import DamerauLevenshtein

from tunewright.audit.checks._by_kind import Words, finding_of
from tunewright.audit.findings import CheckResult, Cost, Fix, Item, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.view import View

NAME = "label_spelling"
TITLE = "Spelling of labels"
QUALITY: Quality = "consistent"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {
    "slip_most_rows": 3,  # a slip of the hand happens rarely,
    "slip_times_rarer": 10,  # and beside a label that is much more common
    "slip_shortest_chars": 5,
    "most_labels": 20_000,  # beyond that targets are texts
    "most_compared": 2_000,
}

_SPLIT = "One class was split in two, so both have fewer examples and each is counted wrong when the other is given."
VARIANTS = Words(
    "warning",
    "1 row has its label in another spelling",
    "{n} rows have their label in another spelling",
    _SPLIT,
    "Make them one spelling (the suggested label is the commonest), unless they are meant to be two classes.",
)
SLIPS = Words(
    "warning",
    "1 row has a label that looks mistyped",
    "{n} rows have a label that looks mistyped",
    "A rare label one letter away from a common one is usually a slip, and a class of its own for the model.",
    "Look at each; the suggested label is the common one.",
)


def run(view: View, limits: Limits) -> CheckResult:
    """Families of spellings, and rare labels one letter away from common ones."""
    if view.kind != "classify":
        return CheckResult()
    names, numbers = view.labels
    if len(names) > limits["most_labels"]:
        return CheckResult()
    counts = Counter(names[number] for number in numbers.tolist())
    usual = {name: family[0] for family in spellings(counts) for name in family[1:]}
    slips = _slips(counts, usual, limits)
    findings = []
    if usual:
        items = _items(view, usual, "It is written '{0}', most often '{1}'.", 0.95)
        findings.append(finding_of(f"{NAME}.variants", VARIANTS, items, {"spellings": float(len(usual))}))
    if slips:
        items = _items(view, slips, "'{0}' looks like a slip for '{1}'.", 0.7)
        findings.append(finding_of(f"{NAME}.slips", SLIPS, items, {"labels": float(len(slips))}))
    return CheckResult(tuple(findings))


def spellings(counts: Mapping[str, int]) -> list[list[str]]:
    """Labels that are one under ``plain_label``, the commonest of each family first."""
    families: defaultdict[str, list[str]] = defaultdict(list)
    for name in counts:
        families[plain_label(name)].append(name)
    ordered = [sorted(family, key=lambda name: (-counts[name], name)) for family in families.values()]
    return sorted(family for family in ordered if len(family) > 1)


def plain_label(label: str) -> str:
    """A label without what makes no class: case, accents' forms, white space, hyphens and underscores, marks at its
    ends, '.0' behind a whole number. Signs that part numbers or mean something (+, %, #, a minus) stay.
    """
    text = " ".join(unicodedata.normalize("NFKC", label).casefold().split())
    number = re.fullmatch(r"([+-]?\d+)\.0+", text)
    if number:
        return number[1].lstrip("+")
    if re.fullmatch(r"[+-]?[\d.,]+%?", text):
        return text
    text = text.strip(" .;:,!?\"'") or text
    return re.sub(r"(?<=[^\W\d_])[\s_/-]+(?=[^\W_])", " ", text)


def _slips(counts: Counter[str], usual: Mapping[str, str], limits: Limits) -> dict[str, str]:
    """{rare label: the common one it is a slip for}. Labels with digits are not compared: class 1 is not class 2."""
    words = [name for name in counts if name not in usual and not any(c.isdigit() for c in name)]
    rare = sorted(n for n in words if counts[n] <= limits["slip_most_rows"] and len(n) >= limits["slip_shortest_chars"])
    least = limits["slip_times_rarer"]
    common = sorted((n for n in words if counts[n] >= least), key=lambda n: (-counts[n], n))
    found = {}
    for name in rare[: int(limits["most_compared"])]:
        close = _closest(name, (other for other in common if counts[other] >= least * counts[name]))
        if close is not None:
            found[name] = close
    return found


def _closest(name: str, others: Iterable[str]) -> str | None:
    """The first of the others that is one letter away: added, lost, changed or swapped with its neighbour."""
    low = plain_label(name)
    for other in others:
        if abs(len(other) - len(name)) > 2:
            continue
        if DamerauLevenshtein.distance(low, plain_label(other), score_cutoff=1) == 1 and not _opposites(low, other):
            return other
    return None


def _opposites(one: str, other: str) -> bool:
    """Words whose one letter is a prefix that turns the meaning: typical and atypical, moral and amoral."""
    short, long = sorted((one, plain_label(other)), key=len)
    return len(long) > len(short) and long[0] == "a" and long[1:] == short


def _items(view: View, better: Mapping[str, str], why: str, score: float) -> list[Item]:
    items = []
    for row, example in enumerate(view.examples):
        name = better.get(example.target)
        if name is not None:
            items.append(Item((row,), why.format(example.target, name), score, (), Fix("relabel", name)))
    return items
