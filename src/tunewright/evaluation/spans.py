"""Answers that are pieces of a text: token F1 and exact match as in SQuAD, and labelled slots as multisets.

Source: the official evaluation of SQuAD 1.1 and 2.0, functions ``compute_exact`` and ``compute_f1`` (Rajpurkar et al.
2016, section 6.1; 2018, section 5). Called by the graders ``span`` and ``slots``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tunewright.evaluation.normal_text import squad_normal


def token_f1(answer: str, reference: str) -> float:
    """F1 over the words of both, as multisets; 1 where both are empty, 0 where one is."""
    given, wanted = squad_normal(answer).split(), squad_normal(reference).split()
    if not given or not wanted:
        return float(given == wanted)
    same = (Counter(given) & Counter(wanted)).total()
    return 2 * same / (len(given) + len(wanted))


def exact(answer: str, reference: str) -> float:
    """1 where both are equal after SQuAD's normalisation, else 0."""
    return float(squad_normal(answer) == squad_normal(reference))


def slots_of(value: object, name_key: str, value_key: str) -> Counter[tuple[str, str]] | None:
    """The (name, value) pairs of a list of slots, or of an object from names to values or lists of them.

    Values are texts, numbers or truth values, compared as texts with spaces folded; null is no slot. None where the
    JSON has another shape.
    """
    pairs: list[tuple[object, object]] = []
    if isinstance(value, list):
        for slot in value:
            if not isinstance(slot, Mapping) or name_key not in slot or value_key not in slot:
                return None
            pairs.append((slot[name_key], slot[value_key]))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            pairs += [(name, one) for one in (inner if isinstance(inner, list) else [inner])]
    else:
        return None
    found: Counter[tuple[str, str]] = Counter()
    for name, inner in pairs:
        if not isinstance(name, str) or isinstance(inner, dict | list):
            return None
        if inner is not None:
            found[(name, " ".join(str(inner).split()))] += 1
    return found
