"""A library follows its folder: what changed is read and embedded again, what is gone is gone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.documents.folder import folder_digest
from tunewright.documents.library import Library
from tunewright.documents.ranking import FloatArray, fuse
from tunewright.documents.vectors import Vectors
from tunewright.documents.words import stems
from tunewright.errors import InputError


class Embedder:
    """Counts letters; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        self.asked += texts
        counts = np.array(
            [[1e-3 + text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        )
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


def found(library: Library, question: str, reader: str | None = None) -> list[str]:
    return [one.passage.text for one in library.view(reader).search(question, 4)]


def test_an_edited_page_answers_at_once_and_a_deleted_one_is_gone(tmp_path: Path) -> None:
    library = Library(write(tmp_path, leave="Leave is 30 days.", dogs="Dogs come on Fridays."))
    assert library.refresh().added == ("dogs.md", "leave.md")
    assert found(library, "how many days of leave") == ["Leave is 30 days."]
    before = folder_digest(tmp_path)
    write(tmp_path, leave="Leave is 31 days.")  # the same size
    changes = library.refresh()
    assert (changes.added, changes.changed, changes.removed) == ((), ("leave.md",), ())
    assert found(library, "how many days of leave") == ["Leave is 31 days."]
    assert folder_digest(tmp_path) != before
    (tmp_path / "leave.md").unlink()
    assert library.refresh().removed == ("leave.md",)
    assert found(library, "how many days of leave") == []
    assert not library.refresh()


def test_a_touched_file_is_no_change(tmp_path: Path) -> None:
    library = Library(write(tmp_path, a="One."))
    library.refresh()
    os.utime(tmp_path / "a.md", ns=(1, 1))
    assert not library.refresh()


def test_only_changed_passages_are_embedded_again_and_moved_ones_are_not(tmp_path: Path) -> None:
    embed = Embedder()
    library = Library(write(tmp_path, a="# A\n\nOne.\n\n# B\n\nTwo.", b="Three."), Vectors(embed))
    library.refresh()
    library.view(None).search("one", 2)
    assert sorted(embed.asked) == ["A\nOne.", "B\nTwo.", "Three.", "one"]
    embed.asked.clear()
    write(tmp_path, a="# A\n\nOne.\n\n# B\n\nFour.")
    (tmp_path / "b.md").rename(tmp_path / "c.md")
    library.refresh()
    library.view(None).search("one", 2)
    assert sorted(embed.asked) == ["B\nFour.", "one"]


def test_vectors_are_kept_in_a_folder_without_a_word_and_forgotten_with_their_passage(tmp_path: Path) -> None:
    first, second = Embedder(), Embedder()
    shelf = tmp_path / "kept"
    folder = write(tmp_path / "docs", a="Secretword.", b="Two.")
    for embed in (first, second):
        vectors = Vectors(embed, "e1", shelf)
        library = Library(folder, vectors)
        library.refresh()
        assert library.view(None).matrix is not None
        write(folder, b="Three.")
        library.refresh()
        assert library.view(None).matrix is not None
        vectors.keep_only(passage.full for passage in library.passages)
    assert first.asked == ["Secretword.", "Two.", "Three."]
    assert second.asked == []
    assert b"Secretword" not in (shelf / "e1.npz").read_bytes()
    (shelf / "e1.npz").write_bytes(b"damaged")
    third = Embedder()
    Vectors(third, "e1", shelf).of(["Secretword."])
    assert third.asked == ["Secretword."]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.none() | st.sampled_from(["One pump.", "Two pumps.", "# H\n\nThree."])),
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None)
def test_after_any_edits_a_library_is_as_one_opened_fresh(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, str | None]]
) -> None:
    folder = tmp_path_factory.mktemp("docs")
    library = Library(folder, Vectors(Embedder()))
    for name, text in edits:
        if text is None:
            (folder / f"{name}.md").unlink(missing_ok=True)
        else:
            write(folder, **{name: text})
        library.refresh()
        fresh = Library(folder, Vectors(Embedder()))
        fresh.refresh()
        assert library.passages == fresh.passages
        assert library.view(None).search("pump three", 3) == fresh.view(None).search("pump three", 3)


def test_what_is_no_document_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, a="One.", empty="")
    (tmp_path / "sheet.xlsx").write_bytes(b"x")
    (tmp_path / "README").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "bad.docx").write_bytes(b"x")
    (tmp_path / "old.txt").write_bytes("Größe".encode("latin-1"))
    (tmp_path / "link.md").symlink_to(tmp_path / "a.md")
    (tmp_path / "rights.yaml").write_text("a.md: [anna]")
    library = Library(tmp_path)
    library.refresh()
    assert library.files == ("a.md",)
    reasons = {one.file: one.reason.split(";")[0].split("(")[0].strip() for one in library.set_aside}
    assert reasons == {
        ".git": "hidden",
        "README": "a name without an ending is not read",
        "bad.docx": "damaged, encrypted or no Word document",
        "empty.md": "no text in it",
        "link.md": "a link",
        "old.txt": "not written in utf-8",
        "sheet.xlsx": ".xlsx is not read",
    }


def test_rights_that_change_count_at_once_and_rights_that_vanish_close_everything(tmp_path: Path) -> None:
    library = Library(write(tmp_path, pay="Pay is 9 euro.", menu="Soup is 4 euro."))
    library.refresh()
    assert len(found(library, "euro")) == 2
    (tmp_path / "rights.yaml").write_text("pay.md: [anna]")
    library.refresh()
    assert found(library, "euro") == ["Soup is 4 euro."]
    assert len(found(library, "euro", "anna")) == 2
    (tmp_path / "rights.yaml").unlink()
    with pytest.raises(InputError) as caught:
        library.refresh()
    assert caught.value.code == "documents.rights_gone"
    assert found(library, "euro", "anna") == []
    (tmp_path / "rights.yaml").write_text("menu.md: [anna]\npay.md: everybody")
    library.refresh()
    assert found(library, "euro") == ["Pay is 9 euro."]


def test_the_digest_of_a_folder_follows_contents_names_and_rights(tmp_path: Path) -> None:
    seen = [folder_digest(write(tmp_path, a="One."))]
    write(tmp_path, a="Two.")
    seen.append(folder_digest(tmp_path))
    (tmp_path / "a.md").rename(tmp_path / "b.md")
    seen.append(folder_digest(tmp_path))
    (tmp_path / "rights.yaml").write_text("b.md: [anna]")
    seen.append(folder_digest(tmp_path))
    (tmp_path / "rights.yaml").write_text("b.md: [cleo]")
    seen.append(folder_digest(tmp_path))
    assert len(set(seen)) == 5
    os.utime(tmp_path / "b.md", ns=(1, 1))
    assert folder_digest(tmp_path) == seen[-1]


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        Library(tmp_path / "none").refresh()


def test_words_and_vectors_are_fused_and_either_may_find_alone(tmp_path: Path) -> None:
    library = Library(write(tmp_path, a="Zebra zebra.", b="Invoices are paid."), Vectors(Embedder()))
    library.refresh()
    view = library.view(None)
    assert [one.passage.file for one in view.search("invoices", 1, "words")] == ["b.md"]
    assert [one.passage.file for one in view.search("zzebraa", 1, "vectors")] == ["a.md"]
    assert view.search("invoices", 1)[0].score == 1.0
    assert view.search("", 0) == []


def test_reciprocal_ranks_are_fused_as_published() -> None:
    assert fuse([[0, 1], [1, 2]], 4).tolist() == pytest.approx(
        [61 / 2 * value for value in (1 / 61, 1 / 62 + 1 / 61, 1 / 62, 0)]
    )


@pytest.mark.parametrize(
    ("word", "stem"),
    # From the examples of Porter 1980.
    [
        ("caresses", "caress"), ("ponies", "poni"), ("cats", "cat"), ("agreed", "agre"), ("plastered", "plaster"),
        ("motoring", "motor"), ("conflated", "conflat"), ("hopping", "hop"), ("falling", "fall"), ("filing", "file"),
        ("happy", "happi"), ("relational", "relat"), ("vietnamization", "vietnam"), ("electrical", "electr"),
        ("adjustment", "adjust"), ("adoption", "adopt"), ("controll", "control"), ("sky", "sky"), ("schön", "schön"),
    ],
)  # fmt: skip
def test_stems_are_those_of_porter(word: str, stem: str) -> None:
    assert stems(word) == [stem]


def test_numbers_and_possessives_are_one_word_each() -> None:
    assert stems("Rita's 1,200.50 EUR at 9:20") == ["rita", "1200.50", "eur", "9", "20"]
