"""Masking: what must go, what must stay, and that masking twice is masking once."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tunewright.reporting.masking import CARD, EMAIL, IBAN, PHONE, mask

# IBANs: the examples that the national banks give in the IBAN registry (ISO 13616).
# Cards: the networks' published test numbers; each passes Luhn.
GOES = [
    ("Mail me at jane.doe+x@mail.example.co.uk.", f"Mail me at {EMAIL}."),
    ("O'Brien@example.com", EMAIL),
    ("'a@example.com'", f"'{EMAIL}'"),
    ("jürgen@müller.de", EMAIL),
    ("IBAN DE89 3704 0044 0532 0130 00 BITTE", f"IBAN {IBAN} BITTE"),
    ("GB29NWBK60161331926819", IBAN),
    ("gb29 nwbk 6016 1331 9268 19", IBAN),
    ("FR14 2004 1010 0505 0001 3M02 606,", f"{IBAN},"),
    ("NO9386011117947", IBAN),
    ("MT84MALT011000012345MTLCAST001S", IBAN),
    ("card 4111 1111 1111 1111 exp 12/27", f"card {CARD} exp 12/27"),
    ("5500-0000-0000-0004", CARD),
    ("378282246310005", CARD),
    ("3782 822463 10005", CARD),
    ("6011111111111117", CARD),
    ("+49 30 1234567", PHONE),
    ("+49 (0)30 / 123 45 67", PHONE),
    ("+33 1 23 45 67 89", PHONE),
    ("+4915112345678", PHONE),
    ("+1 (555) 123-4567", PHONE),
    ("(555) 123-4567", PHONE),
    ("1-800-555-1234", PHONE),
    ("555.123.4567", PHONE),
    ("030/1234567", PHONE),
    ("(030) 123 45 67", PHONE),
    ("01 23 45 67 89", PHONE),
    ("020 7946 0958", PHONE),
    ("0049 171 2345678", PHONE),
    ("01711234567", PHONE),
    ("tel: 5551234567", f"tel: {PHONE}"),
    ("call me at 5551234567 2 times", f"call me at {PHONE} 2 times"),
    ("Tel.-Nr. 1234567", f"Tel.-Nr. {PHONE}"),
    ("David 030 1234567", f"David {PHONE}"),
    ("My number is 030 1234567", f"My number is {PHONE}"),
    ("+49 30 1234567 07.10.2026 08:30", f"{PHONE} 07.10.2026 08:30"),
    ("+1 555 123 4567 on 2026-10-07", f"{PHONE} on 2026-10-07"),
]

STAYS = [
    "order 4711-0815",
    "Order 302-1234567-1234567",
    "Bestellnummer 0815-4711-22",
    "order no. 0123456789",
    "my order is 0815 4711 22",
    "serial 0123456789",
    "SN 8849-2231-90",
    "SN-4839-2210-7736",
    "S/N: 04-1234-5678-90",
    "4711 0300 1234 5678",
    "ticket #030-1234567",
    "invoice 2026/000123",
    "INV-2026-10-0007",
    "1234567890123",
    "4006381333931",  # an EAN-13 that begins like a card and passes no card length
    "978-3-16-148410-0",
    "tracking 00340434161094042557",
    "2026-10-07",
    "07.10.2026 12:30",
    "10/07/2026 08:30",
    "07.10.2026 - 08.10.2026",
    "2026-10-07T08:30:15+02:00",
    "12:30:45",
    "06/2026 1234",
    "192.168.100.200",
    "1.234.567,89",
    "$12,345,678.90",
    "0.4111111111111111",
    "4111111111111112",  # one digit off: Luhn fails
    "DE89370400440532013001",  # one digit off: mod 97 fails
    "https://example.com/030/1234567",
    "version 10.2.3",
    "a @ b",
    "",
]


@pytest.mark.parametrize(("text", "masked"), GOES)
def test_personal_numbers_and_addresses_go(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", STAYS)
def test_orders_serials_dates_and_amounts_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("position", range(4, 22))
def test_every_single_wrong_digit_of_an_iban_is_noticed(position: int) -> None:
    right = "DE89370400440532013000"
    wrong = right[:position] + str((int(right[position]) + 1) % 10) + right[position + 1 :]
    assert mask(right) == IBAN
    assert mask(wrong) == wrong


NUMBERS = ["+49 ", "0171", "030", "00", "4111 1111 1111 1111", "DE89370400440532013000", "2026-10-07", "555-123-4567"]
WORDS = ["tel ", "phone", "order ", " ", "-", "/", "(", ")", ".", "#", "[phone]", "[card]", "@", "a@b.co"]
PIECES = st.sampled_from([*NUMBERS, *WORDS])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES | st.text(alphabet=string.digits + " -+.()@ab", max_size=6), max_size=14).map("".join))
@example("tel 030 1234567 5551234567")
@example("12-302-123-4567-302-123-4567")
def test_masking_again_changes_nothing(text: str) -> None:
    masked = mask(text)
    assert mask(masked) == masked


@given(st.text())
def test_any_text_is_accepted_and_settles(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize("piece", ["0", "01 ", "a.", "a@", "'a", "+1 ", "DE89 ", "tel 1 2 ", "(0", "12-", "+1(0"])
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    """A rule with quadratic cost would need minutes for 60,000 characters."""
    text = piece * (60_000 // len(piece))
    start = time.perf_counter()
    mask(text)
    assert time.perf_counter() - start < 5
