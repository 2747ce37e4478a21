"""Personas made elsewhere: filtered, compared with each other all at once, and admitted in their order as hop 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from graphs.admission import dedup_settings
from graphs.context import ProductionContext
from graphs.stage import Counts, Tally, failed
from simulator.embeddings.many import embed_many
from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError, RunStopped
from simulator.models.decision import Decision
from simulator.models.persona import Persona, persona_id
from simulator.models.unit import Unit, UnitResult
from simulator.population.bulk.deduplicate import BulkVerdicts, deduplicate
from simulator.population.dedup.verdict import explain
from simulator.population.quality.flaws import Flaw, find_flaw
from simulator.runs.entry import Entry
from simulator.runs.events import StageEnded, StageStarted
from simulator.scenario.personas import SourcePersona

__all__ = ["import_personas"]

STAGE = "import"

EXACT_ROWS = 200_000
"""Personas up to which every vector is compared with every other; beyond, cells would be minutes against hours."""

_BATCH = 1_000  # entries of a commit


async def import_personas(context: ProductionContext) -> Counts:
    """Admit the personas of the scenario's ``personas``, unlike those before them, as hop 0.

    Raises:
        InputError: Not one of them was admitted.
    """
    units = [_unit(one) for one in context.personas]
    ended = context.ledger.ended(STAGE)
    context.listener(StageStarted(STAGE, len(units), sum(unit.id in ended for unit in units)))
    if any(unit.id not in ended for unit in units):
        await _admit(context, units, ended)
    counts = Tally(context.ledger, STAGE).counts(units)
    context.listener(StageEnded(STAGE, counts.admitted, counts.rejected, counts.failed))
    if not counts.admitted:
        raise InputError(f"none of {counts.units:,} personas was admitted: {_reasons(context)}")
    return counts


def _unit(one: SourcePersona) -> Unit:
    inputs = {"persona": one.text, "source": one.source, "attributes": dict(one.attributes)}
    return Unit(stage=STAGE, role="reader", inputs=inputs, seed=0)


async def _admit(context: ProductionContext, units: Sequence[Unit], ended: set[str]) -> None:
    """Decide on all, as if nothing had ended yet: so a resumed import decides as the undisturbed one did."""
    texts = [unit.inputs["persona"] for unit in units]
    flaws = _flaws(context, texts)
    good = [row for row, flaw in enumerate(flaws) if flaw is None]
    vectors = await embed_many(context.embedder, [texts[row] for row in good])
    meant = np.asarray(vectors).any(axis=1, keepdims=True).ravel()
    compared = [row for row, means in zip(good, meant.tolist(), strict=True) if means]
    vectors = vectors[meant] if len(compared) < len(good) else vectors
    verdicts = deduplicate(
        [texts[row] for row in compared],
        vectors,
        dedup_settings(context.scenario),
        [units[row].id for row in compared],
        exact_rows=EXACT_ROWS,
    )
    entries = _entries(context, units, flaws, dict(zip(compared, range(len(compared)), strict=True)), verdicts)
    batch: list[Entry] = []
    for entry in entries:
        if entry.unit is None or entry.unit.id in ended:
            continue
        batch.append(entry)
        if len(batch) == _BATCH:
            await context.ledger.commit(batch)
            batch = []
            if context.stop.reason:
                raise RunStopped(context.stop.reason)
    await context.ledger.commit(batch)
    _take_in(context, vectors[verdicts.kept])


def _take_in(context: ProductionContext, vectors: Vectors) -> None:
    """Let the population have those that it does not know from an earlier execution."""
    personas = [persona for persona in context.ledger.personas() if persona.origin == "import"]
    new = [place for place, persona in enumerate(personas) if persona.id not in context.population]
    context.population.take_in([personas[place] for place in new], vectors[new])


def _flaws(context: ProductionContext, texts: Sequence[str]) -> list[Flaw | None]:
    section, language = context.scenario.personas, context.scenario.language
    wanted = () if section is None else section.filters
    return [find_flaw(text, language, wanted) for text in texts]


def _entries(
    context: ProductionContext,
    units: Sequence[Unit],
    flaws: Sequence[Flaw | None],
    compared: dict[int, int],
    verdicts: BulkVerdicts,
) -> Iterator[Entry]:
    """Yield what each unit adds, in order."""
    names = {units[row].id: persona_id(units[row].inputs["persona"]) for row in compared}
    for row, unit in enumerate(units):
        text, flaw = unit.inputs["persona"], flaws[row]
        done = UnitResult(value={"persona": text})
        if flaw is not None:
            decision = _decision(unit, admitted=False, stage="check", reason=f"{flaw.name}: {flaw.found!r}")
            yield Entry(unit, done, decisions=[decision])
        elif row not in compared:
            yield Entry(unit, failed(unit, "meaning", "the embedder finds no word in it that it knows", text))
        else:
            verdict = verdicts[compared[row]]
            survivor = None if verdict.survivor is None else names[verdict.survivor]
            reason = explain(verdict, dedup_settings(context.scenario))
            if verdict.survivor is not None:
                reason = reason.replace(verdict.survivor, names[verdict.survivor])
            told = {"stage": verdict.stage, "survivor": survivor, "score": verdict.score, "reason": reason}
            decision = _decision(unit, admitted=verdict.admitted, **told)
            yield Entry(unit, done, personas=[_persona(unit)] if verdict.admitted else [], decisions=[decision])


def _decision(unit: Unit, **told: object) -> Decision:
    text = unit.inputs["persona"]
    return Decision.model_validate(
        {"subject": "persona", "candidate": persona_id(text), "text": text, "unit": unit.id, **told}
    )


def _persona(unit: Unit) -> Persona:
    text = unit.inputs["persona"]
    return Persona(
        id=persona_id(text),
        text=text,
        hop=0,
        origin="import",
        source=unit.inputs["source"],
        unit=unit.id,
        attributes=unit.inputs["attributes"],
    )


def _reasons(context: ProductionContext) -> str:
    sql = "SELECT reason FROM decisions d JOIN units u ON u.id = d.unit WHERE u.stage = ? AND NOT admitted LIMIT 3"
    found = [str(reason) for (reason,) in context.ledger.rows(sql, (STAGE,))]
    return "; ".join(found) or "no word in them has a meaning to the embedder"
