"""Samples of lm-evaluation-harness (``--log_samples``): ``samples_TASK_TIME.jsonl``, one system and one task each.

A line is one document under one filter: ``doc_id``, ``doc``, ``target``, ``resps``, ``filtered_resps``, ``filter``, the
names of its ``metrics`` and their values beside them. Documents are known by number and content (``doc_hash``), so that
another order or another version of the data is seen. Metrics of another filter than ``none`` are called as in the
results: ``exact_match,strict-match``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tunewright.data.eval_logs._cases import EvalLog, Json, ScoredCase, number_of, require_cases, tags_of, text_of
from tunewright.data.eval_logs._probe import LogProbe
from tunewright.errors import InputError

NAME = "lm-eval"
ORDER = 30
_FILE = re.compile(r"samples_(?P<task>.+?)(_\d{4}-\d\d-\d\dT.*)?$")
_NOT_METRICS = frozenset(
    {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash", "prompt_hash"}
    | {"target_hash", "task_name", "repeats"}
)


def recognise(probe: LogProbe) -> bool:
    """A first line with a document and the replies to it, or a file of results without them."""
    line = probe.first_line
    if isinstance(line, Mapping) and "doc_id" in line and ("resps" in line or "filtered_resps" in line):
        return True
    return probe.document is not None and _is_summary(probe.document)


def read(probe: LogProbe) -> list[EvalLog]:
    """The one log of the file.

    Raises:
        InputError: the file holds averages alone.
    """
    if probe.document is not None and _is_summary(probe.document):
        raise InputError(
            "logs.only_averages",
            "This file of lm-eval holds averages, not the score of each case.",
            where=str(probe.path),
            why="Two systems are compared case by case.",
            hint="Run lm-eval with --log_samples and name the samples_*.jsonl file of the task.",
        )
    merged: dict[str, ScoredCase] = {}
    for number, line in probe.lines():
        if "doc_id" not in line:
            raise InputError("logs.no_document", "A line has no doc_id.", where=f"{probe.path}:{number}")
        case = _case(line)
        known = merged.get(case.id)
        if known is not None and known.scores.keys() & case.scores.keys():
            raise InputError(
                "logs.same_case",
                f"The document {line['doc_id']} stands twice under one filter.",
                where=f"{probe.path}:{number}",
                why="Two scores of one case cannot be told apart.",
            )
        merged[case.id] = case if known is None else _joined(known, case)
    match = _FILE.match(probe.path.stem)
    task = match["task"] if match else probe.path.stem
    system = probe.path.resolve().parent.name if match else probe.path.stem
    return [EvalLog(probe.path, NAME, system, task, require_cases(list(merged.values()), probe.path, NAME))]


def _is_summary(document: Json) -> bool:
    return isinstance(document.get("results"), Mapping) and ("n-shot" in document or "lm_eval_version" in document)


def _case(line: Json) -> ScoredCase:
    doc = line.get("doc")
    named = line.get("metrics")
    names = named if isinstance(named, list) else [name for name in line if name not in _NOT_METRICS]
    filtered = line.get("filter") or "none"
    scores = {
        (name if filtered == "none" else f"{name},{filtered}"): number_of(line.get(name))
        for name in map(str, names)
        if not isinstance(line.get(name), list | dict)
    }
    digest = text_of(line.get("doc_hash"))[:8]
    return ScoredCase(
        id=f"{line['doc_id']}:{digest}" if digest else str(line["doc_id"]),
        scores=scores,
        answer=_answer(line),
        target=text_of(line.get("target")),
        text=_text(doc),
        tags=tags_of(doc),
    )


def _joined(one: ScoredCase, other: ScoredCase) -> ScoredCase:
    """The same document under another filter."""
    return ScoredCase(
        one.id,
        {**one.scores, **other.scores},
        answer=one.answer or other.answer,
        target=one.target,
        text=one.text,
        tags=one.tags,
    )


def _text(doc: Json) -> str:
    """The document's own texts: the prompt would hold the worked examples too, which are alike in all cases."""
    if isinstance(doc, Mapping):
        return "\n".join(text_of(value) for value in doc.values() if isinstance(value, str))
    return text_of(doc)


def _answer(line: Json) -> str | None:
    """The filtered reply; where log-likelihoods were compared, the number of the choice taken."""
    replies = line.get("filtered_resps")
    if not isinstance(replies, list) or not replies:
        return None
    likelihoods = [_likelihood(reply) for reply in replies]
    known = [value for value in likelihoods if value is not None]
    if len(known) == len(replies) and len(known) > 1:
        return f"choice {known.index(max(known)) + 1}"
    first = replies[0][0] if isinstance(replies[0], list) and len(replies[0]) == 1 else replies[0]
    return text_of(first) or None


def _likelihood(reply: Json) -> float | None:
    """The first of a pair (log-likelihood, greedy), which is saved as numbers or as texts."""
    if not isinstance(reply, list) or len(reply) != 2:
        return None
    try:
        return float(reply[0])
    except (TypeError, ValueError):
        return None
