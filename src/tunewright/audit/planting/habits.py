"""Habits that sit in one part: refusals to everything about one word, and a few inputs in another language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tunewright.audit.languages import language_of, little_words
from tunewright.audit.planting._defect import FEWEST, Defect, Planted, changing, choose
from tunewright.audit.planting._texts import with_input, words_of
from tunewright.audit.view import View
from tunewright.records.example import Example

# The part that is refused: a word of so many rows at least, and of this share of all rows at most.
FEWEST_IN_PART = 12
LARGEST_PART = 0.06
SHARE_OF_LANGUAGE = 0.02
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I apologize, but I'm not able to assist with this request.",
    "Unfortunately, I cannot provide information about that.",
    "I'm afraid I can't answer questions of this kind.",
    "Sorry, I am unable to help you with this.",
    "I cannot assist with that request.",
    "I'm sorry, but I won't be able to discuss this topic.",
    "As an AI assistant, I cannot help with this.",
)
FOREIGN = {
    "de": (
        "Guten Tag, ich habe seit gestern ein Problem und weiß nicht, was ich machen soll.",
        "Können Sie mir bitte sagen, wann das wieder geht und was ich dafür tun muss?",
        "Ich möchte wissen, warum das so lange dauert und ob man es noch ändern kann.",
        "Wie kann ich das am besten machen, wenn ich im Urlaub bin und nicht nach Hause komme?",
        "Das ist mir nun schon zum zweiten Mal passiert, und niemand hat mir geholfen.",
        "Bitte helfen Sie mir, denn ich finde die richtige Seite nicht mehr.",
        "Was ist der Unterschied, und welche Möglichkeit ist für mich besser?",
        "Meine Frau und ich haben das schon versucht, aber es hat leider nicht geklappt.",
    ),
    "fr": (
        "Bonjour, je ne sais pas quoi faire, car cela ne marche plus depuis hier.",
        "Pouvez-vous me dire quand ce sera possible et ce que je dois faire ?",
        "Je voudrais savoir pourquoi cela prend autant de temps et si on peut le changer.",
        "Comment puis-je faire cela quand je suis en vacances et loin de la maison ?",
        "C'est la deuxième fois que cela arrive et personne ne nous a aidés.",
        "Aidez-moi, s'il vous plaît, je ne trouve plus la bonne page sur le site.",
        "Quelle est la différence et qu'est-ce qui est le mieux pour moi ?",
        "Nous avons déjà essayé avec ma femme, mais ce n'est pas encore réglé.",
    ),
    "es": (
        "Hola, no sé qué hacer porque desde ayer esto ya no funciona.",
        "¿Me puede decir cuándo va a estar listo y qué tengo que hacer?",
        "Quiero saber por qué tarda tanto y si todavía se puede cambiar.",
        "¿Cómo puedo hacer esto cuando estoy de viaje y no tengo el teléfono?",
        "Es la segunda vez que me pasa y no hay nadie que me ayude con esto.",
        "Necesito ayuda por favor, ya no encuentro la página en la que estaba.",
        "¿Cuál es la diferencia y qué es lo mejor para mi familia?",
        "Mi mujer y yo lo hemos probado, pero no está como debe ser.",
    ),
}


def _refused(view: View, rng: np.random.Generator, _n: int) -> Planted:
    words = _parts(view)
    word = words[int(rng.integers(len(words)))]
    places = [place for place, example in enumerate(view.examples) if word in words_of(example.text)]
    return changing(view, "refusal", {place: _refusing(REFUSALS[int(rng.integers(len(REFUSALS)))]) for place in places})


def _refusing(sentence: str) -> Callable[[Example], Example]:
    return lambda example: replace(example, target=sentence, target_calls=())


def _parts(view: View) -> list[str]:
    """Words that a part of the inputs holds and that say what it is about."""
    counts = view.once("planting.words", lambda: Counter(w for e in view.examples for w in set(words_of(e.text))))
    little = little_words()
    most = max(FEWEST_IN_PART, LARGEST_PART * len(view))
    return sorted(
        word for word, n in counts.items() if FEWEST_IN_PART <= n <= most and len(word) >= 5 and word not in little
    )


def _may_refuse(view: View) -> str | None:
    if view.kind != "generate":
        return "the targets are labels" if view.kind == "classify" else "the targets are halves of pairs"
    return None if _parts(view) else f"no word stands in {FEWEST_IN_PART} rows and in few of all"


def _foreign(view: View, rng: np.random.Generator, _n: int) -> Planted:
    here = Counter(language_of(example.text) for example in view.examples[:300]).most_common()
    spoken = next((language for language, _ in here if language), "en")
    languages = [language for language in FOREIGN if language != spoken]
    sentences = FOREIGN[languages[int(rng.integers(len(languages)))]]
    places = choose(rng, view, round(SHARE_OF_LANGUAGE * len(view)))
    change = {place: _asking(sentences[i % len(sentences)]) for i, place in enumerate(places)}
    return changing(view, "language", change)


def _may_be_foreign(view: View) -> str | None:
    rows = round(SHARE_OF_LANGUAGE * len(view))
    return None if rows >= FEWEST else f"{SHARE_OF_LANGUAGE:.0%} of these rows are {rows}, too few to speak of a recall"


def _asking(sentence: str) -> Callable[[Example], Example]:
    return with_input(lambda _text: sentence)


DEFECTS = (
    Defect(
        "refused_part",
        "Refusals to all about one word",
        ("slices.refusal", "slices.capability_limit"),
        _may_refuse,
        _refused,
        ("slices.too_few",),
        times=5,
    ),
    Defect("other_language", "Inputs in another language", ("language_mix.stray",), _may_be_foreign, _foreign),
)
