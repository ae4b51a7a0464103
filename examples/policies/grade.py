"""How an answer about the handbook is graded: 1 or 0, nothing in between.

An answer is right when one of the accepted wordings stands in it, word for word after both have been brought into one
form: ``EUR 18`` is ``18 euro``, ``seven`` is ``7``, ``November 30th`` is ``30 november``. It may have 40 words at
most, so that nobody scores by reciting a page. Where the handbook is silent, or closed to the person who asks, the
answer must say so, and must not go on to tell something all the same.
"""

import re
import unicodedata
from typing import Any

MAX_WORDS = 40
NOT_THERE = "not in the handbook"

TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
TENS_IN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
MONTHS_IN_WORDS = "january february march april may june july august september october november december"

SMALL = TO_NINETEEN.split()
TENS = {word: 20 + 10 * place for place, word in enumerate(TENS_IN_WORDS.split())}
NUMBERS = {word: str(value) for value, word in enumerate(SMALL)} | {word: str(value) for word, value in TENS.items()}
NUMBERS |= {f"{ten}-{SMALL[digit]}": str(value + digit) for ten, value in TENS.items() for digit in range(1, 10)}

MONTH = "|".join(MONTHS_IN_WORDS.split())
SILENCE = re.compile(  # on the words as `words` leaves them
    r"\bnot (stated |said |found |given |mentioned |covered |contained )?in handbook\b"
    r"|\b(isnt|arent|nothing|no information|could not find|couldnt find|cannot find|cant find) (\w+ ){0,3}in handbook\b"
    r"|\bhandbook (doe not|doesnt) (say|state|mention|tell|cover|contain|give)\b"
)


def words(text: str) -> list[str]:
    """The words of a text in one form: lower case, numbers in digits, no articles, no plural, no punctuation."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    text = re.sub(r"(?<![\d.,])\d{1,3}(?:[,' ]\d{3})+(?!\d)", lambda sum_: re.sub(r"\D", "", sum_[0]), text)  # 1,400
    text = re.sub(r"(?<!\d)(?<!\d )(?:€|\beur\b|\beuros?\b)\s*(\d+(?:\.\d+)?)", r"\1 euro ", text)  # the sign first
    text = re.sub(r"€|\beur\b", " euro ", text)
    text = re.sub(r"\bper ?cent\b", "%", text).replace("%", " percent ")
    text = re.sub(r"°\s*c\b|\bdegrees c\b", " degrees celsius", text)
    text = re.sub(r"\b(\d{1,2})(:\d\d) ?p\.?m\b\.?", lambda time: f"{int(time[1]) % 12 + 12}{time[2]}", text)
    text = re.sub(r"(?<=\d) ?a\.?m\b\.?", "", text)
    text = re.sub(r"\b0(?=\d[:.]\d\d\b)", "", text)  # 09:20 is 9:20
    text = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text)
    text = re.sub(rf"\b({MONTH}) (\d{{1,2}})(?!\d)", r"\2 \1", text)  # November 30 is 30 November
    text = re.sub(rf"\b(\d{{1,2}}) of ({MONTH})\b", r"\1 \2", text)
    text = re.sub(r"\b[a-z]+-[a-z]+\b", lambda found: NUMBERS.get(found[0], found[0]), text)
    text = text.replace("'", "")
    found = re.findall(r"\d+(?:[.:]\d+)*|[^\W\d_]+|\d+", text)
    return [_one_form(word) for word in found if word not in ("a", "an", "the")]


def grade(answer: str, target: str, case: dict[str, Any]) -> dict[str, Any]:
    """1 when the answer says what the target or the column ``also`` says; the detail names why it does not.

    The parts count apart what is right where the handbook says it, refused all the same, and invented where it is
    silent or closed to this reader.
    """
    answer = re.sub(r"\[[^\]]*\]", " ", answer)  # a source in brackets is no part of what is said
    given = words(answer)
    silent = SILENCE.search(" ".join(given)) is not None
    if target.strip() == NOT_THERE:
        problem = _not_silent(answer, given, silent)
        return {"score": float(not problem), "detail": problem, "parts": {"invented": float(bool(problem))}}
    problem = _not_said(given, silent, f"{target} | {case['tags'].get('also', '')}")
    return {
        "score": float(not problem),
        "detail": problem,
        "parts": {"right": float(not problem), "refused": float(silent)},
    }


def _not_silent(answer: str, given: list[str], silent: bool) -> str:
    """Why an answer does not keep silent as it should; empty where it does."""
    if len(given) > MAX_WORDS:
        return f"more than {MAX_WORDS} words"
    if not silent:
        return "the handbook does not say it to this reader"
    if any(character.isdigit() for character in answer):
        return "says that it is not there, and then a figure"
    return ""


def _not_said(given: list[str], silent: bool, wordings: str) -> str:
    """Why none of the accepted wordings is said; they are no part of the target, which is what systems learn to say."""
    if len(given) > MAX_WORDS:
        return f"more than {MAX_WORDS} words"
    if silent:
        return "the handbook does say it"
    accepted = [words(wording) for wording in wordings.split(" | ") if wording.strip()]
    return "" if any(_stands_in(wording, given) for wording in accepted) else "another answer"


def _one_form(word: str) -> str:
    word = NUMBERS.get(word, word)
    if word[0].isdigit():
        return word.rstrip("0").rstrip(".") if "." in word and ":" not in word else word  # 31.60 is 31.6
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _stands_in(wording: list[str], given: list[str]) -> bool:
    return any(given[start : start + len(wording)] == wording for start in range(len(given) - len(wording) + 1))
