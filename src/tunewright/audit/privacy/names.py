"""Names of persons without a model: words that announce a name, and strings that only one customer's rows hold.

A name in running prose ("Tamara left early") is not found. What is found is said by a person who introduces themselves,
addresses someone, signs, fills in a field, or speaks under a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tunewright.audit.privacy.hits import Hit, word_set

_WORD = r"[^\W\d_](?:[\w’'-]|\.(?=\w)){0,30}\.?"
_RUN = rf"(?P<name>{_WORD}(?:[ ]{_WORD}){{0,5}})"
_PARTICLES = word_set("van von der den de del della di da dos das du la le bin ibn al el ter ten zu zur af av y e")
_TITLES = word_set("mr mrs ms miss dr prof professor sir madam herr frau mme mlle monsieur madame señor señora mx")
# Words with a capital that follow a cue and are no name.
_NOT_NAMES = word_set(
    "i a an the my your our their his her this that these those it we you they he she sir madam customer team "
    "all everyone "
    "support sales service friend friends colleagues colleague hiring manager committee editor user client guest "
    "member "
    "valued recruiter board staff doctor patient nurse agent assistant bot system admin administrator human ai speaker "
    "interviewer interviewee caller operator question answer q note notes subject date time phone email mail fax "
    "address "
    "name from to cc bcc re title summary city state country company price total order item items status error warning "
    "info example input output context description type id url website source code step steps option hint tip result "
    "and or but not no yes ok okay so very also just here there what when where who why how if then because as "
    "at in on "
    "monday tuesday wednesday thursday friday saturday sunday january february march april june july august september "
    "october november december mom dad mum mother father son daughter guest_family host both man woman narrator "
    "teacher "
    "student moderator participant person male female boy girl section chapter part table figure world people ladies "
    "gentlemen sirs lord god diary santa regards thanks hello hi dear best kind please thank sincerely cheers sent new "
    "english american british french german spanish italian chinese japanese indian russian canadian mexican"
)
_INTRODUCED = re.compile(
    rf"(?:(?<!\w)(?:my (?:full |first |last )?name is|my name's|i am called|name on the (?:account|card) is"
    rf"|(?:her|his|their) (?:\w+ )?name is|mein name ist|ich hei(?:ß|ss)e|je m'appelle|me llamo|mi nombre es"
    rf"|mi chiamo)[ ]){_RUN}",
    re.IGNORECASE,
)
_I_AM = re.compile(rf"(?<!\w)(?:I'm|I’m|I am|This is|this is|Ich bin|Je suis|Soy)[ ]{_RUN}")
_TITLED = re.compile(
    rf"(?<!\w)(?:Mr|Mrs|Ms|Mx|Dr|Prof|Herr|Frau|Mme|Mlle|Miss|Monsieur|Madame|Señor|Señora|mrs|mr)(?:\.[ ]?|[ ]){_RUN}"
)
_GREETED = re.compile(
    rf"(?:^|(?<=\n)|(?<=[.!?\"] ))(?:Dear|Hi|Hello|Hey|Liebe[rs]?|Hallo|Bonjour|Cher|Chère|Hola|Ciao|Caro"
    rf"|Cara)[ ]{_RUN}[ ]?(?=[,!:\n]|$)"
)
_SIGNED = re.compile(
    rf"(?<!\w)(?:(?:best|kind|warm|warmest)? ?regards|sincerely(?: yours)?|yours (?:truly|sincerely|faithfully)|cheers"
    rf"|best wishes|all the best|many thanks|thanks|mit freundlichen grüßen|viele grüße|cordialement|saludos)"
    rf"[ ]?[,.!][ ]{{0,2}}\n?[ \t]{{0,4}}\n?[ \t]{{0,4}}-{{0,2}}[ ]?{_RUN}[ ]?(?=[\n.,]|$)",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"(?:(?:^|(?<=[\n,;{(|]))[ \t\"']{0,4}|(?<!\w))(?:(?:full|first|last|customer|client|patient|contact|account"
    r"|family)[ _-]?name|"
    rf"from|attn|nachname|vorname|nom|nombre|cardholder|recipient|directed by|written by|signed by"
    rf"|starring)[\"']?[ ]?[:=][ ]{{0,4}}[\"']?{_RUN}",
    re.IGNORECASE,
)
_NAME_FIELD = re.compile(
    rf"(?:^|(?<=\n))[ \t]{{0,8}}[\"']?(?:name|attention|author)[\"']?:[ ]{{0,4}}[\"']?{_RUN}", re.IGNORECASE
)
_SPEAKER = re.compile(
    rf"(?:^|(?<=\n))[ \t]{{0,4}}(?P<name>{_WORD}(?:[ ]{_WORD}){{0,2}}):(?=[ \t\n\"'“\\\\][ \t]*[^\d\s$]|[\"“])"
)
_MAIDEN = re.compile(rf"(?<!\w)maiden name (?:is|was)[ ]{_RUN}")
_LOWERCASE_CUES = 2
FORM_HEADINGS = 4
# What people say of their name in small letters.
_AFTER_NAME_IS = word_set(
    "wrong incorrect correct right spelled spelt misspelled missing different changed still now being written shown "
    "listed displayed linked on of is too common long short mine same"
)
_CONTRACTED = re.compile(r"['’](?:d|ll|m|ve|re|t)$")
_PLACEHOLDERS = frozenset({"xyz", "abc", "x y z", "a b c", "xxx", "xx", "xxxx", *"abcdefghijklmnopqrstuvwxyz"})
_LETTERS = re.compile(r"[^\W\d_]{2,30}")
_ONE_WORD = re.compile(r"(?<![\w@#/.])[^\W\d_][\w’'-]{1,30}")


# (pattern, one of these must be in the text, how sure)
_FRAMES = (
    (
        _INTRODUCED,
        ("name is", "name's", "am called", "account is", "card is", "hei", "appelle", "llamo", "nombre", "chiamo"),
        0.85,
    ),
    (_MAIDEN, ("maiden",), 0.85),
    (
        _TITLED,
        ("mr", "ms", "mx", "dr", "prof", "herr", "frau", "mme", "mlle", "miss", "monsieur", "madam", "señor"),
        0.85,
    ),
    (
        _SIGNED,
        (
            "regards",
            "sincerely",
            "yours",
            "cheers",
            "wishes",
            "all the best",
            "thanks",
            "grüße",
            "cordialement",
            "saludos",
        ),
        0.75,
    ),
    (
        _GREETED,
        ("dear", "hi ", "hello", "hey", "liebe", "hallo", "bonjour", "cher", "chère", "hola", "ciao", "car"),
        0.75,
    ),
)
_FIELD_HINTS = ("name", "from", "attn", "nom", "cardholder", "recipient", "directed", "written", "signed", "starring")


def find(text: str) -> Iterator[Hit]:
    """Names after a cue. Confidence follows the cue: titles and introductions are surest, speaker tags least."""
    small = text.lower()
    for pattern, hints, confidence in _FRAMES:
        if any(hint in small for hint in hints):
            for match in pattern.finditer(text):
                yield from _capitalised_run(match, confidence, pattern is _INTRODUCED)
    if ":" in text or "=" in text:
        if any(hint in small for hint in _FIELD_HINTS):
            for match in _FIELD.finditer(text):
                yield from _capitalised_run(match, 0.7, False)
        for match in _NAME_FIELD.finditer(text) if "name" in small or "author" in small or "attention" in small else ():
            yield from _capitalised_run(match, 0.75, False)
        yield from _speakers(text)
    for match in _I_AM.finditer(text):
        hits = list(_capitalised_run(match, 0.65, False))
        if hits and " " in text[hits[0].start : hits[0].end]:
            yield hits[0]


def _capitalised_run(match: re.Match[str], confidence: float, lower_too: bool) -> Iterator[Hit]:
    """The name at the head of a run of words: words with a capital, particles between them; two small words after the
    surest cue, for people write without capitals.
    """
    start, place, end, count = match.start("name"), match.start("name"), 0, 0
    for word in match["name"].split(" "):
        bare = word.strip(".'’-").casefold()
        if word[:1].isupper() and bare not in _NOT_NAMES and not _CONTRACTED.search(bare):
            end, count = place + len(word), count + (bare not in _TITLES)
        elif not (bare in _PARTICLES and (word.islower() or count)) or not bare:
            break
        place += len(word) + 1
        if word.endswith(".") and len(bare) > 3:
            break
    if count and match.string[start:end].strip(". ").casefold() not in _PLACEHOLDERS:
        yield Hit(start, _trimmed(match.string, start, end), "person", confidence)
    elif lower_too and match["name"].islower():
        yield from _small_letters(match, confidence)


def _small_letters(match: re.Match[str], confidence: float) -> Iterator[Hit]:
    place = match.start("name")
    for number, word in enumerate(match["name"].split(" ")):
        if number == _LOWERCASE_CUES or word.strip(".") in _NOT_NAMES | _AFTER_NAME_IS:
            break
        place += len(word) + 1
    end = place - 1
    if end > match.start("name") + 1:
        yield Hit(match.start("name"), _trimmed(match.string, match.start("name"), end), "person", confidence - 0.25)


def _trimmed(text: str, start: int, end: int) -> int:
    """The end without a full stop that closes the sentence (an initial keeps its own) and without 's."""
    if text[end - 1] == "." and not (end - start >= 2 and text[end - 2].isupper()):
        end -= 1
    for tail in ("'s", "’s"):
        if text.endswith(tail, start, end):
            end -= len(tail)
    return end


def _speakers(text: str) -> Iterator[Hit]:
    """Tags at the start of lines, where at least two lines of the text have one."""
    tags = [m for m in _SPEAKER.finditer(text) if all(w[:1].isupper() for w in m["name"].split(" "))]
    # Who speaks comes up again; many headings that each stand once are a form.
    if len(tags) < 2 or len({match["name"] for match in tags}) == len(tags) >= FORM_HEADINGS:
        return
    for match in tags:
        words = [word.strip(".").casefold() for word in match["name"].split(" ")]
        if not any(word in _NOT_NAMES or "_" in word for word in words):
            yield Hit(match.start("name"), match.end("name"), "person", 0.55)


def of_one_group(
    rows: Iterable[tuple[str, str]], fewest_groups: int = 5, fewest_rows: int = 2
) -> dict[str, tuple[str, list[int]]]:
    """Strings with a capital that stand in one group's rows only: string -> (group, row numbers in ``rows``).

    ``rows`` are (group, text). A string counts when it is capitalised inside a sentence, stands in at least
    ``fewest_rows`` rows of its group and in no other group, and its words are nowhere written small. Nothing is said
    for fewer than ``fewest_groups`` groups. It is evidence, not proof: a group's own product names look the same.
    """
    small: set[str] = set()
    holder: dict[str, str | None] = {}
    places: dict[str, list[int]] = {}
    groups = set()
    for number, (group, text) in enumerate(rows):
        groups.add(group)
        small.update(word for word in _LETTERS.findall(text) if word.islower())
        for string in _inside_sentences(text):
            if holder.setdefault(string, group) == group:
                places.setdefault(string, []).append(number)
            else:
                holder[string] = None
                places.pop(string, None)
    if len(groups) < fewest_groups:
        return {}
    found = {}
    for string in sorted(places):
        words = [word.casefold() for word in string.split(" ")]
        group_of = holder[string]
        plain = any(word in small or word in _NOT_NAMES for word in words)
        if group_of is not None and len(places[string]) >= fewest_rows and not plain:
            found[string] = (group_of, places[string])
    return found


def _inside_sentences(text: str) -> set[str]:
    """Runs of words with a capital, of which the first does not begin a sentence or a line."""
    found = set()
    run: list[str] = []
    end = -1
    for match in _ONE_WORD.finditer(text):
        word = match[0]
        capital = word[0].isupper() and not word.isupper()
        if run and not (capital and match.start() == end + 1):
            found.add(" ".join(run))
            run = []
        if capital and (run or _goes_on_before(text, match.start())):
            run.append(word)
        end = match.end()
    return found | ({" ".join(run)} if run else set())


def _goes_on_before(text: str, start: int) -> bool:
    before = text[max(0, start - 3) : start].rstrip(" ")
    return bool(before) and before[-1] not in ".!?:\n\"'“("
