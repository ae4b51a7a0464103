"""Order and customer numbers, learned from the data: a format that many rows repeat, nearly always with other digits.

``ORD-2024-00017`` and its like have no format that the world knows, but a set of support mails shows its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tunewright.audit.privacy.hits import Hit

# Letters and digits with single separators; at least one digit. What may be a number of another kind is left to others.
_TOKEN = re.compile(
    r"(?<![\w@./-])#?(?=[A-Za-z/_-]{0,12}\d)[A-Za-z0-9]{1,16}(?:[-_/][A-Za-z0-9]{1,16}){0,4}(?![\w@])(?![./-]\w)"
)
_DATE = re.compile(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}|\d{1,2}/\d{2,4}|(?:19|20)\d\d[-/](?:19|20)?\d\d")
_CUE = re.compile(
    r"(?<!\w)(?:order|ticket|customer|client|account|invoice|case|contract|policy|reference|ref|booking"
    r"|reservation|member"
    r"|membership|patient|employee|student|bestell\w*|auftrags\w*|kunden\w*|rechnungs\w*|commande|pedido|id|user[ ]?id)"
    r"(?:[ ]?(?:number|no|nr|id|code|nummer))?\.?[ ]?(?:is|was|ist|:|=|#)?[ ]{0,2}#?$",
    re.IGNORECASE,
)
_FEWEST_DIGITS, _FEWEST_CHARACTERS = 4, 6


@dataclass(frozen=True, slots=True)
class Format:
    """A format that the data repeats: ``shape`` has 9 for a digit, A and a for a letter; ``prefix`` is constant.

    ``rows`` hold it, with ``values`` different values; ``announced`` is the share beside a word such as "order".
    """

    shape: str
    prefix: str
    rows: int
    values: int
    announced: float


def learn(texts: Iterable[str], fewest_rows: int = 5, fewest_distinct: float = 0.6) -> tuple[Format, ...]:
    """Formats of record numbers in these texts, most frequent first.

    A format counts when at least ``fewest_rows`` texts hold it, at least the share ``fewest_distinct`` of its values
    differ, and it has letters with digits or is mostly announced ("order number ...").
    """
    rows: dict[tuple[str, str], int] = defaultdict(int)
    announced: dict[tuple[str, str], int] = defaultdict(int)
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    for text in texts:
        here: dict[tuple[str, str], bool] = {}
        for match in _tokens(text):
            key = _key(match[0])
            here[key] = (
                here.get(key, False) or _CUE.search(text[max(0, match.start() - 30) : match.start()]) is not None
            )
            values[key].add(match[0])
        for key, cue in here.items():
            rows[key] += 1
            announced[key] += cue
    found = [
        Format(
            shape,
            prefix,
            rows[shape, prefix],
            len(values[shape, prefix]),
            announced[shape, prefix] / rows[shape, prefix],
        )
        for shape, prefix in rows
    ]
    kept = [f for f in found if f.rows >= fewest_rows and f.values >= fewest_distinct * f.rows and _is_record(f)]
    return tuple(sorted(kept, key=lambda f: (-f.rows, f.shape, f.prefix)))


def find(text: str, formats: tuple[Format, ...]) -> Iterator[Hit]:
    """Record numbers of the learned formats in a text."""
    known = {(f.shape, f.prefix): f for f in formats}
    for match in _tokens(text) if known else ():
        seen = known.get(_key(match[0]))
        if seen is not None:
            yield Hit(match.start(), match.end(), "record_id", 0.6 + 0.3 * seen.announced)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    for match in _TOKEN.finditer(text):
        digits = sum(c.isdigit() for c in match[0])
        if digits >= _FEWEST_DIGITS and len(match[0]) >= _FEWEST_CHARACTERS and not _DATE.fullmatch(match[0]):
            yield match


def _key(token: str) -> tuple[str, str]:
    prefix = re.match(r"#?[A-Za-z]*[-_/]?", token)
    head = prefix[0] if prefix else ""
    shape = "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.islower() else c for c in token)
    return shape, head


def _is_record(found: Format) -> bool:
    letters = any(c in "Aa" for c in found.shape)
    separated = any(c in "-_/#" for c in found.shape)
    if found.announced >= 0.5:
        return True
    return letters and ((separated and len(found.prefix) > 1) or found.announced >= 0.2)
