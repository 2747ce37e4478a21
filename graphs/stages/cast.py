"""The cast: who of the population takes part in the productions. Chosen once, then frozen in the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from graphs.casting import choose_cast
from graphs.context import ProductionContext
from graphs.stage import Counts
from simulator.errors import EmptyResult, InputError, SixhopError
from simulator.models.base import derive_seed
from simulator.models.persona import Persona
from simulator.models.unit import Failure
from simulator.population.casting.cast_filter import CastFilter
from simulator.runs.events import Note, StageEnded, StageStarted

__all__ = ["cast", "cast_personas"]

STAGE = "cast"


async def cast(context: ProductionContext) -> Counts:
    """Choose the cast, unless an earlier execution chose it; who came since joins it while there is room."""
    context.listener(StageStarted(STAGE, 0))
    chosen = context.ledger.meta(STAGE, [])
    if len(chosen) < context.scenario.cast.size:
        context.ledger.put_meta(cast=[*chosen, *(persona.id for persona in await _choose(context, chosen))])
    counts = Counts(admitted=len(context.ledger.meta(STAGE)))
    if missing := _missing(context, counts.admitted):
        context.listener(Note(missing))
    context.listener(StageEnded(STAGE, counts.admitted, 0, 0))
    return counts


def cast_personas(context: ProductionContext) -> list[Persona]:
    """Return the members of the cast, in order.

    Raises:
        InputError: No cast was chosen yet.
    """
    ids = context.ledger.meta(STAGE)
    if ids is None:
        raise InputError("no cast was chosen yet: the stage 'cast' comes first")
    return [context.population.persona(id_) for id_ in ids]


async def _choose(context: ProductionContext, chosen: Sequence[str]) -> list[Persona]:
    section, population = context.scenario.cast, context.population
    if not len(population):
        raise _nobody(list(context.ledger.failures()))
    able = CastFilter(**section.where.model_dump()).select(population.personas, population.relations)
    new = [persona for persona in able if persona.id not in set(chosen)]
    if chosen and not new:
        return []
    return await choose_cast(context, new, section.size - len(chosen), derive_seed(context.scenario.seed, STAGE))


def _missing(context: ProductionContext, found: int) -> str:
    """Return what to say where the scenario names a size and there are fewer people; empty otherwise."""
    section = context.scenario.cast
    if found >= section.size or "size" not in section.model_fields_set:
        return ""
    fit = " that 'cast.where' lets in" if section.where.model_fields_set else ""
    return f"the cast has {found:,} of the {section.size:,} people of 'cast.size': there are no more{fit}"


def _nobody(failures: Sequence[Failure]) -> SixhopError:
    """Return the error of an empty population: of the input, unless units failed that a model worked on."""
    failed = [one for one in failures if one.cause != "input"]
    first = next(iter(failed or failures), None)
    reason = f"; the first failure: {first.role}: {first.message} (reply: {first.raw[:200]!r})" if first else ""
    told = f"nobody was admitted to the population, so there is no cast{reason}"
    return EmptyResult(told) if failed else InputError(told)
