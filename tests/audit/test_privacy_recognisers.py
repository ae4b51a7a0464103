"""Recognisers of personal data: what they find, the look-alikes they leave, and that no text makes them slow."""

from __future__ import annotations

import itertools
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.audit.privacy import check_digits, ids_learned, names, national_ids
from tunewright.audit.privacy.hits import REPORTED, TITLES, Hit, without_overlaps
from tunewright.audit.privacy.recognise import RECOGNISERS, find_all, find_personal


def kinds_in(text: str) -> list[tuple[str, str]]:
    """(kind, value) of everything reported."""
    return [(hit.kind, text[hit.start : hit.end]) for hit in find_all(text) if hit.confidence >= REPORTED]


# National numbers: the examples that the issuing offices and the public descriptions of the check digits print.
# Bitcoin: the address of the first block; BIP 173's first example.
FOUND = [
    ("Write to jane.doe+x@mail.example.co.uk.", "email", "jane.doe+x@mail.example.co.uk"),
    ("jane (at) example (dot) org", "email", "jane (at) example (dot) org"),
    ("see https://example.com/a?b=c).", "url", "https://example.com/a?b=c"),
    ("ftp://anna:tulip@files.example.com/x", "url_login", "ftp://anna:tulip@files.example.com/x"),
    ("ask @anna_berg about it", "handle", "@anna_berg"),
    ("call me at 467 3395 please", "phone", "467 3395"),
    ("call 001-748-088-2851x818", "phone", "001-748-088-2851x818"),
    ("61 51 81 office", "phone", "61 51 81"),
    ("What is the limit for card 4111 1111 1111 1111?", "card", "4111 1111 1111 1111"),
    ("My credit card 501864667909 is lost", "card", "501864667909"),
    ("IBAN GB29 NWBK 6016 1331 9268 19 please", "iban", "GB29 NWBK 6016 1331 9268 19"),
    ("from 86.121.97.248 today", "ip", "86.121.97.248"),
    ("from 6e40:4041:c617:e898:c11:40d2:c669:2eb4", "ip", "6e40:4041:c617:e898:c11:40d2:c669:2eb4"),
    ("mac 3c:22:fb:9a:01:7e up", "mac", "3c:22:fb:9a:01:7e"),
    ("to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa now", "crypto_address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "crypto_address", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("Here's my SSN: 460-89-9847", "us_ssn", "460-89-9847"),
    ("my driver's license number is F162823540116", "us_driver_licence", "F162823540116"),
    ("NHS number 943 476 5919", "uk_nhs", "943 476 5919"),
    ("National Insurance number QQ 12 34 56 C is void, AB 12 34 56 C is not", "uk_nino", "AB 12 34 56 C"),
    ("SIN 130 692 544", "ca_sin", "130 692 544"),
    ("TFN 123 456 782", "au_tfn", "123 456 782"),
    ("Steuer-ID 86095742719", "de_tax_id", "86095742719"),
    ("sécurité sociale 255081416802538", "fr_nir", "255081416802538"),
    ("DNI 12345678Z", "es_dni", "12345678Z"),
    ("codice fiscale RSSMRA85T10A562S", "it_fiscal_code", "RSSMRA85T10A562S"),
    ("BSN 111222333", "nl_bsn", "111222333"),
    ("PESEL 44051401359", "pl_pesel", "44051401359"),
    ("personnummer 811228-9874", "se_personnummer", "811228-9874"),
    ("HETU 131052-308T", "fi_hetu", "131052-308T"),
    ("CPF 111.444.777-35", "br_cpf", "111.444.777-35"),
    ("She was born on 2/8/1935.", "date_of_birth", "2/8/1935"),
    ("date of birth: June 24, 1991", "date_of_birth", "June 24, 1991"),
    ("Send it to 12 Maple Street.", "postal_address", "12 Maple Street."),
    ("Hauptstraße 5, Berlin", "postal_address", "Hauptstraße 5"),
    ("PSC 0413, Box 8144\nAPO AA 42323", "postal_address", "PSC 0413, Box 8144\nAPO AA 42323"),
    ("near SW1A 2AA", "postal_code", "SW1A 2AA"),
    ("My name is Anna van der Berg.", "person", "Anna van der Berg"),
    ("my name is anna berg", "person", "anna berg"),
    ("Dear Ms. Lovelace,", "person", "Lovelace"),
    ("It is late.\n\nKind regards,\nAda Lovelace", "person", "Ada Lovelace"),
    ("Mr. Sylas's cat", "person", "Sylas"),
    ('{"first_name": "Ada"}', "person", "Ada"),
]

LEFT_ALONE = [
    "order 4711-0815",
    "order no. 0123456789",
    "1234567890123",
    "4111111111111112",  # one digit off: Luhn fails
    "DE89370400440532013001",  # one digit off: modulo 97 fails
    "version 10.2.3.4",
    "127.0.0.1",
    "at 12:30:45 on 2026-10-07",
    "from a::b to c",
    "900-12-3456",  # no area of a social security number
    "666-12-3456",
    "It was founded on 2/8/1935.",
    "I need 20 more cars to drive down the street.",
    "a table for 4 at a place near here",
    "the 1978 Supreme Court case",
    "Scoring 3 times",
    "Dear customer, dear all",
    "My name is wrong on the card",
    "Doctor: How are you?\nPatient: Fine, thanks.",
    "Thanks. I'd like a coffee",
    "Her phone charged 742 / 106 = 7 times",
    "1.234.567,89",
    "the password is wrong",
]


@pytest.mark.parametrize(("text", "kind", "value"), FOUND)
def test_personal_data_is_found(text: str, kind: str, value: str) -> None:
    assert (kind, value) in kinds_in(text)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_look_alikes_are_left_alone(text: str) -> None:
    assert kinds_in(text) == []


def test_every_kind_has_a_name_on_screen() -> None:
    assert {kind for _, kind, _ in FOUND} | {known.kind for known in national_ids.IDS} <= set(TITLES)


def test_a_cue_raises_confidence() -> None:
    def confidence(text: str) -> float:
        return max(hit.confidence for hit in find_all(text))

    assert confidence("my SSN is 460-89-9847") > confidence("it is 460-89-9847")
    assert confidence("my card 4111111111111111") > confidence("number 4111111111111111")
    assert confidence("tracking 4111111111111111") < confidence("number 4111111111111111")
    assert confidence("see 8.8.8.8") > confidence("see 10.218.6.131") > confidence("version 8.8.8.8")


def test_an_address_of_the_web_is_seen_but_is_not_personal() -> None:
    assert find_all("see https://example.com/x")
    assert not find_personal("see https://example.com/x")


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (check_digits.luhn, "4539319503436467"),
        (check_digits.nhs, "9434765919"),
        (check_digits.verhoeff, "2363"),  # Verhoeff's own example: 236 and its check digit 3
        (check_digits.bsn, "111222333"),
        (check_digits.pesel, "44051401359"),
        (check_digits.cpf, "11144477735"),
        (check_digits.german_tax_id, "86095742719"),
    ],
)
def test_one_wrong_digit_is_always_noticed(check, right: str) -> None:  # type: ignore[no-untyped-def]
    assert check(right)
    for place in range(len(right)):
        for digit in set(string.digits) - {right[place]}:
            wrong = right[:place] + digit + right[place + 1 :]
            assert not check(wrong) or (check is check_digits.nhs and place == 9)


def test_the_surer_hit_wins_and_none_overlap() -> None:
    hits = [Hit(0, 10, "a", 0.5), Hit(5, 8, "b", 0.9), Hit(8, 12, "c", 0.6), Hit(20, 21, "d", 0.1)]
    assert [hit.kind for hit in without_overlaps(hits)] == ["b", "c", "d"]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=string.digits + " -+.()@:/ab\nK" + "Mr\u212a\u0663ſé", max_size=80))
def test_any_text_is_accepted_and_hits_lie_inside_it(text: str) -> None:
    hits = find_all(text)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)
    assert all(one.end <= other.start for one, other in itertools.pairwise(hits))


PIECES = [
    "0",
    "01 ",
    "a.",
    "a@",
    "'a",
    "+1 ",
    "DE89 ",
    "tel 1 2 ",
    "(0",
    "12-",
    "+1(0",
    "1:",
    "ab:",
    "Mr. A",
    "Dear A ",
    "@a ",
]
MORE = [
    "www.",
    "http://a:",
    "A B C ",
    "Anna:\n",
    "born 1",
    "12 Ab ",
    "rue a ",
    "my name is ",
    "a b c d ",
    "A.",
    "1a-",
    "\n",
]


@pytest.mark.parametrize("piece", [*PIECES, *MORE])
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    """A rule with quadratic cost would need minutes for 40,000 characters."""
    text = piece * (40_000 // len(piece))
    start = time.process_time()
    for find in RECOGNISERS:
        for _ in find(text):
            pass
    assert time.process_time() - start < 4


def test_formats_of_record_numbers_are_learned_from_the_data() -> None:
    texts = [f"My order ORD-2024-{number:05d} is late, cost 12.50" for number in range(100, 120)]
    (learned,) = ids_learned.learn(texts)
    assert (learned.shape, learned.prefix, learned.values) == ("AAA-9999-99999", "ORD-", 20)
    (hit,) = ids_learned.find("Where is ORD-2025-77777?", (learned,))
    assert (hit.kind, hit.end - hit.start) == ("record_id", 14)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: f"it was on 2024-01-{n + 10}",
        lambda n: f"it costs {10_000 + n} euros",
        lambda n: "the model is RTX-4090-2022",  # one value: a product
        lambda n: f"see page {n}",
    ],
)
def test_dates_amounts_and_product_names_are_no_record_numbers(make) -> None:  # type: ignore[no-untyped-def]
    assert ids_learned.learn([make(n) for n in range(20)]) == ()


def test_a_string_of_one_group_only_is_evidence_of_a_name() -> None:
    rows = [
        (f"customer {n}", f"We met Person{'abcdefgh'[n]} at the Fair and paid.") for n in range(8) for _ in range(2)
    ]
    found = names.of_one_group(rows)
    assert found["Personc"] == ("customer 2", [4, 5])
    assert "Fair" not in found
    assert names.of_one_group(rows[:8]) == {}  # four groups are too few to tell


def test_a_word_that_is_written_small_elsewhere_is_no_name() -> None:
    rows = [
        (f"g{n}", "We bought Bread today." if n == 0 else "We bought bread today.") for n in range(6) for _ in range(2)
    ]
    assert names.of_one_group(rows) == {}


def test_headings_of_a_form_are_nobody() -> None:
    form = "Caller: the holder\nIssue: no line\nSince: Monday\nTried: restart\nAgreed: visit\nOpen: none"
    assert [kind for kind, _ in kinds_in(form) if kind == "person"] == []
    talk = "Tamara: are you there?\nBorin: yes\nTamara: good\nOleg: me too\nInes: hello"
    found = {
        value for kind, value in ((hit.kind, talk[hit.start : hit.end]) for hit in find_all(talk)) if kind == "person"
    }
    assert {"Tamara", "Borin", "Oleg", "Ines"} <= found
