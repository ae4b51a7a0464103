"""A backend for tests that answers by rules of its own, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tunewright.records.answers import Status
from tunewright.records.generation import Reply, Request, Watch
from tunewright.records.usage import Usage
from tunewright.systems.around import Around, Kind, ModelFacts


@dataclass
class Talking:
    """Answers with ``say(request)``; with choices, scores the one said at 0 and the others at -2."""

    say: Callable[[Request], str | None]
    asked: list[Request] = field(default_factory=list)
    name: str = "talking"
    network: bool = False
    version: str = "1"
    closed: int = 0

    def identity(self) -> Mapping[str, str]:
        return {"model": self.name, "version": self.version}

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        for place in reversed(range(len(requests))):  # in another order than asked, as servers do
            request = requests[place]
            self.asked.append(request)
            text = self.say(request)
            if text is None:
                yield place, Reply(None, Status.INFRA_FAIL, "none", detail="connection lost")
                continue
            choices = tuple(0.0 if choice == text else -2.0 for choice in request.decoding.choices)
            yield place, Reply(text, usage=Usage(input=10, output=2), choices=choices)

    def close(self) -> None:
        self.closed += 1


def around(backend: Talking, kind: Kind = "classify", root: Path = Path(), task: str = "Sort the mail.") -> Around:
    """Surroundings in which every model is this one."""
    return Around(root, task, kind, lambda _name: backend, lambda _name: ModelFacts("talking 1", False))
