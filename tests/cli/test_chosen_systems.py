"""``--system``: by name, by kind, or a new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.cli.project_here import Flags, project_for
from tunewright.project.settings import SystemEntry

PROJECT = """
task: Send each ticket to its desk
data: {path: t.csv, input: text, target: desk}
systems: [majority, tfidf, {tfidf: {name: words, character_ngrams: false}}, {prompt: {use: wren, style: brief}}]
"""
WORDS: SystemEntry = {"tfidf": {"name": "words", "character_ngrams": False}}


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("words",), [WORDS]),
        (("tfidf",), ["tfidf"]),
        (("prompt",), [{"prompt": {"use": "wren", "style": "brief"}}]),
        (("prompt:wren", "majority"), [{"prompt": {"use": "wren", "style": "brief"}}, "majority"]),
        (("few_shot:wren",), [{"few_shot": "wren"}]),
        (("rules",), ["rules"]),
    ],
)
def test_what_a_name_chooses(names: tuple[str, ...], chosen: list[SystemEntry], tmp_path: Path) -> None:
    (tmp_path / "tunewright.yaml").write_text(PROJECT, encoding="utf-8")
    assert project_for(tmp_path, Flags(systems=names), ask=False).settings.systems == chosen
