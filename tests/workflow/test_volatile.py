"""The list of what may differ between runs is exact: every path exists, and nothing else is taken out."""

from __future__ import annotations

from pathlib import Path

from desks import make_project, make_rows, run_project
from volatile import places, volatile_patterns, without_volatile

from tunewright.workflow.run import RunOptions


def test_taking_out_paths() -> None:
    document = {"run": "x", "systems": [{"name": "a", "latency": 1}, {"name": "b"}], "data": {"rows": 3, "when": "now"}}
    taken = without_volatile(document, ["run", "systems[].latency", "data.when"])
    assert taken == {"systems": [{"name": "a"}, {"name": "b"}], "data": {"rows": 3}}
    assert document["run"] == "x"


def test_every_path_of_the_list_is_in_a_real_verdict(tmp_path: Path) -> None:
    # The same rows but one have been used before.
    run_project(make_project(tmp_path / "before", make_rows(91)))
    verdict = run_project(make_project(tmp_path / "now", make_rows(90)), RunOptions(final=True)).model_dump(mode="json")
    patterns = volatile_patterns()
    assert "run" in patterns
    assert {pattern: places(verdict, pattern) for pattern in patterns if places(verdict, pattern) == 0} == {}
