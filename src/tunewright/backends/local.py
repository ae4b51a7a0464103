"""A model in this process: transformers weights behind the ``Backend`` protocol.

Requests are rendered as training renders them, grouped by what they begin with, and answered many at a time: choices by
exact search over their trie (``local_choices``), everything else token by token (``local_batches``), held to a schema
or an expression where asked (``local_constraints``). A request that the model cannot answer (too long, refused by its
template) is a ``model_fail`` of its own; a request that nobody could answer is an error before anything is computed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import torch

from tunewright.backends.local_answers import Answers
from tunewright.backends.local_calls import call_form
from tunewright.backends.local_choices import LabelTrie
from tunewright.backends.local_constraints import Grammars
from tunewright.backends.local_model import LocalModel, open_model
from tunewright.backends.local_prefix import Group, PrefixStore, plan
from tunewright.backends.local_requests import Prepared, check_requests, prepare
from tunewright.backends.local_rows import Job
from tunewright.errors import WorkError
from tunewright.language.labels import label_ids
from tunewright.records.example import Message
from tunewright.records.generation import Reply, Request, Watch

_UNWATCHED = Watch()
_PROBE = (Message("user", "?"),)


class LocalBackend:
    """Answers requests with weights in memory; not for two threads at a time.

    A greedy reply is that of ``transformers.generate`` up to near-ties of the two best logits. A sampled one follows
    from the request alone: its seed, repetition and tokens. ``Reply.seconds`` is from the moment at which a request is
    taken up to its last token, beside others; ``logprob`` that of the reply with its stop token at temperature 1,
    before any constraint, and always told for choices. A prefix that is read for several requests counts as
    ``cache_written`` for the first and ``cached`` for the others. ``calls`` False leaves calls of tools in the text, as
    they were written.
    """

    def __init__(self, model: LocalModel, *, calls: bool = True) -> None:
        self.model = model
        self._calls = calls
        self._tries: dict[tuple[str, ...], LabelTrie] = {}
        self._store = PrefixStore(model.weights)
        self._grammars = Grammars(model.spec.tokenizer, model.vocabulary, model.spec.stop)
        self._answers = Answers(model, self._store, self._grammars, call_form(model.spec), self._trie)
        self._identity = model.identity()
        self._closed = False

    @classmethod
    def open(
        cls,
        name_or_folder: str,
        adapter: str | None = None,
        *,
        device: str | None = None,
        dtype: torch.dtype | None = None,
        date: str = "",
        root: Path | None = None,
    ) -> LocalBackend:
        """Load a model.

        Args:
            name_or_folder: an embedded model, a folder (a model, or an adapter), or a hub id.
            adapter: the folder of a PEFT adapter to put on top.
            device: ``cpu``, ``cuda``, ``cuda:1``; None takes a GPU where there is one.
            dtype: number format of the weights; None is float32 on a processor, bfloat16 on a GPU that has it.
            date: ISO date for templates that tell it.
            root: what a relative folder is relative to.

        Raises:
            InputError: there is no such model, it cannot be loaded safely, adapter and model do not fit, or its
                tokenizer knows no stop token.
            WorkError: its files could not be had.
        """
        return cls(open_model(name_or_folder, adapter, device=device, dtype=dtype, date=date, root=root))

    @property
    def name(self) -> str:
        """What the model was opened by."""
        return self.model.name

    @property
    def network(self) -> bool:
        """False: nothing leaves this machine."""
        return False

    @property
    def note(self) -> str:
        """A remark where prefixes cannot be shared, with the reason; empty otherwise."""
        reason = self.model.alone
        return f"This model answers requests one by one, which is slow: {reason}." if reason else ""

    def identity(self) -> Mapping[str, str]:
        """Digests of weights, adapter, tokenizer and rendering; number format, kind of device, version of this code."""
        return dict(self._identity)

    def complete(self, requests: Sequence[Request], watch: Watch = _UNWATCHED) -> Iterator[tuple[int, Reply]]:
        """A reply for each request with its place, as they come.

        Raises:
            Cancelled: asked to stop, between two passes through the model.
            InputError: a request is none: two constraints at once, a bad schema or expression, choices that the
                tokenizer cannot tell apart, settings out of range. Nothing was computed then.
        """
        return self._complete(self._prepared(requests), requests, watch)

    def stream(self, request: Request, watch: Watch = _UNWATCHED) -> Generator[str, None, Reply]:
        """One reply as it is written, in pieces of text; the generator's return value is the whole reply.

        The pieces together are the text that ``complete`` gives for the request alone, tool calls as they were written.
        A choice comes in one piece.

        Raises:
            Cancelled, InputError: as ``complete``.
        """
        prepared = self._prepared([request])
        if request.decoding.choices or prepared.failed:
            return self._at_once(prepared, request, watch)
        (group,) = self._groups(prepared.jobs)
        return self._answers.follow(prepared.jobs[0], group.prefix, bool(request.tools), watch)

    def close(self) -> None:
        """Release the weights; the backend cannot answer any more."""
        self._closed = True
        self._store.release()
        self.model.release()

    def _at_once(self, prepared: Prepared, request: Request, watch: Watch) -> Generator[str, None, Reply]:
        ((_, reply),) = self._complete(prepared, [request], watch)
        if reply.text:
            yield reply.text
        return reply

    def _prepared(self, requests: Sequence[Request]) -> Prepared:
        if self._closed:
            raise WorkError(
                "local.closed", "This backend was closed and cannot answer any more.", hint="Open the model again."
            )
        check_requests(requests, self._grammars)
        wanted = {request.decoding.choices for request in requests if request.decoding.choices}
        return prepare(requests, self.model, {choices: self._trie(choices) for choices in wanted})

    def _complete(self, prepared: Prepared, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        for done, (place, reply) in enumerate(self._replies(prepared, requests, watch), start=1):
            watch.progress(done / len(requests))
            yield place, reply

    def _replies(self, prepared: Prepared, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        yield from prepared.failed
        for group in self._groups(prepared.jobs):
            jobs = [prepared.jobs[number] for number in group.rows]
            tools = [self._calls and bool(requests[job.place].tools) for job in jobs]
            yield from self._answers.of_group(jobs, group.prefix, tools, watch)

    def _groups(self, jobs: Sequence[Job]) -> list[Group]:
        """Jobs by what they begin with; a lone one by what it has in common with earlier calls."""
        if self.model.alone is not None:
            return [Group((number,), 0) for number in range(len(jobs))]
        groups = []
        for group in plan([job.prompt for job in jobs]):
            known = self._store.familiar(jobs[group.rows[0]].prompt) if len(group.rows) == 1 else group.prefix
            groups.append(Group(group.rows, known))
        for job in jobs:
            self._store.remember(job.prompt)
        return groups

    def _trie(self, choices: tuple[str, ...]) -> LabelTrie:
        if choices not in self._tries:
            self._tries[choices] = LabelTrie.of(label_ids(choices, _PROBE, self.model.spec))
        return self._tries[choices]
