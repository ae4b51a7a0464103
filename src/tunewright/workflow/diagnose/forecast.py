"""What a diagnosis takes before it begins: which systems are fitted again, and how long that took in the run."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.reporting.words import duration
from tunewright.store import Store
from tunewright.workflow.diagnose.parts import where_of
from tunewright.workflow.fitting import Contestant, FitRecord, Fitter
from tunewright.workflow.study import Part, Study


def forecast(
    study: Study, store: Store, fitter: Fitter, contestants: Sequence[Contestant], parts: Sequence[Part]
) -> list[str]:
    """Sentences for the person who waits."""
    cases = sum(len(part.scored) for part in parts)
    lines = [f"Diagnosis on {cases} {where_of(study)}."]
    missing = [
        contestant
        for contestant in contestants
        if contestant.system.missing() is None
        and any(store.artifact(fitter.key(contestant, part)) is None for part in parts)
    ]
    if missing:
        known = {c.name: _seconds(store, fitter, c, study) for c in missing}
        told = ", ".join(n if s is None else f"{n} (the run took {duration(s)})" for n, s in known.items())
        lines.append(f"To be fitted first, each once: {told}. --without NAME leaves one out; stopping loses nothing.")
    billed = [c.name for c in contestants if c.system.needs.billed]
    if billed:
        lines.append(f"These send a bill unless their replies are kept: {', '.join(billed)}.")
    return lines


def _seconds(store: Store, fitter: Fitter, contestant: Contestant, study: Study) -> float | None:
    """Seconds that the fits of the run took; None where there was no run."""
    total = 0.0
    for part in study.parts:
        artifact = store.artifact(fitter.key(contestant, part))
        if artifact is None:
            return None
        total += FitRecord.model_validate_json(str(artifact.meta["record"])).training_seconds
    return total
