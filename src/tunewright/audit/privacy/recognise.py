"""All recognisers of personal data together, over one text or many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from tunewright.audit.privacy import (
    addresses,
    cards_iban,
    dates_of_birth,
    email_url,
    names,
    national_ids,
    network,
    phone,
)
from tunewright.audit.privacy.hits import REPORTED, Hit, without_overlaps

Recogniser = Callable[[str], Iterator[Hit]]
RECOGNISERS: tuple[Recogniser, ...] = (
    email_url.find,
    phone.find,
    cards_iban.find,
    national_ids.find,
    network.find,
    dates_of_birth.find,
    addresses.find,
    names.find,
)
# A web address is not personal by itself; it is recognised so that nothing inside it counts as something else.
NOT_PERSONAL = frozenset({"url"})
# The same system prompt stands before thousands of rows: what was seen in a text is remembered.
_REMEMBERED = 4096


@lru_cache(maxsize=_REMEMBERED)
def find_all(text: str) -> tuple[Hit, ...]:
    """Hits of every kind and any confidence, by place, none overlapping another."""
    if len(text) < 3:
        return ()
    return tuple(without_overlaps(hit for find in RECOGNISERS for hit in find(text)))


def find_personal(text: str, confidence: float = REPORTED) -> tuple[Hit, ...]:
    """Hits of personal kinds with at least this confidence, by place."""
    return tuple(hit for hit in find_all(text) if hit.confidence >= confidence and hit.kind not in NOT_PERSONAL)
