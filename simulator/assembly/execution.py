"""One execution of a run: from checked inputs to a finished, stopped or failed production in its directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.assembly.budget import check_prices
from simulator.assembly.compose import Crew, open_crew
from simulator.assembly.fingerprint import check_cast, dependencies, differences, fingerprint
from simulator.assembly.inputs import Inputs, kept_inputs
from simulator.assembly.kept import recorded_scenario
from simulator.assembly.manifest import write_manifest
from simulator.assembly.measured import kept_measures
from simulator.assembly.plan import foresee
from simulator.assembly.revision import OnChange, first_invalid, only_code, refuse, revise, set_aside
from simulator.assembly.run import Run, open_run
from simulator.assembly.search import open_embedder
from simulator.assembly.subject import check_code
from simulator.errors import SixhopError
from simulator.models.unit import UNDECIDED
from simulator.roles.data import data_of
from simulator.runs.batches import LedgerBatches
from simulator.runs.directory import RunDirectory, write_atomically
from simulator.runs.events import Listener, Note, RunStarted
from simulator.runs.forecast import Forecast
from simulator.runs.freeze import FROZEN
from simulator.runs.journal import journal
from simulator.runs.ledger import Ledger
from simulator.runs.stop import Limits, Stop
from simulator.runs.writer import Statement
from simulator.scenario.load import dump_scenario
from simulator.scenario.schema import Scenario
from simulator.settings import Settings

if TYPE_CHECKING:
    from graphs.context import ProductionContext
    from simulator.embeddings.protocol import Embedder
    from simulator.llm.protocol import ChatModel

__all__ = ["Execution"]


def _order() -> tuple[list[str], dict[str, str]]:
    """Return the stages in the story's order, and the stage of each section of the scenario that has one."""
    from graphs.production import STAGES

    sections = {section: stage for stage, (section, _) in STAGES.items() if section is not None}
    return ["import", "extract", "expand", *STAGES], {
        **sections,
        "texts": "extract",
        "expand": "expand",
        "cast": "cast",
        "code": "check",
    }


def _key_variables(scenario: Scenario) -> list[str]:
    models = scenario.models
    choices = [models.default, *models.roles.values()]
    named = [choice.key_env for choice in choices if choice is not None]
    return [name for name in (*named, models.embeddings_key_env) if name is not None]


class _Anew(Exception):
    """The run is to begin anew, with a new ledger."""


@dataclass(frozen=True)
class Execution:
    """One execution of a run in its directory.

    Attributes:
        scenario: What to simulate, overrides applied.
        inputs: What it starts from.
        directory: Where.
        settings: The environment.
        listener: Told of progress.
        stop: To stop it from outside.
        limits: Its budget.
        on_change: What to do when the directory holds this run as it was before an edit.
        verbosity: Of the log, 0 to 2.
        prepare: Called when all is checked, before anything is done.
    """

    scenario: Scenario
    inputs: Inputs
    directory: RunDirectory
    settings: Settings
    listener: Listener
    stop: Stop | None
    limits: Limits
    on_change: OnChange = "refuse"
    verbosity: int = 0
    prepare: Callable[[Ledger], None] | None = None

    async def run(self, models: Mapping[str, ChatModel] | None, embedder: Embedder | None) -> Run:
        """Do it, and return the run, opened for reading."""
        names = _key_variables(self.scenario)
        redactor = self.settings.redactor(names)
        with self.directory.held(), journal(self.directory.logs, verbosity=self.verbosity, redactor=redactor):
            try:
                await self._execute(models, embedder)
            except _Anew:
                aside = set_aside(self.directory)
                self.listener(Note(f"the run begins anew; its old record is kept as {aside}"))
                await self._execute(models, embedder)
        return open_run(self.directory.root)

    async def _execute(self, models: Mapping[str, ChatModel] | None, embedder: Embedder | None) -> None:
        from graphs.production import produce

        with Ledger.open(self.directory.ledger, create=True) as ledger:
            async with AsyncExitStack() as stack:
                chosen = embedder or await open_embedder(self.scenario, self.settings, stack, ledger)
                stop = self.stop or Stop()
                stop.limits = self.limits
                crew = await open_crew(
                    self.scenario,
                    self.settings,
                    ledger,
                    chosen,
                    stack,
                    world=self.inputs.world,
                    prompts=self.inputs.prompts,
                    models=models,
                    may_ask=stop.may_call,
                    batches=LedgerBatches(ledger),
                    stop_waiting=lambda: stop.leaving,
                    tell=lambda text: self.listener(Note(text)),
                )
                check_prices(crew.models, crew.prices, self.limits.usd)
                self._keep(ledger, crew, chosen)
                if self.prepare is not None:
                    self.prepare(ledger)
                ledger.forget_failed(*UNDECIDED)
                state, reason = "failed", "it was interrupted"
                try:
                    foreseen = foresee(self.scenario, self.inputs, self.settings, models, kept_measures(ledger))
                    context = await self._context(ledger, crew, chosen, stop, foreseen)
                    await produce(context)
                    state, reason = "done", ""
                except SixhopError as error:
                    state = "stopped" if error.exit_code == 3 else "failed"
                    reason = str(error)
                    raise
                finally:
                    # An error that is on its way says more than that the manifest cannot tell of it.
                    with suppress(SixhopError) if state != "done" else nullcontext():
                        write_manifest(self.directory, ledger, state, reason)

    def _keep(self, ledger: Ledger, crew: Crew, embedder: Embedder) -> None:
        """Check that the directory's run is this one, or make it so, and keep what it starts from."""
        names = {**crew.models, "embeddings": embedder.name}
        prompts = {role: {"variant": p.variant, "sha256": p.sha256} for role, p in crew.prompts.items()}
        code, data = check_code(self.scenario), self._data(crew)
        now = dependencies(self.scenario, self.inputs, names, prompts, code, data)
        forgetting = self._revised(ledger, now)
        check_cast(ledger.meta(FROZEN), now)
        text = dump_scenario(self.scenario)
        # The file first: after a kill in between, the next execution finds an edit that was not taken in yet.
        write_atomically(self.directory.scenario, text.encode("utf-8"))
        meta = {
            "fingerprint": fingerprint(now),
            "scenario": text,
            "base": str(self.scenario.base.absolute()),
            "models": names,
            "prompts": prompts,
            "code": code,
            "data": data,
        }
        ledger.keep(self.inputs.rows(), self.inputs.failures, meta, forgetting=forgetting)

    def _revised(self, ledger: Ledger, now: dict[str, Any]) -> list[Statement]:
        """Return what the ledger has to forget because the run depends on something else than it did.

        Raises:
            RunDirectoryError: It does, and that is to be refused.
        """
        if ledger.meta("scenario") is None or ledger.meta("fingerprint") == fingerprint(now):
            return []
        before = recorded_scenario(ledger, self.directory)
        code, data = ledger.meta("code"), ledger.meta("data")  # a run of an older version does not say what they were
        then = dependencies(
            before,
            kept_inputs(ledger),
            ledger.meta("models"),
            ledger.meta("prompts"),
            now["code"] if code is None else code,
            now["data"] if data is None else data,
        )
        changes = differences(then, now)
        named = changes and changes[0].place == "name"
        if named or (changes and self.on_change == "refuse" and not only_code(changes, then, now)):
            raise refuse(changes, self.directory)
        if changes and self.on_change == "fresh":
            raise _Anew
        if data is None:
            self._tell_unknown(now["data"])
        if not changes:  # this version of Sixhop writes another fingerprint
            return []
        order, sections = _order()
        stage = first_invalid(changes, order, sections)
        told = "; ".join(map(str, changes))
        what = "your code" if only_code(changes, then, now) else "the scenario"
        if all(change.place.startswith("data.") for change in changes):
            what = "what comes with Sixhop"
        self.listener(Note(f"{what} changed ({told}): {stage} and what follows from it is done anew"))
        return revise(ledger, stage, order)

    def _data(self, crew: Crew) -> dict[str, str]:
        """Return name and hash of the file of the package that each role depends on besides its prompt."""
        talks = self.scenario.conversations
        among_people = talks is not None and talks.partner != "assistant"
        found = {
            role: data_of(role, prompt, self.inputs.world, among_people=among_people)
            for role, prompt in crew.prompts.items()
        }
        return {role: file.version for role, file in found.items() if file is not None}

    def _tell_unknown(self, data: Mapping[str, str]) -> None:
        """Tell that nobody knows what a run of an older version was made with, where that may matter."""
        if data:
            files = ", ".join(f"{version.split()[0]} ({role})" for role, version in data.items())
            self.listener(
                Note(
                    f"an older Sixhop, which did not keep what was in {files}, began this run: what is kept of it "
                    f"stays as it is, and all else is made with what is in it now"
                )
            )

    async def _context(
        self, ledger: Ledger, crew: Crew, embedder: Embedder, stop: Stop, foreseen: Forecast
    ) -> ProductionContext:
        from graphs.context import ProductionContext

        stop.watch(crew.meter)
        self.listener(RunStarted(self.scenario.name, self.directory.root, crew.meter, foreseen))
        return ProductionContext(
            scenario=self.scenario,
            texts=self.inputs.texts,
            world=self.inputs.world,
            ledger=ledger,
            population=await _population(self.scenario, ledger, embedder),
            embedder=embedder,
            roles=crew.roles,
            stop=stop,
            listener=self.listener,
            subject=crew.subject,
            widths=crew.widths,
            examine=crew.examine,
            personas=self.inputs.personas,
        )


async def _population(scenario: Scenario, ledger: Ledger, embedder: Embedder) -> Any:
    from graphs.admission import dedup_settings
    from simulator.population.population import Population

    settings = dedup_settings(scenario)
    personas = list(ledger.personas())
    if not personas:
        return Population(settings)
    vectors = await embedder.embed([persona.text for persona in personas])
    return Population.restore(personas, ledger.relations(), vectors, settings)
