"""Models behind anything that speaks OpenAI's chat completions: hosted, vLLM, SGLang, llama.cpp, Ollama, others.

The event loop lives in a thread of its own; whoever asks sees a plain iterator. The rest is next door: where the model
is and the client (``http_client``), what is sent (``http_messages``), what comes back (``http_replies``), how fast
(``http_limits``), one request to its reply (``http_attempts``), the dollar cap (``budget``).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import queue
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tunewright.backends.budget import Budget
from tunewright.backends.http_attempts import Attempts
from tunewright.backends.http_client import TELLS, HttpModel, key_of, make_client, told_by
from tunewright.backends.http_messages import KEEPS, body_of
from tunewright.errors import Cancelled, InputError, TunewrightError, WorkError
from tunewright.prices.models import TokenPrice, worst_usd
from tunewright.records.example import Message
from tunewright.records.generation import Reply, Request, Watch

POLL_S = 0.05  # how often a person's wish to stop is looked up
STOP_S = 5.0
LOOK_UP_S = 10.0
_Item = tuple[int, Reply] | TunewrightError


class HttpBackend:
    """One model behind one server.

    ``budget`` is that of the run, ``price`` the model's on the day of the run, None where it is unpriced.

    Raises:
        InputError: the key is not set, or the budget has a cap and the model no price.
    """

    def __init__(
        self, name: str, model: HttpModel, price: TokenPrice | None = None, budget: Budget | None = None
    ) -> None:
        self._name = name
        self.model = model
        self.price = price
        self.budget = budget or Budget()
        if self.budget.cap_usd is not None and (price is None or worst_usd(price, 1, 1) is None):
            raise InputError(
                "budget.unpriced",
                f"There is a dollar cap, but no price is known for {model.openai}.",
                where=f"models.{name}, {model.base_url}",
                why="A cap cannot be kept for calls whose price nobody knows.",
                hint="State the price in prices.yaml beside the project file (0: it is free), or take the cap away.",
            )
        self._loop: _Loop | None = None
        self._attempts: Attempts | None = None
        self._content: str | None = None
        self._lock = threading.Lock()
        key_of(model)  # a missing key is said before any work starts

    @property
    def name(self) -> str:
        return self._name

    @property
    def network(self) -> bool:
        return not self.model.local

    def identity(self) -> Mapping[str, str]:
        """Server, model, what the server says of its weights, and which constraints it keeps. Asks the server once."""
        content = self._content or self._look_up()
        self._content = content if content != "unreachable" else None
        return {
            "backend": "http",
            "server": self.model.base_url,
            "kind": self.model.server,
            "model": self.model.openai,
            "content": content,
            "constraints": ", ".join(sorted(KEEPS[self.model.server])) or "not constrained",
        }

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        """Replies as they come; each request is answered once, or an error is raised.

        ``Reply.seconds`` is the time of the attempt that answered, without waiting for a place or earlier attempts.

        Raises:
            Cancelled: the person asked to stop; requests in flight are dropped, and may be billed.
            InputError: key, model, address, a schema or a tool cannot be used.
        """
        for decoding, tools in {(request.decoding, request.tools) for request in requests}:
            body_of(self.model, Request((Message("user", ""),), decoding, tools))
        if requests:
            yield from self._replies(requests, watch)

    def close(self) -> None:
        """Drop what is in flight, close connections, end the thread."""
        with self._lock:
            loop, attempts, self._loop, self._attempts = self._loop, self._attempts, None, None
        if loop is not None and attempts is not None:
            loop.close(attempts.client.close())

    def _replies(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        loop, attempts = self._start()
        work = loop.start(_answer_all(attempts, requests, items))
        done = 0
        try:
            while done < len(requests):
                if watch.cancelled():
                    loop.stop_work(work)
                    yield from _finished(items)
                    raise Cancelled
                try:
                    item = items.get(timeout=POLL_S)
                except queue.Empty:
                    if work.ended.is_set() and items.empty():
                        raise work.failure("the requests were not all answered") from None
                    continue
                if isinstance(item, TunewrightError):
                    raise item
                done += 1
                watch.progress(done / len(requests))
                yield item
        finally:
            loop.stop_work(work)

    def _start(self) -> tuple[_Loop, Attempts]:
        with self._lock:
            if self._loop is None or self._attempts is None:
                client, scrub = make_client(self.model)
                self._loop = _Loop(f"http-{self._name}")
                self._attempts = Attempts(self.model, client, scrub, self.budget, self.price)
            return self._loop, self._attempts

    def _look_up(self) -> str:
        """A hash of what the server tells about its weights, or in words that it does not."""
        if self.model.server not in TELLS:
            return "not told by the server"
        loop, attempts = self._start()
        told: list[object] = []

        async def ask() -> None:
            with suppress(Exception):  # whatever a server may answer, or not answer
                told.append(await told_by(attempts.client, self.model))

        work = loop.start(ask())
        work.ended.wait(LOOK_UP_S)
        loop.stop_work(work)
        if not told:
            return "unreachable"
        return hashlib.sha256(json.dumps(told[0], sort_keys=True).encode()).hexdigest()


async def _answer_all(attempts: Attempts, requests: Sequence[Request], items: queue.SimpleQueue[_Item]) -> None:
    """Put one reply per request into the queue, or the error that ends the work."""

    async def one(place: int, request: Request) -> None:
        items.put((place, await attempts.reply(request)))

    try:
        async with asyncio.TaskGroup() as group:
            for place, request in enumerate(requests):
                await attempts.pace.admit()
                group.create_task(one(place, request)).add_done_callback(lambda _task: attempts.pace.leave())
    except* TunewrightError as errors:
        first = errors.exceptions[0]
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        items.put(first)


def _finished(items: queue.SimpleQueue[_Item]) -> Iterator[tuple[int, Reply]]:
    """The replies that had come when work was stopped: they are paid for."""
    while not items.empty():
        item = items.get()
        if not isinstance(item, TunewrightError):
            yield item


class _Work:
    """A task in the loop's thread, as others see it."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.task: asyncio.Task[None] | None = None

    def failure(self, otherwise: str) -> BaseException:
        if self.task is None or self.task.cancelled():
            return WorkError("http.stopped", f"The connection to the server was closed: {otherwise}.")
        return self.task.exception() or WorkError("http.incomplete", otherwise)


class _Loop:
    """An event loop in a thread of its own, which ends when it is closed."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, None]) -> _Work:
        """Begin a task; ``stop_work`` ends it."""
        started = _Work()

        def begin() -> None:
            started.task = self._loop.create_task(work)
            started.task.add_done_callback(lambda _task: started.ended.set())

        self._loop.call_soon_threadsafe(begin)
        return started

    def stop_work(self, work: _Work) -> None:
        """Cancel a task and wait until it has let go of its connections; nothing happens where it has ended."""
        if not work.ended.is_set() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: work.task.cancel() if work.task else None)
            work.ended.wait(STOP_S)

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel every task, run the last one, end the thread."""

        async def end() -> None:
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await last
            await self._loop.shutdown_asyncgens()
            await self._loop.shutdown_default_executor()

        self.start(end()).ended.wait(STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_S)
        if not self._thread.is_alive():
            self._loop.close()
