"""Which column of a table is probably the input, the target, the id, the group, the time; with the reason in words.

A guess is an offer to a person, or a default that is told in a note. Called by ``peek`` and by ``read``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.data.cells import cell_text
from tunewright.data.rows import Cells
from tunewright.data.times import parse_times

TARGET_NAMES = (
    "label", "labels", "category", "class", "target", "intent", "topic", "tag", "queue", "department", "team", "route",
    "sentiment", "gold", "expected", "output", "answer", "completion", "type",
    "kategorie", "klasse", "thema", "abteilung", "bereich", "einordnung", "zuordnung",
    "catégorie", "categorie", "classe", "étiquette", "thème", "sujet", "service",
    "categoría", "categoria", "clase", "etiqueta", "tema", "departamento",
    "onderwerp", "afdeling", "etichetta", "reparto", "argomento", "art", "typ", "tipo",
)  # fmt: skip
INPUT_NAMES = (
    "text", "message", "question", "query", "utterance", "input", "body", "content", "description", "comment", "review",
    "ticket", "email", "sentence", "prompt", "request", "document", "subject", "title",
    "nachricht", "anfrage", "frage", "inhalt", "beschreibung", "kommentar", "mail", "betreff", "titel",
    "texte", "demande", "contenu", "commentaire", "objet", "courriel",
    "texto", "mensaje", "consulta", "pregunta", "contenido", "descripción", "descripcion", "comentario", "asunto",
    "tekst", "bericht", "vraag", "inhoud", "beschrijving", "omschrijving", "opmerking",
    "testo", "messaggio", "richiesta", "domanda", "contenuto", "descrizione", "commento", "oggetto",
)  # fmt: skip
GROUP_NAMES = (
    "customer", "user", "account", "client", "conversation", "thread", "session", "patient", "author", "company",
    "sender", "contact", "person", "group", "document",
    "kunde", "kunden", "kundennummer", "kundennr", "benutzer", "firma", "absender", "konto", "utilisateur", "compte",
    "cliente", "usuario", "cuenta", "klant", "klantnummer", "gebruiker", "utente", "azienda",
)  # fmt: skip
TIME_NAMES = (
    "time", "date", "timestamp", "datetime", "created", "received", "when", "day", "opened", "sent", "at",
    "datum", "zeit", "zeitpunkt", "uhrzeit", "eingang", "erstellt", "tag", "heure", "reçu", "créé",
    "fecha", "hora", "recibido", "creado", "tijd", "ontvangen", "data", "ora", "ricevuto", "creato",
)  # fmt: skip
ID_NAMES = (
    "id", "uuid", "key", "number", "no", "nr", "ref", "reference", "index",
    "nummer", "kennung", "numéro", "numero", "número", "référence", "referencia",
)  # fmt: skip

# A column of labels repeats itself; a column of texts hardly does.
MAX_DISTINCT_SHARE_OF_LABELS = 0.5
MAX_LABEL_CHARS = 60
# A column of right answers is filled; one with more gaps holds notes.
MAX_EMPTY_SHARE_OF_TARGET = 0.2


@dataclass(frozen=True, slots=True)
class Guess:
    """A column, why it was taken, and whether its name alone says so."""

    column: str
    reason: str
    by_name: bool


@dataclass(frozen=True, slots=True)
class Guesses:
    """The best guess for each role; None where no column fits."""

    input: Guess | None
    target: Guess | None
    id: Guess | None
    group: Guess | None
    time: Guess | None


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    words: frozenset[str]
    texts: tuple[str, ...]
    empty_share: float

    @property
    def mean_chars(self) -> float:
        return sum(map(len, self.texts)) / max(1, len(self.texts))

    @property
    def distinct(self) -> int:
        return len(set(self.texts))


def guess_columns(names: Sequence[str], rows: Sequence[Cells]) -> Guesses:
    """Guess roles from names and from the values of some rows."""
    columns = [_column(name, rows) for name in names]
    columns = [column for column in columns if column.texts]
    taken: set[str] = set()

    def keep(guess: Guess | None) -> Guess | None:
        if guess is not None:
            taken.add(guess.column)
        return guess

    def free() -> list[_Column]:
        return [column for column in columns if column.name not in taken]

    time = keep(_time(free()))
    target = keep(_by_name(free(), TARGET_NAMES, "target", _looks_like_labels))
    text = keep(_by_name(free(), INPUT_NAMES, "input", _looks_like_text))
    group = keep(_by_name(free(), GROUP_NAMES, "group", _repeats))
    row_id = keep(_by_name(free(), ID_NAMES, "id", _all_distinct))
    text = text or keep(_longest(free()))
    target = target or keep(_fewest_values(free()))
    return Guesses(input=text, target=target, id=row_id, group=group, time=time)


def name_words(name: str) -> frozenset[str]:
    """The words of a column name in lower case: ``createdAt`` and ``created_at`` are created, at."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return frozenset(re.findall(r"[^\W_]+", spaced.lower()))


def _column(name: str, rows: Sequence[Cells]) -> _Column:
    texts = tuple(text for row in rows if (text := cell_text(row.get(name)).strip()))
    return _Column(name, name_words(name), texts, 1 - len(texts) / max(1, len(rows)))


def _by_name(columns: list[_Column], known: Sequence[str], role: str, fits: object) -> Guess | None:
    """The column whose name holds the earliest known word, among those whose values do not speak against it."""
    assert callable(fits)
    ranked = [
        (known.index(word), len(column.words), place, column, word)
        for place, column in enumerate(columns)
        for word in column.words & set(known)
        if fits(column)
    ]
    if not ranked:
        return None
    _, _, _, column, word = min(ranked, key=lambda entry: entry[:3])
    return Guess(column.name, f"its name says {word}; {_values(column, role)}", by_name=True)


def _values(column: _Column, role: str) -> str:
    if role == "input":
        return f"its values have {column.mean_chars:.0f} characters on average"
    if role == "id":
        return "every value is different"
    return f"{column.distinct} different values in the first {len(column.texts)} rows"


def _looks_like_labels(column: _Column) -> bool:
    if column.empty_share > MAX_EMPTY_SHARE_OF_TARGET:
        return False
    few = column.distinct <= max(2, MAX_DISTINCT_SHARE_OF_LABELS * len(column.texts)) or len(column.texts) < 10
    return few and column.mean_chars <= MAX_LABEL_CHARS


def _looks_like_text(column: _Column) -> bool:
    return not all(re.fullmatch(r"[\d\W_]*", text) for text in column.texts)


def _repeats(column: _Column) -> bool:
    return 1 < column.distinct < len(column.texts)


def _all_distinct(column: _Column) -> bool:
    return column.distinct == len(column.texts) and column.mean_chars <= MAX_LABEL_CHARS


def _time(columns: list[_Column]) -> Guess | None:
    for column in columns:
        named = column.words & set(TIME_NAMES)
        if named and any(second is not None for second in parse_times(column.texts)):
            return Guess(column.name, f"its name says {min(named)} and its values are dates", by_name=True)
    return None


def _longest(columns: list[_Column]) -> Guess | None:
    texts = [column for column in columns if _looks_like_text(column)]
    if not texts:
        return None
    best = max(texts, key=lambda column: column.mean_chars)
    reason = f"it has the longest values, {best.mean_chars:.0f} characters on average"
    return Guess(best.name, reason, by_name=False)


def _fewest_values(columns: list[_Column]) -> Guess | None:
    fitting = [column for column in columns if _looks_like_labels(column) and column.distinct > 1]
    if not fitting:
        return None
    best = min(fitting, key=lambda column: column.distinct)
    reason = f"it has only {best.distinct} different values in the first {len(best.texts)} rows"
    return Guess(best.name, reason, by_name=False)
