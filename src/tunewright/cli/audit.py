"""``tunewright audit``: is this data fit to learn from?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import EXIT_NO, DebugOption, JsonOption, guarded, print_json, watched
from tunewright.cli.long_work import progress_lines, prompt_stop

if TYPE_CHECKING:
    from tunewright.workflow.auditing.audit import AuditRequest


def command(
    what: Annotated[Path, typer.Argument(help="A file of examples of any kind, or a project folder.")] = Path(),
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    id: Annotated[str | None, typer.Option(help="Column with your own row names.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of groups, such as a customer.")] = None,
    time: Annotated[str | None, typer.Option(help="Column with the time of a row.")] = None,
    validation: Annotated[Path | None, typer.Option(help="Your validation file, checked for leaks.")] = None,
    test: Annotated[Path | None, typer.Option(help="Your test file, checked for leaks.")] = None,
    deployment: Annotated[Path | None, typer.Option(help="Inputs seen where the model will work.")] = None,
    system: Annotated[str | None, typer.Option(help="System prompt that will be sent there, or @FILE.")] = None,
    check: Annotated[list[str] | None, typer.Option(help="Only this check (may be repeated).")] = None,
    vectors: Annotated[bool | None, typer.Option(help="Compare texts by meaning too; takes minutes.")] = None,
    texts: Annotated[bool, typer.Option(help="Show texts of rows in the report.")] = True,
    seed: Annotated[int | None, typer.Option(help="Start of all randomness.")] = None,
    gate: Annotated[bool, typer.Option(help="Exit with 3 when something must be settled first.")] = False,
    self_test: Annotated[bool, typer.Option("--self-test", help="Test the checks with planted defects.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Find what is wrong with your examples, with evidence and a fix for each finding. Nothing is changed."""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.audit_request import AuditFlags, request_for
        from tunewright.data.read import ColumnMap
        from tunewright.workflow.auditing.audit import audit
        from tunewright.workflow.auditing.audit_report import leave

        columns = ColumnMap(tuple(input or ()), target, id, group, time)
        flags = AuditFlags(validation, test, deployment, system, tuple(check or ()), vectors, seed)
        request, root = request_for(what, columns, flags)
        if self_test:
            _self_test(request, root, json=json)
            return
        with watched(quiet=json) as hooks, prompt_stop(), progress_lines(hooks, quiet=json) as spoken:
            audited = audit(request, root, spoken)
            spoken.progress("audit", "writing the report", 0.0)
            written = leave(audited, root, texts=texts)
        if json:
            print_json(written.document)
        else:
            from rich.console import Console

            written.show(Console())
        if gate and audited.result.worst == "error":
            raise typer.Exit(EXIT_NO)


def _self_test(request: AuditRequest, root: Path, *, json: bool) -> None:
    """Show how well the checks find what is planted in a copy of these rows."""
    from tunewright.workflow.auditing.audit_selftest import audit_selftest

    with watched(quiet=json) as hooks:
        tested = audit_selftest(request, root, hooks)
    if json:
        print_json(tested.document())
    else:
        from rich.console import Console

        from tunewright.cli.audit_selftest_table import print_self_test

        print_self_test(tested, Console())
