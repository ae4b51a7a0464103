"""Tools without a process, a backend that calls them, and a fitted system of both, for tests of tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from talking import Talking, around

from tunewright.records.answers import Status
from tunewright.records.example import Example, Inputs, Message, Source, ToolCall
from tunewright.records.generation import Reply, Request, Watch
from tunewright.records.system import FitContext, Setting
from tunewright.records.usage import Usage
from tunewright.sandbox import signatures
from tunewright.sandbox.tools import ToolResult, ToolSpec
from tunewright.systems import tools
from tunewright.systems._tools.loop import FittedTools
from tunewright.systems.around import Kind, ModelFacts

LABELS = ("bill", "repair")
HERE = Path(__file__).parent
Say = Callable[[Request], Reply | str | None]


def contract(customer: str, detail: bool = False) -> dict[str, str]:
    """The contract of a customer."""
    if customer == "broken":
        raise KeyError(customer)
    return {"customer": customer, "plan": "gold", "note": NOTES.get(customer, "")}


def refund(customer: str, euros: float) -> str:
    """Pay money back."""
    PAID.append((customer, euros))
    return "paid"


def close_case(customer: str, dry_run: bool = False) -> str:
    """Close the case of a customer."""
    CLOSED.append((customer, dry_run))
    return "would be closed" if dry_run else "closed"


refund.writes = True  # type: ignore[attr-defined]
PAID: list[tuple[str, float]] = []
CLOSED: list[tuple[str, bool]] = []
NOTES: dict[str, str] = {}


@dataclass
class Box:
    """The functions above without a process."""

    functions: Mapping[str, Callable[..., object]] = field(
        default_factory=lambda: {one.__name__: one for one in (contract, refund, close_case)}
    )
    made: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def specs(self) -> tuple[ToolSpec, ...]:
        told = [signatures.described(name, function) for name, function in self.functions.items()]
        return tuple(
            ToolSpec(one["name"], one["description"], json.dumps(one["parameters"]), one["writes"], one["dry_run"])
            for one in told
        )

    def call(self, tool: str, arguments: Mapping[str, object]) -> ToolResult:
        self.made.append((tool, dict(arguments)))
        try:
            function = self.functions[tool]
            return ToolResult(signatures.as_json(function(**signatures.bound(function, arguments))), None, 0.25)
        except Exception as error:
            return ToolResult(None, f"{type(error).__name__}: {error}")

    def close(self) -> None: ...


@dataclass
class Calling(Talking):
    """Says replies too, such as calls of tools."""

    replies: Say = lambda _request: "bill"

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        for place, request in reversed(list(enumerate(requests))):
            self.asked.append(request)
            said = self.replies(request)
            if said is None:
                yield place, Reply(None, Status.INFRA_FAIL, "none", detail="connection lost")
            elif isinstance(said, Reply):
                yield place, replace(said, usage=Usage(10, output=2), usd=0.0)
            else:
                choices = tuple(0.0 if choice == said else -2.0 for choice in request.decoding.choices)
                yield place, Reply(said, usage=Usage(10, output=2), choices=choices, usd=0.0)


def calls(*asked: tuple[str, Mapping[str, object] | str], ids: bool = True) -> Reply:
    made = [
        ToolCall(name, arguments if isinstance(arguments, str) else json.dumps(arguments), f"c{n}" if ids else None)
        for n, (name, arguments) in enumerate(asked)
    ]
    return Reply("", finish="tool_calls", tool_calls=tuple(made))


def results(request: Request) -> list[str]:
    return [one.content for one in request.messages if one.role == "tool"]


def row(text: str, target: str, number: int = 0) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", number), f"r{number}")


TRAIN = [row("pay", "bill", 1), row("broken", "repair", 2)]
CASE = Inputs((Message("user", "I am Ada, what now?"),), "r9")


def fitted(
    say: Say, kind: Kind = "classify", *, served: bool = False, box: Box | None = None, **options: Setting
) -> tuple[FittedTools, Calling]:
    backend = Calling(lambda _request: None, replies=say)
    given = {"functions": "people_tools.py", "calling": "native", **options}
    system = tools.build_around("t", "small", given, HERE, around(backend, kind))
    facts = ModelFacts("talking 1", served, served=served)
    told = replace(system, facts=facts, box=lambda: box or Box())
    rows = TRAIN if kind == "classify" else [row("a", '{"plan": "gold"}', n) for n in range(3)]
    labels = LABELS if kind == "classify" else ()
    made = told.fit(rows, [], FitContext(0, labels, lambda _t, _a: 0.0))
    backend.asked.clear()
    return made, backend


def clear() -> None:
    """Forget what the functions did."""
    for one in (PAID, CLOSED, NOTES):
        one.clear()
