"""Keys, tokens and passwords: the shapes that providers publish, and values beside a word that says what they are.

Random-looking strings count only beside such a word, for entropy alone finds a secret in every ordinary sentence.
Reports show ``label`` of a value, never the value.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator

from tunewright.audit.privacy.hits import Hit

TITLES = {
    "anthropic_key": "Anthropic key",
    "aws_access_key": "AWS access key",
    "aws_secret_key": "AWS secret key",
    "azure_key": "Azure key",
    "connection_string": "connection string with a password",
    "github_token": "GitHub token",
    "gitlab_token": "GitLab token",
    "google_key": "Google key",
    "groq_key": "Groq key",
    "huggingface_token": "Hugging Face token",
    "jwt": "signed token (JWT)",
    "npm_token": "npm token",
    "openai_key": "OpenAI key",
    "password": "password",
    "private_key": "private key",
    "pypi_token": "PyPI token",
    "random_secret": "random string announced as a key",
    "sendgrid_key": "SendGrid key",
    "slack_token": "Slack token",
    "stripe_key": "Stripe key",
    "twilio_key": "Twilio key",
    "xai_key": "xAI key",
}
# (kind, what must be in the text for the pattern to be worth a try, pattern). Prefixes and lengths as the providers
# document them; a character that may belong to the value must not stand before or after it.
_A, _B = r"(?<![A-Za-z0-9_-])", r"(?![A-Za-z0-9_-])"
_NAMED = (
    *tuple(
        (kind, hint, re.compile(f"{_A}(?:{pattern}){_B}"))
        for kind, hint, pattern in (
            ("anthropic_key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,140}"),
            ("openai_key", "sk-", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,200}|sk-[A-Za-z0-9]{32,64}"),
            ("aws_access_key", "A", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),
            ("github_token", "gh", r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255}"),
            ("gitlab_token", "gl", r"gl(?:pat|dt|rt|oas|cbt|ptt|ft|soat|imt)-[A-Za-z0-9_-]{20,64}"),
            ("slack_token", "xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,200}|xapp-\d-[A-Za-z0-9-]{20,200}"),
            ("stripe_key", "k_", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9+/]{24,64}"),
            ("google_key", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
            ("google_key", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,300}"),
            ("huggingface_token", "hf_", r"hf_[A-Za-z]{30,40}"),
            ("huggingface_token", "hf_", r"hf_[A-Za-z0-9]{34}"),
            ("xai_key", "xai-", r"xai-[A-Za-z0-9]{60,120}"),
            ("groq_key", "gsk_", r"gsk_[A-Za-z0-9]{40,60}"),
            ("npm_token", "npm_", r"npm_[A-Za-z0-9]{36}"),
            ("pypi_token", "pypi-", r"pypi-AgE[A-Za-z0-9_-]{50,250}"),
            ("twilio_key", "K", r"SK[0-9a-f]{32}"),
            ("twilio_key", "AC", r"AC[0-9a-f]{32}"),
            ("sendgrid_key", "SG.", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
        )
    ),
    (
        "slack_token",
        "hooks.slack.com",
        re.compile(r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,28}"),
    ),
    ("azure_key", "AccountKey=", re.compile(r"AccountKey=(?P<value>[A-Za-z0-9+/]{40,100}={0,2})")),
    ("azure_key", "SharedAccessKey=", re.compile(r"SharedAccessKey=(?P<value>[A-Za-z0-9+/]{40,60}={0,2})")),
    ("azure_key", "8Q~", re.compile(r"(?<![\w~.-])[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}(?![\w~-])")),
    (
        "private_key",
        "PRIVATE KEY",
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[^-]{0,8000}-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
    ),
    (
        "aws_secret_key",
        "ws",
        re.compile(
            r"(?i:aws.{0,20}?(?:secret"
            r"|key).{0,20}?[\"'=: ]{1,4})(?P<value>(?=[A-Za-z0-9+/]{0,39}\d)[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])"
        ),
    ),
)
_JWT = re.compile(r"(?<![\w.-])(eyJ[A-Za-z0-9_-]{8,2000})\.(eyJ[A-Za-z0-9_-]{2,8000})\.[A-Za-z0-9_-]{10,2000}(?![\w-])")
_CONNECTION = re.compile(
    r"(?<!\w)[a-z][a-z0-9+]{1,19}://[^\s:/@\"']{0,100}:(?P<value>[^\s/@\"']{1,100})@[\w.-]{1,200}", re.IGNORECASE
)
_ADO = re.compile(
    r"(?:server|data source|host|user id|uid|initial catalog|database)\s?=[^;\n]{1,100};[^\n]{0,300}?(?:password"
    r"|pwd)\s?=\s?"
    r"(?P<value>[^;\s\"']{3,100})",
    re.IGNORECASE,
)
_PASSWORD = re.compile(
    r"(?<![A-Za-z])(?:password|passwd|passwort|kennwort|passphrase|passcode|pwd|contraseña|mot de passe"
    r"|pin(?:[ -]?code)?)"
    r"(?P<joint>[\"']?[ ]?(?:is|was|to|ist|:|=|:="
    r"|=>)[ ]?(?:now[ ])?)(?P<quote>[\"'`“]?)(?P<value>[^\s\"'`”,;<>(){}\[\]]{4,64})",
    re.IGNORECASE,
)
_CUE_VALUE = re.compile(
    r"(?:api[ _-]?key|secret(?:[ _-]?key)?|access[ _-]?(?:key|token)|auth(?:orization|[ _-]?token)?|bearer|token"
    r"|credential"
    r"|client[ _-]?secret|private[ _-]?key|encryption[ _-]?key)s?[\"']?[ ]?(?:is|:|=|:=|=>)?[ ]?(?:bearer[ ])?[\"'`]?"
    r"(?<=[\s\"'`:=>])(?P<value>[A-Za-z0-9+/_.=-]{20,200})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"x{4,}|\*{3,}|\.{3,}|your|example|placeholder|changeme|redacted|dummy|<|\$\{|\$\(|%\(|\{\{|process\.env"
    r"|os\.environ|getenv",
    re.IGNORECASE,
)
# Bits per character: 20 random hexadecimal digits have about 3.5, words joined by signs about 3 to 3.7 but few digits.
_FEWEST_BITS = 3.3


def find(text: str) -> Iterator[Hit]:
    """Secrets, surest first by kind; a value that looks like a placeholder is not reported."""
    for kind, hint, pattern in _NAMED:
        if hint in text:
            for match in pattern.finditer(text):
                start, end = match.span("value") if "value" in pattern.groupindex else match.span()
                if not (kind != "aws_access_key" and _PLACEHOLDER.search(match[0])):
                    yield Hit(start, end, kind, 0.97)
    yield from _tokens(text)
    small = text.lower()
    if any(cue in small for cue in ("pass", "pwd", "kennwort", "pin", "contrase")):
        yield from _passwords(text)
    if any(cue in small for cue in ("key", "secret", "token", "bearer", "credential", "auth")):
        yield from _random(text)


def label(value: str) -> str:
    """How a report names a secret: the first eight hex digits of its SHA-256, and its last four characters.

    Of a short value nothing is shown but the digest's length of four, for four characters would give it away.
    """
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{digest}…{value[-4:]}" if len(value) >= 16 else digest


def _tokens(text: str) -> Iterator[Hit]:
    if "eyJ" in text:
        for match in _JWT.finditer(text):
            if _is_json(match[1]):
                yield Hit(match.start(), match.end(), "jwt", 0.97)
    if "://" in text:
        for match in _CONNECTION.finditer(text):
            if not _PLACEHOLDER.search(match["value"]) and match["value"].casefold() not in ("password", "pass", "pwd"):
                yield Hit(match.start("value"), match.end("value"), "connection_string", 0.9)
    if "=" in text and ";" in text and ("assword" in text or "wd" in text or "PASSWORD" in text):
        for match in _ADO.finditer(text):
            if not _PLACEHOLDER.search(match["value"]):
                yield Hit(match.start("value"), match.end("value"), "connection_string", 0.9)


def _is_json(part: str) -> bool:
    try:
        return isinstance(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))), dict)
    except ValueError:
        return False


def _passwords(text: str) -> Iterator[Hit]:
    for match in _PASSWORD.finditer(text):
        value = match["value"].rstrip(".!?:")
        if len(value) < 4 or _PLACEHOLDER.search(match["value"]):
            continue
        kinds = (any(c.isdigit() for c in value), any(c.isalpha() for c in value), any(not c.isalnum() for c in value))
        pin = value.isdigit() and 4 <= len(value) <= 8
        # "change my pin to 4892" is a wish, and four digits open nothing by themselves: masked, but not reported.
        wish = value.isdigit() and len(value) == 4 and match["joint"].strip(" \"'").startswith("to")
        mixed = kinds[0] and kinds[1]
        signs = kinds[1] and any(c in "!@#$%^&*+=?~" for c in value)
        quoted = bool(match["quote"]) and not value.isdigit() and match["joint"].strip(" \"'") not in ("to",)
        if pin or mixed or signs:
            yield Hit(match.start("value"), match.start("value") + len(value), "password", 0.3 if wish else 0.85)
        elif quoted:
            yield Hit(match.start("value"), match.start("value") + len(value), "password", 0.6)


def _random(text: str) -> Iterator[Hit]:
    for match in _CUE_VALUE.finditer(text):
        value = match["value"].rstrip(".=-_")
        if len(value) >= 20 and _mixed(value) and _bits(value) >= _FEWEST_BITS and not _PLACEHOLDER.search(value):
            yield Hit(match.start("value"), match.start("value") + len(value), "random_secret", 0.7)


def _mixed(value: str) -> bool:
    """Three digits, or one among letters of both cases: names in programs seldom have that."""
    digits, upper, lower = (sum(map(test, value)) for test in (str.isdigit, str.isupper, str.islower))
    return digits >= 3 or (digits >= 1 and upper >= 3 and lower >= 3)


def _bits(value: str) -> float:
    """Shannon entropy of the characters, in bits per character."""
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
