"""E-mail addresses, web addresses and user names. Repetitions are bounded: cost grows with the text, no faster."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunewright.audit.privacy.hits import Hit

_EMAIL = re.compile(r"(?<![\w.+%-])[\w+%-][\w.+%'&=~-]{0,120}[@\uff20](?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}")
# jane (at) example (dot) org, with brackets, for "at" and "dot" alone are words.
_SPELLED = re.compile(
    r"(?<![\w.])[\w.+-]{1,64}[ ]?[(\[{][ ]?at[ ]?[)\]}][ ]?[\w-]{1,63}"
    r"(?:[ ]?(?:\.|[(\[{][ ]?dot[ ]?[)\]}])[ ]?[\w-]{2,63}){1,4}",
    re.IGNORECASE,
)
_URL = re.compile(r"(?<!\w)(?:(?:https?|ftp|wss?)://|www\.)[^\s<>\"'`|\\^{}\[\]]{3,2000}", re.IGNORECASE)
_LOGIN = re.compile(r"[a-z]{2,6}://[^\s/@:]{1,100}(?::[^\s/@]{1,100})?@", re.IGNORECASE)
# Bare host names end in one of the most used top-level domains (IANA root zone); others need a scheme or "www.".
_BARE = re.compile(
    r"(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}"
    r"(?:com|org|net|edu|gov|info|biz|io|dev|app|co\.uk|org\.uk|ac\.uk|de|fr|nl|eu|ch|at|es|it|pl|se|dk|br|jp|ru|cn|ca"
    r"|com\.au|co\.nz|co\.za)(?:/[^\s<>\"'`]{0,500})?(?![\w@-])(?!\.\w)",
    re.IGNORECASE,
)
_DOT_INSIDE = re.compile(r"[A-Za-z0-9]\.[A-Za-z]{2}")
_TAIL = ".,;:!?)]}'\"*_"
_HANDLE = re.compile(r"(?<![\w@./\\+=%-])@[A-Za-z_](?:[\w-]|\.(?=\w)){1,49}(?![\w@(])")
# A line that is an annotation of a program and nothing else, such as @property.
_ANNOTATION_LINE = re.compile(r"(?:^|\n)[ \t]*$")


def find(text: str) -> Iterator[Hit]:
    """E-mail addresses, web addresses (``url_login`` where a login stands inside) and @names."""
    if "@" in text or "\uff20" in text:
        for match in _EMAIL.finditer(text):
            yield Hit(match.start(), match.end(), "email", 0.97)
        yield from _handles(text)
    if any(bracket in text for bracket in "([{"):
        for match in _SPELLED.finditer(text):
            yield Hit(match.start(), match.end(), "email", 0.8)
    if "." in text:
        yield from _web(text)


def _web(text: str) -> Iterator[Hit]:
    whole = "://" in text or "www." in text.lower()
    for match in _URL.finditer(text) if whole else ():
        end = match.start() + len(match[0].rstrip(_TAIL))
        login = _LOGIN.match(text, match.start(), end)
        yield Hit(match.start(), end, "url_login" if login else "url", 0.98)
    for match in _BARE.finditer(text) if _DOT_INSIDE.search(text) else ():
        end = match.start() + len(match[0].rstrip(_TAIL))
        yield Hit(match.start(), end, "url", 0.6)


def _handles(text: str) -> Iterator[Hit]:
    for match in _HANDLE.finditer(text):
        line_end = text.find("\n", match.end())
        alone = text[match.end() : line_end if line_end >= 0 else len(text)].strip() == ""
        annotation = alone and len(match[0]) < len(text) and _ANNOTATION_LINE.search(text[: match.start()][-80:])
        yield Hit(match.start(), match.end(), "handle", 0.4 if annotation else 0.75)
