"""SQLite state, score rows, artifacts, ledgers, lineage.

``Store`` and what crosses its border are offered here and loaded on first use, so that a program which only prints its
help does not load a database library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunewright.store.approvals import Approval
    from tunewright.store.artifacts import Artifact
    from tunewright.store.audit_cache import AuditCache
    from tunewright.store.cache_keys import KeyParts, cache_key
    from tunewright.store.dataset_versions import DatasetVersion, VersionEdit
    from tunewright.store.decisions import Decision, NewDecision
    from tunewright.store.gc import GcReport
    from tunewright.store.lineage import Whereabouts
    from tunewright.store.purge import PurgeReport
    from tunewright.store.registers import RegisteredRow
    from tunewright.store.runs import RunRecord, RunState
    from tunewright.store.sides import Side
    from tunewright.store.store import Store
    from tunewright.store.subjects import SubjectPlaces
    from tunewright.store.test_uses import Overlap, RecordedUse

_HOME_OF = {
    "Approval": "approvals",
    "Artifact": "artifacts",
    "AuditCache": "audit_cache",
    "DatasetVersion": "dataset_versions",
    "Decision": "decisions",
    "NewDecision": "decisions",
    "SubjectPlaces": "subjects",
    "VersionEdit": "dataset_versions",
    "KeyParts": "cache_keys",
    "cache_key": "cache_keys",
    "GcReport": "gc",
    "Whereabouts": "lineage",
    "PurgeReport": "purge",
    "RegisteredRow": "registers",
    "RunRecord": "runs",
    "RunState": "runs",
    "Side": "sides",
    "Store": "store",
    "Overlap": "test_uses",
    "RecordedUse": "test_uses",
}

__all__ = [
    "Approval",
    "Artifact",
    "AuditCache",
    "DatasetVersion",
    "Decision",
    "GcReport",
    "KeyParts",
    "NewDecision",
    "Overlap",
    "PurgeReport",
    "RecordedUse",
    "RegisteredRow",
    "RunRecord",
    "RunState",
    "Side",
    "Store",
    "SubjectPlaces",
    "VersionEdit",
    "Whereabouts",
    "cache_key",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
