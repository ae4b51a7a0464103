"""Repeated looks at one test set: the first may ship at the whole level, a later one only at its share of it.

Who tries again and again on the same cases wins at last by chance. The k-th look may ship at ``alpha / (k (k + 1))``
(``levels.look_level``). The same goes for calling the fine-tune better. To keep what is simpler needs no proof. Called
by ``verdict.decide``.
"""

from __future__ import annotations

from dataclasses import replace

from tunewright.decision.evidence import gather
from tunewright.decision.gates import Stop
from tunewright.decision.inputs import DecisionInputs
from tunewright.decision.levels import look_level
from tunewright.decision.ruling import Ruling, rule
from tunewright.records.verdict import Quality


def look_stop(inputs: DecisionInputs) -> Stop | None:
    """Why a win at the whole level does not ship at this look; None where it does, or where this is the first."""
    if inputs.look < 2 or inputs.candidate is None:
        return None
    level = look_level(inputs.look, inputs.alpha)
    if _strict_ruling(inputs, inputs.candidate).headline == "SHIP_FINE_TUNE":
        return None
    text = (
        f"Not proven: at a first look at these cases {inputs.candidate} would have won, but this is look "
        f"{inputs.look}, and a win must then hold at a level of {100 * level:.2g} %, not {100 * inputs.alpha:.2g} %. "
        "Fresh cases decide it: tunewright refresh FOLDER NEW_FILE."
    )
    return Stop("NOT_PROVEN", text)


def quality_at_look(inputs: DecisionInputs, ruling: Ruling) -> Quality:
    """The quality of the fine-tune as this look may say it: better only where it is so at the look's own level."""
    if inputs.look < 2 or inputs.candidate is None or ruling.quality != "superior":
        return ruling.quality
    return _strict_ruling(inputs, inputs.candidate).quality


def _strict_ruling(inputs: DecisionInputs, candidate: str) -> Ruling:
    """The ruling with this look's share of the level as the whole."""
    strict = replace(inputs, alpha=look_level(inputs.look, inputs.alpha), look=1)
    return rule(strict, strict.system(candidate), gather(strict))
