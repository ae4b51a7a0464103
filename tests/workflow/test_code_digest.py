"""The code behind a fit: a change throws away the fits of the kinds that run it, and no other."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from tunewright.systems.registry import module_of
from tunewright.workflow import code_digest as digests
from tunewright.workflow.code_digest import PACKAGE, sources_of

KINDS = ("tfidf", "embedding", "prompt", "few_shot", "tools", "pipeline", "cascade", "retrieval", "rules", "finetune")


@cache
def sources(kind: str) -> frozenset[Path]:
    return frozenset(sources_of(Path(str(module_of(kind).__file__)), engine=False))


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        ("systems/_tools/loop.py", {"tools"}),
        ("systems/_tools/fence.py", {"tools", "pipeline"}),
        ("systems/_combined/thresholds.py", {"cascade"}),
        ("systems/_retrieval/quote.py", {"retrieval"}),
        ("systems/_prompting/prompted.py", {"prompt", "few_shot", "tools", "pipeline", "retrieval"}),
        ("systems/_honest.py", set(KINDS) - {"cascade", "rules"}),
        ("systems/tfidf.py", {"tfidf"}),
        ("sandbox/signatures.py", {"tools", "rules"}),
        ("sandbox/worker.py", {"tools", "rules"}),
        ("statistics/selective.py", {"cascade"}),
        ("evaluation/graders/label.py", set(KINDS)),
        ("language/encoder.py", set()),
    ],
)
def test_a_file_counts_for_the_kinds_that_run_it(file: str, kinds: set[str]) -> None:
    assert (PACKAGE / file).is_file()
    assert {kind for kind in KINDS if PACKAGE / file in sources(kind)} == kinds


def test_the_engine_counts_for_models() -> None:
    files = sources_of(Path(str(module_of("embedding").__file__)), engine=True)
    assert {PACKAGE / "language" / "encoder.py", PACKAGE / "training" / "loop.py"} <= files


def test_an_edited_helper_changes_the_digest_of_who_imports_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / PACKAGE.name
    for room in ("systems", "sandbox", "documents", "data", "evaluation", "statistics"):
        shutil.copytree(PACKAGE / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))

    def digest(kind: str) -> str:
        files = sources_of(copy / "systems" / f"{kind}.py", engine=False, package=copy)
        return str([(path.relative_to(copy), path.read_bytes()) for path in sorted(files)])

    some = ("tfidf", "prompt", "rules", "tools")
    before = {kind: digest(kind) for kind in some}
    helper = copy / "systems" / "_tools" / "calls.py"
    helper.write_text(helper.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert {kind for kind in some if digest(kind) != before[kind]} == {"tools"}


def test_a_persons_own_kind_hangs_on_its_file_and_on_what_it_takes_from_here(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(
        "from tunewright.systems.fitlog import FitLog\n\ndef late():\n    from tunewright.systems import tfidf\n",
        encoding="utf-8",
    )
    files = sources_of(own, engine=False)
    assert {own, PACKAGE / "systems" / "fitlog.py", PACKAGE / "systems" / "tfidf.py"} <= files
    assert PACKAGE / "systems" / "tools.py" not in files


def test_every_kind_of_the_house_has_a_digest_of_its_own() -> None:
    some = ("majority", "tfidf", "prompt", "rules")
    assert len({digests.code_digest(kind, engine=False) for kind in some}) == len(some)
