"""What the privacy checks share about rows: which side of training a field is on, and how kinds are told in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from tunewright.audit.fields import texts
from tunewright.audit.privacy.hits import PLURALS, TITLES, Hit, word_set
from tunewright.audit.privacy.recognise import find_personal
from tunewright.records.example import Example

Side = Literal["target", "input"]
# Harm by itself: money, and numbers that the state gives to one person.
SENSITIVE = word_set(
    "card iban url_login crypto_address us_ssn us_itin us_driver_licence passport uk_nhs uk_nino ca_sin au_tfn "
    "de_tax_id "
    "fr_nir es_dni it_fiscal_code nl_bsn pl_pesel se_personnummer fi_hetu br_cpf in_aadhaar in_pan date_of_birth"
)
# Points to a person only together with something else.
WEAK = frozenset({"ip", "mac", "handle", "postal_code", "record_id", "place", "organisation"})
_PLACE = re.compile(r"(messages|rejected)\[(\d+)\]")


def side_of(example: Example, field: str) -> Side:
    """Whether training makes a model say this field: targets, their tool calls, rejected answers, and turns of the
    assistant that have a weight. Everything else is read only.
    """
    match = _PLACE.fullmatch(field)
    if match is None or match[1] == "rejected":
        return "input" if field == "input" else "target"
    message = example.messages[int(match[2])]
    return "target" if message.role == "assistant" and message.weight != 0 else "input"


def hits_of(example: Example, confidence: float) -> Iterator[tuple[str, str, Hit]]:
    """(field, text, hit) of all personal data in a row."""
    for field, text in texts(example):
        for hit in find_personal(text, confidence):
            yield field, text, hit


def in_words(kinds: Iterable[str], titles: dict[str, str] = TITLES) -> str:
    """ "2 e-mail addresses and 1 phone number", most frequent first."""
    counts = sorted(Counter(kinds).items(), key=lambda pair: (-pair[1], pair[0]))
    parts = [f"{count} {_named(kind, titles.get(kind, kind), count)}" for kind, count in counts]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "nothing"


def _named(kind: str, title: str, count: int) -> str:
    if count == 1:
        return title
    head, gap, tail = title.partition(" (")
    return PLURALS.get(kind) or head + ("es" if head.endswith("s") else "s") + gap + tail
