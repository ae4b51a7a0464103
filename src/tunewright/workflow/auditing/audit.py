"""The audit as a job: read, run the checks, write the report. The rows are found again by ``where`` and ``purge``.

read -> view -> checks -> ``runs/audit-<time>/`` with ``audit.json``, ``report.html`` and the rows set aside. Nothing is
changed in the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tunewright.audit.registry import Check, all_checks
from tunewright.audit.result import AuditResult
from tunewright.audit.run import AuditOptions, run_audit
from tunewright.audit.view import Deployment, FloatArray, Kind, Part, View
from tunewright.data.read import ColumnMap, read_table
from tunewright.data.set_aside import write_set_aside
from tunewright.errors import InputError, WorkError
from tunewright.language.extra import missing_models
from tunewright.project.thresholds import load_thresholds
from tunewright.records.example import Example, dataset_digest
from tunewright.store import AuditCache, RegisteredRow, Store
from tunewright.store.kept_vectors import Embed, kept_vectors
from tunewright.workflow.auditing.approvals import remember_audit
from tunewright.workflow.auditing.audit_data import AuditData, read_for_audit
from tunewright.workflow.opened import Egress, downloads_as, opened_state
from tunewright.workflow.reviewing.settled import settled_by_review
from tunewright.workflow.run_names import run_name
from tunewright.workflow.runs import RUNS, STATE
from tunewright.workflow.study import Hooks

# Vectors take five to nine seconds per thousand short rows on a processor: above this they are made when asked for.
MOST_ROWS_FOR_VECTORS = 20_000
# Writing a version down takes a quarter of a second per thousand rows.
MOST_ROWS_FOR_VERSION = 200_000
# Rows in one register: a register is made in memory.
ROWS_PER_REGISTER = 20_000


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What a person asked for.

    ``others`` are files of further parts, ``deployment`` a file of inputs seen where the model will work, ``system``
    the prompt that will be sent there. ``vectors``: None makes them unless there are very many rows. ``only`` names
    checks. ``egress`` is the project's word on the network: ``none`` forbids fetching the encoder.
    """

    path: Path
    columns: ColumnMap | None = None
    kind: Kind | None = None
    others: tuple[tuple[Part, Path], ...] = ()
    deployment: Path | None = None
    system: str | None = None
    only: tuple[str, ...] = ()
    vectors: bool | None = None
    seed: int = 0
    command: str = "tunewright audit"
    egress: Egress = "allow"


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit that ran, before anything is written: the result, what was looked at, and what reading said."""

    request: AuditRequest
    result: AuditResult
    view: View
    data: AuditData
    digest: str
    limits: dict[str, dict[str, float]]


def audit(request: AuditRequest, root: Path, hooks: Hooks) -> Audited:
    """Read and check.

    Raises:
        InputError: a file cannot be read, a check or threshold does not exist.
        WorkError: the encoder cannot be had.
        Cancelled: the person asked to stop.
    """
    limits = load_thresholds(root, {check.NAME: check.LIMITS for check in _chosen(request.only)})
    with downloads_as(request.egress), opened_state(root, hooks) as store:
        data = _without_erased(read_for_audit(request.path, request.columns, request.others, request.kind), store)
        if not data.examples:
            raise InputError("audit.no_rows", "No row of this file can be used.", where=str(request.path))
        with AuditCache.open(store) as memory:
            view = _view(data, request, hooks, store, memory)
            result = run_audit(view, AuditOptions(request.only, limits, memory))
            # Vectors are made of the cache, which closes here; nobody asks for more of them.
            view.embed = None
        remember_audit(store, view.examples, result)
        result = settled_by_review(store, view.examples, result)
        _keep_version(store, data, request, hooks)
    return Audited(request, result, view, data, dataset_digest(list(data.examples)), limits)


def _keep_version(store: Store, data: AuditData, request: AuditRequest, hooks: Hooks) -> None:
    """The rows of the file as a dataset version, so that later ones can be compared with it and persons be found."""
    rows = [e for place, e in enumerate(data.examples) if data.parts is None or data.parts[place] == "train"]
    if len(rows) > MOST_ROWS_FOR_VERSION:
        hooks.say(
            f"Note: {len(rows):,} rows are not written down as a dataset version, for they are more than "
            f"{MOST_ROWS_FOR_VERSION:,}: later files cannot be compared with them."
        )
        return
    store.versions.record(rows, request.path.name)


def audit_folder(audited: Audited, root: Path) -> tuple[Path, str]:
    """A new folder for the files of an audit, its rows registered under it; and the time, ISO 8601 (UTC)."""
    now = datetime.now(UTC)
    created, name = now.isoformat(timespec="seconds"), f"audit-{run_name(now)}"
    folder = root / RUNS / name
    folder.mkdir(parents=True)
    if audited.data.set_aside:
        write_set_aside(folder / "set_aside.csv", audited.data.set_aside)
    with Store.open(root / STATE) as store:
        row_set = store.row_set(_register(store, name, audited.view.examples))
        for file in ("report.html", "audit.json"):
            store.register_file(name, Path(file), row_set)
    return folder, created


def _register(store: Store, run: str, examples: Sequence[Example]) -> list[str]:
    """Write down where rows went, some at a time, and return their keys. What an earlier audit wrote of equal rows is
    not written again."""
    keys = []
    for start in range(0, len(examples), ROWS_PER_REGISTER):
        rows = [_registered(store, example) for example in examples[start : start + ROWS_PER_REGISTER]]
        store.register_rows(run, rows)
        keys += [row.row_key for row in rows]
    return keys


def _registered(store: Store, example: Example) -> RegisteredRow:
    return RegisteredRow(
        row_key=store.row_key(example),
        input_key=store.input_key(example),
        row_id=example.row_id,
        source=str(example.source),
        part="audited",
    )


def _chosen(only: Sequence[str]) -> list[Check]:
    """All checks; names that are none are refused."""
    checks = all_checks()
    known = {check.NAME for check in checks}
    for name in only:
        if name not in known:
            raise InputError(
                "audit.unknown_check",
                f"There is no check named {name!r}.",
                where="--check",
                hint=f"Checks: {', '.join(sorted(known))}",
            )
    return checks


def _without_erased(data: AuditData, store: Store) -> AuditData:
    erased = store.are_erased(data.examples)
    if not any(erased):
        return data
    kept = [place for place, gone in enumerate(erased) if not gone]
    parts = None if data.parts is None else tuple(data.parts[place] for place in kept)
    notes = (*data.notes, f"{len(data.examples) - len(kept)} rows were erased from this project and are left out.")
    examples = tuple(data.examples[place] for place in kept)
    return AuditData(examples, data.kind, parts, data.set_aside, notes, data.shape)


def _view(data: AuditData, request: AuditRequest, hooks: Hooks, store: Store, memory: AuditCache) -> View:
    embed, why_not = _encoder(request, data.examples, hooks, store, memory)
    return View(
        examples=data.examples,
        kind=data.kind,
        parts=data.parts,
        set_aside=data.set_aside,
        deployment=Deployment(_inputs(request.deployment, request.columns), request.system),
        embed=embed,
        no_vectors=why_not,
        seed=request.seed,
        cancelled=hooks.cancelled,
        progress=lambda what, share: hooks.progress("audit", "done" if share >= 1 else what, share),
    )


def _inputs(path: Path | None, columns: ColumnMap | None) -> tuple[str, ...]:
    """Inputs seen in deployment, as the file holds them; targets are not wanted."""
    if path is None:
        return ()
    wanted = None if columns is None else ColumnMap(columns.input)
    found = read_table(path, columns=wanted, kind="generate", require_target=False)
    return tuple(example.text for example in found.examples)


def _encoder(
    request: AuditRequest, examples: Sequence[Example], hooks: Hooks, store: Store, memory: AuditCache
) -> tuple[Embed | None, str]:
    """How texts become vectors and are kept, or why they are not made."""
    if request.vectors is None and len(examples) > MOST_ROWS_FOR_VECTORS:
        return None, f"vectors of more than {MOST_ROWS_FOR_VECTORS:,} rows take long; --vectors makes them"
    embed, why_not = encoder_of(request, hooks, "audit")
    if embed is None:
        return None, why_not

    from tunewright.language.files import MINILM, digest_of_name

    return kept_vectors(embed, memory, store.keyring, digest_of_name(MINILM), examples), ""


def encoder_of(request: AuditRequest, hooks: Hooks, work: str) -> tuple[Embed | None, str]:
    """How texts become vectors, however many, or why they do not; ``work`` is what progress is told of.

    Raises:
        InputError: vectors were asked for and the extra ``models`` is absent.
        WorkError: vectors were asked for, the encoder is not on this machine, and nothing may be downloaded.
    """
    if request.vectors is False:
        return None, "vectors were switched off with --no-vectors"
    missing = missing_models()
    if missing is not None:
        if request.vectors:
            raise InputError("audit.no_models", f"Vectors cannot be made: it {missing}.", where="--vectors")
        return None, f"it {missing}"
    if request.egress == "none" and not _on_this_machine(asked_for=request.vectors is True):
        return None, "the encoder is not on this machine, and nothing may be downloaded (egress: none)"

    def embed(texts: Sequence[str]) -> FloatArray:
        from tunewright.language.encoder import shared_encoder
        from tunewright.language.files import MINILM, locate

        encoder = shared_encoder(locate(MINILM), None)
        say = hooks.progress
        return encoder.embed(list(texts), lambda share: say(work, "reading texts", share), hooks.cancelled)

    return embed, ""


def _on_this_machine(*, asked_for: bool) -> bool:
    """Whether the encoder is there where nothing may be downloaded; its error where vectors were asked for."""
    from tunewright.language.files import MINILM, locate

    try:
        locate(MINILM)
    except WorkError:
        if asked_for:
            raise
        return False
    return True
