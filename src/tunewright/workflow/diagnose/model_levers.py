"""The levers that change who answers: another model asked in the same way, and the nearest examples put in front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from tunewright.errors import InputError
from tunewright.evaluation.grades import grade_many
from tunewright.records.answers import Answer
from tunewright.records.example import Example
from tunewright.records.system import traits_of
from tunewright.workflow.diagnose.bench import Bench, Found, scores_of
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.several import several_labels

MODEL_ID, MODEL_TITLE = "other_model", "another model"
NEAREST_ID, NEAREST_TITLE = "nearest_examples", "the nearest examples"
NEIGHBOURS = 5


def other_model(bench: Bench, asked: Sequence[str] = ()) -> list[Found]:
    """The diagnosed way of asking with each other model of the project; ``asked``: billed ones that a person named."""
    model = model_of(bench.contestant)
    what = f"the question of {bench.system} to another model"
    if model is None:
        hint = (
            f"{bench.system} asks no language model. To see what one would fix, add {{prompt: NAME}} to the systems "
            "and NAME under models"
        )
        return [Found(MODEL_ID, MODEL_TITLE, what, reason=hint)]
    others = [name for name in bench.study.settings.models if name != model and _differs(bench, name, model)]
    if not others:
        hint = "the project names one model only; name a larger one: models: {large: {openai: MODEL, ...}}"
        return [Found(MODEL_ID, MODEL_TITLE, what, reason=hint)]
    return [_with_model(bench, name, billed=name in asked) for name in others]


def _differs(bench: Bench, name: str, model: str) -> bool:
    return bench.around.describe_model(name).identity != bench.around.describe_model(model).identity


def _with_model(bench: Bench, name: str, *, billed: bool) -> Found:
    title, what = f"{MODEL_TITLE}: {name}", f"{bench.system} as it is, but asking {name}"
    facts = bench.around.describe_model(name)
    if facts.missing:
        return Found(MODEL_ID, title, what, reason=facts.missing)
    if facts.network and bench.study.settings.egress == "none":
        return Found(MODEL_ID, title, what, reason="nothing may leave this machine (egress: none)")
    if facts.served and not billed:
        calls = len(bench.examples)
        hint = f"asking it sends a bill for {calls} cases and those that its wording is chosen on; --model {name} asks"
        return Found(MODEL_ID, title, what, reason=hint)
    entry = bench.contestant.entry
    options: dict[str, Any] = {**entry.options, "use": name, "name": f"{entry.kind}:{name}"}
    return _asked(bench, MODEL_ID, title, what, {entry.kind: options})


def nearest_examples(bench: Bench) -> Found:
    """The same model shown the nearest training rows; without a model, the answers that these rows have."""
    model = model_of(bench.contestant)
    if model is None:
        return _neighbours(bench)
    what = f"{model} is shown the training rows most like the case"
    entry = bench.contestant.entry
    if entry.kind == "few_shot" and entry.options.get("choice") == "nearest":
        return Found(NEAREST_ID, NEAREST_TITLE, what, reason=f"{bench.system} shows the nearest examples already")
    longest = {name: value for name, value in entry.options.items() if name == "max_tokens"}
    options: dict[str, Any] = {**longest, "use": model, "choice": "nearest", "name": f"few_shot:{model}:nearest"}
    return _asked(bench, NEAREST_ID, NEAREST_TITLE, what, {"few_shot": options})


def _asked(bench: Bench, lever: str, title: str, what: str, entry: Mapping[str, Any]) -> Found:
    try:
        contestant = bench.built(entry)
    except InputError as error:
        return Found(lever, title, what, reason=error.message)
    answers = bench.asker.answers(contestant, bench.parts)
    if answers.reason is not None:
        return Found(lever, title, what, reason=answers.reason)
    texts = tuple(row.answer for row in answers.rows)
    return Found(lever, title, what, scores=scores_of(answers.rows), of=bench.system, answers=texts)


def model_of(contestant: Contestant) -> str | None:
    """The language model that a system asks, the first it names; None where it asks none, or only through others."""
    return next(iter(traits_of(contestant.system).models), None)


def _neighbours(bench: Bench) -> Found:
    """What the nearest training rows say: a vote of five on labels, the answer of the nearest else (TF-IDF)."""
    settings = bench.study.settings
    votes = settings.kind == "classify" and not several_labels(settings)
    what = (
        f"in the place of {bench.system}, a vote of the {NEIGHBOURS} most similar training rows"
        if votes
        else f"in the place of {bench.system}, the right answer of the most similar training row"
    )
    texts: list[str] = []
    for part in bench.parts:
        known = [bench.study.examples[row] for row in (*part.train, *part.validation)]
        asked = [bench.study.examples[row] for row in part.scored]
        texts += nearest_answers(known, asked, NEIGHBOURS if votes else 1)
    pairs = [(Answer(text), example) for text, example in zip(texts, bench.examples, strict=True)]
    grades = grade_many(bench.study.grading.grader, pairs)
    scores = np.array([np.nan if one.score is None else one.score for one in grades], dtype=np.float64)
    return Found(NEAREST_ID, NEAREST_TITLE, what, scores=scores, of=bench.system, answers=tuple(texts))


def nearest_answers(known: Sequence[Example], asked: Sequence[Example], count: int) -> list[str]:
    """For each case the target with the most weight among its ``count`` nearest known rows, by cosine of TF-IDF."""
    words = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    rows = words.fit_transform([example.text or " " for example in known])
    likeness = words.transform([example.text or " " for example in asked]) @ rows.T
    answers = []
    for line in np.asarray(likeness.todense(), dtype=np.float64):
        weight: dict[str, float] = {}
        for place in np.argsort(-line, kind="stable")[:count].tolist():
            weight[known[place].target] = weight.get(known[place].target, 0.0) + max(float(line[place]), 1e-12)
        answers.append(max(weight, key=lambda target: weight[target]))
    return answers
