"""What two rows are compared by: the varying part of their inputs.

System prompts are left out by ``Example.text``; here goes what most user messages share besides, an instruction before
or after the question or lines repeated in every row. 2,000 questions behind one prompt are 2,000 questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tunewright.data.normalise import light_form, marks, normal_form
from tunewright.records.example import Example

# A run of words is boilerplate if so many of the distinct texts share it, and it is long enough not to be a way of
# speaking ("how do I", "I would like to").
MIN_BOILERPLATE_SHARE = 0.3
MIN_BOILERPLATE_WORDS = 5
# In fewer distinct texts, what is shared cannot be told from a pair of copies.
MIN_TEXTS_FOR_BOILERPLATE = 10
# An opening ends where fewer than this share of its rows go on alike: there the varying part begins.
MIN_SHARE_GOING_ON = 0.9
# Files are made from a few templates at most.
MAX_TEMPLATES = 8

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Keys of one row.

    ``full`` is the normal form of the whole input, system prompt included: equal inputs have it equal. ``varying`` is
    the light form of the text without boilerplate, ``normal`` its normal form, ``marks`` its numbers and negations.
    """

    full: str
    varying: str
    normal: str
    marks: Words

    @property
    def n_words(self) -> int:
        return self.normal.count(" ") + 1


def fingerprints(examples: Sequence[Example]) -> list[Fingerprint]:
    """The fingerprint of every row; boilerplate is what many of these rows share."""
    lines = [tuple(light for line in e.text.splitlines() if (light := light_form(line))) for e in examples]
    keys: dict[Words, Fingerprint] = {}
    for row, varying in _without_boilerplate(set(lines)).items():
        normal = normal_form(varying)
        whole = " ".join(row)
        full = normal if whole == varying else normal_form(whole)
        keys[row] = Fingerprint(full, varying, normal, marks(normal))
    system_forms: dict[str, str] = {}
    found = []
    for example, row in zip(examples, lines, strict=True):
        print_ = keys[row]
        system = "\n".join(m.content for m in example.messages if m.role == "system")
        if system:
            form = system_forms.setdefault(system, normal_form(system))
            print_ = Fingerprint(f"{form}\n{print_.full}", print_.varying, print_.normal, print_.marks)
        found.append(print_)
    return found


def _without_boilerplate(rows: Iterable[Words]) -> dict[Words, str]:
    """The varying part of every distinct text, given as lines; a text that is boilerplate alone stays whole."""
    texts = sorted(rows)
    if len(texts) < MIN_TEXTS_FOR_BOILERPLATE:
        return {row: " ".join(row) for row in texts}
    common = _common_lines(texts)
    # One object per distinct word: the words of a large file would not fit into memory otherwise.
    known: dict[str, str] = {}
    kept = []
    for row in texts:
        lines = [line for line in row if line not in common] or row
        kept.append(tuple(known.setdefault(word, word) for line in lines for word in line.split()))
    kept = _without_openings(kept)
    kept = [words[::-1] for words in _without_openings([words[::-1] for words in kept])]
    return {row: " ".join(words) for row, words in zip(texts, kept, strict=True)}


def _common_lines(texts: Sequence[Words]) -> frozenset[str]:
    """Long lines that occur in many texts, among texts of several lines."""
    counts = Counter(line for row in texts if len(row) > 1 for line in set(row))
    return frozenset(
        line
        for line, count in counts.items()
        if count >= MIN_BOILERPLATE_SHARE * len(texts) and len(line.split()) >= MIN_BOILERPLATE_WORDS
    )


def _without_openings(rows: Sequence[Words]) -> list[Words]:
    """Cut shared openings off until no long one is left; a row that is one keeps it."""
    result = list(rows)
    for _ in range(MAX_TEMPLATES):
        opening = _shared_opening(result)
        length = len(opening)
        cut = [row[length:] if length and len(row) > length and row[:length] == opening else row for row in result]
        if cut == result:
            break
        result = cut
    return result


def _shared_opening(rows: Sequence[Words]) -> Words:
    """The words with which enough rows begin, up to where these rows part."""
    opening: list[str] = []
    matching: Sequence[Words] = rows
    while True:
        depth = len(opening)
        following = Counter(row[depth] for row in matching if len(row) > depth)
        if not following:
            break
        word, count = min(following.items(), key=lambda item: (-item[1], item[0]))
        parted = depth >= MIN_BOILERPLATE_WORDS and count < MIN_SHARE_GOING_ON * len(matching)
        if parted or count < MIN_BOILERPLATE_SHARE * len(rows):
            break
        opening.append(word)
        matching = [row for row in matching if len(row) > depth and row[depth] == word]
    return tuple(opening) if len(opening) >= MIN_BOILERPLATE_WORDS else ()
