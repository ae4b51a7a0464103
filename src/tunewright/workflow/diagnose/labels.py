"""The lever "a relabelled target": errors in which the answer may be right and the label wrong. Only pointed out.

For labels, a classifier that has not seen the row sides with the answer by a clear lead (confident learning, as the
audit does it). For free answers, two systems or more say the same as the diagnosed one, against the target. No target
of the locked test set is looked at, and nothing counts as fixed before a person has said so.
"""

from __future__ import annotations

import numpy as np

from tunewright.audit.checks.label_errors import LIMITS
from tunewright.audit.confident import likely_class, mixed_pair
from tunewright.audit.out_of_sample import Refusal, judged_targets
from tunewright.audit.view import View
from tunewright.evaluation.normal_text import normal
from tunewright.workflow.diagnose.bench import Bench, Found
from tunewright.workflow.diagnose.effects import Flags
from tunewright.workflow.diagnose.model_levers import model_of
from tunewright.workflow.several import several_labels

ID, TITLE = "suspect_labels", "a suspect label"
LEAST_AGREEING = 2
# Systems that weigh the same words as the judge of labels does.
SAME_WORDS = ("tfidf", "majority")


def suspect_labels(bench: Bench) -> Found:
    """Errors in which something that has not seen the row sides with the answer against the label."""
    settings = bench.study.settings
    if settings.kind == "classify" and not several_labels(settings):
        return _by_classifier(bench)
    return _by_agreement(bench, "other systems say the same as the answer, against the target")


def _by_classifier(bench: Bench) -> Found:
    what = "a classifier that has not seen the row sides with the answer, by a clear lead"
    study = bench.study
    locked, first = study.regime == "locked", study.parts[0]
    learnable = [*first.train, *first.validation] if locked else range(len(study.examples))
    places = {row: place for place, row in enumerate(learnable)}
    examples = tuple(study.examples[row] for row in places)
    view = View(examples, "classify", cancelled=bench.hooks.cancelled, seed=study.settings.seed)
    judged = judged_targets(view)
    if isinstance(judged, Refusal):
        found = _by_agreement(bench, "other systems say the same as the answer, against the label")
        return Found(ID, TITLE, found.what, flags=found.flags, notes=(f"No classifier judged: {judged.because}.",))
    likely = likely_class(judged.second, judged.votes)
    own, other = mixed_pair(judged.labels, judged.second, judged.votes)
    clear = (likely != judged.labels) & (other - own >= LIMITS["clear_lead"])
    sides = {int(row): judged.names[int(likely[k])] for k, row in enumerate(judged.rows.tolist()) if clear[k]}
    flags = np.zeros(len(bench.examples), dtype=bool)
    for place in bench.errors:
        flags[place] = sides.get(places[bench.rows[place]]) == bench.base[place].answer
    notes = ["Sides with the answer is no proof: a hard case that lies among another label looks the same."]
    if bench.contestant.entry.kind in SAME_WORDS:
        notes.append(f"The classifier reads the same words as {bench.system} and shares some of its errors.")
    return Found(ID, TITLE, what, flags=flags, notes=tuple(notes))


def _by_agreement(bench: Bench, what: str) -> Found:
    """Two others and more that are not the same model in another dress."""
    own = model_of(bench.contestant)
    others = [c for c in bench.contestants if c.name != bench.system and c.name in bench.able]
    others = [c for c in others if own is None or model_of(c) != own]
    flags: Flags = np.zeros(len(bench.examples), dtype=bool)
    if len(others) < LEAST_AGREEING:
        hint = f"it takes {LEAST_AGREEING} more systems that do not ask the same model"
        return Found(ID, TITLE, what, reason=hint)
    for place in bench.errors:
        answer = bench.base[place].answer
        if answer is None:
            continue
        same = [c for c in others if _same(bench.able[c.name].rows[place].answer, answer)]
        flags[place] = len(same) >= LEAST_AGREEING
    return Found(ID, TITLE, what, flags=flags, notes=("Systems may share a mistake: read these before you relabel.",))


def _same(one: str | None, other: str) -> bool:
    return one is not None and normal(one, numbers=True) == normal(other, numbers=True)
