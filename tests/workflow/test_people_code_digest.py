"""A person's own code: a change in a module that it imports is a change of it, wherever it is used."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from desks import make_project, make_rows, open_state, study_of

sys.path.insert(0, str(Path(__file__).parents[1] / "systems"))
from talking import Talking, around

from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import build as build_grader
from tunewright.evaluation.grades import close
from tunewright.systems import registry, tools
from tunewright.systems.registry import build_system, parse_entry
from tunewright.workflow.code_digest import code_digest
from tunewright.workflow.diagnose.answering import Asker
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.study import Hooks

OWN = {
    "rules.py": "from lists.words import TABLE\n\ndef route(text):\n    return TABLE.get(text)\n",
    "graders.py": "from lists.words import TABLE\n\ndef mine(answer, target):\n    return answer in TABLE\n",
    "tools.py": 'from lists.words import TABLE\n\ndef look(name: str) -> str:\n    """Look up."""\n    return TABLE\n',
    "own_kind.py": "from tunewright.systems.majority import build\nfrom lists.words import TABLE\n",
    "lists/words.py": "from .deeper import TABLE\n",
    "lists/deeper.py": "TABLE = {}\n",
    "aside.py": "TABLE = {}\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in OWN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    own = registry.kinds()
    monkeypatch.setattr(registry, "kinds", lambda: {**own, "own": "own_kind"})
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def of_rules(folder: Path) -> str:
    return json.dumps(dict(build_system(parse_entry({"rules": "rules.py:route"}), folder).identity()))


def of_tools(folder: Path) -> str:
    made = tools.build_around(
        "t", "small", {"functions": "tools.py"}, folder, around(Talking(lambda _r: ""), root=folder)
    )
    return json.dumps(dict(made.identity()))


def of_grader(folder: Path) -> str:
    return json.dumps(
        dict(build_grader("function", {"function": "graders.py:mine"}, GraderContext(root=folder)).identity())
    )


def of_command(folder: Path) -> str:
    return json.dumps(dict(build_system(parse_entry({"command": "python rules.py"}), folder).identity()))


def of_plugin(folder: Path) -> str:
    # A program that goes on has the module that it imported; the next one reads it anew.
    code_digest.cache_clear()
    for name in ("own_kind", "lists", "lists.words", "lists.deeper"):
        sys.modules.pop(name, None)
    return code_digest("own", engine=False)


@pytest.mark.parametrize("digest", [of_rules, of_tools, of_grader, of_command, of_plugin])
def test_a_change_in_what_a_persons_file_imports_is_a_change_of_it(folder: Path, digest: Callable[[Path], str]) -> None:
    before = digest(folder)
    assert digest(folder) == before
    for name in ("lists/words.py", "lists/deeper.py"):
        with (folder / name).open("a", encoding="utf-8") as stream:
            stream.write("# changed\n")
        assert digest(folder) != before, name
        before = digest(folder)
    (folder / "aside.py").write_text("TABLE = {1: 2}\n", encoding="utf-8")
    assert digest(folder) == before


RULES = "from lists.words import WORD\n\ndef route(text):\n    return WORD\n"
GRADER = "from lists.scale import SCORE\n\ndef mine(answer, target):\n    return SCORE if answer == target else 0.0\n"


@pytest.mark.process
def test_a_changed_helper_is_fitted_and_scored_anew(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "rules.py").write_text(RULES, encoding="utf-8")
    (tmp_path / "graders.py").write_text(GRADER, encoding="utf-8")
    words, scale = tmp_path / "lists" / "words.py", tmp_path / "lists" / "scale.py"
    words.write_text("WORD = 'nobody'\n", encoding="utf-8")
    scale.write_text("SCORE = 1.0\n", encoding="utf-8")
    rows = make_rows(40)
    fields = {"kind": "generate", "folds": 2, "grader": {"function": {"function": "graders.py:mine"}}}
    folder = make_project(tmp_path, rows, systems=["majority", {"rules": "rules.py:route"}], fields=fields)

    def scored() -> tuple[float, list[str]]:
        """The mean score and the keys of the fits, as a program that is started now finds or makes them."""
        entry = parse_entry({"rules": "rules.py:route"})
        with open_state(folder) as store:
            study, _ = study_of(folder, store)
            answers = Asker(study, store, Hooks()).answers(Contestant(entry, build_system(entry, folder)), study.parts)
            close(study.grading.grader)
        scores = [row.score for row in answers.rows if row.score is not None]
        assert len(scores) == len(rows)
        return sum(scores) / len(scores), [fit.key for fit in answers.fits]

    share = sum(row.category == rows[0].category for row in rows) / len(rows)
    score, keys = scored()
    assert score == 0.0
    assert scored() == (score, keys)
    words.write_text(f"WORD = {rows[0].category!r}\n", encoding="utf-8")
    score, others = scored()
    assert score == pytest.approx(share)
    assert not {*keys} & {*others}
    scale.write_text("SCORE = 0.5\n", encoding="utf-8")
    assert scored()[0] == pytest.approx(share / 2)
    # A byte code that was kept in the same second would stand for the changed file.
    assert not list(tmp_path.rglob("__pycache__"))
