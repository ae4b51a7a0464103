"""Logs of openai/evals (``oaieval``): JSON lines with the run's ``spec``, then its events.

Events belong to a sample by ``sample_id``: ``match`` (right or wrong), ``metrics`` (numbers by name), ``sampling``
(prompt and reply), ``error``. Written after ``evals/record.py``. Several matches of one sample are repetitions. A
sample with an error and no score is missing. Items of OpenAI's hosted evals are in ``openai_items``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tunewright.data.eval_logs._cases import (
    EvalLog,
    Json,
    ScoredCase,
    list_of,
    mapping_of,
    message_text,
    number_of,
    require_cases,
    text_of,
)
from tunewright.data.eval_logs._probe import LogProbe
from tunewright.records.answers import Status

NAME = "OpenAI evals"
ORDER = 40
MATCH = "match"
_EVENT = frozenset({"run_id", "event_id", "sample_id", "type", "data"})


@dataclass(slots=True)
class _Sample:
    """What the events say of one sample so far."""

    scores: list[dict[str, float | None]] = field(default_factory=list)
    prompt: str = ""
    reply: str | None = None
    target: str = ""
    error: str = ""


def recognise(probe: LogProbe) -> bool:
    """A first line with the spec of a run, or with an event."""
    line = probe.first_line
    if not isinstance(line, Mapping):
        return False
    spec = line.get("spec")
    return (isinstance(spec, Mapping) and ("eval_name" in spec or "base_eval" in spec)) or line.keys() >= _EVENT


def read(probe: LogProbe) -> list[EvalLog]:
    """The one log of the file."""
    spec: Json = {}
    samples: dict[str, _Sample] = {}
    ended = False
    for _, line in probe.lines():
        if "spec" in line:
            spec = mapping_of(line["spec"])
        elif "final_report" in line:
            ended = True
        elif line.get("sample_id") is not None:
            _take(samples.setdefault(text_of(line["sample_id"]), _Sample()), line)
    cases = [case for identity, sample in samples.items() for case in _cases(identity, sample)]
    system = ", ".join(map(text_of, list_of(spec.get("completion_fns")))) or probe.path.stem
    notes = () if ended else (f"{probe.path.name}: there is no final report, so the run may not have ended.",)
    task = text_of(spec.get("eval_name") or spec.get("base_eval"))
    return [EvalLog(probe.path, NAME, system, task, require_cases(cases, probe.path, NAME), notes)]


def _take(sample: _Sample, event: Json) -> None:
    data = event.get("data")
    if not isinstance(data, Mapping):
        return
    if event.get("type") == "match":
        sample.scores.append({MATCH: number_of(data.get("correct"))})
        sample.target = sample.target or text_of(data.get("expected"))
        sample.reply = sample.reply or text_of(data.get("picked")) or None
    elif event.get("type") == "metrics":
        # Only words mean choices of a judge, and lists are no scores.
        found = {str(name): number_of(value) for name, value in data.items() if isinstance(value, bool | int | float)}
        if sample.scores and not sample.scores[-1].keys() & found.keys():
            sample.scores[-1] |= found
        else:
            sample.scores.append(found)
    elif event.get("type") == "sampling" and not sample.prompt:
        sampled = data.get("sampled")
        sample.prompt = _last(data.get("prompt"))
        sample.reply = text_of(sampled[0] if isinstance(sampled, list) and sampled else sampled) or sample.reply
    elif event.get("type") == "error":
        sample.error = text_of(data.get("message"))


def _last(prompt: Json) -> str:
    """The last message: those before it are instructions and worked examples, alike in all samples."""
    if isinstance(prompt, list) and prompt and isinstance(prompt[-1], Mapping):
        return message_text(prompt[-1:])
    return message_text(prompt)


def _cases(identity: str, sample: _Sample) -> list[ScoredCase]:
    status = Status.INFRA_FAIL if sample.error and not sample.scores else Status.OK
    return [
        ScoredCase(
            identity,
            scores,
            status=status,
            repetition=number,
            answer=sample.reply,
            target=sample.target,
            text=sample.prompt,
            detail=sample.error[:300],
        )
        for number, scores in enumerate(sample.scores or [{}])
    ]
