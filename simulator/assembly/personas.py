"""The personas that a scenario starts from: of files, of folders and globs of them, and of other runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from glob import has_magic
from pathlib import Path

from simulator.errors import InputError
from simulator.models.unit import Failure
from simulator.runs.directory import RunDirectory
from simulator.runs.ledger import Ledger
from simulator.scenario.personas import SourcePersona, personas_in
from simulator.scenario.places import DEAD_LINK, files_at, place_of
from simulator.scenario.rows import ROW_SUFFIXES, check_row_file, each_once, relative_name
from simulator.scenario.sources import Personas
from simulator.scenario.visible import unseen

__all__ = ["read_personas"]

_KEY = "personas.paths"
_NAMED = 3  # bad rows that an error names


def read_personas(section: Personas, base: Path) -> tuple[list[SourcePersona], list[Failure]]:
    """Read the personas of a scenario, in order, and a failure for each bad row.

    Args:
        section: The scenario's ``personas``.
        base: The folder that its paths are relative to.

    Raises:
        InputError: A path is missing or of an unknown kind, or no persona is left.
        RunDirectoryError: The ledger of a run directory cannot be read.
    """
    places = each_once(place for path in section.paths for place in _places(path, base))
    names = Counter(place.name for place in places)
    personas: list[SourcePersona] = []
    failures: list[Failure] = []
    for place in places:
        # Two files of one name in different folders must not be taken for one another.
        label = place.name if names[place.name] == 1 else relative_name(place, base)
        for found in _found(place, label, section):
            if isinstance(found, Failure):
                failures.append(found)
            else:
                personas.append(found)
            if len(personas) == section.limit:
                return personas, failures
    if not personas:
        reasons = "; ".join(f"{failure.unit.removeprefix('row ')}: {failure.message}" for failure in failures[:_NAMED])
        raise InputError(f"personas.paths {list(section.paths)}: no persona to start from ({reasons or 'no rows'})")
    return personas, failures


def _places(given: str, base: Path) -> list[Path]:
    """Return the files and run directories that a path names."""
    path = place_of(given, base, _KEY)
    if _is_run(path):
        return [path]
    if has_magic(given):  # a glob may name runs, which are folders
        fitting = Path("/").glob(str(path.absolute()).lstrip("/"))
        runs = [one for one in fitting if _is_run(one)]
        if runs:
            return sorted(runs)
    found = files_at(given, base, ROW_SUFFIXES, _KEY)
    for file in found:
        if file.exists():
            check_row_file(file)
    return found


def _is_run(path: Path) -> bool:
    return RunDirectory(path).ledger.is_file()


def _found(place: Path, label: str, section: Personas) -> Iterator[SourcePersona | Failure]:
    if not place.exists():
        yield _failure(label, DEAD_LINK)
        return
    if not _is_run(place):
        yield from personas_in(place, label, section.field, section.attributes)
        return
    with Ledger.open(RunDirectory(place).ledger, writable=False) as ledger:
        for persona in ledger.personas():
            where, problem = f"{label}:{persona.id}", unseen(persona.text)  # a run of an older version may have one
            yield _failure(where, problem) if problem else SourcePersona(persona.text, where, persona.attributes)


def _failure(where: str, problem: str) -> Failure:
    return Failure(unit=f"row {where}", stage="import", role="reader", cause="input", message=problem)
