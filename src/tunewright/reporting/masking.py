"""Masking of personal data in texts that are shown: e-mail addresses, IBANs, card numbers, phone numbers.

It is a courtesy for shown texts and no anonymisation: names and addresses stay. Order numbers, serial numbers, dates,
times and amounts must survive, which the recognisers of ``audit.privacy`` see to. The report calls it; stored texts are
not changed.
"""

from __future__ import annotations

from tunewright.audit.privacy import cards_iban, email_url, phone
from tunewright.audit.privacy.hits import REPORTED, without_overlaps

EMAIL, IBAN, CARD, PHONE = "[e-mail]", "[IBAN]", "[card]", "[phone]"
SHOWN_AS = {"email": EMAIL, "iban": IBAN, "card": CARD, "phone": PHONE}
_RECOGNISERS = (email_url.find, cards_iban.find, phone.find)


def mask(text: str) -> str:
    """The text with personal numbers and addresses replaced by what they were, such as ``[phone]``.

    Masking again changes nothing: it runs until nothing is found, and a replacement holds nothing to mask.
    """
    while True:
        masked = _once(text)
        if masked == text:
            return text
        text = masked


def _once(text: str) -> str:
    hits = (hit for find in _RECOGNISERS for hit in find(text) if hit.kind in SHOWN_AS and hit.confidence >= REPORTED)
    parts, done = [], 0
    for hit in without_overlaps(hits):
        parts += [text[done : hit.start], SHOWN_AS[hit.kind]]
        done = hit.end
    return "".join([*parts, text[done:]])
