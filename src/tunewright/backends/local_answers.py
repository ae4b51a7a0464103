"""Replies to requests that share a prefix: read it, let choices be searched and texts be written, count what was used.

Called by ``local.py``, which made the groups.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import torch

from tunewright.backends.local_batches import follow_one, rows_at_once, write
from tunewright.backends.local_calls import CallForm
from tunewright.backends.local_choices import Choice, LabelTrie, best_labels
from tunewright.backends.local_constraints import Grammars
from tunewright.backends.local_model import LocalModel
from tunewright.backends.local_prefix import PrefixStore
from tunewright.backends.local_reader import PlainReader, Prefix, Reader, SharedReader
from tunewright.backends.local_rows import Job, Row
from tunewright.errors import Cancelled
from tunewright.language import generate
from tunewright.language.generate import sample
from tunewright.records.answers import Status
from tunewright.records.example import ToolCall
from tunewright.records.generation import Finish, Reply, Watch
from tunewright.records.usage import Usage

Tries = Callable[[tuple[str, ...]], LabelTrie]


@dataclass(frozen=True, slots=True)
class Answers:
    """What replies are made with."""

    model: LocalModel
    store: PrefixStore
    grammars: Grammars
    calls: CallForm | None
    tries: Tries

    def of_group(
        self, jobs: Sequence[Job], shared: int, tools: Sequence[bool], watch: Watch
    ) -> Iterator[tuple[int, Reply]]:
        """Replies to jobs that share their first ``shared`` tokens; ``tools`` says of each whether it offers any.

        Raises:
            Cancelled: asked to stop, between two passes.
        """
        if watch.cancelled():
            raise Cancelled
        prefix, bill = self._prefix(jobs, shared)
        offered = {job.place: offers for job, offers in zip(jobs, tools, strict=True)}
        kinds: dict[tuple[tuple[str, ...], bool], list[Job]] = {}
        for job in jobs:
            decoding = job.decoding
            every = bool(decoding.choices) and (decoding.logprobs or decoding.temperature > 0)
            kinds.setdefault((decoding.choices, every), []).append(job)
        for (choices, every), chosen in kinds.items():
            if choices:
                yield from self._choose(chosen, prefix, every, bill, watch)
            else:
                for row in self._written(chosen, prefix, watch):
                    yield row.job.place, self._reply(row, offered[row.job.place], bill)

    def follow(self, job: Job, shared: int, tools: bool, watch: Watch) -> Generator[str, None, Reply]:
        """One reply as it is written; the last value is the whole."""
        prefix, bill = self._prefix([job], shared)
        row = self._row(job, follow=True)
        yield from follow_one(self._reader(prefix, job, 1), row, len(prefix.ids), watch.cancelled)
        return self._reply(row, tools, bill)

    def _prefix(self, jobs: Sequence[Job], shared: int) -> tuple[Prefix, _Bill]:
        prefix, fresh = self.store.get(jobs[0].prompt[:shared])
        return prefix, _Bill(jobs[0].place, shared, fresh)

    def _row(self, job: Job, *, follow: bool = False) -> Row:
        spec = self.model.spec
        return Row(job, spec.tokenizer, spec.stop, self.grammars.start(job.decoding), follow=follow)

    def _reader(self, prefix: Prefix, job: Job, rows: int) -> Reader:
        if self.model.alone is not None:
            return PlainReader(self.model.weights, prefix.ids)
        return SharedReader(self.model.weights, prefix, rows, len(job.prompt) - len(prefix.ids) + min(job.most, 64))

    def _written(self, jobs: Sequence[Job], prefix: Prefix, watch: Watch) -> Iterator[Row]:
        longest = max(jobs, key=lambda job: len(job.prompt))
        most = max(len(job.prompt) + job.most for job in jobs) - len(prefix.ids)
        at_once = min(rows_at_once(self.model.weights, most), len(jobs))
        rows = [self._row(job) for job in jobs]
        yield from (row for row in rows if row.over)
        reader = self._reader(prefix, longest, at_once)
        yield from write(reader, [row for row in rows if not row.over], len(prefix.ids), at_once, watch.cancelled)

    def _reply(self, row: Row, tools: bool, bill: _Bill) -> Reply:
        decoding = row.job.decoding
        text = row.text
        calls: tuple[ToolCall, ...] = ()
        finish: Finish = row.finish
        if tools and self.calls is not None:
            text, calls = self.calls.read(text)
            finish = "tool_calls" if calls else finish
        return Reply(
            text,
            Status.MODEL_FAIL if row.problem else Status.OK,
            finish,
            calls,
            bill.of(row.job, len(row.ids)),
            usd=0.0,
            seconds=time.perf_counter() - row.started,
            logprob=row.logprob if decoding.logprobs else None,
            detail=f"The grammar could not be followed: {row.problem}" if row.problem else "",
        )

    def _choose(
        self, jobs: Sequence[Job], prefix: Prefix, every: bool, bill: _Bill, watch: Watch
    ) -> Iterator[tuple[int, Reply]]:
        started = time.perf_counter()
        trie = self.tries(jobs[0].decoding.choices)
        longest = max(jobs, key=lambda job: len(job.prompt))
        at_once = rows_at_once(self.model.weights, len(longest.prompt) - len(prefix.ids) + len(trie.tokens))
        found = best_labels(
            lambda rows: self._reader(prefix, longest, rows),
            [job.prompt for job in jobs],
            len(prefix.ids),
            trie,
            at_once,
            watch.cancelled,
            every=every,
        )
        for choice in found:
            job = jobs[choice.row]
            label = _drawn(choice, job)
            known = () if choice.all is None else tuple(float(value) for value in choice.all)
            yield (
                job.place,
                Reply(
                    job.decoding.choices[label],
                    usage=bill.of(job, len(trie.labels[label])),
                    usd=0.0,
                    seconds=time.perf_counter() - started,
                    logprob=known[label] if known else choice.logprob,
                    choices=known if job.decoding.logprobs else (),
                ),
            )


@dataclass(frozen=True, slots=True)
class _Bill:
    """Who pays for a prefix of ``shared`` tokens, ``fresh`` of which had to be read: the first job of the group."""

    payer: int
    shared: int
    fresh: int

    def of(self, job: Job, output: int) -> Usage:
        """What one job used."""
        new = self.fresh if job.place == self.payer else 0
        return Usage(len(job.prompt) - self.shared, self.shared - new, new, output)


def _drawn(choice: Choice, job: Job) -> int:
    """The label: the best, or one drawn by its probability."""
    decoding = job.decoding
    if decoding.temperature == 0 or choice.all is None:
        return choice.label
    settings = generate.Decoding(1, (), decoding.temperature, decoding.top_p)
    draw = torch.tensor([float(job.random().random())])
    return int(sample(torch.from_numpy(choice.all)[None], draw, settings))
