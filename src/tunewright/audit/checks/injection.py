"""Instructions hidden in inputs: "ignore all previous instructions", a new task in place of the one given, questions
for the system prompt, role tags.

A row with such a text teaches the model what to do with it: to obey, if the answer obeys. Rows whose answer refuses or
whose label names the attack are how one trains against it, and a support mail may quote the words or speak of the
sender's own instructions; these are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tunewright.audit.answers import answer_kind
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.audit.wording import counted
from tunewright.records.example import Example

NAME = "injection"
TITLE = "Injected instructions"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Limits = {"max_spans": 10, "quoted_score": 0.3}

_FLAGS = re.IGNORECASE | re.VERBOSE
_OVERRIDE = re.compile(
    r"""\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|override|overrule|bypass|skip)\s+
        (?:(?:all|any|every|everything|each|of|the|these|those|your|about|other|and|completely|please)\s+){0,4}
        (?:(?:previous|prior|above|earlier|preceding|former|initial|original|existing|system|safety|first|given|old|content)\s+
           (?:and\s+\w+\s+)?){1,2}
        (?:instructions?|prompts?|directions?|directives?|rules|guidelines|guardrails|training|programming|polic(?:y|ies)|
           restrictions|constraints|system\s+messages?)\b
        (?!\s+(?:(?:that|which)\s+)?(?:i|we)\s+(?:sent|gave|wrote|left|made|mentioned|emailed|had)\b)
        (?!\s+(?:in|from|on)\s+(?:my|our|the)\s+(?:e-?mail|letter|ticket|order|note|message|box|manual|invoice)\b)
      | \b(?:ignorier\w*|vergiss|missachte)\s+(?:\w+\s+){0,3}(?:vorherigen|bisherigen|vorigen|obigen|früheren)\s+
        (?:anweisung|instruktion|regel|befehl)\w*
      | \b(?:ignore[zr]?|oublie[zr]?)\s+(?:toutes?\s+)?(?:les|tes|vos)\s+(?:instructions|consignes|règles)\s+
        (?:précédentes|antérieures|ci-dessus)
      | \b(?:ignora|olvida|ignore)\s+(?:todas\s+)?(?:las|tus|sus)\s+(?:instrucciones|reglas|órdenes)
        \s+(?:anteriores|previas)""",
    _FLAGS,
)
_PERSONA = re.compile(
    r"""\b(?:you\s+are|you're|act\s+as|pretend\s+(?:to\s+be|you\s+are)|become)\s+(?:now\s+|from\s+now\s+on\s+)?
        (?:an?\s+)?(?:dan\b(?=\W+(?:which|who|stands|mode|\(|,|and))|(?:unrestricted|uncensored|unfiltered|jailbroken)\s
           (?:ai|model|assistant|chatbot|version))
      | \bdo\s+anything\s+now\b
      | \b(?:enable|enter|activate|switch\s+to)\s+(?:developer|dan|jailbreak|god|debug)\s+mode\b(?=[^.]{0,80}
           (?:restrict|filter|rules|polic|uncensored|answer))
      | \b(?:without|with\s+no)\s+(?:any\s+)?(?:ethical|moral|safety|content)
        \s+(?:restrictions|guidelines|filters|limits)\b""",
    _FLAGS,
)
_ACT = r"(?:answer|respond|reply|say|output|print|write|speak|act|behave|pretend|obey|ignore|approve|rate|recommend)"
_READER = r"(?:ai|a\.i\.|llm|(?:large\s+)?language\s+model|chat\s?bot|ai\s+(?:assistant|model|agent|system))s?"
_RULES = r"(?:instructions?|rules|guidelines|prompts?|directives?|orders|constraints|restrictions)"
_TAKEOVER = re.compile(
    rf"""\bfrom\s+now\s+on,?\s+(?:you\s+(?:will|must|shall|should|are\s+(?:going\s+)?to|have\s+to|can)\s+)?
        (?:only\s+|always\s+|just\s+)*{_ACT}\s+(?:only\s+|always\s+|just\s+)*
        (?:(?:with|as|like|every|everything|nothing|yes|no)\b|in\s+(?:the\s+)?(?:style|voice|character|role))
      | \b(?:stop|quit|cease)\s+(?:following|obeying|applying|using)\s+(?:(?:all|any|of|the|these|those|your)\s+){{0,3}}
        (?:{_RULES}\s+(?:(?:that|which)\s+)?
             (?:you\s+(?:were|have\s+been|got|received|are)|(?:given\s+)?to\s+you|(?:given\s+)?above|before)\b
          | (?:previous|prior|above|earlier|initial|original|system|safety)\s+{_RULES})
      | \b(?:task|instructions?|prompt|assignment|request|question|text)s?\s+(?:given\s+|written\s+)?
        (?:above|before\s+this|so\s+far)\s+(?:is|are|was|were)\s+(?:now\s+|all\s+)?
        (?:obsolete|void|cancel\w*|over|outdated|invalid|no\s+longer\s+\w+|replaced|superseded|finished|complete\w*
          |a\s+test|irrelevant)\b[^\n]{{0,40}}
        \b(?:your|the)\s+(?:new|real|actual|next|only|true|current)\s+
        (?:task|job|goal|objective|instructions?|assignment|role)\b
      | \b(?:notes?|messages?|instructions?|attention|commands?|notice|reminder)\s*(?:to|for|:)?\s*
        (?:(?:the|any|all|every|an?)\s+)?
        (?:(?:{_READER}|assistant|model|bot|agent|system)\s+(?:(?:that|who|which)\s+)?(?:is\s+)?(?:currently\s+|now\s+)?
           (?:read(?:s|ing)|process(?:es|ing)|summari[sz](?:es|ing)|answer(?:s|ing)|handl(?:es|ing)|evaluat(?:es|ing)
             |grad(?:es|ing)|review(?:s|ing))\s+(?:this|these|the|it|my)\b
          | {_READER}\s*:)
      | \bif\s+you(?:\s+are|['’]re)\s+(?:an?\s+)?{_READER}\b[^.\n]{{0,40}}?,\s*
        (?:then\s+|please\s+|you\s+(?:must|should)\s+)?
        (?:{_ACT}|give|include|mention|add|start|end|use|insert|forward|send)\b""",
    _FLAGS,
)
_PROMPT_THEFT = re.compile(
    r"""\b(?:reveal|print|show|repeat|output|display|leak|tell\s+me|give\s+me|what\s+(?:is|are|was|were))\s+
        (?:me\s+)?(?:all\s+(?:of\s+)?)?(?:your|the)\s+(?:entire\s+|full\s+|exact\s+|complete\s+|secret\s+)?
        (?:system|hidden|initial|original|secret|internal|developer)\s+(?:prompt|instructions?|message)\b""",
    _FLAGS,
)
_ROLE_TAG = re.compile(
    r"""<\|(?:im_start|im_end|system|user|assistant|start_header_id|end_header_id|eot_id|endoftext)\|>
      | \[/?INST\] | <</?SYS>> | </?(?:system|assistant)(?:_prompt)?> | <start_of_turn>
      | ^\#{2,}\s*(?:system|new\s+instructions?)\s*:?\s*$
      | ^(?:new\s+)?(?:system\s+(?:prompt|message|override)|important\s+instructions?\s+for\s+
        (?:the\s+)?(?:ai|assistant|model|chatbot))\s*:""",
    _FLAGS | re.MULTILINE,
)
_HIDDEN = re.compile(
    r"<!--[^>]{0,400}\b(?:ignore|instruction|assistant|system prompt|you must)\b[^>]{0,400}-->|"
    r"<[^>]{0,200}(?:display:\s*none|font-size:\s*0|color:\s*(?:white|#fff))[^>]{0,200}>[^<]{10,}",
    re.IGNORECASE,
)
_PATTERNS = (
    ("override", "tells the model to ignore its instructions", _OVERRIDE),
    ("takeover", "gives the model a new task in place of its own", _TAKEOVER),
    ("persona", "tells the model to play one without rules", _PERSONA),
    ("prompt_theft", "asks for the hidden prompt", _PROMPT_THEFT),
    ("role_tag", "holds tags that pose as another speaker", _ROLE_TAG),
    ("hidden_text", "holds text that is hidden from readers", _HIDDEN),
)
# All patterns need one of these; looking for them first makes clean rows cheap.
_HINT = re.compile(
    r"instruc|prompt|direct|rules|guid|guard|train|program|polic|restric|constrain|system|anweis|regel|befehl|consign|"
    r"règle|regla|órden|anything now|mode\b|filter|limits|unrestr|uncens|unfilt|jailbr|\bdan\b|<|\[/?INST|"
    r"from\s+now\s+on|\btask|assignment|request|question|\bai\b|a\.i\.|\bllm|language\s+model|chat\s?bot|assistant|\bbot\b|agent",
    re.IGNORECASE,
)
_ATTACK_LABEL = re.compile(
    r"inject|jailbreak|attack|malicious|unsafe|adversar|prompt[_ -]?leak|abuse|spam", re.IGNORECASE
)
_QUOTES = (('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"), ("'", "'"), ("‘", "’"), ("`", "`"))


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """One sighting per message and pattern, in what the user or a tool says."""
    found = []
    for number, message in enumerate(example.messages):
        if message.role not in ("user", "tool") or not _HINT.search(message.content):
            continue
        for kind, what, pattern in _PATTERNS:
            matches = list(pattern.finditer(message.content))[: int(limits["max_spans"])]
            if not matches:
                continue
            quoted = kind != "role_tag" and all(_is_quoted(message.content, match) for match in matches)
            spans = tuple(Span(f"messages[{number}]", *match.span(), kind=kind) for match in matches)
            who = "A tool's answer" if message.role == "tool" else "The input"
            why = f"{who} {what}{', in quotation marks' if quoted else ''}."
            found.append(Sighting(kind, why, limits["quoted_score"] if quoted else 1.0, spans))
    return tuple(found)


def conclude(view: View, found: Mapping[int, tuple[Sighting, ...]], limits: Limits) -> CheckResult:
    """One finding over all patterns; quoted words alone and rows that train against the attack make none."""
    items, defended = [], 0
    for row, sightings in sorted(found.items()):
        plain = [sighting for sighting in sightings if sighting.score > limits["quoted_score"]]
        if not plain:
            continue
        if _is_defence(view, row):
            defended += 1
            continue
        score = 1.0 if any(s.kind in ("override", "takeover", "hidden_text") for s in plain) else 0.7
        items.append(
            Item((row,), " ".join(s.why for s in plain), score, tuple(span for s in plain for span in s.spans))
        )
    items.sort(key=lambda item: (-item.score, item.rows))
    numbers = (("rows_that_train_against_it", float(defended)),)
    if not items:
        return CheckResult(numbers=numbers if defended else ())
    finding = Finding(
        f"{NAME}.instructions",
        "warning",
        f"{counted(len(items), 'input')} {'holds' if len(items) == 1 else 'hold'} instructions to the model",
        "If the answer obeys, the model learns to obey whoever writes such a text into a ticket, a page or a file.",
        "Read the answers. Keep the row if the answer treats the text as data or declines; else mend the answer or "
        "leave "
        "the row out.",
        tuple(items[:2000]),
        (("rows", float(len(items))), *numbers),
        len(items),
    )
    return CheckResult((finding,), numbers=numbers)


def _is_quoted(text: str, match: re.Match[str]) -> bool:
    """Whether the words stand between quotation marks on one line: somebody speaks about them."""
    before = text[max(0, match.start() - 200) : match.start()].rpartition("\n")[2]
    after = text[match.end() : match.end() + 200].partition("\n")[0]
    for opening, closing in _QUOTES:
        inside = before.count(opening) % 2 == 1 if opening == closing else before.rfind(opening) > before.rfind(closing)
        if inside and closing in after:
            return True
    return False


def _is_defence(view: View, row: int) -> bool:
    target = view.examples[row].target
    if view.kind == "classify":
        return bool(_ATTACK_LABEL.search(target))
    return answer_kind(target) in ("refusal", "capability_limit")
