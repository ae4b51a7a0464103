"""What the gates found: one result per gate with its count and first rows, and the rows that may be trained on.

Pure data and words; the checks themselves are in ``gates``. The command line prints ``lines`` and stops at
``raise_if_failed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tunewright.errors import InputError

SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class GateFinding:
    """One row that a gate found fault with: its number from 0, its place in the file, what is wrong, and the text."""

    row: int
    where: str
    problem: str
    text: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate over all rows. ``failed`` counts rows, ``first`` holds some; ``why`` and ``hint`` are for people."""

    code: str
    title: str
    failed: int
    first: tuple[GateFinding, ...]
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class GateReport:
    """The outcome of all gates.

    ``kept`` are the numbers of the rows to train on: all but those ``dropped`` for their length. ``rows`` is the number
    of examples looked at. ``notes`` are plain sentences on what is allowed and worth knowing.
    """

    rows: int
    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    gates: tuple[GateResult, ...]
    notes: tuple[str, ...]

    @property
    def failures(self) -> tuple[GateResult, ...]:
        """The gates that found a fault, in the order in which they were asked."""
        return tuple(gate for gate in self.gates if gate.failed)

    def lines(self) -> list[str]:
        """The failed gates in words, each with its first rows."""
        told: list[str] = []
        for gate in self.failures:
            told.append(f"{gate.title}: {gate.failed} of {self.rows} rows ({gate.code})")
            for finding in gate.first:
                text = f" Text: {finding.text}" if finding.text else ""
                told.append(f"  {finding.where}: {finding.problem}.{text}")
            more = gate.failed - len(gate.first)
            told += [f"  and {more} more"] if more > 0 else []
        return told

    def raise_if_failed(self) -> None:
        """Stop before any step is taken.

        Raises:
            InputError: with the code of the first gate that failed, and the rows of all of them.
        """
        failures = self.failures
        if not failures:
            return
        first = failures[0]
        others = f" {len(failures) - 1} other checks failed too." if len(failures) > 1 else ""
        raise InputError(
            first.code,
            f"{first.title}: {first.failed} of {self.rows} rows.{others}",
            where="\n".join(self.lines()),
            why=first.why,
            hint=first.hint,
        )

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return asdict(self)


def result_of(code: str, title: str, why: str, hint: str, findings: Sequence[GateFinding]) -> GateResult:
    """The result of a gate from all it found; a row counts once."""
    firsts = {finding.row: finding for finding in reversed(findings)}
    shown = tuple(firsts[row] for row in sorted(firsts)[:SHOWN_ROWS])
    return GateResult(code, title, len(firsts), shown, why, hint)
