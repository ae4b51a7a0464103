"""Outputs of promptfoo: ``promptfoo eval -o results.json`` (or ``.jsonl``), one system per provider and prompt.

Written after promptfoo's ``src/types/index.ts`` (``EvaluateResult``, ``EvaluateSummaryV2`` and ``V3``). A case is known
by what it is (variables, description and assertions), since its number moves when tests are added; the same case again
is a repetition. Rows that failed with an error rather than by an assertion are missing. Latency of cached answers is
left out.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping

from tunewright.data.eval_logs._cases import (
    EvalLog,
    Json,
    ScoredCase,
    amounts_of,
    list_of,
    mapping_of,
    number_of,
    require_cases,
    require_objects,
    tags_of,
    text_of,
    whole_of,
)
from tunewright.data.eval_logs._probe import LogProbe
from tunewright.records.answers import Status

NAME = "promptfoo"
ORDER = 20
_ERROR = 2  # ResultFailureReason.ERROR
_RUNTIME = ("_conversation", "sessionId")  # variables that promptfoo itself adds while it runs


def recognise(probe: LogProbe) -> bool:
    """An object with results that have prompts and tests, or a line that is such a result."""
    return _is_result(probe.first_line) or bool(_results(probe))


def read(probe: LogProbe) -> list[EvalLog]:
    """A log per provider and prompt, in the order in which they come."""
    results = require_objects(_results(probe) or [value for _, value in probe.lines()], probe.path, NAME)
    prompts: dict[str, list[int]] = {}
    for result in results:
        numbers = prompts.setdefault(_provider(result), [])
        if whole_of(result.get("promptIdx")) not in numbers:
            numbers.append(whole_of(result.get("promptIdx")))
    by_system: dict[str, list[ScoredCase]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for result in results:
        provider = _provider(result)
        several = len(prompts[provider]) > 1
        system = f"{provider} prompt {whole_of(result.get('promptIdx')) + 1}" if several else provider
        identity = _identity(result)
        by_system.setdefault(system, []).append(_case(result, identity, seen[system, identity]))
        seen[system, identity] += 1
    return [
        EvalLog(probe.path, NAME, system, "", require_cases(cases, probe.path, NAME))
        for system, cases in by_system.items()
    ]


def _results(probe: LogProbe) -> list[Json]:
    document = probe.document
    if document is None:
        return []
    inner = document.get("results")
    found = inner.get("results") if isinstance(inner, Mapping) else inner
    return list(found) if isinstance(found, list) and found and _is_result(found[0]) else []


def _is_result(value: Json) -> bool:
    return isinstance(value, Mapping) and "success" in value and ("testCase" in value or "vars" in value)


def _provider(result: Json) -> str:
    provider = result.get("provider")
    if isinstance(provider, Mapping):
        return text_of(provider.get("label") or provider.get("id")) or "system"
    return text_of(provider) or "system"


def _identity(result: Json) -> str:
    test = mapping_of(result.get("testCase"))
    content = [_variables(result), test.get("description"), test.get("assert")]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _variables(result: Json) -> dict[str, Json]:
    given = mapping_of(mapping_of(result.get("testCase")).get("vars") or result.get("vars"))
    return {name: value for name, value in given.items() if name not in _RUNTIME}


def _case(result: Json, identity: str, repetition: int) -> ScoredCase:
    test, response = mapping_of(result.get("testCase")), mapping_of(result.get("response"))
    missing = _never_graded(result, response)
    tokens = mapping_of(response.get("tokenUsage"))
    seconds = number_of(result.get("latencyMs"))
    amounts = amounts_of(
        seconds=None if seconds is None or response.get("cached") or missing else seconds / 1000,
        usd=None if missing else result.get("cost"),
        input_tokens=tokens.get("prompt"),
        output_tokens=tokens.get("completion"),
    )
    variables = _variables(result)
    return ScoredCase(
        id=identity,
        scores=_scores(result),
        status=Status.INFRA_FAIL if missing else Status.OK,
        repetition=repetition,
        answer=text_of(response.get("output")) or None,
        target=_target(test),
        text="\n".join(text_of(value) for value in variables.values()),
        detail=text_of(result.get("error"))[:300],
        tags=tags_of(test.get("metadata")) | tags_of(variables),
        amounts=amounts,
    )


def _scores(result: Json) -> dict[str, float | None]:
    """``pass`` and ``score`` of the whole case (once, where they are equal), then the named ones."""
    passed, score = number_of(result.get("success")), number_of(result.get("score"))
    named = {str(name): number_of(value) for name, value in mapping_of(result.get("namedScores")).items()}
    return {"pass": passed, "score": score, **named}


def _never_graded(result: Json, response: Json) -> bool:
    reason = result.get("failureReason")
    if reason is not None:
        return bool(reason == _ERROR)
    return bool(result.get("error")) and "output" not in response


def _target(test: Json) -> str:
    """What an assertion of equality compares with; promptfoo has no other place for the right answer."""
    for assertion in list_of(test.get("assert")):
        if isinstance(assertion, Mapping) and assertion.get("type") in ("equals", "is-json-equal"):
            return text_of(assertion.get("value"))
    return ""
