"""Keeping what won ready for use: with a locked test the very weights that were tested, else a fit on all rows.

``use.json`` in the state folder says which system to use and under which key every system that is ready lies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings
from tunewright.records.verdict import Verdict
from tunewright.reporting.files import write_text
from tunewright.store import Store
from tunewright.workflow.fitting import Contestant, Fitter
from tunewright.workflow.study import Hooks, Study

FILE_NAME = "use.json"


class InUse(BaseModel):
    """What ``use.json`` holds, by name of system: the key of its fit for use, of its fit on each part, and a hash of
    what it was (options, files that it reads). ``hashes`` are those of the rows of the run.

    With these nothing needs to be found again from the tables, which may have changed since.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    use: str | None
    settings: ProjectSettings
    ready: Mapping[str, str]
    fits: Mapping[str, Mapping[str, str]] = {}
    identities: Mapping[str, str] = {}
    hashes: Mapping[str, str] = {}


def keep_for_use(study: Study, contestants: Sequence[Contestant], verdict: Verdict, store: Store, hooks: Hooks) -> None:
    """Fit the recommended system for use, and write down what is ready."""
    fitter = Fitter(study, store, hooks)
    winner = next((c for c in contestants if c.name == verdict.use.system), None)
    if winner is not None and winner.system.missing() is None and verdict.stage == "final":
        if study.regime == "cross-fitted":
            hooks.say(f"Making {winner.name} ready for use, on all rows.")
        fitter.fit(winner, study.all_rows)
        hooks.progress(winner.name, "done", 1.0)
    fitted = {result.name for result in verdict.systems if result.available}
    able = [c for c in contestants if c.name in fitted]
    ready = {c.name: key for c in able if (key := fitter.key(c, study.all_rows)) and store.artifact(key) is not None}
    value = InUse(
        run=verdict.run,
        use=verdict.use.system,
        settings=study.settings,
        ready=ready,
        fits={c.name: {part.name: fitter.key(c, part) for part in study.parts} for c in able},
        identities={c.name: identity_hash(c) for c in able},
        hashes=study.hashes,
    )
    write_in_use(value, store.folder)


def identity_hash(contestant: Contestant) -> str:
    """Hash of everything besides rows that the answers of a system follow from, as it is now."""
    text = json.dumps(dict(contestant.system.identity()), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_in_use(value: InUse, state: Path) -> None:
    """Replace ``use.json`` in one step, whoever else does so at the same time."""
    write_text(value.model_dump_json(indent=1), state / FILE_NAME)


def read_in_use(state: Path) -> InUse:
    """What the last run left ready.

    Raises:
        InputError: there was no run here.
    """
    try:
        return InUse.model_validate(json.loads((state / FILE_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise InputError(
            "predict.no_run",
            "No run of this project is finished.",
            where=str(state.parent),
            hint="Run it first: tunewright run. Or name the project folder: --project FOLDER.",
        ) from None
