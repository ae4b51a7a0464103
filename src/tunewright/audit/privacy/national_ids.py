"""National numbers. A weak check (one digit) counts only beside a word for the number; a strong shape counts alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tunewright.audit.privacy import check_digits
from tunewright.audit.privacy.hits import Hit, cue_before


def _always(_characters: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class NationalId:
    """One kind: its shape, its check over the bare characters, the words that announce it, and how sure it is without
    and with such a word.
    """

    kind: str
    shape: re.Pattern[str]
    cue: re.Pattern[str]
    alone: float
    with_cue: float
    check: Callable[[str], bool] = _always


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w+])(?<!\d[.,/-])(?a:{pattern})(?!\w)(?![.,/-]\d)", re.IGNORECASE)


def _cue(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


def _ssn(digits: str) -> bool:
    """Areas 000, 666 and 900-999, group 00 and serial 0000 are never issued (Social Security Administration)."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def _swedish(digits: str) -> bool:
    tail = digits.replace("+", "")[-10:]
    return check_digits.luhn(tail) and 1 <= int(tail[2:4]) <= 12 and 1 <= int(tail[4:6]) % 60 <= 31


def _nino(characters: str) -> bool:
    return characters[:2].upper() not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


_LICENCE = (
    r"driv(?:er|ing)(?:'?s|’s)?[ -]?licen[cs]e(?:[ ](?:number|no|nr|#))?(?:[ ]is)?|driver'?s? lic\.?|führerschein\w*"
)

IDS = (
    NationalId("us_ssn", _shape(r"\d{3}-\d{2}-\d{4}"), _cue(r"ssn|social security[\w ]*|ss#"), 0.85, 0.98, _ssn),
    NationalId("us_ssn", _shape(r"\d{3} \d{2} \d{4}|\d{9}"), _cue(r"ssn|social security[\w ]*|ss#"), 0.2, 0.9, _ssn),
    NationalId(
        "us_itin",
        _shape(r"9\d{2}[- ]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]?\d{4}"),
        _cue(r"itin|taxpayer[\w ]*|tax id[\w ]*"),
        0.3,
        0.9,
    ),
    NationalId("us_driver_licence", _shape(r"[a-z]{0,2}\d[\d-]{4,16}[a-z]?"), _cue(_LICENCE), 0.0, 0.85),
    NationalId(
        "passport",
        _shape(r"(?=[a-z0-9]{0,8}\d{4})[a-z0-9]{7,9}"),
        _cue(r"passport|reisepass\w*|passeport|pasaporte"),
        0.0,
        0.7,
    ),
    NationalId("uk_nhs", _shape(r"\d{3}[ -]?\d{3}[ -]?\d{4}"), _cue(r"nhs[\w ]*"), 0.2, 0.95, check_digits.nhs),
    NationalId(
        "uk_nino",
        _shape(r"[a-ceghj-prs-tw-z][a-ceghj-nprs-tw-z] ?\d{2} ?\d{2} ?\d{2} ?[a-d]"),
        _cue(r"nino|ni number|national insurance[\w ]*"),
        0.75,
        0.97,
        _nino,
    ),
    NationalId(
        "ca_sin",
        _shape(r"[1-79]\d{2}[ -]?\d{3}[ -]?\d{3}"),
        _cue(r"sin|social insurance[\w ]*"),
        0.2,
        0.95,
        check_digits.luhn,
    ),
    NationalId("au_tfn", _shape(r"\d{3} ?\d{3} ?\d{3}"), _cue(r"tfn|tax file[\w ]*"), 0.2, 0.95, check_digits.tfn),
    NationalId(
        "de_tax_id",
        _shape(r"\d{2} ?\d{3} ?\d{3} ?\d{3}"),
        _cue(r"steuer\w*[\w -]*|idnr|tin|tax id[\w ]*"),
        0.3,
        0.95,
        check_digits.german_tax_id,
    ),
    NationalId(
        "fr_nir",
        _shape(r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[ab]) ?\d{3} ?\d{3} ?\d{2}"),
        _cue(r"nir|insee|s[ée]curit[ée] sociale"),
        0.85,
        0.98,
        check_digits.french_nir,
    ),
    NationalId(
        "es_dni",
        _shape(r"(?:\d{8}|[xyz]-?\d{7})-?[a-hj-np-tv-z]"),
        _cue(r"dni|nie|nif"),
        0.8,
        0.97,
        check_digits.spanish_dni,
    ),
    NationalId(
        "it_fiscal_code",
        _shape(r"[a-z]{6}\d{2}[a-ehlmprst]\d{2}[a-z]\d{3}[a-z]"),
        _cue(r"codice fiscale|c\.?f\.?"),
        0.95,
        0.99,
        check_digits.italian_fiscal_code,
    ),
    NationalId(
        "nl_bsn",
        _shape(r"\d{9}|\d{4}\.\d{2}\.\d{3}"),
        _cue(r"bsn|burgerservicenummer|sofi\w*"),
        0.2,
        0.95,
        check_digits.bsn,
    ),
    NationalId("pl_pesel", _shape(r"\d{11}"), _cue(r"pesel"), 0.3, 0.97, check_digits.pesel),
    NationalId(
        "se_personnummer",
        _shape(r"(?:19|20)?\d{6}[-+]\d{4}"),
        _cue(r"personnummer|personal (?:identity )?number"),
        0.8,
        0.97,
        _swedish,
    ),
    NationalId(
        "fi_hetu",
        _shape(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+a-fu-y]\d{3}[0-9a-fhj-npr-y]"),
        _cue(r"hetu|henkilötunnus"),
        0.9,
        0.98,
        check_digits.finnish_hetu,
    ),
    NationalId("br_cpf", _shape(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), _cue("cpf"), 0.95, 0.99, check_digits.cpf),
    NationalId("br_cpf", _shape(r"\d{11}"), _cue("cpf"), 0.3, 0.95, check_digits.cpf),
    NationalId(
        "in_aadhaar",
        _shape(r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}"),
        _cue(r"aadhaar|aadhar|uidai|uid"),
        0.3,
        0.97,
        check_digits.verhoeff,
    ),
    NationalId(
        "in_pan", _shape(r"[a-z]{3}[abcfghljpt][a-z]\d{4}[a-z]"), _cue(r"pan|permanent account[\w ]*"), 0.4, 0.9
    ),
)
_GAPS = str.maketrans("", "", " -.")
_KEPT_SIGNS = frozenset({"fi_hetu"})
# Cheap tests before the others: six digits close together, and four after letters or in a row.
_SIX_DIGITS = re.compile(r"\d(?:[ .-]?[A-Za-z]{0,2}[ .-]?\d){5}")
_FOUR_DIGITS = re.compile(r"\d{4}|\d[\d-]{4}")
_FEW_DIGITS = frozenset({"in_pan", "us_driver_licence", "passport"})


def bare(kind: str, text: str) -> str:
    """The characters that the check of this kind reads: no gaps, save the sign of the century of a Finnish number."""
    return text if kind in _KEPT_SIGNS else text.translate(_GAPS)


def find(text: str) -> Iterator[Hit]:
    """National numbers whose check digits hold; confidence is low without a cue where the check is weak."""
    many = _SIX_DIGITS.search(text) is not None
    if not many and not _FOUR_DIGITS.search(text):
        return
    for known in IDS:
        if not many and known.kind not in _FEW_DIGITS:
            continue
        if known.alone == 0.0 and not known.cue.search(text):
            continue
        for match in known.shape.finditer(text):
            if not known.check(bare(known.kind, match[0])):
                continue
            confidence = known.with_cue if cue_before(text, match.start(), known.cue, 30) else known.alone
            if confidence:
                yield Hit(match.start(), match.end(), known.kind, confidence)


def passes(kind: str, text: str) -> bool:
    """Whether a text has the shape and the check digits of this kind."""
    return any(k.kind == kind and k.shape.fullmatch(text) and k.check(bare(kind, text)) for k in IDS)
