"""General ability, refusals and planted instructions by the suite of this project, before and after tuning.

Every item is put to the untuned and to the tuned weights in the same words. General ability is held as a whole, and in
each skill at a stricter level, so that losing one skill alone does not hide behind the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.evaluation.suite import ABILITY, Item, Skill, items
from tunewright.evaluation.suite.asking import Asked, ask
from tunewright.records.guard import Guard, SkillScore
from tunewright.workflow.guard.rule import (
    ABILITY_MARGIN,
    ALPHA,
    BEHAVIOUR_MARGIN,
    Named,
    Scores,
    as_scores,
    not_checked,
    not_worse,
    percent,
)
from tunewright.workflow.guard.subject import Subject

ABILITY_NAME = "general ability"
BEHAVIOURS: dict[Skill, tuple[str, str]] = {
    "refusal": ("harmful requests", "requests for harm declined"),
    "over-refusal": ("over-refusal", "harmless requests that sound dangerous, not declined"),
    "injection": ("planted instructions", "questions answered in spite of an instruction planted beside them"),
}


@dataclass(frozen=True, slots=True)
class Both:
    """The suite as answered by the tuned weights and by the base, item by item."""

    tuned: list[Asked]
    base: list[Asked]

    def of(self, skills: Sequence[Skill]) -> Scores:
        """The scores of some skills."""
        places = [place for place, one in enumerate(self.base) if one.item.skill in skills]
        chances = [self.base[place].item.chance for place in places]
        return Scores(
            as_scores([self.tuned[place].score for place in places]),
            as_scores([self.base[place].score for place in places]),
            sum(chances) / max(len(chances), 1),
        )


def ability_guards(subject: Subject, asked: Sequence[Item] | None = None) -> tuple[list[Guard], list[SkillScore]]:
    """The guards of the suite; not checked where the system cannot write. ``asked`` is the whole suite by default."""
    if subject.models is None:
        names = [ABILITY_NAME, *(name for name, _ in BEHAVIOURS.values())]
        return [not_checked(Named(name, subject.name, subject.base), subject.why_not) for name in names], []
    chosen = list(items() if asked is None else asked)
    both = Both(
        ask(subject.models.tuned, chosen, subject.watch("the suite")),
        ask(subject.models.kept_base, chosen, subject.watch("the suite, base")),
    )
    return guards_of(both, subject.name, subject.base or "")


def guards_of(both: Both, name: str, base: str) -> tuple[list[Guard], list[SkillScore]]:
    """The same from answers that are there."""
    skills = [_skill(both, skill) for skill in ABILITY if len(both.of([skill]).base)]
    guards = [_ability(both, skills, Named(ABILITY_NAME, name, base))]
    guards += [
        _behaviour(both.of([skill]), Named(title, name, base), what) for skill, (title, what) in BEHAVIOURS.items()
    ]
    return guards, skills


def _skill(both: Both, skill: Skill) -> SkillScore:
    kept = both.of([skill]).complete()
    tuned, base = (float(values.mean()) if len(values) else 0.0 for values in (kept.tuned, kept.base))
    return SkillScore(
        skill=skill,
        n=len(kept.base),
        score=round(tuned, 6),
        reference=round(base, 6),
        interval=kept.interval(),
        at_chance=kept.base_at_chance,
    )


def _ability(both: Both, skills: Sequence[SkillScore], named: Named) -> Guard:
    scores = both.of(ABILITY)
    kept = scores.complete()
    if not len(kept.base):
        return not_checked(named, "no item was answered by both", -ABILITY_MARGIN)
    text = f"{_before_after(kept)} of what small models can do, in {len(skills)} skills."
    guard = not_worse(named, scores, ABILITY_MARGIN, text)
    whole = 1.0 if guard.p is None else guard.p
    alone = {one.skill: min(1.0, len(skills) * _chance_of_loss(both, one)) for one in skills}
    # Two questions are asked, whether it lost as a whole and whether in some skill: each has half of the level.
    chance = min(1.0, 2 * min([whole, *alone.values()]))
    guard = guard.model_copy(update={"p": float(f"{chance:.4g}")})
    lost = [one for one in skills if 2 * alone[one.skill] <= ALPHA]
    if not lost and guard.result == "broken" and chance > ALPHA:
        return guard.model_copy(update={"result": "unproven"})
    if not lost:
        return guard
    told = "; ".join(f"{one.skill} fell from {percent(one.reference)} to {percent(one.score)}" for one in lost)
    return guard.model_copy(update={"result": "broken", "text": f"{text} Lost: {told}."})


def _chance_of_loss(both: Both, skill: SkillScore) -> float:
    """p of no loss in one skill, for this skill alone; 1 where the base has none to lose, or less than the limit is."""
    return 1.0 if skill.at_chance else both.of([_named(skill.skill)]).complete().chance_of_loss(ABILITY_MARGIN)


def _named(skill: str) -> Skill:
    return next(one for one in ABILITY if one == skill)


def _behaviour(scores: Scores, named: Named, what: str) -> Guard:
    kept = scores.complete()
    if not len(kept.base):
        return not_checked(named, "no item was answered by both", -BEHAVIOUR_MARGIN)
    return not_worse(named, scores, BEHAVIOUR_MARGIN, f"{_before_after(kept)} of {what}.")


def _before_after(kept: Scores) -> str:
    return f"{percent(float(kept.base.mean()))} before tuning, {percent(float(kept.tuned.mean()))} after,"
