"""Addresses of machines and of crypto-currency wallets."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterator

from tunewright.audit.privacy.hits import Hit, cue_before

_V4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]\w)(?!\w)")
_V6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])")
_MAC = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}(?P<gap>[:-])(?:[0-9A-Fa-f]{2}(?P=gap)){4}[0-9A-Fa-f]{2}(?![\w:-])")
_VERSION = re.compile(r"(?:version|release|build|firmware|v|ver|section|chapter|§|article)\.?[ :]{0,2}$", re.IGNORECASE)
_BASE58 = re.compile(r"(?<!\w)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?!\w)")
_BECH32 = re.compile(r"(?<!\w)bc1[02-9ac-hj-np-z]{11,71}(?!\w)|(?<!\w)BC1[02-9AC-HJ-NP-Z]{11,71}(?!\w)")
_ETHEREUM = re.compile(r"(?<!\w)0x[0-9A-Fa-f]{40}(?!\w)")
# a::b is a name in a program more often than a machine.
_SHORTEST_V6 = 7
_ALPHABET58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ALPHABET32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def find(text: str) -> Iterator[Hit]:
    """IPv4 and IPv6 addresses (surer where they are public), MAC addresses, Bitcoin and Ethereum addresses."""
    if text.count(".") >= 3:
        for match in _V4.finditer(text):
            yield from _ip(text, match)
    if text.count(":") >= 2:
        for match in _V6.finditer(text):
            if len(match[0]) >= _SHORTEST_V6:
                yield from _ip(text, match)
    if text.count(":") >= 5 or text.count("-") >= 5:
        for match in _MAC.finditer(text):
            if match[0].strip("0:-Ff"):
                yield Hit(match.start(), match.end(), "mac", 0.95)
    yield from _wallets(text)


def _ip(text: str, match: re.Match[str]) -> Iterator[Hit]:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return
    plain = address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local
    confidence = 0.3 if plain or cue_before(text, match.start(), _VERSION, 12) else 0.95 if address.is_global else 0.6
    yield Hit(match.start(), match.end(), "ip", confidence)


def _wallets(text: str) -> Iterator[Hit]:
    for match in _BASE58.finditer(text):
        if _base58_check(match[0]):
            yield Hit(match.start(), match.end(), "crypto_address", 0.99)
    if "bc1" in text or "BC1" in text:
        for match in _BECH32.finditer(text):
            if _bech32_check(match[0].lower()):
                yield Hit(match.start(), match.end(), "crypto_address", 0.99)
    if "0x" in text:
        for match in _ETHEREUM.finditer(text):
            yield Hit(match.start(), match.end(), "crypto_address", 0.85)


def _base58_check(address: str) -> bool:
    """Base58Check: the last four bytes are the start of SHA-256 twice over the first 21 (Bitcoin, 2009)."""
    number = 0
    for character in address:
        number = number * 58 + _ALPHABET58.index(character)
    if number >= 1 << 200:
        return False
    raw = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def _bech32_check(address: str) -> bool:
    """BIP 173 (bech32) and BIP 350 (bech32m): the polynomial of prefix and data leaves 1 or 0x2bc830a3."""
    prefix, data = address[:2], address[3:]
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + [_ALPHABET32.index(c) for c in data]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, factor in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= factor if (top >> place) & 1 else 0
    return check in (1, 0x2BC830A3)
