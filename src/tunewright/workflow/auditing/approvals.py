"""What stands between an audit and training: privacy findings that nobody settled, rows that may not be learned from.

Decided so: who never audited is not held up; what an audit saw stays open until the row is mended, left out, kept by a
reviewer, or approved by name. An approval holds for the rows it was given for. Called by ``run``, ``train`` and
``approve``.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from tunewright.audit.checks import consent
from tunewright.audit.queue import check_of
from tunewright.audit.result import AuditResult, FoundBy
from tunewright.audit.rights import refused_by_consent, refused_by_licence
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.store import Store
from tunewright.store.approvals import whole_set
from tunewright.store.dataset_versions import content_of_name
from tunewright.workflow.reviewing.settled import settled_rows

RIGHTS, CONSENT, LICENCE = consent.NAME, consent.WITHDRAWN, consent.LICENCE
_SAID_OF = {CONSENT: "consent", LICENCE: "licence"}
SHOWN_ROWS = 5
MIN_REASON_CHARS = 5


@dataclass(frozen=True, slots=True)
class Open:
    """A finding that nobody settled, and the rows concerned (numbers).

    ``whole`` says that it concerns rows beyond those it lists, so that only the set as a whole can be approved.
    """

    finding: str
    rows: tuple[int, ...]
    whole: bool = False


def learned_names(store: Store, examples: Sequence[Example]) -> list[str]:
    """A name for each row by what a model would learn from it: whoever reads the same table with other columns named
    means the same rows."""
    return [store.row_key(example) for example in examples]


def learned_hash(store: Store, examples: Sequence[Example]) -> str:
    """The hash of a set of rows by what a model would learn from them."""
    return hashlib.sha256(" ".join(sorted(learned_names(store, examples))).encode()).hexdigest()


def needs_decision(found: FoundBy) -> bool:
    """Whether training waits for a person: personal data or secrets, and more than a note."""
    return found.quality == "privacy-reviewed" and found.finding.severity != "note"


def remember_audit(store: Store, examples: Sequence[Example], result: AuditResult) -> None:
    """Write down what an audit saw: a summary, and the rows that need a decision. No text of a row is kept."""
    names, rows_hash = learned_names(store, examples), learned_hash(store, examples)
    seen: dict[str, set[str]] = {}
    for found in filter(needs_decision, result.findings):
        numbers = {item.rows[0] for item in found.finding.items if item.rows}
        rows = {names[number] for number in numbers}
        # A finding lists so many rows at most; for the others only the set as a whole can be approved.
        beyond = {whole_set(rows_hash)} if found.finding.affected > len(numbers) else set()
        seen[found.finding.kind] = rows | beyond
    ran = {check.name for check in result.checks}
    # A version goes by all columns of its rows, and keeps its hash when rows of it are erased.
    summary = {**_summary(result), "version": store.versions.rows_hash(examples)}
    store.approvals.remember_audit(rows_hash, names, seen, lambda kind: check_of(kind) in ran, summary)


def open_findings(store: Store, examples: Sequence[Example]) -> list[Open]:
    """What earlier audits saw in these rows and nobody settled."""
    seen = store.approvals.seen()
    if not seen:
        return []
    names, rows_hash = learned_names(store, examples), learned_hash(store, examples)
    settled = settled_rows(store, examples)
    found = []
    for finding, rows in sorted(seen.items()):
        approvals = store.approvals.approvals(finding)
        approved = {row for approval in approvals for row in approval.rows}
        left = tuple(
            number
            for number, name in enumerate(names)
            if name in rows and number not in settled.get(finding, ()) and content_of_name(name) not in approved
        )
        whole = whole_set(rows_hash) in rows and all(approval.rows_hash != rows_hash for approval in approvals)
        if left or whole:
            found.append(Open(finding, left, whole))
    return found


def require_approved(store: Store, examples: Sequence[Example], result: AuditResult | None = None) -> None:
    """Refuse to train on rows with privacy findings that nobody settled.

    Args:
        result: an audit of these very rows, which is written down first; None takes what earlier audits saw.

    Raises:
        InputError: ``approve.open``; it names findings and rows.
    """
    if result is not None:
        remember_audit(store, examples, result)
    left = [one for one in open_findings(store, examples) if check_of(one.finding) != RIGHTS]
    if left:
        raise InputError(
            "approve.open",
            f"{len(left)} privacy findings are not settled: {', '.join(one.finding for one in left)}.",
            where="; ".join(f"{one.finding}: {_places(examples, one)}" for one in left),
            why="What a model learns from personal data or secrets, it can repeat to anybody.",
            hint="Mask or drop them with `tunewright review`, or take responsibility: "
            f"{approve_command(left[0].finding)}",
        )


def require_rights(store: Store, examples: Sequence[Example], forbidden: Sequence[str] = ()) -> None:
    """Refuse to train on rows whose consent says no or whose licence is forbidden, where their columns say so.

    Args:
        forbidden: licences beside ``FORBIDDEN_LICENCES``, as patterns such as ``cc-by-nc*``; case does not matter.

    Raises:
        InputError: ``approve.rights``; it names rows, their columns and values.
    """
    refused = {CONSENT: refused_by_consent(examples), LICENCE: refused_by_licence(examples, forbidden)}
    known = store.approvals.seen()
    if not any(refused.values()) and not any(kind in known for kind in refused):
        return
    names, rows_hash = learned_names(store, examples), learned_hash(store, examples)
    here, seen = set(names), {kind: {names[row] for row in rows} for kind, rows in refused.items()}
    if any(seen[kind] != known.get(kind, set()) & here for kind in refused):
        summary: dict[str, JsonValue] = {"checks": [RIGHTS], "findings": [], "not_checked": []}
        store.approvals.remember_audit(rows_hash, names, seen, lambda kind: check_of(kind) == RIGHTS, summary)
    left = [one for kind in refused for one in open_findings(store, examples) if one.finding == kind]
    if left:
        first = left[0]
        column, value = refused[first.finding][first.rows[0]]
        raise InputError(
            "approve.rights",
            f"{sum(len(one.rows) for one in left)} rows may not be learned from: what they say of "
            f"{' and '.join(_SAID_OF[one.finding] for one in left)} forbids it.",
            where=f"{_places(examples, first)}; column {column!r} says {value!r}",
            why="Consent and licences bind whoever trains, and what was learned cannot be handed back.",
            hint="Take the rows out of the table, or say why you may: " + approve_command(first.finding),
        )


def waiting(store: Store) -> dict[str, int]:
    """Findings that audits saw and nobody settled, with the number of rows that wait.

    Of the rows only those count that are in the latest version of a file and are still as the audit saw them; rows that
    no version has, such as those of a set that was read for training alone, count too.
    """
    found, (superseded, kept) = {}, _no_longer(store)
    for finding, rows in sorted(store.approvals.seen().items()):
        approvals = store.approvals.approvals(finding)
        settled = {row for one in approvals for row in one.rows} | {whole_set(one.rows_hash) for one in approvals}
        gone = superseded | kept.get(finding, set())
        left = [name for name in rows if content_of_name(name) not in settled and name not in gone]
        if left:
            found[finding] = sum(not name.startswith(whole_set("")) for name in left)
    return found


def _no_longer(store: Store) -> tuple[set[str], dict[str, set[str]]]:
    """Rows, and sets as a whole, that only older versions of a file have; and by finding, rows that a review kept."""
    versions = store.versions.all()
    parents = {version.parent for version in versions}
    latest = {Path(version.source).name: version.hash for version in versions}
    newest, old = set[str](), set[str]()
    kept: dict[str, set[str]] = {}
    for version in versions:
        examples = [row.example for row in store.versions.rows(version)]
        names = learned_names(store, examples)
        is_old = version.hash in parents or latest[Path(version.source).name] != version.hash
        (old if is_old else newest).update([*names, whole_set(learned_hash(store, examples))])
        for finding, rows in settled_rows(store, examples).items():
            kept.setdefault(finding, set()).update(names[row] for row in rows)
    return old - newest, kept


def approve(store: Store, finding: str, who: str, reason: str) -> int:
    """Let a finding stand for the rows in which it was seen; returns how many rows that are.

    Raises:
        InputError: nobody is named, no reason is given, or no audit saw such a finding.
    """
    if not who.strip() or len(reason.strip()) < MIN_REASON_CHARS:
        missing = "who decides is missing" if not who.strip() else f"the reason has {len(reason.strip())} characters"
        raise InputError(
            "approve.reason",
            f"An approval needs a name and a reason of {MIN_REASON_CHARS} characters or more; {missing}.",
            why="Whoever asks later must find who decided, and why.",
            hint=approve_command(finding),
        )
    seen = store.approvals.seen()
    if finding not in seen:
        known = f"Findings that wait: {', '.join(sorted(seen))}." if seen else "No audit saw anything that needs one."
        raise InputError("approve.unknown", f"No finding {finding!r} waits for approval.", hint=known)
    rows = seen[finding]
    members = {name for name in rows if not name.startswith(whole_set(""))}
    # One entry for each set that was seen as a whole, else one for the set that was looked at last.
    whole = sorted(name.removeprefix(whole_set("")) for name in rows - members)
    for rows_hash in whole or [store.approvals.audits()[-1].rows_hash]:
        store.approvals.approve(finding, rows_hash, members, who.strip(), reason.strip())
    return len(members)


def approve_command(finding: str) -> str:
    """What to type to approve a finding."""
    return f"tunewright approve {shlex.quote(finding)} --by NAME --reason TEXT"


def _places(examples: Sequence[Example], found: Open) -> str:
    shown = ", ".join(str(examples[row].source) for row in found.rows[:SHOWN_ROWS])
    more = len(found.rows) - SHOWN_ROWS
    shown += f" and {more} more" if more > 0 else ""
    return f"{shown}{', and ' if shown else ''}the set as a whole" if found.whole else shown


def _summary(result: AuditResult) -> Mapping[str, JsonValue]:
    """Kinds and counts alone: a sentence may name a label or a word of a row, and this stays when the row is erased."""
    return {
        "checks": [check.name for check in result.checks],
        "left_out": list(result.left_out),
        "findings": [
            {
                "check": found.check,
                "kind": found.finding.kind,
                "quality": found.quality,
                "severity": found.finding.severity,
                "affected": found.finding.affected,
            }
            for found in result.findings
        ],
        "not_checked": [{"check": check, "kind": item.kind} for check, item in result.not_checked],
    }
