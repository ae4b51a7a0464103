"""``numeric``: the answer's number is the target's, within a tolerance; thousands, currencies and units are understood.

With ``find: last`` the last number of a prose answer counts, and what stands behind the marker ``####`` where there is
one (the form of GSM8K: Cobbe et al. 2021, whose own rule is exact equality of what stands behind it).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from tunewright.evaluation import normal_text, numbers_in_text
from tunewright.evaluation.grader_options import (
    GraderContext,
    Option,
    Settings,
    bad_option,
    make_identity,
    read,
    words,
)
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.numbers_in_text import Found, close, numbers_in, scaled, whole_number
from tunewright.evaluation.text_grader import TextGrader, scored, shown, unjudged, unusable
from tunewright.records.example import Example

NAME = "numeric"
SUMMARY = "The answer's number is the target's, within a tolerance."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "absolute": Option(0.0, "units of the number", "equal is equal, unless a tolerance is given"),
    "relative": Option(0.0, "share of the target", "equal is equal, unless a tolerance is given"),
    "find": Option(
        "whole", "whole, first or last", "prose around a number hides which one is meant", ("whole", "first", "last")
    ),
    "marker": Option("####", "text", "what stands behind its last occurrence is the answer, in prose only"),
    "unit": Option("", "kg, or kg=1, g=0.001", "empty: any unit is passed over"),
    "decimal": Option(".", ". or ,", "1.234 is read as English writes it", (".", ",")),
    "in_words": Option(False, "yes or no", "twenty-one is read as 21 only where asked"),
}


class NumericGrader(TextGrader):
    """Scores 1 or 0; a text without a number is no usable answer."""

    def __init__(self, settings: Settings, units: Mapping[str, Decimal]) -> None:
        files = [__file__, numbers_in_text.__file__, normal_text.__file__]
        super().__init__(make_identity(NAME, VERSION, settings, files), binary=True)
        self._settings = settings
        self._units = units

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """1 where the number is close enough."""
        wanted = self._number(target, prose=True)
        if wanted is None:
            return unjudged(f"the target has no number in a known unit: {shown(target)}")
        given = wanted if text == target else self._number(text, prose=self._settings["find"] != "whole")
        if given is None:
            return unusable(f"no number in a known unit: {shown(text)}")
        right = close(given, wanted, float(self._settings["absolute"]), float(self._settings["relative"]))
        return scored(float(right), str(given))

    def _number(self, text: str, *, prose: bool) -> Decimal | None:
        marker, decimal = str(self._settings["marker"]), str(self._settings["decimal"])
        if prose and marker and marker in text:
            text = text.rpartition(marker)[2]
        if self._settings["in_words"]:
            text = normal_text.normal(text, numbers=True)
        whole = whole_number(text, decimal)
        if whole is not None and scaled(whole, self._units) is not None:
            return scaled(whole, self._units)
        found = numbers_in(text, decimal) if prose else []
        if not found:
            return None
        chosen = found[0 if self._settings["find"] == "first" else -1]
        # In prose the word behind a number is a unit only if it is a known one.
        known = chosen.unit.casefold() in self._units
        return scaled(chosen if known else Found(chosen.value, ""), self._units)


def build(options: Settings, context: GraderContext) -> NumericGrader:
    """The grader; see ``OPTIONS``."""
    settings = read(options, OPTIONS, NAME)
    units: dict[str, Decimal] = {}
    for part in words(settings["unit"]):
        name, _, factor = part.partition("=")
        try:
            units[name.strip().casefold()] = Decimal(factor.strip() or "1")
        except InvalidOperation:
            raise bad_option(NAME, "unit", f"has no number behind {name!r}", "Write kg=1, g=0.001.") from None
    return NumericGrader(settings, units)
