"""A small HTTP server for tests that answers chat completions as it is told to: late, wrong, cut, or well.

It speaks HTTP/1.1 by hand, for a well-behaved library would not let it misbehave. It runs in a thread of the test
process and keeps count of what reached it and of what it billed.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Behaviour = Callable[[int, dict[str, Any]], "Answer"]


@dataclass
class Answer:
    """What the server does with one request.

    ``delay_s`` passes before the first byte, ``trickle_s`` between any two bytes of the body; ``cut_at`` bytes of the
    body are sent before the connection is closed; ``hang`` sends nothing at all. ``billed`` counts the tokens of the
    reply as sold, whatever becomes of it.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    trickle_s: float = 0.0
    cut_at: int | None = None
    hang: bool = False
    chunked: bool = False
    tokens: tuple[int, int] = (0, 0)


def reply(
    text: str = "yes", read: int = 10, written: int = 2, *, choice: dict[str, Any] | None = None, **changes: Any
) -> Answer:
    """A right answer; ``changes`` replace fields of its body, and None takes them away."""
    first = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}} | (choice or {})
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    body = {"id": "x", "object": "chat.completion", "model": "m", "choices": [first], "usage": usage} | changes
    kept = {name: value for name, value in body.items() if value is not None}
    return Answer(body=json.dumps(kept).encode(), headers={"content-type": "application/json"}, tokens=(read, written))


def error(status: int, message: str = "no", headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    """An error in OpenAI's form."""
    body = {"error": {"message": message, "type": "error", **fields}}
    return Answer(status, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})})


class Server:
    """``with Server(behaviour) as server``: an address in ``server.url``; behaviour gets the number of the request."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.times: list[float] = []
        self.in_flight = 0
        self.flights: list[int] = []
        self.connections = 0
        self.sold: list[tuple[int, int]] = []
        self.gets: dict[str, Answer] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Server:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def drained(self, within_s: float = 2.0) -> bool:
        """Whether every connection is closed within that time."""
        end = time.monotonic() + within_s
        while self.connections and time.monotonic() < end:
            time.sleep(0.01)
        return self.connections == 0

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def begin() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            self._server = server
            self._ready.set()

        self._loop.create_task(begin())
        self._loop.run_forever()
        self._server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False ends the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next((int(x.split(":")[1]) for x in head.split("\r\n") if x.lower().startswith("content-length:")), 0)
        content = await reader.readexactly(length)
        self.heads.append(head)
        if head.startswith("GET"):
            return await self._write(writer, self.gets.get(head.split()[1], error(404)))
        body = json.loads(content)
        place = len(self.bodies)
        self.bodies.append(body)
        self.times.append(time.monotonic())
        self.in_flight += 1
        self.flights.append(self.in_flight)
        try:
            answer = self.behaviour(place, body)
            self.sold.append(answer.tokens)
            gone = asyncio.create_task(reader.read(1))  # ends when the other side closes
            done = asyncio.create_task(self._write(writer, answer))
            await asyncio.wait({gone, done}, return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                done.cancel()
                return False
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            return done.result()
        finally:
            self.in_flight -= 1

    async def _write(self, writer: asyncio.StreamWriter, answer: Answer) -> bool:
        await asyncio.sleep(answer.delay_s)
        if answer.hang:
            await asyncio.sleep(60)
        headers = {"content-length": str(len(answer.body)), **answer.headers}
        if answer.chunked:
            headers = {"transfer-encoding": "chunked", **answer.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {answer.status} Said\r\n{lines}\r\n".encode())
        content = answer.body if answer.cut_at is None else answer.body[: answer.cut_at]
        if answer.chunked:
            writer.write(b"%x\r\n%s\r\n" % (len(content), content) if content else b"")
            writer.write(b"" if answer.cut_at is not None else b"0\r\n\r\n")
        elif answer.trickle_s:
            for byte in content:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(answer.trickle_s)
        else:
            writer.write(content)
        await writer.drain()
        return answer.cut_at is None
