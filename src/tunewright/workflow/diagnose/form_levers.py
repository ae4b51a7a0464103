"""The levers on form: force it while the model writes, or cut the answer out of what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tunewright.evaluation.grades import grade_many
from tunewright.records.answers import Answer
from tunewright.records.system import FittedSystem
from tunewright.store.cache_keys import cache_key
from tunewright.systems._changeable import FormSettable
from tunewright.systems._prompting.held import HeldForm
from tunewright.systems._prompting.schema import learned_schema
from tunewright.workflow.diagnose.bench import Bench, Found, scores_of, unusable
from tunewright.workflow.diagnose.effects import Flags
from tunewright.workflow.diagnose.form import content_right, cut_out
from tunewright.workflow.diagnose.model_levers import model_of
from tunewright.workflow.fitting import Contestant
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
    forms = [form for part in bench.parts if (form := _form(bench, part.train)) is not None]
    if len(forms) < len(bench.parts):
        reason = "right answers are free texts: there is no schema and no short list that could be forced"
        return Found(FORCED_ID, FORCED_TITLE, what, reason=reason)
    fits = bench.answered[bench.system].fits

    def make(number: int) -> FittedSystem:
        changed = _with_form(bench.contestant, forms[number])
        assert changed is not None
        return bench.asker.fitter.open(changed, fits[number])

    keys = [
        cache_key("diagnose", {"lever": FORCED_ID, "version": VERSION, "fit": fit.key, "form": form.as_text()})
        for fit, form in zip(fits, forms, strict=True)
    ]
    answers = bench.asker.changed(f"{bench.system} with the form forced", bench.parts, keys, make)
    if answers.reason is not None:
        return Found(FORCED_ID, FORCED_TITLE, what, reason=answers.reason)
    texts = tuple(row.answer for row in answers.rows)
    return Found(FORCED_ID, FORCED_TITLE, what, scores=scores_of(answers.rows), of=bench.system, answers=texts)


def _not_forced(bench: Bench) -> str | None:
    settings = bench.study.settings
    if model_of(bench.contestant) is None:
        closed = settings.kind == "classify" and not several_labels(settings)
        return f"{bench.system} asks no language model" + (
            ": it can answer labels only, so its form is forced already" if closed else "; a model's decoding is forced"
        )
    if _with_form(bench.contestant, HeldForm()) is None:
        return f"the decoding of {bench.system} cannot be forced from outside; see what cutting out brings"
    if settings.kind in ("classify", "extract"):
        return f"{bench.system} is held to its form already, by labels or by the schema of the training targets"
    return None


def _with_form(contestant: Contestant, form: HeldForm) -> Contestant | None:
    """The same system with its model held to a form; None where it offers no way."""
    system = contestant.system
    held = system.with_form(form) if isinstance(system, FormSettable) else None
    return None if held is None else replace(contestant, system=held)


def _form(bench: Bench, rows: Sequence[int]) -> HeldForm | None:
    """How decoding is held to what right answers look like, learned from training rows; None where they are free."""
    targets = [bench.study.examples[row].target for row in rows]
    schema = learned_schema(targets)
    if schema is not None:
        return HeldForm(schema)
    different = sorted(set(targets))
    if len(different) <= MOST_CHOICES and len(targets) >= LEAST_TIMES * len(different):
        return HeldForm(choices=tuple(different))
    return None
