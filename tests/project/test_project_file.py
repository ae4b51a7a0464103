"""tunewright.yaml: unknown keys, wrong values, environment, round trip, and no field that nothing reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.errors import InputError
from tunewright.project.file import dump_project, load_project
from tunewright.project.settings import MAX_FIELDS, ProjectSettings, field_names

SOURCE = Path(__file__).parents[2] / "src" / "tunewright"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tunewright.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_unknown_key_names_the_nearest_right_one_and_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "task: x\nvolume_per_dya: 3\n")
    with pytest.raises(InputError) as caught:
        load_project(path)
    assert caught.value.where == f"{path}:2"
    assert caught.value.hint == "Did you mean 'volume_per_day'?"


def test_an_unknown_nested_key_names_its_section(tmp_path: Path) -> None:
    path = write(tmp_path, "data:\n  path: a.csv\n  groups: customer\n")
    with pytest.raises(InputError, match="'groups' under 'data'") as caught:
        load_project(path)
    assert caught.value.where == f"{path}:3"
    assert "'group'" in str(caught.value.hint)


def test_a_wrong_value_names_line_field_and_value(tmp_path: Path) -> None:
    path = write(tmp_path, "task: x\ntarget:\n  at_least: 95\n")
    with pytest.raises(InputError, match=r"target\.at_least") as caught:
        load_project(path)
    assert f"{path}:3" in str(caught.value.where)
    assert "'95'" in str(caught.value.where)


@pytest.mark.parametrize("text", ["task: [", "- a\n- b\n", "task: \x00"])
def test_broken_files_are_clear_errors(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        load_project(write(tmp_path, text))
    assert str(tmp_path) in str(caught.value.where)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no project file") as caught:
        load_project(tmp_path / "tunewright.yaml")
    assert "tunewright run FILE" in str(caught.value.hint)


def test_environment_variables_are_filled_in_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "task: ${env:TASK_TEXT} today\n")
    assert load_project(path, {"TASK_TEXT": "Route mail"}).task == "Route mail today"
    with pytest.raises(InputError, match="TASK_TEXT"):
        load_project(path, {})


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    settings = ProjectSettings.model_validate(
        {
            "task": "Route tickets – fast",
            "data": {"path": "t.csv", "input": ["subject", "body"], "target": "desk"},
            "systems": ["majority", {"finetune": "minilm"}, {"tfidf": {"name": "words"}}],
            "incumbent": {"rules": "rules.py:route"},
        }
    )
    assert load_project(write(tmp_path, dump_project(settings))) == settings


def test_there_are_at_most_forty_fields_and_each_is_read_by_the_program() -> None:
    names = field_names()
    assert len(names) <= MAX_FIELDS
    files = [path for path in SOURCE.rglob("*.py") if "project" not in path.relative_to(SOURCE).parts]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    unread = [name for name in names if f".{name.split('.')[-1]}" not in source]
    assert unread == []


def test_every_field_says_what_it_is() -> None:
    assert all(field.description for name, field in ProjectSettings.model_fields.items() if name != "data")
