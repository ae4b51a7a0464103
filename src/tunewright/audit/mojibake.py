"""Text that was written as UTF-8 and read as Windows-1252, such as 'cafÃ©': finding it and putting it right.

A run of odd characters counts only if its bytes are UTF-8 and give characters that people write: 'naïve' and 'Ü“' stay.
Called by the check of debris.
"""

from __future__ import annotations

import re

# What the bytes 0x80 to 0xFF become under Windows-1252; the five it leaves open pass through as they are.
_BYTES = {bytes([n]).decode("cp1252", "ignore") or chr(n): n for n in range(0x80, 0x100)}
_BYTES.update({chr(n): n for n in range(0x80, 0xA0)})
_RUN = re.compile(f"[{re.escape(''.join(_BYTES))}]{{2,}}")
_LEADS = frozenset(chr(n) for n in range(0xC2, 0xF5))
_CLOSING_QUOTES = "”’»›"
# Latin letters and signs, general punctuation, currencies, arrows, drawings, emoji.
_PLAIN = (
    (0xA0, 0x17F),
    (0x2010, 0x2044),
    (0x20A0, 0x20BF),
    (0x2100, 0x214F),
    (0x2190, 0x27BF),
    (0xFE0F, 0xFE0F),
    (0x1F300, 0x1FAFF),
)
_OTHER_SCRIPTS = (
    (0x370, 0x52F),
    (0x590, 0x6FF),
    (0x900, 0x97F),
    (0xE00, 0xE7F),
    (0x3000, 0x30FF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),
)


def repaired(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text put right, and the characters ``[start, end)`` of it that were wrong; none where nothing is wrong.

    What is put right can be put wrong again: encoded as UTF-8 and read as Windows-1252 it gives the text it was.
    """
    if text.isascii():
        return text, ()
    places: list[tuple[int, int]] = []
    parts: list[str] = []
    done = 0
    for match in _RUN.finditer(text):
        start, end = match.span()
        mended = _decoded(match.group(), text[start - 1 : start])
        if mended is None:
            continue
        parts += [text[done:start], mended]
        places.append((start, end))
        done = end
    return "".join([*parts, text[done:]]), tuple(places)


def _decoded(run: str, before: str) -> str | None:
    if _LEADS.isdisjoint(run):
        return None
    if len(run) == 2 and run[1] in _CLOSING_QUOTES and before.isupper():
        return None  # a word in capitals and a closing quote
    try:
        mended = bytes(_BYTES[character] for character in run).decode("utf-8")
    except UnicodeDecodeError:
        return None
    if all(_within(character, _PLAIN) for character in mended):
        return mended
    others = sum(_within(character, _OTHER_SCRIPTS) for character in mended)
    plain = sum(_within(character, _PLAIN) for character in mended)
    return mended if others >= 2 and others + plain == len(mended) else None


def _within(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= ord(character) <= high for low, high in ranges)
