"""Saved folders: whole or absent, checked when read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from store_helpers import key, make_folder

from tunewright.errors import WorkError
from tunewright.store import KeyParts, Store, cache_key

_PARTS: KeyParts = {"rows": "abc", "code": 1}
_KEY = cache_key("fit", _PARTS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "fitted", weights="0 1 2", **{"deep/er/notes": "ok", "empty": ""})


def test_a_folder_comes_back_with_its_facts(store: Store, folder: Path) -> None:
    row_set = store.row_set([key(1)])
    saved = store.save_artifact(_KEY, "fit", folder, row_set, {"wall_s": 1.5, "name": "tfidf", "gpu": None, "n": 3})
    shutil.rmtree(folder)
    found = store.artifact(_KEY)
    assert found == saved
    assert (found.path / "deep/er/notes.txt").read_text() == "ok"
    assert (found.path / "empty.txt").read_text() == ""
    assert found.meta == {"wall_s": 1.5, "name": "tfidf", "gpu": None, "n": 3}
    assert (found.kind, found.row_set_id, found.n_bytes) == ("fit", row_set, 7)
    assert found.path.parent == store.folder / "blobs"


def test_an_unknown_key_is_a_miss(store: Store) -> None:
    assert store.artifact("unknown") is None


def test_a_folder_without_files_can_be_saved(store: Store, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    store.save_artifact("k", "fit", tmp_path / "nothing", store.row_set([]), {})
    found = store.artifact("k")
    assert found is not None
    assert list(found.path.iterdir()) == []


def _cut(path: Path) -> None:
    path.write_text("0 1")


def _flip(path: Path) -> None:
    path.write_text("0 1 3")


def _add(path: Path) -> None:
    path.with_name("more.txt").write_text("")


def _remove_all(path: Path) -> None:
    shutil.rmtree(path.parent)


def _link(path: Path) -> None:
    other = path.parent.parent / "elsewhere.txt"
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_cut, "weights.txt has changed"),
        (_flip, "weights.txt has changed"),
        (Path.unlink, "weights.txt is gone"),
        (_add, "more.txt was added"),
        (_remove_all, "its folder is gone"),
        (_link, "weights.txt has changed"),
    ],
)
def test_a_damaged_copy_is_a_miss_says_why_and_is_replaced(
    store: Store, folder: Path, harm: Callable[[Path], None], reason: str
) -> None:
    row_set = store.row_set([key(1)])
    store.remember_key("fit", _PARTS, "tfidf")
    damaged = store.save_artifact(_KEY, "fit", folder, row_set, {})
    harm(damaged.path / "weights.txt")
    assert store.artifact(_KEY) is None
    assert store.miss_reason("fit", _PARTS, "tfidf") == f"the stored copy is damaged: {reason}"
    again = store.save_artifact(_KEY, "fit", folder, row_set, {})
    assert store.artifact(_KEY) == again
    assert not damaged.path.exists()
    assert "damaged" not in store.miss_reason("fit", _PARTS, "tfidf")


def test_the_first_copy_wins(store: Store, folder: Path, tmp_path: Path) -> None:
    row_set = store.row_set([key(1)])
    first = store.save_artifact("k", "fit", folder, row_set, {"wall_s": 1})
    second = store.save_artifact("k", "fit", make_folder(tmp_path / "b", weights="9"), row_set, {"wall_s": 2})
    assert second == first
    assert len(list((store.folder / "blobs").iterdir())) == 1


def test_one_key_for_two_things_is_refused(store: Store, folder: Path) -> None:
    store.save_artifact("k", "fit", folder, store.row_set([key(1)]), {})
    for kind, rows in (("index", [key(1)]), ("fit", [key(2)])):
        with pytest.raises(WorkError) as caught:
            store.save_artifact("k", kind, folder, store.row_set(rows), {})
        assert caught.value.code == "store.key_clash"


def test_a_key_is_never_a_path(store: Store, folder: Path) -> None:
    saved = store.save_artifact("../../escape", "fit", folder, store.row_set([]), {})
    assert saved.path.resolve().parent == (store.folder / "blobs").resolve()


def test_a_refused_save_leaves_nothing(store: Store, folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to(folder / "weights.txt")
    with pytest.raises(WorkError) as caught:
        store.save_artifact("k", "fit", folder, store.row_set([]), {})
    assert caught.value.code == "store.link"
    (folder / "link").unlink()
    with pytest.raises(WorkError) as caught:
        store.save_artifact("k", "fit", folder, "no such set", {})
    assert caught.value.code == "store.row_set"
    with pytest.raises(WorkError) as caught:
        store.save_artifact("k", "fit", tmp_path / "missing", store.row_set([]), {})
    assert caught.value.code == "store.no_folder"
    assert list((store.folder / "blobs").iterdir()) == []


def test_a_miss_names_the_part_that_changed(store: Store) -> None:
    parts: KeyParts = {"rows": "a" * 64, "code": 3, "seed": 0}
    assert store.miss_reason("fit", parts, "tfidf") == "nothing was stored for it yet"
    store.remember_key("fit", parts, "tfidf")
    store.remember_key("fit", {**parts, "rows": "b", "code": 4, "seed": 9}, "tfidf")
    store.remember_key("fit", {**parts, "seed": 5}, "another system")
    assert (
        store.miss_reason("fit", {**parts, "code": "3"}, "tfidf") == "changed since it was last stored: code (3 -> 3)"
    )
    assert (
        store.miss_reason("fit", {**parts, "rows": "b" * 64}, "tfidf")
        == "changed since it was last stored: rows (aaaaaaaaaaaa... -> bbbbbbbbbbbb...)"
    )
    assert (
        store.miss_reason("fit", {**parts, "dtype": "bf16"}, "tfidf")
        == "changed since it was last stored: dtype (none -> bf16)"
    )
    assert store.miss_reason("fit", parts, "tfidf") == "it was stored before and has been removed since"
    assert store.miss_reason("index", parts, "tfidf") == "nothing was stored for it yet"


def test_keys_depend_on_every_part_and_on_no_order() -> None:
    base = cache_key("fit", {"a": 1, "b": 2})
    assert base == cache_key("fit", {"b": 2, "a": 1})
    others: list[tuple[str, KeyParts]] = [
        ("index", {"a": 1, "b": 2}),
        ("fit", {"a": 1}),
        ("fit", {"a": 1, "b": "2"}),
        ("fit", {"a": 2, "b": 1}),
    ]
    assert len({base, *(cache_key(kind, parts) for kind, parts in others)}) == 5
    with pytest.raises(ValueError, match="not JSON compliant"):
        cache_key("fit", {"a": float("nan")})


def test_the_key_is_the_same_stored_or_not(store: Store) -> None:
    assert store.remember_key("fit", _PARTS, "one") == store.remember_key("fit", _PARTS, "two") == _KEY
