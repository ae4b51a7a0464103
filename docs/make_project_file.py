"""Writes docs/project-file.md from the fields in the code, so that the two cannot drift apart.

python docs/make_project_file.py
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from tunewright.project.settings import MAX_FIELDS, DataSettings, ProjectSettings, TargetSettings, field_names
from tunewright.systems.registry import kinds, module_of

HEAD = f"""# The project file

`tunewright.yaml` makes a folder a project. Every field has a default; an unknown one is an error with the nearest right name.
There are {len(field_names())} fields (never more than {MAX_FIELDS}). `${{env:NAME}}` in any text is filled from the environment.

This page is made by `python docs/make_project_file.py`.
"""


def _table(title: str, model: type[BaseModel], prefix: str = "") -> str:
    lines = [f"## {title}", "", "| field | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if name in ("data", "systems"):
            continue
        default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)}`"
        shown = "none" if default == "`None`" else "empty" if default == "``" else default
        lines.append(f"| `{prefix}{name}` | {shown} | {field.description} |")
    return "\n".join(lines)


def _systems() -> str:
    lines = [
        "## `systems`",
        "",
        "What to compare. `[majority, tfidf, embedding, {finetune: minilm}]` unless said otherwise.",
        "",
    ]
    for kind in sorted(kinds(), key=str):
        module = module_of(kind)
        lines += [f"### `{kind}`", "", f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}.", ""]
        for title, options in (("", module.OPTIONS), *getattr(module, "FURTHER_OPTIONS", {}).items()):
            lines += [title, ""] if title else []
            if options:
                lines += ["| option | default | unit | why |", "|---|---|---|---|"]
                lines += [
                    f"| `{n}` | {f'`{o.default}`' if o.default != '' else 'empty'} | {o.unit} | {o.reason} |"
                    for n, o in options.items()
                ]
                lines.append("")
    lines += [
        "Every kind also takes `name`, and `use` in the place of its argument: `{finetune: {use: minilm, name: mine}}`.",
        "",
    ]
    return "\n".join(lines)


def text() -> str:
    """The whole page."""
    tables = [
        _table("Fields", ProjectSettings),
        _table("`data`", DataSettings, "data."),
        _table("`target`", TargetSettings, "target."),
    ]
    return "\n\n".join([HEAD.rstrip(), *tables, _systems()])


if __name__ == "__main__":
    (Path(__file__).parent / "project-file.md").write_text(text(), encoding="utf-8")
