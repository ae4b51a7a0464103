"""A fitted system that asks a language model: one request a case, the reply read as the job's kind wants it.

Shared by ``prompt`` and ``few_shot``, which differ in the examples that a request shows. With labels the model scores
every label as its whole answer, so that the answer is always one of them and comes with a share of certainty. Where a
case may have several, it writes them as a JSON list that is held to these labels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import Cancelled
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.generation import TOO_LONG, Backend, Decoding, Reply, Request, Watch
from tunewright.systems._prompting.compose import Job, compose
from tunewright.systems._prompting.repair import Mended, form_of, mended
from tunewright.systems.fitlog import FitLog, Logged

FILE_NAME = "prompt.json"


class Shots(Protocol):
    """Which examples a request shows."""

    def of(self, inputs: Inputs) -> Sequence[Example]:
        """The examples for one case, in the order shown; never the case itself."""
        ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class NoShots:
    """No examples."""

    def of(self, inputs: Inputs) -> Sequence[Example]:
        return ()

    def save(self, folder: Path) -> None:
        """Nothing is kept."""


@dataclass(slots=True)
class Prompted(Logged):
    """A model, a job and a style of asking."""

    open_backend: Callable[[], Backend]
    job: Job
    style: str
    shots: Shots
    max_tokens: int
    log: FitLog = field(default_factory=FitLog)
    extra_calls: int = 0
    _backend: Backend | None = None

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return self.ask(inputs, Watch())

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input, in order.

        Raises:
            Cancelled: the person asked to stop.
        """
        if self._backend is None:
            self._backend = self.open_backend()
        requests = [self.request(one) for one in inputs]
        ask = partial(_in_order, self._backend, watch)
        replies = ask(requests)
        self._with_fewer_examples(inputs, requests, replies, ask)
        return [self._read(one) for one in mended(requests, replies, form_of(self.job), self.extra_calls, ask)]

    def request(self, inputs: Inputs) -> Request:
        """What the model is sent for one case."""
        return self._request_with(inputs, self.shots.of(inputs))

    def _with_fewer_examples(
        self,
        inputs: Sequence[Inputs],
        requests: list[Request],
        replies: list[Reply],
        ask: Callable[[Sequence[Request]], list[Reply]],
    ) -> None:
        """Ask again, with the second half of the examples, where a request was longer than the model reads."""
        shown = {place: self.shots.of(inputs[place]) for place, reply in enumerate(replies) if _too_long(reply)}
        while shown := {place: shots for place, shots in shown.items() if shots and _too_long(replies[place])}:
            shown = {place: shots[-(-len(shots) // 2) :] if len(shots) > 1 else () for place, shots in shown.items()}
            asked = [self._request_with(inputs[place], shots) for place, shots in shown.items()]
            for place, request, reply in zip(shown, asked, ask(asked), strict=True):
                requests[place], replies[place] = request, reply

    def _request_with(self, inputs: Inputs, shown: Sequence[Example]) -> Request:
        owners = [inputs.owner, *(shot.inputs.owner for shot in shown)]
        if self.job.kind == "classify" and not self.job.several:
            decoding = Decoding(self.max_tokens, choices=self.job.labels, logprobs=True)
        else:
            held = self.job.kind == "extract" or self.job.several
            decoding = Decoding(self.max_tokens, schema=self.job.schema if held else None)
        return Request(
            compose(inputs, self.job, self.style, shown), decoding, inputs.tools, owners=tuple(dict.fromkeys(owners))
        )

    def save(self, folder: Path) -> None:
        value = {"job": asdict(self.job), "style": self.style, "max_tokens": self.max_tokens}
        (folder / FILE_NAME).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        self.shots.save(folder)
        self.log.write(folder)

    def close(self) -> None:
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def _read(self, one: Mended) -> Answer:
        if one.text is None:
            return Answer(None, one.status, detail=one.detail, spent=one.spent)
        if self.job.kind == "classify" and not self.job.several:
            return Answer(one.text, confidence=_certainty(one.reply), detail=one.detail, spent=one.spent)
        cut = " (cut at its longest)" if one.reply.finish == "length" else ""
        return Answer(one.text, detail=f"{one.detail}{cut}".strip(), spent=one.spent)


def _too_long(reply: Reply) -> bool:
    return reply.detail.startswith(TOO_LONG)


def _in_order(backend: Backend, watch: Watch, requests: Sequence[Request]) -> list[Reply]:
    """A reply for each request, in their order; one that never came back is missing."""
    missing = Reply(None, Status.INFRA_FAIL, "none", detail="no reply came back")
    replies = [missing] * len(requests)
    for place, reply in backend.complete(requests, watch) if requests else ():
        replies[place] = reply
    return replies


def _certainty(reply: Reply) -> float | None:
    """The share of the best choice among all, where the model scored them."""
    if not reply.choices:
        return None
    scores = np.array(reply.choices, dtype=np.float64)
    shares = np.exp(scores - scores.max())
    return round(float(shares.max() / shares.sum()), 6)


def read_prompted(folder: Path) -> tuple[Job, str, int]:
    """Job, style and longest answer as ``save`` wrote them."""
    value: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    job: Mapping[str, Any] = value["job"]
    return Job(**{**job, "labels": tuple(job["labels"])}), value["style"], int(value["max_tokens"])


def row_scores(
    system: Prompted,
    rows: Sequence[Example],
    grade: Callable[[Sequence[Example], Sequence[Answer]], list[float | None]],
    watch: Watch,
) -> tuple[NDArray[np.float64], list[str]]:
    """The score of each row, float64[n] with nan where it is missing, and what is said of those that are missing.

    Raises:
        Cancelled: the person asked to stop.
    """
    if watch.cancelled():
        raise Cancelled
    answers = system.ask([row.inputs for row in rows], watch)
    scores = np.array([np.nan if score is None else score for score in grade(rows, answers)], dtype=np.float64)
    return scores, [answer.detail for answer, score in zip(answers, scores, strict=True) if np.isnan(score)]
