"""A language model that is shown passages before the case: the fitted half of ``{retrieval: {use: MODEL}}``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tunewright.documents.library import Found
from tunewright.records.answers import Answer
from tunewright.records.example import Inputs
from tunewright.records.generation import Request, Watch
from tunewright.systems._prompting.prompted import Prompted
from tunewright.systems._retrieval.fence import grounded
from tunewright.systems._retrieval.sources import STATE_FILE, Sources, trace_of


@dataclass(slots=True, kw_only=True)
class Grounded(Prompted):
    """A prompted model with documents; ``refusal`` is what it writes when they hold no answer."""

    sources: Sources
    count: int
    refusal: str

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input from the documents as they are now, each with its sources.

        Raises:
            Cancelled: the person asked to stop.
            InputError: the documents are gone, or who may read them is unclear.
        """
        self.sources.look()
        answers = Prompted.ask(self, inputs, watch)
        return [replace(answer, trace=trace_of(self.found(one))) for one, answer in zip(inputs, answers, strict=True)]

    def found(self, inputs: Inputs) -> list[Found]:
        """The passages that a request shows, best first."""
        return self.sources.find(inputs, self.count)

    def request(self, inputs: Inputs) -> Request:
        """What the model is sent: passages, what to do with them, the case. What it may answer is not their matter."""
        shown = grounded(inputs, [one.passage for one in self.found(inputs)], self._rule())
        return Prompted.request(self, shown)

    def save(self, folder: Path) -> None:
        Prompted.save(self, folder)
        value = {"count": self.count, "refusal": self.refusal, "guarded": self.sources.library.guarded}
        (folder / STATE_FILE).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")

    def _rule(self) -> str:
        if self.job.kind != "generate":
            return "Use the passages where they help with this case:"
        return (
            "Answer from these passages alone. Where they do not hold the answer, write exactly: "
            f"{self.refusal}\n\nThe case:"
        )
