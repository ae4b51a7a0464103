"""The rows of an audit: what a file holds, what kind of task it is, and where each row would go.

Called by ``audit``. Nothing is judged here; rows that reading set aside go along, for a check reports them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tunewright.audit.view import Kind, Part
from tunewright.data.read import ColumnMap, ReadResult, SetAside, read_table
from tunewright.records.example import Example

# Targets are labels when they repeat and are short: at most this many different ones, on average so often, so long.
MOST_LABELS = 500
LEAST_ROWS_PER_LABEL = 4
LONGEST_LABEL_CHARS = 60
# From this share of targets on that are lists, a case has several labels.
LEAST_LISTS = 0.05
LISTS_NOTE = "Targets are lists of labels: they are looked at as texts, and checks of labels do not apply."


@dataclass(frozen=True, slots=True)
class AuditData:
    """Rows of all parts in one list, the part of each (None where there is one file only), and what reading said."""

    examples: tuple[Example, ...]
    kind: Kind
    parts: tuple[Part, ...] | None
    set_aside: tuple[SetAside, ...]
    notes: tuple[str, ...]
    shape: str


def read_for_audit(
    path: Path, columns: ColumnMap | None, others: Sequence[tuple[Part, Path]], kind: Kind | None
) -> AuditData:
    """Read the file, and those of further parts in the same shape.

    Args:
        kind: what the targets are, where a project says so; found out otherwise.

    Raises:
        InputError: a file cannot be read, or its columns must be named.
    """
    main = read_table(path, columns=columns, kind="generate")
    kind = kind or kind_of(main.examples)
    reading: Literal["classify", "generate"] = "classify" if kind == "classify" else "generate"
    first = main if reading == "generate" else read_table(path, columns=main.columns, kind=reading, shape=main.shape)
    notes = (LISTS_NOTE,) if kind == "generate" and has_lists(main.examples) else ()
    results: list[tuple[Part, ReadResult]] = [("train", first)]
    results += [(part, read_table(file, columns=main.columns, kind=reading, shape=main.shape)) for part, file in others]
    return AuditData(
        tuple(example for _, result in results for example in result.examples),
        kind,
        tuple(part for part, result in results for _ in result.examples) if others else None,
        tuple(row for _, result in results for row in result.set_aside),
        tuple(dict.fromkeys([*notes, *(note for _, result in results for note in result.notes)])),
        main.shape,
    )


def kind_of(examples: Sequence[Example]) -> Kind:
    """Whether targets are labels, texts, or answers preferred to others."""
    if any(example.rejected for example in examples):
        return "preference"
    if any(example.target_calls for example in examples):
        return "generate"
    if has_lists(examples):
        return "generate"
    labels = {example.target.strip() for example in examples}
    few = len(labels) <= min(MOST_LABELS, len(examples) / LEAST_ROWS_PER_LABEL)
    short = all(len(label) <= LONGEST_LABEL_CHARS and "\n" not in label for label in labels)
    return "classify" if few and short else "generate"


def has_lists(examples: Sequence[Example]) -> bool:
    """Whether targets are JSON lists of labels, in more rows than chance would have it."""
    lists = sum(example.target.startswith("[") and example.target.endswith("]") for example in examples)
    return lists > 0 and lists >= LEAST_LISTS * len(examples)
