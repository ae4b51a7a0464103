"""One request to its one reply: attempts, pauses, deadlines and the bill of each.

An attempt holds back the most that it can cost before it leaves and is settled once, whatever becomes of it. Failures
of single requests become replies; what a person must change (key, model, address) is raised. Runs in the event loop of
``http``.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncOpenAI

from tunewright.backends.budget import Budget, Hold
from tunewright.backends.http_client import HttpModel
from tunewright.backends.http_limits import Pace, asked_pause_s, backoff_s
from tunewright.backends.http_messages import Body, body_of
from tunewright.backends.http_replies import Outcome, failed, read_answer, read_error
from tunewright.errors import InputError
from tunewright.prices.models import TokenPrice, worst_usd
from tunewright.records.answers import Status
from tunewright.records.generation import Reply, Request
from tunewright.records.usage import Usage

_BUDGET_POLL_S = 0.05  # another backend of the run may settle its calls without a word to this one


@dataclass(slots=True)
class Tally:
    """What the attempts of one request came to together."""

    attempts: int = 0
    lost: int = 0
    unpriced: int = 0
    usage: Usage = field(default_factory=Usage)
    usd: list[float] = field(default_factory=list)
    last: Outcome | None = None

    def add(self, outcome: Outcome, usd: float | None) -> None:
        self.attempts += 1
        self.usage = self.usage + outcome.reply.usage
        self.lost += outcome.billed == "unknown"
        if outcome.billed == "known":
            self.unpriced += usd is None
            self.usd += [] if usd is None else [usd]
        self.last = outcome

    def reply(self, price: TokenPrice | None, seconds: float, *more: str) -> Reply:
        """The reply of the last attempt with the known bills of all of them."""
        last = self.last.reply if self.last else Reply(None, Status.INFRA_FAIL, "none")
        nothing_known = bool(self.lost) and not self.usd
        usd = None if price is None or self.unpriced or nothing_known else sum(self.usd)
        notes = [last.detail, *more]
        if self.attempts > 1:
            notes.append(f"{self.attempts} attempts")
        earlier = self.lost - (self.last is not None and self.last.billed == "unknown" and last.status is Status.OK)
        if earlier:
            notes.append(f"{earlier} without an answer that can be read, which may have been billed; usd leaves it out")
        detail = "; ".join(note for note in notes if note)
        return replace(last, usage=self.usage, usd=usd, seconds=seconds, detail=detail)


class Attempts:
    """What all requests to one server share: client, pace, budget, and what was learned about the server."""

    def __init__(
        self,
        model: HttpModel,
        client: AsyncOpenAI,
        scrub: Callable[[str], str],
        budget: Budget,
        price: TokenPrice | None,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.client = client
        self.scrub = scrub
        self.budget = budget
        self.price = price
        self.pace = Pace(model.concurrency)
        self.refused: frozenset[str] = frozenset()
        self.served: str | None = None
        self._answered = False
        self._closed: str | None = None
        self._rng = random.Random(seed)
        self._patience_s = max(model.deadline_s, model.retry_s)

    async def reply(self, request: Request) -> Reply:
        """The one reply to a request; the caller has its place in ``pace``.

        Raises:
            InputError: key, model or address cannot be used.
        """
        tally = Tally()
        started: float | None = None
        while True:
            body = body_of(self.model, request, self.refused)
            size = body.most_input_tokens // 4 + request.decoding.max_tokens
            hopeless = self._hopeless(size)
            if hopeless:
                return tally.reply(self.price, 0.0, hopeless)
            async with self.pace.slot(size):
                hold = await self._hold(body, request)
                if hold is None:
                    cap = f"not sent: the dollar cap of ${self.budget.cap_usd:g} could be passed"
                    return tally.reply(self.price, 0.0, cap)
                left_at = time.monotonic()
                started = left_at if started is None else started
                if tally.attempts and left_at > started + self.model.retry_s and not self._was_refused(tally):
                    self.budget.settle(hold, 0.0)
                    return tally.reply(self.price, left_at - started, self._gave_up())
                outcome, pause_s = await self._attempt(body, request, hold, left_at, tally)
            now = time.monotonic()
            if self._was_refused(tally):
                continue
            if not outcome.retry:
                return tally.reply(self.price, now - left_at)
            wait_s = backoff_s(tally.attempts, self._rng) if pause_s is None else pause_s
            if now + wait_s > started + self.model.retry_s:
                return tally.reply(self.price, now - started, self._gave_up(pause_s))
            await asyncio.sleep(wait_s)

    async def _attempt(
        self, body: Body, request: Request, hold: Hold, left_at: float, tally: Tally
    ) -> tuple[Outcome, float | None]:
        """One attempt, settled and counted whatever happens, and the pause that the server asks for."""
        usd: float | None = None
        outcome: Outcome | None = None
        try:
            outcome, headers = await self._send(body, request)
            outcome = replace(outcome, reply=replace(outcome.reply, detail=self.scrub(outcome.reply.detail)))
            usd = self._bill(outcome)
        finally:  # also when it is cancelled: then the most it can have cost stays counted
            self.budget.settle(hold, usd)
        tally.add(outcome, usd)
        self._note_served(outcome, tally)
        if headers.get("x-should-retry") == "false":
            outcome = replace(outcome, retry=False)
        pause_s = asked_pause_s(headers, time.time())
        self.pace.read_headers(headers)
        if outcome.congested:
            self.pace.congested(left_at, pause_s)
        elif outcome.reply.status is not Status.INFRA_FAIL:
            self._answered = True
            self.pace.succeeded()
        if outcome.refused and outcome.refused not in self.refused:
            self.refused |= {outcome.refused}
        if outcome.trouble != "none":
            await self._trouble(outcome, headers)
        return outcome, pause_s

    async def _send(self, body: Body, request: Request) -> tuple[Outcome, httpx2.Headers]:
        """Send one body and read what comes before the deadline, to the last byte."""
        nothing = httpx2.Headers()
        try:
            async with asyncio.timeout(self.model.deadline_s):
                raw = await self.client.post("/chat/completions", body=body.payload, cast_to=httpx2.Response)
            return read_answer(raw.content, body, request.decoding), raw.headers
        except TimeoutError:
            return failed(f"no answer within {self.model.deadline_s:g} s", billed="unknown"), nothing
        except openai.APIStatusError as error:
            return read_error(error.response.status_code, error.response.content), error.response.headers
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = error.__cause__ or error
            unsent = isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol)
            said = f"{type(cause).__name__}: {str(cause)[:200]}".rstrip(": ")
            what = "no connection" if unsent else "the connection broke"
            return failed(f"{what} ({said})", billed="no" if unsent else "unknown"), nothing
        except Exception as error:  # every request gets its reply, also where a library is surprised
            kind = type(error).__name__
            return failed(f"not sent or not read ({kind})", billed="unknown", retry=False, congested=False), nothing

    async def _hold(self, body: Body, request: Request) -> Hold | None:
        """What is held back for an attempt, waited for while calls in flight may still leave room; None: no room."""
        most = worst_usd(self.price, body.most_input_tokens, request.decoding.max_tokens) if self.price else 0.0
        most_usd = most or 0.0
        while True:
            hold = self.budget.reserve(most_usd)
            if hold is not None or not self.budget.can_fit_later(most_usd):
                return hold
            await asyncio.sleep(_BUDGET_POLL_S)

    def _bill(self, outcome: Outcome) -> float | None:
        if outcome.billed == "no":
            return 0.0
        if outcome.billed == "unknown" or self.price is None:
            return None
        return self.price.usd(outcome.reply.usage)

    def _hopeless(self, size: int) -> str | None:
        """Why a request is not sent at all, or None."""
        if self._closed is not None:
            return f"not sent: {self._closed}"
        if self.pace.outage_s() > self._patience_s:
            return f"not sent: the server has answered nothing usable for {self.pace.outage_s():.0f} s"
        if self.pace.pause_s(size) > self._patience_s:
            return f"not sent: the server asks for a pause of {self.pace.pause_s(size):.0f} s"
        return None

    def _gave_up(self, pause_s: float | None = None) -> str:
        if self.model.retry_s == 0:
            return "retries are off"
        asked = f", and the server asks for a pause of {pause_s:.0f} s" if pause_s is not None else ""
        return f"given up: retries end {self.model.retry_s:g} s after the first attempt{asked}"

    @staticmethod
    def _was_refused(tally: Tally) -> bool:
        return tally.last is not None and tally.last.refused is not None and tally.attempts <= 8

    def _note_served(self, outcome: Outcome, tally: Tally) -> None:
        """Say in the reply when the server answers with another model than before in this run."""
        if outcome.served is None or outcome.reply.status is not Status.OK:
            return
        if self.served is None:
            self.served = outcome.served
        elif outcome.served != self.served and tally.last is not None:
            changed = (
                f"answered by {outcome.served[:80]!r}, where the first answer of the run was by {self.served[:80]!r}"
            )
            detail = "; ".join(note for note in (outcome.reply.detail, changed) if note)
            tally.last = replace(outcome, reply=replace(outcome.reply, detail=self.scrub(detail)))

    async def _trouble(self, outcome: Outcome, headers: httpx2.Headers) -> None:
        """Raise what a person must change; remember a server that is closed to this key."""
        where = f"{self.model.openai} at {self.model.base_url}"
        detail = outcome.reply.detail
        if outcome.trouble == "closed":
            self._closed = f"the server is closed to this key: {detail}"
        elif outcome.trouble == "redirect" and not self._answered:
            target = urlsplit(headers.get("location", ""))
            to = f"{target.scheme}://{target.hostname}" if target.hostname else "another path"
            raise InputError(
                "model.redirect",
                f"The server redirects to {self.scrub(to)}.",
                where=where,
                why="The key and the texts go to the server of the project file and to no other.",
                hint="If the new address is right, set base_url to it.",
            )
        elif outcome.trouble == "key":
            name = self.model.key_env
            hint = f"Check the key in the environment variable {name}, and what it may use." if name else ""
            raise InputError(
                "model.refused_key",
                f"The server refuses {'the key' if name else 'requests without a key'} ({detail}).",
                where=where,
                hint=hint or 'Name the variable that holds a key, as in key: "${env:OPENAI_API_KEY}".',
            )
        elif outcome.trouble == "model":
            raise InputError(
                "model.unknown",
                f"The server does not know this model, or not under this address ({detail}).",
                where=where,
                hint=await self._offered(),
            )

    async def _offered(self) -> str:
        advice = "Check the model's name and that base_url ends as the server wants it, usually in /v1."
        try:
            async with asyncio.timeout(min(5.0, self.model.deadline_s)):
                raw = await self.client.get("/models", cast_to=httpx2.Response)
            names = [str(item["id"])[:80] for item in raw.json()["data"]]
        except Exception:  # a hint is worth no failure
            return advice
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        return f"The server offers: {self.scrub(', '.join(names[:10]))}{more}." if names else advice
