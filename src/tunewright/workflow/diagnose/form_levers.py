"""The levers on form: force it while the model writes, or cut the answer out of what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tunewright.evaluation.grades import grade_many
from tunewright.records.answers import Answer
from tunewright.records.generation import Backend, Reply, Request, Watch
from tunewright.records.system import FittedSystem
from tunewright.store.cache_keys import cache_key
from tunewright.systems._prompting.prompted import Prompted
from tunewright.systems._prompting.schema import learned_schema
from tunewright.workflow.diagnose.bench import Bench, Found, scores_of, unusable
from tunewright.workflow.diagnose.effects import Flags
from tunewright.workflow.diagnose.form import content_right, cut_out
from tunewright.workflow.diagnose.model_levers import model_of
from tunewright.workflow.several import several_labels

CUT_ID, CUT_TITLE = "cut_out", "the answer cut out of the text"
FORCED_ID, FORCED_TITLE = "forced_form", "the form forced"
VERSION = "1"
# Free answers are a closed list where so few different ones stand in the training rows, each so often on average.
MOST_CHOICES, LEAST_TIMES = 20, 5


def said_texts(bench: Bench) -> list[str | None]:
    """What the diagnosed system said to each case ``[n]``, word for word where that can be had.

    What is stored is what the grader took an answer for. Cases whose answer was of no use are asked again, and all
    those of a language model that writes texts: its replies are kept, so that this is free.
    """
    texts = [row.answer for row in bench.base]
    writes = bench.study.settings.kind != "classify" and model_of(bench.contestant) is not None
    lost = [place for place, row in enumerate(bench.base) if writes or (row.answer is None and unusable(row))]
    if not lost:
        return texts
    start = 0
    for part, fit in zip(bench.parts, bench.answered[bench.system].fits, strict=True):
        mine = [place for place in lost if start <= place < start + len(part.scored)]
        start += len(part.scored)
        if mine:
            fitted = bench.asker.fitter.open(bench.contestant, fit)
            try:
                answers = fitted.answer([bench.examples[place].inputs for place in mine])
            finally:
                fitted.close()
            for place, answer in zip(mine, answers, strict=True):
                texts[place] = answer.text
    return texts


def errors_of_form(bench: Bench, said: Sequence[str | None]) -> Flags:
    """Errors whose content is right ``[n]``."""
    flags = np.zeros(len(bench.examples), dtype=bool)
    settings, labels = bench.study.settings, bench.study.labels
    for place in bench.errors:
        text = said[place]
        flags[place] = text is not None and content_right(text, bench.examples[place].target, settings, labels)
    return flags


def cut_out_lever(bench: Bench, said: Sequence[str | None]) -> Found:
    """What a step behind the system that cuts the answer out of its text would fix and break."""
    what = f"a step behind {bench.system} takes the answer out of what stands around it"
    settings, labels, scores = bench.study.settings, bench.study.labels, bench.base_scores.copy()
    texts: list[str | None] = [row.answer for row in bench.base]
    again = []
    for place, text in enumerate(said):
        cut = None if text is None else cut_out(text, settings, labels)
        if cut is not None and cut != text:
            again.append((place, cut))
    if not again:
        reason = "every answer is in its bare form already: there is nothing to cut away"
        return Found(CUT_ID, CUT_TITLE, what, reason=reason)
    grades = grade_many(bench.study.grading.grader, [(Answer(cut), bench.examples[place]) for place, cut in again])
    for (place, cut), grade in zip(again, grades, strict=True):
        scores[place], texts[place] = np.nan if grade.score is None else grade.score, cut
    return Found(CUT_ID, CUT_TITLE, what, scores=scores, of=bench.system, answers=tuple(texts))


def forced_form(bench: Bench) -> Found:
    """What constrained decoding would fix and break, where a model writes freely and a form can be told."""
    what = f"the model of {bench.system} may write nothing but the wanted form"
    why_not = _not_forced(bench)
    if why_not is not None:
        return Found(FORCED_ID, FORCED_TITLE, what, reason=why_not)
    forms = [_form(bench, part.train) for part in bench.parts]
    if any(form is None for form in forms):
        reason = "right answers are free texts: there is no schema and no short list that could be forced"
        return Found(FORCED_ID, FORCED_TITLE, what, reason=reason)
    fits = bench.answered[bench.system].fits

    def make(number: int) -> FittedSystem:
        fitted: Any = bench.asker.fitter.open(bench.contestant, fits[number])
        opened, form = fitted.open_backend, forms[number]
        fitted.open_backend = lambda: Forced(opened(), form or {})
        return fitted  # type: ignore[no-any-return]

    keys = [
        cache_key("diagnose", {"lever": FORCED_ID, "version": VERSION, "fit": fit.key, "form": json.dumps(form)})
        for fit, form in zip(fits, forms, strict=True)
    ]
    answers = bench.asker.changed(f"{bench.system} with the form forced", bench.parts, keys, make)
    if answers.reason is not None:
        return Found(FORCED_ID, FORCED_TITLE, what, reason=answers.reason)
    texts = tuple(row.answer for row in answers.rows)
    return Found(FORCED_ID, FORCED_TITLE, what, scores=scores_of(answers.rows), of=bench.system, answers=texts)


def _not_forced(bench: Bench) -> str | None:
    system, settings = bench.contestant.system, bench.study.settings
    if not isinstance(getattr(system, "model", None), str):
        closed = settings.kind == "classify" and not several_labels(settings)
        return f"{bench.system} asks no language model" + (
            ": it can answer labels only, so its form is forced already" if closed else "; a model's decoding is forced"
        )
    fit = bench.answered[bench.system].fits[0]
    fitted = bench.asker.fitter.open(bench.contestant, fit)
    try:
        if not isinstance(fitted, Prompted):
            return f"the decoding of {bench.system} cannot be forced from outside; see what cutting out brings"
    finally:
        fitted.close()
    if settings.kind in ("classify", "extract"):
        return f"{bench.system} is held to its form already, by labels or by the schema of the training targets"
    return None


def _form(bench: Bench, rows: Sequence[int]) -> Mapping[str, Any] | None:
    """How decoding is held to what right answers look like, learned from training rows; None where they are free."""
    targets = [bench.study.examples[row].target for row in rows]
    schema = learned_schema(targets)
    if schema is not None:
        return {"schema": schema}
    different = sorted(set(targets))
    if len(different) <= MOST_CHOICES and len(targets) >= LEAST_TIMES * len(different):
        return {"choices": different}
    return None


@dataclass(slots=True)
class Forced:
    """A backend that holds every request to a form."""

    inner: Backend
    form: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def network(self) -> bool:
        return self.inner.network

    def identity(self) -> Mapping[str, str]:
        return self.inner.identity()

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        schema, choices = self.form.get("schema"), tuple(self.form.get("choices", ()))
        held = [replace(one, decoding=replace(one.decoding, schema=schema, choices=choices)) for one in requests]
        return self.inner.complete(held, watch)

    def close(self) -> None:
        self.inner.close()
