"""The thresholds of the decision table that a folder sets in ``thresholds.yaml``. Read by ``advise`` and the plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tunewright.audit.registry import all_checks
from tunewright.decision.table import LIMITS
from tunewright.project.thresholds import ADVICE, load_thresholds
from tunewright.project.thresholds import FILE_NAME as THRESHOLDS


def own_limits(root: Path) -> Mapping[str, float]:
    """The thresholds of the decision table that a folder sets; empty without a file."""
    if not (root / THRESHOLDS).is_file():
        return {}
    known = {**{check.NAME: check.LIMITS for check in all_checks()}, ADVICE: LIMITS}
    return load_thresholds(root, known).get(ADVICE, {})
