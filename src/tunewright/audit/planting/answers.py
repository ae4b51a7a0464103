"""Answers that are broken: cut off, run on, placeholders, wrong sums and dates; and inputs that point at nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from tunewright.audit.fields import with_text
from tunewright.audit.planting._defect import FEWEST, Defect, Planted, changing, choose, enough
from tunewright.audit.planting._texts import answering, input_of, is_prose, mostly_prose, with_input, with_target
from tunewright.audit.view import View
from tunewright.records.example import Example

FEWEST_CHARS = 40
# A text that a reference points at has to be there with so many characters.
CHARS_OF_TEXT = 300
POINTING = (
    "Summarize the article below.",
    "What is wrong with the following code?",
    "Translate the attached document into plain language.",
    "Please review the above text and list its main points.",
    "Read the attached file and tell me what it says.",
    "Answer the questions about the passage below.",
    "As we discussed earlier, write the second part now.",
    "<Picture Attached>",
)
PLACEHOLDERS = (
    "TODO",
    "N/A",
    "tbd",
    "null",
    "...",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
    "Internal Server Error",
    "An error occurred while processing your request.",
    "[insert answer here]",
    "Answer goes here.",
    "see above",
)
NO_SUCH_DAYS = (
    "It was agreed on 31 February 2023.",
    "The next date is 2023-02-30.",
    "That was on April 31st, 2022.",
    "It ends on 31.11.2024.",
    "It began on February 29, 2023.",
)
SUCH_DAYS = (
    "It was agreed on 29 February 2024.",
    "The next date is 2023-03-30.",
    "That was on April 30th, 2022.",
    "It ends on 31.12.2024.",
    "It took from 29 to 31 minutes.",
)
_SUM = re.compile(r"(?<![\d.,*/+-])(\d{1,6})\s*([-+*/x×])\s*(\d{1,6})\s*=\s*\$?(\d{1,7})(?![\d.,]\d|\d)")


def _texts_only(view: View) -> str | None:
    return None if view.kind == "generate" else "the targets are no free answers"


def _cut(view: View, rng: np.random.Generator, n: int) -> Planted:
    """Targets that end somewhere between 40 and 85 % of their length, wherever that is in a word or sentence."""
    places = choose(rng, view, n, _is_long)
    return changing(view, "cut", {place: _shortened(float(rng.uniform(0.4, 0.85))) for place in places})


def _shortened(share: float) -> Callable[[Example], Example]:
    return with_target(lambda text: text[: round(share * len(text))].rstrip())


def _is_long(example: Example) -> bool:
    return len(example.target) >= FEWEST_CHARS and not example.target_calls


def _may_cut(view: View) -> str | None:
    return _texts_only(view) or enough(view, _is_long, f"too few answers have {FEWEST_CHARS} characters")


def _merged(view: View, rng: np.random.Generator, n: int) -> Planted:
    change = {}
    for number, place in enumerate(choose(rng, view, n, lambda example: not example.target_calls)):
        other = view.examples[int(rng.integers(len(view)))]
        change[place] = _followed(number, input_of(other), other.target)
    return changing(view, "merged", change)


def _followed(number: int, asked: str, said: str) -> Callable[[Example], Example]:
    ways = (
        f"User: {asked}\nAssistant: {said}",
        f"### Instruction:\n{asked}\n\n### Response:\n{said}",
        f"Human: {asked}\n\nAssistant: {said}",
        f"Customer: {asked}\nAgent: {said}",
        f"Q: {asked}\nA: {said}",
    )
    more = ways[number % len(ways)]
    return with_target(lambda text: f"{text}\n\n{more}")


def _empty(view: View, rng: np.random.Generator, n: int) -> Planted:
    places = choose(rng, view, n, lambda example: not example.target_calls)
    texts = {place: PLACEHOLDERS[number % len(PLACEHOLDERS)] for number, place in enumerate(places)}
    return changing(view, "placeholder", {place: _answered_with(text) for place, text in texts.items()})


def _answered_with(text: str) -> Callable[[Example], Example]:
    return with_target(lambda _old: text)


def _dated(view: View, rng: np.random.Generator, n: int) -> Planted:
    places = choose(rng, view, 2 * n, lambda example: is_prose(example.target))
    mixed = [places[i] for i in rng.permutation(len(places)).tolist()]
    half = len(mixed) // 2
    change = {place: answering(NO_SUCH_DAYS[i % len(NO_SUCH_DAYS)]) for i, place in enumerate(mixed[:half])}
    quiet = {place: answering(SUCH_DAYS[i % len(SUCH_DAYS)]) for i, place in enumerate(mixed[half:])}
    return changing(view, "date", change, quiet)


def _may_be_dated(view: View) -> str | None:
    return _texts_only(view) or (None if mostly_prose(view) else "the answers are no prose")


def _wrong_sum(view: View, rng: np.random.Generator, n: int) -> Planted:
    change = {place: _miscounted(int(rng.integers(1, 9))) for place in choose(rng, view, n, _has_sum)}
    return changing(view, "sum", change)


def _miscounted(off: int) -> Callable[[Example], Example]:
    def make(example: Example) -> Example:
        found = _right_sums(example)[0]
        wrong = str(int(found[4]) + off)
        text = example.target
        return example.with_target(text[: found.start(4)] + wrong + text[found.end(4) :])

    return make


def _right_sums(example: Example) -> list[re.Match[str]]:
    return [match for match in _SUM.finditer(example.target) if _holds(match)]


def _holds(match: re.Match[str]) -> bool:
    left, sign, right = Fraction(match[1]), match[2], Fraction(match[3])
    if sign == "/":
        return right != 0 and left / right == int(match[4])
    made = left + right if sign == "+" else left - right if sign == "-" else left * right
    return made == int(match[4])


def _has_sum(example: Example) -> bool:
    return "=" in example.target and bool(_right_sums(example))


def _has_sums(view: View) -> str | None:
    return _texts_only(view) or enough(view, _has_sum, f"fewer than {2 * FEWEST} answers hold a sum")


def _pointing(view: View, rng: np.random.Generator, n: int) -> Planted:
    """Inputs that point at a text which is not there; the same words with the text behind them must stay quiet."""
    places = choose(rng, view, 2 * n, lambda example: is_prose(example.target) and len(example.messages) == 1)
    mixed = [places[i] for i in rng.permutation(len(places)).tolist()]
    half = len(mixed) // 2
    change = {place: with_input(_saying(POINTING[i % len(POINTING)])) for i, place in enumerate(mixed[:half])}
    quiet = {place: _with_text(view, POINTING[i % 2], rng) for i, place in enumerate(mixed[half:])}
    return changing(view, "dangling", change, quiet)


def _saying(sentence: str) -> Callable[[str], str]:
    return lambda _text: sentence


def _with_text(view: View, sentence: str, rng: np.random.Generator) -> Callable[[Example], Example]:
    text = ""
    while len(text) < CHARS_OF_TEXT:
        text += input_of(view.examples[int(rng.integers(len(view)))]).strip() + " .\n"
    return lambda example: with_text(example, "input", f"{sentence}\n\n{text.rstrip()}")


def _may_point(view: View) -> str | None:
    if _texts_only(view):
        return _texts_only(view)
    single = sum(len(example.messages) == 1 for example in view.examples)
    if single < 2 * FEWEST:
        return "in longer conversations an earlier turn may hold what is pointed at"
    return None if mostly_prose(view) else "the answers are data: a text that is only taken apart need not be there"


DEFECTS = (
    Defect("cut_answers", "Answers cut off", ("cut_targets.", "json_targets.", "sql_targets."), _may_cut, _cut),
    Defect("merged_turns", "A second talk in the answer", ("merged_turns.",), _texts_only, _merged),
    Defect("placeholders", "Placeholders for answers", ("empty_targets.",), _texts_only, _empty),
    Defect("impossible_dates", "Days that do not exist", ("impossible_dates.",), _may_be_dated, _dated),
    Defect("wrong_sums", "Sums that do not come out", ("wrong_arithmetic.wrong_sum",), _has_sums, _wrong_sum),
    Defect("dangling_inputs", "Inputs that point at nothing", ("dangling_references.",), _may_point, _pointing),
)
