"""Keys of rows, where rows went, remembered sides, sets of rows."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_helpers import example, key, registered

from tunewright.errors import WorkError
from tunewright.records.example import example_digest, input_digest
from tunewright.store import Store
from tunewright.store.database import Database
from tunewright.store.migrations import STATE_STEPS, migrate
from tunewright.store.row_sets import sets_holding, store_row_set


def test_keys_are_hmac_sha256_of_the_digests(store: Store) -> None:
    row = example("I was charged twice")
    secret = (store.folder / "secret").read_bytes()

    def keyed(digest: str) -> str:
        return hmac.new(secret, digest.encode(), hashlib.sha256).hexdigest()[:32]

    assert store.row_key(row) == keyed(example_digest(row))
    assert store.input_key(row) == keyed(input_digest(row.messages))


def test_keys_follow_content_and_project(store: Store, tmp_path: Path) -> None:
    row = example("a", "billing")
    assert store.row_key(row) == store.row_key(example("a", "billing", row_id="other", line=9))
    assert store.row_key(row) != store.row_key(row.with_target("sales"))
    assert store.input_key(row) == store.input_key(row.with_target("sales"))
    with Store.open(tmp_path / "elsewhere") as other:
        assert other.row_key(row) != store.row_key(row)


def test_rows_are_found_where_they_went(store: Store) -> None:
    row = example("a", row_id="T-7")
    store.register_rows("run-1", [registered(store, row, "train")])
    store.register_rows("run-2", [registered(store, row, "set-aside:exact-duplicate")])
    placements = store.where("T-7").placements
    assert [(p.run, p.part, p.source) for p in placements] == [
        ("run-1", "train", "tickets.csv:2"),
        ("run-2", "set-aside:exact-duplicate", "tickets.csv:2"),
    ]


def test_registering_again_changes_nothing_and_the_same_list_is_stored_once(store: Store) -> None:
    rows = [registered(store, example(str(n), row_id=str(n))) for n in range(3)]
    for run in ("run-1", "run-1", "run-2"):
        store.register_rows(run, rows)
    assert [p.run for p in store.where("1").placements] == ["run-1", "run-2"]
    database = Database(store.folder / "state.db", busy_timeout_s=1, wal=True)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM registered_rows").scalar() == 3
    database.close()


def test_a_label_that_is_no_valid_unicode_is_kept(store: Store) -> None:
    row = example("a", row_id="caf\udce9\x00.csv:2")
    store.register_rows("run-1", [registered(store, row)])
    assert store.where("caf\udce9\x00.csv:2").placements[0].row_id == "caf\udce9\x00.csv:2"


def test_an_input_keeps_its_side(store: Store) -> None:
    one, two, new = example("a"), example("b"), example("c")
    store.remember_sides("split", [one, two], ["train", "test"])
    store.remember_sides("split", [two, new], ["test", "validation"])
    asked = [new, two, one.with_target("sales"), example("d")]
    assert store.sides_for("split", asked) == ["validation", "test", "train", None]
    assert store.sides_for("another split", [one]) == [None]


def test_a_changed_side_is_refused_whole(store: Store) -> None:
    store.remember_sides("split", [example("a")], ["test"])
    with pytest.raises(WorkError) as caught:
        store.remember_sides("split", [example("b"), example("a")], ["train", "train"])
    assert caught.value.code == "store.side_changed"
    assert store.sides_for("split", [example("a"), example("b")]) == ["test", None]


def test_one_input_cannot_get_two_sides_at_once(store: Store) -> None:
    twice = [example("a"), example("a").with_target("sales")]
    with pytest.raises(ValueError, match="two sides"):
        store.remember_sides("split", twice, ["train", "test"])
    assert store.sides_for("split", twice) == [None, None]


def test_sides_of_many_rows_stay_in_order(store: Store) -> None:
    rows = [example(str(n)) for n in range(3000)]
    store.remember_sides("split", rows[::2], ["test"] * 1500)
    assert store.sides_for("split", rows) == ["test", None] * 1500


def test_a_row_set_is_known_by_its_members(store: Store) -> None:
    keys = [key(3), key(1), key(2)]
    identity = store.row_set(keys)
    assert identity == store.row_set([*reversed(keys), key(1)])
    assert identity == hashlib.sha256(b"".join(bytes.fromhex(key(n)) for n in (1, 2, 3))).hexdigest()
    assert identity != store.row_set(keys[:2])


@pytest.mark.parametrize("bad", ["", "xyz", "00", "0" * 64])
def test_what_is_no_key_cannot_be_in_a_set(store: Store, bad: str) -> None:
    with pytest.raises(WorkError) as caught:
        store.row_set([bad])
    assert caught.value.code == "store.row_key"


def test_a_key_that_straddles_two_members_is_no_member(tmp_path: Path) -> None:
    first, second = "00" * 8 + "11" * 8, "22" * 8 + "33" * 8
    straddling = "11" * 8 + "22" * 8
    database = _database(tmp_path)
    with database.write() as connection:
        identity = store_row_set(connection, [first, second], now=0.0)
        assert sets_holding(connection, straddling) == []
        assert sets_holding(connection, second) == [identity]
        both = store_row_set(connection, [first, second, straddling], now=0.0)
        assert sets_holding(connection, straddling) == [both]
    database.close()


def test_membership_equals_that_of_python_sets(tmp_path: Path) -> None:
    database = _database(tmp_path)
    # Few distinct bytes, so that keys begin and end alike.
    keys = st.lists(st.sampled_from([0, 1]), min_size=16, max_size=16).map(lambda bits: bytes(bits).hex())

    @given(members=st.sets(keys, max_size=6), asked=keys)
    def check(members: set[str], asked: str) -> None:
        with database.write() as connection:
            connection.exec_driver_sql("DELETE FROM row_sets")
            identity = store_row_set(connection, sorted(members), now=0.0)
            assert (sets_holding(connection, asked) == [identity]) == (asked in members)

    check()
    database.close()


def _database(folder: Path) -> Database:
    database = Database(folder / "x.db", busy_timeout_s=1, wal=True)
    migrate(database, STATE_STEPS)
    return database
