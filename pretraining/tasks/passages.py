"""Questions about a passage: a value, yes or no, or "not in the text"; facts are composed or from the corpus."""

from __future__ import annotations

import random
from dataclasses import dataclass

from pretraining.tasks.base import Task, ask, follow_up, pick
from pretraining.tasks.material import Material

ABSENT = ("not in the text", "Not in the text.", "unknown", "The text does not say.", "no answer", "N/A")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a passage says: its sentence, a question for the value, the value, and a claim with ``@`` for it."""

    sentence: str
    question: str
    value: str
    claim: str
    field: str


# sentence, question, claim; # stands for who, @ for the value.
_FACTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "city": (
        ("# lives in @.", "Where does # live?", "Does # live in @?"),
        ("# was born in @.", "Where was # born?", "Was # born in @?"),
        ("# moved to @ last year.", "Where did # move?", "Did # move to @?"),
    ),
    "job": (
        ("# works as a @.", "What is the job of #?", "Is # a @?"),
        ("# wants to become a @.", "What does # want to become?", "Does # want to become a @?"),
    ),
    "product": (
        ("# bought a @.", "What did # buy?", "Did # buy a @?"),
        ("# lost the @.", "What did # lose?", "Did # lose the @?"),
        ("# gave a friend a @.", "What did # give a friend?", "Did # give a friend a @?"),
    ),
    "weekday": (
        ("# arrives on @.", "When does # arrive?", "Does # arrive on @?"),
        ("# has a free day on @.", "Which day is free for #?", "Is @ free for #?"),
    ),
    "time": (("# gets up at @.", "When does # get up?", "Does # get up at @?"),),
    "age": (("# is @ years old.", "How old is #?", "Is # @ years old?"),),
    "company": (("# works for @.", "Who does # work for?", "Does # work for @?"),),
    "room": (("# has room @.", "Which room does # have?", "Does # have room @?"),),
    "color": (("# likes @ best.", "Which colour does # like best?", "Does # like @ best?"),),
    "year": (("# left school in @.", "When did # leave school?", "Did # leave school in @?"),),
}


def _fact(rng: random.Random, material: Material, who: str, field: str) -> Fact:
    sentence, question, claim = (text.replace("#", who) for text in rng.choice(_FACTS[field]))
    value = material.value(rng, field)
    return Fact(sentence.replace("@", value), question, value, claim, field)


def _passage(rng: random.Random, material: Material, count: int) -> tuple[list[Fact], str, str]:
    """Facts about two or three people, their text, and the name of someone whom it does not mention."""
    people = list(dict.fromkeys(material.person(rng).split()[0] for _ in range(8)))
    absent, people = people[0], people[1:4] or people
    pairs = [(who, field) for who in people for field in _FACTS]
    facts = [_fact(rng, material, who, field) for who, field in rng.sample(pairs, count)]
    return facts, " ".join(fact.sentence for fact in facts), absent


def _layout(rng: random.Random, kind: str, instruction: str, passage: str, pairs: list[tuple[str, str]]) -> Task:
    first = pairs[0][0]
    if rng.random() < 0.5:
        told = f"{instruction}\n\n{passage}" if rng.random() < 0.5 else f"{passage}\n\n{instruction}"
        messages = [{"role": "system", "content": told}, {"role": "user", "content": first}]
    else:
        name = rng.choice(("Text: ", "Passage: ", "Context: ", ""))
        asked = rng.choice(("Question: ", "Q: ", ""))
        messages = [{"role": "user", "content": f"{instruction}\n\n{name}{passage}\n\n{asked}{first}"}]
    task = Task(kind, (*messages, {"role": "assistant", "content": pairs[0][1]}))
    return follow_up(task, pairs[1:])


def answer(rng: random.Random, material: Material) -> Task:
    """Short answers from a passage; now and then the passage does not have it, and the given words say so."""
    facts, passage, absent = _passage(rng, material, rng.randint(2, 6))
    missing = rng.choice(ABSENT)
    told = pick(
        rng,
        "Answer {the question |}from the {text|passage}. If it is not there, {say|write|answer}",
        "{Use|Read} the {text|passage} only. Where it gives no answer, {reply|say}",
        "Short answers{ from the text|}. Without an answer in the text:",
    )
    pairs = []
    for _ in range(rng.randint(1, 3)):
        if rng.random() < 0.25:
            known = {fact.field for fact in facts}
            field = rng.choice([field for field in _FACTS if field not in known] or list(_FACTS))
            pairs.append((_fact(rng, material, absent, field).question, missing))
        else:
            fact = rng.choice(facts)
            pairs.append((fact.question, fact.value))
    return _layout(rng, "passages.answer", f'{told} "{missing}".', passage, pairs)


def yes_no(rng: random.Random, material: Material) -> Task:
    """Whether the passage says it."""
    facts, passage, _ = _passage(rng, material, rng.randint(2, 6))
    yes, no = rng.choice((("yes", "no"), ("Yes", "No"), ("true", "false"), ("Yes.", "No."), ("correct", "wrong")))
    told = pick(rng, "Answer {the question |}with ", "Reply only ", "According to the text: ") + f"{yes} or {no}."
    pairs = []
    for _ in range(rng.randint(1, 3)):
        fact = rng.choice(facts)
        if rng.random() < 0.5:
            pairs.append((fact.claim.replace("@", fact.value), yes))
        else:
            other = material.value(rng, fact.field)
            pairs.append((fact.claim.replace("@", other), yes if other == fact.value else no))
    return _layout(rng, "passages.yes_no", told, passage, pairs)


def support(rng: random.Random, material: Material) -> Task:
    """Whether a statement is supported by a passage, contradicted by it, or not in it."""
    facts, passage, absent = _passage(rng, material, rng.randint(2, 5))
    names = rng.choice((("supported", "contradicted", "not mentioned"), ("entailment", "contradiction", "neutral")))
    fact, which = rng.choice(facts), rng.randrange(3)
    statement = fact.sentence
    if which == 1:
        other = material.value(rng, fact.field)
        which = 1 if other != fact.value else 0
        statement = statement.replace(fact.value, other)
    elif which == 2:
        statement = _fact(rng, material, absent, fact.field).sentence
    told = pick(rng, "Is the statement ", "Compare text and statement: ", "Label the statement: ") + ", ".join(names)
    text = f"{passage}\n\nStatement: {statement}"
    return ask(rng, "passages.support", {"instruction": told, "input": text}, names[which])


def choice(rng: random.Random, material: Material) -> Task:
    """A question of the corpus with options; the answer is one of them, or its letter."""
    row = rng.choice(material.questions)
    options = [str(option) for option in row.get("choices") or []]
    if not 2 <= len(options) <= 6 or str(row["answer"]) not in options:
        return yes_no(rng, material)
    letters = "ABCDEF"[: len(options)]
    rng.shuffle(options)
    by_letter = rng.random() < 0.3
    lines = [
        f"{letter}. {option}" if by_letter else f"- {option}" for letter, option in zip(letters, options, strict=True)
    ]
    told = pick(
        rng, "{Choose|Pick} the right {answer|option}.", "{Which|What} is {right|true}?", "Answer the question."
    )
    if by_letter:
        told += pick(rng, " Answer with the letter.", " Letter only.")
    right = letters[options.index(str(row["answer"]))] if by_letter else str(row["answer"])
    text = f"{row['question']}\n" + "\n".join(lines)
    return ask(rng, "passages.choice", {"instruction": told, "input": text}, right)


def span(rng: random.Random, material: Material) -> Task:
    """Fill the gap of a sentence that stands in the passage before."""
    _, some = rng.choice(material.paragraphs)
    some = [one for one in some if 5 <= len(one.split()) <= 30][:4]
    if not some:
        return answer(rng, material)
    sentence = rng.choice(some).split()
    start = rng.randrange(1, len(sentence) - 2)
    end = min(len(sentence), start + rng.randint(1, 3))
    missing = " ".join(sentence[start:end])
    gap = " ".join([*sentence[:start], "____", *sentence[end:]])
    told = pick(
        rng, "{Fill|Complete} the gap {from|with words of} the text.", "{Which|What} words {are missing|fill the gap}?"
    )
    text = f"{' '.join(some)}\n\n{gap}"
    return ask(rng, "passages.span", {"instruction": told, "input": text}, missing)


KINDS = {
    "passages.answer": (answer, 2.5),
    "passages.yes_no": (yes_no, 2.0),
    "passages.support": (support, 0.8),
    "passages.choice": (choice, 1.0),
    "passages.span": (span, 1.0),
}
