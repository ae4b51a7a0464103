"""Logs of Inspect (inspect_ai): the ``.eval`` archive and the ``.json`` file, one system each.

An archive holds ``header.json`` and ``summaries.json`` once the run has ended, ``samples/ID_epoch_N.json`` always; a
JSON log is one object with ``eval`` and ``samples``. Written after inspect_ai's ``log/_log.py`` and
``log/_recorders/eval.py``. A sample that stopped with an error is missing; one that hit a limit of its own (time,
tokens, messages) without a score is wrong.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping

from tunewright.data.eval_logs._archive import read_json
from tunewright.data.eval_logs._cases import (
    EvalLog,
    Json,
    ScoredCase,
    amounts_of,
    list_of,
    mapping_of,
    message_text,
    number_of,
    require_cases,
    require_objects,
    tags_of,
    text_of,
    whole_of,
)
from tunewright.data.eval_logs._probe import LogProbe
from tunewright.records.answers import Status

NAME = "Inspect"
ORDER = 10
_HEADERS = ("header.json", "_journal/start.json", "start.json")
_SUMMARIES = ("summaries.json", "summary.json")
# inspect_ai's value_to_float: correct, incorrect, partial, no answer.
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
# A person stopped it, or the harness: not the model's doing.
_NOT_ITS_OWN = frozenset({"operator", "custom"})


def recognise(probe: LogProbe) -> bool:
    """An archive with one of Inspect's headers, or an object with ``eval`` and ``samples``."""
    if probe.is_zip:
        return any(name in probe.names for name in _HEADERS)
    document = probe.document
    return document is not None and isinstance(document.get("eval"), Mapping) and "status" in document


def read(probe: LogProbe) -> list[EvalLog]:
    """The one log of the file."""
    header, samples = _archive(probe) if probe.is_zip else (probe.document, list_of(probe.document.get("samples")))
    header = mapping_of(header)
    spec = mapping_of(header.get("eval"))
    cases = [_case(sample) for sample in require_objects(samples, probe.path, NAME)]
    status = header.get("status")
    notes = [] if status in (None, "success") else [f"{probe.path.name}: the evaluation ended with status {status!r}."]
    return [
        EvalLog(
            probe.path,
            NAME,
            text_of(spec.get("model")) or probe.path.stem,
            text_of(spec.get("task")),
            require_cases(cases, probe.path, NAME),
            tuple(notes),
        )
    ]


def _archive(probe: LogProbe) -> tuple[Json, list[Json]]:
    header = next(name for name in _HEADERS if name in probe.names)
    summaries = next((name for name in _SUMMARIES if name in probe.names), None)
    parts = sorted(name for name in probe.names if name.startswith("samples/") and name.endswith(".json"))
    with zipfile.ZipFile(probe.path) as archive:
        first = read_json(archive, probe.path, header)
        if summaries is not None:
            return first, list_of(read_json(archive, probe.path, summaries))
        return first, [read_json(archive, probe.path, name) for name in parts]


def _case(sample: Json) -> ScoredCase:
    scores = _scores(mapping_of(sample.get("scores")))
    usage = [item for item in mapping_of(sample.get("model_usage")).values() if isinstance(item, Mapping)]
    target = sample.get("target")
    amounts = amounts_of(
        seconds=sample.get("working_time", sample.get("total_time")),
        input_tokens=_total(usage, ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write")),
        output_tokens=_total(usage, ("output_tokens",)),
        usd=_total(usage, ("total_cost",)),
    )
    status, detail = _status(sample, scores)
    return ScoredCase(
        id=text_of(sample.get("id")),
        scores=scores,
        status=status,
        repetition=max(whole_of(sample.get("epoch")) - 1, 0),
        answer=_answer(sample),
        target="\n".join(map(text_of, target)) if isinstance(target, list) else text_of(target),
        text=message_text(sample.get("input")),
        detail=detail,
        tags=tags_of(sample.get("metadata")),
        amounts=amounts,
    )


def _scores(scores: Json) -> dict[str, float | None]:
    """By scorer; a scorer that gives several values has them as ``scorer/name``."""
    found: dict[str, float | None] = {}
    for scorer, score in scores.items():
        value = score.get("value") if isinstance(score, Mapping) else score
        if isinstance(value, Mapping):
            found |= {f"{scorer}/{name}": _value(item) for name, item in value.items()}
        else:
            found[str(scorer)] = _value(value)
    return found


def _value(value: Json) -> float | None:
    if isinstance(value, str):
        if value in _LETTERS:
            return _LETTERS[value]
        try:
            return number_of(float(value))
        except ValueError:
            return number_of(value)
    return number_of(value)


def _status(sample: Json, scores: Mapping[str, float | None]) -> tuple[Status, str]:
    error, limit = sample.get("error"), sample.get("limit")
    if error:
        return Status.INFRA_FAIL, text_of(error.get("message") if isinstance(error, Mapping) else error)[:300]
    if sample.get("invalidation"):
        return Status.INFRA_FAIL, "declared invalid in the log"
    if limit and not any(value is not None for value in scores.values()):
        kind = text_of(limit.get("type") if isinstance(limit, Mapping) else limit)
        return (Status.INFRA_FAIL if kind in _NOT_ITS_OWN else Status.MODEL_FAIL), f"stopped at its {kind} limit"
    return Status.OK, ""


def _answer(sample: Json) -> str | None:
    for score in mapping_of(sample.get("scores")).values():
        if isinstance(score, Mapping) and score.get("answer"):
            return text_of(score["answer"])
    completion = mapping_of(sample.get("output")).get("completion")
    return text_of(completion) if completion else None


def _total(usage: Iterable[Mapping[str, Json]], names: tuple[str, ...]) -> float | None:
    values = [number_of(item.get(name)) for item in usage for name in names]
    known = [value for value in values if value is not None]
    return sum(known) if known else None
