"""The plan of a run: read, split, count; nothing is fitted and nothing is written down."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tunewright.decision.plan import Reach
from tunewright.project.settings import ProjectSettings
from tunewright.store import Store
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.load import load
from tunewright.workflow.models import Models
from tunewright.workflow.planning import plan_text, planned_reach
from tunewright.workflow.prepare import prepare
from tunewright.workflow.study import Study


@dataclass(frozen=True, slots=True)
class Planned:
    """What the cases can show, in numbers and in words."""

    study: Study
    reach: Reach
    text: str

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        study = self.study
        return {
            "regime": study.regime,
            "rows": study.data.model_dump(mode="json"),
            "cases": len(study.scored),
            "reach": asdict(self.reach),
            "text": self.text,
        }


def plan(settings: ProjectSettings, root: Path) -> Planned:
    """Plan in a throw-away state, so that looking leaves no trace."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        study = prepare(settings, root, load(settings, root, store), store).study
        contestants, _ = contestants_of(settings, root, Models.of(settings, root, store).around())
        return Planned(study, planned_reach(study), plan_text(study, contestants))
