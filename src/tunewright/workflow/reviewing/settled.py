"""Which findings of which rows a person has settled: kept as they are, or written anew on purpose.

Rows are known by content. A row that a review changed is another row afterwards; what was decided about the old one is
settled for the new one too, except for personal data and secrets: there a change of the text asks anew. Called by the
audit, by ``review`` and before training.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from tunewright.audit.checks import consent
from tunewright.audit.queue import check_of
from tunewright.audit.registry import all_checks
from tunewright.audit.result import AuditResult
from tunewright.audit.settled import without_settled
from tunewright.records.example import Example
from tunewright.store import Store
from tunewright.store.dataset_versions import content_of_name
from tunewright.store.decisions import SKIP
from tunewright.workflow.reviewing.decided_rows import EDITED, LABEL_FINDING

KEEP = "keep"
# What a person wrote into a row on purpose answers the finding; what was masked is looked at again.
_WRITTEN = frozenset({"relabel", "edit", "weigh"})
_LABEL_ONLY = frozenset({"relabel", "weigh"})


def settled_rows(store: Store, examples: Sequence[Example]) -> dict[str, set[int]]:
    """Numbers of rows by kind of finding that a person has settled for them."""
    standing = [d for d in store.decisions.standing() if d.action != SKIP and _settles(d.finding)]
    if not standing:
        return {}
    about: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    kept = set()
    for decision in standing:
        about[content_of_name(decision.row)].add((decision.finding, decision.action))
        if decision.action == KEEP:
            kept.add((decision.row, decision.finding))
    carried = _carried(store, about)
    found: defaultdict[str, set[int]] = defaultdict(set)
    by_name: defaultdict[str, set[str]] = defaultdict(set)
    for name, finding in kept:
        by_name[name].add(finding)
    for row, name in enumerate(store.versions.names(examples)):
        for finding in by_name.get(name, set()) | carried.get(content_of_name(name), set()):
            found[finding].add(row)
    return dict(found)


def settled_by_review(store: Store, examples: Sequence[Example], result: AuditResult) -> AuditResult:
    """An audit of these rows without what a person has settled."""
    return without_settled(result, settled_rows(store, examples))


def _carried(store: Store, about: defaultdict[str, set[tuple[str, str]]]) -> dict[str, set[str]]:
    """Findings by content of the rows that reviews made, from one version to the next."""
    carried: defaultdict[str, set[str]] = defaultdict(set)
    for version in store.versions.all():
        for edit in store.versions.edits(version) if version.parent else ():
            if edit.after is None or edit.after == edit.before:
                continue
            actions = set(edit.action.split("+"))
            decided = {(finding, KEEP) for finding in carried.get(edit.before, ())} | about.get(edit.before, set())
            for finding, action in decided:
                if check_of(finding) in _private_checks():
                    stays = action == KEEP and actions <= _LABEL_ONLY
                else:
                    stays = action == KEEP or action in _WRITTEN
                if stays:
                    carried[edit.after].add(finding)
    return carried


def _settles(finding: str) -> bool:
    """Whether a person's word in a review is enough. Consent and licences are approved by name, with a reason."""
    return finding not in (LABEL_FINDING, EDITED) and check_of(finding) != consent.NAME


@cache
def _private_checks() -> frozenset[str]:
    return frozenset({check.NAME for check in all_checks() if check.QUALITY == "privacy-reviewed"})
