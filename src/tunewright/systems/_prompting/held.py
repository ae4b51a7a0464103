"""A language model that is held to one form in all that it writes, whatever a request says of its form.

Used by ``asking`` for a system that was given a form (``Asking.with_form``); what form fits, whoever gives it knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tunewright.records.generation import Backend, Reply, Request, Watch


@dataclass(frozen=True, slots=True)
class HeldForm:
    """What a model may write: JSON of a schema (a JSON schema as text), or else one of some texts."""

    schema: str | None = None
    choices: tuple[str, ...] = ()

    def as_text(self) -> str:
        """The form as JSON."""
        return json.dumps({"choices": list(self.choices)} if self.schema is None else {"schema": self.schema})


@dataclass(frozen=True, slots=True)
class Held:
    """A backend that holds every request to a form."""

    inner: Backend
    form: HeldForm

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def network(self) -> bool:
        return self.inner.network

    def identity(self) -> Mapping[str, str]:
        return self.inner.identity()

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        form = self.form
        held = [
            replace(one, decoding=replace(one.decoding, schema=form.schema, choices=form.choices)) for one in requests
        ]
        return self.inner.complete(held, watch)

    def close(self) -> None:
        self.inner.close()
