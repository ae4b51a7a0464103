"""Is the job said in one sentence that another person could act on? Plain word lists, no model.

It asks for a verb, what comes in, what goes out and who uses it. It reads English; a sentence in another language is
taken as it stands. It may be wrong, and a person may insist. Called by the questions of ``advise``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MISSING = {
    "verb": "what is done (sort, extract, answer, summarise, ...)",
    "input": "what comes in (each support ticket, an invoice as PDF, ...)",
    "output": "what goes out (one of 12 desks, a JSON with amount and date, a reply of 5 lines, ...)",
    "user": "who uses it (for the night shift, so that the desk ...)",
}
FEWEST_WORDS = 4


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Verbs that name what is made, so that their object is the output and the input is told by another word.
_MAKING = _words("answer reply respond draft write generate produce create compose suggest propose recommend")
_TAKING = _words(
    "calculate compute count "
    "classify route sort assign tag label categorise categorize extract summarise summarize translate detect "
    "find flag score rate rank decide determine check predict estimate convert parse read turn map match choose select "
    "identify recognise recognize rewrite correct normalise normalize redact split grade compare fill moderate "
    "prioritise prioritize triage tell give name judge search look filter transcribe shorten explain"
)
# These say what comes out by themselves: a summary, a translation, a yes or no.
_TELLS_OUTPUT = _words(
    "summarise summarize translate detect flag redact correct rank transcribe prioritise prioritize moderate shorten"
)
_VERBS = _MAKING | _TAKING
_VAGUE = _words(
    """
    it this that them things thing stuff something everything anything data text texts content information input inputs
    output outputs ai llm gpt model models chatbot bot assistant system better good smart help improve automate handle
    process use make do our my your the a an all any some for with from into and or to of in on at by be is are please
    business company work job task us me we i you they well fast quickly automatically customers users people
    """
)
_OUTPUT = re.compile(
    r"\b(in)?to [a-z]+\b|\b(one of|which|whether|how many|how much|"
    r"yes or no|true or false|json|csv|a score|label|category|categories|summary|summaries|table|fields?|"
    r"as (a|an|json)|with (a|an|its|the|one)|its|their|desk|desks|class|classes|code|codes|amount|date|name)\b"
)
_USER = re.compile(
    r"\b(for|so that|used by|by|helps?) (our|the|my|a|an|new|all)?\s*[a-z]+|\b(team|desk|agents?|staff|clerks?|"
    r"analysts?|customers?|users?|doctors?|lawyers?|teachers?|engineers?|shift|colleagues?)\b"
)
_ENGLISH = re.compile(r"\b(the|a|an|of|to|for|and|or|in|into|from|with|each|every|our|all|it|is|by|on|at|as|i|we)\b")


@dataclass(frozen=True, slots=True)
class JobSentence:
    """A sentence and what it leaves open: keys of ``MISSING``."""

    text: str
    missing: tuple[str, ...]

    @property
    def clear(self) -> bool:
        """Whether it says what is done, what comes in and what goes out; who uses it may stay open."""
        return not set(self.missing) - {"user"}

    @property
    def sent_back(self) -> str:
        """What is missing, for the person."""
        return "It does not say " + "; nor ".join(MISSING[name] for name in self.missing) + "."


def read_job(text: str) -> JobSentence:
    """What a sentence leaves open."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    if len(words) >= FEWEST_WORDS and not _ENGLISH.search(text.lower()) and not _verbs(words):
        return JobSentence(text, ())
    verbs = _verbs(words)
    making = [verb for verb in verbs if verb in _MAKING]
    things = [w for w in words if w not in _VAGUE and _stem(w) not in _VERBS and len(w) > 2]
    missing = []
    if not verbs:
        missing.append("verb")
    if not things or (making and len(verbs) == len(making) and len(things) < 2 and not re.search(r"\bto\b", text)):
        missing.append("input")
    if not (making or any(verb in _TELLS_OUTPUT for verb in verbs) or _OUTPUT.search(text.lower())):
        missing.append("output")
    if not _USER.search(text.lower()):
        missing.append("user")
    return JobSentence(text, tuple(missing))


def _verbs(words: list[str]) -> list[str]:
    return [stem for word in words if (stem := _stem(word)) in _VERBS]


def _stem(word: str) -> str:
    """The verb behind sorts, sorting, sorted, classifies, routing."""
    for end, new in (("", ""), ("ies", "y"), ("es", ""), ("es", "e"), ("s", ""), ("ing", ""), ("ing", "e"), ("d", "")):
        if word.endswith(end) and word[: len(word) - len(end)] + new in _VERBS:
            return word[: len(word) - len(end)] + new
    return word
