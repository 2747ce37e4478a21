"""What a run directory keeps for whoever goes on with the run: its ledger, its scenario, its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.assembly.inputs import Inputs, kept_inputs, read_inputs
from simulator.errors import RunDirectoryError, ScenarioError
from simulator.models.text_file import read_text_file
from simulator.runs.directory import RunDirectory
from simulator.runs.ledger import Ledger
from simulator.scenario.load import parse_scenario
from simulator.scenario.schema import Scenario

__all__ = ["held_ledger", "kept_run", "kept_scenario", "recorded_scenario"]

_MAX_BYTES = 16_000_000  # of a resolved scenario: what it names (situations, scripts) stands in it


@contextmanager
def held_ledger(directory: RunDirectory) -> Iterator[Ledger]:
    """Hold the run in a directory for this process, and yield its ledger.

    Raises:
        RunDirectoryError: There is no run in it, or it is not writable.
        LedgerBusy: Another process works on it.
    """
    directory.check()
    with directory.held(), Ledger.open(directory.ledger) as ledger:
        yield ledger


def recorded_scenario(ledger: Ledger, directory: RunDirectory) -> Scenario:
    """Return the scenario of a run as its ledger records it.

    Raises:
        RunDirectoryError: The run was never started.
    """
    kept = ledger.meta("scenario")
    if kept is None:
        raise RunDirectoryError(f"the run in {str(directory.root)!r} was never started; start it with 'sixhop run'")
    where = f"the scenario in {str(directory.ledger)!r}"
    return parse_scenario(kept, base=Path(ledger.meta("base", ".")), where=where)


def kept_run(directory: RunDirectory) -> tuple[Scenario, Inputs]:
    """Return the scenario of a run, as its file is now, and its inputs, read anew where the file names others.

    Raises:
        RunDirectoryError: There is no run in the directory, or it was never started.
        ScenarioError: Its ``scenario.yaml`` was edited and is not valid.
        InputError: What an edited one names cannot be read.
    """
    with held_ledger(directory) as ledger:
        before = recorded_scenario(ledger, directory)
        now = _edited(directory, before)
        same = (
            now.texts == before.texts
            and now.personas == before.personas
            and now.npcs == before.npcs
            and now.prompts == before.prompts
            and _transcripts(now) == _transcripts(before)
        )
        return now, kept_inputs(ledger) if same else read_inputs(now)


def kept_scenario(root: Path | str) -> Scenario:
    """Return the scenario that the run in ``root`` goes on with; a ledger of an older version is brought up to date.

    Raises:
        RunDirectoryError: There is no run in it.
        ScenarioError: Its ``scenario.yaml`` was edited and is not valid.
    """
    return kept_run(RunDirectory(Path(root)))[0]


def _transcripts(scenario: Scenario) -> str | None:
    return scenario.conversations.transcripts if scenario.conversations is not None else None


def _edited(directory: RunDirectory, before: Scenario) -> Scenario:
    path = directory.scenario
    try:
        text = read_text_file(path, _MAX_BYTES)
    except FileNotFoundError:
        return before
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{str(path)!r} cannot be read: {error}") from error
    return parse_scenario(text, base=before.base, where=str(path))
