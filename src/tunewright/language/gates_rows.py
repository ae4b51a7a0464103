"""The rows that the gates look at, and a finding in words on one of them. Called by ``gates`` and ``gates_notes``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunewright.errors import InputError
from tunewright.language.gates_report import GateFinding
from tunewright.language.render import Rendered, place_of
from tunewright.language.spec import RenderSpec, decoded
from tunewright.records.example import Example

SHOWN_CHARS = 160


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows: ``done`` those that were rendered, as (number, example, rows made of it)."""

    examples: Sequence[Example]
    rendered: Sequence[tuple[Rendered, ...] | InputError]
    spec: RenderSpec

    def done(self) -> Iterator[tuple[int, Example, tuple[Rendered, ...]]]:
        for number, (example, made) in enumerate(zip(self.examples, self.rendered, strict=True)):
            if not isinstance(made, InputError):
                yield number, example, made

    def finding(self, number: int, problem: str, ids: Sequence[int] = (), text: str = "") -> GateFinding:
        """A finding whose text is given, or is the end of some ids."""
        shown = text or (decoded(list(ids)[-64:], self.spec.tokenizer) if ids else "")
        shown = shown if len(shown) <= SHOWN_CHARS else "..." + shown[-SHOWN_CHARS:]
        return GateFinding(number, place_of(self.examples[number]), problem, repr(shown) if shown else "")

    def word(self, token: int) -> str:
        return str(self.spec.tokenizer.convert_ids_to_tokens(token))
