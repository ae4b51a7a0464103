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
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import JsonValue

from tunewright.audit.queue import check_of
from tunewright.audit.result import AuditResult, FoundBy
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.store import Store
from tunewright.store.approvals import whole_set
from tunewright.store.dataset_versions import content_of_name
from tunewright.workflow.runs import STATE

RIGHTS = "rights"
CONSENT, LICENCE = "rights.consent", "rights.licence"
LICENCE_FIELDS = frozenset({"licence", "license", "licence_id", "license_id", "rights", "copyright", "spdx"})
CONSENT_FIELDS = frozenset({"consent", "consented", "consent_given", "gdpr_consent", "opt_in", "optin", "may_train"})
OPT_OUT_FIELDS = frozenset({"opt_out", "optout", "opted_out", "do_not_train", "no_train", "noai"})
SOURCE_FIELDS = frozenset({"source", "origin", "provenance", "url"})
REFUSED = frozenset({"no", "n", "false", "f", "0", "withdrawn", "revoked", "denied", "refused", "declined", "opt-out"})
YES = frozenset({"yes", "y", "true", "t", "1", "x"})
# Licences that say in so many words that nobody may learn from the text; a person's own list is added to it.
FORBIDDEN_LICENCES = ("all rights reserved*", "no-ai*", "noai*", "no ai*", "no training*", "do not train*")
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


def field_name(name: str) -> str:
    """A column name in one spelling: ``Opt-Out `` is ``opt_out``."""
    return "_".join(name.strip().casefold().replace("-", " ").replace("_", " ").split())


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
        rows = {names[item.rows[0]] for item in found.finding.items if item.rows}
        # A finding lists so many rows at most; for the others only the set as a whole can be approved.
        beyond = {whole_set(rows_hash)} if found.finding.affected > len(rows) else set()
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
    kept = {(d.row, d.finding) for d in store.decisions.standing() if d.action == "keep"}
    reviewed = store.versions.names(examples)
    found = []
    for finding, rows in sorted(seen.items()):
        approvals = store.approvals.approvals(finding)
        approved = {row for approval in approvals for row in approval.rows}
        left = tuple(
            number
            for number, name in enumerate(names)
            if name in rows and (reviewed[number], finding) not in kept and content_of_name(name) not in approved
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
    left = [one for one in open_findings(store, examples) if one.finding in refused]
    if left:
        first = left[0]
        column, value = refused[first.finding][first.rows[0]]
        raise InputError(
            "approve.rights",
            f"{sum(len(one.rows) for one in left)} rows may not be learned from: what they say of "
            f"{' and '.join(one.finding.partition('.')[2] for one in left)} forbids it.",
            where=f"{_places(examples, first)}; column {column!r} says {value!r}",
            why="Consent and licences bind whoever trains, and what was learned cannot be handed back.",
            hint="Take the rows out of the table, or say why you may: " + approve_command(first.finding),
        )


def refused_by_consent(examples: Sequence[Example]) -> dict[int, tuple[str, str]]:
    """Rows whose consent says no, with the column and its value."""
    found: dict[int, tuple[str, str]] = {}
    for row, example in enumerate(examples):
        for name, value in example.tags:
            plain, said = field_name(name), " ".join(value.casefold().split())
            if (plain in CONSENT_FIELDS and said in REFUSED) or (plain in OPT_OUT_FIELDS and said in YES):
                found.setdefault(row, (name, value))
    return found


def refused_by_licence(examples: Sequence[Example], forbidden: Sequence[str] = ()) -> dict[int, tuple[str, str]]:
    """Rows under a forbidden licence, with the column and its value."""
    patterns = [pattern.casefold() for pattern in (*FORBIDDEN_LICENCES, *forbidden)]
    found: dict[int, tuple[str, str]] = {}
    for row, example in enumerate(examples):
        for name, value in example.tags:
            said = " ".join(value.casefold().split())
            if field_name(name) in LICENCE_FIELDS and any(fnmatchcase(said, pattern) for pattern in patterns):
                found.setdefault(row, (name, value))
    return found


def require_settled(root: Path, examples: Sequence[Example]) -> None:
    """Refuse to train on rows that nobody may learn from, or that an audit of this folder left open.

    Raises:
        InputError: ``approve.open`` or ``approve.rights``.
    """
    if not (root / STATE).is_dir() and not refused_by_consent(examples) and not refused_by_licence(examples):
        return
    with Store.open(root / STATE) as store:
        require_rights(store, examples)
        require_approved(store, examples)


def waiting(store: Store) -> dict[str, int]:
    """Findings that audits saw and nobody approved, with the number of rows, whether or not these are still there."""
    found = {}
    for finding, rows in sorted(store.approvals.seen().items()):
        approvals = store.approvals.approvals(finding)
        settled = {row for one in approvals for row in one.rows} | {whole_set(one.rows_hash) for one in approvals}
        left = [name for name in rows if content_of_name(name) not in settled]
        if left:
            found[finding] = sum(not name.startswith(whole_set("")) for name in left)
    return found


def approve(store: Store, finding: str, who: str, reason: str) -> int:
    """Let a finding stand for the rows in which it was seen; returns how many rows that are.

    Raises:
        InputError: nobody is named, no reason is given, or no audit saw such a finding.
    """
    if not who.strip() or len(reason.strip()) < MIN_REASON_CHARS:
        raise InputError(
            "approve.reason",
            "An approval needs a name and a reason.",
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
    return {
        "checks": [check.name for check in result.checks],
        "left_out": list(result.left_out),
        "findings": [
            {
                "check": found.check,
                "kind": found.finding.kind,
                "quality": found.quality,
                "severity": found.finding.severity,
                "title": found.finding.title,
                "affected": found.finding.affected,
            }
            for found in result.findings
        ],
        "not_checked": [
            {"check": check, "kind": item.kind, "because": item.because} for check, item in result.not_checked
        ],
    }
