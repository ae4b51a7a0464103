"""From an entry of the project file to a system.

``tfidf``, ``{finetune: minilm}``, ``{tfidf: {character_ngrams: false, name: words}}``: a kind, an argument or options.
``{cascade: [tfidf, prompt:small]}``: a kind made of other systems, which are named.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import tunewright.systems as folder
from tunewright.errors import InputError
from tunewright.project.settings import DataSettings
from tunewright.records.system import Member, Setting, System
from tunewright.systems.around import Around

ENTRY_POINTS = "tunewright.systems"
HELPERS = frozenset({"registry", "options", "fitlog", "temperature", "around"})
# Between the names of the systems that one is made of, as they stand in its argument.
THEN = " > "
Entry = str | Mapping[str, str | Sequence[str] | Mapping[str, Setting]]


@dataclass(frozen=True, slots=True)
class SystemEntry:
    """One line of ``systems:`` taken apart."""

    kind: str
    name: str
    argument: str | None
    options: Mapping[str, Setting]


def kinds() -> dict[str, str]:
    """Kind to module name, from this folder and from other packages."""
    own = {
        module.name: f"{folder.__name__}.{module.name}"
        for module in pkgutil.iter_modules(folder.__path__)
        if module.name not in HELPERS and not module.name.startswith("_")
    }
    others = {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}
    return {**others, **own}


def parse_entry(entry: Entry) -> SystemEntry:
    """Take one entry apart.

    Raises:
        InputError: an unknown kind, or a shape that is none of the three.
    """
    if isinstance(entry, str):
        kind, value = entry, None
    elif len(entry) == 1:
        kind, value = next(iter(entry.items()))
    else:
        raise InputError(
            "systems.entry",
            f"A system entry has one kind, not {len(entry)}: {', '.join(map(str, entry))}.",
            where="systems",
            hint="Write one entry per system: [tfidf, {finetune: minilm}].",
        )
    _check_kind(kind)
    if value is None or isinstance(value, str):
        return SystemEntry(kind, _default_name(kind, value), value, {})
    if not isinstance(value, Mapping):
        value = THEN.join(value)
        return SystemEntry(kind, _default_name(kind, value), value, {})
    options = dict(value)
    argument = options.pop("use", None)
    name = options.pop("name", None)
    argument = None if argument is None else str(argument)
    return SystemEntry(kind, str(name) if name else _default_name(kind, argument), argument, options)


def build_systems(
    entries: Sequence[Entry], root: Path, data: DataSettings | None = None, around: Around | None = None
) -> list[tuple[SystemEntry, System]]:
    """All systems, simplest first; two of the same name are refused.

    ``data`` is the project's own table, ``around`` what kinds that ask a language model need to know.

    Raises:
        InputError: an entry cannot be read or built.
    """
    taken_apart = [parse_entry(entry) for entry in entries]
    if around is not None:
        around = replace(around, member=_Members(taken_apart, root, data, around).find)
    built: list[tuple[SystemEntry, System]] = []
    for parsed in taken_apart:
        if any(parsed.name == other.name for other, _ in built):
            raise InputError(
                "systems.same_name",
                f"Two systems are called {parsed.name!r}.",
                where="systems",
                hint="Give one a name of its own: {tfidf: {name: words-only, character_ngrams: false}}.",
            )
        built.append((parsed, build_system(parsed, root, data, around)))
    return sorted(built, key=lambda pair: pair[1].needs.simplicity)


def build_system(
    entry: SystemEntry, root: Path, data: DataSettings | None = None, around: Around | None = None
) -> System:
    """Import the kind and describe the system; nothing is fitted or downloaded.

    A kind with a function ``from_table(data)`` takes options that are not given from the project's own table; one with
    ``build_around`` is told what it is in.
    """
    module = module_of(entry.kind)
    if around is not None and hasattr(module, "build_around"):
        asking: System = module.build_around(entry.name, entry.argument, entry.options, root, around)
        return asking
    from_table = getattr(module, "from_table", None)
    options = {**from_table(data), **entry.options} if from_table and data is not None else entry.options
    system: System = module.build(entry.name, entry.argument, options, root)
    return system


@dataclass(slots=True)
class _Members:
    """Systems by name, for those made of others; ``open`` are the ones being built, to notice a circle."""

    entries: Sequence[SystemEntry]
    root: Path
    data: DataSettings | None
    around: Around
    open: list[str] = field(default_factory=list)

    def find(self, name: str) -> Member:
        if name in self.open:
            circle = THEN.join([*self.open, name])
            raise InputError("systems.circle", f"These systems hold one another: {circle}.", where="systems")
        named = next((entry for entry in self.entries if entry.name == name), None)
        entry = named or self._by_kind(name)
        self.open.append(name)
        try:
            system = build_system(entry, self.root, self.data, replace(self.around, member=self.find))
        finally:
            self.open.remove(name)
        return Member(entry.name, entry.kind, system)

    def _by_kind(self, name: str) -> SystemEntry:
        kind, _, argument = name.partition(":")
        if kind in kinds():
            return SystemEntry(kind, name, argument or None, {})
        names = [entry.name for entry in self.entries]
        near = difflib.get_close_matches(name, [*names, *kinds()], n=1, cutoff=0.5)
        raise InputError(
            "systems.unknown_member",
            f"There is no system called {name!r} in this project.",
            where="systems",
            hint=f"Did you mean {near[0]!r}?" if near else f"Systems: {', '.join(names)}",
        )


def module_of(kind: str) -> ModuleType:
    """The module that makes this kind of system."""
    return importlib.import_module(kinds()[kind])


def _default_name(kind: str, argument: str | None) -> str:
    """``finetune:minilm``, but plain ``rules``: an argument that is a file or a command line would only clutter."""
    shown = argument and getattr(module_of(kind), "NAME_SHOWS_ARGUMENT", True)
    return f"{kind}:{argument}" if shown else kind


def _check_kind(kind: str) -> None:
    known = kinds()
    if kind in known:
        return
    near = difflib.get_close_matches(kind, known, n=1, cutoff=0.5)
    raise InputError(
        "systems.unknown_kind",
        f"There is no kind of system called {kind!r}.",
        where="systems",
        hint=f"Did you mean {near[0]!r}?" if near else f"Kinds: {', '.join(sorted(known))}",
    )
