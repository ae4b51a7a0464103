"""The words between systems and backends: a request for text, the reply, what was used, and what that cost.

A backend turns requests into replies, wherever the model runs. It never raises for a single request: what went wrong is
the status of its reply, so that a connection that broke is not taken for a wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from tunewright.records.answers import Status
from tunewright.records.example import Message, ToolCall
from tunewright.records.usage import Usage

# stop: the model ended by itself; length: it was cut; tool_calls: it asks for tools; refusal: it or a filter declined.
Finish = Literal["stop", "length", "tool_calls", "refusal", "none"]
# How the detail of a reply begins where the request is longer than the model's context; whoever can, asks with less.
TOO_LONG = "longer than the model reads"


@dataclass(frozen=True, slots=True)
class Decoding:
    """How text is chosen and what it may be.

    ``max_tokens`` bounds the reply, ``stop`` are texts that end it and are left out. At most one of ``schema`` (a JSON
    schema as text), ``regex`` and ``choices`` constrains it. ``logprobs`` asks for the log-probability of the reply;
    with ``choices``, for that of every choice. ``temperature`` 0 is greedy.
    """

    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    schema: str | None = None
    regex: str | None = None
    choices: tuple[str, ...] = ()
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One conversation to be answered; ``tools`` are JSON schemas as text, ``repetition`` tells equals apart.

    ``owners`` are digests (``input_digest``) of the inputs whose words stand in it: the case itself and the examples
    shown with it. The reply does not follow from them.
    """

    messages: tuple[Message, ...]
    decoding: Decoding = Decoding()
    tools: tuple[str, ...] = ()
    repetition: int = 0
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request.

    ``status`` ok also where the text is useless: whoever asked judges that. model_fail: refused, filtered, or the
    model's own limit; infra_fail: connection, server, deadline, budget. ``usd`` None is unpriced, never 0; a model on
    this machine sends no bill: 0. ``seconds`` is wall time. ``choices`` gives the log-probability of each choice asked
    for, in the order of the request.
    """

    text: str | None
    status: Status = Status.OK
    finish: Finish = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    usd: float | None = None
    seconds: float = 0.0
    logprob: float | None = None
    choices: tuple[float, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """How long work is stopped and followed from outside; ``progress`` takes the share done, 0 to 1.

    ``timed`` is set where answering is timed. A kept reply then takes its time too: one that nobody bills is asked for
    again, and of others ``timed`` is told the seconds that they took when they were asked for.
    """

    cancelled: Callable[[], bool] = field(default=lambda: False)
    progress: Callable[[float], None] = field(default=lambda _share: None)
    timed: Callable[[float], None] | None = None


class Backend(Protocol):
    """A place where a model runs."""

    @property
    def name(self) -> str:
        """How a person calls it: the model's name in the project file."""
        ...

    @property
    def network(self) -> bool:
        """Whether requests leave this machine."""
        ...

    def identity(self) -> Mapping[str, str]:
        """Everything besides the request from which replies follow: weights, adapter, tokenizer, template, dtype,
        server and model id. A name alone is never enough where the content can be known."""
        ...

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        """Replies with the place of their request, in whatever order they come; every request gets exactly one.

        Raises:
            Cancelled: the person asked to stop; what was yielded is valid.
            InputError: the requests cannot be made at all (an unknown model, a schema that is none).
        """
        ...

    def close(self) -> None:
        """Release memory and connections; calling it twice is harmless."""
        ...
