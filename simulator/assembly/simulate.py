"""Running a scenario: the one async core, and a thin sync wrapper."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from simulator.assembly.consent import check_consent
from simulator.assembly.execution import Execution
from simulator.assembly.inputs import read_inputs
from simulator.assembly.kept import kept_run
from simulator.assembly.overrides import Overrides
from simulator.assembly.revision import OnChange, checked
from simulator.assembly.run import Run
from simulator.assembly.subject import check_subject
from simulator.runs.directory import RunDirectory
from simulator.runs.events import Listener, ignore
from simulator.runs.freeze import freeze
from simulator.runs.journal import recording
from simulator.runs.ledger import Ledger
from simulator.runs.stop import Limits, Stop
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder
    from simulator.llm.protocol import ChatModel

__all__ = ["Options", "Overrides", "RunOptions", "resume", "simulate", "simulate_sync"]


async def simulate(
    scenario: Scenario | Path | str,
    out: Path | str | None = None,
    *,
    overrides: Overrides | None = None,
    settings: Settings | None = None,
    listener: Listener = ignore,
    models: Mapping[str, ChatModel] | None = None,
    embedder: Embedder | None = None,
    stop: Stop | None = None,
    on_change: OnChange = "refuse",
    cast_of: Path | str | None = None,
    verbosity: int = 0,
    prepare: Callable[[Ledger], None] | None = None,
) -> Run:
    """Run a scenario; what an earlier execution in the same directory paid for is not paid for again.

    Args:
        scenario: A scenario, or the path of its file.
        out: The run directory; ``runs/NAME`` by default.
        overrides: Values instead of the scenario's.
        settings: The environment; read from the process's by default.
        listener: Told of progress.
        models: Chat models to use instead of the scenario's, by role, or ``*`` for all.
        embedder: An embedder to use instead of the scenario's.
        stop: To stop the run from outside, with ``stop.ask(reason)``.
        on_change: What to do when the directory holds a run of this scenario as it was before an edit.
        cast_of: The directory of a run whose people, and what they pose, are used: two assistants then meet the same.
        verbosity: Of the run's log: 1 tells every unit and call, 2 every prompt and reply as well.
        prepare: Called with the run's ledger when all is checked, before anything is done.

    Returns:
        The run, opened for reading.

    Raises:
        UsageError: The scenario, an input, a model or the directory is wrong; nothing was asked of a model.
        RunStopped: A budget is used up or somebody asked; the same call goes on from there.
        SixhopError: What went wrong later; what was paid for is kept.
    """
    on_change = checked(on_change)
    loaded, limits = await _resolved(scenario, overrides or Overrides())
    inputs = read_inputs(loaded)
    check_subject(loaded)
    directory = _made(RunDirectory.named(out, loaded.name), cast_of)
    environment = settings or Settings.from_environ()
    execution = Execution(
        loaded, inputs, directory, environment, recording(listener), stop, limits, on_change, verbosity, prepare
    )
    return await execution.run(models, embedder)


async def resume(
    root: Path | str,
    *,
    overrides: Overrides | None = None,
    settings: Settings | None = None,
    listener: Listener = ignore,
    models: Mapping[str, ChatModel] | None = None,
    embedder: Embedder | None = None,
    stop: Stop | None = None,
    on_change: OnChange = "refuse",
    verbosity: int = 0,
    prepare: Callable[[Ledger], None] | None = None,
) -> Run:
    """Go on with a run from its directory alone: scenario, texts, world and prompts are taken from there.

    Args:
        root: The run directory.
        overrides: Values instead of the scenario's.
        settings: The environment; read from the process's by default.
        listener: Told of progress.
        models: Chat models to use instead of the scenario's, by role, or ``*`` for all.
        embedder: An embedder to use instead of the scenario's.
        stop: To stop the run from outside, with ``stop.ask(reason)``.
        on_change: What to do when the directory's ``scenario.yaml`` was edited.
        verbosity: Of the run's log, 0 to 2.
        prepare: Called with the run's ledger when all is checked, before anything is done.

    Raises:
        RunDirectoryError: There is no run in it, or it is not what it was.
        SixhopError: As for :func:`simulate`.
    """
    on_change = checked(on_change)
    directory = RunDirectory(Path(root))
    kept, inputs = kept_run(directory)
    scenario, limits = await _resolved(kept, overrides or Overrides())
    environment = settings or Settings.from_environ()
    execution = Execution(
        scenario, inputs, directory, environment, recording(listener), stop, limits, on_change, verbosity, prepare
    )
    return await execution.run(models, embedder)


class RunOptions(TypedDict, total=False):
    """The keyword arguments of :func:`simulate` that say how a scenario is run."""

    overrides: Overrides | None
    settings: Settings | None
    listener: Listener
    models: Mapping[str, ChatModel] | None
    embedder: Embedder | None
    stop: Stop | None
    on_change: OnChange
    verbosity: int


class Options(RunOptions, total=False):
    """The keyword arguments of :func:`simulate`."""

    cast_of: Path | str | None
    prepare: Callable[[Ledger], None] | None


def simulate_sync(scenario: Scenario | Path | str, out: Path | str | None = None, **options: Unpack[Options]) -> Run:
    """Like :func:`simulate`, with the same keyword arguments, for callers without a running event loop."""
    return asyncio.run(simulate(scenario, out, **options))


async def _resolved(scenario: Scenario | Path | str, overrides: Overrides) -> tuple[Scenario, Limits]:
    """Return the scenario with the caller's values in it, and the budget; code that it runs has the user's consent."""
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(Path(scenario))
    limits, loaded = overrides.limits(loaded), overrides.apply(loaded)
    await check_consent(loaded, allowed=overrides.allow_code)
    return loaded, limits


def _made(directory: RunDirectory, cast_of: Path | str | None) -> RunDirectory:
    """Return the directory, which is there now, with the cast of another run in it if one is named."""
    directory.create()
    if cast_of is not None:
        from graphs.production import STAGES

        names, source = list(STAGES), RunDirectory(Path(cast_of))
        source.check()
        with directory.held():
            freeze(source.ledger, directory.ledger, names[names.index("pose") + 1 :])
    return directory
