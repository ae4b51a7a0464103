"""A model of the project as systems and judges hold it: opened when first asked, its replies kept by content.

What was asked before is never asked again; what a connection or a budget did not let through is never kept. A reply
from the shelf says what it once took and cost, so that figures do not hang on who paid; ``spent_usd`` counts what was
paid now.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

from tunewright.records.answers import Status
from tunewright.records.example import ToolCall
from tunewright.records.generation import Backend, Reply, Request, Watch
from tunewright.records.usage import Usage
from tunewright.store.replies import KeptReply, ReplyShelf

# A reply that somebody bills, at a known price or not, is written down at once; those of this machine in batches.
LOCAL_BATCH = 32


class Source(Protocol):
    """Where the model itself comes from; several holders may share one."""

    @property
    def name(self) -> str: ...

    @property
    def network(self) -> bool: ...

    def identity(self) -> Mapping[str, str]:
        """What its replies follow from, as far as that is known without opening it."""
        ...

    def take(self) -> Backend:
        """The model, opened; whoever takes it says so once, and ``leave`` when it is needed no more."""
        ...

    def leave(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Alone:
    """A backend that is open already and has one holder."""

    backend: Backend

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def network(self) -> bool:
        return self.backend.network

    def identity(self) -> Mapping[str, str]:
        return self.backend.identity()

    def take(self) -> Backend:
        return self.backend

    def leave(self) -> None:
        self.backend.close()


@dataclass(slots=True)
class KeptBackend:
    """A backend with a memory. ``asked`` and ``spent_usd`` count what went to the backend itself since it was made."""

    source: Source
    shelf: ReplyShelf
    asked: int = 0
    spent_usd: float = 0.0
    _taken: Backend | None = None
    _identity: str = field(default="")

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def network(self) -> bool:
        return self.source.network

    def identity(self) -> Mapping[str, str]:
        return self.source.identity()

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        """Kept replies first, then new ones as they come. Equal requests are asked once."""
        if self._taken is None:
            self._taken = self.source.take()
        inner = self._taken
        keys = [self._key(inner, request) for request in requests]
        kept = {key: reply for key, text in self.shelf.get(keys).items() if (reply := read_reply(text)) is not None}
        if watch.timed is not None:
            kept = {key: reply for key, reply in kept.items() if inner.network or reply.usd != 0.0}
        places: dict[str, list[int]] = {}
        for place, key in enumerate(keys):
            if key in kept:
                yield place, kept[key]
            else:
                places.setdefault(key, []).append(place)
        missing = list(places)
        waiting: list[KeptReply] = []
        waited: list[float] = []
        try:
            new = inner.complete([requests[places[key][0]] for key in missing], watch)
            for number, reply in _clocked(new, waited) if missing else ():
                self.asked += 1
                self.spent_usd += reply.usd or 0.0
                if reply.status in (Status.OK, Status.MODEL_FAIL):
                    owners = requests[places[missing[number]][0]].owners
                    waiting.append(KeptReply(missing[number], write_reply(reply), owners))
                if len(waiting) >= (1 if inner.network or reply.usd != 0.0 else LOCAL_BATCH):
                    self.shelf.put(waiting)
                    waiting = []
                for place in places[missing[number]]:
                    yield place, reply
        finally:
            self.shelf.put(waiting)
            if watch.timed is not None:
                # Replies of one call are waited for together, so that only what goes beyond the new ones is added.
                then = max((reply.seconds for reply in kept.values()), default=0.0)
                watch.timed(max(then - sum(waited), 0.0))

    def close(self) -> None:
        """The model is needed no more by this holder; the next request takes it again."""
        if self._taken is not None:
            self._taken = None
            self.source.leave()

    def _key(self, inner: Backend, request: Request) -> str:
        if not self._identity:
            self._identity = json.dumps(dict(inner.identity()), sort_keys=True)
        asked = asdict(request)
        del asked["owners"]
        return f"{self._identity}\n{json.dumps(asked, sort_keys=True, ensure_ascii=False)}"


def _clocked(replies: Iterator[tuple[int, Reply]], waited: list[float]) -> Iterator[tuple[int, Reply]]:
    """The same replies; ``waited`` gets the seconds that each took to come, without what is done in between."""
    while True:
        started = time.perf_counter()
        one = next(replies, None)
        waited.append(time.perf_counter() - started)
        if one is None:
            return
        yield one


def write_reply(reply: Reply) -> str:
    """A reply as JSON text."""
    return json.dumps(asdict(reply), ensure_ascii=False, separators=(",", ":"))


def read_reply(text: str) -> Reply | None:
    """The reply again; None where the text is not one that ``write_reply`` made."""
    try:
        value = json.loads(text)
        value["status"] = Status(value["status"])
        value["tool_calls"] = tuple(ToolCall(**call) for call in value["tool_calls"])
        value["usage"] = Usage(**value["usage"])
        value["choices"] = tuple(value["choices"])
        return Reply(**value)
    except (ValueError, TypeError, KeyError):
        return None
