"""The light core: without torch everything but the models works, and ``--help`` imports nothing heavy.

These tests start a process of their own, because what is imported can only be seen in a fresh one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows

from tunewright.records.verdict import Verdict

WITHOUT_TORCH = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "tokenizers", "safetensors"):
            return None
        return self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
from tunewright.cli.main import main
main()
"""


@pytest.mark.process
def test_without_the_model_stack_the_rest_runs_and_says_what_is_missing(tmp_path: Path) -> None:
    project = make_project(tmp_path, make_rows(90), systems=(MAJORITY, WORDS_ONLY, {"finetune": "minilm"}))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "run", str(project), "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "TUNEWRIGHT_OFFLINE": "1"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    verdict = Verdict.model_validate_json(done.stdout)
    words, tuned = (next(s for s in verdict.systems if s.kind == kind) for kind in ("tfidf", "finetune"))
    assert words.available
    assert not tuned.available
    assert "tunewright[models]" in (tuned.reason or "")


LISTS_MODULES = """
import sys, time
started = time.perf_counter()
sys.argv = ["tunewright", "--help"]
from tunewright.cli.main import main
try:
    main()
except SystemExit as end:
    assert end.code == 0
seconds = time.perf_counter() - started
heavy = {"torch", "transformers", "sklearn", "sqlalchemy", "scipy", "matplotlib", "polars", "numpy"} & set(sys.modules)
print("HEAVY", sorted(heavy), file=sys.stderr)
print("CPU", time.process_time(), file=sys.stderr)
"""


@pytest.mark.process
def test_help_is_quick_and_imports_nothing_heavy() -> None:
    seconds = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", LISTS_MODULES], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "HEAVY []" in done.stderr
        # Seconds of the processor, so that a busy machine does not fail the test.
        seconds.append(float(done.stderr.rpartition("CPU ")[2]))
    assert min(seconds) < 0.5
