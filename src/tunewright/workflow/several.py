"""Several labels per case: what a project says of them, their targets in one canonical form, and tables that look so.

A classification with ``grader: labels`` has several labels per case. Its targets come as JSON lists, as lists that
Python printed, or as text with a sign between labels; here they all become the JSON list in sorted order. Called by
``load``, and by whoever treats such targets differently.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from tunewright.data.cells import cell_text
from tunewright.data.read import ReadResult
from tunewright.data.rows import SetAside
from tunewright.errors import InputError
from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import labels as grader
from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Example
from tunewright.systems._several import as_target, names_in

SEPARATORS = (";", "|", ",", "/")
# Below this share of rows, a sign inside targets is part of names.
LEAST_SHARE = 0.05
SHOWN = 3


def several_labels(settings: ProjectSettings) -> bool:
    """Whether the job is a classification with several labels per case."""
    entry = settings.grader
    name = entry if isinstance(entry, str) or entry is None else next(iter(entry), None)
    return settings.kind == "classify" and name == grader.NAME


def single_labels(examples: Sequence[Example]) -> tuple[str, ...]:
    """All labels of canonical targets, each once, sorted."""
    return tuple(sorted({name for target in {example.target for example in examples} for name in names_in(target)}))


def one_target(label: str) -> str:
    """The target of a case with this label alone."""
    return as_target((label,))


def canonical(settings: ProjectSettings, tables: Sequence[ReadResult]) -> tuple[list[ReadResult], list[str]]:
    """The tables of a project with targets as sorted JSON lists, and what a person should know of them.

    Spellings that differ only in case or white space are one label, in the commonest spelling. A target that is no list
    of labels is set aside.

    Raises:
        InputError: the options of the grader cannot be used, or there is no label at all.
    """
    entry = settings.grader
    options = next(iter(entry.values()), {}) if isinstance(entry, dict) else {}
    reader = grader.build(options, GraderContext())
    read: dict[str, frozenset[str] | None] = {}
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in (example for table in tables for example in table.examples):
        if example.target not in read:
            text = _as_json(example.target)
            read[example.target] = None if text is None else reader.set_of(text)
        for name in read[example.target] or ():
            spellings[_fold(name)][name] += 1
    usual = {key: min(counts, key=lambda name: (-counts[name], name)) for key, counts in spellings.items()}
    targets = {
        text: None if names is None else as_target(usual[_fold(name)] for name in names) for text, names in read.items()
    }
    merged = [" / ".join(f"'{name}'" for name in sorted(counts)) for counts in spellings.values() if len(counts) > 1]
    made = [_with_targets(table, targets) for table in tables]
    return made, _notes(made, merged)


def require_single(settings: ProjectSettings, result: ReadResult, texts: ReadResult | None) -> list[str]:
    """Notes on targets that may be several labels each, of a project that says nothing of it.

    Args:
        texts: the same table read with targets as texts, where targets were no labels.

    Raises:
        InputError: most targets are lists.
    """
    targets = [example.target for example in (texts or result).examples]
    lists = [target for target in targets if target.lstrip().startswith("[") and _as_json(target) is not None]
    if lists and 2 * len(lists) >= len(targets):
        raise InputError(
            "project.several_labels",
            f"The targets look like several labels per case: {len(lists)} of {len(targets)} are lists.",
            where=f"{settings.data.target or 'the target'}: {lists[0][:80]}",
            why="As they stand, every combination would be a class of its own, and a nearly right answer plain wrong.",
            hint="Write grader: labels into tunewright.yaml; if a case has one label, put it there without brackets.",
        )
    sign = _sign_between(targets)
    if sign is None:
        return []
    setting = "labels" if sign == "," else f"{{labels: {{separator: {json.dumps(sign)}}}}}"
    return [
        f"The targets look like several labels per case, with '{sign}' between them: write grader: {setting} "
        "if they are. They were read as one label each."
    ]


def _with_targets(table: ReadResult, targets: dict[str, str | None]) -> ReadResult:
    kept: list[Example] = []
    set_aside = list(table.set_aside)
    for example in table.examples:
        target = targets[example.target]
        if target is None:
            reason = "the target is no list of labels"
            set_aside.append(SetAside(example.source, "data.target_not_labels", reason, example.target))
        else:
            kept.append(example.with_target(target))
    return replace(table, examples=tuple(kept), set_aside=tuple(sorted(set_aside, key=lambda row: row.source.line)))


def _as_json(target: str) -> str | None:
    """A list of texts or numbers as a JSON list of texts, other text as it is; None for what only looks like a list."""
    text = target.strip()
    if not text.startswith(("[", "{")):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = _printed(text)
    if not isinstance(value, list | tuple | set) or not all(isinstance(one, str | int | float) for one in value):
        return None
    return json.dumps([cell_text(one) for one in value], ensure_ascii=False)


def _printed(text: str) -> object:
    """A list as Python prints it. Without commas, as NumPy prints it, Python would join the labels: then nothing."""
    if re.search(r"""['"]\s+['"]""", text):
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _sign_between(targets: Sequence[str]) -> str | None:
    """The sign that seems to stand between labels: its parts come back in other targets, alone or beside others.

    Names such as ``Paris, France`` have nearly as many parts as there are names; combinations are more than parts.
    """
    counts = Counter(targets)
    for sign in SEPARATORS:
        joined = [target for target in counts if sign in target]
        if sum(counts[target] for target in joined) < LEAST_SHARE * len(targets):
            continue
        pieces = [[part.strip() for part in target.split(sign)] for target in joined]
        uses = Counter(part for parts in pieces for part in parts)
        alone = {target.strip() for target in counts if sign not in target}
        known = all(part and (part in alone or uses[part] > 1) for part in uses)
        if known and len(joined) >= len(uses) and any(part in alone for part in uses):
            return sign
    return None


def _notes(tables: Sequence[ReadResult], merged: Sequence[str]) -> list[str]:
    targets = [example.target for table in tables for example in table.examples]
    names = [name for target in targets for name in names_in(target)]
    if targets and not names:
        raise InputError(
            "project.no_labels",
            "No case has a label.",
            where="data.target",
            hint="Check that the right column is the target: with grader: labels it holds lists of labels.",
        )
    notes = []
    if merged:
        shown = "; ".join(merged[:SHOWN]) + (f" and {len(merged) - SHOWN} more" if len(merged) > SHOWN else "")
        notes.append(f"Labels that differ only in case or white space were read as their commonest: {shown}.")
    empty = targets.count(as_target(()))
    if empty:
        notes.append(f"{empty} of {len(targets)} rows have no label.")
    sign = _sign_between(names)
    if sign is not None:
        notes.append(
            f"Many labels hold '{sign}': if it stands between labels, write "
            f"grader: {{labels: {{separator: {json.dumps(sign)}}}}}."
        )
    return notes


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
