"""Repeated looks at one test set: the first may ship at the whole level, a later one only at its share of it.

Who tries again and again on the same cases wins at last by chance. The k-th look may ship at ``alpha / (k (k + 1))``
(``levels.look_level``). Only shipping is held back: to keep what is simpler needs no proof. Called by
``verdict.decide``.
"""

from __future__ import annotations

from dataclasses import replace

from tunewright.decision.evidence import gather
from tunewright.decision.gates import Stop
from tunewright.decision.inputs import DecisionInputs
from tunewright.decision.levels import look_level
from tunewright.decision.ruling import rule


def look_stop(inputs: DecisionInputs) -> Stop | None:
    """Why a win at the whole level does not ship at this look; None where it does, or where this is the first."""
    if inputs.look < 2 or inputs.candidate is None:
        return None
    level = look_level(inputs.look, inputs.alpha)
    strict = replace(inputs, alpha=level)
    if rule(strict, strict.system(inputs.candidate), gather(strict)).headline == "SHIP_FINE_TUNE":
        return None
    text = (
        f"Not proven: at a first look at these cases {inputs.candidate} would have won, but this is look "
        f"{inputs.look}, and a win must then hold at a level of {100 * level:.2g} %, not {100 * inputs.alpha:.2g} %. "
        "Fresh cases decide it: tunewright refresh FOLDER NEW_FILE."
    )
    return Stop("NOT_PROVEN", text)
