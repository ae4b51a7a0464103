"""Dataset versions for people: what two versions differ in, and the data card of one.

Rows of equal content are the same row. Of the others, an edit that was written down pairs a row with what it became;
then the person's own row name does; then an equal input. What is left was added or removed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunewright.audit.rights import CONSENT_FIELDS, LICENCE_FIELDS, OPT_OUT_FIELDS, SOURCE_FIELDS, field_name
from tunewright.records.example import Example, input_digest
from tunewright.store import DatasetVersion, Store
from tunewright.store.approvals import AuditRecord
from tunewright.store.dataset_versions import VersionRow, content_of_name
from tunewright.workflow.auditing.approvals import learned_hash, learned_names

LANGUAGE_FIELDS = frozenset({"language", "lang", "locale"})
MAX_VALUES = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """A row in both versions, not the same in both."""

    before: Example
    after: Example


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """``relabelled`` rows differ in their target alone, ``changed`` ones in anything else too; ``same`` counts rows."""

    added: tuple[Example, ...]
    removed: tuple[Example, ...]
    changed: tuple[Pair, ...]
    relabelled: tuple[Pair, ...]
    same: int


def compare(store: Store, old: DatasetVersion, new: DatasetVersion) -> VersionDiff:
    """What differs between two versions of a project; rows erased since are in neither."""
    edits = {e.before: e.after for e in store.versions.edits(new) if e.after} if new.parent == old.hash else {}
    return diff_rows(store.versions.rows(old), store.versions.rows(new), edits)


def diff_rows(old: Sequence[VersionRow], new: Sequence[VersionRow], edits: dict[str, str]) -> VersionDiff:
    """The difference of two lists of rows; ``edits`` says by content what became what."""
    same = Counter(row.row for row in old) & Counter(row.row for row in new)
    left, right = _without(old, Counter(same)), _without(new, Counter(same))
    pairs: list[tuple[int, Pair]] = []
    left, right = _paired(left, right, lambda row: edits.get(row.row), lambda row: row.row, pairs)
    for key in (_own_name, _input):
        left, right = _paired(left, right, key, key, pairs)
    ordered = [pair for _, pair in sorted(pairs, key=lambda found: found[0])]
    relabelled = [pair for pair in ordered if _only_target(pair)]
    return VersionDiff(
        added=tuple(row.example for row in right),
        removed=tuple(row.example for row in left),
        changed=tuple(pair for pair in ordered if not _only_target(pair)),
        relabelled=tuple(relabelled),
        same=sum(same.values()),
    )


def data_card(store: Store, version: DatasetVersion) -> str:
    """A page of markdown about a version: what is in it, where it comes from, what was looked at and by whom.

    Values of columns and labels are shown; texts of rows are not.
    """
    rows = [row.example for row in store.versions.rows(version)]
    lines = [f"# Data card: version v{version.number}", ""]
    lines += _facts(store, version, rows)
    lines += _counts("Labels", Counter(example.target for example in rows), _are_labels(rows))
    lines += _counts("Sources", Counter(example.source.file for example in rows), True)
    for title, names in (
        ("Source, by its column", SOURCE_FIELDS),
        ("Languages", LANGUAGE_FIELDS),
        ("Licences", LICENCE_FIELDS),
        ("Consent", CONSENT_FIELDS | OPT_OUT_FIELDS),
    ):
        lines += _by_column(title, rows, names)
    lines += _audit_lines(store, version)
    lines += _decision_lines(store, version, rows)
    return "\n".join(lines).rstrip() + "\n"


def _facts(store: Store, version: DatasetVersion, rows: Sequence[Example]) -> list[str]:
    parent = next((v for v in store.versions.all() if v.hash == version.parent), None)
    facts = [
        ("hash", f"`{version.hash}`"),
        ("made from", f"v{parent.number}" if parent else "a file, as it was read"),
        ("file", version.source),
        ("written down", version.created),
        ("rows", f"{version.n_rows:,}"),
    ]
    erased = version.n_rows - len(rows)
    if erased:
        facts.append(("erased since", f"{erased:,} rows, whose texts are gone"))
    groups = {example.group for example in rows if example.group is not None}
    if groups:
        facts.append(("groups", f"{len(groups):,}"))
    times = sorted(example.time for example in rows if example.time)
    if times:
        facts.append(("times", f"{times[0]} to {times[-1]}"))
    lengths = sorted(len(example.text.split()) for example in rows)
    if lengths:
        median, longest = lengths[len(lengths) // 2], lengths[-1]
        facts.append(("words of an input", f"{lengths[0]} to {longest}, median {median}"))
    return ["| | |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in facts), ""]


def _audit_lines(store: Store, version: DatasetVersion) -> list[str]:
    audits = _audits_of(store, version)
    lines = ["## What the audit found", ""]
    if not audits:
        parent = next((v for v in store.versions.all() if v.hash == version.parent), None)
        audits = _audits_of(store, parent) if parent else []
        if parent is None or not audits:
            return [*lines, "No audit looked at this version.", ""]
        lines += [f"No audit looked at this version. This is what was found in v{parent.number}, before the edits.", ""]
    summary = audits[-1].summary
    lines += [f"Of {audits[-1].happened}. A finding that is not listed was looked for and not found.", ""]
    lines += _table(summary.get("findings"), ("check", "kind", "severity", "affected"), "Nothing was found.")
    lines += ["## What was not checked", ""]
    lines += _table(summary.get("not_checked"), ("check", "kind"), "Every check that ran could judge.")
    left_out = summary.get("left_out")
    if isinstance(left_out, list) and left_out:
        lines += [f"Not run: {', '.join(map(str, left_out))}.", ""]
    return lines


def _audits_of(store: Store, version: DatasetVersion) -> list[AuditRecord]:
    """Audits of these very rows; a look at their rights alone is none."""
    return [one for one in store.approvals.audits() if one.summary.get("version") == version.rows_hash]


def _decision_lines(store: Store, version: DatasetVersion, rows: Sequence[Example]) -> list[str]:
    numbers = {edit.decision for edit in store.versions.edits(version)}
    here = set(store.versions.digests(rows))
    made = [d for d in store.decisions.standing() if d.number in numbers or d.row.partition("#")[0] in here]
    lines = ["## Who decided what", ""]
    if made:
        counts = Counter((d.who, d.finding, d.action) for d in made)
        lines += ["| who | about | decision | rows |", "|---|---|---|---|"]
        lines += [f"| {_cell(who)} | {about} | {what} | {n} |" for (who, about, what), n in sorted(counts.items())]
    else:
        lines.append("Nobody reviewed a row of this version.")
    learned, whole = {content_of_name(name) for name in learned_names(store, rows)}, learned_hash(store, rows)
    approved = [a for a in store.approvals.approvals() if a.rows & learned or a.rows_hash == whole]
    lines += ["", "## Approvals", ""]
    for one in approved:
        lines.append(f"- {one.finding}, {len(one.rows & learned)} rows: {one.reason} ({one.who}, {one.happened})")
    return [*lines, "" if approved else "None.", ""]


def _table(rows: object, columns: Sequence[str], otherwise: str) -> list[str]:
    if not isinstance(rows, list) or not rows:
        return [otherwise, ""]
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in rows:
        if isinstance(row, dict):
            lines.append(f"| {' | '.join(_cell(str(row.get(name, ''))) for name in columns)} |")
    return [*lines, ""]


def _by_column(title: str, rows: Sequence[Example], names: frozenset[str]) -> list[str]:
    """Values of the columns of these names; a row without one counts as not stated."""
    found = [[value for name, value in example.tags if field_name(name) in names] for example in rows]
    if not any(found):
        return [f"## {title}", "", "Not stated in any column.", ""]
    return _counts(title, Counter(values[0] if values else "(not stated)" for values in found), True)


def _counts(title: str, counts: Counter[str], show: bool) -> list[str]:
    if not show or not counts:
        return []
    lines = [f"## {title}", "", "| | rows |", "|---|---|"]
    lines += [f"| {_cell(value)} | {n:,} |" for value, n in counts.most_common(MAX_VALUES)]
    rest = len(counts) - MAX_VALUES
    if rest > 0:
        lines.append(f"| and {rest:,} others | {sum(n for _, n in counts.most_common()[MAX_VALUES:]):,} |")
    return [*lines, ""]


def _are_labels(rows: Sequence[Example]) -> bool:
    """Whether targets repeat: texts of answers have no place on a card."""
    return len({example.target for example in rows}) <= max(1, len(rows) // 2)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _without(rows: Sequence[VersionRow], same: Counter[str]) -> list[VersionRow]:
    kept = []
    for row in rows:
        if same[row.row] > 0:
            same[row.row] -= 1
        else:
            kept.append(row)
    return kept


def _paired(
    left: Sequence[VersionRow],
    right: Sequence[VersionRow],
    key_left: Callable[[VersionRow], str | None],
    key_right: Callable[[VersionRow], str | None],
    pairs: list[tuple[int, Pair]],
) -> tuple[list[VersionRow], list[VersionRow]]:
    """Pair rows of equal keys, in order; returns what is left of both sides."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(right):
        key = key_right(row)
        if key is not None:
            waiting[key].append(place)
    taken: set[int] = set()
    rest = []
    for row in left:
        key = key_left(row)
        if key is not None and waiting[key]:
            place = waiting[key].pop(0)
            taken.add(place)
            pairs.append((row.example.source.line, Pair(row.example, right[place].example)))
        else:
            rest.append(row)
    return rest, [row for place, row in enumerate(right) if place not in taken]


def _own_name(row: VersionRow) -> str | None:
    """The name that the person gave; a place in a file is none, for rows move."""
    return None if row.example.row_id == str(row.example.source) else row.example.row_id


def _input(row: VersionRow) -> str:
    return input_digest(row.example.messages, row.example.tools)


def _only_target(pair: Pair) -> bool:
    same_input = input_digest(pair.before.messages, pair.before.tools) == input_digest(
        pair.after.messages, pair.after.tools
    )
    return same_input and pair.before.target != pair.after.target and pair.before.tags == pair.after.tags
