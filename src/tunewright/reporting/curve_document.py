"""``curve.json``: a learning curve as a document. What the fields mean; writing and reading it.

Numbers are scores in [0, 1] and numbers of labelled examples; every interval here is an 80 % one. Written by
``tunewright curve``, read by its page and by ``tunewright advise``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from tunewright.errors import InputError
from tunewright.records.base import Interval, Record
from tunewright.reporting.files import write_text
from tunewright.statistics.curve_families import FamilyName
from tunewright.statistics.learning_curve import Crossed

DOCUMENT = "curve.json"


class Point(Record):
    """A size at which the system was trained."""

    n: float = Field(description="labelled examples, mean over repeats")
    score: float
    interval: Interval
    by_seed: list[float] = Field(description="score of each repeat on its own held-out rows")


class Family(Record):
    """A shape fitted to the points."""

    family: FamilyName
    formula: str
    parameters: dict[str, float]
    left_out_error: float = Field(description="error at the largest size when that was left out")
    chosen: bool


class Ahead(Record):
    """The curve at some number of examples."""

    n: float
    score: float
    band: Interval


class Look(Ahead):
    """The curve at a multiple of the largest size, with the chances of what was asked."""

    times: float
    p_target: float | None
    p_passes: float | None = Field(description="passes the simpler system as it is now by min_improvement")
    p_passes_own: float | None = Field(description="passes the simpler system at that same number of examples")


class Cross(Record):
    """Where the curve passes a line and stays above it, within four times the data; null is "not within that"."""

    outcome: Crossed
    n: float | None
    low: float | None
    high: float | None
    chance: float
    now: float


class Line(Record):
    """The simpler system on as many examples as the largest size, on the same rows."""

    system: str
    score: float
    interval: Interval
    chosen: str


class SystemCurve(Record):
    """One system's points, shapes and drawn curve."""

    system: str
    points: list[Point]
    families: list[Family]
    drawn: list[Ahead]


class CurveDocument(Record):
    """All of it."""

    schema_version: Literal[1] = 1
    run: str
    created: str
    command: str
    task: str
    data_hash: str
    system: str
    role: Literal["baseline", "candidate"]
    headline: str
    sentences: list[str] = Field(description="what follows, most important first")
    curve: SystemCurve
    line: Line | None
    own: SystemCurve | None
    gain_now: float | None
    gain_now_interval: Interval | None
    min_improvement: float
    target: float | None
    outlook: list[Look]
    passes: Cross | None = Field(description="the simpler system by min_improvement")
    catches_up: Cross | None = Field(description="the simpler system by anything at all")
    reaches_target: Cross | None
    curve_crosses: bool | None = Field(description="the fact for `tunewright advise`; null where it cannot be told")
    pool: int = Field(description="rows that could be learned from or held out")
    held_out: int
    seeds: list[int]
    trained: int
    found_again: int
    training_seconds: float
    warnings: list[str]
    notes: list[str]


def write_curve(document: CurveDocument, path: Path) -> None:
    """Write it: sorted keys, two spaces, a line break at the end, in one step."""
    value = document.model_dump(mode="json")
    write_text(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n", path)


def read_curve(path: Path) -> CurveDocument:
    """Read one.

    Raises:
        InputError: the file cannot be read or is of another version.
    """
    try:
        return CurveDocument.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        raise InputError(
            "curve.invalid",
            "The learning curve cannot be read by this version.",
            where=str(path),
            hint="Draw it again: tunewright curve.",
        ) from None
