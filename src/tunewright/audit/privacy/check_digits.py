"""Check digits of cards, accounts and national numbers. Each function says whether a bare string of characters passes.

Callers make sure of length and alphabet; separators are gone already.
"""

from __future__ import annotations

_VERHOEFF_D = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_P = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_CODICE_ODD = dict(
    zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10,
        22, 25, 24, 23,
    ), strict=True)
)  # fmt: skip
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: cards, Canadian SIN, Swedish personal numbers."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def mod97(account: str) -> bool:
    """ISO 13616: the rotated number of an IBAN, letters as 10 to 35, leaves 1 modulo 97."""
    rotated = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in rotated)) % 97 == 1


def weighted(digits: str, weights: tuple[int, ...], modulus: int) -> int:
    """The sum of digits times weights, modulo ``modulus``; further digits do not count."""
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % modulus


def nhs(digits: str) -> bool:
    """NHS number (England): weights 10 to 2, modulo 11; a check of 10 is not used."""
    check = (11 - weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2), 11)) % 11
    return check != 10 and check == int(digits[9])


def tfn(digits: str) -> bool:
    """Australian tax file number of nine digits: weights 1 4 3 7 5 8 6 9 10, modulo 11."""
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10), 11) == 0


def bsn(digits: str) -> bool:
    """Dutch citizen number, the "eleven test": weights 9 to 2 and -1."""
    return weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11) == 0 and int(digits) > 0


def pesel(digits: str) -> bool:
    """Polish PESEL: weights 1 3 7 9, and a month and day that exist (centuries are added to the month by 20)."""
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10) == 0 and 1 <= month <= 12 and 1 <= day <= 31


def cpf(digits: str) -> bool:
    """Brazilian CPF: two check digits modulo 11; eleven equal digits are not issued."""
    first = weighted(digits, tuple(range(10, 1, -1)), 11)
    second = weighted(digits, tuple(range(11, 1, -1)), 11)
    wanted = tuple(0 if left < 2 else 11 - left for left in (first, second))
    return wanted == (int(digits[9]), int(digits[10])) and len(set(digits)) > 1


def verhoeff(digits: str) -> bool:
    """Verhoeff's dihedral check: Indian Aadhaar numbers."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF_D[check][int(_VERHOEFF_P[place % 8][int(digit)])])
    return check == 0


def german_tax_id(digits: str) -> bool:
    """German tax identification number: ISO 7064 mod 11,10; one of the first ten digits stands two or three times."""
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    often = sorted((digits[:10].count(d) for d in set(digits[:10])), reverse=True)
    return (11 - product) % 10 == int(digits[10]) and digits[0] != "0" and often[0] in (2, 3) and often[1:2] <= [1]


def french_nir(characters: str) -> bool:
    """French NIR of 15 characters: the last two are 97 less the first thirteen modulo 97; Corsica writes 2A and 2B."""
    number = characters[:13].upper().replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(characters[13:])


def spanish_dni(characters: str) -> bool:
    """Spanish DNI and NIE: the letter is the number modulo 23; X, Y, Z at the front of a NIE stand for 0, 1, 2."""
    number = characters[:-1].upper().translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(number) % 23] == characters[-1].upper()


def italian_fiscal_code(characters: str) -> bool:
    """Italian codice fiscale: odd and even places have tables of their own, modulo 26."""
    code = characters.upper()
    total = sum(
        _CODICE_ODD[c] if place % 2 == 0 else (int(c) if c.isdigit() else ord(c) - ord("A"))
        for place, c in enumerate(code[:15])
    )
    return chr(ord("A") + total % 26) == code[15]


def finnish_hetu(characters: str) -> bool:
    """Finnish personal identity code: the nine digits modulo 31 choose the last character."""
    return _HETU_LETTERS[int(characters[:6] + characters[7:10]) % 31] == characters[10].upper()
