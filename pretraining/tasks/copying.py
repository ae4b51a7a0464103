"""Copying: a text as it stands, its first or last word, what stands between marks, the line with a key."""

from __future__ import annotations

import random

from pretraining.tasks.base import Task, ask, follow_up, pick
from pretraining.tasks.material import Material


def _words(rng: random.Random, material: Material, least: int, most: int) -> list[str]:
    text = rng.choice(material.sentences).split()
    start = rng.randrange(max(1, len(text) - least))
    return text[start : start + rng.randint(least, most)]


def repeat(rng: random.Random, material: Material) -> Task:
    """The text again, word for word."""
    told = pick(rng, "{Repeat|Copy|Write} the text{ exactly| word for word|}.", "Say {this|it} again.", "Echo.")
    text = " ".join(_words(rng, material, 2, 20))
    if rng.random() < 0.4:
        text = " ".join(material.value(rng, rng.choice(("code", "name", "date", "product", "phone"))) for _ in range(3))
    return ask(rng, "copying.repeat", {"instruction": told, "input": text}, text)


def word_at(rng: random.Random, material: Material) -> Task:
    """The first, second, third or last word or words."""
    some = _words(rng, material, 5, 12)
    place, wanted = rng.choice(
        (
            ("first word", some[:1]),
            ("last word", some[-1:]),
            ("second word", some[1:2]),
            ("third word", some[2:3]),
            ("first two words", some[:2]),
            ("first three words", some[:3]),
            ("last two words", some[-2:]),
        )
    )
    told = pick(rng, "{What is|Give|Copy|Write} the @{?|.}", "@{?|, please.}", "Answer with the @ of the text.")
    told = told.replace("@", place)
    return ask(rng, "copying.word_at", {"instruction": told, "input": " ".join(some)}, " ".join(wanted))


def marked(rng: random.Random, material: Material) -> Task:
    """What stands between quotes, brackets or tags."""
    some = _words(rng, material, 6, 18)
    start = rng.randrange(1, len(some) - 1) if len(some) > 2 else 0
    end = min(len(some), start + rng.randint(1, 4))
    name, left, right = rng.choice(
        (("quotes", '"', '"'), ("brackets", "[", "]"), ("stars", "*", "*"), ("tags", "<b>", "</b>"), ("bars", "|", "|"))
    )
    inner = " ".join(some[start:end]).replace('"', "")
    text = " ".join([*some[:start], left + inner + right, *some[end:]])
    told = pick(rng, "{What stands|Copy what is|Give the words} between the @{?|.}", "{Text|Words} in @?").replace(
        "@", name
    )
    return ask(rng, "copying.marked", {"instruction": told, "input": text}, inner)


def lookup(rng: random.Random, material: Material) -> Task:
    """The value of one key among several lines; further questions about other keys follow."""
    field, of = rng.choice(
        (
            ("name", "city"),
            ("code", "product"),
            ("name", "phone"),
            ("city", "date"),
            ("product", "price"),
            ("name", "job"),
        )
    )
    pairs: dict[str, str] = {}
    while len(pairs) < rng.randint(3, 7):
        pairs[material.value(rng, field)] = material.value(rng, of)
    sep = rng.choice((": ", " - ", " = ", " -> ", " | ", ","))
    text = "\n".join(f"{key}{sep}{value}" for key, value in pairs.items())
    keys = rng.sample(sorted(pairs), rng.randint(1, min(3, len(pairs))))
    told = pick(rng, "What {stands|is} {beside|next to|given for} @?", "@{?| =|:}", "{Find|Look up} @.", "Value of @?")
    task = ask(rng, "copying.lookup", {"instruction": told.replace("@", keys[0]), "input": text}, pairs[keys[0]])
    return follow_up(task, [(told.replace("@", key), pairs[key]) for key in keys[1:]])


def sentence_with(rng: random.Random, material: Material) -> Task:
    """The sentence of a passage that holds a given word, or the first or last sentence."""
    _, some = rng.choice(material.paragraphs)
    some = [one for one in some if len(one) < 220][:5]
    if len(some) < 2:
        return repeat(rng, material)
    at = rng.randrange(len(some))
    rare = [word.strip(".,;:()\"'") for word in some[at].split() if len(word) > 6]
    rare = [word for word in rare if sum(word in one for one in some) == 1]
    if rare and rng.random() < 0.7:
        told = pick(rng, '{Copy|Give|Quote} the sentence {with|that holds} "@".', 'Which sentence {names|has} "@"?')
        told = told.replace("@", rng.choice(rare))
    else:
        at = rng.choice((0, len(some) - 1))
        told = pick(rng, "{Copy|Give|Quote} the @ sentence.").replace("@", "first" if at == 0 else "last")
    return ask(rng, "copying.sentence", {"instruction": told, "input": " ".join(some)}, some[at])


KINDS = {
    "copying.repeat": (repeat, 1.5),
    "copying.word_at": (word_at, 1.0),
    "copying.marked": (marked, 1.0),
    "copying.lookup": (lookup, 1.5),
    "copying.sentence": (sentence_with, 0.7),
}
