"""A refresh in words: the answer, what was set aside, whether the new cases are like the old ones, what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunewright.decision.levels import ALPHA, look_level
from tunewright.decision.wording import count

if TYPE_CHECKING:
    from tunewright.workflow.refresh.job import Refreshed


def lines_of_refresh(done: Refreshed) -> list[str]:
    """For a terminal; every text is finished."""
    kept, checked = len(done.checked.kept), done.checked
    written = "are the new locked test" if done.test else "could be the new locked test (nothing was written)"
    lines = [f"{kept:,} of {done.given:,} rows {written}. {done.reach.text}"]
    if checked.set_aside:
        reasons = [
            (checked.in_training, "stand among the rows to learn from"),
            (checked.in_old_test, "stand in the old test"),
            (
                sum(one.code == "refresh.near" for one in checked.set_aside),
                "are near copies of known rows",
            ),
            (
                sum(one.code == "refresh.edited" for one in checked.set_aside),
                "have the words of known rows, put in another way",
            ),
            (checked.repeated, "repeat another new row"),
        ]
        lines.append(f"Set aside: {', '.join(f'{n:,} {why}' for n, why in reasons if n)}.")
    lines += _drawn(done)
    if done.shared_groups:
        lines.append(
            f"Note: {count(done.shared_groups, 'group')} stand both among the rows to learn from and in the new test: "
            "the score may flatter, unless new cases will come from the same groups."
        )
    lines += _looks(done)
    if done.changes:
        lines += ["", "Change in tunewright.yaml, under data:"]
        lines += [f"  {name.removeprefix('data.')}: {new}   # {_was(old)}" for name, old, new in done.changes]
        lines += ["", "Then: tunewright run; and once you have stopped trying things, tunewright run --final."]
        lines.append(f"What was found: {done.folder}/refresh.json")
    return lines


def _drawn(done: Refreshed) -> list[str]:
    sentences = done.drawn.sentences()
    if not sentences:
        if done.drawn.auc is None:
            return ["There are too few cases to tell whether the new ones are like the old ones."]
        return ["The new cases look like the old ones: labels, lengths and words."]
    return [
        "The new cases are not drawn like the old ones. That is no fault where the job has changed, but then scores "
        "before and after cannot be compared:",
        *(f"  {sentence}" for sentence in sentences),
    ]


def _looks(done: Refreshed) -> list[str]:
    lines = []
    if done.old_regime == "cross-fitted":
        lines.append(
            f"Until now each of the {done.old_cases:,} cases was scored out of fold; from now on all of them are "
            "learned from, and the weights that are tested are the ones that ship."
        )
    elif done.old_looks:
        times = "once" if done.old_looks == 1 else f"{done.old_looks} times"
        where = "is learned from now" if done.retired else "is used by nobody from now on"
        lines.append(
            f"The old test of {done.old_cases:,} cases was looked at {times} and {where}. The next look at it would "
            f"have had a level of {100 * look_level(done.old_looks + 1):.2g} %; the new test has {100 * ALPHA:g} %."
        )
    else:
        lines.append(f"The old test of {done.old_cases:,} cases was never opened: it could have served as it is.")
    if done.new_looks:
        lines.append(
            f"Note: cases of the new test stood in {count(done.new_looks, 'use')} of other tests: they are not fresh."
        )
    return lines


def _was(old: str | None) -> str:
    return "was not set" if old is None else f"was {old}"
