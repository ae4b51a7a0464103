"""Sentences written for this test, three kinds: clear ones in each language, short or mixed ones, and no language."""

from __future__ import annotations

import pytest

from tunewright.audit.languages import NAMES, language_of

CLEAR = {
    "en": "I would like to know when my card will be here and what it costs.",
    "de": "Ich möchte wissen, wann meine Karte kommt und wie viel das kostet.",
    "fr": "Je ne sais pas pourquoi ma carte est bloquée, pouvez-vous m'aider ?",
    "es": "No sé por qué mi tarjeta está bloqueada, ¿qué puedo hacer?",
    "pt": "Não sei por que o meu cartão está bloqueado, você pode ajudar?",
    "it": "Non so perché la mia carta è bloccata, come posso fare?",
    "nl": "Ik weet niet waarom mijn kaart niet werkt, kunnen jullie mij helpen?",
    "pl": "Nie wiem, dlaczego moja karta jest zablokowana, czy mogę coś zrobić?",
    "sv": "Jag vet inte varför mitt kort är spärrat, kan du hjälpa mig?",
    "fi": "En tiedä miksi minun kortti ei toimi, mitä voin tehdä?",
    "cs": "Nevím, proč je moje karta zablokovaná, můžete mi pomoci?",
    "ro": "Nu știu de ce este blocat cardul meu, ce pot să fac?",
    "hu": "Nem tudom, miért nem működik a kártyám, mit kell tennem?",
    "tr": "Kartım neden çalışmıyor bilmiyorum, ne yapmam için yardım var mı?",
    "id": "Saya tidak tahu mengapa kartu ini tidak bisa dipakai, apa yang harus saya lakukan?",
    "vi": "Tôi không biết tại sao thẻ của tôi không được, làm thế nào?",
    "ru": "Я не знаю, почему моя карта не работает, что мне делать?",
    "uk": "Я не знаю, чому моя картка не працює, що мені робити?",
    "el": "Δεν ξέρω γιατί η κάρτα μου δεν λειτουργεί.",
    "ar": "لا أعرف لماذا لا تعمل بطاقتي.",
    "fa": "چرا کارت من کار نمی‌کند؟ چه کنم؟",
    "he": "אני לא יודע למה הכרטיס שלי לא עובד.",
    "hi": "मुझे नहीं पता कि मेरा कार्ड क्यों काम नहीं कर रहा है।",
    "th": "ฉันไม่รู้ว่าทำไมบัตรของฉันใช้ไม่ได้",
    "zh": "我不知道为什么我的卡不能用。",
    "ja": "カードがなぜ使えないのか分かりません。",
    "ko": "카드가 왜 안 되는지 모르겠어요.",
}


@pytest.mark.parametrize("language", CLEAR)
def test_a_clear_sentence(language: str) -> None:
    assert language_of(CLEAR[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "Je voudrais savoir pourquoi cela prend autant de temps et si on peut le changer.",
        "Est-ce que je peux encore annuler mon virement ?",
        "Elle veut toujours payer sans carte.",
    ],
)
def test_french_sentences_of_other_little_words(text: str) -> None:
    assert language_of(text) == "fr"


def test_danish_and_norwegian_are_one_or_the_other() -> None:
    assert language_of("Jeg ved ikke hvorfor mit kort ikke virker, kan du hjælpe mig?") in ("da", "no")
    assert language_of("Jeg vet ikke hvorfor kortet mitt ikke virker, kan du hjelpe meg?") in ("da", "no")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "card arrival",
        "42",
        "???",
        "a = b + y",
        "SELECT name FROM users",
        "👍",
        "per hour, per day, per week",
        "iPhone 15 Pro Max",
    ],
)
def test_too_little_to_tell(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.parametrize(
    "text", ["die hard was a good film", "no, we do not have that", "I am in Paris for a week, as you can see"]
)
def test_english_with_words_of_others_is_not_foreign(text: str) -> None:
    assert language_of(text) in ("en", None)


def test_every_language_has_a_name() -> None:
    assert set(CLEAR) <= set(NAMES)
