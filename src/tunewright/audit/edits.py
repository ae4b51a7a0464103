"""Decisions applied to examples: pure functions from a row and an edit to another row, or to none.

An edit holds the new texts themselves, never places in an old one, so that it means the same whatever was done to the
row before. Reading and writing files lives elsewhere. Called by reviewing, labelling and ``--apply-safe``.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunewright.audit.fields import text_of, texts, with_text
from tunewright.audit.findings import Fix, Item, Span
from tunewright.audit.masking import masked_text, moved
from tunewright.records.example import Example

Decided = Literal["keep", "relabel", "edit", "drop", "mask", "weigh"]


@dataclass(frozen=True, slots=True)
class Edit:
    """What is done with one row. ``changes`` are (field, new text) pairs, ``weight`` is the weight in training."""

    action: Decided
    changes: tuple[tuple[str, str], ...] = ()
    weight: float | None = None


KEEP, DROP = Edit("keep"), Edit("drop")


def apply_edit(example: Example, edit: Edit) -> Example | None:
    """The row after an edit; None where it is left out.

    Raises:
        KeyError: the row has no such field.
    """
    if edit.action == "drop":
        return None
    for field, text in edit.changes:
        example = with_text(example, field, text)
    return example if edit.weight is None else replace(example, target_weight=edit.weight)


def apply_edits(example: Example, edits: Iterable[Edit]) -> Example | None:
    """The row after several edits, in order; nothing comes back once it was left out."""
    kept: Example | None = example
    for edit in edits:
        if kept is None:
            return None
        kept = apply_edit(kept, edit)
    return kept


def edit_of_fix(item: Item, example: Example, now: Example | None = None) -> Edit | None:
    """What an item suggests for its first row, as an edit of the row as it is ``now``.

    Args:
        example: the row as the check saw it, to which the item's places refer.

    Returns:
        None where nothing is suggested, or where what should be changed is gone already.
    """
    fix, present = item.fix, example if now is None else now
    if fix is None:
        return None
    if fix.action in ("keep", "drop"):
        return KEEP if fix.action == "keep" else DROP
    if fix.action == "mask":
        spans = [span for span in item.spans if span.row in (-1, item.rows[0])]
        changes = masked(example, present, spans, fix.value)
        return Edit("mask", changes) if changes else None
    if fix.value is None:
        return None
    if fix.action == "weigh":
        return Edit("weigh", weight=float(fix.value))
    field = "target" if fix.action == "relabel" else fix.field
    return _changed(fix, field, example, present)


def _changed(fix: Fix, field: str, example: Example, present: Example) -> Edit | None:
    assert fix.value is not None
    old = text_of(present, field)
    if old == fix.value or old != text_of(example, field):
        # Somebody wrote another text there since: the suggestion was about the old one.
        return None
    return Edit("relabel" if fix.action == "relabel" else "edit", ((field, fix.value),))


def masked(
    seen: Example, now: Example, spans: Sequence[Span], replacement: str | None = None
) -> tuple[tuple[str, str], ...]:
    """(field, text) with every span replaced by ``[KIND]``, or by ``replacement``.

    Where the field was changed since, spans go along with it; those masked already, or gone, need nothing more.

    Raises:
        NotPlaced: what should be covered is in the present text, and nobody can tell where.
    """
    by_field: defaultdict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_field[span.field].append(span)
    changes = []
    for field, places in by_field.items():
        old, text = text_of(seen, field), text_of(now, field)
        new = masked_text(text, moved(old, text, [span for span in places if span.end > span.start]), replacement)
        if new != text:
            changes.append((field, new))
    return tuple(changes)


def diff_lines(before: Example, after: Example | None, names: Mapping[str, str] | None = None) -> list[str]:
    """What an edit does with a row, as removed and added lines; ``names`` are words for the names of fields."""
    if after is None:
        return [f"-{line}" for line in [*before.text.splitlines(), f"=> {before.target}"]]
    lines = []
    for field, old in texts(before):
        new = text_of(after, field)
        if old != new:
            pair = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
            shown = [line for line in pair if not line.startswith(("---", "+++", "@@"))]
            lines += [f" {(names or {}).get(field, field)}:", *shown]
    if before.target_weight != after.target_weight:
        lines += [f"-weight {before.target_weight or 1:g}", f"+weight {after.target_weight or 0:g}"]
    return lines
