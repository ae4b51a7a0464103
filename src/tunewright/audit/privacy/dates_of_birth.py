"""Dates of birth: a date beside a word for birth. A date alone is nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunewright.audit.privacy.hits import Hit

_MONTH = (
    r"(?:jan(?:uar[yi]?|vier)?|feb(?:ruar[yi]?)?|mar(?:ch|s|zo)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli"
    r"|aug(?:ust)?"
    r"|sep(?:t|tember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\.?"
)
DATE = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)|\d{4}[./-]\d{1,2}[./-]\d{1,2}(?!\d)"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[ ](?:of[ ])?{_MONTH},?[ ]\d{{4}}(?!\d)"
    rf"|{_MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?,?[ ]\d{{4}}(?!\d))"
)
_CUE = (
    r"(?:born|birth(?:[ -]?(?:date|day))?|date of birth|d\.?o\.?b\.?|geboren|geb\.|geburts(?:datum|tag)|n[ée]e? le"
    r"|date de naissance|fecha de nacimiento|nacid[oa]|nat[oa] il|data di nascita|data de nascimento|geboortedatum)"
)
_BORN = re.compile(
    rf"(?<!\w){_CUE}(?!\w)[^\n]{{0,25}}?(?:\n[^\n\d]{{0,10}})?(?<![\w./-])(?P<date>{DATE})", re.IGNORECASE
)
_HINTS = ("born", "birth", "dob", "d.o", "gebo", "geb.", "naiss", "né", "ne le", "ee le", "naci", "nat", "nasci")
_STAR = re.compile(rf"(?<!\S)(?:\*|†)[ ]?(?P<date>{DATE})")


def find(text: str) -> Iterator[Hit]:
    """Dates that follow a word for birth within 25 characters, or the genealogist's star."""
    if not any(c.isdigit() for c in text):
        return
    small = text.lower()
    for match in _BORN.finditer(text) if any(hint in small for hint in _HINTS) else ():
        yield Hit(match.start("date"), match.end("date"), "date_of_birth", 0.9)
    for match in _STAR.finditer(text):
        yield Hit(match.start("date"), match.end("date"), "date_of_birth", 0.55)
