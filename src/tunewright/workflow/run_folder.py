"""``runs/<id>/``: manifest, verdict, report, log, rows set aside. Projections of the state; no run reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tunewright.data.set_aside import write_set_aside
from tunewright.records.verdict import Verdict
from tunewright.reporting.document import write_verdict
from tunewright.reporting.html import render_report
from tunewright.store import RegisteredRow, Store
from tunewright.version import __version__
from tunewright.workflow.prepare import Prepared
from tunewright.workflow.study import Hooks, Study

# Writing a version down takes a quarter of a second per thousand rows.
MOST_ROWS_AS_VERSION = 20_000


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path
    run: str
    prepared: Prepared

    @staticmethod
    def make(runs: Path, run: str, prepared: Prepared) -> RunFolder:
        """Create the folder, with the rows that were set aside in a file."""
        path = runs / run
        path.mkdir(parents=True)
        if prepared.set_aside:
            write_set_aside(path / "set_aside.csv", prepared.set_aside)
        return RunFolder(path, run, prepared)

    @property
    def hashes(self) -> dict[str, str]:
        """What identifies the program and the settings of this run; where the tables lie is no setting."""
        settings = self.prepared.study.settings.model_dump_json(exclude={"data": {"path", "test"}})
        return {"program": __version__, "settings": hashlib.sha256(settings.encode()).hexdigest()}

    def logged(self, hooks: Hooks) -> Hooks:
        """Hooks that also write what is said into the log of the run."""
        write = self._log

        def say(text: str) -> None:
            write(text)
            hooks.say(text)

        return replace(hooks, say=say, log=write)

    def write_manifest(self, manifest: object) -> None:
        """``manifest.json``, before the first system runs."""
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        (self.path / "manifest.json").write_text(text, encoding="utf-8")

    def write(self, verdict: Verdict, study: Study, store: Store, *, texts: bool) -> Path:
        """``verdict.json`` and ``report.html``; first registers which rows they show."""
        shown = verdict if texts else verdict.model_copy(update={"fixed_cases": [], "broken_cases": []})
        report = self.path / "report.html"
        listed = {case.row for case in (*shown.fixed_cases, *shown.broken_cases)}
        # Names of rows alone, no texts; they go with the row all the same.
        listed |= {row for system in shown.systems if system.learned for row in system.learned.hard_rows}
        keys = [key for key, e in zip(study.row_keys, study.examples, strict=True) if e.row_id in listed]
        if keys:
            row_set = store.row_set(keys)
            for name in ("verdict.json", "report.html"):
                store.register_file(self.run, Path(name), row_set)
        write_verdict(shown, self.path / "verdict.json")
        report.write_text(render_report(shown, texts=texts), encoding="utf-8")
        return report

    def register_rows(self, store: Store) -> None:
        """Write down where every row went in this run."""
        study = self.prepared.study
        part_of: dict[int, str] = {}
        for part in study.parts:
            names = {"validation": part.validation, "train": part.train} if study.regime == "locked" else {}
            for name, rows in {**names, part.name: part.scored}.items():
                part_of |= dict.fromkeys(rows, name)
        registered = [
            RegisteredRow(
                row_key=study.row_keys[position],
                input_key=store.input_key(example),
                row_id=example.row_id,
                source=str(example.source),
                part=part_of.get(position, "set-aside:split"),
            )
            for position, example in enumerate(study.examples)
        ]
        store.register_rows(self.run, registered)
        if len(study.examples) <= MOST_ROWS_AS_VERSION:
            # A table that is edited in place afterwards can still be compared with what this run has seen.
            store.versions.record(study.examples, str(study.settings.data.path))

    @property
    def _log(self) -> Callable[[str], None]:
        path = self.path / "log.txt"

        def write(text: str) -> None:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            with path.open("a", encoding="utf-8") as stream:
                stream.write(f"{now} {text}\n")

        return write
