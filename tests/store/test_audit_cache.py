"""The kept work of audits: found again, bounded, and taken out row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from store_helpers import example

from tunewright.errors import WorkError
from tunewright.records.example import example_digest
from tunewright.store import AuditCache, Store
from tunewright.store.audit_cache import CACHE_NAME
from tunewright.store.kept_vectors import kept_vectors

ROWS = [example(text, line=n) for n, text in enumerate(("a long secret text", "b", "c"))]
DIGESTS = [example_digest(row) for row in ROWS]


def test_results_are_found_by_check_version_limits_and_row(store: Store) -> None:
    with AuditCache.open(store) as cache:
        cache.put_many("pii", 1, "x=1", [(DIGESTS[0], '[["email"]]'), (DIGESTS[1], "")])
    with AuditCache.open(store) as cache:
        assert cache.get_many("pii", 1, "x=1", [*DIGESTS, DIGESTS[0]]) == {0: '[["email"]]', 1: "", 3: '[["email"]]'}
        for others in (("pii", 2, "x=1"), ("pii", 1, "x=2"), ("shape", 1, "x=1")):
            assert cache.get_many(*others, DIGESTS) == {}
        cache.put_many("pii", 1, "x=1", [(DIGESTS[0], "new")])
        assert cache.get_many("pii", 1, "x=1", DIGESTS[:1]) == {0: "new"}
        assert cache.get_many("pii", 1, "x=1", []) == {}


def test_rows_are_known_by_keyed_hashes_alone(store: Store) -> None:
    with AuditCache.open(store) as cache:
        cache.put_many("pii", 1, "", [(DIGESTS[0], "x")])
        cache.put_vectors("m", [ROWS[0].text], np.ones((1, 2), np.float32), [[store.input_key(ROWS[0])]])
    content = (store.folder / CACHE_NAME).read_bytes()
    assert bytes.fromhex(DIGESTS[0]) not in content
    assert bytes.fromhex(store.row_key(ROWS[0])) in content
    assert ROWS[0].text.encode() not in content


def test_vectors_come_back_bit_for_bit_and_never_without_an_owner(store: Store) -> None:
    texts = [row.text for row in ROWS]
    vectors = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    owners = [[store.input_key(ROWS[0])], [store.input_key(row) for row in ROWS[:2]], []]
    with AuditCache.open(store) as cache:
        cache.put_vectors("model-1", texts, vectors, owners)
        found = cache.get_vectors("model-1", [*texts, "unknown"])
        assert sorted(found) == [0, 1]
        assert all(np.array_equal(found[place], vectors[place]) for place in found)
        assert cache.get_vectors("model-2", texts) == {}


def test_an_erased_row_leaves_the_cache(store: Store, project: Path) -> None:
    texts = [row.text for row in ROWS]
    with AuditCache.open(store) as cache:
        cache.put_many("pii", 1, "", [(digest, "seen here") for digest in DIGESTS])
        cache.put_vectors("m", texts, np.eye(3, dtype=np.float32), [[store.input_key(row)] for row in ROWS])
    assert store.where(ROWS[0]).cached == 1
    store.versions.record(ROWS, "a.csv")
    assert store.where(ROWS[0]).cached == 2
    store.purge(ROWS[0], project / "runs")
    with AuditCache.open(store) as cache:
        assert sorted(cache.get_many("pii", 1, "", DIGESTS)) == [1, 2]
        assert sorted(cache.get_vectors("m", texts)) == [1, 2]
    assert bytes.fromhex(store.row_key(ROWS[0])) not in (store.folder / CACHE_NAME).read_bytes()
    assert store.where(ROWS[0]).cached == 0


def test_what_was_not_used_for_longest_goes_first(store: Store) -> None:
    clock = iter(range(1000))
    with AuditCache.open(store, now=lambda: float(next(clock))) as cache:
        for name in ("old", "middle", "new"):
            cache.put_many(name, 1, "", [(digest, "x" * 1000) for digest in DIGESTS])
        cache.get_many("old", 1, "", DIGESTS)
        before = cache.n_bytes()
        dropped = cache.bound(before - 1)
        assert 3000 <= dropped <= before / 2
        assert cache.get_many("middle", 1, "", DIGESTS) == {}
        assert len(cache.get_many("old", 1, "", DIGESTS)) == 3
        assert cache.bound(10**9) == 0
    assert store.gc(0).n_bytes_cache_removed >= 6000
    with AuditCache.open(store) as cache:
        assert cache.n_bytes() == 0


def test_a_damaged_cache_is_a_miss(store: Store) -> None:
    path = store.folder / CACHE_NAME
    path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with AuditCache.open(store) as cache:
        assert cache.get_many("pii", 1, "", DIGESTS) == {}
        cache.put_many("pii", 1, "", [(DIGESTS[0], "x")])
    with AuditCache.open(store) as cache:
        assert cache.get_many("pii", 1, "", DIGESTS) == {0: "x"}


def test_another_format_begins_anew(store: Store) -> None:
    AuditCache.open(store).close()
    connection = sqlite3.connect(store.folder / CACHE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with AuditCache.open(store) as cache:
        assert cache.n_bytes() == 0


def test_an_unusable_place_is_said(store: Store) -> None:
    (store.folder / CACHE_NAME).mkdir()
    with pytest.raises(WorkError) as caught:
        AuditCache.open(store)
    assert caught.value.code == "store.audit_cache"


def test_texts_are_embedded_once_and_vectors_are_the_same(store: Store) -> None:
    asked: list[list[str]] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.append(list(texts))
        return np.array([[len(text), 1.5] for text in texts], dtype=np.float32).reshape(len(texts), 2)

    texts = [ROWS[0].text, "of no row", ROWS[1].text, ROWS[0].text]
    for expected in ([ROWS[0].text, "of no row", ROWS[1].text], ["of no row"]):
        with AuditCache.open(store) as cache:
            again = kept_vectors(embed, cache, store.keyring, "m", ROWS)
            assert np.array_equal(again(texts), embed(texts))
            assert asked[-2] == expected
    with AuditCache.open(store) as cache:
        assert kept_vectors(embed, cache, store.keyring, "m", ROWS)([]).shape == (0, 2)
