"""``tunewright merge``: an adapter folded into its base model, with what was compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json

if TYPE_CHECKING:
    from tunewright.training.export import Exported


def command(
    adapter: Annotated[Path, typer.Argument(help="A folder that `tunewright train` wrote.")],
    out: Annotated[Path, typer.Option(help="The folder to make: a model that needs no adapter.")],
    base: Annotated[str | None, typer.Option(help="Where the base model is now, if it has moved.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Fold an adapter into its base model; the result is compared with the two before it is written."""
    with guarded(as_json=json, debug=debug):
        _need_models()
        from tunewright.workflow.tuning.merge import merge_adapter

        exported = merge_adapter(adapter, out, base)
        if json:
            print_json(_document(exported))
            return
        for line in _told(exported):
            typer.echo(line)


def _need_models() -> None:
    from tunewright.errors import InputError
    from tunewright.language.extra import missing_models

    missing = missing_models()
    if missing is not None:
        raise InputError("merge.no_models", missing)


def _told(exported: Exported) -> list[str]:
    prompts = exported.replays[0].prompts
    return [
        f"Compared with {exported.base.name} and the adapter on it, on {prompts} short prompts of ordinary tokens:",
        f"  logits: off by {exported.merged_difference:.1e} of the largest in memory, "
        f"{exported.reloaded_difference:.1e} read back from disk",
        *(f"  {replay.describe()}" for replay in exported.replays),
        f"The merged model is in {exported.folder}, in float32.",
    ]


def _document(exported: Exported) -> dict[str, object]:
    return {
        "folder": str(exported.folder),
        "base": exported.base.name,
        "merged_difference": exported.merged_difference,
        "reloaded_difference": exported.reloaded_difference,
        "answers": [
            {
                "form": replay.form,
                "prompts": replay.prompts,
                "equal": replay.equal,
                "near_ties": replay.near_ties,
                "different": replay.different,
                "equal_tokens": replay.tokens,
                "largest_logprob_difference": replay.largest_logprob_difference,
            }
            for replay in exported.replays
        ],
    }
