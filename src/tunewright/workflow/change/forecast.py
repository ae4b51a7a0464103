"""What measuring a change will take, said before it starts: fits to make, those that exist, and a time where known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from tunewright.reporting import words
from tunewright.workflow.change.held import Held
from tunewright.workflow.change.trials import Bench, Job


@dataclass(frozen=True, slots=True)
class SystemForecast:
    """Fits of one system over all changes; ``seconds`` is what one took, None where none was made yet."""

    system: str
    fits: int
    existing: int
    answers: int
    seconds: float | None
    billed: bool

    @property
    def left_s(self) -> float | None:
        """Seconds of fits that are left to make; None where nothing is known of them."""
        left = self.fits - self.existing
        return 0.0 if not left else None if self.seconds is None else left * self.seconds


@dataclass(frozen=True, slots=True)
class Forecast:
    """All systems, and the same in words."""

    systems: tuple[SystemForecast, ...]
    text: str

    @property
    def fits(self) -> int:
        return sum(one.fits for one in self.systems)

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {"fits": self.fits, "systems": [asdict(one) for one in self.systems], "text": self.text}


def forecast(bench: Bench, plans: Sequence[tuple[Held, Mapping[str, Sequence[Job]]]], folds: int) -> Forecast:
    """Look at what exists; nothing is fitted."""
    names = dict.fromkeys(name for _, jobs in plans for name in jobs)
    systems = tuple(_of(bench, name, [job for _, jobs in plans for job in jobs[name]]) for name in names)
    held = words.joined([f"{one.name!r} ({len(one.rows)} cases)" for one, _ in plans])
    fits, left = sum(one.fits for one in systems), sum(one.fits - one.existing for one in systems)
    lines = [
        f"Taking {held} out and putting it back, in {words.counted(folds, 'fold')}: "
        f"{words.counted(fits, 'fit')}, of which {left:,} are to be made."
    ]
    for one in systems:
        time = one.left_s
        known = "time unknown until one is made" if time is None else f"about {words.duration(time)} to fit"
        if one.fits == one.existing:
            known = "nothing to fit"
        billed = f", {one.answers:,} answers of a model that somebody bills" if one.billed else ""
        lines.append(f"  {one.system}: {one.fits:,} fits, {one.existing:,} exist, {known}{billed}")
    return Forecast(systems, "\n".join(lines))


def _of(bench: Bench, name: str, jobs: Sequence[Job]) -> SystemForecast:
    needs = jobs[0].contestant.system.needs
    if jobs[0].contestant.system.missing() is not None:
        return SystemForecast(name, 0, 0, 0, None, needs.billed)
    known = {(id(job.world), job.contestant.name, job.part.train, job.part.validation): job for job in jobs}
    records = [bench.existing(job) for job in known.values()]
    made = [record.training_seconds for record in records if record is not None]
    return SystemForecast(
        name,
        len(known),
        len(made),
        sum(len(job.part.scored) for job in jobs),
        sum(made) / len(made) if made else None,
        needs.billed,
    )
