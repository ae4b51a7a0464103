"""Stand-ins keep shapes and check digits, are the same for the same value, never shared, and lead back."""

from __future__ import annotations

import json
import random
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.audit.findings import Span
from tunewright.audit.privacy import national_ids, vault
from tunewright.audit.privacy.cards_iban import is_card, is_iban
from tunewright.audit.privacy.hits import digits_of
from tunewright.audit.privacy.permutation import permute, permute_characters
from tunewright.audit.privacy.pseudonyms import Entry, PseudonymMap, Pseudonyms
from tunewright.audit.privacy.recognise import find_personal
from tunewright.audit.privacy.redaction import find_in, redact, restore
from tunewright.audit.privacy.replacing import KnownStrings, as_json, written
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source, ToolCall

KEY = bytes(range(32))


@pytest.mark.parametrize("size", [1, 2, 3, 10, 97, 1000])
def test_a_permutation_takes_every_value_once(size: int) -> None:
    assert sorted(permute(value, size, KEY, "t") for value in range(size)) == list(range(size))


def test_key_and_tweak_change_a_permutation() -> None:
    def table(key: bytes, tweak: str) -> list[int]:
        return [permute(value, 100, key, tweak) for value in range(100)]

    assert table(KEY, "a") == table(KEY, "a")
    assert len({tuple(table(KEY, "a")), tuple(table(KEY, "b")), tuple(table(bytes(32), "a"))}) == 3


def test_all_short_numbers_of_one_shape_have_different_stand_ins() -> None:
    results = {permute_characters(f"{n:03d}-a", KEY, "t", letters=False) for n in range(1000)}
    assert len(results) == 1000
    assert all(re.fullmatch(r"\d{3}-a", result) for result in results)


SHAPES = [
    ("email", "Jonas.Zadina@armyspy.com", r"user-[a-z2-9]{12}@example\.org"),
    ("handle", "@anna_b", r"@user_[a-z2-9]{10}"),
    ("phone", "+49 (0)30 / 123 45 67", r"\+49 \(\d\)\d\d / \d{3} \d\d \d\d"),
    ("phone", "0171-2345678", r"0\d{3}-\d{7}"),
    ("ip", "86.121.97.248", r"10(\.\d{1,3}){3}"),
    ("ip", "6e40:4041:c617:e898:c11:40d2:c669:2eb4", r"2001:db8:[0-9a-f:]+"),
    ("mac", "3C-22-FB-9A-01-7E", r"02(-[0-9A-F]{2}){5}"),
    ("record_id", "ORD-2024-00017", r"ORD-[1-9]\d{3}-\d{5}"),
    ("date_of_birth", "06/24/1991", r"\d\d/\d\d/(19|20)\d\d"),
    ("date_of_birth", "June 24, 1991", r"[A-Z][a-z]+ \d{1,2}, (19|20)\d\d"),
    ("date_of_birth", "1991-06-24", r"(19|20)\d\d-\d\d-\d\d"),
    ("person", "Dr. Anna van der Berg", r"Dr\. [A-Z][a-z]+ van der [A-Z][a-z]+"),
    ("person", "anna berg", r"[a-z]+ [a-z]+"),
    ("postal_address", "12 Maple Street, Apt. 5", r"[1-9]\d [A-Z][a-z]+ Street, Apt\. \d"),
    ("openai_key", "x" * 40, r"\[openai_key-[a-z2-9]{8}\]"),
]


@pytest.mark.parametrize(("kind", "value", "shape"), SHAPES)
def test_a_stand_in_keeps_the_shape_and_not_the_value(kind: str, value: str, shape: str) -> None:
    stand_in = Pseudonyms(KEY).of(kind, value)
    assert re.fullmatch(shape, stand_in)
    assert stand_in != value
    assert Pseudonyms(KEY).of(kind, value) == stand_in != Pseudonyms(bytes(32)).of(kind, value)


CHECKED = {
    "us_ssn": "460-89-9847",
    "uk_nhs": "943 476 5919",
    "uk_nino": "AB 12 34 56 C",
    "es_dni": "X-1234567L",
    "fr_nir": "255081416802538",
    "it_fiscal_code": "RSSMRA85T10A562S",
    "nl_bsn": "111222333",
    "pl_pesel": "44051401359",
    "se_personnummer": "811228-9874",
    "fi_hetu": "131052-308T",
    "br_cpf": "111.444.777-35",
    "de_tax_id": "86095742719",
}


@pytest.mark.parametrize("kind", sorted(CHECKED))
def test_national_numbers_keep_their_check_digits(kind: str) -> None:
    value = CHECKED[kind]
    assert national_ids.passes(kind, value)
    stand_in = Pseudonyms(KEY).of(kind, value)
    assert national_ids.passes(kind, stand_in)
    assert stand_in != value


@pytest.mark.parametrize("card", ["4111 1111 1111 1111", "378282246310005", "5500-0000-0000-0004"])
def test_cards_keep_network_gaps_and_luhn(card: str) -> None:
    stand_in = Pseudonyms(KEY).of("card", card)
    assert is_card(digits_of(stand_in))
    assert stand_in[:4] == card[:4]
    assert stand_in != card
    assert [c for c in stand_in if not c.isdigit()] == [c for c in card if not c.isdigit()]


@pytest.mark.parametrize(
    "account", ["GB29 NWBK 6016 1331 9268 19", "DE89370400440532013000", "FR1420041010050500013M02606"]
)
def test_accounts_keep_country_and_check_digits(account: str) -> None:
    stand_in = Pseudonyms(KEY).of("iban", account)
    assert is_iban(stand_in.replace(" ", ""))
    assert stand_in[:2] == account[:2]
    assert stand_in != account


def test_one_person_has_one_stand_in_in_full_in_part_and_in_capitals() -> None:
    stand_ins = Pseudonyms(KEY)
    full = stand_ins.of("person", "Anna Berg")
    assert stand_ins.of("person", "Anna") == full.split()[0]
    assert stand_ins.of("person", "BERG") == full.split()[1].upper()
    assert stand_ins.of("phone", "030 1234567").replace(" ", "") == stand_ins.of("phone", "030-1234567").replace(
        "-", ""
    )


def test_stand_ins_are_never_shared_and_never_a_word_of_the_data() -> None:
    first = Pseudonyms(KEY).of("person", "Anna")
    stand_ins = Pseudonyms(KEY, avoid={first.casefold()})
    assert stand_ins.of("person", "Anna") != first
    assert stand_ins.collisions == 1
    names = [f"Name{chr(97 + n // 676)}{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}" for n in range(3000)]
    many = Pseudonyms(KEY)
    assert len({many.of("person", name) for name in names}) == 3000
    assert many.map().collisions == many.collisions


def test_an_earlier_map_is_kept_whatever_comes_first() -> None:
    earlier = Pseudonyms(KEY)
    first = earlier.of("person", "Anna Berg")
    later = Pseudonyms(KEY, earlier.map().entries)
    assert later.of("person", "Berta Cole") != first
    assert later.of("person", "Anna Berg") == first
    assert later.of("person", "Berg") == first.split()[1]


def test_where_a_shape_has_no_stand_in_left_the_shape_is_given_up() -> None:
    stand_ins = Pseudonyms(KEY, avoid={str(n) for n in range(10)})
    first, second = stand_ins.of("record_id", "7"), stand_ins.of("record_id", "8")
    assert first.startswith("record_id-")
    assert first != second


def example(user: str, answer: str = "", **more: object) -> Example:
    return replace(Example((Message("user", user),), answer, Source("f", 1), "1"), **more)  # type: ignore[arg-type]


def redacted(rows: list[Example]):  # type: ignore[no-untyped-def]
    return redact(rows, {n: find_in(row) for n, row in enumerate(rows)}, KEY)


def test_a_value_goes_from_every_place_of_its_row() -> None:
    call = ToolCall(
        "mail", '{"to":"anna@web.de","text":"Dear Anna Berg,\\nyou owe 4111111111111111","card":4111111111111111}'
    )
    row = example(
        "My name is Anna Berg, mail anna@web.de",
        "Thanks, Anna Berg. I wrote to anna@web.de.",
        messages=(Message("assistant", "", (call,)), Message("user", "My name is Anna Berg, mail anna@web.de")),
        target_calls=(call,),
        rejected=(Message("assistant", "No, Anna Berg, not anna@web.de"),),
        tags=(("mail", "anna@web.de"),),
        group="anna@web.de",
        row_id="anna@web.de:1",
    )
    other = example("I met Anna Berg there", "ok")
    (new, elsewhere), way_back = redacted([row, other])
    assert not re.search(r"Anna|Berg|anna@|4111111111111111", repr((new, elsewhere)))
    arguments = json.loads(new.target_calls[0].arguments)
    assert arguments["to"] == new.group == dict(new.tags)["mail"]
    assert isinstance(arguments["card"], int)
    assert new.messages[0].tool_calls == new.target_calls
    assert is_card(str(arguments["card"]))
    assert new.row_id == f"{new.group}:1"
    assert restore((new, elsewhere), way_back) == (row, other)


def test_parts_of_a_full_name_go_with_it_in_its_row_alone() -> None:
    row = example("My name is Anna Berg", "Of course. Anna asked, and Ms. Berg, not the iceberg, pays.")
    other = example("What is a Berg?", "A hill.")
    (new, elsewhere), way_back = redacted([row, other])
    first, last = new.messages[0].content.removeprefix("My name is ").split()
    assert new.target == f"Of course. {first} asked, and Ms. {last}, not the iceberg, pays."
    assert elsewhere == other
    assert restore((new, elsewhere), way_back) == (row, other)


def test_a_name_goes_from_its_row_however_it_is_written() -> None:
    arguments = json.dumps({"note": "by\nokafor", "okafor": 1})
    row = example(
        "Mrs Okafor wants her money back.",
        "cust mrs okafor called, OKAFOR again; okaforte",
        target_calls=(ToolCall("file", arguments),),
        tags=(("agent", "for okafor"),),
    )
    other = example("okafor is a word here", "Ask okafor.")
    (new, elsewhere), way_back = redacted([row, other])
    stand_in = new.messages[0].content.removeprefix("Mrs ").removesuffix(" wants her money back.")
    small = stand_in.casefold()
    assert new.target == f"cust mrs {small} called, {stand_in.upper()} again; okaforte"
    assert json.loads(new.target_calls[0].arguments) == {"note": f"by\n{small}", small: 1}
    assert dict(new.tags) == {"agent": f"for {small}"}
    assert elsewhere == other
    assert restore((new, elsewhere), way_back) == (row, other)


def test_a_name_in_small_letters_is_the_same_person_with_capitals() -> None:
    ((new,), _) = redacted([example("my name is ayo okafor", "Dear Ayo, Ms. Okafor asked.")])
    first, last = new.messages[0].content.removeprefix("my name is ").split()
    assert new.target == f"Dear {first.capitalize()}, Ms. {last.capitalize()} asked."


def test_an_everyday_word_that_is_somebodys_name_stays_a_word() -> None:
    ((new,), _) = redacted([example("My name is Will Long.", "We will write, Will. It takes long, Mr. Long.")])
    first, last = new.messages[0].content.removeprefix("My name is ").rstrip(".").split()
    assert new.target == f"We will write, {first}. It takes long, Mr. {last}."


def test_words_of_a_page_that_was_marked_as_a_name_are_no_names() -> None:
    prose = "Parcel arrived broken, the lid was cracked yesterday"
    row = replace(example(prose, "parcel broken, lid cracked"), group=None)
    ((new,), _) = redact([row], {0: [Span("input", 0, len(prose), kind="person")]}, KEY)
    assert new.target == row.target


def test_spans_by_hand_and_the_name_input_work_and_rows_without_stay() -> None:
    rows = [example("ask Tulip", "Tulip knows"), example("nothing here", "no")]
    (first, second), way_back = redact(rows, {0: [Span("input", 4, 9, kind="person")]}, KEY)
    stand_in = way_back.entries[0].pseudonym
    assert first.messages[0].content == f"ask {stand_in}"
    assert first.target == f"{stand_in} knows"
    assert second == rows[1]


def test_a_short_stand_in_is_nothing_that_stands_elsewhere() -> None:
    """A code of four digits has few stand-ins: one that is the name of another row would come back as the code."""
    rows = [example("ZIP: 3520")] + [replace(example("hello"), row_id=str(n)) for n in range(1000, 9990)]
    new, way_back = redact(rows, {0: find_in(rows[0])}, KEY)
    assert new[0].messages[0].content not in {f"ZIP: {n}" for n in range(1000, 9990)}
    assert restore(new, way_back) == tuple(rows)


def test_secrets_go_for_good() -> None:
    key = "ghp" + "_" + "aB7" * 12
    ((new,), way_back) = redacted([example(f"use {key}", f"I use {key}")])
    assert key not in repr(new)
    assert way_back.entries == ()
    assert restore([new], way_back) == (new,)
    assert new.target.startswith("I use [github_token-")


def test_json_answers_stay_json() -> None:
    row = example("My name is Zoë O'Hara", json.dumps({"name": "Zoë O'Hara", "n": [1, True, None]}))
    ((new,), way_back) = redacted([row])
    value = json.loads(new.target)
    assert value["n"] == [1, True, None]
    assert "Zo" not in value["name"]
    (back,) = restore([new], way_back)
    assert json.loads(back.target) == json.loads(row.target)
    assert back.messages == row.messages


ROWS = st.lists(
    st.lists(
        st.sampled_from(
            ["anna@web.de", "call 030 1234567", "My name is Anna Berg.", "Dear Berta Cole,", "4111 1111 1111 1111",
             "IBAN GB29NWBK60161331926819", "born on 2/8/1935", "12 Maple Street", "hello", "ok.", "@anna_b", "8.8.8.8"]
        ),
        max_size=5,
    ).map(" and ".join),
    min_size=1,
    max_size=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_redaction_and_restoring_give_the_first_rows(texts: list[str]) -> None:
    rows = [example(text, text[::-1]) for text in texts]
    new, way_back = redacted(rows)
    assert restore(new, way_back) == tuple(rows)
    values = {entry.value for entry in way_back.entries}
    assert not any(value in find.messages[0].content for value in values for find in new)


def test_a_redacted_text_keeps_its_kinds() -> None:
    text = "My name is Anna Berg, call 030 1234567 or anna@web.de, card 4111 1111 1111 1111, born on 2/8/1935"
    ((new,), _) = redacted([example(text)])
    assert [hit.kind for hit in find_personal(new.messages[0].content)] == [hit.kind for hit in find_personal(text)]


def test_known_strings_are_found_where_they_stand_alone_and_the_longest_first() -> None:
    known = KnownStrings({"Anna": "A", "Anna Berg": "B", "@x": "C", "+49 30": "D"})
    assert (
        written("Anna Berg, Annabel, Anna @x +49 30.", known.find("Anna Berg, Annabel, Anna @x +49 30."))
        == "B, Annabel, A C D."
    )


def test_known_strings_that_overlap_are_written_once() -> None:
    known = KnownStrings({"a b": "X", "b c": "Y", "030-12": "Z"})
    assert written("a b c 030-12-030-12", known.find("a b c 030-12-030-12")) == "X c Z-Z"


@pytest.mark.parametrize("text", ['{"a":1}', '{"a": 1}', "[\n  1\n]", '{"a":"\\u00e9"}'])
def test_json_is_written_as_it_was(text: str) -> None:
    read = as_json(text)
    assert read is not None
    assert json.dumps(read[0], **read[1]) == text
    assert as_json("hello") is None
    assert as_json('{ "a":1}') is None


WAY_BACK = PseudonymMap(KEY, (Entry("person", "Zoë", "Lora"), Entry("email", "a@b.de", "user-x@example.org")), 2)


@pytest.mark.parametrize("by_file", [True, False])
def test_a_vault_gives_back_what_was_put_in(tmp_path: Path, by_file: bool) -> None:
    vault.write_key_file(tmp_path / "key")
    how = {"key_file": tmp_path / "key"} if by_file else {"passphrase": "tulip"}
    path = tmp_path / "deep" / "x.vault"
    vault.save(path, WAY_BACK, cost_log2=10, **how)  # type: ignore[arg-type]
    vault.save(path, WAY_BACK, cost_log2=10, **how)  # type: ignore[arg-type]
    assert vault.load(path, **how) == WAY_BACK  # type: ignore[arg-type]
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["x.vault"]
    assert not re.search(rb"Zo|Lora|a@b", path.read_bytes())


def test_a_vault_opens_to_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "x.vault"
    vault.save(path, WAY_BACK, passphrase="tulip", cost_log2=10)
    raw = path.read_bytes()

    def code(content: bytes, **how: object) -> str:
        path.write_bytes(content)
        with pytest.raises(InputError) as raised:
            vault.load(path, **how)  # type: ignore[arg-type]
        return raised.value.code

    for place in random.Random(0).sample(range(raw.index(b"\n", 25) + 1, len(raw)), 8):
        assert (
            code(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :], passphrase="tulip") == "privacy.vault_locked"
        )
    assert code(raw, passphrase="rose") == "privacy.vault_locked"
    assert code(raw.replace(b'"cost_log2": 10', b'"cost_log2": 60'), passphrase="tulip") == "privacy.vault_damaged"
    assert code(raw.replace(b'"by": "pass', b'"by": "gass'), passphrase="tulip") == "privacy.vault_locked"
    assert code(b"PK", passphrase="tulip") == "privacy.vault_damaged"
    assert code(raw) == code(raw, passphrase="a", key_file=path) == "privacy.one_key"
    assert code(raw, passphrase="") == "privacy.empty_passphrase"
    assert code(raw, key_file=path) == "privacy.bad_key_file"
    path.unlink()
    with pytest.raises(InputError, match="no vault"):
        vault.load(path, passphrase="tulip")


def test_a_key_is_never_written_over_and_a_vault_is_not_beside_the_data(tmp_path: Path) -> None:
    vault.write_key_file(tmp_path / "key")
    with pytest.raises(InputError, match="file already"):
        vault.write_key_file(tmp_path / "key")
    path = vault.default_path("../my data.jsonl", tmp_path)
    assert path == tmp_path / ".local/share/tunewright/vaults/_my_data.jsonl.vault"
    assert repr(KEY) not in repr(WAY_BACK)
    assert "Zoë" not in repr(WAY_BACK)
