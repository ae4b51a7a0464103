"""Graders, one file each: what an answer is worth against its target. They are found by listing this folder.

A module of the folder has ``NAME``, ``SUMMARY``, ``OPTIONS``, ``VERSION``, ``build(options, context)`` and, where a
measure of all answers is no mean over cases, ``measures(options, context)``. ``label`` alone is wired by hand, and is
not listed.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

from tunewright.errors import InputError
from tunewright.evaluation.grader_options import GraderContext, Option, Settings
from tunewright.evaluation.grades import CorpusMeasure, Grader

_ELSEWHERE = frozenset({"label"})


class GraderModule(Protocol):
    """What every module of the folder has."""

    NAME: str
    SUMMARY: str
    OPTIONS: Mapping[str, Option]
    VERSION: int

    def build(self, options: Settings, context: GraderContext) -> Grader:
        """The grader with these options.

        Raises:
            InputError: an option that cannot be used, or something that the context lacks.
        """
        ...


def names() -> tuple[str, ...]:
    """Names of all graders, sorted; nothing is imported."""
    found = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(sorted(name for name in found if name not in _ELSEWHERE))


def module_of(name: str) -> GraderModule:
    """The module of a grader.

    Raises:
        InputError: there is none of this name; the nearest one is named.
    """
    if name not in names():
        known = sorted({*names(), *_ELSEWHERE})
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        raise InputError(
            "graders.unknown",
            f"There is no grader called {name!r}.",
            where="grader",
            hint=f"Did you mean {near[0]!r}?" if near else f"Graders: {', '.join(known)}",
        )
    return cast(GraderModule, importlib.import_module(f"{__name__}.{name}"))


def build(name: str, options: Settings, context: GraderContext) -> Grader:
    """The grader of this name with these options.

    Raises:
        InputError: an unknown grader or option, or something that the context lacks.
    """
    return module_of(name).build(options, context)


def measures(name: str, options: Settings, context: GraderContext) -> tuple[CorpusMeasure, ...]:
    """The measures of all answers together that belong to a grader; none for most."""
    function = getattr(module_of(name), "measures", None)
    return () if function is None else cast(tuple[CorpusMeasure, ...], function(options, context))
