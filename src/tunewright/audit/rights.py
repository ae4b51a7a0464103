"""What the columns of a row say about whether anybody may learn from it: consent, objection, licence.

A row without such a column is not judged. Called by the check ``consent``, before training, and for data cards.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from tunewright.records.example import Example

LICENCE_FIELDS = frozenset({"licence", "license", "licence_id", "license_id", "rights", "copyright", "spdx"})
CONSENT_FIELDS = frozenset({"consent", "consented", "consent_given", "gdpr_consent", "opt_in", "optin", "may_train"})
OPT_OUT_FIELDS = frozenset({"opt_out", "optout", "opted_out", "do_not_train", "no_train", "noai"})
SOURCE_FIELDS = frozenset({"source", "origin", "provenance", "url"})
REFUSED = frozenset({"no", "n", "false", "f", "0", "withdrawn", "revoked", "denied", "refused", "declined", "opt-out"})
YES = frozenset({"yes", "y", "true", "t", "1", "x"})
# Licences that say in so many words that nobody may learn from the text; a person's own list is added to it.
FORBIDDEN_LICENCES = ("all rights reserved*", "no-ai*", "noai*", "no ai*", "no training*", "do not train*")


def field_name(name: str) -> str:
    """A column name in one spelling: ``Opt-Out `` is ``opt_out``."""
    return "_".join(name.strip().casefold().replace("-", " ").replace("_", " ").split())


def refused_by_consent(examples: Sequence[Example]) -> dict[int, tuple[str, str]]:
    """Rows whose consent says no, with the column and its value."""
    found: dict[int, tuple[str, str]] = {}
    for row, example in enumerate(examples):
        for name, value in example.tags:
            plain, said = field_name(name), _plain(value)
            if (plain in CONSENT_FIELDS and said in REFUSED) or (plain in OPT_OUT_FIELDS and said in YES):
                found.setdefault(row, (name, value))
    return found


def refused_by_licence(examples: Sequence[Example], forbidden: Sequence[str] = ()) -> dict[int, tuple[str, str]]:
    """Rows under a forbidden licence, with the column and its value.

    Args:
        forbidden: patterns such as ``cc-by-nc*`` beside those that are always forbidden; case does not matter.
    """
    patterns = [pattern.casefold() for pattern in (*FORBIDDEN_LICENCES, *forbidden)]
    found: dict[int, tuple[str, str]] = {}
    for row, example in enumerate(examples):
        for name, value in example.tags:
            if field_name(name) in LICENCE_FIELDS and any(fnmatchcase(_plain(value), pattern) for pattern in patterns):
                found.setdefault(row, (name, value))
    return found


def _plain(value: str) -> str:
    return " ".join(value.casefold().split())
