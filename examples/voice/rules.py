"""What the desk used before: search and replace, from the list of words in ``style-guide.md``.

It puts the house's word for the one we never use, opens with *Hello*, turns dates and money into the house's form and
signs *Safe roads,*. It cannot build a new sentence, put the answer first, number steps or tell bad news from good.
"""

import re

# fmt: off
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]
# fmt: on

# Read from top to bottom; a phrase comes before the words that it is made of.
WORDS: list[tuple[str, str]] = [
    (r"(?:please )?(?:do not|don't) hesitate to contact us[^.!]*[.!]", ""),
    (r"(?:many )?thank you (?:very much )?for [^.!,]*[.!,] ?", ""),
    (r"once again we apologise[^.]*\.", ""),
    (r"we apologise for (?:any|the) inconvenience[^.]*\.", "Sorry."),
    (r"we (?:are pleased|regret) to inform you that ", ""),
    (r"please (?:be advised|note) that ", ""),
    (r"we can confirm that ", ""),
    (r"in order to", "to"),
    (r"in the event that", "if"),
    (r"with regard to|regarding|concerning", "about"),
    (r"at this time|currently|at present", "now"),
    (r"prior to", "before"),
    (r"approximately", "about"),
    (r"additional", "more"),
    (r"sufficient", "enough"),
    (r"unfortunately,? |regrettably,? |kindly ", ""),
    (r"warranty", "guarantee"),
    (r"refunded", "paid back"),
    (r"refund", "money back"),
    (r"dispatched|shipped", "sent"),
    (r"shipment|consignment|package", "parcel"),
    (r"ship", "post"),
    (r"replacement", "new one"),
    (r"replaced|exchanged", "swapped"),
    (r"exchange", "swap"),
    (r"repaired", "mended"),
    (r"repair", "mend"),
    (r"purchased", "bought"),
    (r"purchase", "buy"),
    (r"required", "needed"),
    (r"require", "need"),
    (r"requested", "asked for"),
    (r"request", "ask"),
    (r"inform", "tell"),
    (r"assistance", "help"),
    (r"provide", "send"),
    (r"facility|warehouse|department", "workshop"),
    (r"do not", "don't"),
    (r"cannot", "can't"),
    (r"will not", "won't"),
    (r"is not", "isn't"),
    (r"we will", "we'll"),
    (r"you will", "you'll"),
    (r"it is", "it's"),
]
SIGNED = re.compile(
    r"[\s.]*(?:(?:with )?(?:kind|best|warm)? ?(?:regards|wishes)|(?:yours )?sincerely|greetings|cheers)?[,.]?"
    r"\s+([A-Z]\w+)(?:, Customer Care)?\s*$",
    re.IGNORECASE,
)


def rewrite(text: str) -> str:
    """The draft with the words changed, a greeting and a sign-off."""
    body = text.strip().replace("https://", "")
    greeted = re.match(r"(?:dear|hi|hiya|hey|hello) ([^,!.]{1,40})[,!.]+\s*", body, re.IGNORECASE)
    name = f" {greeted[1]}" if greeted and greeted[1].lower() not in ("customer", "sir or madam", "sir") else ""
    body = body[greeted.end() :] if greeted else body
    signed = SIGNED.search(body)
    writer = "Wick & Pannier"
    if signed and signed[1] not in ("Team", "Care"):
        writer, body = signed[1], body[: signed.start()]
    body = re.sub(r"[\s.]*(?:kind|best) (?:regards|wishes),\s+customer care team\s*$", "", body, flags=re.IGNORECASE)
    for pattern, word in WORDS:
        body = re.sub(rf"\b(?:{pattern})(?!\w)", word, body, flags=re.IGNORECASE)
    body = re.sub(r"\b(\d{1,2})[./](\d{1,2})[./](\d{4})\b", _written, body)
    body = re.sub(r"\b(\d{4})-(\d\d)-(\d\d)\b", lambda found: f"{int(found[3])} {_month(found[2])} {found[1]}", body)
    body = re.sub(r"([£€]\d+)\.00\b", r"\1", re.sub(r"\bGBP ", "£", body))
    body = re.sub(r"!+", ".", body).replace(";", ",").strip(" .,")
    body = re.sub(r"(?:^|(?<=[.?] ))[a-z]", lambda found: found[0].upper(), body)
    return f"Hello{name},\n\n{body}.\n\nSafe roads,\n{writer}"


def _written(found: re.Match[str]) -> str:
    return f"{int(found[1])} {_month(found[2])} {found[3]}"


def _month(number: str) -> str:
    return MONTHS[int(number) - 1] if 1 <= int(number) <= 12 else number
