"""``regex``: what a pattern finds in the answer is what it finds in the target; or the target is itself the pattern.

With a pattern, its group ``answer``, else its first group, else the whole match is compared, the last match counts,
and a target without a match is compared as it is. Patterns run in the package ``regex``, which can be stopped: a
pattern that takes longer than a second grades nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import regex

from tunewright.evaluation.grader_options import GraderContext, Option, Settings, bad_option, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.text_grader import TextGrader, scored, shown, unjudged, unusable
from tunewright.records.example import Example

NAME = "regex"
SUMMARY = "What a pattern finds in the answer is the target; or the target is the pattern."
VERSION = 1
SECONDS = 1.0
OPTIONS: Mapping[str, Option] = {
    "pattern": Option("", "regular expression", "empty: each target is a pattern for the answer as a whole"),
    "anywhere": Option(False, "yes or no", "for targets that are patterns: a match of a part is no match of the whole"),
    "case": Option(True, "yes or no", "capital letters count, as patterns usually mean them"),
}


class RegexGrader(TextGrader):
    """Scores 1 or 0."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(make_identity(NAME, VERSION, settings, [__file__]), binary=True)
        self._flags = regex.V0 | (0 if settings["case"] else regex.IGNORECASE)
        self._anywhere = bool(settings["anywhere"])
        self._case = bool(settings["case"])
        self._pattern = regex.compile(str(settings["pattern"]), self._flags) if settings["pattern"] else None

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """1 where the pattern says so."""
        try:
            return self._by_target(text, target) if self._pattern is None else self._by_pattern(text, target)
        except TimeoutError:
            return unjudged(f"the pattern took longer than {SECONDS:g} s")
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            return unjudged(f"the target is no pattern: {error}")

    def _by_target(self, text: str, target: str) -> Grade:
        find = regex.search if self._anywhere else regex.fullmatch
        answer = text.strip()
        return scored(float(find(target, answer, self._flags, timeout=SECONDS) is not None), answer)

    def _by_pattern(self, text: str, target: str) -> Grade:
        wanted = self._found(target)
        given = self._found(text)
        if text != target and given is None:
            return unusable(f"the pattern finds nothing in {shown(text)}")
        pair = [(target if wanted is None else wanted).strip(), (text if given is None else given).strip()]
        if not self._case:
            pair = [part.casefold() for part in pair]
        return scored(float(pair[0] == pair[1]), pair[1])

    def _found(self, text: str) -> str | None:
        assert self._pattern is not None
        matches = deque(self._pattern.finditer(text, timeout=SECONDS), maxlen=1)
        if not matches:
            return None
        last = matches[0]
        groups = self._pattern.groupindex
        found = last["answer"] if "answer" in groups else last[1 if self._pattern.groups else 0]
        return None if found is None else str(found)


def build(options: Settings, context: GraderContext) -> RegexGrader:
    """The grader; see ``OPTIONS``."""
    settings = read(options, OPTIONS, NAME)
    try:
        return RegexGrader(settings)
    except regex.error as error:
        raise bad_option(NAME, "pattern", f"is no regular expression: {error}") from None
