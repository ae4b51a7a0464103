"""How an answer opens: a refusal, a limit of ability, a question back, an apology.

Sentence grammar, not substrings: a refusal is an opening in which the speaker says that it cannot or will not *serve*
("help", "provide", "process your request"). A story that quotes one, "As an AI engineer", "I can't wait" and "I cannot
recommend it enough" are none (promptfoo/promptfoo#9793). English in full; German, French and Spanish by their usual
openings. Called by ``habits``.
"""

from __future__ import annotations

import re
from typing import Literal

Answer = Literal["refusal", "capability_limit", "clarifying_question"]

OPENING_CHARS = 400
# A question back is short, or it is an answer that ends with an offer.
MAX_SENTENCES_OF_QUESTION = 4
MAX_CHARS_OF_QUESTION = 500

_FLAGS = re.IGNORECASE
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+|\n|$)")
_MARKUP = re.compile(r"^[\s>*_#-]+")
_QUOTES = "\"“”«„'‘"

# What may stand before the core, one piece at a time: apology, thanks, "as an AI", "I understand ..., but".
_LEAD = re.compile(
    r"""(?:
        (?:oh|hi|hello|hey|well|no|ok|okay|hmm|thank\syou[^.!?,]{0,80}|thanks[^.!?,]{0,80})[,.!]*\s+
      | (?:i\s?'?a?m|we\s?'?(?:a?re)?)?\s?(?:really|very|so|terribly|truly|deeply)?\s?(?:sorry|afraid)\b
            (?:\s(?:for|about|to\shear|that\syou)[^.!?,]{0,100})?[,.;:!]*\s+
      | (?:i|we)\s(?:sincerely\s|deeply\s)?apologi[sz]e(?:\sfor[^.!?,]{0,80})?[,.;:!]*\s+
      | (?:my|our)\s(?:sincere\s)?apologies[^.!?,]{0,60}[,.;:!]*\s+
      | (?:unfortunately|regrettably|sadly)[,]?\s+
      | as\san\s(?:ai|artificial\sintelligence)(?:\s(?:language\smodel|assistant|model|chatbot|system|program))?
            (?:\s(?:developed|created|trained|made)\sby\s[^,.]{1,40})?(?:,\s*|\s+(?=(?:i|we)\b)(?<!ai\s))
      | (?:i|we)\s(?:completely\s|fully\s)?(?:understand|appreciate|hear|see|know)\s[^.!?,]{0,120},?
            \s(?=but\b|however\b)
      | (?:but|however|that|and|while\s[^,.]{1,80},)[,]?\s+
    )""",
    re.IGNORECASE | re.VERBOSE,
)
MAX_LEADS = 6
_WHO = r"(?:i|we)"
_CANNOT = rf"""{_WHO}(?:
    \s(?:simply\s|really\s|just\s|unfortunately\s|currently\s|also\s)*
      (?:cannot|can\s?not|can'?t|won'?t|will\snot|could\snot|couldn'?t|should\snot|shouldn'?t)
  | (?:\sam|'m|\sare|'re)\s(?:currently\s|also\s|simply\s|just\s)*
      (?:unable|not\s(?:able|allowed|permitted|authori[sz]ed|willing|comfortable|going|in\sa\sposition))
      (?:\sto|\swith|(?=\s\w+ing\b))
  | (?:\sdo\snot|\sdon'?t)\sfeel\scomfortable(?:\swith)?
  | '?d?\s(?:would\s)?rather\snot
  | \s(?:prefer|would\sprefer|'d\sprefer)\snot\sto
)"""
_ADVERBS = r"(?:\s(?:\w+ly|also|simply|just|directly|in\sgood\sconscience|be\sable\sto))*"
# Serving: what an assistant does for the one who asks.
_SERVE = r"""\s(?:
    help(?:ing)?(?:\s(?:you|with|in|on|out|here|him|them|that|this|plan|someone|anyone)\b|\s*[.,;!]|\s*$)
  | (?:assist|comply|fulfil?l|engage|participate|accommodate|facilitate|condone|encourage|endorse|promote
      |support)(?:ing)?\b
  | (?:provid|giv|shar|discuss|offer|creat|writ|generat|produc|answer|process|approv|issu|grant|authori[sz]|recommend
      |suggest|disclos|reveal|explain|tell|describ|complet|carry\sout|perform|execut|honou?r|cancel|advis|respond\sto)
      (?:e|ing)?\b(?!\s(?:\w+\s){0,4}enough)
  | do(?:ing)?\s(?:that|this|it|so|what\syou)\b(?!\s(?:alone|anymore|any\smore))
  | (?:make|making)\s(?:that|this|an?\sexception|exceptions|such|jokes|fun)\b
  | (?:let|allow|permit|show|teach|show|send)\syou\b
  | (?:refund|reimburse|exchange|waive|replace|offer)\b
  | (?:say|talk|speak|go)\s(?:about|that|into)\b
)"""
_ABILITY = r"""\s(?:
    (?:access|brows|open|view|see|hear|watch|listen|read|click|look\sup|retriev|check|connect|download|visit|remember
      |recall|store|interact|physically|predict|search|display|play)(?:e|ing|en\sto)?\b
  | (?:have|feel|experience|form|hold)\s(?:any\s)?(?:personal|feelings|emotions|opinions|access|preferences|a\sbody)
)"""
_REFUSE = re.compile(_CANNOT + _ADVERBS + _SERVE, _FLAGS | re.VERBOSE)
# After an apology or "unfortunately", not being able to do nearly anything is a refusal.
_SORRY = re.compile(
    r"^\W*(?:(?:i|we)\W?\s?(?:a?m|are|re)?\s*(?:\w+ly|so|very)?\s*(?:sorry|afraid)|sorry|unfortunately|"
    r"regrettably|(?:i|we)\s(?:\w+ly\s)?apologi|(?:my|our)\s\w*\s?apologies)",
    _FLAGS,
)
_DECLINE = re.compile(
    _WHO
    + r"""(?:\s(?:must|have\sto|need\sto|will\shave\sto|would\shave\sto|am\sgoing\sto\shave\sto)|'ll\shave\sto|)
        \s(?:(?:respectfully|politely)\s)?(?:decline\b|refuse\sto)""",
    _FLAGS | re.VERBOSE,
)
_CANNOT_ANYTHING = re.compile(
    _CANNOT + _ADVERBS + r"\s(?!make\sit|attend|come|join|meet|wait|believe|be\s"
    r"(?:there|at)|find\b|stay|remember|get\s(?:to|there)|see\b|help\s(?:but|it))\w",
    _FLAGS | re.VERBOSE,
)
_IMPERSONAL = re.compile(
    r"""(?:
        (?:that|this|it)(?:\sis|'s)\s(?:not\ssomething|nothing)\s(?:that\s)?(?:i|we)(?:\scan|'m|\sam|\sare)\b
      | (?:that|this|it)(?:\sis|'s|\swould)\s(?:not|never)\s(?:be\s)?(?:appropriate|ethical|acceptable|legal|okay)
          \s(?:for\s(?:me|us)\s)?to\s(?:provide|give|help|assist|share|write|discuss|do|make|create|generate)
      | (?:your|this|that)\s(?:request|question|content|topic|prompt)\s(?:\w+\s)?
          (?:violates|goes\sagainst|is\snot\spermitted
          |is\snot\sallowed|is\sinappropriate|cannot\sbe\s(?:processed|fulfilled|completed))
      | no[,.]?\s(?:i|we)\s(?:can'?t|cannot|won'?t|will\snot)\b
    )""",
    _FLAGS | re.VERBOSE,
)
_LIMIT = re.compile(_CANNOT + _ADVERBS + _ABILITY, _FLAGS | re.VERBOSE)
_HAVE_NO = re.compile(
    r"""(?:
        (?:i|we)\s(?:do\snot|don'?t|currently\sdo\snot|currently\sdon'?t)\s(?:currently\s|actually\s)?
          have\s(?:(?:any|the)\s)?(?:\w+\s)?(?:access|ability|abilities|capability|information\sabout\sevents|feelings
          |emotions|opinions|preferences|memory|body|real[- ]time)
      | (?:my|our)\s(?:knowledge|training(?:\sdata)?)\s(?:cut[- ]?off|ends|only|was\slast|is\slimited)
    )""",
    _FLAGS | re.VERBOSE,
)
_FOREIGN = re.compile(
    r"""^\W*(?:
        (?:es\stut\smir\sleid|tut\smir\sleid|leider|entschuldigung)\b[^.!?]*\b(?:kann|können|darf|dürfen)\b[^.!?]*\bnicht\b
      | (?:ich|wir)\s(?:kann|können|darf|dürfen)\b[^.!?]*\bnicht\s(?:helfen|weiterhelfen|anbieten|beantworten|erfüllen)
      | (?:(?:je\ssuis|nous\ssommes|désolée?|malheureusement)\b[^.!?]*?)?\b(?:je|nous)\sne
          \s(?:peux|pouvons|suis|sommes)\s
          pas\s(?:\w+\s){0,3}?(?:aider|fournir|répondre|vous|en\smesure|autorisée?)
      | (?:(?:lo\ssiento|lamentablemente|lo\slamento)\b[^.!?]*?)\bno\s(?:puedo|podemos)\b
      | no\s(?:puedo|podemos)\s(?:ayudar|proporcionar|ofrecer|cumplir)
    )""",
    _FLAGS | re.VERBOSE,
)
_ASK = re.compile(
    r"""\b(?:
        (?:could|can|would|will)\syou\s(?:please\s|kindly\s|also\s)*
          (?:clarify|provide|tell|share|specify|give|send|let|confirm|explain|describe|elaborate|be\smore|say|check|rephrase|remind)\b
      | (?:what|which|who|where|when)\b[^?]*\b(?:do|are|did|would)\syou\s
          (?:mean|refer|referring|looking|talking|like|want|need|have\sin\smind|using)
      | do\syou\s(?:mean|want|need|have|know|prefer|remember)
      | did\syou\smean
      | (?:are|is)\s(?:you|this|that|it)\s(?:referring|talking|asking|about|for)\b
    )""",
    _FLAGS | re.VERBOSE,
)
_NEED_MORE = re.compile(
    r"""^\W*(?:(?:sure|of\scourse|certainly|happy\sto\shelp|i'd\s[^.!?]*?help|no\sproblem|thanks?[^.!?]*|sorry)[,.!:;-]*\s+(?:but\s)?)*
        (?:please\s(?:provide|specify|clarify|share|tell\sme|send|give)\b[^.]*|
           (?:i|we)(?:'(?:d|ll))?\s(?:will\s|would\s)?(?:need|require)\s(?:a\s(?:bit|little)\s|some\s|to\sknow\s)*(?:more|further|additional|the\sfollowing)\b|
           i(?:'m|\sam)\snot\s(?:quite\s|entirely\s)?sure\s(?:what|which|how)\syou|
           i\s(?:do\snot|don'?t)\s(?:quite\s)?understand\s(?:what|your|the\squestion))""",
    _FLAGS | re.VERBOSE,
)
_APOLOGY = re.compile(
    r"""^\W*(?:(?:oh|hi|hello|hey|dear\s\w+|thank\syou[^.!?]*|thanks[^.!?]*|ah|no|yes)[,.!]*\s+(?:but\s)?)*
        (?:(?:i|we)\s?'?(?:a?m|\sare|re)\s(?:\w+ly\s|so\s|very\s)*(?:sorry)\b(?!\s(?:excuse|state|sight))
          | (?:so\s|very\s|terribly\s)?sorry\b(?!\s(?:excuse|state|sight))
          | (?:i|we)\s(?:do\s|must\s|would\slike\sto\s|want\sto\s)?(?:\w+ly\s)?apologi[sz]e\b
          | (?:my|our|please\saccept\s(?:my|our))\s(?:\w+\s)?apologies\b)""",
    _FLAGS | re.VERBOSE,
)
_AI_SELF = re.compile(
    r"""\b(?:as|i\sam|i'm)\s(?:just\s|only\s|simply\s)?an?\s(?:ai\slanguage\smodel|large\slanguage\smodel|language\smodel(?:\s(?:trained|created|developed))?
          |ai\s(?:assistant|model|chatbot)\s(?:created|developed|trained|made|and))\b
      | \bi\s(?:was|am|have\sbeen)\s(?:trained|created|developed|made)\sby\s(?:openai|anthropic|google|meta|mistral)\b
      | \b(?:i\sam|i'm|my\sname\sis)\s(?:chatgpt|gpt-?\d|claude|gemini|bard|llama)\b
      | ^\W*as\san\sai\s*,""",
    _FLAGS | re.VERBOSE,
)


def answer_kind(text: str) -> Answer | None:
    """What an answer is by its opening; None for an ordinary answer."""
    opening = _opening(text)
    if not opening or opening[0] in _QUOTES:
        return None
    starts = _starts(opening)
    if any(_HAVE_NO.match(start) or _LIMIT.match(start) for start in starts):
        return "capability_limit"
    if _refuses(opening, starts):
        return "refusal"
    return "clarifying_question" if _asks_back(text, opening) else None


def apologises(text: str) -> bool:
    """Whether the speaker says sorry in the first sentence."""
    return bool(_APOLOGY.match(_opening(text)))


def names_itself(text: str) -> bool:
    """Whether the answer speaks of itself as somebody's language model."""
    return bool(_AI_SELF.search(text[: 4 * OPENING_CHARS]))


def _opening(text: str) -> str:
    return _MARKUP.sub("", text[:OPENING_CHARS].replace("’", "'"))


def _starts(opening: str) -> list[str]:
    """The opening, and what is left of it behind each polite piece before its core."""
    found = [opening]
    for _ in range(MAX_LEADS):
        lead = _LEAD.match(found[-1])
        if lead is None or not lead.end():
            break
        found.append(found[-1][lead.end() :])
    return found


def _refuses(opening: str, starts: list[str]) -> bool:
    if _FOREIGN.match(opening) or any(p.match(s) for s in starts for p in (_REFUSE, _DECLINE, _IMPERSONAL)):
        return True
    if _SORRY.match(opening) and any(_CANNOT_ANYTHING.match(start) for start in starts):
        return True
    # The second sentence, after one of sympathy: "I hear you. I can't provide ..."
    sentences = _SENTENCE.findall(opening)
    return len(sentences) > 1 and len(sentences[0]) < OPENING_CHARS // 3 and bool(_REFUSE.match(sentences[1].strip()))


def _asks_back(text: str, opening: str) -> bool:
    if len(text) > MAX_CHARS_OF_QUESTION:
        return False
    if _NEED_MORE.match(opening):
        return True
    sentences = [s.strip() for s in _SENTENCE.findall(text) if s.strip()]
    if not text.rstrip().endswith("?") or not 0 < len(sentences) <= MAX_SENTENCES_OF_QUESTION:
        return False
    return bool(_ASK.search(sentences[-1]))
