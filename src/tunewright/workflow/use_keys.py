"""What makes two uses of the cases that decide the same, and by what cases are known again.

A use is what was answered and how it was scored, and what was fixed before: figures of time never enter, so that the
same again stays the same. Cases are known by their text; in a comparison of files also by what stands beside the text,
since tables often come without any. Called by ``uses`` alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunewright.decision.money import Margin
from tunewright.project.settings import SystemEntry
from tunewright.records.example import Message
from tunewright.store.test_members import normalised
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.stated_prices import stated_prices
from tunewright.workflow.study import Study

# Rows of one window of (right answer, old answer), and how many of them must not be the commonest of the window: two
# unrelated tables have such a window in common less than once in a million.
WINDOW, VARIED = 32, 10
# Digits of a score that count.
SCORE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class CaseKeys:
    """The cases by text; by (id, right answer, old answer); and by windows of (right answer, old answer) in file order.

    ``chance`` is the largest share of rows that an unrelated table with the same ids can have in common by expectation:
    the share of the commonest pair of answers.
    """

    texts: tuple[tuple[Message, ...], ...]
    rows: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    chance: float = 1.0

    @property
    def all(self) -> tuple[tuple[Message, ...] | str, ...]:
        """Everything to be remembered."""
        return (*self.texts, *self.rows, *self.windows)


def keys_of_cases(study: Study, outcomes: Sequence[Outcome]) -> CaseKeys:
    """By what the scored cases are known again; a blank text says nothing and is left out."""
    cases = [study.examples[row] for row in study.scored]
    texts = tuple(case.messages for case in cases if case.text.strip())
    if study.regime != "answers" or not outcomes or len(outcomes[0].rows) != len(cases):
        return CaseKeys(texts)
    old = [row.answer for row in outcomes[0].rows]
    pairs = [
        _text([normalised(case.target), None if answer is None else normalised(answer)])
        for case, answer in zip(cases, old, strict=True)
    ]
    return CaseKeys(
        texts=texts,
        rows=tuple(_text([case.row_id, pair]) for case, pair in zip(cases, pairs, strict=True)),
        windows=_windows(pairs),
        chance=max(Counter(pairs).values()) / len(pairs),
    )


def predictions_hash(outcomes: Sequence[Outcome], part: str = "all") -> str:
    """Hash of all answers and scores of all available systems, in whatever order; one may come several times."""
    found: dict[str, list[object]] = {}
    for outcome in outcomes:
        if outcome.available:
            rows = ([row.answer, _rounded(row.score)] for row in outcome.rows)
            found.setdefault(f"{outcome.role} {outcome.name}", []).extend(rows)
    return _hash([part, found])


def margins_hash(study: Study, outcomes: Sequence[Outcome], margin: Margin) -> str:
    """Hash of what was fixed before the test and changes what is decided: margins, limits, prices, groups, today's
    system.

    Raises:
        InputError: a table of prices cannot be read.
    """
    settings, groups = study.settings, study.scored_groups
    numbers: dict[int, int] = {}
    today = outcomes[0].name if study.regime == "answers" and outcomes else _without_label(settings.incumbent)
    fixed = [
        _rounded(margin.gain),
        [settings.min_saving, settings.error_cost, settings.volume_per_day],
        [settings.max_latency_ms, settings.max_usd_per_month, settings.guards],
        str(settings.target),
        today,
        settings.seed,
        None if groups is None else [numbers.setdefault(int(group), len(numbers)) for group in groups],
    ]
    # The usual claim and no stated price are not written down: uses from before these counted keep their hash.
    claim, prices = [settings.gate, settings.strong], stated_prices(study, outcomes)
    return _hash([*fixed, *([] if claim == ["exact", False] else [claim]), *([prices] if prices else [])])


def _without_label(incumbent: SystemEntry | None) -> str:
    """Today's system as stated, without the name of the model that gave recorded answers: it decides nothing."""
    if not isinstance(incumbent, Mapping) or not isinstance(options := incumbent.get("answers"), Mapping):
        return str(incumbent)
    return str({**incumbent, "answers": {name: value for name, value in options.items() if name != "model"}})


def _windows(pairs: Sequence[str]) -> tuple[str, ...]:
    size = min(WINDOW, len(pairs))
    found = [pairs[at : at + size] for at in range(len(pairs) - size + 1)]
    return tuple(_text(list(rows)) for rows in found if size - max(Counter(rows).values()) >= VARIED)


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, SCORE_DIGITS)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _hash(value: object) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()
