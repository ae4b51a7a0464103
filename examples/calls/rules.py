"""What the desk has today: a script that fills the form from keywords in the notes.

It knows how agents abbreviate, cuts the notes into pieces at full stops, line breaks, arrows and dots, and hands each
piece to the first heading whose words it holds. It copies; it does not understand, so corrections, two callers in one
call and anything said in an unusual way come out wrong.
"""

import re

UNKNOWN = "not stated"
CUT = re.compile(r"\n\s*-?\s*|\s*->\s*|\.{2,}\s*|(?<=[a-z)A-Z])[.!?]\s+|;\s+")
TITLE = r"(?:mr|mrs|ms|miss|dr|rev|professor)\.?"
NAME = re.compile(rf"\b({TITLE}(?: [a-z]\.)?(?: [a-z][\w'-]+){{1,2}})", re.IGNORECASE)
# A name ends where the notes go on.
NOT_A_NAME = re.compile(r"(id|ok|ah|pin|dpa|again|back|and|who|says|is|the|on|in|at|wants|re|farm|passed|acct)", re.I)
SINCE = re.compile(
    r"\b(?:since|for|started)\s+((?:about |abt |last |this |the )?"
    r"(?:\w+day|mon|tues?|weds?|thurs?|fri|sat|sun|yesterday|\d+(?:st|nd|rd|th)?|mid|jan|feb|mar|apr|may|june|july|"
    r"aug|sept?|oct|nov|dec)\b[^,.;!?)\n]{0,25})",
    re.IGNORECASE,
)
CHECKED = re.compile(
    r"\b(id(?:entity)?|pin|dpa|idv|pw|password|security|code)\b[^.,;]{0,25}\b(ok|done|passed|checked|good|confirmed|"
    r"correct|verified)|\bpassed\b|\bverified\b|\bidchk done",
    re.IGNORECASE,
)
FAILED = re.compile(r"\b(wrong x2|failed|dob wrong)\b", re.IGNORECASE)
UNCHECKED = re.compile(r"\b(id not done|no id\b|not on (the )?ac|no authority|no auth\b|no acct)", re.IGNORECASE)
CLOSED = re.compile(r"\b(close|closed|nothing (further|more|else|open)|no further|all done|all good|finish)\b", re.I)
# The first heading whose words a piece holds gets it.
SIGNS = [
    (
        "Next step",
        r"\b(will|i ring|i call|calls? (him|her)|rings? (him|her)|visit|booked|by (mon|tue|wed|thu|fri|sat)\w*"
        r"|tomorrow|tmrw|today|w/in|within|working days|sends?|to ring|to call)\b",
    ),
    ("Agreed", r"\b(agreed|offer\w*|promised?|refund\w*|credit|free|no charge|waived|discount|comp|accepted|told)\b"),
    ("Tried", r"\b(test\w*|reset|rebooted?|restart\w*|swapped|switched|checked|moved|log shows|tried|changed)\b"),
    ("Open questions", r"(\?|\b(not sure|don'?t know|maybe|unclear)\b)"),
    ("Issue", r"\b(no|not|wants?|says|dead|slow|drops?|charged|bill|wifi|internet|line|bb|phone)\b"),
]
LONGEST = 25  # words of a line


def summarise(notes: str) -> str:
    """The form, filled."""
    lines = {"Caller": caller(notes), "Since": since(notes)}
    pieces = [piece.strip(" -.,\t") for piece in CUT.split(re.sub(r"(?m)^\d\d:\d\d ", "", notes))]
    found: dict[str, list[str]] = {}
    for piece in pieces[1:] if len(pieces) > 2 else pieces:
        heading = next((name for name, signs in SIGNS if re.search(signs, piece, re.IGNORECASE)), None)
        if heading and piece:
            found.setdefault(heading, []).append(piece)
    for heading, _ in SIGNS:
        lines[heading] = " ".join("; ".join(found.get(heading, [UNKNOWN])).split()[:LONGEST]).strip(" ;:,.")
    if "Next step" not in found:
        lines["Next step"] = "none, closed in the call" if CLOSED.search(notes) else UNKNOWN
    elif not lines["Next step"].startswith("agent"):
        lines["Next step"] = f"owner not stated: {lines['Next step']}"
    order = ("Caller", "Issue", "Since", "Tried", "Agreed", "Next step", "Open questions")
    return "\n".join(f"{heading}: {lines[heading]}" for heading in order)


def caller(notes: str) -> str:
    """The first name with a title, and whether the notes speak of a check."""
    match = NAME.search(notes)
    name = "name not given"
    if match:
        parts = match[1].split()
        kept = [word for place, word in enumerate(parts) if place < 2 or not NOT_A_NAME.fullmatch(word)]
        name = " ".join(word.title() if word.islower() or word.isupper() else word for word in kept)
    if FAILED.search(notes):
        return f"{name}, role not stated, identity check failed"
    if UNCHECKED.search(notes):
        return f"{name}, role not stated, identity not checked"
    if CHECKED.search(notes):
        return f"{name}, account holder, identity checked"
    return f"{name}, role not stated, identity check not stated"


def since(notes: str) -> str:
    """What stands behind the first "since"."""
    match = SINCE.search(notes)
    return match[1].strip() if match else UNKNOWN
