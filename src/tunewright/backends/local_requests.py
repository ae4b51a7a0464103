"""Requests before they are answered: whether they can be made at all, and their tokens.

A request that nobody could answer is refused before anything is computed. One that this model cannot take (its template
refuses, its context is too short) becomes a ``model_fail`` of its own, and the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunewright.backends.local_choices import LabelTrie
from tunewright.backends.local_constraints import Grammars
from tunewright.backends.local_model import LocalModel
from tunewright.backends.local_rows import Ids, Job
from tunewright.errors import InputError
from tunewright.language import generate
from tunewright.language.render import prompt_ids, render_prompts
from tunewright.records.answers import Status
from tunewright.records.generation import TOO_LONG, Decoding, Reply, Request


@dataclass(frozen=True, slots=True)
class Prepared:
    """Requests as jobs, and those that fail already with their replies; places are those of the call."""

    jobs: list[Job]
    failed: list[tuple[int, Reply]]


def check_requests(requests: Sequence[Request], grammars: Grammars) -> None:
    """Whether requests can be made at all.

    Raises:
        InputError: with the number of the request.
    """
    checked: set[Decoding] = set()
    for number, request in enumerate(requests, start=1):
        if request.decoding in checked:
            continue
        try:
            _check(request.decoding)
            grammars.check(request.decoding)
        except InputError as error:
            error.where = f"request {number}" + (f": {error.where}" if error.where else "")
            raise
        checked.add(request.decoding)


def prepare(
    requests: Sequence[Request], model: LocalModel, tries: Mapping[tuple[str, ...], LabelTrie | None]
) -> Prepared:
    """The tokens of each request and the room for its reply.

    Args:
        tries: of each set of choices asked for.
    """
    prepared = Prepared([], [])
    for place, (request, ids) in enumerate(zip(requests, _render(requests, model), strict=True)):
        trie = tries.get(request.decoding.choices)
        if isinstance(ids, str):
            prepared.failed.append((place, _failed(ids)))
            continue
        most = request.decoding.max_tokens
        needed = 1 if trie is None else max(len(label) for label in trie.labels)
        if model.limit is not None:
            most = min(most, model.limit - len(ids))
            if len(ids) + needed > model.limit:
                told = f"{TOO_LONG}: {len(ids):,} tokens, where {model.limit:,} are read, the reply included"
                prepared.failed.append((place, _failed(told)))
                continue
        prepared.jobs.append(Job(place, ids, request.decoding, request.repetition, most))
    return prepared


def _check(decoding: Decoding) -> None:
    generate.Decoding(decoding.max_tokens, (), decoding.temperature, decoding.top_p)
    asked = [decoding.schema is not None, decoding.regex is not None, bool(decoding.choices)]
    if sum(asked) > 1:
        raise InputError(
            "generation.two_constraints",
            "A reply can be held to one of schema, regex and choices, and more were given.",
            hint="Keep one of them.",
        )
    if "" in decoding.stop:
        raise InputError("generation.empty_stop", "A stop string is empty.", hint="Leave it out.")


def _render(requests: Sequence[Request], model: LocalModel) -> list[Ids | str]:
    """Token ids of each request, or why there are none."""
    try:
        made = render_prompts([(request.messages, request.tools) for request in requests], model.spec)
    except (InputError, UnicodeError, TypeError):
        return [_render_one(request, model) for request in requests]
    return [ids or "The request has no text." for ids in made]


def _render_one(request: Request, model: LocalModel) -> Ids | str:
    try:
        return prompt_ids(request.messages, request.tools, model.spec) or "The request has no text."
    except InputError as error:
        return error.message
    except (UnicodeError, TypeError) as error:  # a lone surrogate stops a tokenizer
        return f"The request holds characters that are no text: {error}"


def _failed(detail: str) -> Reply:
    return Reply(None, Status.MODEL_FAIL, "none", usd=0.0, detail=detail)
