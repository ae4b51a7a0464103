"""The language of a text, by script and by its little words: light, deterministic, and None where it cannot tell.

Twenty-odd languages; Danish and Norwegian are told apart poorly. Called by ``language_mix`` and ``habits``; a check
that acts on one short text alone asks too much of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache

MAX_CHARS = 2_000
# Sum of weights that a language needs, and by how much it must lead.
MIN_SCORE = 1.5
MIN_LEAD = 1.6
MIN_SHARE_OF_SCRIPT = 0.6
# "a", "y" and "u" are also names of variables.
WEIGHT_OF_LETTER = 0.3
MIN_LETTERS = 4

NAMES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "pt": "Portuguese", "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "fi": "Finnish", "cs": "Czech",
    "ro": "Romanian",
    "hu": "Hungarian", "tr": "Turkish", "id": "Indonesian", "vi": "Vietnamese", "ru": "Russian", "uk": "Ukrainian",
    "el": "Greek", "ar": "Arabic", "fa": "Persian", "he": "Hebrew", "hi": "Hindi", "th": "Thai", "zh": "Chinese",
    "ja": "Japanese", "ko": "Korean",
}  # fmt: skip

_LITTLE_WORDS = {
    "en": "the and is are was were be been have has had do does did will would can could should not this that "
    "these those "
    "what when where which who how why my your his her its our their you he she it we they i me him them of to in "
    "on at for "
    "with from by about as if or but so than then there here a an any some all please just get need want there's "
    "i'm don't",
    "de": "der die das und ist sind war waren nicht ein eine einen einem einer ich du er sie es wir ihr mein meine "
    "dein mit "
    "auf für von zu im den dem des auch wie was wann wo warum wenn aber oder noch nur schon kann können habe haben "
    "hat wird "
    "werden bitte mir mich uns sich bei nach aus über dass als",
    "fr": "le la les un une des du de et est sont était je tu il elle nous vous ils mon ma mes votre pas ne que "
    "qui quoi où "
    "comment pourquoi quand pour avec dans sur par au aux ce cette ces mais ou donc plus très être avoir ai avez "
    "c'est j'ai "
    "s'il plaît puis-je cela ça autant peut veux voudrais dois doit pouvez sans aussi encore toujours leur leurs vos "
    "même",
    "es": "el la los las un una de del y es son era no que qué quién cómo cuándo dónde por para con en mi tu su se "
    "lo le me te "
    "pero o más muy está están estoy tengo tiene hay puedo puede quiero necesito al como este esta ya cuál gracias",
    "pt": "o a os as um uma de do da dos das e é são era não que quem como quando onde por para com em no na meu "
    "minha seu sua "
    "se mas ou mais muito está estão estou tenho tem posso pode quero preciso ao você eu nós isso este esta já "
    "obrigado",
    "it": "il lo la i gli le un una di del della dei e è sono era non che chi come quando dove perché per con in "
    "nel nella mio "
    "mia tuo suo si ma o più molto sta ho ha posso può voglio questo questa anche ci grazie cosa al alla da dal",
    "nl": "de het een en is zijn was waren niet ik jij je u hij zij we wij mijn jouw met op voor van naar in ook "
    "hoe wat wanneer "
    "waar waarom als maar of nog kan kunnen heb hebben heeft wordt worden aan bij uit dat deze dit er te om geen",
    "pl": "i w na z do nie to jest są był się że jak co kiedy gdzie dlaczego czy mój moja moje mam masz ma dla od "
    "po przez o "
    "ale lub już tylko może mogę proszę jestem tego ten ta tak za przy który która które",
    "sv": "och i att det är en ett som på för med av inte jag du han hon vi ni de min mitt din var har hade kan "
    "ska vill hur när "
    "varför vad eller men om från till den detta också så här där bara",
    "da": "og i at det er en et som på for med af ikke jeg du han hun vi i de min mit din var har havde kan skal "
    "vil hvordan "
    "hvornår hvorfor hvad eller men om fra til den dette også så her der kun",
    "no": "og i at det er en et som på for med av ikke jeg du han hun vi dere de min mitt din var har hadde kan "
    "skal vil hvordan "
    "når hvorfor hva eller men om fra til den dette også så her der bare",
    "fi": "ja on ei se että en hän minä sinä me te he oli ovat ole minun sinun mikä mitä missä milloin miksi miten "
    "kun jos mutta "
    "tai myös vain nyt voi voin tämä joka kanssa niin kuin olen",
    "cs": "a v na se je to že do s z ne není jsem jsou byl jak co kdy kde proč můj moje mám máte pro od po ale "
    "nebo už jen může "
    "mohu prosím který která tak také při",
    "ro": "și în pe cu la de nu este sunt era un o că ce cum când unde care mea meu mele am ai are pentru din dar "
    "sau mai pot "
    "vreau să se lui acest această foarte",
    "hu": "a az és nem van hogy egy is ez meg de ha mi mit mikor hol miért hogyan vagy már csak még kell lehet "
    "kérem nekem "
    "vagyok volt én ő mint el",
    "tr": "ve bir bu ne için ile de da mi mı değil var yok ben sen o biz siz benim nasıl neden nerede çok daha ama "
    "veya gibi "
    "olarak lütfen istiyorum kadar sonra her şey",
    "id": "yang dan di ke dari ini itu untuk dengan tidak adalah saya anda kamu dia kami kita mereka apa bagaimana "
    "kapan mengapa "
    "bisa akan sudah ada pada juga atau tapi karena saja tolong mana",
    "vi": "là và của có không tôi bạn cho một được này đó trong với khi như thế nào gì ở đã sẽ những các tại vì làm ơn",
    "ru": "и в не на что с как это я по но он она мы вы они мой моя за то все так его из от у о для же бы если где "
    "когда почему "
    "есть был можно нужно пожалуйста",
    "uk": "і в не на що з як це я по але він вона ми ви вони мій моя за то все так його із від у про для же би "
    "якщо де коли чому "
    "є був можна потрібно будь ласка та",
}  # fmt: skip
# Letters that hardly another of these languages has.
_LETTERS = {
    "ß": "de", "ñ": "es", "¿": "es", "¡": "es", "ã": "pt", "õ": "pt", "ł": "pl", "ą": "pl", "ę": "pl", "ż": "pl",
    "ś": "pl",
    "ř": "cs", "ě": "cs", "ů": "cs", "ő": "hu", "ű": "hu", "ș": "ro", "ț": "ro", "ţ": "ro", "ă": "ro", "ğ": "tr",
    "ı": "tr",
    "ş": "tr", "đ": "vi", "ơ": "vi", "ư": "vi", "ạ": "vi", "ế": "vi", "ệ": "vi", "ố": "vi", "і": "uk", "ї": "uk",
    "є": "uk",
    "ґ": "uk", "ы": "ru", "э": "ru", "ё": "ru", "ъ": "ru", "œ": "fr", "ä": "de",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PERSIAN = frozenset("پچژگک")


def _weights() -> dict[str, tuple[tuple[str, float], ...]]:
    """What each little word says: the more languages have it, the less."""
    having: defaultdict[str, set[str]] = defaultdict(set)
    for language, words in _LITTLE_WORDS.items():
        for word in words.split():
            having[word].add(language)
    return {word: tuple((each, 1 / len(found)) for each in sorted(found)) for word, found in having.items()}


_WEIGHTS = _weights()


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language of a text; None where too little of it speaks for one language."""
    text = text[:MAX_CHARS]
    script = "LATIN" if text.isascii() else main_script(text)
    if script in ("LATIN", "CYRILLIC"):
        return _by_words(text.lower(), "ru" if script == "CYRILLIC" else None)
    if script == "ARABIC":
        return "fa" if sum(c in _PERSIAN for c in text) >= 0.02 * len(text) else "ar"
    return {
        "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "HANGUL": "ko", "THAI": "th", "HEBREW": "he", "GREEK": "el",
        "DEVANAGARI": "hi",
    }.get(script or "")  # fmt: skip


def main_script(text: str) -> str | None:
    """The script of most letters, by the first word of their Unicode names; kana make Chinese signs Japanese."""
    counts = Counter(_script(c) for c in text if c.isalpha())
    total = counts.total()
    if total < MIN_LETTERS and not (counts["CJK"] or counts["HANGUL"] or counts["HIRAGANA"] or counts["KATAKANA"]):
        return None
    kana = counts["HIRAGANA"] + counts["KATAKANA"]
    if kana >= 0.1 * total and kana + counts["CJK"] >= MIN_SHARE_OF_SCRIPT * total:
        return "HIRAGANA"
    script, most = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return script if most >= MIN_SHARE_OF_SCRIPT * max(total, 1) else None


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]


def _by_words(text: str, fallback: str | None) -> str | None:
    scores: defaultdict[str, float] = defaultdict(float)
    for word in sorted(set(_WORD.findall(text))):
        for language, weight in _WEIGHTS.get(word, ()):
            scores[language] += weight if len(word) > 1 else WEIGHT_OF_LETTER * weight
    if not text.isascii():
        for letter in text:
            if letter in _LETTERS:
                scores[_LETTERS[letter]] += 0.5
    if fallback:
        scores = defaultdict(float, {each: score for each, score in scores.items() if each in ("ru", "uk")})
        scores[fallback] += 0.1
        return max(sorted(scores), key=lambda each: scores[each])
    # Each word counts once: "per hour, per day, per week" is not Italian.
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    if not ranked or ranked[0][1] < MIN_SCORE:
        return None
    best, score = ranked[0]
    # Danish and Norwegian share most words; their quarrel is not one about the language.
    rivals = [s for other, s in ranked[1:] if {best, other} != {"da", "no"}]
    return best if not rivals or score >= MIN_LEAD * rivals[0] else None


def own_words(text: str, language: str) -> int:
    """How many different little words of a text only this language has: a Spanish song title between "add" and "to"."""
    own = ((language, 1.0),)
    return sum(len(word) > 1 and _WEIGHTS.get(word) == own for word in set(_WORD.findall(text[:MAX_CHARS].lower())))


def little_words() -> frozenset[str]:
    """The little words of every language here, which say nothing about what a text is about."""
    return frozenset(word for words in _LITTLE_WORDS.values() for word in words.split() if word.isalpha())
