"""``tunewright refresh``: new examples become the locked test, and the old one is retired, readable top to bottom.

A test that was looked at again and again proves less each time (``uses``); fresh cases give the proof back. The new
rows are checked, written beside the old files, and written down with what they take the place of. The project file is
its owner's: what to change in it is said, not done.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tunewright.data.set_aside import write_set_aside
from tunewright.decision.money import DEFAULT_MARGIN
from tunewright.decision.plan import Reach, reach
from tunewright.decision.wording import count
from tunewright.errors import InputError
from tunewright.project.file import FILE_NAME, load_project
from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Example, dataset_digest
from tunewright.reporting.files import write_text
from tunewright.store import RegisteredRow, Store
from tunewright.workflow.auditing.privacy_gate import require_learnable
from tunewright.workflow.load import load
from tunewright.workflow.opened import opened
from tunewright.workflow.prepare import prepare
from tunewright.workflow.refresh.checks import Checked, Drawn, check_rows, drawn_alike
from tunewright.workflow.refresh.files import Source, free_path, lines_of, write_together
from tunewright.workflow.refresh.said import lines_of_refresh
from tunewright.workflow.run_names import run_name
from tunewright.workflow.runs import RUNS
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Hooks, Study
from tunewright.workflow.uses import known_uses

LEAST_ROWS = 20
DOCUMENT, SET_ASIDE = "refresh.json", "set_aside.csv"


@dataclass(frozen=True, slots=True)
class RefreshOptions:
    """``retire``: the old test is learned from; else from then on nobody uses it. ``keep_near``: near copies stay."""

    retire: bool = True
    keep_near: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What was found and written; paths are relative to the project, None where nothing was written or must change."""

    given: int
    checked: Checked
    drawn: Drawn
    reach: Reach
    old_regime: str
    old_hash: str
    old_cases: int
    old_looks: int
    new_hash: str
    new_looks: int
    shared_groups: int
    retired: bool
    test: str | None
    learn: str | None
    changes: tuple[tuple[str, str | None, str], ...]
    folder: str | None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json`` and for the document; no text of a row."""
        return {
            "given": self.given,
            "kept": len(self.checked.kept),
            "set_aside": [
                {"row": str(one.source), "code": one.code, "reason": one.reason} for one in self.checked.set_aside
            ],
            "copies_of_training_rows": self.checked.in_training,
            "copies_of_the_old_test": self.checked.in_old_test,
            "near_copies": self.checked.near,
            "repeated": self.checked.repeated,
            "edited": sum(one.code == "refresh.edited" for one in self.checked.set_aside),
            "alike_share": self.checked.edits.share,
            "drawn": {**asdict(self.drawn), "alike": self.drawn.alike, "against_it": self.drawn.sentences()},
            "smallest_provable_gain": self.reach.smallest_gain,
            "needed_cases": self.reach.needed_cases,
            "old": {"regime": self.old_regime, "hash": self.old_hash, "n": self.old_cases, "looks": self.old_looks},
            "new": {"hash": self.new_hash, "n": len(self.checked.kept), "looks": self.new_looks},
            "groups_on_both_sides": self.shared_groups,
            "retired": self.retired,
            "files": {"test": self.test, "learn": self.learn},
            "project_file": [{"field": name, "before": old, "after": new} for name, old, new in self.changes],
            "folder": self.folder,
        }

    def lines(self) -> list[str]:
        """For a person."""
        return lines_of_refresh(self)


def refresh(root: Path, table: Path, options: RefreshOptions, hooks: Hooks) -> Refreshed:
    """Check new examples, and write them down as the next locked test.

    Args:
        root: the folder of the project; ``table`` has the same columns as its own.

    Raises:
        InputError: there is no project, the table cannot be read, or too few of its rows are fresh.
    """
    settings = load_project(root / FILE_NAME)
    with opened(settings, root, hooks) as store:
        loaded = load(settings, root, store)
        study = prepare(settings, root, loaded, store).study
        given = _read_new(settings, table, root, store)
        require_learnable(store, list(given))
        learned, old_test = _sides(study, retire=options.retire)
        checked = check_rows(given, learned, old_test, keep_near=options.keep_near)
        _require_no_rewrite(checked, table)
        _require_enough(checked, len(given), table)
        found = _found(settings, study, given, checked, learned, old_test, options, store)
        if options.dry_run:
            return found
        return _written(found, settings, study, table, root, store, options)


def _read_new(settings: ProjectSettings, table: Path, root: Path, store: Store) -> tuple[Example, ...]:
    """The new rows, read as the project's own table is; rows that were erased from the project stay out."""
    data = settings.data.model_copy(update={"path": str(table.resolve()), "test": None})
    return load(settings.model_copy(update={"data": data}), root, store).examples


def _sides(study: Study, *, retire: bool) -> tuple[list[Example], list[Example]]:
    """The rows to learn from, and the cases that were looked at; with few rows all were both."""
    part = study.parts[0]
    if study.regime == "cross-fitted":
        return list(study.examples), []
    learned = [study.examples[row] for row in (*part.train, *part.validation)]
    return learned, [study.examples[row] for row in part.scored]


def _require_enough(checked: Checked, given: int, table: Path) -> None:
    if len(checked.kept) >= LEAST_ROWS:
        return
    raise InputError(
        "refresh.too_few",
        f"Only {count(len(checked.kept), 'row')} of {given:,} are fresh; a test has at least {LEAST_ROWS}.",
        where=str(table),
        why=f"{checked.in_training:,} stand in training, {checked.in_old_test:,} in the old test, {checked.near:,} are "
        f"near copies, {checked.repeated:,} repeat each other, "
        f"{len(checked.edits.rows):,} are known rows put otherwise.",
        hint="Take cases that came in after everything the project has.",
    )


def _require_no_rewrite(checked: Checked, table: Path) -> None:
    edits = checked.edits
    if len(checked.kept) + len(edits.rows) < LEAST_ROWS or not edits.too_many:
        return
    example = next((one for one in checked.set_aside if one.code == "refresh.edited"), None)
    raise InputError(
        "refresh.rewritten",
        f"{100 * edits.share:.0f} % of the rows that are no copies have the words of rows that the project knows; "
        f"among those themselves it is {100 * edits.usual:.0f} %.",
        where=str(table) if example is None else str(example.source),
        why="Old cases with words added, moved or misspelt are no fresh cases: whoever chose by the old ones has "
        "chosen by these, and a test made of them would start at its full level again."
        + ("" if example is None else f" This row has {example.reason}."),
        hint="Take cases that came in after everything the project has, and leave rewritten ones out.",
    )


def _found(
    settings: ProjectSettings,
    study: Study,
    given: Sequence[Example],
    checked: Checked,
    learned: Sequence[Example],
    old_test: Sequence[Example],
    options: RefreshOptions,
    store: Store,
) -> Refreshed:
    one_label = settings.kind == "classify" and not several_labels(settings)
    labels = sorted({example.target for example in [*learned, *(old_test if options.retire else [])]})
    new_hash = dataset_digest(list(checked.kept))
    overlap = store.overlap(new_hash, [example.messages for example in checked.kept])
    both = [*learned, *(old_test if options.retire else [])]
    return Refreshed(
        given=len(given),
        checked=checked,
        drawn=drawn_alike(old_test or learned, checked.kept, labels, labels=one_label, seed=settings.seed),
        reach=reach(len(checked.kept), settings.min_improvement or DEFAULT_MARGIN),
        old_regime=study.regime,
        old_hash=study.test_hash,
        old_cases=len(study.scored),
        old_looks=known_uses(study, store).looks,
        new_hash=new_hash,
        new_looks=len(store.uses(new_hash)) + len(overlap.uses),
        shared_groups=len({e.group for e in both if e.group} & {e.group for e in checked.kept if e.group}),
        retired=options.retire or study.regime == "cross-fitted",
        test=None,
        learn=None,
        changes=(),
        folder=None,
    )


def _written(
    found: Refreshed,
    settings: ProjectSettings,
    study: Study,
    table: Path,
    root: Path,
    store: Store,
    options: RefreshOptions,
) -> Refreshed:
    """Write the files, then the lineage, then what was found."""
    assert settings.data.path is not None
    main = root / settings.data.path
    stem = main.name.removesuffix(".gz").split(".")[0]
    test_path = free_path(main.parent, stem, "test", table)
    write_together([Source(table, lines_of(found.checked.kept))], test_path)
    learn = _learn_sources(settings, study, root, retire=options.retire)
    learn_path = None if learn is None else free_path(main.parent, stem, "learn", main)
    if learn is not None and learn_path is not None:
        write_together(learn, learn_path)
    changes = [("data.test", settings.data.test, _relative(test_path, root))]
    if learn_path is not None:
        changes.insert(0, ("data.path", settings.data.path, _relative(learn_path, root)))
    now = datetime.now(UTC)
    folder = root / RUNS / f"refresh-{run_name(now)}"
    done = Refreshed(
        **{name: getattr(found, name) for name in _UNCHANGED},
        test=_relative(test_path, root),
        learn=None if learn_path is None else _relative(learn_path, root),
        changes=tuple(changes),
        folder=_relative(folder, root),
    )
    _write_down(done, study, folder, store, now.isoformat(timespec="seconds"))
    return done


_UNCHANGED = tuple(
    name for name in Refreshed.__dataclass_fields__ if name not in ("test", "learn", "changes", "folder")
)


def _learn_sources(settings: ProjectSettings, study: Study, root: Path, *, retire: bool) -> list[Source] | None:
    """The files of rows to learn from, where they cannot stay as they are.

    A test file of one's own is joined to the rows when it is retired. A test that was split off is learned from by
    itself once another file is the test; to keep it out, a file without it is needed.
    """
    if study.regime == "cross-fitted":
        return None
    assert settings.data.path is not None
    main = root / settings.data.path
    if settings.data.test is not None:
        return [Source(main, None), Source(root / settings.data.test, None)] if retire else None
    if retire:
        return None
    gone = lines_of([study.examples[row] for row in study.parts[0].scored])
    return [Source(main, lines_of(study.examples) - gone)]


def _write_down(done: Refreshed, study: Study, folder: Path, store: Store, created: str) -> None:
    """The lineage of the new test among the dataset versions, the document, and the rows that were set aside."""
    old = [study.examples[row] for row in study.scored]
    base = store.versions.record(old, "the cases that decided before")
    store.versions.record(
        done.checked.kept,
        str(done.test),
        about={
            "role": "locked test",
            "takes_the_place_of": base.hash,
            "looks_at_that": done.old_looks,
            "retired_into_training": done.retired,
            "set_aside": len(done.checked.set_aside),
        },
    )
    folder.mkdir(parents=True)
    if done.checked.set_aside:
        _keep_set_aside(done, folder, store)
    document = {"created": created, "task": study.settings.task, **done.as_dict()}
    write_text(json.dumps(document, indent=2, ensure_ascii=False), folder / DOCUMENT)


def _keep_set_aside(done: Refreshed, folder: Path, store: Store) -> None:
    """Their texts stand in a file: its rows are registered first, so that an erasure finds it."""
    rows = [
        RegisteredRow(
            row_key=store.row_key(example),
            input_key=store.input_key(example),
            row_id=example.row_id,
            source=str(example.source),
            part="set-aside:refresh",
        )
        for example in done.checked.aside_examples
    ]
    store.register_rows(folder.name, rows)
    store.register_file(folder.name, Path(SET_ASIDE), store.row_set([row.row_key for row in rows]))
    write_set_aside(folder / SET_ASIDE, done.checked.set_aside)


def _relative(path: Path, root: Path) -> str:
    whole, here = path.resolve(), root.resolve()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)
