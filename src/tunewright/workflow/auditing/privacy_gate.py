"""Before anything learns from rows: what an audit of this project left open is looked for in them again.

Findings are settled row by row, and an edited row is another row. So where any audit saw personal data or secrets,
these checks look at the rows as they are now, with the thresholds of the project, as its audit does; rows that did not
change are remembered and cost nothing. Who never audited is not held up. Called by ``run`` and ``train``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tunewright.audit.registry import all_checks
from tunewright.audit.rights import refused_by_consent, refused_by_licence
from tunewright.audit.run import AuditOptions, run_audit
from tunewright.audit.view import View
from tunewright.project.thresholds import load_thresholds
from tunewright.records.example import Example
from tunewright.store import AuditCache, Store
from tunewright.workflow.auditing.approvals import require_approved, require_rights
from tunewright.workflow.auditing.audit_data import kind_of
from tunewright.workflow.runs import STATE

CHECKS = ("personal_data", "secrets", "identity_exposure")


def require_learnable(store: Store, examples: Sequence[Example]) -> None:
    """Refuse rows that may not be learned from, or in which privacy findings are open.

    Raises:
        InputError: ``approve.rights`` or ``approve.open``; it names rows and what to do. Or the project's
            ``thresholds.yaml`` cannot be used.
    """
    require_rights(store, examples)
    if not any(finding.startswith(CHECKS) for finding in store.approvals.seen()):
        return
    limits = load_thresholds(store.folder.parent, {check.NAME: check.LIMITS for check in all_checks()})
    view = View(tuple(examples), kind_of(examples))
    with AuditCache.open(store) as memory:
        result = run_audit(view, AuditOptions(CHECKS, limits, memory))
    require_approved(store, examples, result)


def require_learnable_file(path: Path, examples: Sequence[Example]) -> None:
    """The same for rows of a file: by the state of its folder, of any folder above it, and of the current one.

    Raises:
        InputError: as ``require_learnable``.
    """
    states = list(dict.fromkeys(_states(path)))
    if not states and (refused_by_consent(examples) or refused_by_licence(examples)):
        states = [Path.cwd() / STATE]
    for state in states:
        with Store.open(state) as store:
            require_learnable(store, examples)


def _states(path: Path) -> Iterator[Path]:
    for folder in (Path.cwd(), *path.resolve().parents):
        if (folder / STATE).is_dir():
            yield folder / STATE
