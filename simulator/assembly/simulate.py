"""Running a scenario: the one async core, and a thin sync wrapper."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.assembly.compose import Crew, open_crew
from simulator.assembly.fingerprint import check_fingerprint, fingerprint
from simulator.assembly.manifest import write_manifest
from simulator.assembly.run import Run, open_run
from simulator.assembly.search import open_embedder
from simulator.errors import RunDirectoryError, SixhopError
from simulator.models.unit import Failure
from simulator.models.world import World
from simulator.runs.directory import RunDirectory, write_atomically
from simulator.runs.events import Listener, RunStarted, ignore
from simulator.runs.ledger import Ledger
from simulator.runs.stop import Limits, Stop
from simulator.scenario.load import dump_scenario, load_scenario, parse_scenario
from simulator.scenario.schema import ModelChoice, Scenario
from simulator.scenario.texts import SourceText, read_texts
from simulator.scenario.world import load_world
from simulator.settings import Settings

if TYPE_CHECKING:
    from graphs.context import ProductionContext
    from simulator.embeddings.protocol import Embedder
    from simulator.llm.protocol import ChatModel

__all__ = ["Overrides", "resume", "simulate", "simulate_sync"]


@dataclass(frozen=True)
class Overrides:
    """What the caller says instead of the scenario; ``None`` leaves it to the scenario."""

    model: str | None = None
    seed: int | None = None
    concurrency: int | None = None
    max_calls: int | None = None
    max_tokens: int | None = None
    max_minutes: float | None = None

    def apply(self, scenario: Scenario) -> Scenario:
        """Return the scenario with these values in it, but for the budget."""
        changes: dict[str, Any] = {
            name: getattr(self, name) for name in ("seed", "concurrency") if getattr(self, name) is not None
        }
        if self.model is not None:
            changes["models"] = scenario.models.model_copy(
                update={"default": ModelChoice(spec=self.model), "roles": {}}
            )
        return scenario.model_copy(update=changes)

    def limits(self, scenario: Scenario) -> Limits:
        """Return the budget of this execution. It is not kept with the run: the next execution has its own."""
        budget = scenario.budget
        return Limits(
            budget.max_calls if self.max_calls is None else self.max_calls,
            budget.max_tokens if self.max_tokens is None else self.max_tokens,
            budget.max_minutes if self.max_minutes is None else self.max_minutes,
        )


@dataclass(frozen=True)
class _Inputs:
    texts: tuple[SourceText, ...]
    failures: tuple[Failure, ...]
    world: World | None


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

    Returns:
        The run, opened for reading.

    Raises:
        UsageError: The scenario, an input, a model or the directory is wrong; nothing was asked of a model.
        RunStopped: A budget is used up or somebody asked; the same call goes on from there.
        SixhopError: What went wrong later; what was paid for is kept.
    """
    checked = scenario if isinstance(scenario, Scenario) else load_scenario(Path(scenario))
    overrides = overrides or Overrides()
    limits, checked = overrides.limits(checked), overrides.apply(checked)
    inputs = _read_inputs(checked)
    directory = RunDirectory(Path(out) if out is not None else Path("runs") / checked.name)
    directory.create()
    execution = _Execution(checked, inputs, directory, settings or Settings.from_environ(), listener, stop, limits)
    await execution.run(models, embedder)
    return open_run(directory.root)


async def resume(
    root: Path | str,
    *,
    overrides: Overrides | None = None,
    settings: Settings | None = None,
    listener: Listener = ignore,
    models: Mapping[str, ChatModel] | None = None,
    embedder: Embedder | None = None,
    stop: Stop | None = None,
) -> Run:
    """Go on with a run from its directory alone: scenario, texts and world are taken from there.

    Raises:
        RunDirectoryError: There is no run in it.
        SixhopError: As for :func:`simulate`.
    """
    directory = RunDirectory(Path(root))
    with Ledger.open(directory.ledger, writable=False) as ledger:
        kept, base = ledger.meta("scenario"), ledger.meta("base")
        if kept is None:
            raise RunDirectoryError(f"the run in {str(root)!r} was never started; start it with 'sixhop run'")
        scenario = parse_scenario(kept, base=Path(base), where=str(directory.scenario))
        inputs = _kept_inputs(ledger)
    overrides = overrides or Overrides()
    limits, scenario = overrides.limits(scenario), overrides.apply(scenario)
    execution = _Execution(scenario, inputs, directory, settings or Settings.from_environ(), listener, stop, limits)
    await execution.run(models, embedder)
    return open_run(directory.root)


def simulate_sync(scenario: Scenario | Path | str, out: Path | str | None = None, **options: Any) -> Run:
    """Like :func:`simulate`, for callers without a running event loop."""
    return asyncio.run(simulate(scenario, out, **options))


def _read_inputs(scenario: Scenario) -> _Inputs:
    texts, failures = read_texts(scenario.texts, scenario.base) if scenario.texts is not None else ([], [])
    world = load_world(scenario.base / scenario.npcs.world) if scenario.npcs is not None else None
    return _Inputs(tuple(texts), tuple(failures), world)


def _kept_inputs(ledger: Ledger) -> _Inputs:
    texts = tuple(SourceText.model_validate(body) for _, body in ledger.inputs("text"))
    worlds = [World.model_validate(body) for _, body in ledger.inputs("world")]
    return _Inputs(texts, (), worlds[0] if worlds else None)


@dataclass(frozen=True)
class _Execution:
    """One execution of a run in its directory."""

    scenario: Scenario
    inputs: _Inputs
    directory: RunDirectory
    settings: Settings
    listener: Listener
    stop: Stop | None
    limits: Limits

    async def run(self, models: Mapping[str, ChatModel] | None, embedder: Embedder | None) -> None:
        from graphs.production import produce

        with self.directory.held(), Ledger.open(self.directory.ledger, create=True) as ledger:
            async with AsyncExitStack() as stack:
                chosen = embedder or await open_embedder(self.scenario, self.settings, stack)
                crew = await open_crew(
                    self.scenario, self.settings, ledger, chosen, stack, world=self.inputs.world, models=models
                )
                self._keep(ledger, crew, chosen)
                ledger.forget_failed("endpoint")
                state, reason = "failed", "it was interrupted"
                try:
                    context = await self._context(ledger, crew, chosen)
                    await produce(context)
                    state, reason = "done", ""
                except SixhopError as error:
                    state = "stopped" if error.exit_code == 3 else "failed"
                    reason = str(error)
                    raise
                finally:
                    write_manifest(self.directory, ledger, state, reason)

    def _keep(self, ledger: Ledger, crew: Crew, embedder: Embedder) -> None:
        """Check that the directory's run is this one, and keep what it starts from."""
        prompts = {role: prompt.sha256 for role, prompt in crew.prompts.items()}
        names = {**crew.models, "embeddings": embedder.name}
        now = fingerprint(self.scenario, self.inputs.texts, self.inputs.world, names, prompts)
        check_fingerprint(ledger.meta("fingerprint"), now, str(self.directory.root))
        ledger.put_inputs("text", [(text.id, text.model_dump(mode="json")) for text in self.inputs.texts])
        if self.inputs.world is not None:
            ledger.put_inputs("world", [(self.inputs.world.name, self.inputs.world.model_dump(mode="json"))])
        ledger.put_failures(self.inputs.failures)
        text = dump_scenario(self.scenario)
        ledger.put_meta(
            fingerprint=now,
            scenario=text,
            base=str(self.scenario.base.absolute()),
            models=names,
            prompts={role: {"variant": p.variant, "sha256": p.sha256} for role, p in crew.prompts.items()},
        )
        write_atomically(self.directory.scenario, text.encode("utf-8"))

    async def _context(self, ledger: Ledger, crew: Crew, embedder: Embedder) -> ProductionContext:
        from graphs.context import ProductionContext

        stop = self.stop or Stop()
        stop.limits = self.limits
        stop.watch(crew.meter)
        self.listener(RunStarted(self.scenario.name, self.directory.root, crew.meter))
        return ProductionContext(
            scenario=self.scenario,
            texts=self.inputs.texts,
            world=self.inputs.world,
            ledger=ledger,
            population=await _population(self.scenario, ledger, embedder),
            embedder=embedder,
            roles=crew.roles,
            stop=stop,
            products=self.directory.products,
            listener=self.listener,
            subject=crew.subject,
        )


async def _population(scenario: Scenario, ledger: Ledger, embedder: Embedder) -> Any:
    from simulator.population.population import Population
    from simulator.population.verdict import DedupSettings

    settings = DedupSettings(**scenario.dedup.model_dump())
    personas = list(ledger.personas())
    if not personas:
        return Population(settings)
    vectors = await embedder.embed([persona.text for persona in personas])
    return Population.restore(personas, ledger.relations(), vectors, settings)
