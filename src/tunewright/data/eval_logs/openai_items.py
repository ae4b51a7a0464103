"""Output items of OpenAI's hosted evals, as its API lists them: one object per line, or a list under ``data``.

An item has ``datasource_item_id``, ``datasource_item``, the ``sample`` with its output and usage, and ``results``, one
for each grader with ``name``, ``passed`` and ``score``. Written from the API reference. The same item again is a
repetition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

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
)
from tunewright.data.eval_logs._probe import LogProbe
from tunewright.records.answers import Status

NAME = "OpenAI eval items"
ORDER = 50


def recognise(probe: LogProbe) -> bool:
    """A line that is an item, or a list of items."""
    return _is_item(probe.first_line) or bool(_listed(probe))


def read(probe: LogProbe) -> list[EvalLog]:
    """The one log of the file."""
    items = require_objects(_listed(probe) or [value for _, value in probe.lines()], probe.path, NAME)
    seen: Counter[str] = Counter()
    cases = []
    for item in items:
        identity = text_of(item.get("datasource_item_id"))
        cases.append(_case(item, identity, seen[identity]))
        seen[identity] += 1
    models = [text_of(mapping_of(item.get("sample")).get("model")) for item in items]
    system = next((model for model in models if model), probe.path.stem)
    return [EvalLog(probe.path, NAME, system, "", require_cases(cases, probe.path, NAME))]


def _listed(probe: LogProbe) -> list[Json]:
    document = probe.document
    data = document.get("data") if document is not None else None
    return list(data) if isinstance(data, list) and data and _is_item(data[0]) else []


def _is_item(value: Json) -> bool:
    return isinstance(value, Mapping) and "datasource_item_id" in value and isinstance(value.get("results"), list)


def _case(item: Json, identity: str, repetition: int) -> ScoredCase:
    sample, source = mapping_of(item.get("sample")), item.get("datasource_item")
    usage, results = mapping_of(sample.get("usage")), list_of(item.get("results"))
    scores: dict[str, float | None] = {}
    for result in map(mapping_of, results):
        name = text_of(result.get("name")) or "grader"
        scores[name] = number_of(result.get("passed"))
        if number_of(result.get("score")) != scores[name]:
            scores[f"{name}/score"] = number_of(result.get("score"))
    error = sample.get("error")
    message = text_of(error.get("message"))[:300] if isinstance(error, Mapping) else ""
    return ScoredCase(
        id=identity,
        scores=scores,
        status=Status.INFRA_FAIL if message else Status.OK,
        repetition=repetition,
        answer=message_text(sample.get("output")) or None,
        text="\n".join(text_of(v) for v in source.values()) if isinstance(source, Mapping) else text_of(source),
        detail=message,
        tags=tags_of(source),
        amounts=amounts_of(
            input_tokens=usage.get("prompt_tokens", usage.get("input_tokens")),
            output_tokens=usage.get("completion_tokens", usage.get("output_tokens")),
        ),
    )
