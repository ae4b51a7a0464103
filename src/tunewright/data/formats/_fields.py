"""Which field of a labelling tool's record is the text that was judged: the settings that say it are not in the file.

The others become tags, named after the object they stand in.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.guess import INPUT_NAMES

# A tag that names the text's field, where it is not the usual one.
FIELD = "text_field"
USUAL = "text"


def text_field(fields: Mapping[str, object]) -> str | None:
    """The field of the best known name, else the longest text; None where there is no text."""
    texts = {name: value for name, value in fields.items() if isinstance(value, str) and value.strip()}
    if not texts:
        return None
    known = [name for name in INPUT_NAMES if name in texts]
    return known[0] if known else max(texts, key=lambda name: len(str(texts[name])))


def field_tags(fields: Mapping[str, object], chosen: str, prefix: str) -> list[tuple[str, str]]:
    """Tags of all other fields, and the name of the chosen one where it is unusual."""
    tags = [(prefix + name, cell_text(value)) for name, value in fields.items() if name != chosen]
    return [*tags, *([(FIELD, chosen)] if chosen != USUAL else [])]


def write_fields(text: str, tags: Mapping[str, str], prefix: str) -> tuple[dict[str, object], set[str]]:
    """The object of fields, and the tags that went into it."""
    chosen = tags.get(FIELD, USUAL)
    others = {tag: value for tag, value in tags.items() if tag.startswith(prefix) and tag != prefix + chosen}
    used = set(others) | ({FIELD} if FIELD in tags else set())
    return {chosen: text, **{tag.removeprefix(prefix): value for tag, value in others.items()}}, used
