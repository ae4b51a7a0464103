"""Every name in the README is real: commands, files, fields, the Python lines."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import tunewright as tw
from tunewright.cli.main import COMMANDS
from tunewright.project.settings import field_names
from tunewright.systems.registry import kinds

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    named = set(re.findall(r"`tunewright ([a-z][a-z-]+)", page.read_text(encoding="utf-8")))
    assert named <= {name for _, name in COMMANDS}


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for _, name in COMMANDS if f"{name}" not in text] == []


def test_the_page_of_the_project_file_is_up_to_date() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "import make_project_file as m; print(m.text(), end='')"],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert made == (ROOT / "docs" / "project-file.md").read_text(encoding="utf-8")


def test_the_page_of_the_project_file_names_every_field_and_kind() -> None:
    text = (ROOT / "docs" / "project-file.md").read_text(encoding="utf-8")
    assert [name for name in field_names() if f"`{name}`" not in text] == []
    assert [kind for kind in kinds() if f"### `{kind}`" not in text and not kind.startswith("keywords")] == []


def test_the_python_face_runs_the_main_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEWRIGHT_USER_DIR", str(tmp_path / "user"))
    words = {"a": "where is the parcel", "b": "the invoice is wrong", "c": "the pump leaks oil"}
    rows = [f'"{text} {number}, please help",{label}' for number in range(30) for label, text in words.items()]
    (tmp_path / "desk.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    (tmp_path / "tunewright.yaml").write_text(
        "task: Route\ndata: {path: desk.csv, input: text, target: label}\nsystems: [majority, tfidf]\nfolds: 2\n"
    )
    lines: list[str] = []
    verdict = tw.open(tmp_path).run(say=lines.append)
    assert verdict.headline is None
    assert verdict.use.system == "tfidf"
    assert any("tfidf: 100.0% right" in line for line in lines)
