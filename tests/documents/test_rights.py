"""Rights: who sees what, and that nothing is shown while that is unclear."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.documents.library import Library, View
from tunewright.documents.rights import Rights, matches
from tunewright.documents.split import Passage
from tunewright.errors import InputError

FILES = ("a.md", "hr/pay.md", "hr/leave.md", "hr/old/list.csv", "board.md")
NAMES = ("anna", "ben", "cleo")
TEXTS = {file: f"The pump of {file} costs {number} euro." for number, file in enumerate(FILES)}


@pytest.mark.parametrize(
    ("pattern", "file", "meant"),
    [
        ("hr/*", "hr/old/list.csv", True),
        ("hr", "hr/old/list.csv", True),
        ("hr/", "hr/pay.md", True),
        ("pay.md", "hr/pay.md", True),
        ("old", "hr/old/list.csv", True),
        ("HR/Pay.md", "hr/pay.md", True),
        ("./hr/pay.md", "hr/pay.md", True),
        ("*.md", "hr/pay.md", True),
        ("hr/*.md", "hr/old/list.csv", False),
        ("hr/pay", "hr/pay.md", False),
        ("pay", "hr/pay.md", False),
    ],
)
def test_a_pattern_reaches_as_far_as_it_can_be_read_to_reach(pattern: str, file: str, meant: bool) -> None:
    assert matches(pattern, file) is meant


def test_a_file_that_several_patterns_match_is_for_those_whom_all_name() -> None:
    rights = Rights((("hr", frozenset({"anna", "ben"})), ("pay.md", frozenset({"anna", "cleo"}))))
    assert rights.readers("hr/pay.md") == frozenset({"anna"})
    assert rights.readers("a.md") is None
    assert [rights.may_read(name, "hr/leave.md") for name in ("anna", "cleo", None, "")] == [True, False, False, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "hr/*: anna",
        "hr/*: [7]",
        "hr/*: ['']",
        "hr/*: [everybody]",
        "hr/*: Everybody",
        "hr/*:",
        "7: [anna]",
        "../x: [anna]",
        "/hr: [anna]",
        "'!hr': [anna]",
        "'.': [anna]",
        "hr: [anna]\nhr: [ben]",
        "hr: [anna",
        "hr: !!python/object:os.system [x]",
        "? [a]\n: [anna]",
    ],
)
def test_a_bad_file_of_rights_is_an_error_and_nothing_is_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.md").write_text("Hello.")
    (tmp_path / "rights.yaml").write_text(text)
    library = Library(tmp_path)
    with pytest.raises(InputError) as caught:
        library.refresh()
    assert caught.value.code == "documents.rights"
    assert library.view("anna").passages == ()


@pytest.mark.parametrize("name", ["rights.yml", "Rights.yaml", "RIGHTS.YML", "hr/rights.yaml"])
def test_a_file_of_rights_in_another_place_or_name_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "hr").mkdir()
    (tmp_path / "hr" / "pay.md").write_text("Hello.")
    (tmp_path / name).write_text("pay.md: [anna]")
    library = Library(tmp_path)
    with pytest.raises(InputError, match="must be called"):
        library.refresh()
    assert library.view(None).passages == ()


def test_patterns_that_match_nothing_are_told() -> None:
    rights = Rights((("hr", frozenset({"anna"})), ("misspelt.md", frozenset())))
    assert rights.idle(FILES) == ["misspelt.md"]


def written(folder: Path, rights: str) -> Library:
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(TEXTS[name])
    (folder / "rights.yaml").write_text(rights)
    return Library(folder)


def seen(library: Library, reader: str | None) -> set[str]:
    return {passage.file for passage in library.view(reader).passages}


@pytest.mark.parametrize(
    ("pattern", "nearest"),
    [("hr/pya.md", "hr/pay.md"), ("boards.md", "board.md"), ("rh/*", "hr"), ("hr/odl", "hr/old")],
)
def test_a_misspelt_pattern_shows_nothing_and_the_nearest_file_is_named(
    tmp_path: Path, pattern: str, nearest: str
) -> None:
    library = written(tmp_path, f"a.md: [anna]\n{pattern}: [anna]")
    with pytest.raises(InputError, match=f"matches no file; the nearest is '{nearest}'") as caught:
        library.refresh()
    assert caught.value.code == "documents.rights"
    assert seen(library, "anna") == set()


def test_what_was_guarded_is_open_again_only_where_the_file_of_rights_says_so(tmp_path: Path) -> None:
    library = written(tmp_path, "hr: [anna]")
    library.refresh()
    assert library.guarded == ("hr/leave.md", "hr/old/list.csv", "hr/pay.md")
    (tmp_path / "rights.yaml").write_text("hr/pay.md: [anna]\nold: [anna]")
    for known in (library, Library(tmp_path, guarded=library.guarded), Library(tmp_path, guarded=("HR/LEAVE.md",))):
        with pytest.raises(InputError, match=r"'hr/leave\.md' was not for everybody") as caught:
            known.refresh()
        assert caught.value.code == "documents.rights_opened"
        assert seen(known, "anna") == set()
    (tmp_path / "rights.yaml").write_text("hr/pay.md: [anna]\nold: [anna]\nhr/leave.md: everybody")
    library.refresh()
    assert seen(library, None) == {"a.md", "board.md", "hr/leave.md"}
    (tmp_path / "hr" / "leave.md").unlink()
    (tmp_path / "rights.yaml").write_text("hr/pay.md: [anna]\nold: [anna]")
    library.refresh()
    assert seen(library, None) == {"a.md", "board.md"}


def test_everybody_gives_nothing_to_those_whom_another_pattern_keeps_out(tmp_path: Path) -> None:
    library = written(tmp_path, "hr: [anna]\nhr/pay.md: everybody")
    library.refresh()
    assert seen(library, "ben") == {"a.md", "board.md"}
    assert library.rights.names == {"anna"}


@given(
    st.dictionaries(
        st.sampled_from(["hr", "hr/*", "*.md", "pay.md", "board.md", "a.md", "old", "*"]),
        st.frozensets(st.sampled_from(NAMES)),
        max_size=4,
    ),
    st.sampled_from([*NAMES, None, "nobody"]),
    st.sampled_from(["pump", "pump hr pay", "euro 3", "board", "nothing"]),
)
@settings(max_examples=150, deadline=None)
def test_a_view_is_what_a_library_of_the_visible_files_alone_would_be(
    rules: dict[str, frozenset[str]], reader: str | None, question: str
) -> None:
    """The brute-force twin: nothing hidden is returned, and hidden files change neither order nor scores."""
    passages = {file: Passage(file, (), "line 1", (text,), text) for file, text in TEXTS.items()}
    rights = Rights(tuple(rules.items()))
    seen = [
        file
        for file in FILES
        if all(reader is not None and reader in names for pattern, names in rules.items() if matches(pattern, file))
    ]
    allowed = [passages[file] for file in FILES if rights.may_read(reader, file)]
    assert [passage.file for passage in allowed] == seen
    found = View(allowed, None).search(question, 5)
    twin = View([passages[file] for file in seen], None).search(question, 5)
    assert [(one.passage.file, one.score) for one in found] == [(one.passage.file, one.score) for one in twin]
    assert {one.passage.file for one in found} <= set(seen)
