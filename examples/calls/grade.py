"""Mark a case summary: is the form kept, and does each line say what the reference line says?

The score runs from 0 to 1 and is the product of two things.

Content: the weighted mean over the seven headings. A line is worth the F1 of its words against the words of the
reference line (the harmonic mean of how much is right and how much is there). ``not stated`` counts as right only
where the reference has it too, and a line that is missing, empty or doubled counts 0. The state of the identity check
must be the same, or the Caller line counts 0. A line with a number that stands neither in the notes nor in the
reference has been made up in part and counts half.

Form: 1 for seven lines, in order, and nothing else; each of these faults takes off a tenth, down to a half: a heading
that is missing, doubled or out of place, a line that is no heading line, bullets or bold marks around a heading.

What it does not see: other words for the same thing count as wrong, and a "not" that is lost costs one word only. The
summary of another call scores 0.12 on average, for some lines are alike in many calls, and a form that says
``not stated`` everywhere 0.13; take that as the bottom of the scale.
"""

import re
from collections import Counter

# How much each line counts: a reader acts on the next step, and looks at the issue first.
HEADINGS = {
    "Caller": 1,
    "Issue": 3,
    "Since": 1,
    "Tried": 2,
    "Agreed": 2,
    "Next step": 3,
    "Open questions": 1,
}
PLACE = {heading.lower(): heading for heading in HEADINGS}
UNKNOWN = "not stated"
FAULT = 0.1
LEAST_FORM = 0.5
INVENTED = 0.5
# Words without a fact of their own.
SMALL = {"a", "an", "the", "of", "to", "and", "in", "on", "at", "by", "for", "is", "was", "with", "from", "her", "his"}

LINE = re.compile(r"^(\W*)([A-Za-z ]{5,14}?)(\W*):(\W*?)(?:\s+(.*))?$")
NUMBER = re.compile(r"\d+")
IDENTITY = re.compile(r"identity (not checked|partly checked|checked|check failed|check not stated)")


def grade(answer, target, case):
    """The score of one summary, why it is not 1, and the F1 of each line."""
    said, faults = read(answer)
    wanted, _ = read(target)
    known = set(NUMBER.findall(case["input"])) | set(NUMBER.findall(target))
    parts = {heading: worth(heading, said.get(heading), wanted.get(heading, ""), known) for heading in HEADINGS}
    content = sum(HEADINGS[heading] * parts[heading] for heading in HEADINGS) / sum(HEADINGS.values())
    form = max(LEAST_FORM, 1 - FAULT * len(faults))
    return {"score": content * form, "detail": "; ".join(faults), "parts": {**parts, "form": form}}


def read(text):
    """The line of each heading, and what is wrong with the form."""
    found, faults, order = {}, [], []
    for line in text.strip().splitlines():
        heading, marked, content = heading_of(line)
        if heading is None:
            faults.append(f"a line without a heading: {line.strip()[:40]!r}")
        elif heading in found:
            faults.append(f"{heading} twice")
            found[heading] = ""
        else:
            found[heading] = content
            order.append(heading)
            if marked:
                faults.append(f"marks around {heading}")
    faults += [f"{heading} is missing" for heading in HEADINGS if heading not in found]
    if order != [heading for heading in HEADINGS if heading in found]:
        faults.append("the headings are out of order")
    return found, faults


def heading_of(line):
    """Heading (or None), whether it wears bullets or bold marks, and what stands behind it."""
    match = LINE.match(line.strip())
    heading = PLACE.get(match[2].strip().lower()) if match else None
    if heading is None:
        return None, False, ""
    marked = bool(match[1] or match[3] or match[4].strip()) or match[2].strip() != heading
    return heading, marked, (match[5] or "").strip()


def worth(heading, said, wanted, known):
    """What one line is worth against the line of the reference, from 0 to 1."""
    if not said:
        return 0.0
    if UNKNOWN in (said.lower(), wanted.lower()):
        return float(said.lower() == wanted.lower())
    if heading == "Caller" and identity(said) != identity(wanted):
        return 0.0
    score = f1(words(said), words(wanted))
    return score if set(NUMBER.findall(said)) <= known else score * INVENTED


def identity(line):
    """The state of the identity check that a Caller line names, or nothing."""
    match = IDENTITY.search(line.lower())
    return match[1] if match else ""


def words(line):
    """The words and numbers of a line, without the small ones; 14:00 and 29.50 are one word each."""
    found = re.findall(r"\d+(?:[.:]\d+)*|[^\W\d_]+", line.lower())
    return Counter(word for word in found if word not in SMALL)


def f1(said, wanted):
    """The harmonic mean of precision and recall over words, each counted as often as it occurs."""
    if said == wanted:
        return 1.0
    shared = sum((said & wanted).values())
    return 2 * shared / (sum(said.values()) + sum(wanted.values())) if shared else 0.0
