"""Secrets: the planted shapes are all found, ordinary sentences hold none, and no report repeats a value.

Every secret here is made up, and put together when the test runs so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
import time

import pytest

from tunewright.audit.checks import secrets as check
from tunewright.audit.privacy import secrets
from tunewright.audit.privacy.hits import without_overlaps
from tunewright.audit.view import View
from tunewright.records.example import Example, Message, Source, ToolCall

RANDOM = random.Random(0)


def made(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Random characters, of which the first three are a letter of each case and a digit."""
    return ("a" + "B" + "7" + "".join(RANDOM.choices(alphabet, k=length - 3)))[:length]


def part(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
PLANTED = {
    "aws_access_key": "AKIA" + "".join(RANDOM.choices(UPPER, k=16)),
    "github_token": "ghp" + "_" + made(36),
    "gitlab_token": "glpat" + "-" + made(20),
    "slack_token": "xoxb" + "-123456789012-" + made(24),
    "stripe_key": "sk" + "_live_" + made(24),
    "google_key": "AIza" + made(35),
    "openai_key": "sk" + "-proj-" + made(48),
    "anthropic_key": "sk" + "-ant-api03-" + made(93),
    "huggingface_token": "hf" + "_" + made(34, string.ascii_letters).replace("7", "c"),
    "xai_key": "xai" + "-" + made(80),
    "groq_key": "gsk" + "_" + made(52),
    "npm_token": "npm" + "_" + made(36),
    "pypi_token": "pypi" + "-AgEIcHlwaS5vcmc" + made(60),
    "twilio_key": "SK" + "".join(RANDOM.choices(HEX, k=32)),
    "sendgrid_key": "SG" + "." + made(22) + "." + made(43),
    "azure_key": "AccountKey" + "=" + made(86) + "==",
    "private_key": "-----BEGIN RSA " + "PRIVATE KEY-----\n" + made(64) + "\n-----END RSA " + "PRIVATE KEY-----",
    "jwt": part({"alg": "HS256"}) + "." + part({"sub": "12345"}) + "." + made(43),
    "connection_string": "postgresql://anna:" + "t7lip!x" + "@db.internal:5432/shop",
    "password": "My password is " + "Tul1pan!",
    "random_secret": "client_secret: " + made(32),
}


def kinds(text: str) -> list[str]:
    return [hit.kind for hit in without_overlaps(secrets.find(text)) if hit.confidence >= 0.5]


@pytest.mark.parametrize("kind", sorted(PLANTED))
@pytest.mark.parametrize("frame", ["{}", "Use {} for this.", 'key = "{}"', "Here it is: {}\nThanks"])
def test_every_planted_shape_is_found(kind: str, frame: str) -> None:
    assert kind in kinds(frame.format(PLANTED[kind]))


@pytest.mark.parametrize(
    "text",
    [
        "I forgot my password is there a way to reset it?",
        "The password is incorrect, my pin is blocked",
        "change the password to something else",
        "password: required",
        "api_key = os.environ['API_KEY_FOR_THE_SERVICE_1234567']",
        "token: your-token-goes-here-1234567890",
        "sk-learn and hf_hub are libraries; npm_install too",
        "the secret of internationalisation-and-localisation",
        "sha 3f786850e387550fdab836ed7e6dc881de23001b is a commit",
        "123e4567-e89b-12d3-a456-426614174000",
        "https://user@example.com/path and http://example.com:8080/a@b",
        "eyJhbGciOi is no token",
        "set it to sk" + "-ant-your-key-goes-here-in-place",
        "The first public key of the alphabet was lost",
    ],
)
def test_ordinary_text_holds_none(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("please change my pin to 4892", False),
        ("set the PIN to '1234' for my card", False),
        ("my password is hunter22", True),
        ("my pin is 4892", True),
        ("change the password to hunter22", True),
        ("reset the pin to 489215", True),
    ],
)
def test_a_wish_for_four_digits_is_masked_and_not_reported(text: str, reported: bool) -> None:
    assert [hit.kind for hit in secrets.find(text)] == ["password"]
    assert bool(run([example(text, "Done.")]).findings) is reported


def test_a_label_never_gives_the_value_away() -> None:
    value = PLANTED["github_token"]
    label = secrets.label(value)
    assert label.endswith(value[-4:])
    assert value[:-4] not in label
    assert len(label) == 13
    assert "7842" not in secrets.label("7842")


def test_time_grows_with_the_text_and_no_faster() -> None:
    for piece in (
        "sk-",
        "eyJ",
        "eyJa.",
        "a://b:",
        "password is ",
        "key ",
        "AccountKey=",
        "-----BEGIN PRIVATE KEY-----",
        "aws key ",
    ):
        text = piece * (40_000 // len(piece))
        start = time.process_time()
        list(secrets.find(text))
        assert time.process_time() - start < 4, piece


def example(user: str, answer: str, calls: tuple[ToolCall, ...] = ()) -> Example:
    return Example((Message("user", user),), answer, Source("f", 1), "1", target_calls=calls)


def run(rows: list[Example]):  # type: ignore[no-untyped-def]
    found = {n: seen for n, e in enumerate(rows) if (seen := check.look(e, check.LIMITS))}
    return check.conclude(View(tuple(rows), "generate"), found, check.LIMITS)


def test_the_check_names_rows_and_places_and_no_value() -> None:
    key = PLANTED["stripe_key"]
    call = ToolCall("pay", json.dumps({"key": key}))
    rows = [example("hello", "hi"), example(f"my key is {key}", "ok"), example("pay", "", (call,))]
    result = run(rows)
    (finding,) = result.findings
    assert (finding.kind, finding.severity, finding.affected) == ("secrets.found", "error", 2)
    assert [item.rows for item in finding.items] == [(1,), (2,)]
    assert finding.items[1].spans[0].field == "target_calls[0]"
    assert finding.items[1].spans[0].kind == "stripe_key"
    assert all(item.fix is not None and item.fix.action == "mask" for item in finding.items)
    assert key not in repr(result)
    assert finding.title == "2 rows hold a key, token or password"
    assert dict(result.numbers) == {"stripe_key.in_inputs": 1.0, "stripe_key.in_targets": 1.0}


def test_announced_random_strings_are_a_warning_and_clean_rows_nothing() -> None:
    (finding,) = run([example("client_secret: " + made(32), "ok")]).findings
    assert (finding.kind, finding.severity) == ("secrets.likely", "warning")
    assert run([example("what is my balance?", "It is 12 euros.")]).findings == ()
