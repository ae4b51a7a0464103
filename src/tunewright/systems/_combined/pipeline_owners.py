"""Whose words stand in a request of a later stage: a backend that names the case itself among the request's owners.

A stage knows its case with earlier answers in front, which has another digest than the case; whoever erases the case
looks for its own. Called by ``pipeline``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tunewright.records.example import Inputs, input_digest
from tunewright.records.generation import Backend, Reply, Request, Watch


@dataclass(slots=True)
class Owners:
    """Digest of a case as a stage reads it, to the digest of the case."""

    known: dict[str, str] = field(default_factory=dict)

    def remember(self, case: Inputs, staged: Inputs) -> None:
        """A case and what was made of it."""
        if staged.messages != case.messages:
            self.known[input_digest(staged.messages)] = input_digest(case.messages)

    def of(self, request: Request) -> Request:
        """The request with the cases behind its owners."""
        further = [self.known[owner] for owner in request.owners if owner in self.known]
        return replace(request, owners=tuple(dict.fromkeys((*request.owners, *further)))) if further else request


@dataclass(slots=True)
class OwnedBackend:
    """A backend whose requests say whose they are."""

    inner: Backend
    owners: Owners

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def network(self) -> bool:
        return self.inner.network

    def identity(self) -> Mapping[str, str]:
        return self.inner.identity()

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        return self.inner.complete([self.owners.of(request) for request in requests], watch)

    def close(self) -> None:
        self.inner.close()


def owned(open_model: Callable[[str], Backend], owners: Owners) -> Callable[[str], Backend]:
    """A way of opening models whose requests say whose they are."""
    return lambda name: OwnedBackend(open_model(name), owners)
