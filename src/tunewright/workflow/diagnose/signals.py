"""What can be told of errors without a person, and the guess that it gives for each; the rest is unknown, never 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.data.normalise import light_form
from tunewright.decision.diagnosis import Signal
from tunewright.workflow.diagnose.bench import Bench, Found, unusable
from tunewright.workflow.diagnose.effects import Flags, share_of
from tunewright.workflow.diagnose.passages import Search

FEWEST_CHARS = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """One automatic sign over all cases ``[n]``: the mode that it hints at (empty for none) and what it says."""

    name: str
    mode: str
    says: str
    flags: Flags


def signs_of(bench: Bench, form: Flags, search: Search | None, found: Sequence[Found]) -> list[Sign]:
    """All signs, the surest first: the first that an error has is its guess."""
    by_id = {one.id: one for one in found}
    none: Flags = np.zeros(len(bench.examples), dtype=bool)
    suspect = by_id["suspect_labels"].flags if "suspect_labels" in by_id else None
    oracle = next((one for one in found if one.id == "right_passage" and one.scores is not None), None)
    other = next((one for one in found if one.id == "other_model" and one.scores is not None), None)
    signs = [
        Sign("form", "format", "the content is right, the form is wrong", form),
        Sign("input", "input", "there is next to nothing in the input", _broken_inputs(bench)),
        Sign("same_input", "ambiguous", "the same input stands elsewhere with another target", _contradicted(bench)),
    ]
    if search is not None:
        signs.append(Sign("passage_missed", "retrieval", "the right passage was not found", search.known & ~search.hit))
    signs.append(Sign("suspect_label", "labels", "others side with the answer", none if suspect is None else suspect))
    if oracle is not None and oracle.scores is not None and search is None:
        flags = bench.fixed(oracle.scores)
        signs.append(Sign("fact", "facts", "right with the passage that holds the answer", flags))
    if other is not None and other.scores is not None:
        signs.append(Sign("other_model", "reasoning", "another model is right", bench.fixed(other.scores)))
    signs.append(Sign("no_use", "format", "no use could be made of the answer", _unusable(bench)))
    return [one for one in signs if one.flags.any()]


def signals_of(bench: Bench, form: Flags, search: Search | None, suspects: Flags | None) -> dict[str, Signal]:
    """Counts and shares with intervals, by name."""
    errors = bench.wrong
    found = {
        "form": _signal(bench, "form", form, errors, "errors whose content is right and whose form is wrong"),
        "no_use": _signal(bench, "no_use", _unusable(bench), errors, "errors of which no use could be made"),
    }
    if suspects is not None:
        text = "errors in which others side with the answer: suspect labels, not yet wrong ones"
        found["suspect_labels"] = _signal(bench, "suspect_labels", suspects, errors, text)
    if search is not None:
        missed = search.known & ~search.hit
        text = f"errors whose passage was not among the {search.shown} found by {search.system}"
        found["passage_missed"] = _signal(bench, "passage_missed", missed, errors, text)
        text = f"known passages are among the {search.shown} found by {search.system} (recall@{search.shown})"
        found["recall"] = _signal(bench, "recall", search.hit, search.known, text)
    return found


def guesses_of(bench: Bench, signs: Sequence[Sign]) -> Mapping[int, Sign]:
    """The first sign of each error that has one, by the number of the case."""
    guesses: dict[int, Sign] = {}
    for sign in signs:
        for place in bench.errors:
            if sign.flags[place]:
                guesses.setdefault(place, sign)
    return guesses


def _signal(bench: Bench, name: str, flags: Flags, of: Flags, text: str) -> Signal:
    groups = None if bench.groups is None else bench.groups[of]
    share, interval = share_of(flags[of], groups)
    return Signal(name=name, count=int(flags[of].sum()), of=int(of.sum()), share=share, interval=interval, text=text)


def _unusable(bench: Bench) -> Flags:
    return np.array([unusable(row) for row in bench.base], dtype=bool) & bench.wrong


def _broken_inputs(bench: Bench) -> Flags:
    texts = [example.text.strip() for example in bench.examples]
    return np.array([len(text) < FEWEST_CHARS or "\ufffd" in text for text in texts], dtype=bool)


def _contradicted(bench: Bench) -> Flags:
    """Cases whose input stands in a row that may be looked at (never a locked one) with another target."""
    study = bench.study
    open_rows = {row for part in bench.parts for row in (*part.train, *part.validation, *part.scored)}
    targets: defaultdict[str, set[str]] = defaultdict(set)
    for row in open_rows:
        targets[light_form(study.examples[row].text)].add(study.examples[row].target)
    return np.array([len(targets[light_form(example.text)]) > 1 for example in bench.examples], dtype=bool)
