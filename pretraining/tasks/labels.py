"""Classification with a given list of labels: intents of dialogues, topics, desks, categories, rules in descriptions.

The behaviour trained is "answer with exactly one of the labels", with label sets that change from task to task.
"""

from __future__ import annotations

import random
import re

from pretraining.tasks import words
from pretraining.tasks.base import Task, ask, follow_up, pick
from pretraining.tasks.material import Material
from pretraining.tasks.topics import DOMAINS, SOURCES, TEMPLATES

Labelled = tuple[str, str]  # text, label


def spell(rng: random.Random, labels: list[str]) -> dict[str, str]:
    """Write all labels of a task in one style: words, snake_case, CamelCase, capitals, hyphens or codes."""
    style = rng.choice(("as is", "words", "snake", "snake", "camel", "upper", "hyphen", "title"))

    def one(label: str) -> str:
        parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", label) or [label]
        low = [part.lower() for part in parts]
        return {
            "as is": label,
            "words": " ".join(low),
            "snake": "_".join(low),
            "camel": "".join(part.capitalize() for part in low),
            "upper": "_".join(low).upper(),
            "hyphen": "-".join(low),
            "title": " ".join(low).capitalize(),
        }[style]

    return {label: one(label) for label in labels}


def listing(rng: random.Random, labels: list[str], about: dict[str, str] | None = None) -> str:
    """The list of labels in one of many layouts, each with what it is ``about`` where given."""
    if about is not None:
        dash = rng.choice((": ", " - ", " = ", " (about: "))
        close = ")" if "(" in dash else ""
        mark = rng.choice(("- ", "* ", "", ""))
        return "\n".join(f"{mark}{label}{dash}{about[label]}{close}" for label in labels)
    layout = rng.randrange(7)
    if layout == 0:
        return "\n".join(f"- {label}" for label in labels)
    if layout == 1:
        return "\n".join(labels)
    if layout == 2:
        return "[" + ", ".join(f'"{label}"' for label in labels) + "]"
    if layout == 3:
        return " | ".join(labels)
    if layout == 4:
        return ", ".join(labels[:-1]) + f" or {labels[-1]}"
    return ", ".join(labels)


def instruction(rng: random.Random, noun: str) -> str:
    """An instruction to choose one label for a text."""
    return pick(
        rng,
        f"Classify the {noun}{{.| into one of these labels:| into exactly one of the labels below.}} {{Labels:|}}",
        f"{{Choose|Pick|Select}} the {{label|category|class}} that fits the {noun}{{ best|}}. "
        "{Labels:|Options:|Choices:}",
        f"{{Which|What}} {{label|category|class}} {{fits|describes|belongs to}} the {noun}? Answer with one of:",
        f"{{Assign|Give}} the {noun} {{one|exactly one}} label{{ from this list:|. Possible labels:}}",
        f"{{Sort|Route}} the {noun} to one of:",
        f"You {{label|sort|classify}} {noun}s. {{Answer|Reply}} with {{the label only|one label and nothing else}}:",
        "{Labels|Categories|Classes}:",
        f"Answer with {{exactly|only}} one of these {{labels|words}}, the one that fits the {noun}:",
    ).strip()


def choose(
    rng: random.Random,
    kind: str,
    noun: str,
    texts: list[Labelled],
    labels: list[str],
    about: dict[str, str] | None = None,
) -> Task:
    """A task with one list of labels and one or more texts (each a turn)."""
    names = spell(rng, labels)
    order = rng.sample(labels, len(labels))
    described = {names[label]: text for label, text in about.items()} if about else None
    context = listing(rng, [names[label] for label in order], described)
    prefix = rng.choice(("", "", "", "", "", "", "Label: ", '{"label": "'))
    ending = {"": "", "Label: ": "", '{"label": "': '"}'}[prefix]
    told = instruction(rng, noun)
    if prefix:
        told = pick(rng, "Answer {like this|in this form}: ") + f"{prefix}...{ending}\n{told}"
    answers = [f"{prefix}{names[label]}{ending}" for _, label in texts]
    judged = "json" if ending else "text"
    task = ask(rng, kind, {"instruction": told, "context": context, "input": texts[0][0]}, answers[0], judged)
    return follow_up(task, [(text, answer) for (text, _), answer in zip(texts[1:], answers[1:], strict=True)])


def _count(rng: random.Random, most: int = 4) -> int:
    return rng.choice((1, 1, 2, 3, most))


def intent(rng: random.Random, material: Material) -> Task:
    """The intent of user turns that open a matter, among 3 to 12 intents of the annotated dialogues."""
    by_intent = material.turns_by_intent
    labels = rng.sample(sorted(by_intent), min(len(by_intent), rng.randint(3, 12)))
    texts = [(str(rng.choice(by_intent[label])["text"]), label) for label in rng.choices(labels, k=_count(rng))]
    noun = rng.choice(("message", "request", "user turn", "utterance"))
    return choose(rng, "labels.intent", noun, texts, labels)


def desk(rng: random.Random, material: Material) -> Task:
    """A short message to one of the desks of a made-up organisation, with or without descriptions."""
    domain = DOMAINS[rng.choice(sorted(DOMAINS))]
    labels = rng.sample(sorted(domain), min(len(domain), rng.randint(2, 8)))
    things = {label: words.phrases(domain[label]) for label in labels}
    about = {label: ", ".join(rng.sample(things[label], min(3, len(things[label])))) for label in labels}
    texts = [
        (_message(rng, material, rng.choice(things[label])), label) for label in rng.choices(labels, k=_count(rng))
    ]
    noun = rng.choice(("message", "ticket", "email", "text", "request", "note"))
    return choose(rng, "labels.desk", noun, texts, labels, about if rng.random() < 0.4 else None)


def code(rng: random.Random, material: Material) -> Task:
    """Labels without a meaning of their own: only the descriptions say what belongs where."""
    flat = [(label, some) for domain in DOMAINS.values() for label, some in domain.items()]
    chosen = rng.sample(flat, rng.randint(2, 6))
    style = rng.choice(("group {}", "L{}", "desk {}", "C-{}", "queue {}"))
    names = [style.format(number) for number in rng.sample(range(1, 40), len(chosen))]
    things = [words.phrases(some) for _, some in chosen]
    about = {name: ", ".join(some[:4]) for name, some in zip(names, things, strict=True)}
    picks = [rng.randrange(len(chosen)) for _ in range(_count(rng))]
    texts = [(_message(rng, material, rng.choice(things[at][:4])), names[at]) for at in picks]
    labels = listing(rng, names, about)
    parts = {"instruction": instruction(rng, "message"), "context": labels, "input": texts[0][0]}
    return follow_up(ask(rng, "labels.code", parts, texts[0][1]), texts[1:])


def topic(rng: random.Random, material: Material) -> Task:
    """What a sentence of the corpus is about, told from where it comes."""
    known = {source: name for source, name in SOURCES.items() if source in material.by_source}
    if len(known) < 2:
        return category(rng, material)
    chosen = rng.sample(sorted(known), min(len(known), rng.randint(2, 7)))
    sources = {known[source]: source for source in chosen}
    labels = sorted(sources)
    texts = [(rng.choice(material.by_source[sources[label]]), label) for label in rng.choices(labels, k=_count(rng, 2))]
    return choose(rng, "labels.topic", rng.choice(("sentence", "text", "passage")), texts, labels)


def category(rng: random.Random, material: Material) -> Task:
    """The category of a word."""
    labels = rng.sample(sorted(words.CATEGORIES), rng.randint(2, 9))
    texts = [(material.word(rng, words.CATEGORIES[label]), label) for label in rng.choices(labels, k=_count(rng, 6))]
    return choose(rng, "labels.category", rng.choice(("word", "item", "text")), texts, labels)


def sentiment(rng: random.Random, material: Material) -> Task:
    """Praise, blame or neither in a short review."""
    kinds = {"positive": words.PRAISE, "negative": words.BLAME, "neutral": words.PLAIN}
    labels = ["positive", "negative", *(["neutral"] if rng.random() < 0.5 else [])]

    def review(label: str) -> str:
        first, second = rng.sample(kinds[label], 2)
        thing = material.word(rng, [*words.PRODUCTS, "service", "room", "food", "staff", "trip"])
        text = pick(
            rng,
            "The @t was @a{.| and @b.}",
            "{What a|Such a} @a @t{.|, really @b.}",
            "{I found|We thought|My wife found} the @t @a and {quite|rather|very} @b.",
            "@t: @a, @b{.| as well.}",
            "{Honestly|To be fair}, the @t {is|seems} @a.",
        )
        return text.replace("@t", thing).replace("@a", first).replace("@b", second)

    texts = [(review(label), label) for label in rng.choices(labels, k=_count(rng))]
    return choose(rng, "labels.sentiment", rng.choice(("review", "comment", "text")), texts, labels)


def _message(rng: random.Random, material: Material, thing: str) -> str:
    text = " ".join(pick(rng, *TEMPLATES) for _ in range(rng.choice((1, 1, 1, 2))))
    for mark, field in (("@day", "weekday"), ("@name", "name"), ("@city", "city")):
        text = text.replace(mark, material.value(rng, field).split()[0])
    text = text.replace("@thing", thing)
    return text[0].upper() + text[1:] if rng.random() < 0.8 else text.lower()


KINDS = {
    "labels.intent": (intent, 3.0),
    "labels.desk": (desk, 2.5),
    "labels.code": (code, 1.5),
    "labels.topic": (topic, 1.5),
    "labels.category": (category, 1.5),
    "labels.sentiment": (sentiment, 0.7),
}
