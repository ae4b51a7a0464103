"""Two JSON values compared field by field: which values were found, which are wrong, which are missing.

A field is a path as in ``lines[].price``; all elements of a list share one. A value that differs counts as one wrong
(``fp``) and one missed (``fn``). Lists are matched so that most values agree, whatever their order: an assignment
problem, solved exactly by ``scipy.optimize.linear_sum_assignment`` (Crouse 2016), which makes micro F1 as large as it
can be. Called by the grader ``extraction``.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict, deque
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from tunewright.evaluation.counts import Counts
from tunewright.evaluation.dates import read_date
from tunewright.evaluation.json_answers import canonical
from tunewright.evaluation.normal_text import normal

EMPTY = ("same", "null", "apart")
TEXT = ("exact", "spaces", "case", "normal")
# Pairs of values that two lists are compared by; longer ones match equal elements first, the others by position.
MAX_PAIRS = 40_000
WHOLE = "(value)"


@dataclass(frozen=True, slots=True)
class FieldRules:
    """When two values are equal.

    ``dates`` are paths whose texts are dates, ``("auto",)`` wherever both texts read as one. ``ordered`` are paths of
    lists whose order counts. ``empty`` says what is no value: ``same`` missing, null, empty text, list and object
    alike; ``null`` missing and null alike; ``apart`` only what is missing. ``loose`` takes ``"12"`` for 12 and
    ``"true"`` for true.
    """

    dates: frozenset[str] = frozenset({"auto"})
    date_order: str = ""
    absolute: float = 0.0
    relative: float = 1e-9
    ordered: frozenset[str] = frozenset()
    empty: str = "same"
    text: str = "spaces"
    loose: bool = False


def compare_fields(target: object, answer: object, rules: FieldRules) -> Counts:
    """Counts by field. Both are JSON values of bounded depth."""
    return _compare(target, answer, "", rules)


def missed_fields(target: object, rules: FieldRules) -> Counts:
    """The counts of an answer that is no JSON: every value of the target is missed."""
    return Counts(fn=_leaves(target, "", rules))


def _compare(target: object, answer: object, path: str, rules: FieldRules) -> Counts:
    if _absent(target, rules) or _absent(answer, rules):
        return _apart(target, answer, path, rules)
    if isinstance(target, dict) and isinstance(answer, dict) and (target or answer):
        found = Counts()
        for key in target.keys() | answer.keys():
            inner = f"{path}.{key}" if path else str(key)
            if key in target and key in answer:
                found.add(_compare(target[key], answer[key], inner, rules))
            elif key in target:
                found.fn.update(_leaves(target[key], inner, rules))
            else:
                found.fp.update(_leaves(answer[key], inner, rules))
        return found
    if isinstance(target, list) and isinstance(answer, list) and (target or answer):
        return _lists(target, answer, path, rules)
    if _equal(target, answer, path, rules):
        return Counts(tp=Counter({path or WHOLE: 1}))
    return _apart(target, answer, path, rules)


def _apart(target: object, answer: object, path: str, rules: FieldRules) -> Counts:
    return Counts(fp=_leaves(answer, path, rules), fn=_leaves(target, path, rules))


def _lists(target: list[object], answer: list[object], path: str, rules: FieldRules) -> Counts:
    inner = f"{path}[]"
    wanted = [value for value in target if not _absent(value, rules)]
    given = [value for value in answer if not _absent(value, rules)]
    found = Counts()
    pairs, _ = _pairing(wanted, given, path, rules)
    for row, column in pairs:
        found.add(_compare(wanted[row], given[column], inner, rules))
    for row in set(range(len(wanted))) - {row for row, _ in pairs}:
        found.fn.update(_leaves(wanted[row], inner, rules))
    for column in set(range(len(given))) - {column for _, column in pairs}:
        found.fp.update(_leaves(given[column], inner, rules))
    return found


def _pairing(
    wanted: list[object], given: list[object], path: str, rules: FieldRules
) -> tuple[list[tuple[int, int]], int]:
    """Which elements of two lists (none absent) belong together, and how many values are right in all pairs."""
    inner = f"{path}[]"
    if path in rules.ordered:
        pairs = list(zip(range(len(wanted)), range(len(given)), strict=False))
    elif sum(map(_size, wanted)) * sum(map(_size, given)) > MAX_PAIRS:
        pairs = _equals_first(wanted, given)
    elif wanted and given:
        gains = np.array([[_right(one, other, inner, rules) for other in given] for one in wanted], dtype=np.float64)
        rows, columns = linear_sum_assignment(gains, maximize=True)
        return list(zip(rows.tolist(), columns.tolist(), strict=True)), int(gains[rows, columns].sum())
    else:
        pairs = []
    return pairs, sum(_right(wanted[row], given[column], inner, rules) for row, column in pairs)


def _equals_first(wanted: list[object], given: list[object]) -> list[tuple[int, int]]:
    """Pairs of elements that are equal letter for letter, then of the others by their place."""
    places: defaultdict[str, deque[int]] = defaultdict(deque)
    for place, value in enumerate(given):
        places[canonical(value)].append(place)
    pairs, left = [], []
    for row, value in enumerate(wanted):
        same = places.get(canonical(value))
        if same:
            pairs.append((row, same.popleft()))
        else:
            left.append(row)
    used = {column for _, column in pairs}
    others = [place for place in range(len(given)) if place not in used]
    return pairs + list(zip(left, others, strict=False))


def _right(target: object, answer: object, path: str, rules: FieldRules) -> int:
    """How many values are right: what ``_compare`` counts as ``tp``, without the names."""
    if _absent(target, rules) or _absent(answer, rules):
        return 0
    if isinstance(target, dict) and isinstance(answer, dict) and (target or answer):
        common = target.keys() & answer.keys()
        return sum(_right(target[key], answer[key], f"{path}.{key}" if path else key, rules) for key in common)
    if isinstance(target, list) and isinstance(answer, list) and (target or answer):
        wanted = [value for value in target if not _absent(value, rules)]
        given = [value for value in answer if not _absent(value, rules)]
        return _pairing(wanted, given, path, rules)[1]
    return int(_equal(target, answer, path, rules))


def _size(value: object) -> int:
    """How many values a value holds, itself included."""
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1


def _leaves(value: object, path: str, rules: FieldRules) -> Counter[str]:
    """How many values stand at each path; what is absent is none."""
    found: Counter[str] = Counter()
    if _absent(value, rules):
        return found
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            found.update(_leaves(inner, f"{path}.{key}" if path else str(key), rules))
    elif isinstance(value, list) and value:
        for inner in value:
            found.update(_leaves(inner, f"{path}[]", rules))
    else:
        found[path or WHOLE] += 1
    return found


def _absent(value: object, rules: FieldRules) -> bool:
    if rules.empty == "apart":
        return False
    if value is None:
        return True
    return rules.empty == "same" and (value in ([], {}) or (isinstance(value, str) and not value.strip()))


def _equal(target: object, answer: object, path: str, rules: FieldRules) -> bool:
    if rules.loose and isinstance(target, str) != isinstance(answer, str):
        target, answer = _typed(target), _typed(answer)
    if isinstance(target, bool) or isinstance(answer, bool):
        return target is answer
    if isinstance(target, int | float) and isinstance(answer, int | float):
        return _close(target, answer, rules)
    if isinstance(target, str) and isinstance(answer, str):
        return _same_text(target, answer, path, rules)
    return type(target) is type(answer) and target == answer


def _close(target: float, answer: float, rules: FieldRules) -> bool:
    if target == answer:
        return True
    try:
        return abs(target - answer) <= max(rules.absolute, rules.relative * abs(target))
    except OverflowError:
        return False


def _same_text(target: str, answer: str, path: str, rules: FieldRules) -> bool:
    if target == answer:
        return True
    if rules.dates & {"auto", path}:
        dates = [read_date(text, rules.date_order) for text in (target, answer)]
        if all(dates):
            return dates[0] == dates[1]
    if rules.text == "exact":
        return False
    if rules.text == "normal":
        forms = [normal(text) for text in (target, answer)]
        return bool(forms[0]) and forms[0] == forms[1]
    forms = [" ".join(unicodedata.normalize("NFC", text).split()) for text in (target, answer)]
    return forms[0].casefold() == forms[1].casefold() if rules.text == "case" else forms[0] == forms[1]


def _typed(value: object) -> object:
    """The number or truth value that a text writes, or the value itself."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    if len(text) > 40 or not text[-1:].isdigit():
        return value
    try:
        return float(text) if any(c in text for c in ".eE") else int(text)
    except ValueError:
        return value
