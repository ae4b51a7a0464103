"""What an answer in the house voice is worth: the facts it kept, times the style rules that it obeys.

``voice(answer, target, case)`` is the grader of ``tunewright.yaml``. Facts and rules are those of ``style-guide.md``;
the right greeting, sign-off, steps and length are read from the target, the draft is ``case["input"]``.
"""

import re

MAX_SENTENCE_WORDS = 24
MAX_COPIED_WORDS = 12  # an address or the name of a part is no copying
BROKEN_RULES_AT_ZERO = 6  # about half of the rules are obeyed by any decent text
LITTLE_SHARE = 0.15  # of the words; in English prose it is about 0.4
LENGTH_RANGE = (0.6, 1.5)  # words of the answer over words of the target

# fmt: off
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]
NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fourteen": 14, "fifteen": 15, "eighteen": 18, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90,
}
# Capitals that name nothing: courtesies and job titles of drafts, and I'm, I'll.
NO_NAMES = {
    "Dear", "Hello", "Hi", "Kind", "Best", "Regards", "Customer", "Care", "Team", "Support", "Service", "Desk",
    "Sir", "Madam", "Yours", "Safe", "Please", "Thank", "Thanks", "Automatic", "Department", "I'm", "I'll", "I've",
    "I'd", "No", "Yes", "Manager", "Sincerely", "Warm", "Many", "The",
}
# A text has little words in it; a list of facts has none.
LITTLE_WORDS = {
    "a", "an", "and", "are", "as", "at", "be", "before", "but", "by", "for", "from", "has", "have", "if", "in",
    "is", "it", "it's", "its", "no", "not", "of", "on", "or", "our", "so", "that", "the", "then", "there", "these",
    "this", "to", "was", "we", "what", "when", "which", "will", "with", "you", "your",
}
# fmt: on

# Words that we never use; each is a pattern for whole words.
BANNED = (
    r"products?|units?|items?|devices?|repair\w*|replac\w+|exchang\w+|warrant\w+|refund\w*|reimburs\w+|ship|ships|shipp\w+",
    r"shipments?|dispatch\w*|despatch\w*|packages?|consignments?|purchas\w+|requir\w+|utili[sz]\w+|request\w*",
    r"[ei]nquir\w+|inform|informs|informed|informing|notif\w+|advis\w+|assist\w*|facilit\w+|provid\w+|obtain\w*|regarding",
    r"concerning|currently|at this time|prior to|in the event|should you|additional\w*|approximately|sufficient\w*",
    r"warehouses?|service cent(?:re|er)s?|departments?|unfortunately|regret\w*|apolog\w+|inconvenien\w+|kindly|valued",
    r"delighted|pleased to|happy to|do not hesitate|don't hesitate|feel free|rest assured|reach out|ensur\w+",
    r"process(?:ed|es|ing)?|in order to|via|as per|customers?",
)
NEVER = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)
PREAMBLE = re.compile(
    r"(?:thank|thanks|many thanks|we are writing|i am writing|we hope|i hope|we have (?:received|looked)|this is to"
    r"|please be|further to|in response|following your|with (?:regard|reference)|as (?:per|requested)"
    r"|(?:we|i) understand)\b",
    re.IGNORECASE,
)
LONG_FORM = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were|has|have|will|would|should|could|can) ?not|(?:we|you|it|I|they) will|I am"
    r"|we are|you are|it is|they are)\b",
    re.IGNORECASE,
)
NOT_HOUSE_FORM = re.compile(
    rf"\b(?:{'|'.join(NUMBERS)})\b|\d ?[ap]\.?m\b|\b\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}\b|\b\d{{4}}-\d\d-\d\d\b"
    rf"|\b(?:GBP|EUR)\b|\b\d+(?:st|nd|rd|th)\b|\b(?:{'|'.join(MONTHS)}) \d{{1,2}}\b(?!:)|https?://|\b(?:pounds|euros?)\b",
    re.IGNORECASE,
)
LOUD = re.compile("[!;\u2026\u2022\U0001f300-\U0001faff\u2600-\u27bf]|\\.\\.\\.")
LINK = re.compile(r"\b(?:[\w.+-]+@)?[\w-]*\.?example\.(?:com|org|net)(?:/[\w/#.-]*\w)?")
QUOTE = re.compile(r'"[^"\n]{8,}"')
GAP = re.compile(r"\[[^\]\n]+\]")
SORRY = re.compile(r"\bsorry\b|\bapolog", re.IGNORECASE)
NEGATION = re.compile(r"\b(?:no|not|never|neither|none|cannot)\b|n't\b", re.IGNORECASE)
STEP = re.compile(r"^\d+\. ", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])[£€]?(?:[A-Z]+-)?[A-Z]*\d[A-Z\d]*(?:[.:]\d+)*%?")
NAME = re.compile(r"(?<![.?!:]\s)(?<=[\w,;'\")/&-] )[A-Z][\w'-]+")


def canonical(text: str) -> str:
    """The text with dates, times, counts, money and links in the house's form, so that facts can be compared."""
    text = text.replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"').replace("https://", "")
    month = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in MONTHS)
    text = re.sub(r"\b(\d{4})-(\d\d)-(\d\d)\b", lambda m: _date(m[3], m[2], m[1]), text)
    text = re.sub(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b", lambda m: _date(m[1], m[2], m[3]), text)
    text = re.sub(r"\b(\d{1,2})/(\d{1,2})\b", lambda m: _date(m[1], m[2], ""), text)
    text = re.sub(rf"\b({month})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)", lambda m: f"{m[2]} {_month(m[1])}", text)
    text = re.sub(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({month})\b", lambda m: f"{m[1]} {_month(m[2])}", text)
    text = re.sub(rf"\b({' |'.join(MONTHS)} ?),? (\d{{4}})\b", r"\1 \2", text)
    text = re.sub(r"\b(\d{1,2})(?:[:.](\d\d))? ?([ap])\.?m\b", lambda m: _clock(m[1], m[2], m[3]), text, flags=re.I)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"\bGBP ?(\d)|\b(\d[\d.]*) (?:GBP|pounds)\b", lambda m: f"£{m[1] or m[2]}", text)
    text = re.sub(r"\bEUR ?(\d)|\b(\d[\d.]*) (?:EUR|euros?)\b", lambda m: f"€{m[1] or m[2]}", text)
    text = re.sub(r"(?<!\.)\b(\d+)\.00\b", r"\1", text)
    return re.sub(rf"\b({'|'.join(NUMBERS)})\b", lambda m: str(NUMBERS[m[1].lower()]), text, flags=re.I)


def _date(day: str, month: str, year: str) -> str:
    return f"{int(day)} {MONTHS[int(month) - 1]} {year}".strip() if 1 <= int(month) <= 12 else f"{day}/{month}"


def _month(word: str) -> str:
    return next(name for name in MONTHS if name.startswith(word[:3]))


def _clock(hour: str, minute: str | None, half: str) -> str:
    return f"{int(hour) % 12 + (12 if half in 'pP' else 0)}:{minute or '00'}"


def facts(text: str) -> set[str]:
    """Links, wording in quotation marks, gaps, numbers with their month, and names, each in the house's form."""
    text = canonical(STEP.sub("", text))
    found = set(QUOTE.findall(text)) | set(GAP.findall(text))
    text = GAP.sub(" ", QUOTE.sub(" ", text))
    found |= set(LINK.findall(text))
    text = LINK.sub(" ", text)
    dates = re.findall(rf"\b\d{{1,2}} (?:{'|'.join(MONTHS)})\b", text)
    text = re.sub(rf"\b\d{{1,2}} (?={'|'.join(MONTHS)})", " ", text)
    names = {re.sub(r"'s$|'$", "", name) for name in NAME.findall(text)}
    return found | set(dates) | set(NUMBER.findall(text)) | (names - NO_NAMES)


def has(text: str, fact: str) -> bool:
    """Whether a fact stands in a text that is in the house's form."""
    return re.search(rf"(?<![\w£€]){re.escape(fact)}(?!\w)", text) is not None


def kept_facts(answer: str, target: str, draft: str) -> tuple[float, list[str]]:
    """Facts kept over facts kept, lost and invented; and what was lost or invented, in words."""
    needed, shown = facts(target), canonical(answer)
    lost = sorted(fact for fact in needed if not has(shown, fact))
    known = canonical(f"{draft}\n{target}")
    invented = sorted(fact for fact in facts(answer) - needed if not has(known, fact))
    faults = [f"lost {fact}" for fact in lost] + [f"invented {fact}" for fact in invented]
    everything = len(needed) + len(invented)
    return ((len(needed) - len(lost)) / everything if everything else 1.0), faults


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def _body(text: str) -> str:
    """What stands between greeting and sign-off; a quotation, a gap and a link count as one word each."""
    lines = _lines(text)
    start = 1 if lines and re.match(r"(?:hello|hi|dear)\b.{0,60},?$", lines[0], re.IGNORECASE) else 0
    end = len(lines) - 2 if len(lines) > 2 and lines[-2] in ("Safe roads,", "Yours,") else len(lines)
    return LINK.sub("LINK", GAP.sub("GAP", QUOTE.sub("QUOTE", "\n".join(lines[start:end]).replace("\u2019", "'"))))


def _sentences(body: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.?!:])\s+|\n", STEP.sub("", body)) if part.strip()]


def _longest_copy(answer: str, draft: str) -> int:
    """Words of the longest run that stands in both texts."""
    words, source = re.findall(r"[\w'£€]+", answer.lower()), re.findall(r"[\w'£€]+", draft.lower())
    longest, before = 0, [0] * (len(source) + 1)
    for word in words:
        row = [0] * (len(source) + 1)
        for i, other in enumerate(source, 1):
            row[i] = before[i - 1] + 1 if word == other else 0
        longest, before = max(longest, *row), row
    return longest


def is_text(answer: str) -> bool:
    """Whether the body reads as sentences: enough of its words are the little ones."""
    words = re.findall(r"[A-Za-z']+", _body(answer).lower())
    return sum(word in LITTLE_WORDS for word in words) >= LITTLE_SHARE * max(1, len(words))


def style(answer: str, target: str, draft: str) -> dict[str, bool]:
    """Which of the rules that a script can see are obeyed."""
    body, lines, wanted = _body(answer), _lines(answer), _lines(target)
    sentences = _sentences(body)
    first = sentences[0] if sentences else ""
    wanted_first = wanted[1] if len(wanted) > 1 else ""
    serious = wanted[-2:-1] == ["Yours,"]
    ratio = len(answer.split()) / max(1, len(target.split()))
    prose = re.sub("QUOTE|GAP|LINK", " ", body)
    return {
        "greeting": lines[:1] == wanted[:1],
        "sign_off": lines[-2:] == wanted[-2:],
        "answer_first": bool(first) and PREAMBLE.match(first) is None,
        "plain_no": not wanted_first.startswith("No,") or NEGATION.search(first) is not None,
        "our_words": bool(prose.strip()) and NEVER.search(prose) is None,
        "short_sentences": all(len(part.split()) <= MAX_SENTENCE_WORDS for part in sentences),
        "quiet_marks": LOUD.search(prose) is None,
        "as_people_talk": serious or LONG_FORM.search(prose) is None,
        "figures": NOT_HOUSE_FORM.search(prose) is None and "http" not in answer,
        "steps": len(STEP.findall(answer)) == len(STEP.findall(target)),
        "sorry_once": len(SORRY.findall(prose)) <= len(SORRY.findall(target)),
        "own_words": _longest_copy(prose, draft) <= MAX_COPIED_WORDS,
        "length": LENGTH_RANGE[0] <= ratio <= LENGTH_RANGE[1],
    }


def voice(answer: str, target: str, case: dict[str, str]) -> dict[str, object]:
    """Share of facts kept times style, with both parts and what went wrong.

    Style falls by a sixth for a broken rule. Worth nothing: wording in quotation marks that was changed, a no that
    became a yes, a list of facts that is no text.
    """
    kept, faults = kept_facts(answer, target, case["input"])
    turned = "\n\nNo, " in target and _body(answer).lower().startswith("yes")
    if turned or not is_text(answer) or any(fault.startswith('lost "') for fault in faults):
        kept = 0.0
    rules = style(answer, target, case["input"])
    broken = [f"rule {name}" for name, ok in rules.items() if not ok]
    obeyed = max(0.0, 1 - len(broken) / BROKEN_RULES_AT_ZERO)
    parts = {"facts": kept, "style": obeyed, **{name: float(ok) for name, ok in rules.items()}}
    return {"score": round(kept * obeyed, 4), "detail": ", ".join([*faults, *broken])[:400], "parts": parts}
