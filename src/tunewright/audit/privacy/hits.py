"""A hit: characters of a text that look like one kind of personal data or secret, and how sure that is.

What the kinds are called on screen stands here too, as do the small tools that the recognisers share.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

# From here on a hit is reported. Below it a shape alone was seen, without a cue word or a check digit.
REPORTED = 0.5


@dataclass(frozen=True, slots=True)
class Hit:
    """Characters ``[start, end)`` of a text; ``confidence`` in [0, 1] is an ordering, not a measured probability."""

    start: int
    end: int
    kind: str
    confidence: float


# kind -> its name on screen. Kinds are stable names.
TITLES = {
    "email": "e-mail address",
    "url": "web address",
    "url_login": "web address with a login in it",
    "handle": "user name (@name)",
    "phone": "phone number",
    "card": "payment card number",
    "iban": "bank account (IBAN)",
    "ip": "IP address",
    "mac": "hardware (MAC) address",
    "crypto_address": "crypto-currency address",
    "us_ssn": "US social security number",
    "us_itin": "US taxpayer number (ITIN)",
    "us_driver_licence": "driver's licence number",
    "passport": "passport number",
    "uk_nhs": "UK NHS number",
    "uk_nino": "UK national insurance number",
    "ca_sin": "Canadian social insurance number",
    "au_tfn": "Australian tax file number",
    "de_tax_id": "German tax number",
    "fr_nir": "French social security number",
    "es_dni": "Spanish identity number",
    "it_fiscal_code": "Italian fiscal code",
    "nl_bsn": "Dutch citizen number",
    "pl_pesel": "Polish PESEL",
    "se_personnummer": "Swedish personal number",
    "fi_hetu": "Finnish personal number",
    "br_cpf": "Brazilian CPF",
    "in_aadhaar": "Indian Aadhaar number",
    "in_pan": "Indian PAN",
    "date_of_birth": "date of birth",
    "postal_address": "postal address",
    "postal_code": "postal code",
    "person": "name of a person",
    "record_id": "order or customer number",
    "place": "place",
    "organisation": "organisation",
}


# Plurals that are not the title with an s.
PLURALS = {
    "person": "names of persons",
    "date_of_birth": "dates of birth",
    "url_login": "web addresses with a login in them",
    "connection_string": "connection strings with a password",
    "random_secret": "random strings announced as keys",
}


def word_list(text: str) -> tuple[str, ...]:
    """The words of a text, in order."""
    return tuple(text.split())


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def cue_before(text: str, start: int, cue: re.Pattern[str], reach: int = 40) -> bool:
    """Whether a cue stands in the ``reach`` characters before ``start``."""
    return cue.search(text, max(0, start - reach), start) is not None


def digits_of(text: str) -> str:
    """The decimal digits 0-9 of a text, in order."""
    return "".join(c for c in text if c.isascii() and c.isdigit())


def without_overlaps(hits: Iterable[Hit]) -> list[Hit]:
    """Hits by place, of which none overlaps another: the surer one stays, then the longer one."""
    starts: list[int] = []
    kept: list[Hit] = []
    for hit in sorted(set(hits), key=lambda h: (-h.confidence, h.start - h.end, h.start, h.kind)):
        at = bisect_left(starts, hit.start)
        if (at and kept[at - 1].end > hit.start) or (at < len(kept) and kept[at].start < hit.end):
            continue
        starts.insert(at, hit.start)
        kept.insert(at, hit)
    return kept
