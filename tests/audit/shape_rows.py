"""Rows and views for the tests of shape, and running one check over them as the runner does."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, cast

from tunewright.audit.findings import CheckResult, Finding
from tunewright.audit.registry import Sighting
from tunewright.audit.view import Deployment, Kind, View
from tunewright.records.example import Example, Message, Source, ToolCall


def row(
    user: str | Sequence[Message],
    target: str = "",
    *,
    system: str | None = None,
    rejected: str | None = None,
    tools: Sequence[str] = (),
    calls: Sequence[ToolCall] = (),
    tags: Sequence[tuple[str, str]] = (),
) -> Example:
    """One example; ``user`` is a text or all messages."""
    messages = (Message("user", user),) if isinstance(user, str) else tuple(user)
    if system is not None:
        messages = (Message("system", system), *messages)
    other = () if rejected is None else (Message("assistant", rejected),)
    return Example(
        messages,
        target,
        Source("rows.jsonl", 1),
        "1",
        rejected=other,
        tools=tuple(tools),
        target_calls=tuple(calls),
        tags=tuple(tags),
    )


def view_of(examples: Sequence[Example], kind: Kind = "generate", **told: Any) -> View:
    """A view of these examples; ``told`` is what is known of deployment."""
    return View(tuple(examples), kind, deployment=Deployment(**told))


def result_of(check: ModuleType, view: View) -> CheckResult:
    """What a check of rows or of the set says."""
    if hasattr(check, "run"):
        return cast(CheckResult, check.run(view, check.LIMITS))
    found: dict[int, tuple[Sighting, ...]] = {}
    for number, example in enumerate(view.examples):
        seen = check.look(example, check.LIMITS)
        if seen:
            found[number] = seen
    return cast(CheckResult, check.conclude(view, found, check.LIMITS))


def found_by(check: ModuleType, examples: Sequence[Example], kind: Kind = "generate") -> dict[str, Finding]:
    """Findings of a check by the last part of their kind."""
    result = result_of(check, view_of(examples, kind))
    return {finding.kind.rpartition(".")[2]: finding for finding in result.findings}


def rows_in(finding: Finding) -> list[int]:
    """The rows that a finding would act upon, in order."""
    return sorted({item.rows[0] for item in finding.items})
